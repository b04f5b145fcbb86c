//! `b = beta b + alpha sum_n e_n`: bias updates and, with `beta = 0`, bias gradients.
//!
//! Buffers: b (m, 1) read and written; e (N, m). Scalars: beta, alpha.

use super::elementwise::{map, update};
use super::lanes::{Lanes, WithLanes, dispatch};
use crate::plan::{Access, Buf, Kernel, Lowered, Op, Points, Run, Scalar, Tape};

/// The kernel.
pub static KERNEL: Kernel = Kernel {
    name: "column_sum",
    access: &[Access::ReadWrite, Access::Read],
    cpu,
    reference,
    gpu,
    flops: |op| op.bufs[1].len() as u64,
    scratch: |op| op.bufs[0].len(),
};

/// Records `b = beta b + alpha sum_n e_n`.
#[track_caller]
pub fn record(tape: &mut Tape, label: &str, b: Buf, e: Buf, beta: Scalar, alpha: Scalar) {
    tape.require(e.cols == b.len(), label, || format!("column_sum: b {b:?}, e {e:?}"));
    tape.push(&KERNEL, label, &[b, e], &[beta, alpha], &[]);
}

struct ColumnSum<'a> {
    b: &'a mut [f32],
    e: &'a [f32],
    beta: f32,
    alpha: f32,
    sums: &'a mut [f32],
}

impl WithLanes for ColumnSum<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        self.sums.fill(0.0);
        for row in self.e.chunks_exact(self.b.len()) {
            update!(L, self.sums, as sum; e = row => sum.add(e));
        }
        let (beta, alpha) = (L::splat(self.beta), L::splat(self.alpha));
        if self.beta == 0.0 {
            map!(L, self.b; sum = self.sums => sum.mul(alpha));
        } else {
            update!(L, self.b, as b; sum = self.sums => sum.mul_add(alpha, b.mul(beta)));
        }
    }
}

fn gpu(op: &Op) -> Vec<Lowered> {
    let points = Points {
        rows: op.bufs[0].len(),
        cols: 1,
        ..Points::elementwise(op, &[(0, "scaled_sum($0, $z, %0, %1)")])
    };
    vec![Lowered::Columns { of: 1, points }]
}

fn cpu(run: &mut Run<'_, f32>) {
    let mut b = run.take(0);
    let mut scratch = std::mem::take(run.scratch);
    let sums = &mut scratch[..b.len()];
    let op =
        ColumnSum { b: &mut b, e: run.read(1), beta: run.scalar(0), alpha: run.scalar(1), sums };
    dispatch(run.arithmetic, op);
    *run.scratch = scratch;
    run.put(0, b);
}

fn reference(run: &mut Run<'_, f64>) {
    let mut b = run.take(0);
    let e = run.read(1);
    let m = b.len();
    let (beta, alpha) = (run.scalar(0), run.scalar(1));
    for (unit, b) in b.iter_mut().enumerate() {
        let sum: f64 = e.iter().skip(unit).step_by(m).sum();
        *b = if beta == 0.0 { alpha * sum } else { beta * *b + alpha * sum };
    }
    run.put(0, b);
}
