//! Adam (Kingma, Ba 2015) on the batch-sum gradient; its step count is the number of weight updates,
//! so a warm-up does not age it.

use super::{Gradient, moment};
use crate::kernels::adam::{self, BETA1, BETA2};
use crate::net::Layer;
use crate::plan::{Clock, Tape};

/// `1 - beta^t`, t counted from 1.
fn correction(beta: f64, clock: &Clock) -> f64 {
    1.0 - libm::exp((clock.updates + 1) as f64 * libm::log(beta))
}

/// Records the update of one layer.
pub fn record(tape: &mut Tape, layer: &Layer, gradient: Gradient) {
    let rate = tape.scalar("eta_W / (1 - .9^t)", |h, c| h.eta_w / correction(BETA1, c));
    let scale = tape.scalar("1 / sqrt(1 - .999^t)", |_, c| 1.0 / libm::sqrt(correction(BETA2, c)));
    for (name, target, g) in [("W", layer.w, gradient.w), ("b", layer.b, gradient.b)] {
        let name = format!("{name}{}", layer.number);
        let m = moment(tape, format!("adam m {name}"), target);
        let v = moment(tape, format!("adam v {name}"), target);
        adam::record(tape, &format!("{name} -= adam"), target, (m, v), g, rate, scale);
    }
}
