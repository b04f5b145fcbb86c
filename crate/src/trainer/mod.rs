//! Puts a run together: configuration, program, executor, data; advances it and measures it.

mod check;
mod compile;
mod intermediates;
mod measure;
mod part;

pub use compile::{Compared, Compiled, Estimation, Probe, compile};
pub use intermediates::Intermediates;
pub use measure::{Measurement, Pictures};
pub use part::Part;

use crate::base::team::Team;
use crate::base::{Error, Result};
use crate::config::RunConfig;
use crate::data::{Dataset, SplitName};
use crate::exec::{Executor, Precision};
use crate::kernels::{noise, sign_transport};
use crate::metrics::{Evaluation, Metrics};
use crate::plan::{
    Access, Arithmetic, Buf, Clock, Env, Hyper, Kernel, Moment, Op, Role, Source, Task,
};
use crate::snapshot::{self, Snapshot};
use std::sync::Arc;

/// A run. `T` is f32, or f64 for the slow reference.
pub struct Trainer<T: Precision = f32> {
    config: RunConfig,
    compiled: Arc<Compiled>,
    exec: Executor<T>,
    data: Arc<Dataset>,
    step: u64,
    /// Steps after the warm-up in which W was held.
    held: u64,
    /// Sum of the training losses since the last metrics, and their number.
    running: (f64, u64),
}

impl<T: Precision> Trainer<T> {
    /// Compiles the configuration and draws the first weights.
    pub fn new(config: RunConfig, data: Arc<Dataset>, arithmetic: Arithmetic) -> Result<Self> {
        Self::with_gradients(config, data, arithmetic, false)
    }

    /// As [`Trainer::new`]; with `keep`, each step also leaves its gradients and estimates in buffers.
    pub fn with_gradients(
        config: RunConfig,
        data: Arc<Dataset>,
        arithmetic: Arithmetic,
        keep: bool,
    ) -> Result<Self> {
        let compiled = Arc::new(compile(&config, keep)?);
        compile::check_data(&config, &data)?;
        let seed = config.init_seed.unwrap_or(config.seed);
        let exec = Executor::new(compiled.program.clone(), data.clone(), seed, arithmetic);
        Ok(Self { config, compiled, exec, data, step: 0, held: 0, running: (0.0, 0) })
    }

    /// The configuration, with the rates as they are now.
    pub fn config(&self) -> &RunConfig {
        &self.config
    }

    /// The data it learns from.
    pub fn data(&self) -> &Arc<Dataset> {
        &self.data
    }

    /// The recorded program and the names of its parts.
    pub fn compiled(&self) -> &Arc<Compiled> {
        &self.compiled
    }

    /// The executor: buffers to read, or to write between steps.
    pub fn executor(&mut self) -> &mut Executor<T> {
        &mut self.exec
    }

    /// Steps done.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// Floating point operations of one step.
    pub fn flops_per_step(&self) -> u64 {
        self.compiled.program.plans[self.compiled.step.0].flops()
    }

    /// Changes the rates from the next step on.
    pub fn set_hyper(&mut self, hyper: &Hyper) -> Result<()> {
        let changed = RunConfig {
            eta_w: hyper.eta_w,
            eta_b: hyper.eta_b,
            c_h: hyper.c_h,
            kappa: hyper.kappa,
            input_noise: hyper.input_noise,
            ..self.config.clone()
        };
        changed.check()?;
        self.config = changed;
        Ok(())
    }

    /// Runs `steps` steps; returns the number done in all. Stops at the first step whose loss or
    /// feedback is not finite.
    pub fn advance(&mut self, steps: u64) -> Result<u64> {
        let hyper = self.config.hyper();
        for _ in 0..steps {
            self.run_step(&hyper, &|_| false)?;
        }
        Ok(self.step)
    }

    /// As [`Trainer::advance`], but only the weights of `part` change; the others, and what is remembered of them, stay
    /// as they are. Such steps count, and draw their batch and noise, like all others; a rule without learned feedback
    /// does nothing in [`Part::Feedback`].
    ///
    /// # Errors
    /// [`Error::Diverged`]
    pub fn advance_only(&mut self, part: Part, steps: u64) -> Result<u64> {
        let hyper = self.config.hyper();
        let program = self.compiled.program.clone();
        for _ in 0..steps {
            self.run_step(&hyper, &|op| Part::of(&program, op).is_some_and(|own| own != part))?;
            self.held += u64::from(part == Part::Feedback && self.step > self.config.warmup);
        }
        Ok(self.step)
    }

    /// One step with the buffers of `given` kernels (gather, noise) as they were written by the caller.
    pub fn advance_given(&mut self, given: &dyn Fn(&Kernel) -> bool) -> Result<u64> {
        let hyper = self.config.hyper();
        self.run_step(&hyper, &|op| given(op.kernel))?;
        Ok(self.step)
    }

    /// Continues from this number of steps: decides warm-up, Adam's correction, noise and batches.
    pub fn set_step(&mut self, step: u64) {
        self.step = step;
    }

    /// Steps after the warm-up in which W was held ([`Part::Feedback`]): they do not age Adam.
    pub fn held(&self) -> u64 {
        self.held
    }

    /// Continues after so many of them.
    pub fn set_held(&mut self, held: u64) {
        self.held = held;
    }

    /// Weight updates done before this step, if W is held in none of those to come.
    pub fn updates_before(&self, step: u64) -> u64 {
        step.saturating_sub(self.config.warmup).saturating_sub(self.held)
    }

    /// Shares every large op among so many threads, 1 at first; changes no bit of the run. More than one need the
    /// feature `threads`.
    pub fn set_threads(&mut self, threads: usize) -> Result<()> {
        if threads != self.exec.team().threads() {
            self.exec.set_team(Team::new(threads)?);
        }
        Ok(())
    }

    /// Content of a buffer.
    pub fn values_of(&self, buf: Buf) -> &[T] {
        self.exec.read(buf)
    }

    /// Another run with this configuration, data, arithmetic and threads, from its beginning.
    pub fn twin(&self) -> Result<Self> {
        self.twin_of(self.config.clone(), false)
    }

    /// As [`Trainer::twin`], of another configuration; `keep` as in [`Trainer::with_gradients`].
    pub fn twin_of(&self, config: RunConfig, keep: bool) -> Result<Self> {
        let (data, arithmetic) = (self.data.clone(), self.exec.arithmetic());
        let mut twin = Self::with_gradients(config, data, arithmetic, keep)?;
        twin.exec.set_team(self.exec.team().clone());
        Ok(twin)
    }

    /// Runs those ops of the training step at this step that `chosen` says, on the buffers as they are.
    pub fn run_only(&mut self, chosen: &dyn Fn(&Op) -> bool) {
        let env = self.env(Source::Shuffled, 0);
        let (hyper, clock) = (self.config.hyper(), self.clock());
        self.exec.run(self.compiled.step, &env, &hyper, &clock, |op| !chosen(op));
    }

    /// Runs the training step that comes next with all weights held: its buffers hold what `advance` will compute,
    /// and nothing that survives a step has changed. The B of sign-symmetric feedback is refreshed: it is only ever
    /// what W makes it.
    pub fn rehearse(&mut self) {
        let compiled = self.compiled.clone();
        let lasts = |buf: &Buf| compiled.program.buffers[buf.index()].role != Role::Temporary;
        self.run_only(&|op| {
            op.kernel.name == sign_transport::KERNEL.name
                || !op
                    .bufs
                    .iter()
                    .zip(op.kernel.access)
                    .any(|(buf, access)| *access != Access::Read && lasts(buf))
        });
    }

    /// Fills the noise buffers of the next step without running it.
    pub fn draw_noise(&mut self) {
        self.run_only(&|op| op.kernel.name == noise::KERNEL.name);
    }

    fn run_step(&mut self, hyper: &Hyper, skip: &dyn Fn(&Op) -> bool) -> Result<()> {
        let env = self.env(Source::Shuffled, 0);
        let clock = self.clock();
        self.exec.run(self.compiled.step, &env, hyper, &clock, skip);
        self.step += 1;
        let loss: f64 = self.exec.read(self.compiled.loss).iter().map(|l| l.to_f64()).sum();
        if !loss.is_finite() || self.broken_feedback().is_some() {
            return Err(Error::Diverged { step: self.step, what: self.first_broken() });
        }
        self.running.0 += loss;
        self.running.1 += 1;
        Ok(())
    }

    fn env(&self, source: Source, offset: usize) -> Env {
        Env { seed: self.config.seed, step: self.step, source, offset }
    }

    fn clock(&self) -> Clock {
        Clock { step: self.step, updates: self.updates_before(self.step), batch: self.config.batch }
    }

    /// The first layer, in forward order, whose activity is not finite. Weights do not tell: by now the
    /// step's own update has carried the damage into all of them.
    fn first_broken(&self) -> String {
        let broken = |buf: Buf| self.exec.read(buf).iter().any(|x| !x.to_f64().is_finite());
        let activities = &self.compiled.recorded.a;
        if let Some(l) = (1..activities.len()).find(|l| broken(activities[*l])) {
            return format!("layer {l} (activity h{l})");
        }
        match self.broken_feedback() {
            Some(l) => format!("layer {l} (the error that feedback weights B{} send it)", l + 1),
            None => format!("layer {0} (loss of its output h{0})", activities.len() - 1),
        }
    }

    /// The highest hidden layer to which feedback sends something that is not finite. The first sample
    /// tells: whatever in B is not finite spoils the same column of every sample.
    fn broken_feedback(&self) -> Option<usize> {
        let lambda = &self.compiled.recorded.lambda;
        (1..lambda.len()).rev().find(|l| {
            lambda[l - 1].is_some_and(|buf| self.values(buf, buf.cols).any(|x| !x.is_finite()))
        })
    }

    /// The surroundings of a plan that reads samples `offset..` of a source, at this step.
    pub fn moment(&self, source: Source, offset: usize) -> Moment {
        Moment { env: self.env(source, offset), clock: self.clock() }
    }

    /// Runs plans one after another; what they leave behind, in the order of the tasks and of their lists.
    pub fn perform(&mut self, tasks: &[Task]) -> Vec<f64> {
        let hyper = self.config.hyper();
        let mut values = Vec::with_capacity(tasks.iter().map(Task::floats).sum());
        for Task { plan, moment, given, read } in tasks {
            if let Some((buf, given)) = given {
                let target = self.exec.write(*buf);
                target.iter_mut().zip(given).for_each(|(x, v)| *x = T::from_f64(f64::from(*v)));
            }
            self.exec.run(*plan, &moment.env, &hyper, &moment.clock, |_| false);
            for (buf, count) in read {
                values.extend(self.values(*buf, *count));
            }
        }
        values
    }

    fn values(&self, buf: Buf, rows: usize) -> impl Iterator<Item = f64> + '_ {
        self.exec.read(buf)[..rows].iter().map(|x| x.to_f64())
    }

    /// Noise-free loss and accuracy on the first `limit` samples of a split (all with `usize::MAX`).
    pub fn evaluate(&mut self, split: SplitName, limit: usize) -> Evaluation {
        let wanted = Measurement::evaluation(self, split, limit);
        let values = self.perform(wanted.tasks());
        wanted.evaluated(&values)
    }

    /// A row of metrics on the probe: the first `config.probe` samples of either split.
    pub fn metrics(&mut self) -> Metrics {
        let probe = self.config.probe;
        self.metrics_over(probe, probe)
    }

    /// A row of metrics on the first `train` and `test` samples.
    pub fn metrics_over(&mut self, train: usize, test: usize) -> Metrics {
        let wanted = Measurement::metrics(self, train, test);
        let values = self.perform(wanted.tasks());
        let running = self.take_running();
        wanted.measured(&values, running)
    }

    /// Sum of the training losses since they were last taken, and their number.
    pub fn take_running(&mut self) -> (f64, u64) {
        std::mem::take(&mut self.running)
    }

    /// Books the loss of a step that was run elsewhere.
    pub fn book(&mut self, loss: f64) {
        self.running.0 += loss;
        self.running.1 += 1;
    }

    /// Noise-free activities of layer `l` (0 = input, L = output) for the listed samples, row major.
    pub fn activities(
        &mut self,
        split: SplitName,
        samples: &[usize],
        l: usize,
    ) -> Result<Vec<f32>> {
        let wanted = Pictures::of(self, split, samples, l)?;
        Ok(self.pictures(&wanted))
    }

    /// Activities that were asked for.
    pub fn pictures(&mut self, wanted: &Pictures) -> Vec<f32> {
        self.perform(wanted.tasks()).into_iter().map(|v| v as f32).collect()
    }

    /// The narrowest hidden layer (the first of them): the code of an autoencoder. 0 without hidden layers.
    pub fn code_layer(&self) -> usize {
        self.config.code_layer().unwrap_or(0)
    }
}

impl Trainer<f32> {
    /// Everything needed to go on later, bit for bit.
    pub fn save(&self) -> Vec<u8> {
        let program = self.exec.program();
        let buffers = program.persistent().map(|b| (b, self.exec.read(b.buf)));
        snapshot::encode(&self.config, (self.step, self.held), &self.data, buffers)
    }

    /// A run as it was saved. The data set must be the one it was saved with.
    pub fn restore(bytes: &[u8], data: Arc<Dataset>, arithmetic: Arithmetic) -> Result<Self> {
        let saved = Snapshot::decode(bytes)?;
        saved.check_data(&data)?;
        compile::check_data(&saved.config, &data)?;
        // Before any memory is asked for: a small file must not be able to describe a large network.
        let program = compile(&saved.config, false)?.program;
        let values =
            program.persistent().map(|decl| saved.buffer(decl)).collect::<Result<Vec<_>>>()?;
        let mut trainer = Self::new(saved.config.clone(), data, arithmetic)?;
        for (decl, values) in program.persistent().zip(values) {
            trainer.exec.write(decl.buf).copy_from_slice(&values);
        }
        (trainer.step, trainer.held) = (saved.step, saved.held);
        Ok(trainer)
    }

    /// FNV-1a over the bits of all weights, biases and feedback weights, in order of declaration.
    pub fn checksum(&self) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325u64;
        let learned = [Role::Weight, Role::Feedback];
        for decl in self.exec.program().persistent().filter(|b| learned.contains(&b.role)) {
            for byte in self.exec.read(decl.buf).iter().flat_map(|x| x.to_bits().to_le_bytes()) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
            }
        }
        hash
    }

    /// Content of a persistent buffer by its label (`W2`, `B3`, ...).
    pub fn buffer(&self, label: &str) -> Option<(&[f32], Buf)> {
        let decl = self.exec.program().persistent().find(|b| b.label == label)?;
        Some((self.exec.read(decl.buf), decl.buf))
    }
}
