//! What the theorems' experiments share: random networks on random samples, W fixed, plain least squares.

use super::{arm, panel};
use crate::base::Result;
use crate::config::{FeedbackLearner, Optimizer, RunConfig, Task};
use crate::experiments::default_config;
use crate::experiments::preset::{Arm, Axis, Metric, Needs, Panel, Preset};
use crate::kernels::activation::Activation::{self, Identity};

/// So small beside the sums of one batch that it only keeps the first solve from failing.
const NO_RIDGE: f64 = 1e-6;
const SAMPLES: usize = 20_000;

/// One random network, once for each standard deviation of the noise.
pub(super) fn arms(
    rule: &str,
    sizes: &[usize],
    activations: &[Activation],
    noise: &[f64],
) -> Result<Vec<Arm>> {
    let base = RunConfig {
        sizes: sizes.to_vec(),
        activations: activations.to_vec(),
        feedback: FeedbackLearner::Ridge,
        gamma: NO_RIDGE,
        freeze_forward: true,
        warmup: 0,
        ..default_config(Task::Classifier, rule, Optimizer::Sgd)?
    };
    let arms = noise.iter().map(|c_h| Arm {
        x: Some(*c_h),
        ..arm(format!("c-{c_h}"), format!("c = {c_h}"), RunConfig { c_h: *c_h, ..base.clone() })
    });
    Ok(arms.collect())
}

/// The arms of a linear network of four layers, at two levels of noise.
pub(super) fn linear(rule: &str, sizes: &[usize; 5]) -> Result<Vec<Arm>> {
    arms(rule, sizes, &[Identity; 4], &[0.1, 0.01])
}

/// A panel in samples and errors, both logarithmic.
pub(super) fn convergence(title: &'static str, layer: usize) -> Panel {
    Panel {
        axis: Axis::LogSteps,
        log: true,
        ..panel("", title, Metric::RelativeError, Some(layer))
    }
}

/// An experiment on random samples of 20 inputs, with a panel for each of three hidden layers.
pub(super) fn preset(
    id: &'static str,
    source: &'static str,
    classes: usize,
    arms: Vec<Arm>,
) -> Preset {
    Preset {
        id,
        runs: id,
        width: None,
        source,
        title: "",
        about: "",
        data: Needs::Synthetic { inputs: 20, classes, samples: SAMPLES },
        arms,
        steps: 1_000_000,
        quick_steps: 30_000,
        seeds: 5,
        every: 10_000,
        panels: vec![
            convergence("Relative error, first hidden layer", 0),
            convergence("Relative error, second hidden layer", 1),
            convergence("Relative error, third hidden layer", 2),
        ],
        table: None,
        references: Vec::new(),
    }
}
