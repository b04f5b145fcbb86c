//! Layers as recorders: what a layer does forward, backward and to its weights. No rule is named here.

pub mod dense;

pub use dense::Dense;
