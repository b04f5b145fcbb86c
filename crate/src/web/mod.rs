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
use js_sys::{JSON, Object, Promise, Reflect};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::future::Future;
use std::pin::Pin;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

pub use data::{DataLoader, DataSet, PackedLoader};
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

/// What a promise will hold.
type Settled = Result<JsValue, JsValue>;

/// A promise of what a future gives, converted.
fn promise<T: 'static>(
    future: impl Future<Output = crate::base::Result<T>> + 'static,
    convert: impl FnOnce(T) -> Settled + 'static,
) -> Promise {
    begin(Box::pin(async move { future.await.map_err(|e| throw(&e)).and_then(convert) }))
}

/// One for all: a copy of what makes promises for each method would be a twentieth of the core.
#[inline(never)]
fn begin(future: Pin<Box<dyn Future<Output = Settled>>>) -> Promise {
    future_to_promise(future)
}

/// A plain object of what is there; what is not is null.
fn record(fields: &[(&str, Option<JsValue>)]) -> JsValue {
    let object = Object::new();
    for (key, value) in fields {
        let value = value.clone().unwrap_or(JsValue::NULL);
        // Setting a property on a fresh object cannot fail.
        let _ = Reflect::set(&object, &(*key).into(), &value);
    }
    object.into()
}

/// A value from JavaScript, by way of its JSON text: the one reader that snapshots have, too. Keys that nobody knows
/// are refused by the types: read silently, a misspelt rate would seem to be set.
fn parse<T: DeserializeOwned>(field: &str, value: &JsValue) -> Result<T, JsValue> {
    if let Some(object) = value.dyn_ref::<Object>() {
        // JSON would make them null, and the message would not say which
        for key in Object::keys(object).iter() {
            let number = Reflect::get(object, &key).ok().and_then(|value| value.as_f64());
            if let Some(number) = number.filter(|number| !number.is_finite()) {
                let key = key.as_string().unwrap_or_default();
                let message = format!("{number} is not a finite number");
                return Err(throw(&Error::config(key, message)));
            }
        }
    }
    let text = JSON::stringify(value)
        .map_err(|_| throw(&Error::config(field, "this is not plain data")))?
        .as_string()
        .unwrap_or_default();
    serde_json::from_str(&text).map_err(|e| throw(&Error::config(field, e.to_string())))
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
