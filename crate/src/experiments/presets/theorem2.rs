//! Theorem 2: in a deep linear network, errors sent layer by layer, every B converges to its W.
//!
//! Layers widen towards the output: the error that a layer receives through B has no more dimensions than any layer
//! above, so a narrow one above would make its regression singular (the theorem's assumption A3).

use super::theorem1::{convergence, lab};
use super::{Look, arm};
use crate::base::Result;
use crate::config::RunConfig;
use crate::experiments::preset::{Arm, Needs, Preset};
use crate::kernels::activation::Activation::Identity;

const NOISE: [f64; 2] = [0.1, 0.01];

/// The experiment.
pub fn preset(_: Look) -> Result<Preset> {
    let linear = RunConfig { activations: vec![Identity; 4], ..lab("np", &[20, 4, 5, 6, 7])? };
    let arms = NOISE.map(|c_h| Arm {
        x: Some(c_h),
        ..arm(format!("c-{c_h}"), format!("c = {c_h}"), RunConfig { c_h, ..linear.clone() })
    });
    Ok(Preset {
        id: "theorem2",
        runs: "theorem2",
        width: None,
        source: "Theorem 2",
        title: "Deep linear network, layer by layer: every B converges to its W",
        about: "The distance from B to W falls with the square root of the number of samples in every layer, with \
                no bias.",
        data: Needs::Synthetic { inputs: 20, classes: 7, samples: 20_000 },
        arms: arms.into(),
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
    })
}
