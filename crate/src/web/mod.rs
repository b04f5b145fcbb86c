//! The page's view of the core: classes over the trainer, plain objects for configurations and metrics,
//! typed arrays for numbers. No logic to test: everything here is a call and a conversion.
//!
//! Every error is a JavaScript `Error` with the message of [`crate::base::Error`] and its code in `code`.

#![allow(clippy::needless_pass_by_value, reason = "values from JavaScript arrive owned")]

mod data;
mod experiments;
mod gpu;
mod simulator;

use crate::base::{Error, rng};
use crate::config::{Optimizer, Task};
use crate::rules;
use js_sys::{Object, Reflect};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wasm_bindgen::prelude::*;

pub use data::{DataLoader, DataSet};
pub use experiments::{list_presets, presets_for, synthetic_dataset};
pub use gpu::Gpu;
pub use simulator::Simulator;

/// A core error as a JavaScript one.
fn throw(error: &Error) -> JsValue {
    let value = js_sys::Error::new(&error.to_string());
    // Setting a property on a fresh object cannot fail.
    let _ = Reflect::set(&value, &"code".into(), &error.code().into());
    value.into()
}

/// A plain JavaScript object: maps as objects, `None` as null.
fn object(value: &impl Serialize) -> Result<JsValue, JsValue> {
    let serializer = serde_wasm_bindgen::Serializer::json_compatible();
    value.serialize(&serializer).map_err(|e| throw(&Error::internal(e.to_string())))
}

/// A value from JavaScript. Keys that nobody knows are refused: read silently, a misspelt rate would seem
/// to be set.
fn parse<T: DeserializeOwned + Serialize>(field: &str, value: &JsValue) -> Result<T, JsValue> {
    let parsed: T = serde_wasm_bindgen::from_value(value.clone())
        .map_err(|e| throw(&Error::config(field, e.to_string())))?;
    if let (Some(object), Ok(Value::Object(known))) =
        (value.dyn_ref::<Object>(), serde_json::to_value(&parsed))
    {
        for key in Object::keys(object).iter().filter_map(|key| key.as_string()) {
            if !known.contains_key(&key) {
                let names: Vec<&str> = known.keys().map(String::as_str).collect();
                let message = format!("there is no such setting; there are {}", names.join(", "));
                return Err(throw(&Error::config(key, message)));
            }
        }
    }
    Ok(parsed)
}

/// All learning rules, in the order a page lists them.
///
/// # Errors
/// None in practice; the conversion is fallible.
#[wasm_bindgen(js_name = rules, unchecked_return_type = "RuleInfo[]")]
pub fn list_rules() -> Result<JsValue, JsValue> {
    object(&rules::all().iter().map(|rule| rule.info()).collect::<Vec<_>>())
}

/// The paper's configuration of a task for a rule.
///
/// # Errors
/// `config`: no such task or rule.
#[wasm_bindgen(js_name = defaultConfig, unchecked_return_type = "RunConfig")]
pub fn default_config(
    #[wasm_bindgen(unchecked_param_type = "Task")] task: JsValue,
    rule: &str,
    #[wasm_bindgen(unchecked_param_type = "\"sgd\" | \"adam\" | undefined")] optimizer: JsValue,
) -> Result<JsValue, JsValue> {
    let task: Task = parse("task", &task)?;
    let optimizer =
        if optimizer.is_undefined() { Optimizer::Sgd } else { parse("optimizer", &optimizer)? };
    object(&crate::experiments::default_config(task, rule, optimizer).map_err(|e| throw(&e))?)
}

/// A seed from the browser's entropy.
///
/// # Errors
/// `internal`: the browser gives none.
#[wasm_bindgen(js_name = randomSeed)]
pub fn random_seed() -> Result<f64, JsValue> {
    rng::random_seed().map(|seed| seed as f64).map_err(|e| throw(&e))
}

/// Version of the core.
#[wasm_bindgen]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").into()
}

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("types.d.ts");
