//! Training on a GPU in a real browser: the checks of `gpu_common`, which run natively as well (`gpu.rs`).

#![cfg(all(target_arch = "wasm32", feature = "web"))]
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

mod common;
mod gpu_common;

use credit_lab::exec::gpu::Gpu;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

macro_rules! tests {
    ($($room:ident::$check:ident),* $(,)?) => {
        $(
            #[wasm_bindgen_test]
            async fn $check() {
                let gpu = Gpu::request().await.unwrap();
                gpu_common::$room::$check(&gpu).await;
                assert_eq!(gpu.fault(), None);
                gpu.destroy();
            }
        )*
    };
}
gpu_common::checks!(tests);

#[wasm_bindgen_test]
fn a_step_of_the_papers_rule_takes_thirteen_dispatches() {
    gpu_common::steps::a_step_of_the_papers_rule_takes_thirteen_dispatches();
}
