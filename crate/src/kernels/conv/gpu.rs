//! Convolutions as products of matrices that are never put together: patches of an image, kernels turned around.

use crate::plan::{Image, Layout, Lowered, Op, Points, Use, View};

/// Height, width and kernel size from the last three of an op's ints.
fn image(op: &Op) -> Image {
    let [height, width, size] = [3, 2, 1].map(|back| op.ints[op.ints.len() - back] as usize);
    Image { height, width, size }
}

/// `act(patches(x) W^T + b) [+ c xi]`
pub fn forward(op: &Op) -> Vec<Lowered> {
    let noise = if op.bufs.len() > 4 { " + %0 * $4" } else { "" };
    let value = format!("activate($z + $3, {}u){noise}", op.ints[0]);
    vec![Lowered::Product {
        layout: Layout::Nt,
        left: 1,
        right: 2,
        views: [View::Patches(image(op)), View::Plain],
        depth: op.bufs[2].cols,
        points: Points::elementwise(op, &[(0, &value)]).reading(3, Use::Column),
    }]
}

/// `patches(e) turned(W)`
pub fn adjoint(op: &Op) -> Vec<Lowered> {
    let image = image(op);
    vec![Lowered::Product {
        layout: Layout::Nn,
        left: 1,
        right: 2,
        views: [View::Patches(image), View::Turned(image)],
        depth: image.size * image.size * op.bufs[1].cols,
        points: Points::elementwise(op, &[(0, "$z")]),
    }]
}

/// `beta dW + alpha e^T patches(x)`
pub fn outer(op: &Op) -> Vec<Lowered> {
    vec![Lowered::Product {
        layout: Layout::Tn,
        left: 1,
        right: 2,
        views: [View::Plain, View::Patches(image(op))],
        depth: op.bufs[1].rows,
        points: Points::elementwise(op, &[(0, "scaled_sum($0, $z, %0, %1)")]),
    }]
}
