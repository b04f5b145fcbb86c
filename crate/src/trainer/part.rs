//! A step that only one kind of weights takes part in: what one sees of a rule when the other kind stands still.

use crate::base::{Error, Result};
use crate::kernels::sign_transport;
use crate::plan::{Access, Op, Program, Role};

/// The weights that a step changes, where it does not change all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// W, b and what their optimiser remembers.
    Forward,
    /// B and what it is computed from (the sums of ridge regression).
    Feedback,
}

impl Part {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Forward, Self::Feedback];

    /// As written in the page's and the element's interface.
    pub fn name(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Feedback => "feedback",
        }
    }

    /// The part of that name.
    ///
    /// # Errors
    /// [`Error::Config`]: neither `forward` nor `feedback`.
    pub fn from_name(name: &str) -> Result<Self> {
        let part = Self::ALL.into_iter().find(|part| part.name() == name);
        part.ok_or_else(|| Error::config("part", format!("{name} is neither forward nor feedback")))
    }

    /// Which weights an op changes; none: those of the step alone. The B of sign-symmetric feedback is not learned but
    /// read off W, in every step.
    pub(super) fn of(program: &Program, op: &Op) -> Option<Self> {
        let written = op.bufs.iter().zip(op.kernel.access);
        let mut lasting = written
            .filter(|(_, access)| **access != Access::Read)
            .map(|(buf, _)| program.buffers[buf.index()].role)
            .filter(|role| *role != Role::Temporary)
            .peekable();
        if lasting.peek().is_none() || op.kernel.name == sign_transport::KERNEL.name {
            return None;
        }
        // An optimiser writes what it remembers together with W; other memory is the feedback's.
        Some(if lasting.any(|role| role == Role::Weight) { Self::Forward } else { Self::Feedback })
    }
}
