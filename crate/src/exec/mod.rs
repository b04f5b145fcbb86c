//! Executors: they walk a program's plans. An executor knows no kernel and no rule.

mod cpu;
#[cfg(feature = "gpu")]
pub mod gpu;
#[cfg(all(feature = "session", not(feature = "gpu")))]
#[path = "no_gpu.rs"]
pub mod gpu;

pub use cpu::{Executor, Precision};
