//! Plain node perturbation, the REINFORCE-like baseline the paper argues against: hidden layers learn
//! from `lambda_hat = (L~ - L) xi / c_h` itself, without feedback weights. Unbiased for small noise, but
//! its variance grows with the number of perturbed units (paper, section 1).

use super::info::{C_H, ETA_W};
use super::learner;
use super::{LearningRule, Passes, RuleInfo, Step};
use crate::plan::{Buf, Tape};

/// Plain node perturbation.
pub struct NodePerturbation;

impl LearningRule for NodePerturbation {
    fn info(&self) -> RuleInfo {
        RuleInfo {
            equation: "e_l = ((L~ - L) xi_l / c_h) * act'",
            summary: "The noisy estimate used directly as the gradient, with no feedback weights to average it.",
            hypers: vec![ETA_W, C_H],
            perturbs: true,
            ..RuleInfo::new(
                "perturb",
                "Plain NP",
                "Plain node perturbation (REINFORCE)",
                "Williams 1992; Werfel, Xie, Seung 2005",
            )
        }
    }

    fn passes(&self) -> Passes {
        Passes::CleanAndPerturbed
    }

    fn send_error(&self, tape: &mut Tape, step: &mut Step, l: usize) -> Buf {
        let estimate = learner::lambda_hat(tape, step, l);
        step.layer(l).mute(tape, &format!("lambda_hat{l}"), estimate)
    }
}
