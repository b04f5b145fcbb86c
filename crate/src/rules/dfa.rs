//! Direct feedback alignment: `lambda^l = e^L B^{l+1}` with fixed random B straight from the output
//! (Nokland 2016).

use super::{Feedback, LearningRule, RuleInfo, Setting, Step};
use crate::net::Layer;
use crate::plan::{Buf, Tape};

/// Direct feedback alignment.
pub struct DirectFeedbackAlignment;

impl LearningRule for DirectFeedbackAlignment {
    fn info(&self) -> RuleInfo {
        RuleInfo {
            equation: "e_l = (B_{l+1}^T e_out) * act',  B fixed and random",
            summary: "Random feedback from the output error straight to every layer.",
            has_feedback: true,
            direct: true,
            ..RuleInfo::new("dfa", "DFA", "Direct feedback alignment", "N\u{f8}kland 2016")
        }
    }

    fn declare(&self, tape: &mut Tape, layers: &[Layer], setting: Setting) -> Feedback {
        Feedback::matrices(tape, layers, true, setting.init)
    }

    fn send_error(&self, tape: &mut Tape, step: &mut Step, l: usize) -> Buf {
        step.feed_back(tape, l)
    }
}
