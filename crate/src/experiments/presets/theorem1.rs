//! Theorem 1: for any smooth non-linearity, the feedback of the last layer converges to its W as samples grow and
//! noise shrinks.
//!
//! Random networks on random samples, W fixed, plain least squares (a ridge that does not count). The error falls as
//! T^-1/2 down to a bias; for symmetric noise the term of order c vanishes, so the bias falls as c^2.

use super::{Look, arm, panel};
use crate::base::Result;
use crate::config::{FeedbackLearner, Optimizer, RunConfig, Task};
use crate::experiments::default_config;
use crate::experiments::preset::{Arm, Axis, Metric, Needs, Panel, Preset};
use crate::kernels::activation::Activation::{Sigmoid, Tanh};

/// Standard deviations of the noise.
const NOISE: [f64; 4] = [1.0, 0.3, 0.1, 0.01];
/// Inputs, classes and samples of the random data.
const DATA: Needs = Needs::Synthetic { inputs: 20, classes: 10, samples: 20_000 };
/// So small beside the sums of one batch that it only keeps the first solve from failing.
pub(super) const NO_RIDGE: f64 = 1e-6;

/// W fixed, least squares, random samples.
pub(super) fn lab(rule: &str, sizes: &[usize]) -> Result<RunConfig> {
    Ok(RunConfig {
        sizes: sizes.to_vec(),
        feedback: FeedbackLearner::Ridge,
        gamma: NO_RIDGE,
        freeze_forward: true,
        warmup: 0,
        ..default_config(Task::Classifier, rule, Optimizer::Sgd)?
    })
}

/// A panel in samples and errors, both logarithmic.
pub(super) fn convergence(title: &'static str, layer: usize) -> Panel {
    Panel {
        axis: Axis::LogSteps,
        log: true,
        ..panel("", title, Metric::RelativeError, Some(layer))
    }
}

/// The experiment.
pub fn preset(_: Look) -> Result<Preset> {
    let smooth =
        RunConfig { activations: vec![Tanh, Tanh, Sigmoid], ..lab("np", &[20, 15, 12, 10])? };
    let arms = NOISE.map(|c_h| Arm {
        x: Some(c_h),
        ..arm(format!("c-{c_h}"), format!("c = {c_h}"), RunConfig { c_h, ..smooth.clone() })
    });
    Ok(Preset {
        id: "theorem1",
        runs: "theorem1",
        width: None,
        source: "Theorem 1",
        title: "Smooth network, last layer: B converges to W",
        about: "The distance from B to W falls with the square root of the number of samples until it meets a bias \
                that the noise causes; less noise, less bias.",
        data: DATA,
        arms: arms.into(),
        steps: 1_000_000,
        quick_steps: 30_000,
        seeds: 5,
        every: 10_000,
        panels: vec![
            convergence("Relative error of the last layer", 1),
            Panel {
                axis: Axis::Arms { label: "c" },
                log: true,
                ..panel("", "Relative error at the end", Metric::RelativeError, Some(1))
            },
        ],
        table: None,
        references: Vec::new(),
    })
}
