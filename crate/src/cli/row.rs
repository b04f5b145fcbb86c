//! A row of metrics as files hold it.

use credit_lab::base::{Error, Result};
use credit_lab::metrics::{LayerMetrics, Metrics};
use serde::Serialize;

/// One line.
#[derive(Serialize)]
pub struct Row {
    step: u64,
    train_loss: f64,
    test_loss: f64,
    running_loss: Option<f64>,
    accuracy: Option<f64>,
    train_accuracy: Option<f64>,
    angle: Vec<Option<f64>>,
    angle_code: Vec<Option<f64>>,
    relative_error: Vec<Option<f64>>,
    sign_agreement: Vec<Option<f64>>,
    norm_w: Vec<f64>,
    norm_b: Vec<Option<f64>>,
    steps_per_second: f64,
    /// Processor time of the run so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<f64>,
}

impl Row {
    /// From what was measured.
    pub fn new(metrics: &Metrics, steps_per_second: f64, seconds: Option<f64>) -> Self {
        fn each<T>(metrics: &Metrics, value: impl Fn(&LayerMetrics) -> T) -> Vec<T> {
            metrics.layers.iter().map(value).collect()
        }
        Self {
            step: metrics.step,
            train_loss: metrics.train_loss,
            test_loss: metrics.test_loss,
            running_loss: metrics.running_loss,
            accuracy: metrics.test_accuracy,
            train_accuracy: metrics.train_accuracy,
            angle: each(metrics, |l| l.angle),
            angle_code: each(metrics, |l| l.angle_code),
            relative_error: each(metrics, |l| l.relative_error),
            sign_agreement: each(metrics, |l| l.sign_agreement),
            norm_w: each(metrics, |l| l.norm_w),
            norm_b: each(metrics, |l| l.norm_b),
            steps_per_second,
            seconds,
        }
    }

    /// As JSON.
    pub fn line(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|e| Error::internal(e.to_string()))
    }
}
