//! The sums as they are written, in f64.

use super::Window;
use crate::kernels::activation::Activation;
use crate::plan::Run;

/// Calls `visit(pixel above, pixel below, ky k + kx)` for every pair of pixels that a weight connects.
fn pairs(window: Window, images: usize, mut visit: impl FnMut(usize, usize, usize)) {
    let Window { rows, cols, kernel } = window;
    let margin = window.margin();
    for image in 0..images {
        for (y, x) in (0..rows).flat_map(|y| (0..cols).map(move |x| (y, x))) {
            for (ky, kx) in (0..kernel).flat_map(|ky| (0..kernel).map(move |kx| (ky, kx))) {
                // y + ky - p, below zero as a huge number
                let below = ((y + ky).wrapping_sub(margin), (x + kx).wrapping_sub(margin));
                if below.0 < rows && below.1 < cols {
                    let at = |y: usize, x: usize| (image * rows + y) * cols + x;
                    visit(at(y, x), at(below.0, below.1), ky * kernel + kx);
                }
            }
        }
    }
}

pub fn forward(run: &mut Run<'_, f64>) {
    let mut a = run.take(0);
    let (above, below) = (run.shape(0), run.shape(1));
    let window = Window::from_ints(&run.op.ints[1..]);
    let act = Activation::from_code(run.int(0));
    let (h, w, b) = (run.matrix(1), run.matrix(2), run.read(3));
    for z in a.chunks_exact_mut(above.cols) {
        z.copy_from_slice(b);
    }
    pairs(window, below.rows / window.pixels(), |to, from, tap| {
        for (unit, z) in a[to * above.cols..][..above.cols].iter_mut().enumerate() {
            for ci in 0..below.cols {
                *z += w[[unit, tap * below.cols + ci]] * h[[from, ci]];
            }
        }
    });
    a.iter_mut().for_each(|z| *z = act.apply_f64(*z));
    if run.has(4) {
        let c = run.scalar(0);
        a.iter_mut().zip(run.read(4)).for_each(|(a, xi)| *a += c * xi);
    }
    run.put(0, a);
}

pub fn adjoint(run: &mut Run<'_, f64>) {
    let mut g = run.take(0);
    let (below, above) = (run.shape(0), run.shape(1));
    let window = Window::from_ints(&run.op.ints);
    let (e, w) = (run.matrix(1), run.matrix(2));
    g.fill(0.0);
    pairs(window, below.rows / window.pixels(), |to, from, tap| {
        for (ci, g) in g[from * below.cols..][..below.cols].iter_mut().enumerate() {
            for unit in 0..above.cols {
                *g += w[[unit, tap * below.cols + ci]] * e[[to, unit]];
            }
        }
    });
    run.put(0, g);
}

pub fn outer(run: &mut Run<'_, f64>) {
    let mut target = run.take(0);
    let (above, below) = (run.shape(1), run.shape(2));
    let window = Window::from_ints(&run.op.ints);
    let (beta, alpha) = (run.scalar(0), run.scalar(1));
    // beta = 0 overwrites: what was there is not read
    target.iter_mut().for_each(|d| *d = if beta == 0.0 { 0.0 } else { beta * *d });
    let (e, h) = (run.matrix(1), run.matrix(2));
    let columns = window.area() * below.cols;
    pairs(window, below.rows / window.pixels(), |to, from, tap| {
        for unit in 0..above.cols {
            for ci in 0..below.cols {
                target[unit * columns + tap * below.cols + ci] +=
                    alpha * e[[to, unit]] * h[[from, ci]];
            }
        }
    });
    run.put(0, target);
}
