//! Synthetic gradients: as the paper's rule, but B is fitted to the *true* gradient from exact
//! backpropagation (paper, section 3). The upper bound of what learned feedback can do.

use super::info::{ETA_B, ETA_W};
use super::learner::{self, Target};
use super::{Feedback, LearningRule, RuleInfo, Setting, Step};
use crate::net::Dense;
use crate::plan::{Buf, Tape};

/// Synthetic gradients.
pub struct SyntheticGradients;

impl LearningRule for SyntheticGradients {
    fn info(&self) -> RuleInfo {
        RuleInfo {
            equation: "e_l = (B_{l+1}^T e_{l+1}) * act';  B -= eta_B e (B^T e - lambda)^T",
            summary: "Feedback fitted to the true gradient instead of an estimate: how good could learned feedback get?",
            hypers: vec![ETA_W, ETA_B],
            learns_feedback: true,
            regresses: true,
            has_feedback: true,
            ..RuleInfo::new("sg", "SG", "Synthetic gradients", "Jaderberg et al. 2017")
        }
    }

    fn declare(&self, tape: &mut Tape, layers: &[Dense], setting: Setting) -> Feedback {
        learner::declare(tape, layers, false, setting)
    }

    fn send_error(&self, tape: &mut Tape, step: &mut Step, l: usize) -> Buf {
        step.feed_back(tape, l)
    }

    fn update_feedback(&self, tape: &mut Tape, step: &mut Step, l: usize) {
        let lambda = step.exact_lambda(tape, l);
        learner::fit(tape, step, l, &Target::Exact(lambda));
    }
}
