//! Presets: network, rates and data of the paper's experiments. Data only, no control flow of a run.

mod autoencoder;
mod classifier;
pub mod convolutional;
pub mod preset;
pub mod presets;
pub mod synthetic;

use crate::base::Result;
use crate::config::{
    Difference, Evaluate, FeedbackLearner, Initialisation, Noise, Optimizer, RunConfig, Task,
};
use crate::kernels::loss::Loss;
use crate::rules;

/// Samples of the page's metric probe, from either split: about 12 ms of work for the autoencoder.
pub const PROBE: usize = 256;

/// The paper's configuration of a task for a rule; where it gives no value, the authors' code's.
pub fn default_config(task: Task, rule: &str, optimizer: Optimizer) -> Result<RunConfig> {
    rules::find(rule)?;
    Ok(match task {
        Task::Autoencoder => autoencoder::config(rule, optimizer),
        Task::Classifier => classifier::config(rule, optimizer),
    })
}

/// `eta_W` of a run with noisy inputs under plain gradient descent: the authors' denoising autoencoder
/// (backpropagation) has its own, other rules keep theirs.
pub fn denoising_rate(config: &RunConfig) -> f64 {
    let denoises = config.task == Task::Autoencoder && config.rule == "bp";
    if denoises { 1e-4 } else { config.eta_w }
}

/// What both tasks share.
fn common(task: Task, rule: &str, optimizer: Optimizer) -> RunConfig {
    RunConfig {
        task,
        sizes: Vec::new(),
        activations: Vec::new(),
        loss: Loss::SquaredError,
        rule: rule.into(),
        feedback: FeedbackLearner::Sgd,
        optimizer,
        noise: Noise::None,
        init: Initialisation::Gaussian,
        difference: Difference::PerSample,
        batch: 32,
        seed: 1,
        warmup: 0,
        freeze_forward: false,
        probe: PROBE,
        eta_w: 1e-4,
        eta_b: 1e-4,
        c_h: 0.02,
        gamma: 0.1,
        kappa: 1e-4,
        input_noise: 0.3,
        image: None,
        convolutions: Vec::new(),
        dropout: 0.0,
        evaluate: Evaluate::Clean,
        init_seed: None,
    }
}
