//! Theorem 1: for any smooth non-linearity, the feedback of the last layer converges to its W as samples grow and
//! noise shrinks.
//!
//! The error falls as T^-1/2 down to a bias; for symmetric noise the term of order c vanishes, so the bias falls as
//! c^2.

use super::theorem::{self, convergence};
use super::{Look, panel};
use crate::base::Result;
use crate::experiments::preset::{Axis, Metric, Panel, Preset};
use crate::kernels::activation::Activation::{Sigmoid, Tanh};

/// The experiment.
pub fn preset(_: Look) -> Result<Preset> {
    let smooth = [Tanh, Tanh, Sigmoid];
    let arms = theorem::arms("np", &[20, 15, 12, 10], &smooth, &[1.0, 0.3, 0.1, 0.01])?;
    Ok(Preset {
        title: "Smooth network, last layer: B converges to W",
        about: "The distance from B to W falls with the square root of the number of samples until it meets a bias \
                that the noise causes; less noise, less bias.",
        panels: vec![
            convergence("Relative error of the last layer", 1),
            Panel {
                axis: Axis::Arms { label: "c" },
                log: true,
                ..panel("", "Relative error at the end", Metric::RelativeError, Some(1))
            },
        ],
        ..theorem::preset("theorem1", "Theorem 1", 10, arms)
    })
}
