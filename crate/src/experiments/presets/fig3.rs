//! Figure 3: the autoencoder's loss, latent space and reconstructions by every method.

use super::table2_autoencoder::{SMOOTH, arms, references};
use super::{Look, panel};
use crate::base::Result;
use crate::experiments::preset::{Metric, Needs, Panel, Preset};

/// The methods of the figure.
const METHODS: [&str; 7] = ["np", "bp", "adam", "sg", "matched", "fa", "dae"];

/// The experiment.
pub fn preset(_: Look) -> Result<Preset> {
    let mut arms = arms(&METHODS)?;
    arms.iter_mut().for_each(|arm| arm.cell = None);
    let mut references = references();
    references.retain(|r| r.arm.is_some_and(|arm| METHODS.contains(&arm)));
    Ok(Preset {
        id: "fig3",
        runs: "autoencoder",
        width: None,
        source: "Figure 3",
        title: "An autoencoder with a code of two units",
        about: "Feedback alignment fails on this network: its code does not tell digits apart and its \
                reconstructions are scrambled. Learned feedback reconstructs well, with an evenly filled code.",
        data: Needs::Mnist,
        arms,
        steps: 1_001_000,
        quick_steps: 10_000,
        seeds: 10,
        every: 1_000,
        panels: vec![
            Panel {
                smooth: SMOOTH,
                ..panel("A", "Test loss, batch of 32", Metric::TestLoss, None)
            },
            Panel {
                smooth: SMOOTH,
                ..panel("A", "Training loss, batch of 32", Metric::RunningLoss, None)
            },
        ],
        table: None,
        references,
    })
}
