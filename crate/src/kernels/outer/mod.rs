//! `W = beta W + alpha e^T h`, summed over the batch: every weight and feedback update, and with
//! `beta = 0` a gradient.
//!
//! Buffers: W (m, n) read and written; e (N, m); h (N, n). Scalars: beta, alpha.

use super::gemm::{Outer, outer_floats};
use super::split;
use crate::plan::{Access, Buf, Kernel, Layout, Lowered, Op, Points, Run, Scalar, Tape, View};

/// The kernel.
pub static KERNEL: Kernel = Kernel {
    name: "outer",
    access: &[Access::ReadWrite, Access::Read, Access::Read],
    cpu,
    reference,
    gpu,
    flops: |op| 2 * (op.bufs[1].rows * op.bufs[0].len()) as u64,
    scratch: |op| outer_floats(op.bufs[2].cols, op.bufs[2].rows),
};

/// Records `W = beta W + alpha e^T h`.
#[track_caller]
pub fn record(
    tape: &mut Tape,
    label: &str,
    w: Buf,
    (e, h): (Buf, Buf),
    beta: Scalar,
    alpha: Scalar,
) {
    tape.require(e.cols == w.rows && h.cols == w.cols && e.rows == h.rows, label, || {
        format!("outer: W {w:?}, e {e:?}, h {h:?}")
    });
    tape.push(&KERNEL, label, &[w, e, h], &[beta, alpha], &[]);
}

fn gpu(op: &Op) -> Vec<Lowered> {
    let points = Points::elementwise(op, &[(0, "scaled_sum($0, $z, %0, %1)")]);
    vec![Lowered::Product {
        layout: Layout::Tn,
        left: 1,
        right: 2,
        views: [View::Plain; 2],
        depth: op.bufs[1].rows,
        points,
    }]
}

fn cpu(run: &mut Run<'_, f32>) {
    let mut w = run.take(0);
    let mut scratch = std::mem::take(run.scratch);
    let product = Outer {
        w: &mut w,
        first: 0,
        e: run.read(1),
        h: run.read(2),
        n: run.shape(1).rows,
        beta: run.scalar(0),
        alpha: run.scalar(1),
        scratch: &mut scratch,
    };
    split::run(run, product);
    *run.scratch = scratch;
    run.put(0, w);
}

fn reference(run: &mut Run<'_, f64>) {
    let mut w = run.take(0);
    let (beta, alpha) = (run.scalar(0), run.scalar(1));
    let product = run.matrix(1).t().dot(&run.matrix(2));
    for (w, sum) in w.iter_mut().zip(product) {
        // beta = 0 overwrites: what was there is not read
        *w = if beta == 0.0 { alpha * sum } else { beta * *w + alpha * sum };
    }
    run.put(0, w);
}
