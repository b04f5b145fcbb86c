//! Sign-symmetric feedback: `B = |M| o sign(W)` with fixed random magnitudes M (Liao, Leibo, Poggio 2016;
//! Xiao et al. 2019). Transports one bit of every weight; here for comparison. B is refreshed wherever it is
//! used, in a step and in a measurement: between the two it is the sign of the last W that was asked about.

use super::{Feedback, LearningRule, RuleInfo, Setting, Step};
use crate::base::rng::{Purpose, stream};
use crate::kernels::sign_transport;
use crate::net::Layer;
use crate::net::init_std;
use crate::plan::{Buf, Init, Role, Tape};

/// Sign-symmetric feedback.
pub struct SignSymmetric;

impl LearningRule for SignSymmetric {
    fn info(&self) -> RuleInfo {
        RuleInfo {
            equation: "e_l = (B_{l+1}^T e_{l+1}) * act';  B = |M| * sign(W)",
            summary: "Feedback with the sign of the forward weight and a random size: how much do the signs alone buy?",
            learns_feedback: true,
            has_feedback: true,
            ..RuleInfo::new(
                "sign",
                "Sign",
                "Sign-symmetric feedback",
                "Liao, Leibo, Poggio 2016; Xiao, Chen, Liao, Poggio 2019",
            )
        }
    }

    fn declare(&self, tape: &mut Tape, layers: &[Layer], _setting: Setting) -> Feedback {
        let mut feedback = Feedback::default();
        for (l, rows, cols) in Feedback::shapes(layers, false) {
            let size = Init::Magnitude {
                std: init_std(cols),
                stream: stream(Purpose::InitFeedback, l as u32 + 1),
            };
            feedback.magnitude.push(tape.declare(
                format!("M{}", l + 1),
                rows,
                cols,
                Role::Memory,
                size,
            ));
            feedback.b.push(tape.declare(
                format!("B{}", l + 1),
                rows,
                cols,
                Role::Feedback,
                Init::Zero,
            ));
        }
        feedback
    }

    fn send_error(&self, tape: &mut Tape, step: &mut Step, l: usize) -> Buf {
        let (b, m) = (step.feedback.b[l - 1], step.feedback.magnitude[l - 1]);
        let w = step.layer(l + 1).w;
        sign_transport::record(tape, &format!("B{0} = |M{0}| sign W{0}", l + 1), b, m, w);
        step.feed_back(tape, l)
    }
}
