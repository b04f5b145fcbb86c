//! Threads change no bit: outputs are cut, never sums.

#![cfg(feature = "threads")]
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

mod common;

use common::{digits, random_data_of, trainer};
use credit_lab::config::{Optimizer, RunConfig, Task};
use credit_lab::data::Dataset;
use credit_lab::experiments::{convolutional, default_config};
use credit_lab::plan::Arithmetic;
use credit_lab::trainer::Trainer;
use std::collections::BTreeSet;
use std::sync::Arc;

/// More than pieces can be made of some ops, and numbers that divide no size.
const THREADS: [usize; 4] = [1, 2, 3, 7];

fn same_bits(config: &RunConfig, data: &Arc<Dataset>, steps: u64) {
    for arithmetic in [Arithmetic::Reproducible, Arithmetic::Fast] {
        let ends = THREADS.map(|threads| {
            let mut run = Trainer::<f32>::new(config.clone(), data.clone(), arithmetic).unwrap();
            run.set_threads(threads).unwrap();
            assert_eq!(run.executor().team().threads(), threads);
            let start = run.checksum();
            run.advance(steps).unwrap();
            assert_ne!(run.checksum(), start, "nothing was learned");
            (run.checksum(), format!("{:?}", run.metrics_over(20, 20)))
        });
        for (end, threads) in ends.iter().zip(THREADS) {
            assert_eq!(end, &ends[0], "{} {arithmetic:?}, {threads} threads", config.rule);
        }
    }
}

/// Kernels of the step of which some op is large enough to be cut: 4 MFLOP or 1 MiB.
fn cut(config: &RunConfig, data: &Arc<Dataset>) -> BTreeSet<&'static str> {
    let run = trainer(config, data);
    let ops = &run.compiled().program.plans[run.compiled().step.index()].ops;
    let floats = |bufs: &[credit_lab::plan::Buf]| bufs.iter().map(|b| b.len()).sum::<usize>();
    let large =
        ops.iter().filter(|op| (op.kernel.flops)(op) >= 4_000_000 || floats(&op.bufs) >= 1 << 18);
    large.map(|op| op.kernel.name).collect()
}

fn images(side: usize) -> Arc<Dataset> {
    random_data_of(side, side, 10, (97, 31), 5)
}

#[test]
fn threads_change_no_bit_of_a_convolutional_run() {
    let data = images(24);
    let config = |rule: &str| convolutional::config(rule, Optimizer::Adam, [24, 24, 1], 10, 0.4);
    let kernels: BTreeSet<&str> =
        ["bp", "np-dfa"].iter().flat_map(|rule| cut(&config(rule), &data)).collect();
    // otherwise this test says nothing about them
    for kernel in [
        "conv",
        "conv_adjoint",
        "conv_outer",
        "dense",
        "adjoint",
        "outer",
        "pool",
        "pool_adjoint",
        "noise",
        "adam",
    ] {
        assert!(kernels.contains(kernel), "no {kernel} is cut: {kernels:?}");
    }
    for rule in ["bp", "np-dfa"] {
        same_bits(&RunConfig { warmup: 0, ..config(rule) }, &data, 2);
    }
}

#[test]
fn threads_change_no_bit_of_the_autoencoder() {
    let data = digits(100, 20);
    for (rule, optimizer) in [("np", Optimizer::Sgd), ("fa", Optimizer::Adam)] {
        let config = default_config(Task::Autoencoder, rule, optimizer).unwrap();
        for kernel in ["dense", "outer"] {
            assert!(cut(&config, &data).contains(kernel), "no {kernel} is cut");
        }
        same_bits(&RunConfig { warmup: 0, ..config }, &data, 10);
    }
}

#[test]
fn threads_may_change_during_a_run() {
    let data = digits(100, 20);
    let config = default_config(Task::Autoencoder, "np", Optimizer::Sgd).unwrap();
    let mut plain = trainer(&config, &data);
    plain.advance(9).unwrap();
    let mut changing = trainer(&config, &data);
    for threads in [2, 3, 1] {
        changing.set_threads(threads).unwrap();
        changing.advance(3).unwrap();
    }
    assert_eq!(changing.checksum(), plain.checksum());
}

#[test]
fn no_threads_and_too_many_are_refused() {
    let mut run = trainer(
        &default_config(Task::Autoencoder, "np", Optimizer::Sgd).unwrap(),
        &digits(100, 20),
    );
    for threads in [0, 257] {
        let error = run.set_threads(threads).unwrap_err();
        assert_eq!(error.code(), "config");
        assert!(error.to_string().contains("threads"), "{error}");
    }
}
