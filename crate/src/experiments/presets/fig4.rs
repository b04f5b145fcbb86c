//! Figure 4 and appendix B: W fixed, B by online ridge regression; levels of noise, and widths of the first hidden
//! layer.
//!
//! "Hidden" and "output" are the two matrices that have a feedback partner, W^2 and W^3. gamma is added once, to the
//! running sums (discrepancy D3).

use super::{Look, arm, feedback_panels, panel, read_off};
use crate::base::Result;
use crate::config::{FeedbackLearner, Optimizer, RunConfig, Task};
use crate::experiments::default_config;
use crate::experiments::preset::{Arm, Axis, Metric, Needs, Panel, Preset, Reference};

const NOISE: [(f64, &str); 3] = [(1e-3, "0.001"), (1e-2, "0.01"), (1e-1, "0.1")];
const WIDTHS: [usize; 4] = [30, 100, 300, 1000];

/// The experiment.
pub fn preset(_: Look) -> Result<Preset> {
    let fixed = RunConfig {
        feedback: FeedbackLearner::Ridge,
        freeze_forward: true,
        warmup: 0,
        gamma: 0.1,
        ..default_config(Task::Classifier, "np", Optimizer::Sgd)?
    };
    let mut arms: Vec<Arm> = NOISE
        .iter()
        .map(|(c_h, name)| {
            let config = RunConfig { c_h: *c_h, ..fixed.clone() };
            arm(format!("c-{name}"), format!("c = {name}"), config)
        })
        .collect();
    arms.extend(WIDTHS.map(|n| {
        let config = RunConfig { sizes: vec![784, n, 50, 10], ..fixed.clone() };
        Arm { x: Some(n as f64), ..arm(format!("n-{n}"), format!("N = {n}"), config) }
    }));
    let mut references = vec![Reference {
        arm: None,
        metric: Metric::RelativeError,
        // the appendix counts the matrices that have a feedback partner: its W^2 is the output layer's
        layer: Some(1),
        value: 0.008,
        error: None,
        source: "appendix B, text",
        approximate: false,
    }];
    for (arm, output) in [("c-0.001", 0.04), ("c-0.01", 0.005), ("c-0.1", 0.04)] {
        references.push(read_off(arm, Metric::RelativeError, 0, 0.6));
        references.push(read_off(arm, Metric::RelativeError, 1, output));
        references.push(read_off(arm, Metric::Angle, 0, 1.0));
        references.push(read_off(arm, Metric::Angle, 1, 0.2));
        references.push(read_off(arm, Metric::SignAgreement, 0, 82.0));
    }
    let widths =
        [("n-30", 1.5, 1.3), ("n-100", 2.2, 2.2), ("n-300", 3.7, 4.0), ("n-1000", 6.0, 7.0)];
    for (arm, error, angle) in widths {
        references.push(read_off(arm, Metric::RelativeError, 0, error));
        references.push(read_off(arm, Metric::Angle, 0, angle));
    }
    let width = Axis::Arms { label: "N, units of the first hidden layer" };
    let along = |letter, title, metric, layer| Panel {
        axis: width,
        mark: None,
        log: true,
        ..panel(letter, title, metric, layer)
    };
    let mut panels = feedback_panels();
    panels.extend([
        along("D", "Relative error by width, hidden layer", Metric::RelativeError, Some(0)),
        along("E", "Angle by width, hidden layer", Metric::Angle, Some(0)),
    ]);
    Ok(Preset {
        id: "fig4",
        runs: "fig4",
        width: None,
        source: "Figure 4",
        title: "Feedback weights find fixed forward weights",
        about: "With W fixed, node perturbation and least squares recover W in the output layer almost exactly, and \
                the direction of the gradient in the layer below it.",
        data: Needs::Mnist,
        arms,
        steps: 1_001_000,
        quick_steps: 20_000,
        seeds: 3,
        every: 10_000,
        panels,
        table: None,
        references,
    })
}
