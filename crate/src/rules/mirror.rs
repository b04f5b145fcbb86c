//! Weight mirrors (Akrout, Wilson, Humphreys, Lillicrap, Tweed 2019): each hidden layer sends pure noise
//! up, and the correlation of what the next layer answers with that noise is W.
//!
//! Each step, for every hidden layer l and noise xi of its own: `y = act(W^{l+1} c_h xi + b^{l+1})`,
//! `B <- (1 - eta_B) B + eta_B / (N c_h) y^T xi`, so B tends to `E[act'] W`. The leak in place of the
//! authors' separate weight decay is our normalisation: it fixes the scale of B.

use super::info::{C_H, ETA_B, ETA_W};
use super::{Feedback, LearningRule, RuleInfo, Setting, Step};
use crate::base::rng::{Purpose, stream};
use crate::kernels::activation::Activation;
use crate::kernels::{add_scaled, noise, outer};
use crate::net::Layer;
use crate::plan::{Buf, Tape};

/// Weight mirrors.
pub struct WeightMirror;

impl LearningRule for WeightMirror {
    fn info(&self) -> RuleInfo {
        RuleInfo {
            equation: "e_l = (B_{l+1}^T e_{l+1}) * act';  B <- (1 - eta_B) B + eta_B / (N c_h) y xi^T,  y = act(W c_h xi + b)",
            summary: "Each layer sends noise through the weights above it and copies them from the echo.",
            hypers: vec![ETA_W, ETA_B, C_H],
            learns_feedback: true,
            has_feedback: true,
            ..RuleInfo::new(
                "mirror",
                "Mirror",
                "Weight mirrors",
                "Akrout, Wilson, Humphreys, Lillicrap, Tweed 2019",
            )
        }
    }

    fn declare(&self, tape: &mut Tape, layers: &[Layer], setting: Setting) -> Feedback {
        Feedback::matrices(tape, layers, false, setting.init)
    }

    fn send_error(&self, tape: &mut Tape, step: &mut Step, l: usize) -> Buf {
        step.feed_back(tape, l)
    }

    fn update_feedback(&self, tape: &mut Tape, step: &mut Step, l: usize) {
        let mut above = step.layer(l + 1);
        if above.act == Activation::Softmax {
            above.act = Activation::Identity;
        }
        let xi = tape.temporary(format!("mirror xi{l}"), step.batch, above.inputs());
        let x = tape.temporary(format!("mirror x{l}"), step.batch, above.inputs());
        let y = tape.temporary(format!("mirror y{}", l + 1), step.batch, above.units());
        noise::record(tape, &format!("mirror xi{l}"), xi, stream(Purpose::Mirror, l as u32));
        let c_h = tape.scalar("c_h", |h, _| h.c_h);
        add_scaled::record(tape, &format!("c_h xi{l}"), x, None, xi, c_h);
        above.forward(tape, &format!("mirror y{}", l + 1), y, x, None);
        let keep = tape.scalar("1 - eta_B", |h, _| 1.0 - h.eta_b);
        let gain = tape.scalar("eta_B / (N c_h)", |h, c| h.eta_b / (c.batch as f64 * h.c_h));
        let label = format!("B{} += correlation", l + 1);
        outer::record(tape, &label, step.feedback.b[l - 1], (y, xi), keep, gain);
    }
}
