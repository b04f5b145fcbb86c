//! Backpropagation: `lambda^l = e^{l+1} W^{l+1}`, the transposed forward weights (paper, section 2).

use super::{LearningRule, RuleInfo, Step};
use crate::plan::{Buf, Tape};

/// Backpropagation.
pub struct Backprop;

impl LearningRule for Backprop {
    fn info(&self) -> RuleInfo {
        RuleInfo {
            equation: "e_l = (W_{l+1}^T e_{l+1}) * act'",
            summary: "The exact gradient. Every neuron must know the weights by which others listen to it.",
            ..RuleInfo::new("bp", "BP", "Backpropagation", "Rumelhart, Hinton, Williams 1986")
        }
    }

    fn send_error(&self, tape: &mut Tape, step: &mut Step, l: usize) -> Buf {
        step.exact_lambda(tape, l)
    }
}
