//! Optimisers: how W and b follow their error. They record updates and never see B.

pub mod adam;
pub mod sgd;

use crate::config::Optimizer;
use crate::net::Layer;
use crate::plan::{Buf, Init, Role, Tape};

/// The batch-sum gradients of one layer, where the optimiser (or a trace) needs them apart.
#[derive(Debug, Clone, Copy)]
pub struct Gradient {
    /// `dW^l`, shaped like W.
    pub w: Buf,
    /// `db^l`, shaped like b.
    pub b: Buf,
}

/// Records the update of one layer by the error `e` (N, units) of its pre-activation and its input `x`
/// (N, inputs). `keep` also leaves the gradient in buffers, which are returned.
pub fn record(
    tape: &mut Tape,
    optimizer: Optimizer,
    layer: &Layer,
    (e, x): (Buf, Buf),
    decays: bool,
    keep: bool,
) -> Option<Gradient> {
    match optimizer {
        Optimizer::Sgd if !keep => {
            sgd::record(tape, layer, (e, x), decays);
            None
        }
        Optimizer::Sgd => {
            let gradient = gradient(tape, layer, (e, x));
            sgd::record(tape, layer, (e, x), decays);
            Some(gradient)
        }
        Optimizer::Adam => {
            let gradient = gradient(tape, layer, (e, x));
            adam::record(tape, layer, gradient);
            Some(gradient)
        }
    }
}

/// Records `dW = e^T x` and `db = sum_n e_n`.
fn gradient(tape: &mut Tape, layer: &Layer, (e, x): (Buf, Buf)) -> Gradient {
    let l = layer.number;
    let (zero, one) = (tape.scalar("0", |_, _| 0.0), tape.scalar("1", |_, _| 1.0));
    let w = tape.temporary(format!("dW{l}"), layer.w.rows, layer.w.cols);
    let b = tape.temporary(format!("db{l}"), layer.b.rows, 1);
    layer.weight_gradient(tape, &format!("dW{l} = e{l}^T h{}", l - 1), w, (e, x), zero, one);
    layer.bias_gradient(tape, &format!("db{l} = sum e{l}"), b, e, zero, one);
    Gradient { w, b }
}

/// A zeroed moment buffer that survives a pause.
fn moment(tape: &mut Tape, label: String, like: Buf) -> Buf {
    tape.declare(label, like.rows, like.cols, Role::Memory, Init::Zero)
}
