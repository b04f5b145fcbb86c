//! What is measured, and how the numbers that kernels leave behind become metrics. No formatting.
//!
//! Sums run in f64 on the host over values per sample; nothing here is in a training step.

use serde::Serialize;

/// Samples in the paper's unit of loss: "batch loss" is the sum over 32 samples.
pub const PAPER_BATCH: f64 = 32.0;

/// Loss and accuracy over a set of samples, noise-free.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Evaluation {
    /// Mean loss of a sample.
    pub loss_per_sample: f64,
    /// Percent classified right; `None` for an autoencoder.
    pub accuracy: Option<f64>,
}

impl Evaluation {
    /// Loss in the paper's unit, for a batch of 32.
    pub fn loss(&self) -> f64 {
        self.loss_per_sample * PAPER_BATCH
    }
}

/// How well the feedback of one hidden layer does, l = 1..L; named after the matrix `W^{l+1}` above it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LayerMetrics {
    /// `W2` for hidden layer 1, and so on.
    pub name: String,
    /// Mean angle in degrees, 0..=180, between the synthetic and the true gradient at the layer's activity.
    pub angle: Option<f64>,
    /// The authors' variant (discrepancy D15): first sample only, synthetic error on both sides, folded
    /// to 0..=90. Their bias component is left out: our B has no bias row.
    pub angle_code: Option<f64>,
    /// `||W - B|| / ||W||`, Frobenius; `None` where the shapes differ. Direct feedback of a linear network is compared
    /// with the product of all weights above instead (Corollary 1), and `norm_w` is that product's.
    pub relative_error: Option<f64>,
    /// Percent of entries of W and B with equal sign; 50 by chance.
    pub sign_agreement: Option<f64>,
    /// `||W||`
    pub norm_w: f64,
    /// `||B||`
    pub norm_b: Option<f64>,
}

/// A row of metrics.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Metrics {
    /// Steps done.
    pub step: u64,
    /// On the training samples of the probe, for a batch of 32.
    pub train_loss: f64,
    /// On the test samples of the probe, for a batch of 32.
    pub test_loss: f64,
    /// Mean loss of a training sample of the probe.
    pub train_loss_per_sample: f64,
    /// Mean loss of a test sample of the probe.
    pub test_loss_per_sample: f64,
    /// Mean over the training batches since the last row, as trained (with whatever noise), for a batch of 32.
    pub running_loss: Option<f64>,
    /// Percent.
    pub train_accuracy: Option<f64>,
    /// Percent.
    pub test_accuracy: Option<f64>,
    /// One for each hidden layer.
    pub layers: Vec<LayerMetrics>,
}

/// Mean of the numbers among `values`; `None` where there is none.
pub fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0u32);
    for value in values.filter(|v| !v.is_nan()) {
        sum += value;
        count += 1;
    }
    (count > 0).then(|| sum / f64::from(count))
}

/// (relative error, percent of equal signs, norm of W, norm of B) from the sums of the `compare` kernel.
pub fn compared(sums: &[f64]) -> (Option<f64>, Option<f64>, f64, f64) {
    let [difference, w, b, equal, count] = [0, 1, 2, 3, 4].map(|i| sums[i]);
    (
        (w > 0.0 && difference.is_finite()).then(|| libm::sqrt(difference / w)),
        difference.is_finite().then(|| 100.0 * equal / count),
        libm::sqrt(w),
        libm::sqrt(b),
    )
}
