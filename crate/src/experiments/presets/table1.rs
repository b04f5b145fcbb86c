//! Table 1: the convolutional network on CIFAR-10 and CIFAR-100, feedback straight from the output.
//!
//! The paper gives neither rates nor epochs; steps are a hundred passes through 50,000 images. The arms are those of
//! the data at hand: CIFAR-10, CIFAR-100 or, for a look without either, digits.

use super::{Look, arm, printed};
use crate::base::Result;
use crate::config::{Noise, Optimizer, RunConfig};
use crate::experiments::convolutional;
use crate::experiments::preset::{Arm, Metric, Needs, Panel, Preset, Reference, Statistic, Table};

/// Steps of a pass through 50,000 images in batches of 32.
pub(super) const PASS: u64 = 1563;

/// Prefix of arms and row of the table, by the data's look.
pub(super) fn data(look: Look) -> (&'static str, &'static str) {
    match (look.image, look.classes) {
        ([32, 32, 3], 10) => ("cifar10", "CIFAR10"),
        ([32, 32, 3], 100) => ("cifar100", "CIFAR100"),
        _ => ("digits", "digits, for want of CIFAR"),
    }
}

/// An arm of the convolutional network.
pub(super) fn method(look: Look, name: &str, label: &str, rule: &str, noise: Noise) -> Arm {
    let Look { image, classes, width } = look;
    let config = convolutional::config(rule, Optimizer::Adam, image, classes, width);
    arm(format!("{}-{name}", data(look).0), label, RunConfig { noise, ..config })
}

/// Curves of the test accuracy.
pub(super) fn accuracy() -> Panel {
    super::panel("", "Test accuracy", Metric::TestAccuracy, None)
}

/// A printed accuracy.
pub(super) fn percent(
    arm: &'static str,
    value: f64,
    error: f64,
    source: &'static str,
) -> Reference {
    printed(arm, Metric::TestAccuracy, value, Some(error), source)
}

/// A table of the highest accuracies.
pub(super) fn table(
    title: &'static str,
    rows: Vec<&'static str>,
    columns: Vec<&'static str>,
) -> Table {
    let (metric, statistic) = (Metric::TestAccuracy, Statistic::Best);
    Table { title, metric, statistic, rows, columns, descending: false }
}

/// The experiment.
pub fn preset(look: Look) -> Result<Preset> {
    let row = data(look).1;
    let methods = [("bp", "BP", "bp"), ("np", "NP", "np-dfa"), ("dfa", "DFA", "dfa")];
    let arms = methods.map(|(name, label, rule)| Arm {
        cell: Some((row, label)),
        ..method(look, name, label, rule, Noise::None)
    });
    let source = "Table 1";
    Ok(Preset {
        id: "table1",
        runs: "cnn",
        width: Some(look.width),
        source,
        title: "Convolutional network: accuracy on CIFAR",
        about: "Errors go straight from the output to every layer. Feedback learned by perturbation lies between \
                backpropagation and fixed random feedback.",
        data: if look.classes == 100 { Needs::Cifar100 } else { Needs::Cifar10 },
        arms: arms.into(),
        steps: 100 * PASS,
        quick_steps: 300,
        seeds: 5,
        every: PASS,
        panels: vec![accuracy()],
        table: Some(table(
            "Table 1: highest test accuracy, %",
            vec!["CIFAR10", "CIFAR100", "digits, for want of CIFAR"],
            vec!["BP", "NP", "DFA"],
        )),
        references: vec![
            percent("cifar10-bp", 76.9, 0.1, source),
            percent("cifar10-np", 74.8, 0.2, source),
            percent("cifar10-dfa", 72.4, 0.2, source),
            percent("cifar100-bp", 51.2, 0.1, source),
            percent("cifar100-np", 48.1, 0.2, source),
            percent("cifar100-dfa", 47.3, 0.1, source),
        ],
    })
}
