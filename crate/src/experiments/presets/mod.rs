//! The paper's experiments, one file each. To add one: a file with a function that returns a [`Preset`] and a line
//! in [`ALL`].

#![allow(clippy::unnecessary_wraps, reason = "all presets have one signature")]

mod corollary1;
mod fig2;
mod fig3;
mod fig4;
mod table1;
mod table2_autoencoder;
mod table2_cifar10;
mod theorem;
mod theorem1;
mod theorem2;

use super::preset::{Arm, Axis, Metric, Panel, Preset, Reference};
use crate::base::{Error, Result};
use crate::config::RunConfig;
use crate::data::Dataset;

/// What an experiment may know of the data when it sets up its networks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    /// Rows, columns and channels of an image.
    pub image: [usize; 3],
    /// Classes.
    pub classes: usize,
    /// Width of convolutional networks; 1 is the paper's.
    pub width: f64,
}

impl Look {
    /// 28 x 28 grey digits.
    pub const DIGITS: Self = Self { image: [28, 28, 1], classes: 10, width: 1.0 };
    /// 32 x 32 colour images of ten classes.
    pub const CIFAR10: Self = Self { image: [32, 32, 3], ..Self::DIGITS };
    /// 32 x 32 colour images of a hundred classes.
    pub const CIFAR100: Self = Self { classes: 100, ..Self::CIFAR10 };

    /// Of a data set.
    pub fn of(data: &Dataset) -> Self {
        let image = [data.rows, data.cols, data.channels];
        Self { image, classes: data.classes, ..Self::DIGITS }
    }
}

/// Every experiment, in the paper's order.
pub const ALL: &[fn(Look) -> Result<Preset>] = &[
    fig2::preset,
    fig3::preset,
    fig4::preset,
    table1::preset,
    table2_autoencoder::preset,
    table2_cifar10::preset,
    theorem1::preset,
    theorem2::preset,
    corollary1::preset,
];

/// All of them, for data of this look.
pub fn all(look: Look) -> Result<Vec<Preset>> {
    ALL.iter().map(|preset| Ok(preset(look)?.named_by_width(look.width))).collect()
}

/// The experiment of this name.
///
/// # Errors
/// [`Error::Config`]: there is none.
pub fn find(id: &str, look: Look) -> Result<Preset> {
    let all = all(look)?;
    let known: Vec<&str> = all.iter().map(|p| p.id).collect();
    let message = format!("there is no preset `{id}`; choose one of {}", known.join(", "));
    all.into_iter().find(|p| p.id == id).ok_or_else(|| Error::config("preset", message))
}

fn arm(id: impl Into<String>, label: impl Into<String>, config: RunConfig) -> Arm {
    Arm { id: id.into(), label: label.into(), config, x: None, cell: None }
}

fn panel(letter: &'static str, title: &'static str, metric: Metric, layer: Option<usize>) -> Panel {
    let log = matches!(metric, Metric::RelativeError | Metric::TestError);
    let mark = match metric {
        Metric::SignAgreement => Some((50.0, "chance")),
        Metric::Angle => Some((90.0, "no descent beyond")),
        _ => None,
    };
    Panel { letter, title, metric, layer, axis: Axis::Steps, log, mark, smooth: 1 }
}

/// How well feedback fits in either layer of the small classifier: panels A to C of Figures 2 and 4.
fn feedback_panels() -> Vec<Panel> {
    vec![
        panel("A", "Relative error, hidden layer", Metric::RelativeError, Some(0)),
        panel("A", "Relative error, output layer", Metric::RelativeError, Some(1)),
        panel("B", "Angle, hidden layer", Metric::Angle, Some(0)),
        panel("B", "Angle, output layer", Metric::Angle, Some(1)),
        panel("C", "Equal signs, hidden layer", Metric::SignAgreement, Some(0)),
        panel("C", "Equal signs, output layer", Metric::SignAgreement, Some(1)),
    ]
}

/// A number that the paper or its authors print.
fn printed(
    arm: &'static str,
    metric: Metric,
    value: f64,
    error: Option<f64>,
    source: &'static str,
) -> Reference {
    Reference { arm: Some(arm), metric, layer: None, value, error, source, approximate: false }
}

/// A number read off a plot.
fn read_off(arm: &'static str, metric: Metric, layer: usize, value: f64) -> Reference {
    let source = "notebook, plot";
    Reference {
        arm: Some(arm),
        metric,
        layer: Some(layer),
        value,
        error: None,
        source,
        approximate: true,
    }
}
