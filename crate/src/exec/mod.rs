//! Executors: they walk a program's plans. An executor knows no kernel and no rule.

mod cpu;
#[cfg(feature = "gpu")]
pub mod gpu;

pub use cpu::{Executor, Precision};
