//! Node perturbation that learns the feedback weights: the paper's rule (section 3).
//!
//! Errors travel as in feedback alignment, `lambda~^l = e~^{l+1} B^{l+1}` (direct form: `e^L B^{l+1}`), and B
//! descends `1/2 sum_n ||e~_n B - lambda_hat_n||^2` with the estimate `lambda_hat^l = (L~ - L) xi^l / c_h`
//! that each unit can make from its own noise and the broadcast change of the loss.

use super::info::{C_H, ETA_B, ETA_W};
use super::learner::{self, Target};
use super::{Feedback, LearningRule, Passes, RuleInfo, Setting, Step};
use crate::net::Layer;
use crate::plan::{Buf, Tape};

/// The rule, layer by layer or direct.
pub struct LearnedFeedback {
    direct: bool,
}

/// `B^{l+1}` is fed by `e~^{l+1}`.
pub const NP: LearnedFeedback = LearnedFeedback { direct: false };
/// `B^{l+1}` is fed by `e^L`.
pub const NP_DIRECT: LearnedFeedback = LearnedFeedback { direct: true };

impl LearningRule for LearnedFeedback {
    fn info(&self) -> RuleInfo {
        let paper = "Lansdell, Prakash, Kording 2020";
        let base = if self.direct {
            RuleInfo {
                equation: "e_l = (B_{l+1}^T e_out) * act';  B -= eta_B e_out (B^T e_out - lambda_hat)^T",
                summary: "As NP, but every layer learns its feedback from the output error itself.",
                ..RuleInfo::new("np-dfa", "NP direct", "Node perturbation, direct feedback", paper)
            }
        } else {
            RuleInfo {
                equation: "e_l = (B_{l+1}^T e_{l+1}) * act';  lambda_hat = (L~ - L) xi / c_h;  B -= eta_B e (B^T e - lambda_hat)^T",
                summary: "Each neuron adds noise, sees how the loss changes, and so learns the feedback weights that deliver nearly the true gradient.",
                ..RuleInfo::new(
                    "np",
                    "NP",
                    "Node perturbation with learned feedback (the paper's rule)",
                    paper,
                )
            }
        };
        RuleInfo {
            hypers: vec![ETA_W, ETA_B, C_H],
            learns_feedback: true,
            direct: self.direct,
            perturbs: true,
            regresses: true,
            has_feedback: true,
            ..base
        }
    }

    fn passes(&self) -> Passes {
        Passes::CleanAndPerturbed
    }

    fn declare(&self, tape: &mut Tape, layers: &[Layer], setting: Setting) -> Feedback {
        learner::declare(tape, layers, self.direct, setting)
    }

    fn send_error(&self, tape: &mut Tape, step: &mut Step, l: usize) -> Buf {
        step.feed_back(tape, l)
    }

    fn update_feedback(&self, tape: &mut Tape, step: &mut Step, l: usize) {
        learner::fit(tape, step, l, &Target::Perturbation);
    }
}
