//! A training step as data.
//!
//! A rule never computes. At set-up it *records* one step on a [`Tape`]: each call appends an [`Op`]
//! (a kernel descriptor, buffers, scalars, a label) and returns a [`Buf`], which is an id with a
//! shape and no value. The finished [`Program`] is plain data; an executor walks it. A rule therefore
//! cannot branch on a value, and a device may run many steps without asking anybody anything.
//!
//! This room knows no particular kernel and no executor.

mod kernel;
mod shader;
mod tape;
mod task;

pub use kernel::{Access, Element, Kernel, Run};
pub use shader::{Image, Layout, Lowered, Points, Use, View};
pub use tape::Tape;
pub use task::{Moment, Task};

use crate::base::rng::key;
use std::fmt;
use std::sync::Arc;

/// A buffer of `rows x cols` floats, row major: an id with a shape, no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Buf {
    pub(crate) id: u32,
    /// Rows: samples, or units of the layer above for weights.
    pub rows: usize,
    /// Columns: units, or units of the layer below for weights.
    pub cols: usize,
}

impl Buf {
    /// Number of floats.
    pub fn len(self) -> usize {
        self.rows * self.cols
    }

    /// True for a buffer without elements.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Position in [`Program::buffers`].
    pub fn index(self) -> usize {
        self.id as usize
    }

    /// The same buffer seen with other rows and columns, e.g. images (N, H W C) as pixels (N H W, C).
    ///
    /// # Panics
    /// When the lengths differ: a defect of whoever records, found the first time it is recorded.
    #[track_caller]
    pub fn reshaped(self, rows: usize, cols: usize) -> Self {
        assert!(rows * cols == self.len(), "{self:?} seen as {rows} x {cols}");
        Self { rows, cols, ..self }
    }
}

/// What a buffer is for; decides what a snapshot holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// `W^l` and `b^l`.
    Weight,
    /// `B^l`.
    Feedback,
    /// Optimiser moments, ridge sums: what must survive a pause.
    Memory,
    /// Recomputed in every step.
    Temporary,
}

/// A buffer's content before the first step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Init {
    /// All zero.
    Zero,
    /// N(0, std^2) from a named stream.
    Normal {
        /// Standard deviation.
        std: f32,
        /// Stream of [`crate::base::rng::stream`].
        stream: u32,
    },
    /// N(0, std^2) with draws beyond two standard deviations redrawn.
    TruncatedNormal {
        /// Standard deviation before truncation.
        std: f32,
        /// Stream of [`crate::base::rng::stream`].
        stream: u32,
    },
    /// All equal.
    Constant(f32),
    /// `value` on the diagonal, zero elsewhere.
    Diagonal(f32),
    /// `|N(0, std^2)|` from a named stream.
    Magnitude {
        /// Standard deviation.
        std: f32,
        /// Stream of [`crate::base::rng::stream`].
        stream: u32,
    },
}

/// A declared buffer.
#[derive(Debug, Clone)]
pub struct BufDecl {
    /// Its name in plans, snapshots and messages, e.g. `W2`. Unique among those that persist.
    pub label: String,
    /// Shape.
    pub buf: Buf,
    /// What it is for.
    pub role: Role,
    /// Its first content.
    pub init: Init,
}

/// Rates a reader may change while a run goes on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hyper {
    /// `eta_W`, learning rate of W and b.
    pub eta_w: f64,
    /// `eta_B`, learning rate of B.
    pub eta_b: f64,
    /// `c_h`, standard deviation (never variance) of the noise on activities.
    pub c_h: f64,
    /// `kappa`, weight decay a step of matched updates.
    pub kappa: f64,
    /// Standard deviation of the noise on inputs.
    pub input_noise: f64,
}

/// Where a run is: what a [`ScalarFn`] may depend on besides the rates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clock {
    /// Steps done before this one.
    pub step: u64,
    /// Weight updates done before this one: steps after the warm-up.
    pub updates: u64,
    /// Samples in a batch.
    pub batch: usize,
}

/// A scalar computed by the host before a step, in f64.
pub type ScalarFn = Arc<dyn Fn(&Hyper, &Clock) -> f64 + Send + Sync>;

/// A recorded scalar: index into the table that the host fills before each step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scalar(pub(crate) u32);

impl Scalar {
    /// Position in [`Program::scalars`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A scalar's name and formula.
#[derive(Clone)]
pub struct ScalarDecl {
    /// E.g. `-eta_W`.
    pub label: String,
    /// Its value.
    pub value: ScalarFn,
}

impl fmt::Debug for ScalarDecl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScalarDecl({})", self.label)
    }
}

/// When an op runs. Decided by the host from the step number alone, never from data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum When {
    /// Every step.
    #[default]
    Always,
    /// From this step number (counted from 0) on: W after a warm-up.
    From(u64),
}

impl When {
    /// Does the op run in step number `step`, counted from 0?
    pub fn runs(self, step: u64) -> bool {
        match self {
            Self::Always => true,
            Self::From(first) => step >= first,
        }
    }
}

/// One recorded operation.
#[derive(Debug, Clone)]
pub struct Op {
    /// What to compute.
    pub kernel: &'static Kernel,
    /// Operands in the kernel's documented order.
    pub bufs: Vec<Buf>,
    /// Scalars in the kernel's documented order.
    pub scalars: Vec<Scalar>,
    /// Whole-number settings in the kernel's documented order.
    pub ints: Vec<u32>,
    /// What it computes, e.g. `W2 -= eta_W e2^T h1`.
    pub label: String,
    /// When it runs.
    pub when: When,
}

/// A named list of ops.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// In order of execution.
    pub ops: Vec<Op>,
}

impl Plan {
    /// Floating point operations of one run, a multiply-add counted as two.
    pub fn flops(&self) -> u64 {
        self.ops.iter().map(|op| (op.kernel.flops)(op)).sum()
    }

    /// Largest scratch space any op asks for, in floats.
    pub fn scratch(&self) -> usize {
        self.ops.iter().map(|op| (op.kernel.scratch)(op)).max().unwrap_or(0)
    }
}

/// Index of a plan in a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanId(pub(crate) usize);

impl PlanId {
    /// Position in [`Program::plans`].
    pub fn index(self) -> usize {
        self.0
    }
}

/// Everything an executor needs: buffers, scalars, plans.
#[derive(Debug, Clone, Default)]
pub struct Program {
    /// All buffers; a [`Buf`] is an index.
    pub buffers: Vec<BufDecl>,
    /// All scalars; a [`Scalar`] is an index.
    pub scalars: Vec<ScalarDecl>,
    /// The plans; a [`PlanId`] is an index.
    pub plans: Vec<Plan>,
}

impl Program {
    /// The buffers that survive a pause, in order of declaration.
    pub fn persistent(&self) -> impl Iterator<Item = &BufDecl> {
        self.buffers.iter().filter(|b| b.role != Role::Temporary)
    }

    /// A plan as a table for people: one op a line.
    pub fn describe(&self, plan: PlanId) -> String {
        use std::fmt::Write as _;
        let mut text = String::new();
        for (i, op) in self.plans[plan.0].ops.iter().enumerate() {
            let bufs: Vec<String> = op
                .bufs
                .iter()
                .zip(op.kernel.access)
                .map(|(b, access)| {
                    let mark = if *access == Access::Read { "" } else { "*" };
                    format!("{mark}{}[{}x{}]", self.buffers[b.index()].label, b.rows, b.cols)
                })
                .collect();
            let scalars: Vec<&str> =
                op.scalars.iter().map(|s| self.scalars[s.0 as usize].label.as_str()).collect();
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "{i:3}  {:<14} {:<34} {}  {}",
                op.kernel.name,
                op.label,
                bufs.join(" "),
                scalars.join(" ")
            );
        }
        text
    }
}

/// How products and sums are rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Arithmetic {
    /// The same bits on every host: no fused multiply-add.
    #[default]
    Reproducible,
    /// Fused multiply-add where the machine has it.
    Fast,
}

/// Where samples come from when a plan gathers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Source {
    /// Training samples in the shuffled order of the current step.
    #[default]
    Shuffled,
    /// Training samples `offset..` in file order.
    Train,
    /// Test samples `offset..` in file order.
    Test,
}

/// What one run of a plan depends on besides its buffers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Env {
    /// The run's seed.
    pub seed: u64,
    /// Steps done before this one.
    pub step: u64,
    /// Where gathers read.
    pub source: Source,
    /// First sample of a gather in file order.
    pub offset: usize,
}

impl Env {
    /// The Philox key of the run.
    #[inline]
    pub fn key(&self) -> [u32; 2] {
        key(self.seed)
    }
}
