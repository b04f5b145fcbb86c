//! Synthetic gradients: as the paper's rule, but B is fitted to the *true* gradient from exact
//! backpropagation (paper, section 3). The upper bound of what learned feedback can do.

use super::info::{ETA_B, ETA_W};
use super::learner::{self, Target};
use super::{Feedback, LearningRule, RuleInfo, Setting, Step};
use crate::net::Layer;
use crate::plan::{Buf, Tape};

/// The rule, layer by layer or direct.
pub struct SyntheticGradients {
    direct: bool,
}

/// `B^{l+1}` is fed by `e~^{l+1}`.
pub const SG: SyntheticGradients = SyntheticGradients { direct: false };
/// `B^{l+1}` is fed by `e^L` (paper, Table 2b).
pub const SG_DIRECT: SyntheticGradients = SyntheticGradients { direct: true };

impl LearningRule for SyntheticGradients {
    fn info(&self) -> RuleInfo {
        let source = "Jaderberg et al. 2017";
        let base = if self.direct {
            RuleInfo {
                equation: "e_l = (B_{l+1}^T e_out) * act';  B -= eta_B e_out (B^T e_out - lambda)^T",
                summary: "As SG, but every layer fits its feedback from the output error itself: the best that direct feedback can do.",
                ..RuleInfo::new(
                    "sg-dfa",
                    "SG direct",
                    "Synthetic gradients, direct feedback",
                    source,
                )
            }
        } else {
            RuleInfo {
                equation: "e_l = (B_{l+1}^T e_{l+1}) * act';  B -= eta_B e (B^T e - lambda)^T",
                summary: "Feedback fitted to the true gradient instead of an estimate: how good could learned feedback get?",
                ..RuleInfo::new("sg", "SG", "Synthetic gradients", source)
            }
        };
        RuleInfo {
            hypers: vec![ETA_W, ETA_B],
            learns_feedback: true,
            direct: self.direct,
            regresses: true,
            has_feedback: true,
            ..base
        }
    }

    fn declare(&self, tape: &mut Tape, layers: &[Layer], setting: Setting) -> Feedback {
        learner::declare(tape, layers, self.direct, setting)
    }

    fn send_error(&self, tape: &mut Tape, step: &mut Step, l: usize) -> Buf {
        step.feed_back(tape, l)
    }

    fn update_feedback(&self, tape: &mut Tape, step: &mut Step, l: usize) {
        let lambda = step.exact_lambda(tape, l);
        learner::fit(tape, step, l, &Target::Exact(lambda));
    }
}
