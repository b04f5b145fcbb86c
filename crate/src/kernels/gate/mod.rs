//! `e = lambda o act'(h)`: from a gradient on activities to the error signal (paper, section 2).
//!
//! Buffers: e written; lambda; a, the layer's activity before any added noise. Ints: activation.

use super::activation::Activation;
use super::elementwise::map;
use super::lanes::{Lanes, WithLanes, dispatch};
use crate::plan::{Access, Buf, Kernel, Lowered, Op, Points, Run, Tape};

/// The kernel.
pub static KERNEL: Kernel = Kernel {
    name: "gate",
    access: &[Access::Write, Access::Read, Access::Read],
    cpu,
    reference,
    gpu,
    flops: |op| 3 * op.bufs[0].len() as u64,
    scratch: |_| 0,
};

/// Records `e = lambda o act'(a)`.
#[track_caller]
pub fn record(tape: &mut Tape, label: &str, e: Buf, lambda: Buf, a: Buf, act: Activation) {
    tape.require(e.len() == lambda.len() && e.len() == a.len(), label, || {
        format!("gate: e {e:?}, lambda {lambda:?}, a {a:?}")
    });
    tape.push(&KERNEL, label, &[e, lambda, a], &[], &[act.code()]);
}

struct Gate<'a>(&'a mut [f32], &'a [f32], &'a [f32], Activation);

impl WithLanes for Gate<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let act = self.3;
        map!(L, self.0; lambda = self.1, h = self.2 => lambda.mul(act.slope(h)));
    }
}

fn gpu(op: &Op) -> Vec<Lowered> {
    let value = format!("$1 * slope($2, {}u)", op.ints[0]);
    vec![Lowered::Points(Points::elementwise(op, &[(0, &value)]))]
}

fn cpu(run: &mut Run<'_, f32>) {
    let mut e = run.take(0);
    let act = Activation::from_code(run.int(0));
    dispatch(run.arithmetic, Gate(&mut e, run.read(1), run.read(2), act));
    run.put(0, e);
}

fn reference(run: &mut Run<'_, f64>) {
    let mut e = run.take(0);
    let act = Activation::from_code(run.int(0));
    for ((e, lambda), h) in e.iter_mut().zip(run.read(1)).zip(run.read(2)) {
        *e = lambda * act.slope_f64(*h);
    }
    run.put(0, e);
}
