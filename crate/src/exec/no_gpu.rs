//! What stands in for the GPU path where it is left out (the core for browsers without SIMD, which have no WebGPU either):
//! the same names, and no values. A page asks for a GPU, is told that there is none, and its runs stay on the processor.
#![allow(
    clippy::unused_async,
    clippy::needless_pass_by_value,
    reason = "signatures of the GPU path"
)]

use crate::base::{Error, Result};
use crate::data::Dataset;
use crate::plan::{Buf, Hyper, Moment, PlanId, Program, Task};
use std::rc::Rc;
use std::sync::Arc;
use web_time::Instant;

/// A GPU. There is none.
pub enum Gpu {}

impl Gpu {
    /// Asks for one.
    ///
    /// # Errors
    /// Always [`Error::Gpu`].
    pub async fn request() -> Result<Rc<Self>> {
        Err(Error::gpu("the core for browsers without SIMD trains on the processor only"))
    }

    /// As its driver calls it.
    pub fn name(&self) -> &str {
        match *self {}
    }

    /// A software adapter?
    pub fn software(&self) -> bool {
        match *self {}
    }

    /// Has it a clock?
    pub fn timestamps(&self) -> bool {
        match *self {}
    }

    /// Why it cannot be used any more.
    pub fn fault(&self) -> Option<String> {
        match *self {}
    }

    /// Gives it up.
    pub fn destroy(&self) {
        match *self {}
    }

    /// Bytes that came back from it.
    pub fn bytes_read(&self) -> u64 {
        match *self {}
    }

    /// Waits for a future that it completes.
    pub fn wait<T>(&self, _: impl Future<Output = T>) -> T {
        match *self {}
    }

    /// Waits until everything submitted has run.
    pub fn block(&self) {
        match *self {}
    }

    /// Runs `make`.
    pub async fn checked<T>(&self, _: impl FnOnce() -> Result<T>) -> Result<T> {
        match *self {}
    }
}

/// Steps that were submitted and have not come back.
pub struct Flight {
    /// Number of the first step.
    pub first: u64,
    /// How many.
    pub steps: usize,
}

/// Steps that came back.
pub struct Landing {
    /// Sum of the losses of each step's batch.
    pub losses: Vec<f64>,
    /// Milliseconds of GPU time, where the GPU measures it.
    pub gpu_ms: Option<f64>,
    /// When they were submitted.
    pub submitted: Instant,
}

/// Floats on their way back. Its field is private, so that code which waits for it does not count as unreachable.
pub struct Reading(Gpu);

impl Reading {
    /// The floats if they are there.
    pub fn poll(&mut self) -> Option<Result<Vec<f32>>> {
        match self.0 {}
    }

    /// Waits for the floats.
    pub async fn wait(self) -> Result<Vec<f32>> {
        match self.0 {}
    }
}

/// A program with its memory on a GPU.
pub enum Executor {}

impl Executor {
    /// Needs a GPU, so nobody can call it.
    ///
    /// # Errors
    /// None.
    pub fn new(
        gpu: Rc<Gpu>,
        _: Arc<Program>,
        _: &Arc<Dataset>,
        _: Option<Buf>,
        _: &[Buf],
    ) -> Result<Self> {
        match *gpu {}
    }

    /// The GPU.
    pub fn gpu(&self) -> &Rc<Gpu> {
        match *self {}
    }

    /// Most steps of a submission.
    pub fn slots(&self) -> usize {
        match *self {}
    }

    /// Writes a buffer.
    pub fn write(&self, _: Buf, _: &[f32]) {
        match *self {}
    }

    /// Compiles a plan.
    pub fn prepare(&mut self, _: PlanId, _: bool) -> Result<()> {
        match *self {}
    }

    /// What the host's ops of a plan read and write.
    pub fn host_operands(&self, _: PlanId, _: u64) -> (Vec<Buf>, Vec<Buf>) {
        match *self {}
    }

    /// Dispatches of a plan.
    pub fn dispatches(&mut self, _: PlanId, _: u64) -> Result<usize> {
        match *self {}
    }

    /// Submits steps.
    pub fn submit(&mut self, _: PlanId, _: &[Moment], _: &Hyper) -> Result<Flight> {
        match *self {}
    }

    /// The steps of a flight, if they have come back.
    pub fn land(&self, _: &mut Flight) -> Option<Result<Landing>> {
        match *self {}
    }

    /// Waits for the steps of a flight.
    pub async fn landed(&self, _: Flight) -> Result<Landing> {
        match *self {}
    }

    /// Runs plans and asks for what they leave behind.
    pub fn perform(&mut self, _: &[Task], _: &Hyper) -> Result<Reading> {
        match *self {}
    }

    /// Asks for the content of buffers.
    pub fn read(&self, _: &[Buf]) -> Reading {
        match *self {}
    }
}

/// Products for benchmarks.
pub mod bench {
    use super::{Gpu, Rc, Result};

    /// GFLOP/s.
    pub struct Products {
        /// Multiply-adds alone.
        pub peak: f64,
        /// A B.
        pub nn: f64,
        /// A B^T.
        pub nt: f64,
        /// A^T B.
        pub tn: f64,
    }

    /// Measures them.
    pub async fn products(gpu: &Rc<Gpu>, _: usize) -> Result<Products> {
        match **gpu {}
    }
}
