//! Layers as recorders: what a layer does forward, backward and to its weights. No rule is named here.

pub mod layer;

pub use layer::{Layer, Operator, Passing, init_std, send};
