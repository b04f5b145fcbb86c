//! A run of a plan as data, for whoever executes it, now or later.

use super::{Buf, Clock, Env, PlanId};

/// A step's surroundings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment {
    /// Seed, step, source.
    pub env: Env,
    /// What scalars depend on.
    pub clock: Clock,
}

/// One run of a plan outside training, and what to read after it.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// The plan.
    pub plan: PlanId,
    /// Its surroundings.
    pub moment: Moment,
    /// A buffer to fill first.
    pub given: Option<(Buf, Vec<f32>)>,
    /// Buffers to read afterwards, each with its first so many floats.
    pub read: Vec<(Buf, usize)>,
}

impl Task {
    /// Floats that its readings give.
    pub fn floats(&self) -> usize {
        self.read.iter().map(|(_, count)| count).sum()
    }
}
