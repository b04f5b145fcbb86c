//! The paper's experiments fit together: what panels, tables and references name is there, and every arm can run.

#![allow(clippy::unwrap_used, reason = "tests")]

use credit_lab::config::{RunConfig, Task};
use credit_lab::experiments::preset::{Axis, Metric, Needs, Preset};
use credit_lab::experiments::presets::{Look, all, find};
use credit_lab::experiments::synthetic;
use credit_lab::plan::Arithmetic;
use credit_lab::trainer::Trainer;
use std::collections::BTreeSet;
use std::sync::Arc;

const LOOKS: [Look; 3] = [Look::DIGITS, Look::CIFAR10, Look::CIFAR100];

fn every() -> Vec<Preset> {
    LOOKS.iter().flat_map(|look| all(*look).unwrap()).collect()
}

#[test]
fn the_papers_experiments_are_there() {
    let ids: BTreeSet<&str> = all(Look::DIGITS).unwrap().iter().map(|p| p.id).collect();
    let wanted = [
        "fig2",
        "fig3",
        "fig4",
        "table1",
        "table2-autoencoder",
        "table2-cifar10",
        "theorem1",
        "theorem2",
        "corollary1",
    ];
    assert_eq!(ids, wanted.into());
    assert_eq!(
        find("table2-autoencoder", Look::DIGITS).unwrap().arms.len(),
        11,
        "cells with a number"
    );
    assert!(find("fig9", Look::DIGITS).unwrap_err().to_string().contains("fig2"));
}

#[test]
fn every_arm_can_be_configured_and_named() {
    for preset in every() {
        let mut ids = BTreeSet::new();
        for arm in &preset.arms {
            arm.config.check().unwrap_or_else(|e| panic!("{} {}: {e}", preset.id, arm.id));
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
            assert!(arm.id.chars().all(plain), "{}", arm.id);
            assert!(ids.insert(arm.id.clone()), "{} twice", arm.id);
        }
        assert!(preset.every > 0 && preset.quick_steps > 0 && preset.seeds > 0);
    }
}

#[test]
fn panels_tables_and_references_name_what_is_there() {
    let ids: BTreeSet<(String, String)> = every()
        .iter()
        .flat_map(|p| p.arms.iter().map(|a| (p.id.to_string(), a.id.clone())))
        .collect();
    for preset in every() {
        let hidden = preset.arms.iter().map(|a| a.config.layers() - 1).min().unwrap();
        for panel in &preset.panels {
            assert!(panel.layer.is_none_or(|l| l < hidden), "{}: {}", preset.id, panel.title);
            let layered = matches!(
                panel.metric,
                Metric::Angle | Metric::RelativeError | Metric::SignAgreement
            );
            assert_eq!(layered, panel.layer.is_some(), "{}: {}", preset.id, panel.title);
            if let Axis::Arms { .. } = panel.axis {
                assert!(preset.arms.iter().filter(|a| a.x.is_some()).count() > 1, "{}", preset.id);
            }
        }
        for reference in &preset.references {
            let Some(arm) = reference.arm else { continue };
            let known = ids.contains(&(preset.id.into(), arm.into()));
            assert!(known, "{}: a reference for {arm}", preset.id);
        }
        let Some(table) = &preset.table else { continue };
        for arm in &preset.arms {
            let (row, column) = arm.cell.unwrap();
            assert!(table.rows.contains(&row) && table.columns.contains(&column), "{}", arm.id);
        }
        let cells: BTreeSet<_> = preset.arms.iter().map(|a| a.cell).collect();
        assert_eq!(cells.len(), preset.arms.len(), "{}: two arms in one cell", preset.id);
    }
}

#[test]
fn arms_that_share_a_folder_are_the_same_runs() {
    for look in LOOKS {
        let presets = all(look).unwrap();
        for (i, one) in presets.iter().enumerate() {
            for other in presets[i + 1..].iter().filter(|p| p.runs == one.runs) {
                for arm in &one.arms {
                    let twin = other.arms.iter().find(|a| a.id == arm.id);
                    assert!(twin.is_none_or(|t| t.config == arm.config), "{} {}", other.id, arm.id);
                }
                assert_eq!(one.every, other.every, "{} and {}", one.id, other.id);
            }
        }
    }
}

#[test]
fn networks_are_the_papers() {
    let preset = |id| find(id, Look::CIFAR10).unwrap();
    assert!(preset("fig2").arms.iter().all(|a| a.config.sizes == [784, 50, 20, 10]));
    assert!(
        preset("table2-autoencoder").arms.iter().all(|a| a.config.sizes == [784, 200, 2, 200, 784])
    );
    let cnn = &preset("table1").arms[0].config;
    assert_eq!(
        cnn.parameters(),
        13_530_378,
        "27 32 + 25 32 128 + 25 128 256 + 4096 2048 + 2048^2 + 2048 10 and biases"
    );
    for arm in &preset("fig4").arms {
        assert!(arm.config.freeze_forward && arm.config.rule == "np");
    }
}

#[test]
fn synthetic_data_are_uniform_and_always_the_same() {
    let data = synthetic::dataset(20, 7, 7000).unwrap();
    assert_eq!(
        (data.pixels(), data.classes, data.train.len(), data.test.len()),
        (20, 7, 7000, 700)
    );
    let mean = data.train.images.iter().map(|b| f64::from(*b)).sum::<f64>() / 140_000.0;
    // uniform bytes: mean 127.5, standard error 73.9 / sqrt(140000) = 0.2; five allowed
    assert!((mean - 127.5).abs() < 1.0, "{mean}");
    let mut counts = [0.0f64; 7];
    data.train.labels.iter().for_each(|label| counts[usize::from(*label)] += 1.0);
    for (class, count) in counts.into_iter().enumerate() {
        // binomial: 1000 +- 29; five standard deviations
        assert!((count - 1000.0).abs() < 147.0, "class {class}: {count}");
    }
    assert_ne!(data.train.images[..700], data.test.images[..700]);
    assert_eq!(synthetic::dataset(20, 7, 7000).unwrap(), data);
}

/// Relative error of every layer's feedback after `steps` steps.
fn relative_errors(config: &RunConfig, needs: Needs, steps: u64) -> Vec<f64> {
    let Needs::Synthetic { inputs, classes, samples } = needs else {
        panic!("theorems need no pictures")
    };
    let data = Arc::new(synthetic::dataset(inputs, classes, samples).unwrap());
    let mut run = Trainer::<f32>::new(config.clone(), data, Arithmetic::Fast).unwrap();
    run.advance(steps).unwrap();
    let layers = run.metrics().layers;
    layers.iter().map(|l| l.relative_error.unwrap()).collect()
}

// Theorems 1 and 2, corollary 1: 16 times the samples, a quarter of the error. Between runs that are not averaged
// the ratio itself varies; from 2 to 8 is far from 1 (no convergence) and from 16 (1 / T). Lower layers of theorem 2
// regress on errors that come through a B that is still learning, so they begin later.
#[test]
fn errors_fall_with_the_square_root_of_the_samples() {
    let cases = [
        ("theorem1", 1..2, 2000, 2.0),
        ("theorem2", 2..3, 2000, 2.0),
        ("theorem2", 0..2, 12_000, 1.5),
        ("corollary1", 0..3, 2000, 2.0),
    ];
    for (id, layers, steps, least) in cases {
        let preset = find(id, Look::DIGITS).unwrap();
        let config = &preset.arms.iter().find(|a| a.id == "c-0.01").unwrap().config;
        assert_eq!(config.task, Task::Classifier);
        let few = relative_errors(config, preset.data, steps);
        let many = relative_errors(config, preset.data, 16 * steps);
        for l in layers {
            let ratio = few[l] / many[l];
            assert!((least..8.0).contains(&ratio), "{id}, layer {l}: {} to {}", few[l], many[l]);
        }
    }
}

// Less noise, less bias: at c = 1 the error stops falling, and it is larger than at c = 0.3 by about c^2.
#[test]
fn the_bias_of_theorem_1_grows_with_the_noise() {
    let preset = find("theorem1", Look::DIGITS).unwrap();
    let at = |arm: &str, steps| {
        let config = &preset.arms.iter().find(|a| a.id == arm).unwrap().config;
        relative_errors(config, preset.data, steps)[1]
    };
    let (loud, quiet) = (at("c-1", 40_000), at("c-0.3", 40_000));
    assert!(loud > 3.0 * quiet, "{loud} and {quiet}");
    assert!(at("c-1", 10_000) < 1.5 * loud, "it has stopped falling");
}
