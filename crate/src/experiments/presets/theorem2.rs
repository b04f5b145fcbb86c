//! Theorem 2: in a deep linear network, errors sent layer by layer, every B converges to its W.
//!
//! Layers widen towards the output: the error that a layer receives through B has no more dimensions than any layer
//! above, so a narrow one above would make its regression singular (the theorem's assumption A3).

use super::{Look, theorem};
use crate::base::Result;
use crate::experiments::preset::Preset;

/// The experiment.
pub fn preset(_: Look) -> Result<Preset> {
    let arms = theorem::linear("np", &[20, 4, 5, 6, 7])?;
    Ok(Preset {
        title: "Deep linear network, layer by layer: every B converges to its W",
        about: "The distance from B to W falls with the square root of the number of samples in every layer, with \
                no bias.",
        ..theorem::preset("theorem2", "Theorem 2", 7, arms)
    })
}
