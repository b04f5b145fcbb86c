//! `out = a + s b`, or `out = s b`: noisy inputs, the first layer's noisy activity, a mirror's noise.
//!
//! Buffers: out written; b; optional a; all of one shape. Scalars: s.

use super::elementwise::map;
use super::lanes::{Lanes, WithLanes, dispatch};
use crate::plan::{Access, Buf, Kernel, Lowered, Op, Points, Run, Scalar, Tape};

/// The kernel.
pub static KERNEL: Kernel = Kernel {
    name: "add_scaled",
    access: &[Access::Write, Access::Read, Access::Read],
    cpu,
    reference,
    gpu,
    flops: |op| 2 * op.bufs[0].len() as u64,
    scratch: |_| 0,
};

/// Records `out = a + s b`, or `out = s b` without `a`.
#[track_caller]
pub fn record(tape: &mut Tape, label: &str, out: Buf, a: Option<Buf>, b: Buf, s: Scalar) {
    tape.require(out.len() == b.len() && a.is_none_or(|a| a.len() == b.len()), label, || {
        format!("add_scaled: out {out:?}, a {a:?}, b {b:?}")
    });
    let mut bufs = vec![out, b];
    bufs.extend(a);
    tape.push(&KERNEL, label, &bufs, &[s], &[]);
}

struct AddScaled<'a>(&'a mut [f32], &'a [f32], Option<&'a [f32]>, f32);

impl WithLanes for AddScaled<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let s = L::splat(self.3);
        match self.2 {
            None => map!(L, self.0; b = self.1 => b.mul(s)),
            Some(a) => map!(L, self.0; b = self.1, a = a => b.mul_add(s, a)),
        }
    }
}

fn gpu(op: &Op) -> Vec<Lowered> {
    let value = if op.bufs.len() > 2 { "$2 + %0 * $1" } else { "%0 * $1" };
    vec![Lowered::Points(Points::elementwise(op, &[(0, value)]))]
}

fn cpu(run: &mut Run<'_, f32>) {
    let mut out = run.take(0);
    let a = run.has(2).then(|| run.read(2));
    dispatch(run.arithmetic, AddScaled(&mut out, run.read(1), a, run.scalar(0)));
    run.put(0, out);
}

fn reference(run: &mut Run<'_, f64>) {
    let mut out = run.take(0);
    let (b, s) = (run.read(1), run.scalar(0));
    for (i, out) in out.iter_mut().enumerate() {
        let a = if run.has(2) { run.read(2)[i] } else { 0.0 };
        *out = a + s * b[i];
    }
    run.put(0, out);
}
