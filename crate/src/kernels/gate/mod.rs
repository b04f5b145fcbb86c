//! `e = lambda o act'(h)`: from a gradient on activities to the error signal (paper, section 2).
//!
//! Buffers: e written; lambda; a, the layer's activity before any added noise. Ints: activation.

use super::activation::Activation;
use super::elementwise::{WIDEST, map};
use super::lanes::{Lanes, WithLanes};
use super::split::{self, Cut, Split};
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

struct Gate<'a> {
    e: &'a mut [f32],
    lambda: &'a [f32],
    a: &'a [f32],
    act: Activation,
}

impl WithLanes for Gate<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Gate { e, lambda, a, act } = self;
        map!(L, e; lambda = lambda, h = a => lambda.mul(act.slope(h)));
    }
}

impl Split for Gate<'_> {
    const GRAIN: usize = WIDEST;

    fn units(&self) -> usize {
        self.e.len()
    }

    fn split(self, Cut { at, .. }: Cut) -> (Self, Self) {
        let e = self.e.split_at_mut(at);
        let (lambda, a) = (self.lambda.split_at(at), self.a.split_at(at));
        (
            Self { e: e.0, lambda: lambda.0, a: a.0, ..self },
            Self { e: e.1, lambda: lambda.1, a: a.1, ..self },
        )
    }
}

fn gpu(op: &Op) -> Vec<Lowered> {
    let value = format!("$1 * slope($2, {}u)", op.ints[0]);
    vec![Lowered::Points(Points::elementwise(op, &[(0, &value)]))]
}

fn cpu(run: &mut Run<'_, f32>) {
    let mut e = run.take(0);
    let act = Activation::from_code(run.int(0));
    split::run(run, Gate { e: &mut e, lambda: run.read(1), a: run.read(2), act });
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
