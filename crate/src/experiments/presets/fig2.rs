//! Figure 2: W and B learned together in a small classifier, for several levels of noise, beside feedback alignment
//! and backpropagation.

use super::{Look, arm, feedback_panels, panel, printed, read_off};
use crate::base::Result;
use crate::config::{Optimizer, RunConfig, Task};
use crate::experiments::default_config;
use crate::experiments::preset::{Arm, Axis, Metric, Needs, Panel, Preset};

/// `c_h` of the curves.
const NOISE: [(f64, &str); 4] = [(1e-4, "0.0001"), (1e-3, "0.001"), (1e-2, "0.01"), (1e-1, "0.1")];

/// The experiment.
pub fn preset(_: Look) -> Result<Preset> {
    let np = default_config(Task::Classifier, "np", Optimizer::Sgd)?;
    let mut arms: Vec<Arm> = NOISE
        .iter()
        .map(|(c_h, name)| Arm {
            x: Some(*c_h),
            ..arm(
                format!("np-{name}"),
                format!("NP, c = {name}"),
                RunConfig { c_h: *c_h, ..np.clone() },
            )
        })
        .collect();
    for (rule, label) in [("fa", "FA"), ("bp", "BP")] {
        arms.push(arm(rule, label, default_config(Task::Classifier, rule, Optimizer::Sgd)?));
    }
    let noise = Axis::Arms { label: "c" };
    let mut references: Vec<_> = [
        ("np-0.0001", 3.51),
        ("np-0.001", 3.51),
        ("np-0.01", 3.64),
        // measured on the noisy pass (discrepancy D4)
        ("np-0.1", 15.92),
        ("fa", 4.28),
        ("bp", 2.65),
    ]
    .map(|(arm, error)| printed(arm, Metric::TestError, error, None, "notebook"))
    .into();
    let plotted = [
        ("np-0.0001", 1.5, 0.7, 72.0, 75.0),
        ("np-0.001", 0.78, 0.4, 74.0, 85.0),
        ("np-0.01", 0.7, 1.15, 76.0, 66.0),
        ("np-0.1", 0.76, 0.48, 76.0, 83.0),
        ("fa", 0.9, 0.8, 62.0, 76.0),
    ];
    for (arm, hidden, output, hidden_signs, output_signs) in plotted {
        references.push(read_off(arm, Metric::RelativeError, 0, hidden));
        references.push(read_off(arm, Metric::RelativeError, 1, output));
        references.push(read_off(arm, Metric::SignAgreement, 0, hidden_signs));
        references.push(read_off(arm, Metric::SignAgreement, 1, output_signs));
    }
    let mut panels = feedback_panels();
    panels.extend([
        panel("D", "Test error", Metric::TestError, None),
        Panel { axis: noise, ..panel("E", "Test error by noise", Metric::TestError, None) },
    ]);
    Ok(Preset {
        id: "fig2",
        runs: "fig2",
        width: None,
        source: "Figure 2",
        title: "Feedback weights are learned together with the forward weights",
        about: "Each curve is the mean of several runs. Node perturbation brings B closer to W than feedback \
                alignment does, its errors point closer to the true gradient, and it classifies nearly as well as \
                backpropagation.",
        data: Needs::Mnist,
        arms,
        steps: 2_001_000,
        quick_steps: 20_000,
        seeds: 5,
        every: 10_000,
        panels,
        table: None,
        references,
    })
}
