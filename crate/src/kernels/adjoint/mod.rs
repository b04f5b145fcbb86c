//! `g = e B`: sends an error down through a dense layer (through W: backpropagation; through B:
//! feedback alignment and its kin).
//!
//! Buffers: g (N, n) written; e (N, m); B (m, n).

use super::gemm::{Adjoint, panel_floats};
use super::lanes::dispatch;
use crate::plan::{Access, Buf, Kernel, Layout, Lowered, Op, Points, Run, Tape, View};

/// The kernel.
pub static KERNEL: Kernel = Kernel {
    name: "adjoint",
    access: &[Access::Write, Access::Read, Access::Read],
    cpu,
    reference,
    gpu,
    flops: |op| 2 * (op.bufs[1].rows * op.bufs[2].len()) as u64,
    scratch: |op| panel_floats(1, op.bufs[1].cols),
};

/// Records `g = e B`.
#[track_caller]
pub fn record(tape: &mut Tape, label: &str, g: Buf, e: Buf, b: Buf) {
    tape.require(e.cols == b.rows && g.cols == b.cols && g.rows == e.rows, label, || {
        format!("adjoint: g {g:?}, e {e:?}, B {b:?}")
    });
    tape.push(&KERNEL, label, &[g, e, b], &[], &[]);
}

fn gpu(op: &Op) -> Vec<Lowered> {
    let points = Points::elementwise(op, &[(0, "$z")]);
    vec![Lowered::Product {
        layout: Layout::Nn,
        left: 1,
        right: 2,
        views: [View::Plain; 2],
        depth: op.bufs[2].rows,
        points,
    }]
}

fn cpu(run: &mut Run<'_, f32>) {
    let mut g = run.take(0);
    let mut scratch = std::mem::take(run.scratch);
    let (columns, depth) = (run.shape(2).cols, run.shape(2).rows);
    let product = Adjoint {
        g: &mut g,
        e: run.read(1),
        b: run.read(2),
        columns,
        depth,
        scratch: &mut scratch,
    };
    dispatch(run.arithmetic, product);
    *run.scratch = scratch;
    run.put(0, g);
}

fn reference(run: &mut Run<'_, f64>) {
    let mut g = run.take(0);
    let product = run.matrix(1).dot(&run.matrix(2));
    g.iter_mut().zip(product).for_each(|(g, value)| *g = value);
    run.put(0, g);
}
