//! Executors: they walk a program's plans. An executor knows no kernel and no rule.

mod cpu;

pub use cpu::{Executor, Precision};
