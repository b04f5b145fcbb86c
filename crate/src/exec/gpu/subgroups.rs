//! Asks a browser for `subgroups`, which wgpu 30 has no name for there.
//!
//! The one call of `requestDevice` that wgpu makes goes through a trap that adds the feature where the adapter offers
//! it. The trap stands on the page's `GPUAdapter` only while that call is made, which is synchronous: no other code of
//! the page can run in between.

use js_sys::{Array, Function, Object, Proxy, Reflect};
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

const FEATURE: &str = "subgroups";

/// Makes the call with the trap in place, if the browser has such an object; and tells, once the call was made,
/// whether the feature was asked for.
pub fn asked_for<T>(call: impl FnOnce() -> T) -> (T, bool) {
    let asked = Rc::new(Cell::new(false));
    let Ok((prototype, own, proxy)) = trap(asked.clone()) else { return (call(), false) };
    let name = JsValue::from("requestDevice");
    let set = Reflect::set(&prototype, &name, proxy.0.as_ref()).unwrap_or(false);
    let result = call();
    if set {
        // what was a plain property before is one again
        let _ = Reflect::set(&prototype, &name, &own);
    }
    (result, asked.get())
}

/// Kept alive for the length of the call.
struct Trap(Proxy, #[expect(dead_code)] Apply);

type Apply = Closure<dyn Fn(Function, JsValue, Array) -> Result<JsValue, JsValue>>;

fn trap(asked: Rc<Cell<bool>>) -> Result<(JsValue, JsValue, Trap), JsValue> {
    let class = Reflect::get(&JsValue::from(js_sys::global()), &"GPUAdapter".into())?;
    let prototype = Reflect::get(&class, &"prototype".into())?;
    let own: Function = Reflect::get(&prototype, &"requestDevice".into())?.dyn_into()?;
    let apply: Apply = Closure::new(move |own: Function, adapter: JsValue, arguments: Array| {
        if offers(&adapter).unwrap_or(false) && add(&arguments.get(0)).is_ok() {
            asked.set(true);
        }
        own.apply(&adapter, &arguments)
    });
    let handler = Object::new();
    Reflect::set(&handler, &"apply".into(), apply.as_ref())?;
    let proxy = Proxy::new(&own, &handler);
    Ok((prototype, own.into(), Trap(proxy, apply)))
}

fn offers(adapter: &JsValue) -> Result<bool, JsValue> {
    let features = Reflect::get(adapter, &"features".into())?;
    let has: Function = Reflect::get(&features, &"has".into())?.dyn_into()?;
    Ok(has.call1(&features, &FEATURE.into())?.is_truthy())
}

fn add(descriptor: &JsValue) -> Result<(), JsValue> {
    let name = JsValue::from("requiredFeatures");
    let known = Reflect::get(descriptor, &name)?;
    let all = if known.is_undefined() { Array::new() } else { Array::from(&known) };
    all.push(&FEATURE.into());
    Reflect::set(descriptor, &name, &all).map(|_| ())
}
