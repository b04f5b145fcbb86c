//! `g = e B`: sends an error down through a dense layer (through W: backpropagation; through B:
//! feedback alignment and its kin).
//!
//! Buffers: g (N, n) written; e (N, m); B (m, n).

use super::gemm::{Adjoint, adjoint_floats};
use super::split::{self, Pieces, Split as _};
use crate::plan::{Access, Buf, Kernel, Layout, Lowered, Op, Points, Run, Tape, View};

/// The kernel.
pub static KERNEL: Kernel = Kernel {
    name: "adjoint",
    access: &[Access::Write, Access::Read, Access::Read],
    cpu,
    reference,
    gpu,
    flops: |op| 2 * (op.bufs[1].rows * op.bufs[2].len()) as u64,
    scratch: |op| adjoint_floats(op.bufs[1].cols) + split::block_floats(op.bufs[0].len()),
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
    let (e, b) = (run.read(1), run.read(2));
    let pieces = Pieces::new(run, columns, Adjoint::GRAIN);
    if pieces.count == 1 {
        let scratch = &mut scratch;
        split::run(run, Adjoint { g: &mut g, first: 0, e, b, columns, depth, scratch });
    } else {
        let (blocks, scratch) = split::blocks(&mut scratch, g.len());
        split::run(run, Adjoint { g: blocks, first: 0, e, b, columns, depth, scratch });
        split::gather(pieces, blocks, &mut g);
    }
    *run.scratch = scratch;
    run.put(0, g);
}

fn reference(run: &mut Run<'_, f64>) {
    let mut g = run.take(0);
    let product = run.matrix(1).dot(&run.matrix(2));
    g.iter_mut().zip(product).for_each(|(g, value)| *g = value);
    run.put(0, g);
}
