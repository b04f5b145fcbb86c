//! Feedback alignment: `lambda^l = e^{l+1} B^{l+1}` with fixed random B (Lillicrap et al. 2016).

use super::{Feedback, LearningRule, RuleInfo, Setting, Step};
use crate::net::Layer;
use crate::plan::{Buf, Tape};

/// Feedback alignment.
pub struct FeedbackAlignment;

impl LearningRule for FeedbackAlignment {
    fn info(&self) -> RuleInfo {
        RuleInfo {
            equation: "e_l = (B_{l+1}^T e_{l+1}) * act',  B fixed and random",
            summary: "Random feedback that never changes; W slowly comes to agree with it.",
            has_feedback: true,
            ..RuleInfo::new(
                "fa",
                "FA",
                "Feedback alignment",
                "Lillicrap, Cownden, Tweed, Akerman 2016",
            )
        }
    }

    fn declare(&self, tape: &mut Tape, layers: &[Layer], setting: Setting) -> Feedback {
        Feedback::matrices(tape, layers, false, setting.init)
    }

    fn send_error(&self, tape: &mut Tape, step: &mut Step, l: usize) -> Buf {
        step.feed_back(tape, l)
    }
}
