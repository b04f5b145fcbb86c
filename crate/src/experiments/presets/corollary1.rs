//! Corollary 1: in a deep linear network, errors sent straight from the output, every B converges to the product of
//! the W above it. Widths may be anything: the regressions only involve the output error.

use super::{Look, theorem};
use crate::base::Result;
use crate::experiments::preset::Preset;

/// The experiment.
pub fn preset(_: Look) -> Result<Preset> {
    let arms = theorem::linear("np-dfa", &[20, 10, 9, 8, 7])?;
    Ok(Preset {
        title: "Deep linear network, direct feedback: B converges to the product of the W above",
        about: "The distance from B to the product of all W above it falls with the square root of the number of \
                samples in every layer.",
        ..theorem::preset("corollary1", "Corollary 1", 7, arms)
    })
}
