//! `e^L = dL/dz^L`, always exact: `(yhat - y) o act'(yhat)` for squared error; `yhat - y` for
//! cross-entropy on a softmax, where the slopes cancel.
//!
//! Buffers: e written; yhat; y; all (N, p). Ints: activation of the output layer.

use super::activation::Activation;
use super::elementwise::map;
use super::lanes::{Lanes, WithLanes, dispatch};
use crate::plan::{Access, Buf, Kernel, Lowered, Op, Points, Run, Tape};

/// The kernel.
pub static KERNEL: Kernel = Kernel {
    name: "output_error",
    access: &[Access::Write, Access::Read, Access::Read],
    cpu,
    reference,
    gpu,
    flops: |op| 4 * op.bufs[0].len() as u64,
    scratch: |_| 0,
};

/// Records `e = (yhat - y) o act'(yhat)`; softmax stands for softmax with cross-entropy.
#[track_caller]
pub fn record(tape: &mut Tape, label: &str, e: Buf, yhat: Buf, y: Buf, act: Activation) {
    tape.require(e.len() == yhat.len() && e.len() == y.len(), label, || {
        format!("output_error: e {e:?}, yhat {yhat:?}, y {y:?}")
    });
    tape.push(&KERNEL, label, &[e, yhat, y], &[], &[act.code()]);
}

struct OutputError<'a>(&'a mut [f32], &'a [f32], &'a [f32], Activation);

impl WithLanes for OutputError<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let act = self.3;
        map!(L, self.0; yhat = self.1, y = self.2 => yhat.sub(y).mul(act.slope(yhat)));
    }
}

fn gpu(op: &Op) -> Vec<Lowered> {
    let value = format!("($1 - $2) * slope($1, {}u)", op.ints[0]);
    vec![Lowered::Points(Points::elementwise(op, &[(0, &value)]))]
}

fn cpu(run: &mut Run<'_, f32>) {
    let mut e = run.take(0);
    let act = Activation::from_code(run.int(0));
    dispatch(run.arithmetic, OutputError(&mut e, run.read(1), run.read(2), act));
    run.put(0, e);
}

fn reference(run: &mut Run<'_, f64>) {
    let mut e = run.take(0);
    let act = Activation::from_code(run.int(0));
    for ((e, yhat), y) in e.iter_mut().zip(run.read(1)).zip(run.read(2)) {
        *e = (yhat - y) * act.slope_f64(*yhat);
    }
    run.put(0, e);
}
