//! Table 2b: the convolutional network on CIFAR-10 with and without noise on its activities.

use super::Look;
use super::table1::{PASS, accuracy, data, method, percent, table};
use crate::base::Result;
use crate::config::Noise;
use crate::experiments::preset::{Arm, Needs, Preset};

const WITH: &str = "noise";
const WITHOUT: &str = "no noise";

/// The experiment.
pub fn preset(look: Look) -> Result<Preset> {
    let methods = [
        ("bp-noise", "BP, noise", "bp", Noise::Activations, ("BP", WITH)),
        ("bp", "BP", "bp", Noise::None, ("BP", WITHOUT)),
        ("dfa-noise", "DFA, noise", "dfa", Noise::Activations, ("DFA", WITH)),
        ("dfa", "DFA", "dfa", Noise::None, ("DFA", WITHOUT)),
        ("np", "NP", "np-dfa", Noise::None, ("NP / SG", WITH)),
        ("sg", "SG", "sg-dfa", Noise::None, ("NP / SG", WITHOUT)),
    ];
    let arms = methods.map(|(name, label, rule, noise, cell)| Arm {
        cell: Some(cell),
        ..method(look, name, label, rule, noise)
    });
    // the same arms on other data are no reference
    let printed = [
        ("cifar10-bp-noise", 76.8, 0.2),
        ("cifar10-bp", 76.9, 0.1),
        ("cifar10-dfa-noise", 72.4, 0.2),
        ("cifar10-dfa", 72.3, 0.1),
        ("cifar10-np", 74.8, 0.2),
        ("cifar10-sg", 75.3, 0.3),
    ];
    let references = printed.map(|(arm, value, error)| percent(arm, value, error, "Table 2b"));
    let on_digits = data(look).0 == "digits";
    Ok(Preset {
        id: "table2-cifar10",
        runs: "cnn",
        width: Some(look.width),
        source: "Table 2b",
        title: "Convolutional network: does noise help?",
        about: "Noise on the activities changes little here. Synthetic gradients fit the feedback to the true \
                gradient: the bound of what learned feedback can do.",
        data: Needs::Cifar10,
        arms: arms.into(),
        steps: 100 * PASS,
        quick_steps: 300,
        seeds: 5,
        every: PASS,
        panels: vec![accuracy()],
        table: Some(table(
            if on_digits {
                "As Table 2b, on digits: highest test accuracy, %"
            } else {
                "Table 2b: highest test accuracy on CIFAR-10, %"
            },
            vec!["BP", "DFA", "NP / SG"],
            vec![WITH, WITHOUT],
        )),
        references: references.into(),
    })
}
