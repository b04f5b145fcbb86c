//! Tables 1 and 2b: convolutions 3x3x32, 5x5x128 and 5x5x256, each max pooled, two dense layers of 2048, softmax;
//! pooling 3 x 3 with stride 2, relu, dropout 0.5 on the dense hidden layers, cross-entropy, Adam, batch 32,
//! `c_h` 0.067 (paper, section 6.4).
//!
//! The paper prints no learning rates (random search); those here are ours and say how they were found. Of full width
//! it has 13.5 million weights: a page shows a narrower one and says so.

use crate::config::{Convolution, Optimizer, RunConfig, Task};
use crate::kernels::activation::Activation::{Relu, Softmax};
use crate::kernels::loss::Loss;

/// Channels and kernels of the convolutions, all of them pooled.
const CONVOLUTIONS: [(usize, usize); 3] = [(32, 3), (128, 5), (256, 5)];
/// Units of the dense hidden layers.
const DENSE: [usize; 2] = [2048, 2048];

/// `units` times `width`, in fours (which vectors hold), at least four.
#[allow(clippy::cast_sign_loss, reason = "widths are positive; a negative one gives four units")]
fn scaled(units: usize, width: f64) -> usize {
    4 * ((units as f64 * width / 4.0).round() as usize).max(1)
}

/// The configuration for one rule, for images of rows, columns and channels; `width` 1 is the paper's.
pub fn config(
    rule: &str,
    optimizer: Optimizer,
    image: [usize; 3],
    classes: usize,
    width: f64,
) -> RunConfig {
    let convolutions = CONVOLUTIONS.map(|(channels, kernel)| Convolution {
        channels: scaled(channels, width),
        kernel,
        pool: true,
    });
    // Ours, from 1,500 steps of a network of width 0.06 on drawn digits: with 1e-3 for W direct feedback alone still
    // learns, what is learned about B lags behind. 1e-4 for B lets the variance of a perturbation win; a true gradient
    // has none.
    let eta_b = if rule == "sg-dfa" { 1e-3 } else { 1e-5 };
    let mut config = RunConfig {
        sizes: vec![image.iter().product()],
        activations: vec![Relu, Relu, Relu, Relu, Relu, Softmax],
        loss: Loss::CrossEntropy,
        eta_w: 1e-4,
        eta_b,
        c_h: 0.067,
        probe: 128,
        image: Some(image),
        convolutions: convolutions.to_vec(),
        dropout: 0.5,
        ..super::common(Task::Classifier, rule, optimizer)
    };
    let stages = (1..=convolutions.len()).filter_map(|l| config.stage(l));
    let units: Vec<usize> = stages.map(|stage| stage.units()).collect();
    config.sizes.extend(units);
    config.sizes.extend(DENSE.map(|units| scaled(units, width)));
    config.sizes.push(classes);
    config
}
