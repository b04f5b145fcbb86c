//! Table 2a: the autoencoder by every method, with and without noise on its activities.
//!
//! Networks are 784-200-2-200-784 for all methods, as the paper says; the authors' code has 50 hidden units in three
//! of them (discrepancy D6). Noise has the paper's standard deviation 0.02 (the code: 0.1, discrepancy D7).

use super::{Look, arm, panel, printed};
use crate::base::Result;
use crate::config::{Noise, Optimizer, RunConfig, Task};
use crate::experiments::preset::{Arm, Metric, Needs, Panel, Preset, Reference, Statistic, Table};
use crate::experiments::{default_config, denoising_rate};

const WITH: &str = "noise";
const WITHOUT: &str = "no noise";
/// The authors' curves: moving average over so many "epochs" of 1,000 steps.
pub(super) const SMOOTH: usize = 15;

/// (arm, label, row, rule, optimiser, noise).
type Cell = (&'static str, &'static str, &'static str, &'static str, Optimizer, Noise);

const CELLS: [Cell; 11] = [
    ("bp-noise", "BP (SGD), noise", "BP (SGD)", "bp", Optimizer::Sgd, Noise::Activations),
    ("bp", "BP (SGD)", "BP (SGD)", "bp", Optimizer::Sgd, Noise::None),
    ("adam-noise", "BP (Adam), noise", "BP (Adam)", "bp", Optimizer::Adam, Noise::Activations),
    ("adam", "BP (Adam)", "BP (Adam)", "bp", Optimizer::Adam, Noise::None),
    ("fa-noise", "FA, noise", "FA", "fa", Optimizer::Sgd, Noise::Activations),
    ("fa", "FA", "FA", "fa", Optimizer::Sgd, Noise::None),
    ("dae", "DAE", "DAE", "bp", Optimizer::Sgd, Noise::Inputs),
    ("np", "NP", "NP", "np", Optimizer::Sgd, Noise::None),
    ("sg", "SG", "SG", "sg", Optimizer::Sgd, Noise::None),
    ("matched-noise", "Matched, noise", "Matched", "matched", Optimizer::Sgd, Noise::Activations),
    ("matched", "Matched", "Matched", "matched", Optimizer::Sgd, Noise::None),
];

/// Arms for the cells of these names, in the order of the table.
pub(super) fn arms(wanted: &[&str]) -> Result<Vec<Arm>> {
    let chosen = CELLS.iter().filter(|cell| wanted.is_empty() || wanted.contains(&cell.0));
    chosen
        .map(|(id, label, row, rule, optimizer, noise)| {
            let config = default_config(Task::Autoencoder, rule, *optimizer)?;
            let mut config = RunConfig { noise: *noise, ..config };
            if *noise == Noise::Inputs {
                config.eta_w = denoising_rate(&config);
            }
            // node perturbation and denoising are noise by themselves
            let noisy = *noise != Noise::None || *rule == "np";
            let cell = Some((*row, if noisy { WITH } else { WITHOUT }));
            Ok(Arm { cell, ..arm(*id, *label, config) })
        })
        .collect()
}

/// The printed losses of a batch of 32.
pub(super) fn references() -> Vec<Reference> {
    let table = [
        ("bp-noise", 536.8, 2.1),
        ("bp", 609.8, 14.4),
        ("adam-noise", 522.3, 0.4),
        ("adam", 533.3, 2.2),
        ("fa-noise", 768.2, 2.7),
        ("fa", 759.1, 3.3),
        ("dae", 539.8, 4.9),
        ("np", 515.3, 4.1),
        ("sg", 521.6, 2.3),
        ("matched-noise", 629.9, 1.1),
        ("matched", 615.0, 0.4),
    ];
    let notebook = [
        ("adam", 538.2, 1.9),
        ("sg", 512.7, 4.8),
        ("matched-noise", 625.2, 0.9),
        ("matched", 643.4, 5.4),
    ];
    let each = |source| {
        move |(arm, value, error)| printed(arm, Metric::TestLoss, value, Some(error), source)
    };
    table.map(each("Table 2a")).into_iter().chain(notebook.map(each("notebook"))).collect()
}

/// The experiment.
pub fn preset(_: Look) -> Result<Preset> {
    Ok(Preset {
        id: "table2-autoencoder",
        runs: "autoencoder",
        width: None,
        source: "Table 2a",
        title: "Reconstruction error of the autoencoder by every method",
        about: "The paper's claim: feedback learned by perturbation reconstructs better than backpropagation with \
                plain gradient descent and about as well as with Adam; feedback alignment does much worse.",
        data: Needs::Mnist,
        arms: arms(&[])?,
        steps: 1_001_000,
        quick_steps: 10_000,
        seeds: 3,
        every: 1_000,
        panels: vec![Panel {
            smooth: SMOOTH,
            ..panel("", "Test loss, batch of 32", Metric::TestLoss, None)
        }],
        table: Some(Table {
            title: "Table 2a: lowest test loss of a batch of 32",
            metric: Metric::TestLoss,
            statistic: Statistic::Best,
            rows: vec!["BP (SGD)", "BP (Adam)", "FA", "DAE", "NP", "SG", "Matched"],
            columns: vec![WITH, WITHOUT],
            descending: true,
        }),
        references: references(),
    })
}
