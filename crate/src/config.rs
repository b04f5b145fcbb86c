//! A run's complete configuration: plain data, the same on the command line, in the page and in
//! snapshots. [`RunConfig::check`] refuses what cannot run, naming the setting and the remedy.

use crate::base::rng::MAX_SEED;
use crate::base::{Error, Result};
use crate::kernels::activation::Activation;
use crate::kernels::loss::Loss;
use crate::plan::Hyper;
use crate::rules;
use serde::{Deserialize, Serialize};

/// Most units in a layer: a weight matrix of that square is 256 MiB.
pub const MAX_UNITS: usize = 8192;
/// Most weight layers.
pub const MAX_LAYERS: usize = 32;
/// Most samples in a batch.
pub const MAX_BATCH: usize = 4096;
/// Most weights and biases in a network: with feedback, gradients and moments under 2 GiB.
pub const MAX_PARAMETERS: usize = 64 << 20;
/// Most steps of a run: times the largest batch still a `u64`, so sample numbers never wrap.
pub const MAX_STEPS: u64 = 1 << 48;

/// What the network is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Give back the input.
    Autoencoder,
    /// Name the digit.
    Classifier,
}

/// How learned feedback weights follow their target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedbackLearner {
    /// A gradient step each batch, rate `eta_B`.
    Sgd,
    /// Online ridge regression: the exact solution after each batch, `gamma`.
    Ridge,
}

/// How forward weights follow their gradient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Optimizer {
    /// `W -= eta_W dW`, dW summed over the batch.
    Sgd,
    /// Adam (0.9, 0.999, 1e-8) on the batch-sum gradient.
    Adam,
}

/// Noise added to the training pass itself (not the perturbations of node perturbation).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Noise {
    /// None.
    None,
    /// `c_h` times N(0, 1) on hidden activities.
    Activations,
    /// `input_noise` times N(0, 1) on the input, clean target: a denoising autoencoder.
    Inputs,
}

/// Distribution of initial weights (discrepancy D11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Initialisation {
    /// W, B, b from N(0, 2 / `n_in`).
    Gaussian,
    /// W, B truncated at two standard deviations (sqrt(2 / `n_in`); B: sqrt(2 / (`n_in` + 1))), b = 0.1: the
    /// authors' autoencoders.
    TruncatedNormal,
}

/// Which loss difference a sample is credited with (discrepancy D2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// Its own.
    PerSample,
    /// The whole batch's: the authors' early variant.
    PerBatch,
}

/// Everything that determines a run, besides the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunConfig {
    /// Autoencoder or classifier.
    pub task: Task,
    /// Units of every layer, input first.
    pub sizes: Vec<usize>,
    /// One for each weight layer.
    pub activations: Vec<Activation>,
    /// What training minimises.
    pub loss: Loss,
    /// A learning rule's id, see [`rules::all`].
    pub rule: String,
    /// How learned feedback weights follow their target.
    pub feedback: FeedbackLearner,
    /// How forward weights follow their gradient.
    pub optimizer: Optimizer,
    /// Noise of the training pass.
    pub noise: Noise,
    /// Distribution of initial weights.
    pub init: Initialisation,
    /// Per-sample (default) or per-batch loss differences.
    pub difference: Difference,
    /// Samples in a batch.
    pub batch: usize,
    /// Seed of everything random, at most 2^53 - 1.
    pub seed: u64,
    /// First steps in which only the feedback learns.
    pub warmup: u64,
    /// W and b never change.
    pub freeze_forward: bool,
    /// Samples of the metric probe, from the training and the test set each.
    pub probe: usize,
    /// `eta_W`, learning rate of W and b.
    pub eta_w: f64,
    /// `eta_B`, learning rate of B.
    pub eta_b: f64,
    /// `c_h`, standard deviation of the noise on activities.
    pub c_h: f64,
    /// `gamma`, ridge.
    pub gamma: f64,
    /// `kappa`, weight decay a step of matched updates.
    pub kappa: f64,
    /// Standard deviation of the noise on inputs.
    pub input_noise: f64,
}

/// A finite number in `low..=high`, or a message.
fn within(field: &str, value: f64, low: f64, high: f64) -> Result<()> {
    if value >= low && value <= high {
        return Ok(());
    }
    Err(Error::config(field, format!("{value} is not between {low} and {high}")))
}

/// A count in `low..=high`, or a message.
fn count(field: &str, value: usize, low: usize, high: usize) -> Result<()> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(Error::config(field, format!("{value} is not between {low} and {high}")))
}

impl RunConfig {
    /// The rates a reader may change while the run goes on.
    pub fn hyper(&self) -> Hyper {
        Hyper {
            eta_w: self.eta_w,
            eta_b: self.eta_b,
            c_h: self.c_h,
            gamma: self.gamma,
            kappa: self.kappa,
            input_noise: self.input_noise,
        }
    }

    /// Number of weight layers, L.
    pub fn layers(&self) -> usize {
        self.sizes.len().saturating_sub(1)
    }

    /// Count of W and b.
    pub fn parameters(&self) -> usize {
        self.sizes.windows(2).map(|s| s[1].saturating_mul(s[0] + 1)).fold(0, usize::saturating_add)
    }

    /// Refuses what cannot run.
    pub fn check(&self) -> Result<()> {
        self.check_network()?;
        let rule = rules::find(&self.rule)?.info();
        count("batch", self.batch, 1, MAX_BATCH)?;
        count("probe", self.probe, 1, 1 << 20)?;
        if self.seed > MAX_SEED {
            return Err(Error::config("seed", format!("{} is larger than {MAX_SEED}", self.seed)));
        }
        for (field, rate) in [("eta_w", self.eta_w), ("eta_b", self.eta_b)] {
            within(field, rate, 0.0, 100.0)?;
        }
        within("c_h", self.c_h, 1e-7, 100.0)?;
        within("gamma", self.gamma, 0.0, 1e12)?;
        within("kappa", self.kappa, 0.0, 1.0)?;
        within("input_noise", self.input_noise, 0.0, 100.0)?;
        if rule.perturbs && self.noise == Noise::Activations {
            return Err(Error::config(
                "noise",
                format!("{} already perturbs the activities; choose none or inputs", rule.short),
            ));
        }
        if self.feedback == FeedbackLearner::Ridge && !rule.regresses {
            return Err(Error::config(
                "feedback",
                format!("{} does not fit its feedback weights to a target; choose sgd", rule.short),
            ));
        }
        if self.rule == "matched" && self.optimizer == Optimizer::Adam {
            return Err(Error::config(
                "optimizer",
                "matched updates give W and B the same SGD increment; choose sgd",
            ));
        }
        Ok(())
    }

    fn check_network(&self) -> Result<()> {
        count("sizes (weight layers)", self.layers(), 1, MAX_LAYERS)?;
        for size in &self.sizes {
            count("sizes", *size, 1, MAX_UNITS)?;
        }
        if self.parameters() > MAX_PARAMETERS {
            return Err(Error::config(
                "sizes",
                format!("{} weights and biases; at most {MAX_PARAMETERS} fit", self.parameters()),
            ));
        }
        if self.activations.len() != self.layers() {
            return Err(Error::config(
                "activations",
                format!("{} given for {} weight layers", self.activations.len(), self.layers()),
            ));
        }
        let softmax: Vec<usize> =
            (0..self.layers()).filter(|i| self.activations[*i] == Activation::Softmax).collect();
        let at_output = softmax == [self.layers() - 1];
        if at_output != (self.loss == Loss::CrossEntropy) || (!softmax.is_empty() && !at_output) {
            return Err(Error::config(
                "activations",
                "softmax belongs to the output layer, together with the loss cross_entropy, and neither goes without the other",
            ));
        }
        if self.task == Task::Autoencoder {
            if self.sizes.first() != self.sizes.last() {
                return Err(Error::config(
                    "sizes",
                    "an autoencoder gives back its input: the first and the last size must be equal",
                ));
            }
            if at_output {
                return Err(Error::config("loss", "an autoencoder uses squared_error"));
            }
        }
        Ok(())
    }
}
