//! Training on a GPU, natively: the checks of `gpu_common`, which the browser runs as well (`web_gpu.rs`).
//!
//! `CREDIT_LAB_GPU_TESTS=require` fails where there is no GPU, `skip:<reason>` says why and does nothing; unset, they
//! run where there is one. A processor that pretends to be one (lavapipe) will do.

#![cfg(all(not(target_arch = "wasm32"), feature = "gpu"))]
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

mod common;
mod gpu_common;

use credit_lab::exec::gpu::Gpu;
use std::env;
use std::io::Write as _;
use std::pin::pin;
use std::rc::Rc;
use std::sync::{Mutex, Once, PoisonError};
use std::task::{Context, Poll, Waker};

/// One check at a time: they measure, and a software GPU takes all processors for each.
static TURN: Mutex<()> = Mutex::new(());
static SAID: Once = Once::new();

/// What is ready at once.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("natively this does not wait"),
    }
}

/// The GPU, or `None` when there is a reason to do without.
fn gpu() -> Option<Rc<Gpu>> {
    let wish = env::var("CREDIT_LAB_GPU_TESTS").unwrap_or_default();
    let why = if let Some(reason) = wish.strip_prefix("skip:") {
        reason.to_string()
    } else {
        match now(Gpu::request()) {
            Ok(gpu) => return Some(gpu),
            Err(error) if wish == "require" => panic!("{error}, and CREDIT_LAB_GPU_TESTS=require"),
            Err(error) => error.to_string(),
        }
    };
    // written, not printed: the test runner keeps what passing tests print to itself
    SAID.call_once(|| {
        let _ = writeln!(std::io::stderr(), "NO GPU TESTS: {why}");
    });
    None
}

/// Runs a check; `keeps` says whether the GPU is to be there afterwards.
fn run(check: impl AsyncFnOnce(&Rc<Gpu>), keeps: bool) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(gpu) = gpu() else { return };
    let begin = std::time::Instant::now();
    gpu.wait(check(&gpu));
    println!("{:.1} s", begin.elapsed().as_secs_f64());
    assert_eq!(gpu.fault().is_none(), keeps, "{:?}", gpu.fault());
}

macro_rules! tests {
    ($($room:ident::$check:ident),* ; lost $($other:ident::$lost:ident),* $(,)?) => {
        $(#[test] fn $check() { run(gpu_common::$room::$check, true); })*
        $(#[test] fn $lost() { run(gpu_common::$other::$lost, false); })*
    };
}
gpu_common::checks!(tests);

#[test]
fn a_step_of_the_papers_rule_takes_thirteen_dispatches() {
    gpu_common::steps::a_step_of_the_papers_rule_takes_thirteen_dispatches();
}

#[test]
fn a_step_of_the_convolutional_network_takes_few_dispatches() {
    gpu_common::steps::a_step_of_the_convolutional_network_takes_few_dispatches();
}
