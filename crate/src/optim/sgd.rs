//! Gradient descent `W = (1 - kappa) W - eta_W sum_n e_n h_n^T` (paper, section 3; kappa = 0 except for
//! matched updates). Rates belong to sums over the batch, not means. Biases do not decay.

use crate::net::Layer;
use crate::plan::{Buf, Tape};

/// Records the update of one layer.
pub fn record(tape: &mut Tape, layer: &Layer, (e, x): (Buf, Buf), decays: bool) {
    let l = layer.number;
    let one = tape.scalar("1", |_, _| 1.0);
    let keep = if decays { tape.scalar("1 - kappa", |h, _| 1.0 - h.kappa) } else { one };
    let rate = tape.scalar("-eta_W", |h, _| -h.eta_w);
    layer.weight_gradient(
        tape,
        &format!("W{l} -= eta_W e{l}^T h{}", l - 1),
        layer.w,
        (e, x),
        keep,
        rate,
    );
    layer.bias_gradient(tape, &format!("b{l} -= eta_W sum e{l}"), layer.b, e, one, rate);
}
