//! `B = |M| o sign(W)`: sign-symmetric feedback with fixed random magnitudes (Liao, Leibo, Poggio 2016;
//! Xiao et al. 2019). The one rule here that reads W, by one bit a weight.
//!
//! Buffers: B written; M; W; all of one shape.

use super::elementwise::map;
use super::lanes::{Lanes, WithLanes, dispatch};
use crate::plan::{Access, Buf, Kernel, Lowered, Op, Points, Run, Tape};

/// The kernel.
pub static KERNEL: Kernel = Kernel {
    name: "sign_transport",
    access: &[Access::Write, Access::Read, Access::Read],
    cpu,
    reference,
    gpu,
    flops: |op| op.bufs[0].len() as u64,
    scratch: |_| 0,
};

/// Records `B = |M| o sign(W)`, with sign(0) = 0.
#[track_caller]
pub fn record(tape: &mut Tape, label: &str, b: Buf, m: Buf, w: Buf) {
    tape.require(b.len() == m.len() && b.len() == w.len(), label, || {
        format!("sign_transport: B {b:?}, M {m:?}, W {w:?}")
    });
    tape.push(&KERNEL, label, &[b, m, w], &[], &[]);
}

struct Transport<'a>(&'a mut [f32], &'a [f32], &'a [f32]);

impl WithLanes for Transport<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let zero = L::splat(0.0);
        map!(L, self.0; m = self.1, w = self.2 => {
            let magnitude = zero.select_lt(w.abs(), m.abs(), zero);
            magnitude.copysign(w)
        });
    }
}

fn gpu(op: &Op) -> Vec<Lowered> {
    vec![Lowered::Points(Points::elementwise(op, &[(0, "sign_of($1, $2)")]))]
}

fn cpu(run: &mut Run<'_, f32>) {
    let mut b = run.take(0);
    dispatch(run.arithmetic, Transport(&mut b, run.read(1), run.read(2)));
    run.put(0, b);
}

fn reference(run: &mut Run<'_, f64>) {
    let mut b = run.take(0);
    for ((b, m), w) in b.iter_mut().zip(run.read(1)).zip(run.read(2)) {
        *b = if *w == 0.0 { 0.0 } else { m.abs() * w.signum() };
    }
    run.put(0, b);
}
