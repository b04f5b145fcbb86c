//! The core in a real browser: the same bits as natively, for every rule and both tasks (the numbers that
//! `determinism.rs` recorded), and the classes that the page uses.

#![cfg(all(target_arch = "wasm32", feature = "web"))]
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

mod common;

use common::{golden_runs, outcome, rule_ids, small, small_data, trainer};
use credit_lab::data::{Dataset, Loader, Split};
use credit_lab::web::{self, DataLoader, DataSet, Simulator};
use js_sys::{Object, Promise, Reflect};
use serde::Serialize;
use serde_json::{Map, Value};
use std::sync::Arc;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{console_log, wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

const RECORDED: &str = include_str!("../../tests/golden/checksums.json");

#[wasm_bindgen_test]
fn every_run_ends_in_the_bits_that_were_recorded_natively() {
    let recorded: Map<String, Value> = serde_json::from_str(RECORDED).unwrap();
    let runs = golden_runs();
    assert_eq!(runs.len(), recorded.len(), "record them again, see determinism.rs");
    let mut differing = Vec::new();
    for run in &runs {
        let (found, wanted) = (outcome(run), &recorded[&run.name]);
        if found != *wanted {
            differing.push(format!("{}: {found}, natively {wanted}", run.name));
        }
    }
    assert!(
        differing.is_empty(),
        "{} of {} runs differ\n{}",
        differing.len(),
        runs.len(),
        differing.join("\n")
    );
    console_log!("{} runs have the native bits", runs.len());
}

// --- The page's classes ---------------------------------------------------------------------------------------

/// Four IDX files of a small data set, as the page would be given them.
fn files(data: &Dataset) -> Vec<(String, Vec<u8>)> {
    let header = |magic: u32, sizes: &[usize]| {
        let words = std::iter::once(magic).chain(sizes.iter().map(|n| *n as u32));
        words.flat_map(u32::to_be_bytes).collect::<Vec<u8>>()
    };
    let of = |name: &str, split: &Split| {
        let images = [header(0x803, &[split.len(), data.rows, data.cols]), split.images.clone()];
        let labels = [header(0x801, &[split.len()]), split.labels.clone()];
        [(format!("{name}-images"), images.concat()), (format!("{name}-labels"), labels.concat())]
    };
    of("train", &data.train).into_iter().chain(of("test", &data.test)).collect()
}

/// The data set through the page's loader, in pieces, and the same natively.
fn data() -> (DataSet, Arc<Dataset>) {
    let source = common::random_data(3, 4, 10, 3);
    let mut loader = DataLoader::new();
    let mut native = Loader::new();
    for (name, bytes) in files(&source) {
        loader.begin(&name);
        bytes.chunks(100).for_each(|piece| loader.push(piece).unwrap());
        loader.end().unwrap();
        native.add_file(&name, &bytes).unwrap();
    }
    assert!(loader.missing().is_empty());
    (loader.finish().unwrap(), Arc::new(native.finish().unwrap()))
}

fn ten_classes(rule: &str) -> credit_lab::config::RunConfig {
    credit_lab::config::RunConfig { sizes: vec![12, 9, 7, 10], ..small(rule) }
}

/// A plain JavaScript object, as the page makes it.
fn plain(value: &impl Serialize) -> JsValue {
    value.serialize(&serde_wasm_bindgen::Serializer::json_compatible()).unwrap()
}

fn get(object: &JsValue, key: &str) -> JsValue {
    Reflect::get(object, &key.into()).unwrap()
}

fn number(object: &JsValue, key: &str) -> f64 {
    get(object, key).as_f64().unwrap()
}

/// A simulator of the small network and the data it runs on.
fn simulator(rule: &str) -> (Simulator, DataSet) {
    let (data, _) = data();
    (Simulator::new(plain(&ten_classes(rule)), &data).unwrap(), data)
}

/// What a promise gives.
async fn given(promise: Promise) -> Result<JsValue, JsValue> {
    JsFuture::from(promise).await
}

/// The floats that a promise gives.
async fn floats(promise: Promise) -> Vec<f32> {
    js_sys::Float32Array::from(given(promise).await.unwrap()).to_vec()
}

/// The text that a promise gives.
async fn text(promise: Promise) -> String {
    given(promise).await.unwrap().as_string().unwrap()
}

/// The bytes that a promise gives.
async fn bytes(promise: Promise) -> Vec<u8> {
    js_sys::Uint8Array::from(given(promise).await.unwrap()).to_vec()
}

/// (code, message) of what JavaScript catches.
fn caught<T>(result: Result<T, JsValue>) -> (String, String) {
    let error = result.err().unwrap();
    assert!(error.is_instance_of::<js_sys::Error>());
    (get(&error, "code").as_string().unwrap(), get(&error, "message").as_string().unwrap())
}

#[wasm_bindgen_test]
async fn a_simulator_is_the_native_run() {
    let (set, native) = data();
    for rule in rule_ids() {
        let simulator = Simulator::new(plain(&ten_classes(rule)), &set).unwrap();
        let mut run = trainer(&ten_classes(rule), &native);
        assert_eq!(simulator.advance(20).unwrap(), 20.0);
        run.advance(20).unwrap();
        assert_eq!(text(simulator.checksum()).await, format!("{:016x}", run.checksum()), "{rule}");
        assert_eq!(floats(simulator.weights(2)).await, run.buffer("W2").unwrap().0);
        let feedback = run.buffer("B2").map(|(b, _)| b.to_vec());
        let found = given(simulator.feedback_weights(2)).await.unwrap();
        let found = (!found.is_undefined()).then(|| js_sys::Float32Array::from(found).to_vec());
        assert_eq!(found, feedback, "{rule}");
        assert_eq!(simulator.step(), 20.0);
        assert_eq!(simulator.parameters(), 12 * 9 + 9 + 9 * 7 + 7 + 7 * 10 + 10);
        assert!(simulator.flops_per_step() > 0.0);
        assert!(simulator.plan_text().contains("W3 -= eta_W"), "{}", simulator.plan_text());
    }
}

#[wasm_bindgen_test]
async fn metrics_are_a_plain_object() {
    let (simulator, _data) = simulator("np");
    simulator.advance(5).unwrap();
    let metrics = given(simulator.metrics()).await.unwrap();
    assert_eq!(number(&metrics, "step"), 5.0);
    for key in ["train_loss", "test_loss", "running_loss", "test_accuracy"] {
        assert!(number(&metrics, key) >= 0.0, "{key}");
    }
    let layers = js_sys::Array::from(&get(&metrics, "layers"));
    assert_eq!(layers.length(), 2);
    assert_eq!(get(&layers.get(0), "name").as_string().unwrap(), "W2");
    assert!((0.0..=180.0).contains(&number(&layers.get(0), "angle")));
    // without steps in between there is no running loss: null, not missing and not NaN
    let again = given(simulator.metrics()).await.unwrap();
    assert!(get(&again, "running_loss").is_null());
}

#[wasm_bindgen_test]
async fn activities_come_as_rows_of_samples() {
    let (simulator, data) = simulator("bp");
    let outputs = floats(simulator.outputs("test", &[0, 30, 7]).unwrap()).await;
    assert_eq!(outputs.len(), 30);
    assert_eq!(floats(simulator.outputs("test", &[7]).unwrap()).await, outputs[20..]);
    assert_eq!(floats(simulator.latent("train", 11).unwrap()).await.len(), 11 * 7);
    assert_eq!(floats(simulator.outputs("train", &[]).unwrap()).await.len(), 0);
    assert_eq!(caught(simulator.outputs("validation", &[0])).0, "config");
    assert_eq!(caught(given(simulator.outputs("test", &[31]).unwrap()).await).0, "data");
    assert_eq!(caught(given(simulator.weights(9)).await).0, "config");
    assert_eq!(data.image("train", 3).unwrap().len(), 12);
    assert_eq!(data.labels("test").unwrap().len(), 31);
    assert_eq!((data.train_count(), data.test_count(), data.classes()), (97, 31, 10));
}

#[wasm_bindgen_test]
async fn a_step_laid_open_has_the_fields_of_its_rule() {
    let array = |value: &JsValue| js_sys::Float32Array::new(value).to_vec();
    for rule in rule_ids() {
        let (simulator, _data) = simulator(rule);
        simulator.advance(3).unwrap();
        let w = floats(simulator.weights(2)).await;
        let view = given(simulator.next_step()).await.unwrap();
        assert_eq!(number(&view, "step"), 3.0);
        assert_eq!(js_sys::Uint32Array::new(&get(&view, "samples")).length(), 8);
        assert_eq!(array(&get(&view, "input")).len(), 8 * 12);
        assert_eq!(array(&get(&view, "loss")).len(), 8);
        let perturbs = ["np", "np-dfa", "perturb"].contains(&rule);
        assert_eq!(get(&view, "difference").is_null(), !perturbs, "{rule}");
        let layers = js_sys::Array::from(&get(&view, "layers"));
        assert_eq!(layers.length(), 3);
        let second = layers.get(1);
        let keys: Vec<String> = Object::keys(second.unchecked_ref::<Object>())
            .iter()
            .map(|k| k.as_string().unwrap())
            .collect();
        let wanted = ["units", "h", "noisy", "xi", "lambdaHat", "lambda", "truth", "e", "dW", "dB"];
        assert_eq!(keys, wanted);
        assert_eq!(number(&second, "units"), 7.0);
        for key in ["h", "lambda", "truth", "e"] {
            assert_eq!(array(&get(&second, key)).len(), 8 * 7, "{rule} {key}");
        }
        for key in ["noisy", "xi", "lambdaHat"] {
            assert_eq!(get(&second, key).is_null(), !perturbs, "{rule} {key}");
        }
        assert!(get(&layers.get(2), "truth").is_null());
        simulator.advance(1).unwrap();
        let decay = if rule == "matched" { 0.99 } else { 1.0 };
        for ((now, w), g) in
            floats(simulator.weights(2)).await.iter().zip(&w).zip(array(&get(&second, "dW")))
        {
            assert!((now - (decay * w - 0.01 * g)).abs() < 1e-5, "{rule}");
        }
    }
}

#[wasm_bindgen_test]
async fn any_image_and_any_code_get_an_answer() {
    let (simulator, data) = simulator("np");
    simulator.advance(3).unwrap();
    let image: Vec<f32> =
        data.image("test", 4).unwrap().iter().map(|p| f32::from(*p) / 255.0).collect();
    let layers = js_sys::Array::from(&given(simulator.respond(image)).await.unwrap());
    let layer = |l: u32| js_sys::Float32Array::new(&layers.get(l)).to_vec();
    let outputs = floats(simulator.outputs("test", &[4]).unwrap()).await;
    assert_eq!((layers.length(), layer(2)), (3, outputs.clone()));
    assert_eq!(floats(simulator.decode(layer(1))).await, outputs);
    assert_eq!(caught(given(simulator.respond(vec![0.5; 11])).await).0, "config");
    assert_eq!(caught(given(simulator.respond(vec![f32::NAN; 12])).await).0, "config");
    assert_eq!(caught(given(simulator.decode(vec![0.5; 3])).await).0, "config");
}

#[wasm_bindgen_test]
async fn estimates_and_a_check_of_the_gradient_come_as_objects() {
    for (rule, delivers) in [("np", true), ("bp", true), ("perturb", false)] {
        let (simulator, _data) = simulator(rule);
        let found = given(simulator.estimates(1, 8, 20)).await.unwrap();
        for key in ["truth", "estimate"] {
            assert_eq!(js_sys::Float32Array::new(&get(&found, key)).length(), 24, "{rule} {key}");
        }
        assert_eq!(!get(&found, "delivered").is_null(), delivers, "{rule}");
        assert_eq!(caught(given(simulator.estimates(1, 9, 20)).await).0, "config");
        let check = given(simulator.gradient_check()).await.unwrap();
        let layers = js_sys::Array::from(&get(&check, "layers"));
        assert_eq!(layers.length(), 3);
        for (l, layer) in (1..).zip(layers.iter()) {
            assert_eq!(get(&layer, "name").as_string().unwrap(), format!("W{l}"));
            assert!(number(&layer, "checked") >= 10.0 && number(&layer, "worst") < 1e-7);
        }
    }
}

#[wasm_bindgen_test]
fn a_configuration_survives_the_way_to_javascript_and_back() {
    let (set, _) = data();
    for rule in rule_ids() {
        for task in ["autoencoder", "classifier"] {
            let config = web::default_config(task.into(), rule, JsValue::UNDEFINED).unwrap();
            assert_eq!(get(&config, "rule").as_string().unwrap(), rule);
            // as a link or a stored text would have it
            let text = js_sys::JSON::stringify(&config).unwrap();
            let config = js_sys::JSON::parse(&text.as_string().unwrap()).unwrap();
            let sizes = if task == "autoencoder" {
                [12.0, 5.0, 2.0, 5.0, 12.0].to_vec()
            } else {
                [12.0, 6.0, 5.0, 10.0].to_vec()
            };
            let sizes: js_sys::Array = sizes.into_iter().map(JsValue::from).collect();
            Reflect::set(&config, &"sizes".into(), &sizes).unwrap();
            // the largest seed is beyond 32 bits
            Reflect::set(&config, &"seed".into(), &9_007_199_254_740_991f64.into()).unwrap();
            let simulator = Simulator::new(config.clone(), &set).unwrap();
            let back = simulator.config().unwrap();
            assert_eq!(
                js_sys::JSON::stringify(&back).unwrap().as_string(),
                js_sys::JSON::stringify(&config).unwrap().as_string(),
                "{rule} {task}"
            );
        }
    }
    let adam = web::default_config("autoencoder".into(), "bp", "adam".into()).unwrap();
    assert_eq!(get(&adam, "optimizer").as_string().unwrap(), "adam");
}

#[wasm_bindgen_test]
fn rules_describe_themselves() {
    let rules = js_sys::Array::from(&web::list_rules().unwrap());
    let ids: Vec<String> = rules.iter().map(|r| get(&r, "id").as_string().unwrap()).collect();
    assert_eq!(ids, rule_ids());
    for rule in rules.iter() {
        let hypers = js_sys::Array::from(&get(&rule, "hypers"));
        assert_eq!(get(&hypers.get(0), "key").as_string().unwrap(), "eta_w");
        assert!(number(&hypers.get(0), "min") < number(&hypers.get(0), "max"));
    }
}

#[wasm_bindgen_test]
fn errors_carry_a_code_and_a_sentence() {
    let (set, _) = data();
    let new = |change: &dyn Fn(&Object)| {
        let config: Object = plain(&ten_classes("np")).unchecked_into();
        change(&config);
        caught(Simulator::new(config.into(), &set))
    };
    let set_to = |key: &'static str, value: JsValue| {
        move |o: &Object| {
            Reflect::set(o, &key.into(), &value).unwrap();
        }
    };
    for (key, value, says) in [
        ("rule", JsValue::from("none"), "no rule `none`"),
        ("batch", JsValue::from(0), "batch: 0"),
        ("batch", JsValue::from(-1), "config"),
        ("batch", JsValue::from(1.5), "config"),
        ("batch", JsValue::from(1e12), ""),
        ("eta_w", JsValue::from(f64::NAN), "eta_w"),
        ("eta_w", JsValue::from("fast"), "config"),
        ("sizes", JsValue::NULL, "config"),
        ("task", JsValue::from("regression"), "config"),
    ] {
        let (code, message) = new(&set_to(key, value.clone()));
        assert_eq!(code, "config", "{key} {value:?}");
        assert!(message.contains(says), "{key} {value:?}: {message}");
    }
    assert_eq!(caught(Simulator::new(JsValue::UNDEFINED, &set)).0, "config");
    assert_eq!(
        caught(web::default_config("regression".into(), "np", JsValue::UNDEFINED)).0,
        "config"
    );
    assert_eq!(
        caught(web::default_config("classifier".into(), "none", JsValue::UNDEFINED)).0,
        "config"
    );
    assert_eq!(caught(DataSet::embedded(b"nothing")).0, "data");
    assert_eq!(caught(DataLoader::new().finish()).0, "data");
}

#[wasm_bindgen_test]
fn rates_change_one_at_a_time_or_not_at_all() {
    let (simulator, _data) = simulator("np");
    let change = |key: &str, value: JsValue| -> JsValue {
        let changes = Object::new();
        Reflect::set(&changes, &key.into(), &value).unwrap();
        changes.into()
    };
    let before = simulator.config().unwrap();
    simulator.set_hyper(change("eta_b", 0.5.into())).unwrap();
    let after = simulator.config().unwrap();
    assert_eq!(number(&after, "eta_b"), 0.5);
    assert_eq!(number(&after, "eta_w"), number(&before, "eta_w"));
    for (key, value) in [
        ("c_h", 0.0.into()),
        ("eta_w", f64::NAN.into()),
        ("kappa", "much".into()),
        // used once, when a run starts, and so no live rate
        ("gamma", 0.5.into()),
        // misspelt
        ("eta_W", 0.5.into()),
    ] {
        assert_eq!(caught(simulator.set_hyper(change(key, value))).0, "config", "{key}");
        assert_eq!(number(&simulator.config().unwrap(), "c_h"), number(&before, "c_h"));
    }
}

#[wasm_bindgen_test]
async fn a_step_of_one_part_leaves_the_other_weights() {
    let (simulator, _data) = simulator("np");
    let weights =
        async || (floats(simulator.weights(1)).await, floats(simulator.feedback_weights(2)).await);
    let start = weights().await;
    let step = given(simulator.advance_only("feedback", 3).unwrap()).await.unwrap();
    assert_eq!(step.as_f64(), Some(3.0));
    let second = weights().await;
    assert_eq!(second.0, start.0);
    assert_ne!(second.1, start.1);
    given(simulator.advance_only("forward", 1).unwrap()).await.unwrap();
    let third = weights().await;
    assert_ne!(third.0, second.0);
    assert_eq!(third.1, second.1);
    assert_eq!(caught(simulator.advance_only("sideways", 1)).0, "config");
}

#[wasm_bindgen_test]
async fn a_saved_run_goes_on_bit_for_bit_and_is_the_native_file() {
    let (set, native) = data();
    for rule in rule_ids() {
        let whole = Simulator::new(plain(&ten_classes(rule)), &set).unwrap();
        whole.advance(7).unwrap();
        let blob = bytes(whole.save()).await;
        let mut run = trainer(&ten_classes(rule), &native);
        run.advance(7).unwrap();
        assert_eq!(blob, run.save(), "{rule}");
        let second = Simulator::restore(&blob, &set).unwrap();
        assert_eq!(second.step(), 7.0);
        whole.advance(13).unwrap();
        second.advance(13).unwrap();
        assert_eq!(text(second.checksum()).await, text(whole.checksum()).await, "{rule}");
    }
    let (simulator, _) = simulator("np");
    let mut blob = bytes(simulator.save()).await;
    let (code, message) = caught(Simulator::restore(&blob[..100], &set));
    assert!(code == "snapshot" && message.contains("cut off"), "{code}: {message}");
    let last = blob.len() - 20;
    blob[last] ^= 1;
    assert_eq!(caught(Simulator::restore(&blob, &set)).0, "snapshot");
    // usize has 32 bits here: a length that fits natively must not wrap
    blob[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
    let body = blob.len() - 4;
    let mut crc = flate2::Crc::new();
    crc.update(&blob[..body]);
    blob[body..].copy_from_slice(&crc.sum().to_le_bytes());
    assert_eq!(caught(Simulator::restore(&blob, &set)).0, "snapshot");
}

#[wasm_bindgen_test]
async fn a_run_that_diverges_throws_and_names_layer_and_step() {
    let (set, _) = data();
    let config = credit_lab::config::RunConfig { eta_w: 90.0, ..ten_classes("bp") };
    let simulator = Simulator::new(plain(&config), &set).unwrap();
    let (code, message) = caught(simulator.advance(500));
    assert_eq!(code, "diverged");
    assert!(message.contains("layer ") && message.contains("at step "), "{message}");
    given(simulator.metrics()).await.unwrap();
}

#[wasm_bindgen_test]
fn seeds_are_whole_numbers_javascript_holds() {
    let (a, b) = (web::random_seed().unwrap(), web::random_seed().unwrap());
    assert!(a != b && a.fract() == 0.0 && a <= 9_007_199_254_740_991.0);
    assert!(!web::version().is_empty());
    let _ = small_data();
}
