//! A run's complete configuration: plain data, the same on the command line, in the page and in
//! snapshots. [`RunConfig::check`] refuses what cannot run, naming the setting and the remedy.

use crate::kernels::activation::Activation;
use crate::kernels::loss::Loss;
use crate::plan::Hyper;
use serde::{Deserialize, Serialize};

/// Most units in a dense layer: a weight matrix of that square is 256 MiB.
pub const MAX_UNITS: usize = 8192;
/// Most units in the image and in a convolutional layer, rows times columns times channels; they share weights, so
/// what bounds them is memory for activities: 1 MiB a sample.
pub const MAX_PIXELS: usize = 1 << 18;
/// Largest side of an image, most channels of a convolutional layer.
pub const MAX_SIDE: usize = 1024;
/// Largest convolution kernel.
pub const MAX_KERNEL: usize = 15;
/// Side of the windows of max pooling and how far they lie apart (paper, section 6.4: 3 x 3, stride 2).
pub const POOL: (usize, usize) = (3, 2);
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

/// Which pass loss and accuracy are measured on (discrepancies D4 and D13). Angles and weights are compared without
/// noise in either case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evaluate {
    /// Without noise.
    #[default]
    Clean,
    /// With the noise of the run's training passes, as the authors' code does; without any, that is the same.
    Noisy,
}

/// A convolutional layer: stride 1, zeros beyond the edges, so that rows and columns stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Convolution {
    /// Channels it puts out.
    pub channels: usize,
    /// Side of its kernel, odd.
    pub kernel: usize,
    /// Followed by max pooling, see [`POOL`].
    #[serde(default)]
    pub pool: bool,
}

/// A convolutional layer in its place: the image it sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stage {
    /// Rows of the image it sees and of its own activity.
    pub rows: usize,
    /// Columns of the same.
    pub cols: usize,
    /// Channels it sees.
    pub inputs: usize,
    /// The layer.
    pub own: Convolution,
}

impl Stage {
    /// Units of its activity, before pooling.
    pub fn units(&self) -> usize {
        self.rows.saturating_mul(self.cols).saturating_mul(self.own.channels)
    }

    /// Rows, columns and channels of what it passes on, after pooling.
    pub fn passes(&self) -> [usize; 3] {
        let stride = if self.own.pool { POOL.1 } else { 1 };
        [self.rows.div_ceil(stride), self.cols.div_ceil(stride), self.own.channels]
    }

    /// Weights into one unit: `k k` times the channels it sees.
    pub fn fan_in(&self) -> usize {
        self.own.kernel.saturating_mul(self.own.kernel).saturating_mul(self.inputs)
    }
}

/// For fields that older configurations do not have: left out where they say nothing.
fn says_nothing<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Everything that determines a run, besides the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunConfig {
    /// Autoencoder or classifier.
    pub task: Task,
    /// Units of every layer's own activity, input first; of a convolutional layer rows times columns times channels,
    /// before pooling.
    pub sizes: Vec<usize>,
    /// One for each weight layer.
    pub activations: Vec<Activation>,
    /// What training minimises.
    pub loss: Loss,
    /// A learning rule's id, see [`crate::rules::all`].
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
    /// Rows, columns and channels of an input, where the network sees it as an image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<[usize; 3]>,
    /// The first layers, where they are convolutional; they need `image`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub convolutions: Vec<Convolution>,
    /// Probability that a unit of a dense hidden layer is silent in a training step; 0 is none.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub dropout: f64,
    /// What losses and errors are measured on.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub evaluate: Evaluate,
    /// Seed of the first weights, if it is not `seed`: runs that differ in batches and noise only (discrepancy D12).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init_seed: Option<u64>,
}

impl RunConfig {
    /// The rates a reader may change while the run goes on.
    pub fn hyper(&self) -> Hyper {
        Hyper {
            eta_w: self.eta_w,
            eta_b: self.eta_b,
            c_h: self.c_h,
            kappa: self.kappa,
            input_noise: self.input_noise,
        }
    }

    /// Number of weight layers, L.
    pub fn layers(&self) -> usize {
        self.sizes.len().saturating_sub(1)
    }

    /// The narrowest hidden layer (the first of them): the code of an autoencoder. `None` without hidden layers.
    pub fn code_layer(&self) -> Option<usize> {
        (1..self.layers()).min_by_key(|l| self.sizes[*l])
    }

    /// The convolutional layer l, counted from 1; `None` where layer l is dense.
    pub fn stage(&self, l: usize) -> Option<Stage> {
        let mut image = self.image?;
        let mut stages = self.convolutions.iter().map(|own| {
            let [rows, cols, inputs] = image;
            let stage = Stage { rows, cols, inputs, own: *own };
            image = stage.passes();
            stage
        });
        stages.nth(l.checked_sub(1)?)
    }

    /// Numbers that layer l receives from below, after any pooling: `n_{l-1}` for dense layers.
    pub fn inputs(&self, l: usize) -> usize {
        match self.stage(l - 1) {
            Some(below) => below.passes().into_iter().fold(1, usize::saturating_mul),
            None => self.sizes[l - 1],
        }
    }

    /// Rows and columns of `W^l`.
    pub fn weights(&self, l: usize) -> (usize, usize) {
        match self.stage(l) {
            Some(stage) => (stage.own.channels, stage.fan_in()),
            None => (self.sizes[l], self.inputs(l)),
        }
    }

    /// Count of W and b.
    pub fn parameters(&self) -> usize {
        let of = |(rows, cols): (usize, usize)| rows.saturating_mul(cols.saturating_add(1));
        (1..=self.layers()).map(|l| of(self.weights(l))).fold(0, usize::saturating_add)
    }
}
