//! Training on a GPU in a real browser: the checks of `gpu_common`, which run natively as well (`gpu.rs`).

#![cfg(all(target_arch = "wasm32", feature = "web", feature = "gpu"))]
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

mod common;
mod gpu_common;

use credit_lab::exec::gpu::Gpu;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen_test::{console_log, wasm_bindgen_test, wasm_bindgen_test_configure};
use web_time::Instant;

wasm_bindgen_test_configure!(run_in_browser);

thread_local! {
    /// One GPU for all checks that leave it in order: what one has compiled, the next need not compile again.
    static GPU: RefCell<Option<Rc<Gpu>>> = const { RefCell::new(None) };
}

/// Runs a check on the GPU of all checks.
async fn run(check: impl AsyncFnOnce(&Rc<Gpu>)) {
    // a check that failed leaves none behind: whatever ails it may not spread
    let gpu = match GPU.take() {
        Some(gpu) => gpu,
        None => Gpu::request().await.unwrap(),
    };
    let usual = gpu.tuning();
    timed(check, &gpu).await;
    assert_eq!(gpu.fault(), None);
    gpu.set_tuning(usual);
    GPU.set(Some(gpu));
}

/// Runs a check that gives its GPU up.
async fn lose(check: impl AsyncFnOnce(&Rc<Gpu>)) {
    let gpu = Gpu::request().await.unwrap();
    timed(check, &gpu).await;
    assert!(gpu.fault().is_some());
    // the memory of a device is free when it is destroyed, not when it is forgotten
    gpu.destroy();
}

async fn timed(check: impl AsyncFnOnce(&Rc<Gpu>), gpu: &Rc<Gpu>) {
    let begin = Instant::now();
    check(gpu).await;
    console_log!("{:.1} s", begin.elapsed().as_secs_f64());
}

macro_rules! tests {
    ($($room:ident::$check:ident),* ; lost $($other:ident::$lost:ident),* $(,)?) => {
        $(#[wasm_bindgen_test] async fn $check() { run(gpu_common::$room::$check).await; })*
        $(#[wasm_bindgen_test] async fn $lost() { lose(gpu_common::$other::$lost).await; })*
    };
}
gpu_common::checks!(tests);

#[wasm_bindgen_test]
fn a_step_of_the_papers_rule_takes_thirteen_dispatches() {
    gpu_common::steps::a_step_of_the_papers_rule_takes_thirteen_dispatches();
}

#[wasm_bindgen_test]
fn a_step_of_the_convolutional_network_takes_few_dispatches() {
    gpu_common::steps::a_step_of_the_convolutional_network_takes_few_dispatches();
}

#[wasm_bindgen_test]
async fn subgroups_are_asked_for_where_they_pay_and_the_page_is_left_as_it_was() {
    let method = || js_sys::eval("GPUAdapter.prototype.requestDevice").unwrap();
    let before = method();
    let gpu = Gpu::request().await.unwrap();
    assert!(js_sys::Object::is(&before, &method()));
    let question = "navigator.gpu.requestAdapter().then((a) => a.features.has('subgroups'))";
    let answer: js_sys::Promise = js_sys::eval(question).unwrap().into();
    let offered = wasm_bindgen_futures::JsFuture::from(answer).await.unwrap().is_truthy();
    console_log!("{}: subgroups {}", gpu.name(), if offered { "offered" } else { "missing" });
    assert_eq!(gpu.tuning().quads, offered && gpu.software());
    gpu.destroy();
}
