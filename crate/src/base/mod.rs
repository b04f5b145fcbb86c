//! What every room may use: errors, counter-based random numbers, aligned storage, threads, futures.

pub mod error;
pub mod floats;
pub mod future;
pub mod rng;
pub mod team;

pub use error::{Error, Result};
pub use floats::Floats;
