//! Puts a run together: configuration, program, executor, data; advances it and measures it.

mod check;
mod compile;

pub use compile::{Compiled, Probe, compile};

use crate::base::{Error, Result};
use crate::config::RunConfig;
use crate::data::{Dataset, SplitName};
use crate::exec::{Executor, Precision};
use crate::kernels::alignment::COMPARED;
use crate::kernels::noise;
use crate::metrics::{self, Evaluation, LayerMetrics, Metrics, PAPER_BATCH};
use crate::plan::{Arithmetic, Buf, Clock, Env, Hyper, Kernel, PlanId, Role, Source};
use crate::snapshot::{self, Snapshot};
use std::sync::Arc;

/// A run. `T` is f32, or f64 for the slow reference.
pub struct Trainer<T: Precision = f32> {
    config: RunConfig,
    compiled: Compiled,
    exec: Executor<T>,
    data: Arc<Dataset>,
    step: u64,
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
        let compiled = compile(&config, keep)?;
        compile::check_data(&config, &data)?;
        let exec = Executor::new(compiled.program.clone(), data.clone(), config.seed, arithmetic);
        Ok(Self { config, compiled, exec, data, step: 0, running: (0.0, 0) })
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
    pub fn compiled(&self) -> &Compiled {
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

    /// One step with the buffers of `given` kernels (gather, noise) as they were written by the caller.
    pub fn advance_given(&mut self, given: &dyn Fn(&Kernel) -> bool) -> Result<u64> {
        let hyper = self.config.hyper();
        self.run_step(&hyper, given)?;
        Ok(self.step)
    }

    /// Continues from this number of steps: decides warm-up, Adam's correction, noise and batches.
    pub fn set_step(&mut self, step: u64) {
        self.step = step;
    }

    /// Fills the noise buffers of the next step without running it.
    pub fn draw_noise(&mut self) {
        let env = self.env(Source::Shuffled, 0);
        let (hyper, clock) = (self.config.hyper(), self.clock());
        let is_other = |kernel: &Kernel| kernel.name != noise::KERNEL.name;
        self.exec.run(self.compiled.step, &env, &hyper, &clock, is_other);
    }

    fn run_step(&mut self, hyper: &Hyper, given: &dyn Fn(&Kernel) -> bool) -> Result<()> {
        let env = self.env(Source::Shuffled, 0);
        let clock = self.clock();
        self.exec.run(self.compiled.step, &env, hyper, &clock, given);
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
        Clock {
            step: self.step,
            updates: self.step.saturating_sub(self.config.warmup),
            batch: self.config.batch,
        }
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

    /// Runs a metric plan over samples `offset..` of a source; true for the rows that count.
    fn measure(&mut self, plan: PlanId, source: Source, offset: usize) {
        let env = self.env(source, offset);
        let (hyper, clock) = (self.config.hyper(), self.clock());
        self.exec.run(plan, &env, &hyper, &clock, |_| false);
    }

    fn values(&self, buf: Buf, rows: usize) -> impl Iterator<Item = f64> + '_ {
        self.exec.read(buf)[..rows].iter().map(|x| x.to_f64())
    }

    /// Noise-free loss and accuracy on the first `limit` samples of a split (all with `usize::MAX`).
    pub fn evaluate(&mut self, split: SplitName, limit: usize) -> Evaluation {
        self.over(self.compiled.evaluate, split, limit, |_, _, _| {})
    }

    /// Runs a plan that ends in losses over the first `limit` samples; `visit` sees (self, first, rows).
    fn over(
        &mut self,
        plan: PlanId,
        split: SplitName,
        limit: usize,
        mut visit: impl FnMut(&mut Self, usize, usize),
    ) -> Evaluation {
        let (source, count) = match split {
            SplitName::Train => (Source::Train, self.data.train.labels.len()),
            SplitName::Test => (Source::Test, self.data.test.labels.len()),
        };
        let count = count.min(limit);
        let chunk = self.compiled.probe.rows;
        let (mut loss, mut correct) = (0.0, 0.0);
        for first in (0..count).step_by(chunk) {
            let rows = chunk.min(count - first);
            self.measure(plan, source, first);
            loss += self.values(self.compiled.probe.loss, rows).sum::<f64>();
            if let Some(buf) = self.compiled.probe.correct {
                correct += self.values(buf, rows).sum::<f64>();
            }
            visit(self, first, rows);
        }
        let accuracy = self.compiled.probe.correct.map(|_| 100.0 * correct / count as f64);
        Evaluation { loss_per_sample: loss / count as f64, accuracy }
    }

    /// Evaluation and alignment on the first `limit` training samples.
    fn align(&mut self, limit: usize) -> (Evaluation, Vec<LayerMetrics>) {
        let hidden = self.compiled.probe.angle.len();
        let mut angles = vec![Vec::new(); hidden];
        let mut code = vec![None; hidden];
        let evaluation =
            self.over(self.compiled.align, SplitName::Train, limit, |run, first, rows| {
                for l in 0..hidden {
                    angles[l].extend(run.values(run.compiled.probe.angle[l], rows));
                    if first == 0 {
                        let angle = run.values(run.compiled.probe.angle_code[l], 1).next();
                        code[l] = angle.filter(|a| !a.is_nan()).map(|a| a.min(180.0 - a));
                    }
                }
            });
        let layers = (0..hidden).map(|l| self.layer_metrics(l, &angles[l], code[l])).collect();
        (evaluation, layers)
    }

    fn layer_metrics(&self, l: usize, angles: &[f64], angle_code: Option<f64>) -> LayerMetrics {
        let norm = |buf: Buf| {
            let squares = self.exec.read(buf).iter().map(|x| x.to_f64() * x.to_f64());
            libm::sqrt(squares.sum())
        };
        let name = format!("W{}", l + 2);
        let own = LayerMetrics {
            name,
            angle: metrics::mean(angles.iter().copied()),
            angle_code,
            relative_error: None,
            sign_agreement: None,
            norm_w: norm(self.compiled.recorded.layers[l + 1].w),
            norm_b: self.compiled.recorded.feedback.b.get(l).map(|b| norm(*b)),
        };
        if let Some(buf) = self.compiled.probe.compared[l] {
            let sums: Vec<f64> = self.values(buf, COMPARED).collect();
            let (relative_error, sign_agreement, norm_w, norm_b) = metrics::compared(&sums);
            return LayerMetrics {
                relative_error,
                sign_agreement,
                norm_w,
                norm_b: Some(norm_b),
                ..own
            };
        }
        if self.config.rule == "bp" {
            // B is W
            return LayerMetrics {
                relative_error: Some(0.0),
                sign_agreement: Some(100.0),
                norm_b: Some(own.norm_w),
                ..own
            };
        }
        own
    }

    /// A row of metrics on the probe: the first `config.probe` samples of either split.
    pub fn metrics(&mut self) -> Metrics {
        let probe = self.config.probe;
        self.metrics_over(probe, probe)
    }

    /// A row of metrics on the first `train` and `test` samples.
    pub fn metrics_over(&mut self, train: usize, test: usize) -> Metrics {
        let (on_train, layers) = self.align(train);
        let on_test = self.evaluate(SplitName::Test, test);
        let (sum, count) = std::mem::take(&mut self.running);
        let samples = count as f64 * self.config.batch as f64;
        Metrics {
            step: self.step,
            train_loss: on_train.loss(),
            test_loss: on_test.loss(),
            train_loss_per_sample: on_train.loss_per_sample,
            test_loss_per_sample: on_test.loss_per_sample,
            running_loss: (count > 0).then(|| PAPER_BATCH * sum / samples),
            train_accuracy: on_train.accuracy,
            test_accuracy: on_test.accuracy,
            layers,
        }
    }

    /// Noise-free activities of layer `l` (0 = input, L = output) for the listed samples, row major.
    pub fn activities(
        &mut self,
        split: SplitName,
        samples: &[usize],
        l: usize,
    ) -> Result<Vec<f32>> {
        let Some(buf) = self.compiled.probe.h.get(l).copied() else {
            return Err(Error::config("layer", format!("there is no layer {l}")));
        };
        let (x, rows) = (self.compiled.probe.h[0], self.compiled.probe.rows);
        let mut out = Vec::with_capacity(samples.len() * buf.cols);
        for chunk in samples.chunks(rows) {
            for (row, sample) in chunk.iter().enumerate() {
                let image = self.data.image(split, *sample)?;
                let target = &mut self.exec.write(x)[row * x.cols..][..x.cols];
                for (x, byte) in target.iter_mut().zip(image) {
                    *x = T::from_f64(f64::from(*byte) / 255.0);
                }
            }
            self.measure(self.compiled.infer, Source::Train, 0);
            let values = &self.exec.read(buf)[..chunk.len() * buf.cols];
            out.extend(values.iter().map(|v| v.to_f64() as f32));
        }
        Ok(out)
    }

    /// The narrowest hidden layer (the first of them): the code of an autoencoder. 0 without hidden layers.
    pub fn code_layer(&self) -> usize {
        let hidden = 1..self.config.layers();
        hidden.min_by_key(|l| self.config.sizes[*l]).unwrap_or(0)
    }
}

impl Trainer<f32> {
    /// Everything needed to go on later, bit for bit.
    pub fn save(&self) -> Vec<u8> {
        let program = self.exec.program();
        let buffers = program.persistent().map(|b| (b, self.exec.read(b.buf)));
        snapshot::encode(&self.config, self.step, &self.data, buffers)
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
        trainer.step = saved.step;
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
