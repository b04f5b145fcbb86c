//! Matched updates (Kolen, Pollack 1994; paper, section 3): B receives the same increment as W, and both
//! decay, so `W - B` shrinks as `(1 - kappa)^t` whatever they learn.

use super::info::{ETA_W, KAPPA};
use super::{Feedback, LearningRule, RuleInfo, Setting, Step};
use crate::kernels::outer;
use crate::net::Layer;
use crate::plan::{Buf, Tape};

/// Matched updates.
pub struct Matched;

impl LearningRule for Matched {
    fn info(&self) -> RuleInfo {
        RuleInfo {
            equation: "e_l = (B_{l+1}^T e_{l+1}) * act';  W <- (1 - kappa) W - eta_W e h^T;  B <- (1 - kappa) B - eta_W e h^T",
            summary: "W and B change by the same amounts and forget at the same rate, so they become equal.",
            hypers: vec![ETA_W, KAPPA],
            learns_feedback: true,
            has_feedback: true,
            ..RuleInfo::new(
                "matched",
                "Matched",
                "Matched updates",
                "Kolen, Pollack 1994; Akrout et al. 2019",
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
        // W's increment is withheld in a warm-up or when frozen; then B's is, too.
        let Some(when) = step.forward_updates else { return };
        let (e, h) = (step.error(l + 1), step.h[l]);
        let b = step.feedback.b[l - 1];
        let keep = tape.scalar("1 - kappa", |h, _| 1.0 - h.kappa);
        let rate = tape.scalar("-eta_W", |h, _| -h.eta_w);
        let label = format!("B{} -= eta_W e{}^T h{l}", l + 1, l + 1);
        tape.when(when, |tape| outer::record(tape, &label, b, (e, h), keep, rate));
    }
}
