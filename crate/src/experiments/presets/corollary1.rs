//! Corollary 1: in a deep linear network, errors sent straight from the output, every B converges to the product of
//! the W above it. Widths may be anything: the regressions only involve the output error.

use super::theorem1::{convergence, lab};
use super::{Look, arm};
use crate::base::Result;
use crate::config::RunConfig;
use crate::experiments::preset::{Arm, Needs, Preset};
use crate::kernels::activation::Activation::Identity;

const NOISE: [f64; 2] = [0.1, 0.01];

/// The experiment.
pub fn preset(_: Look) -> Result<Preset> {
    let linear = RunConfig { activations: vec![Identity; 4], ..lab("np-dfa", &[20, 10, 9, 8, 7])? };
    let arms = NOISE.map(|c_h| Arm {
        x: Some(c_h),
        ..arm(format!("c-{c_h}"), format!("c = {c_h}"), RunConfig { c_h, ..linear.clone() })
    });
    Ok(Preset {
        id: "corollary1",
        runs: "corollary1",
        width: None,
        source: "Corollary 1",
        title: "Deep linear network, direct feedback: B converges to the product of the W above",
        about: "The distance from B to the product of all W above it falls with the square root of the number of \
                samples in every layer.",
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
