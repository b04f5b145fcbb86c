//! The learning rules: one small file each, to be held against the paper.
//!
//! A rule says how errors travel down and how feedback weights learn; everything else (forward pass,
//! loss, error at the output, W updates, metrics) is recorded by the trainer, once for all rules.
//! To add one: a file with an implementation of [`LearningRule`] and a line in [`all`].

mod bp;
mod dfa;
mod fa;
mod info;
mod learner;
mod matched;
mod mirror;
mod np;
mod perturb;
mod sg;
mod sign;
mod step;

pub use info::{HyperInfo, RuleInfo};
pub use learner::lambda_hat;
pub use step::{Feedback, Step};

use crate::base::{Error, Result};
use crate::config::{FeedbackLearner, Initialisation};
use crate::net::Layer;
use crate::plan::{Buf, Tape};

/// What a rule may know when it declares its state.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// How learned feedback follows its target.
    pub feedback: FeedbackLearner,
    /// Distribution of initial weights.
    pub init: Initialisation,
    /// `gamma`, ridge at the start of the running sums.
    pub gamma: f64,
}

/// Which passes through the network a rule needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passes {
    /// The noise-free pass.
    Clean,
    /// Also a pass with `c_h xi` on every hidden layer, and the difference of their losses.
    CleanAndPerturbed,
}

/// A learning rule. It records; it never computes.
pub trait LearningRule: Sync {
    /// Names, citation, hyperparameters.
    fn info(&self) -> RuleInfo;

    /// Passes it needs.
    fn passes(&self) -> Passes {
        Passes::Clean
    }

    /// Declares feedback weights and other state; `layers` from the bottom.
    fn declare(&self, _tape: &mut Tape, _layers: &[Layer], _setting: Setting) -> Feedback {
        Feedback::default()
    }

    /// Records and returns `lambda^l`, (N, `n_l`), the gradient (or its estimate) at the activity of hidden
    /// layer l. Called top down, l = L-1 ..= 1, when `e^{l+1}` is there.
    fn send_error(&self, tape: &mut Tape, step: &mut Step, l: usize) -> Buf;

    /// Records the update of the feedback that hidden layer l uses, `B^{l+1}`. Called when all errors are
    /// there and no weight has changed. The default, nothing, *is* feedback alignment.
    fn update_feedback(&self, _tape: &mut Tape, _step: &mut Step, _l: usize) {}
}

/// Every rule, in the order a page lists them.
pub fn all() -> &'static [&'static dyn LearningRule] {
    &[
        &np::NP,
        &np::NP_DIRECT,
        &bp::Backprop,
        &fa::FeedbackAlignment,
        &dfa::DirectFeedbackAlignment,
        &sg::SG,
        &sg::SG_DIRECT,
        &matched::Matched,
        &sign::SignSymmetric,
        &mirror::WeightMirror,
        &perturb::NodePerturbation,
    ]
}

/// The rule with this id.
pub fn find(id: &str) -> Result<&'static dyn LearningRule> {
    all().iter().copied().find(|rule| rule.info().id == id).ok_or_else(|| {
        let known: Vec<&str> = all().iter().map(|rule| rule.info().id).collect();
        Error::config(
            "rule",
            format!("there is no rule `{id}`; choose one of {}", known.join(", ")),
        )
    })
}
