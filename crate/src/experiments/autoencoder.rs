//! Figure 3 and Table 2a: 784-200-2-200-784 (tanh, identity, tanh, relu), squared error, batch 32.
//!
//! The paper prints no rates (random search); these are the authors' code's. Where neither has the rule,
//! the value is ours and the comment says how it was found.

use crate::config::{Optimizer, RunConfig, Task};
use crate::kernels::activation::Activation::{Identity, Relu, Tanh};

/// The configuration for one rule.
pub fn config(rule: &str, optimizer: Optimizer) -> RunConfig {
    let (eta_w, eta_b) = match (rule, optimizer) {
        (_, Optimizer::Adam) => (1.411_28e-4, 8e-6),
        ("bp", _) => (3.7278e-4, 8e-6),
        // Direct feedback: ours, as feedback alignment, whose feedback has the same scale.
        ("fa" | "dfa", _) => (3.4722e-6, 8e-6),
        // Ours: B forgets over 1,000 steps, long beside the noise of one and short beside training.
        ("mirror", _) => (1e-4, 1e-3),
        // Ours: larger rates let the variance of the estimate win.
        ("perturb", _) => (3e-6, 8e-6),
        // Authors' node perturbation, synthetic gradients and matched updates; ours for the direct form
        // and for sign-symmetric feedback.
        _ => (1e-4, 8e-6),
    };
    RunConfig {
        sizes: vec![784, 200, 2, 200, 784],
        activations: vec![Tanh, Identity, Tanh, Relu],
        c_h: 0.02,
        eta_w,
        eta_b,
        ..super::common(Task::Autoencoder, rule, optimizer)
    }
}
