//! What cannot run is refused before anything is allocated, naming the setting and the remedy.

use crate::base::rng::MAX_SEED;
use crate::base::{Error, Result};
use crate::config::{
    FeedbackLearner, MAX_BATCH, MAX_KERNEL, MAX_LAYERS, MAX_PARAMETERS, MAX_PIXELS, MAX_SIDE,
    MAX_UNITS, Noise, Optimizer, RunConfig, Task,
};
use crate::kernels::activation::Activation;
use crate::kernels::loss::Loss;
use crate::rules::{self, RuleInfo};

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

/// Ids of the rules of one kind.
fn ids(kind: impl Fn(&RuleInfo) -> bool) -> String {
    let infos = rules::all().iter().map(|rule| rule.info());
    infos.filter(kind).map(|info| info.id).collect::<Vec<_>>().join(", ")
}

impl RunConfig {
    /// Refuses what cannot run.
    pub fn check(&self) -> Result<()> {
        self.check_network()?;
        let rule = rules::find(&self.rule)?.info();
        count("batch", self.batch, 1, MAX_BATCH)?;
        count("probe", self.probe, 1, 1 << 20)?;
        for (field, seed) in [("seed", Some(self.seed)), ("init_seed", self.init_seed)] {
            if let Some(seed) = seed.filter(|seed| *seed > MAX_SEED) {
                return Err(Error::config(field, format!("{seed} is larger than {MAX_SEED}")));
            }
        }
        for (field, rate) in [("eta_w", self.eta_w), ("eta_b", self.eta_b)] {
            within(field, rate, 0.0, 100.0)?;
        }
        within("c_h", self.c_h, 1e-7, 100.0)?;
        within("gamma", self.gamma, 0.0, 1e12)?;
        within("kappa", self.kappa, 0.0, 1.0)?;
        within("input_noise", self.input_noise, 0.0, 100.0)?;
        within("dropout", self.dropout, 0.0, 0.99)?;
        if !self.convolutions.is_empty() && rule.has_feedback && !rule.direct {
            return Err(Error::config(
                "rule",
                format!(
                    "{} sends errors down layer by layer through matrices of its own, which convolutions do not have here; choose a direct rule ({}) or one without feedback weights ({})",
                    rule.short,
                    ids(|rule| rule.direct),
                    ids(|rule| !rule.has_feedback)
                ),
            ));
        }
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

    /// The image, the convolutions, and whether `sizes` say the same.
    fn check_images(&self) -> Result<()> {
        let Some(image) = self.image else {
            if self.convolutions.is_empty() {
                return Ok(());
            }
            return Err(Error::config(
                "image",
                "convolutions need the rows, columns and channels of an input",
            ));
        };
        image.iter().try_for_each(|side| count("image", *side, 1, MAX_SIDE))?;
        let pixels: usize = image.iter().product();
        if self.sizes.first() != Some(&pixels) {
            return Err(Error::config(
                "sizes",
                format!("the first must be {pixels}, the numbers of an image of {image:?}"),
            ));
        }
        if self.convolutions.len() >= self.layers() {
            return Err(Error::config(
                "convolutions",
                format!(
                    "{} given for {} weight layers; the last layer must be dense",
                    self.convolutions.len(),
                    self.layers()
                ),
            ));
        }
        for (i, own) in self.convolutions.iter().enumerate() {
            count("convolutions (channels)", own.channels, 1, MAX_SIDE)?;
            count("convolutions (kernel)", own.kernel, 1, MAX_KERNEL)?;
            if own.kernel % 2 == 0 {
                return Err(Error::config(
                    "convolutions (kernel)",
                    format!("{} is even; a kernel needs a pixel in its middle", own.kernel),
                ));
            }
            let units = self.stage(i + 1).map_or(0, |stage| stage.units());
            if self.sizes[i + 1] != units {
                return Err(Error::config(
                    "sizes",
                    format!(
                        "layer {} is convolutional and has {units} units (rows x columns x channels before pooling), not {}",
                        i + 1,
                        self.sizes[i + 1]
                    ),
                ));
            }
        }
        Ok(())
    }

    fn check_network(&self) -> Result<()> {
        count("sizes (weight layers)", self.layers(), 1, MAX_LAYERS)?;
        for (l, size) in self.sizes.iter().enumerate() {
            let images = !self.convolutions.is_empty() && l <= self.convolutions.len();
            count("sizes", *size, 1, if images { MAX_PIXELS } else { MAX_UNITS })?;
        }
        self.check_images()?;
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
