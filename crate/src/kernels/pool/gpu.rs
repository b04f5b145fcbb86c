//! Pools as elementwise functions that look around: four channels of a pixel at a time.

use crate::plan::{Lowered, Op, Points};

const FORWARD: &str = include_str!("../wgsl/pool.wgsl");
const ADJOINT: &str = include_str!("../wgsl/pool_adjoint.wgsl");

/// The text with the op's geometry filled in: H, W, size, stride, and those of the pooled image.
fn geometry(op: &Op, text: &str) -> String {
    let [height, width, size, stride] = [0, 1, 2, 3].map(|i| op.ints[i]);
    let pooled = |n: u32| n.div_ceil(stride);
    let pad = |n: u32| (((pooled(n) - 1) * stride + size).saturating_sub(n)) / 2;
    [
        ("POOLED_HEIGHT", pooled(height)),
        ("POOLED_WIDTH", pooled(width)),
        ("HEIGHT", height),
        ("WIDTH", width),
        ("SIZE", size),
        ("STRIDE", stride),
        ("TOP", pad(height)),
        ("LEFT", pad(width)),
    ]
    .iter()
    .fold(text.to_string(), |text, (name, value)| text.replace(name, &value.to_string()))
}

/// The largest number of each window.
pub fn forward(op: &Op) -> Vec<Lowered> {
    let points = Points::elementwise(op, &[(0, "NEAR(ROW, COL4)")]);
    vec![Lowered::Points(points.near(&[1], geometry(op, FORWARD)))]
}

/// To every pixel what arrives at the windows of which it is the first maximum.
pub fn adjoint(op: &Op) -> Vec<Lowered> {
    let points = Points::elementwise(op, &[(0, "NEAR(ROW, COL4)")]);
    vec![Lowered::Points(points.near(&[1, 2], geometry(op, ADJOINT)))]
}
