//! Recording: declares buffers and scalars, appends ops to the current plan, checks shapes.

use super::{
    Access, Buf, BufDecl, Clock, Hyper, Init, Kernel, Op, Plan, PlanId, Program, Role, Scalar,
    ScalarDecl, When,
};
use crate::base::{Error, Result};
use std::sync::Arc;

/// Records plans.
#[derive(Debug, Default)]
pub struct Tape {
    program: Program,
    current: Plan,
    when: When,
    error: Option<Error>,
}

impl Tape {
    /// An empty tape.
    pub fn new() -> Self {
        Self::default()
    }

    /// Declares a buffer that lives through the run. Labels of such buffers are unique.
    pub fn declare(
        &mut self,
        label: impl Into<String>,
        rows: usize,
        cols: usize,
        role: Role,
        init: Init,
    ) -> Buf {
        let buf = Buf { id: self.program.buffers.len() as u32, rows, cols };
        let label = label.into();
        if role != Role::Temporary && self.program.persistent().any(|b| b.label == label) {
            self.fail(&label, "declared twice".into());
        }
        self.program.buffers.push(BufDecl { label, buf, role, init });
        buf
    }

    /// Declares a buffer that every run of the plan fills anew.
    pub fn temporary(&mut self, label: impl Into<String>, rows: usize, cols: usize) -> Buf {
        self.declare(label, rows, cols, Role::Temporary, Init::Zero)
    }

    /// Names a scalar; the same label gives the same scalar.
    pub fn scalar(
        &mut self,
        label: &str,
        value: impl Fn(&Hyper, &Clock) -> f64 + Send + Sync + 'static,
    ) -> Scalar {
        let known = self.program.scalars.iter().position(|s| s.label == label);
        let index = known.unwrap_or_else(|| {
            self.program.scalars.push(ScalarDecl { label: label.into(), value: Arc::new(value) });
            self.program.scalars.len() - 1
        });
        Scalar(index as u32)
    }

    /// Ops recorded inside `body` run only when `when` says so.
    pub fn when(&mut self, when: When, body: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.when, when);
        body(self);
        self.when = outer;
    }

    /// Appends an op. Called by the kernels' own recording functions, which check shapes first.
    pub fn push(
        &mut self,
        kernel: &'static Kernel,
        label: impl Into<String>,
        bufs: &[Buf],
        scalars: &[Scalar],
        ints: &[u32],
    ) {
        let label = label.into();
        for (i, written) in bufs.iter().enumerate() {
            let writes = kernel.access[i] != Access::Read;
            if writes && bufs.iter().enumerate().any(|(j, b)| j != i && b.id == written.id) {
                self.fail(
                    &label,
                    format!("operand {i} of {} is written and used twice", kernel.name),
                );
            }
        }
        self.current.ops.push(Op {
            kernel,
            bufs: bufs.to_vec(),
            scalars: scalars.to_vec(),
            ints: ints.to_vec(),
            label,
            when: self.when,
        });
    }

    /// Notes that two shapes do not fit; [`Tape::finish`] reports the first such error.
    #[track_caller]
    pub fn require(&mut self, holds: bool, label: &str, message: impl FnOnce() -> String) {
        if !holds {
            let at = std::panic::Location::caller();
            self.fail(label, format!("{} (recorded at {}:{})", message(), at.file(), at.line()));
        }
    }

    fn fail(&mut self, label: &str, message: String) {
        self.error.get_or_insert(Error::Shape { op: label.into(), message });
    }

    /// Closes the current plan and begins the next.
    pub fn end_plan(&mut self) -> PlanId {
        self.program.plans.push(std::mem::take(&mut self.current));
        PlanId(self.program.plans.len() - 1)
    }

    /// The program, or the first mistake made while recording it.
    pub fn finish(self) -> Result<Program> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self.program),
        }
    }
}
