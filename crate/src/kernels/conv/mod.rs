//! Convolution of images, stride 1, zeros beyond the edges, odd kernels of k x k, p = (k - 1) / 2.
//!
//! `FORWARD`: `a = act(z + b) [+ c xi]` with
//! `z[n, y, x, co] = sum W[co, (ky k + kx) C + ci] h[n, y + ky - p, x + kx - p, ci]`, ascending over (ky, kx, ci).
//! Buffers: a (P, Co) written; h (P, C); W (Co, k k C); b (Co, 1); optional xi (P, Co). Ints: activation, rows,
//! columns, k. Scalars: c (only with xi).
//!
//! `ADJOINT`: g, the gradient at h from e, the one at z. Buffers: g (P, C) written; e (P, Co); W. Ints: rows,
//! columns, k.
//!
//! `OUTER`: `D = beta D + alpha dW`, dW summed over all pixels. Buffers: D (Co, k k C) read and written; e (P, Co);
//! h (P, C). Scalars: beta, alpha. Ints: rows, columns, k.
//!
//! P = N rows columns: images as they are in the data set, pixel by pixel with the channels of a pixel together.

mod fast;
mod gpu;
mod reference;

use super::activation::Activation;
use crate::plan::{Access, Buf, Kernel, Scalar, Tape};

/// What a unit sees of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Rows of the image.
    pub rows: usize,
    /// Columns of the image.
    pub cols: usize,
    /// Side of the kernel, odd.
    pub kernel: usize,
}

impl Window {
    fn ints(self) -> [u32; 3] {
        [self.rows, self.cols, self.kernel].map(|i| i as u32)
    }

    /// From an op's ints.
    fn from_ints(ints: &[u32]) -> Self {
        let [rows, cols, kernel] = [0, 1, 2].map(|i| ints[i] as usize);
        Self { rows, cols, kernel }
    }

    /// Pixels of an image.
    fn pixels(self) -> usize {
        self.rows * self.cols
    }

    /// Rows and columns of zeros on each side.
    fn margin(self) -> usize {
        self.kernel / 2
    }

    /// Weights into a unit for each channel.
    fn area(self) -> usize {
        self.kernel * self.kernel
    }

    /// Do pixels of so many channels below and above and a matrix W fit together?
    fn fits(self, below: Buf, above: Buf, w: Buf) -> bool {
        self.kernel % 2 == 1
            && below.rows == above.rows
            && below.rows.is_multiple_of(self.pixels())
            && (w.rows, w.cols) == (above.cols, self.area() * below.cols)
    }
}

/// A layer's pass.
pub static FORWARD: Kernel = Kernel {
    name: "conv",
    access: &[Access::Write, Access::Read, Access::Read, Access::Read, Access::Read],
    cpu: fast::forward,
    reference: reference::forward,
    gpu: gpu::forward,
    flops: |op| 2 * (op.bufs[0].rows * op.bufs[2].len()) as u64,
    scratch: |op| {
        fast::correlation_floats(Window::from_ints(&op.ints[1..]), op.bufs[1], op.bufs[0])
    },
};

/// An error on its way down.
pub static ADJOINT: Kernel = Kernel {
    name: "conv_adjoint",
    access: &[Access::Write, Access::Read, Access::Read],
    cpu: fast::adjoint,
    reference: reference::adjoint,
    gpu: gpu::adjoint,
    flops: |op| 2 * (op.bufs[0].rows * op.bufs[2].len()) as u64,
    scratch: |op| fast::correlation_floats(Window::from_ints(&op.ints), op.bufs[1], op.bufs[0]),
};

/// A weight gradient or update.
pub static OUTER: Kernel = Kernel {
    name: "conv_outer",
    access: &[Access::ReadWrite, Access::Read, Access::Read],
    cpu: fast::outer,
    reference: reference::outer,
    gpu: gpu::outer,
    flops: |op| 2 * (op.bufs[1].rows * op.bufs[0].len()) as u64,
    scratch: |op| fast::outer_floats(Window::from_ints(&op.ints), op.bufs[1]),
};

/// Records `a = act(conv(h, W) + b)`, plus `c xi` when `noise` is given as (xi, c). All on pixels.
///
/// Softmax is refused: it is an output's.
#[track_caller]
pub fn record(
    tape: &mut Tape,
    label: &str,
    (a, h): (Buf, Buf),
    (w, b): (Buf, Buf),
    act: Activation,
    window: Window,
    noise: Option<(Buf, Scalar)>,
) {
    let fits = window.fits(h, a, w) && b.len() == w.rows && act != Activation::Softmax;
    tape.require(fits, label, || {
        format!("conv {window:?} {act:?}: a {a:?}, h {h:?}, W {w:?}, b {b:?}")
    });
    let [rows, cols, kernel] = window.ints();
    let ints = [act.code(), rows, cols, kernel];
    match noise {
        None => tape.push(&FORWARD, label, &[a, h, w, b], &[], &ints),
        Some((xi, c)) => {
            tape.require((xi.rows, xi.cols) == (a.rows, a.cols), label, || {
                format!("conv: a {a:?}, xi {xi:?}")
            });
            tape.push(&FORWARD, label, &[a, h, w, b, xi], &[c], &ints);
        }
    }
}

/// Records `g`, the gradient at the input of a convolution with `w`, from `e`, the one before its non-linearity.
#[track_caller]
pub fn record_adjoint(tape: &mut Tape, label: &str, g: Buf, e: Buf, w: Buf, window: Window) {
    tape.require(window.fits(g, e, w), label, || {
        format!("conv_adjoint {window:?}: g {g:?}, e {e:?}, W {w:?}")
    });
    tape.push(&ADJOINT, label, &[g, e, w], &[], &window.ints());
}

/// Records `target = beta target + alpha dW` from (e, h).
#[track_caller]
pub fn record_outer(
    tape: &mut Tape,
    label: &str,
    target: Buf,
    (e, h): (Buf, Buf),
    window: Window,
    beta: Scalar,
    alpha: Scalar,
) {
    tape.require(window.fits(h, e, target), label, || {
        format!("conv_outer {window:?}: W {target:?}, e {e:?}, h {h:?}")
    });
    tape.push(&OUTER, label, &[target, e, h], &[beta, alpha], &window.ints());
}
