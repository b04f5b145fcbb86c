//! `out_n = sum_k d_k` for every n: the authors' early variant that credits each sample with the whole
//! batch's loss difference (discrepancy D2; much noisier than per sample).
//!
//! Buffers: out (N, 1) written; d (N, 1).

use super::elementwise::sum;
use super::lanes::{Lanes, WithLanes, dispatch};
use crate::plan::{Access, Buf, Kernel, Lowered, Op, Run, Tape};

/// The kernel.
pub static KERNEL: Kernel = Kernel {
    name: "batch_sum",
    access: &[Access::Write, Access::Read],
    cpu,
    reference,
    gpu,
    flops: |op| op.bufs[1].len() as u64,
    scratch: |_| 0,
};

/// Records `out_n = sum_k d_k`.
#[track_caller]
pub fn record(tape: &mut Tape, label: &str, out: Buf, d: Buf) {
    tape.require(out.len() == d.len(), label, || format!("batch_sum: out {out:?}, d {d:?}"));
    tape.push(&KERNEL, label, &[out, d], &[], &[]);
}

struct BatchSum<'a>(&'a mut [f32], &'a [f32]);

impl WithLanes for BatchSum<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let total = sum!(L; d = self.1 => d);
        self.0.fill(total);
    }
}

fn gpu(_: &Op) -> Vec<Lowered> {
    vec![Lowered::Own { body: include_str!("../wgsl/batch_sum.wgsl"), shape: 1, groups: 1 }]
}

fn cpu(run: &mut Run<'_, f32>) {
    let mut out = run.take(0);
    dispatch(run.arithmetic, BatchSum(&mut out, run.read(1)));
    run.put(0, out);
}

fn reference(run: &mut Run<'_, f64>) {
    let mut out = run.take(0);
    let total = run.read(1).iter().sum();
    out.fill(total);
    run.put(0, out);
}
