//! A run as state: saved, restored and continued as if nothing had happened; damaged or hostile files refused with a
//! sentence; settings that cannot run refused by name; a run that diverges stopped, naming layer and step.

#![cfg(not(target_arch = "wasm32"))] // web.rs saves and restores in the browser
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

mod common;

use common::{
    name, random_data, random_data_of, rule_ids, small, small_autoencoder, small_data, trainer,
    uniform, variants, words,
};
use credit_lab::base::Error;
use credit_lab::base::rng::MAX_SEED;
use credit_lab::config::{FeedbackLearner, Noise, Optimizer, RunConfig, Task};
use credit_lab::data::Dataset;
use credit_lab::kernels::activation::Activation;
use credit_lab::kernels::loss::Loss;
use credit_lab::plan::Arithmetic;
use credit_lab::trainer::Trainer;
use serde_json::{Value, json};
use std::sync::Arc;

fn restore(bytes: &[u8], data: &Arc<Dataset>) -> Result<Trainer, Error> {
    Trainer::restore(bytes, data.clone(), Arithmetic::Reproducible)
}

/// Every persistent buffer's bits, and the digest.
fn state(run: &mut Trainer) -> (u64, Vec<(String, Vec<u32>)>) {
    let labels: Vec<String> =
        run.compiled().program.persistent().map(|b| b.label.clone()).collect();
    let bits = |label: String| {
        let (values, _) = run.buffer(&label).unwrap();
        (label.clone(), values.iter().map(|v| v.to_bits()).collect())
    };
    (run.checksum(), labels.into_iter().map(bits).collect())
}

// --- Save and restore ---------------------------------------------------------------------------------------

#[test]
fn a_restored_run_continues_as_the_uninterrupted_one_bit_for_bit() {
    let data = small_data();
    for rule in rule_ids() {
        for base in [small(rule), small_autoencoder(rule)] {
            for mut config in variants(&base) {
                config.warmup = 5; // saved inside and after the warm-up
                for saved_at in [0, 3, 17] {
                    let mut whole = trainer(&config, &data);
                    whole.advance(saved_at).unwrap();
                    let mut second = restore(&whole.save(), &data).unwrap();
                    let what = format!("{} saved at {saved_at}", name(&config));
                    assert_eq!(second.config(), &config, "{what}");
                    assert_eq!(second.step(), saved_at, "{what}");
                    assert_eq!(state(&mut second), state(&mut whole), "{what}");
                    whole.advance(20).unwrap();
                    second.advance(20).unwrap();
                    assert_eq!(state(&mut second), state(&mut whole), "{what}, 20 steps on");
                    assert_eq!(second.save(), whole.save(), "{what}: the blobs");
                }
            }
        }
    }
}

#[test]
fn rates_changed_on_the_way_are_saved_with_the_run() {
    let data = small_data();
    let mut whole = trainer(&small("np"), &data);
    whole.advance(5).unwrap();
    let mut hyper = whole.config().hyper();
    (hyper.eta_w, hyper.eta_b, hyper.c_h) = (0.003, 0.02, 0.1);
    whole.set_hyper(&hyper).unwrap();
    let mut second = restore(&whole.save(), &data).unwrap();
    assert_eq!(second.config().hyper(), hyper);
    whole.advance(10).unwrap();
    second.advance(10).unwrap();
    assert_eq!(state(&mut second), state(&mut whole));
    hyper.c_h = f64::NAN;
    let before = second.config().clone();
    let error = second.set_hyper(&hyper).unwrap_err().to_string();
    assert!(error.starts_with("c_h: "), "{error}");
    assert_eq!(second.config(), &before, "a refused change changes nothing");
}

// Decimal text of an f64 reads back as the same f64 only with a parser that takes the trouble.
#[test]
fn every_rate_is_saved_to_the_last_bit() {
    let data = small_data();
    for i in 0..200 {
        let u = uniform(21, i, 4);
        let config = RunConfig {
            eta_w: u[0] * 1e-3,
            eta_b: u[1] * 1e-5,
            c_h: 1e-4 + u[2],
            gamma: u[3] * 1e3,
            ..small("np")
        };
        let run = restore(&trainer(&config, &data).save(), &data).unwrap();
        assert_eq!(run.config(), &config);
    }
}

// Sign-symmetric feedback is computed anew from W whenever errors are sent, also in a metric's pass; so the claim is
// about the run that follows, not about B between two steps.
#[test]
fn metrics_do_not_disturb_the_run() {
    let data = small_data();
    for rule in rule_ids() {
        for config in variants(&small(rule)) {
            let mut watched = trainer(&config, &data);
            let mut alone = trainer(&config, &data);
            for _ in 0..5 {
                watched.metrics();
                watched.activities(credit_lab::data::SplitName::Test, &[0, 3], 1).unwrap();
                watched.advance(3).unwrap();
            }
            alone.advance(15).unwrap();
            assert_eq!(state(&mut watched), state(&mut alone), "{}", name(&config));
        }
    }
}

// --- Files that are not what they should be -----------------------------------------------------------------

fn saved() -> (Vec<u8>, Arc<Dataset>) {
    let data = small_data();
    let config =
        RunConfig { feedback: FeedbackLearner::Ridge, optimizer: Optimizer::Adam, ..small("np") };
    let mut run = trainer(&config, &data);
    run.advance(3).unwrap();
    (run.save(), data)
}

/// The message of a refusal; it must come from the snapshot or from the configuration inside it.
fn refusal(bytes: &[u8], data: &Arc<Dataset>) -> String {
    match restore(bytes, data) {
        Ok(_) => panic!("a bad file was accepted"),
        Err(error) => {
            assert!(matches!(error.code(), "snapshot" | "config"), "{error:?}");
            error.to_string()
        }
    }
}

/// Puts the right checksum on an altered blob: what a hostile file would have.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let body = bytes.len() - 4;
    let mut crc = flate2::Crc::new();
    crc.update(&bytes[..body]);
    let sum = crc.sum().to_le_bytes();
    bytes[body..].copy_from_slice(&sum);
    bytes
}

/// A blob with its description replaced and sealed again.
fn described(bytes: &[u8], json: &[u8]) -> Vec<u8> {
    let length = u32::from_le_bytes(bytes[8..12].try_into().unwrap()) as usize;
    let mut out = bytes[..8].to_vec();
    out.extend(u32::try_from(json.len()).unwrap().to_le_bytes());
    out.extend(json);
    out.extend(&bytes[12 + length..]);
    sealed(out)
}

fn description(bytes: &[u8]) -> Value {
    let length = u32::from_le_bytes(bytes[8..12].try_into().unwrap()) as usize;
    serde_json::from_slice(&bytes[12..12 + length]).unwrap()
}

fn altered(bytes: &[u8], change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut value = description(bytes);
    change(&mut value);
    described(bytes, &serde_json::to_vec(&value).unwrap())
}

#[test]
fn the_altering_helpers_reproduce_the_blob() {
    let (bytes, data) = saved();
    assert!(restore(&sealed(bytes.clone()), &data).is_ok());
    assert!(restore(&altered(&bytes, |_| {}), &data).is_ok());
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let (bytes, data) = saved();
    // every length in the header, then a sample up to one byte short
    let lengths =
        (0..600).chain((600..bytes.len()).step_by(97)).chain([bytes.len() - 4, bytes.len() - 1]);
    for length in lengths {
        let message = refusal(&bytes[..length], &data);
        assert!(message.contains("cut off"), "{length}: {message}");
        assert!(message.contains("save the run again"), "{length}: {message}");
    }
    // cut, but sealed by somebody: each length is found out by its content
    for length in (16..bytes.len()).step_by(211) {
        refusal(&sealed(bytes[..length].to_vec()), &data);
    }
}

#[test]
fn a_flipped_bit_anywhere_is_refused() {
    let (bytes, data) = saved();
    let mut damaged = bytes.clone();
    for at in (0..64).chain((64..bytes.len()).step_by(37)) {
        for bit in [0, 3, 7] {
            damaged[at] ^= 1 << bit;
            refusal(&damaged, &data);
            damaged[at] ^= 1 << bit;
        }
    }
    damaged.push(0);
    refusal(&damaged, &data);
}

#[test]
fn bytes_of_anything_else_are_refused() {
    let data = small_data();
    for file in [&b""[..], b"PK\x03\x04", b"{\"config\":{}}", b"\x89PNG\r\n\x1a\n0123456789"] {
        let message = refusal(file, &data);
        assert!(
            message.contains("not a Credit Lab run") || message.contains("cut off"),
            "{message}"
        );
    }
    for i in 0..200 {
        let random: Vec<u8> = words(4, i, 10 * i as usize).iter().map(|w| *w as u8).collect();
        refusal(&random, &data);
    }
}

#[test]
fn another_version_is_named() {
    let (mut bytes, data) = saved();
    bytes[7] = 9;
    let message = refusal(&sealed(bytes), &data);
    assert!(message.contains("version 9") && message.contains("version 1"), "{message}");
}

#[test]
fn other_data_are_refused_with_both_names() {
    let (bytes, _) = saved();
    let other = [
        random_data(3, 4, 5, 4),              // other pixels
        random_data_of(3, 4, 5, (98, 31), 3), // one more
        random_data_of(3, 4, 5, (97, 30), 3), // a test image less
    ];
    for data in other {
        let message = refusal(&bytes, &data);
        assert!(message.contains("97 training and 31 test images"), "{message}");
        assert!(message.contains("load the same data first"), "{message}");
    }
    // the same images under another name are the same data
    let renamed = Dataset { name: "copy".into(), ..(*small_data()).clone() };
    assert!(restore(&bytes, &Arc::new(renamed)).is_ok());
}

#[test]
fn absurd_lengths_in_the_header_are_refused() {
    let (bytes, data) = saved();
    for length in [0u32, 1, 0x7fff_ffff, 0xffff_ffff, bytes.len() as u32, bytes.len() as u32 - 16] {
        let mut bad = bytes.clone();
        bad[8..12].copy_from_slice(&length.to_le_bytes());
        refusal(&sealed(bad), &data);
    }
}

#[test]
fn hostile_descriptions_are_refused() {
    let (bytes, data) = saved();
    let refuse = |what: &str, change: &dyn Fn(&mut Value)| {
        let message = refusal(&altered(&bytes, |v| change(v)), &data);
        println!("{what}: {message}");
        assert!(!message.is_empty() && message.len() < 400, "{what}: {message}");
    };
    let huge = json!(usize::MAX);
    let set = |path: &'static str, value: Value| {
        move |v: &mut Value| *v.pointer_mut(path).unwrap() = value.clone()
    };
    for side in ["rows", "cols"] {
        let path: &'static str = if side == "rows" { "/buffers/0/rows" } else { "/buffers/0/cols" };
        refuse(side, &set(path, huge.clone()));
        refuse(side, &set(path, json!(1u64 << 40)));
        refuse(side, &set(path, json!(0)));
        refuse(side, &set(path, json!(-1)));
    }
    refuse("both sides", &|v| {
        v["buffers"][0] = json!({"label": "W1", "rows": 1u64 << 33, "cols": 1u64 << 33});
    });
    refuse("a missing buffer", &|v| {
        v["buffers"][0]["label"] = json!("Wrong");
    });
    refuse("no buffers", &set("/buffers", json!([])));
    refuse("a transposed buffer", &|v| {
        let shape = v["buffers"][0].clone();
        v["buffers"][0]["rows"] = shape["cols"].clone();
        v["buffers"][0]["cols"] = shape["rows"].clone();
    });
    refuse("sizes", &set("/config/sizes", json!([12, usize::MAX, 5])));
    refuse("sizes", &set("/config/sizes", json!([12, 8192, 8192, 8192, 5])));
    refuse("sizes", &set("/config/sizes", json!([12, 0, 5])));
    refuse("sizes", &set("/config/sizes", json!([])));
    refuse("sizes", &set("/config/sizes", json!([13, 9, 7, 5])));
    refuse("sizes", &set("/config/sizes", json!([12, 9, 8, 5])));
    refuse("sizes", &set("/config/sizes", json!("many")));
    refuse("batch", &set("/config/batch", json!(1u64 << 40)));
    refuse("probe", &set("/config/probe", json!(1u64 << 40)));
    refuse("seed", &set("/config/seed", json!(u64::MAX)));
    refuse("rule", &set("/config/rule", json!("none such")));
    refuse("rate", &set("/config/eta_w", json!(1e300)));
    refuse("rate", &set("/config/eta_w", Value::Null));
    refuse("rate", &set("/config/c_h", json!(0.0)));
    refuse("step", &set("/step", json!(u64::MAX)));
    refuse("step", &set("/step", json!(1u64 << 60)));
    refuse("step", &set("/step", json!(-1)));
    refuse("no config", &|v| {
        v.as_object_mut().unwrap().remove("config");
    });
    refuse("unknown setting", &|v| v["config"]["more"] = json!(1));
    for text in [&b"[[[[[["[..], b"null", b"{", b"\xff\xff", &b"[".repeat(100_000)] {
        refusal(&described(&bytes, text), &data);
    }
}

// --- Settings -------------------------------------------------------------------------------------------------

/// The refused setting and its message.
fn config_error(config: &RunConfig) -> (String, String) {
    match config.check() {
        Err(Error::Config { field, message }) => (field, message),
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[test]
fn settings_that_cannot_run_are_refused_by_name() {
    use Activation::{Identity, Relu, Softmax, Tanh};
    let base = small("np");
    let cases: Vec<(&str, RunConfig)> = vec![
        ("sizes (weight layers)", RunConfig { sizes: vec![12], ..base.clone() }),
        ("sizes (weight layers)", RunConfig { sizes: vec![], ..base.clone() }),
        ("sizes (weight layers)", RunConfig { sizes: vec![3; 34], ..base.clone() }),
        ("sizes", RunConfig { sizes: vec![12, 0, 7, 5], ..base.clone() }),
        ("sizes", RunConfig { sizes: vec![12, 9000, 7, 5], ..base.clone() }),
        ("sizes", RunConfig { sizes: vec![8192, 8192, 8192, 5], ..base.clone() }),
        ("sizes", RunConfig { sizes: vec![12, usize::MAX, 7, 5], ..base.clone() }),
        ("activations", RunConfig { activations: vec![Tanh; 2], ..base.clone() }),
        ("activations", RunConfig { activations: vec![Softmax, Tanh, Identity], ..base.clone() }),
        ("activations", RunConfig { activations: vec![Tanh, Relu, Softmax], ..base.clone() }),
        ("activations", RunConfig { loss: Loss::CrossEntropy, ..base.clone() }),
        ("rule", RunConfig { rule: "backprop".into(), ..base.clone() }),
        ("batch", RunConfig { batch: 0, ..base.clone() }),
        ("batch", RunConfig { batch: 5000, ..base.clone() }),
        ("probe", RunConfig { probe: 0, ..base.clone() }),
        ("seed", RunConfig { seed: MAX_SEED + 1, ..base.clone() }),
        ("eta_w", RunConfig { eta_w: -1e-9, ..base.clone() }),
        ("eta_w", RunConfig { eta_w: f64::NAN, ..base.clone() }),
        ("eta_b", RunConfig { eta_b: f64::INFINITY, ..base.clone() }),
        ("c_h", RunConfig { c_h: 0.0, ..base.clone() }),
        ("gamma", RunConfig { gamma: -0.1, ..base.clone() }),
        ("kappa", RunConfig { kappa: 1.5, ..base.clone() }),
        ("input_noise", RunConfig { input_noise: -1.0, ..base.clone() }),
        ("noise", RunConfig { noise: Noise::Activations, ..base.clone() }),
        ("feedback", RunConfig { feedback: FeedbackLearner::Ridge, ..small("fa") }),
        ("optimizer", RunConfig { optimizer: Optimizer::Adam, ..small("matched") }),
        ("sizes", RunConfig { task: Task::Autoencoder, ..base.clone() }),
    ];
    for (field, config) in cases {
        let (found, message) = config_error(&config);
        assert_eq!(found, field, "{message}");
        assert!(message.len() > 10, "{field}: {message}");
        assert_eq!(Error::config(found, message).code(), "config");
    }
    for rule in rule_ids() {
        small(rule).check().unwrap();
        small_autoencoder(rule).check().unwrap();
    }
}

#[test]
fn a_network_that_does_not_fit_the_data_is_refused() {
    let data = small_data();
    let error = |config: RunConfig| {
        Trainer::<f32>::new(config, data.clone(), Arithmetic::Reproducible)
            .err()
            .unwrap()
            .to_string()
    };
    let message = error(RunConfig { sizes: vec![11, 9, 7, 5], ..small("bp") });
    assert!(message.contains("11 units") && message.contains("12 pixels"), "{message}");
    let message = error(RunConfig { sizes: vec![12, 9, 7, 4], ..small("bp") });
    assert!(message.contains("4 units") && message.contains("5 classes"), "{message}");
}

#[test]
fn unknown_layers_and_samples_are_refused() {
    use credit_lab::data::SplitName::Test;
    let mut run = trainer(&small("bp"), &small_data());
    assert_eq!(run.activities(Test, &[0], 4).unwrap_err().code(), "config");
    assert_eq!(run.activities(Test, &[31], 1).unwrap_err().code(), "data");
    assert_eq!(run.activities(Test, &[30, 0], 3).unwrap().len(), 10);
    assert!(run.buffer("B2").is_none() && run.buffer("W4").is_none());
}

// --- Divergence -----------------------------------------------------------------------------------------------

#[test]
fn a_run_that_diverges_stops_and_names_layer_and_step() {
    let data = small_data();
    for act in [Activation::Relu, Activation::Tanh, Activation::Sigmoid] {
        for rule in ["bp", "fa", "np", "sg", "perturb"] {
            let config = RunConfig {
                activations: vec![act, act, Activation::Identity],
                eta_w: 90.0,
                eta_b: 1e-6,
                ..small(rule)
            };
            let mut run = trainer(&config, &data);
            let error = run.advance(500).unwrap_err();
            let Error::Diverged { step, what } = &error else { panic!("{act:?} {rule}: {error}") };
            assert_eq!(*step, run.step(), "{act:?} {rule}");
            assert!(*step > 1 && *step < 200, "{act:?} {rule}: {error}");
            assert!(what.starts_with("layer ") && what.contains('('), "{act:?} {rule}: {what}");
            let text = error.to_string();
            assert!(
                text.contains(&format!("step {step}")) && text.contains("lower the learning rate"),
                "{text}"
            );
            assert_eq!(error.code(), "diverged");
            println!("{act:?} {rule}: {text}");
            // it stays stopped, and the metrics of a broken run do not panic
            assert_eq!(run.advance(5).unwrap_err().code(), "diverged");
            run.metrics();
        }
    }
}

// The step's own update carries NaN down into W1 before anybody looks; the layer where it began is named all the same.
#[test]
fn divergence_is_blamed_on_the_first_layer_that_has_it() {
    let data = small_data();
    for (label, value, layer) in [
        ("W1", f32::NAN, "layer 1 (activity h1)"),
        ("W2", f32::NAN, "layer 2 (activity h2)"),
        ("b2", f32::INFINITY, "layer 2 (activity h2)"),
        ("b3", f32::NEG_INFINITY, "layer 3 (activity h3)"),
        // finite, but its square is not
        ("b3", 1e30, "layer 3 (loss of its output h3)"),
    ] {
        for rule in rule_ids() {
            let mut run = trainer(&small(rule), &data);
            let (_, buf) = run.buffer(label).unwrap();
            run.executor().write(buf)[1] = value;
            let error = run.advance(1).unwrap_err().to_string();
            assert!(
                error.contains("at step 1:") && error.contains(layer),
                "{rule} {label}: {error}"
            );
        }
    }
}

#[test]
fn a_feedback_that_diverges_is_found_too() {
    let data = small_data();
    let config = RunConfig { eta_b: 100.0, eta_w: 0.01, c_h: 1e-3, ..small("np") };
    let error = trainer(&config, &data).advance(2000).unwrap_err();
    assert_eq!(error.code(), "diverged", "{error}");
}

#[test]
fn feedback_that_is_no_longer_finite_stops_a_run_whose_forward_weights_are_frozen() {
    let mut config = small("np");
    config.freeze_forward = true;
    config.warmup = 0;
    config.eta_b = 100.0;
    config.c_h = 1.0;
    let mut run = Trainer::<f32>::new(config, small_data(), Arithmetic::Reproducible).unwrap();
    let error = run.advance(20_000).unwrap_err();
    assert_eq!(error.code(), "diverged");
    let text = error.to_string();
    assert!(text.contains("feedback weights B") && text.contains("eta_B"), "{text}");
}
