//! Networks learn: always on strokes made in code, and on the real digits where `CREDIT_LAB_MNIST` names the folder of
//! the four official files. Bands are measured; what they are for is said beside each.

#![cfg(not(target_arch = "wasm32"))] // the browser trains the same bits, see web.rs
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

mod common;

use common::{digits, rule_ids, trainer};
use credit_lab::config::{Optimizer, RunConfig, Task};
use credit_lab::data::{Dataset, Loader, SplitName};
use credit_lab::experiments::default_config;
use credit_lab::metrics::Metrics;
use credit_lab::plan::Arithmetic;
use credit_lab::trainer::Trainer;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Metrics before and after `steps`.
fn train(config: &RunConfig, data: &Arc<Dataset>, steps: u64) -> (Metrics, Metrics) {
    let mut run = trainer(config, data);
    let before = run.metrics();
    run.advance(steps).unwrap();
    (before, run.metrics())
}

/// The paper's classifier, hurried: ten times its rates, so that 600 steps suffice for strokes.
fn hurried(rule: &str) -> RunConfig {
    let base = default_config(Task::Classifier, rule, Optimizer::Sgd).unwrap();
    // a mirror's eta_B is how fast it forgets, not a gradient's rate
    let eta_b = if rule == "mirror" { base.eta_b } else { 0.015 };
    RunConfig { warmup: 0, probe: 200, eta_w: 4e-3, eta_b, ..base }
}

#[test]
fn every_rule_learns_to_classify_and_node_perturbation_aligns_its_feedback() {
    let data = digits(2000, 500);
    let mut angles = BTreeMap::new();
    for rule in rule_ids() {
        let (before, after) = train(&hurried(rule), &data, 600);
        let accuracy = after.test_accuracy.unwrap();
        let angle: Vec<f64> = after.layers.iter().map(|l| l.angle.unwrap()).collect();
        println!(
            "{rule:<8} loss {:.1} to {:.1}, accuracy {accuracy:.1} %, angles {angle:.0?}",
            before.test_loss, after.test_loss
        );
        // Measured: accuracy 86 to 98 %, loss 4 to 8 of 173 (14.4 is the loss of the best constant: 32 * 0.9 / 2);
        // chance is 10 %. A rule whose error had the wrong sign or scale stays at chance or diverges.
        assert!(accuracy > 75.0, "{rule}: {accuracy} %");
        assert!(after.test_loss < 11.0, "{rule}: {} to {}", before.test_loss, after.test_loss);
        assert!(after.running_loss.unwrap() < before.train_loss / 4.0, "{rule}");
        angles.insert(rule, angle);
    }
    let of = |rule: &str, l: usize| angles[rule][l];
    assert_eq!([of("bp", 0), of("bp", 1)].map(|a| a < 0.01), [true, true]);
    for l in 0..2 {
        // Measured: np 39 and 17 degrees, np-dfa 49 and 15, sg 16 and 4, fa 77 and 79, dfa 68 and 78.
        assert!(
            of("np", l) < of("fa", l) - 25.0,
            "layer {}: {:?} {:?}",
            l + 1,
            angles["np"],
            angles["fa"]
        );
        assert!(of("sg", l) < of("np", l), "layer {}", l + 1);
        assert!(of("perturb", l) > 70.0, "the raw estimate of one batch points almost anywhere");
    }
    assert!(of("np-dfa", 1) < of("dfa", 1) - 25.0);
}

#[test]
fn learned_feedback_comes_close_to_w_and_random_feedback_does_not() {
    let data = digits(2000, 500);
    let top = |rule: &str| train(&hurried(rule), &data, 600).1.layers.pop().unwrap();
    let (np, fa) = (top("np"), top("fa"));
    println!("np {np:?}\nfa {fa:?}");
    assert!(np.relative_error.unwrap() < fa.relative_error.unwrap() / 2.0);
    assert!(np.sign_agreement.unwrap() > fa.sign_agreement.unwrap() + 15.0);
}

#[test]
fn every_rule_learns_to_give_back_its_input() {
    let data = digits(1000, 200);
    for rule in rule_ids() {
        for optimizer in [Optimizer::Sgd, Optimizer::Adam] {
            let config = RunConfig {
                sizes: vec![784, 30, 8, 30, 784],
                probe: 100,
                eta_w: if optimizer == Optimizer::Adam { 2e-3 } else { 3e-4 },
                ..default_config(Task::Autoencoder, rule, optimizer).unwrap()
            };
            if config.check().is_err() {
                continue; // matched updates with Adam
            }
            let (before, after) = train(&config, &data, 200);
            println!("{rule:<8} {optimizer:?}: {:.0} to {:.0}", before.test_loss, after.test_loss);
            // Measured: a seventh to a fourteenth is left. The output layer learns from the exact error under all rules.
            assert!(after.test_loss < before.test_loss / 5.0, "{rule} {optimizer:?}");
        }
    }
}

#[test]
fn nothing_is_learned_when_w_is_frozen_or_warming_up() {
    let data = digits(200, 50);
    for rule in rule_ids() {
        // the paper's eta_B: the hurried one is unstable while the error stays as large as at the start
        let calm = RunConfig { eta_b: 5e-4, ..hurried(rule) };
        for config in [
            RunConfig { freeze_forward: true, ..calm.clone() },
            RunConfig { warmup: 50, ..calm.clone() },
        ] {
            let (before, after) = train(&config, &data, 50);
            assert_eq!(before.test_loss, after.test_loss, "{rule}");
        }
    }
}

// --- The real digits -----------------------------------------------------------------------------------------

/// The official files, or the reason for the skip on the terminal.
fn mnist() -> Option<Arc<Dataset>> {
    let Some(folder) = std::env::var_os("CREDIT_LAB_MNIST").map(PathBuf::from) else {
        // Past the capture of the test harness: a skip must be seen.
        let reason = "SKIPPED learning on MNIST: CREDIT_LAB_MNIST does not name a folder with the four official \
                      MNIST files\n";
        let _ = std::io::Write::write_all(&mut std::io::stderr(), reason.as_bytes());
        return None;
    };
    let mut loader = Loader::new();
    for stem in ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"] {
        let names = [format!("{stem}-ubyte"), format!("{stem}-ubyte.gz")];
        let file = names.iter().map(|name| folder.join(name)).find(|path| path.exists()).unwrap();
        loader.add_file(file.display().to_string(), &std::fs::read(&file).unwrap()).unwrap();
    }
    Some(Arc::new(loader.finish().unwrap()))
}

/// (rule, optimiser, test loss of the autoencoder, percent right of the classifier) after 2,000 steps of the presets on
/// all 60,000 digits. Bands: the range over seeds 1 to 3, wider on each side by that range or by 5 %.
///
/// No loss for bp: at the authors' rate its first ten steps switch most of the 784 relu outputs off, and of seeds
/// 1 to 5 two never come back from the loss of a black image, 1429.5.
type Band = (&'static str, Optimizer, Option<[f64; 2]>, [f64; 2]);
const BANDS: [Band; 5] = [
    ("bp", Optimizer::Sgd, None, [66.0, 76.0]),
    ("fa", Optimizer::Sgd, Some([1040.0, 1200.0]), [19.0, 39.0]),
    ("np", Optimizer::Sgd, Some([800.0, 935.0]), [13.0, 59.0]),
    ("sg", Optimizer::Sgd, Some([795.0, 955.0]), [35.0, 63.0]),
    ("bp", Optimizer::Adam, Some([785.0, 935.0]), [83.0, 94.0]),
];

#[test]
fn two_thousand_steps_of_mnist_end_where_they_were_measured() {
    let Some(data) = mnist() else { return };
    let score = |task: Task, rule: &str, optimizer: Optimizer| {
        let config = default_config(task, rule, optimizer).unwrap();
        let mut run = Trainer::<f32>::new(config, data.clone(), Arithmetic::Fast).unwrap();
        run.advance(2000).unwrap();
        run.evaluate(SplitName::Test, usize::MAX)
    };
    let check = |what: &str, value: f64, [low, high]: [f64; 2]| {
        println!("{what}: {value:.1}, expected {low} to {high}");
        assert!((low..=high).contains(&value), "{what}: {value}, expected {low} to {high}");
    };
    for (rule, optimizer, loss, accuracy) in BANDS {
        if let Some(band) = loss {
            let what = format!("autoencoder {rule} {optimizer:?}, loss");
            check(&what, score(Task::Autoencoder, rule, optimizer).loss(), band);
        }
        let what = format!("classifier {rule} {optimizer:?}, percent");
        check(&what, score(Task::Classifier, rule, optimizer).accuracy.unwrap(), accuracy);
    }
}
