//! Figure 2: 784-50-20-10, sigmoid hidden layers, linear output (discrepancy D5), squared error, batch 32,
//! `eta_W` 4e-4 for every rule, `eta_B` 5e-4, `c_h` 0.01, and 1,000 steps of warm-up where feedback is learned
//! by perturbation (discrepancy D20).

use crate::config::{Optimizer, RunConfig, Task};
use crate::kernels::activation::Activation::{Identity, Sigmoid};

/// The configuration for one rule.
pub fn config(rule: &str, optimizer: Optimizer) -> RunConfig {
    // Ours for the mirror: see the autoencoder's.
    let eta_b = if rule == "mirror" { 1e-3 } else { 5e-4 };
    RunConfig {
        sizes: vec![784, 50, 20, 10],
        activations: vec![Sigmoid, Sigmoid, Identity],
        warmup: if matches!(rule, "np" | "np-dfa") { 1000 } else { 0 },
        eta_w: 4e-4,
        eta_b,
        c_h: 0.01,
        ..super::common(Task::Classifier, rule, optimizer)
    }
}
