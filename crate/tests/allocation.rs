//! Memory: a step allocates nothing, whatever the rule; and a hostile file cannot make the reader ask for much.

#![cfg(not(target_arch = "wasm32"))] // the counting allocator sits on the system's
#![allow(
    unsafe_code,
    reason = "a global allocator is an unsafe trait; this one forwards and counts"
)]
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

mod common;

use common::{
    name, random_data_of, rule_ids, small, small_autoencoder, small_convolutional, small_data,
    trainer, variants,
};
use credit_lab::config::{Difference, Optimizer, RunConfig, Task};
use credit_lab::experiments::default_config;
use credit_lab::kernels::activation::Activation;
use credit_lab::kernels::loss::Loss;
use credit_lab::plan::Arithmetic;
use credit_lab::trainer::Trainer;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    /// Requests of this thread (other tests run beside), and their bytes.
    static COUNT: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

struct Counting;

fn count(bytes: usize) {
    // A thread being torn down has no cell any more; it is not being measured either.
    let _ = COUNT.try_with(|c| c.set((c.get().0 + 1, c.get().1 + bytes)));
}

// SAFETY: every call is the system's, with what the caller promised.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: forwarded.
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: forwarded.
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        // SAFETY: forwarded.
        unsafe { System.realloc(block, layout, size) }
    }
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: forwarded.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// (requests, bytes) of this thread while `work` runs.
fn allocated<T>(work: impl FnOnce() -> T) -> (T, (usize, usize)) {
    let before = COUNT.get();
    let out = work();
    let after = COUNT.get();
    (out, (after.0 - before.0, after.1 - before.1))
}

#[test]
fn the_counter_counts() {
    let (block, counted) = allocated(|| vec![1u8; 1000]);
    assert_eq!(counted, (1, 1000));
    drop(block);
}

#[test]
fn convolutional_steps_allocate_nothing() {
    let data = random_data_of(7, 6, 5, (97, 31), 12);
    for rule in ["bp", "dfa", "np-dfa", "sg-dfa", "perturb"] {
        for config in variants(&small_convolutional(rule)) {
            let mut run = trainer(&config, &data);
            run.advance(2).unwrap();
            let ((), counted) = allocated(|| run.advance(3).map(drop).unwrap());
            assert_eq!(counted, (0, 0), "{}", name(&config));
        }
    }
}

#[test]
fn steps_allocate_nothing_under_any_rule() {
    let data = small_data();
    for rule in rule_ids() {
        let softmax = RunConfig {
            activations: vec![Activation::Relu, Activation::Relu, Activation::Softmax],
            loss: Loss::CrossEntropy,
            difference: Difference::PerBatch,
            warmup: 3,
            ..small(rule)
        };
        for base in [small(rule), small_autoencoder(rule), softmax] {
            for config in variants(&base) {
                for arithmetic in [Arithmetic::Reproducible, Arithmetic::Fast] {
                    let mut run =
                        Trainer::<f32>::new(config.clone(), data.clone(), arithmetic).unwrap();
                    // from the first step on: nothing is left to be made lazily
                    let (done, counted) = allocated(|| run.advance(40));
                    assert_eq!(done, Ok(40));
                    assert_eq!(counted, (0, 0), "{} {arithmetic:?}", name(&config));
                }
            }
        }
    }
}

#[test]
fn steps_of_the_papers_network_allocate_nothing() {
    let data = common::digits(100, 20);
    for task in [Task::Autoencoder, Task::Classifier] {
        let mut run = trainer(&default_config(task, "np", Optimizer::Sgd).unwrap(), &data);
        let (done, counted) = allocated(|| run.advance(3));
        assert_eq!((done, counted), (Ok(3), (0, 0)), "{task:?}");
    }
}

// A header of a few hundred bytes that describes a network of 3.6e7 weights: refused for its missing buffers before
// their memory is asked for. 4 MiB is far above what the header itself and the recorded plan take.
#[test]
fn a_small_file_cannot_claim_a_large_memory() {
    let data = small_data();
    let blob = trainer(&small("np"), &data).save();
    let length = u32::from_le_bytes(blob[8..12].try_into().unwrap()) as usize;
    let mut header: serde_json::Value = serde_json::from_slice(&blob[12..12 + length]).unwrap();
    header["config"]["sizes"] = serde_json::json!([12, 6000, 6000, 5]);
    header["config"]["batch"] = serde_json::json!(32);
    for buffers in [header["buffers"].clone(), serde_json::json!([])] {
        header["buffers"] = buffers;
        let json = serde_json::to_vec(&header).unwrap();
        let mut hostile = blob[..8].to_vec();
        hostile.extend((json.len() as u32).to_le_bytes());
        hostile.extend(json);
        if header["buffers"] != serde_json::json!([]) {
            hostile.extend(&blob[12 + length..blob.len() - 4]);
        }
        let mut crc = flate2::Crc::new();
        crc.update(&hostile);
        hostile.extend(crc.sum().to_le_bytes());
        let (result, (_, bytes)) =
            allocated(|| Trainer::restore(&hostile, data.clone(), Arithmetic::Reproducible).err());
        assert_eq!(result.unwrap().code(), "snapshot");
        assert!(bytes < 4 << 20, "{bytes} bytes were asked for");
    }
}

#[test]
fn a_network_that_cannot_fit_is_refused_before_it_is_allocated() {
    let mut config = small("np");
    config.sizes = vec![12, 8000, 8000, 5];
    config.batch = 4096;
    let data = small_data();
    let (result, (_, bytes)) =
        allocated(|| Trainer::<f32>::new(config, data.clone(), Arithmetic::Reproducible).err());
    let error = result.unwrap();
    assert_eq!(error.code(), "config");
    assert!(error.to_string().contains("MiB"), "{error}");
    assert!(bytes < 1 << 20, "{bytes} bytes were asked for");
}
