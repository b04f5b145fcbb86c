//! Measurements as data: which plans to run, what to read, and what the numbers mean. Who runs them, and when the
//! numbers arrive, is left open: the same measurement runs on the processor and on a GPU.

use super::{Compiled, Trainer};
use crate::base::{Error, Result};
use crate::config::RunConfig;
use crate::data::SplitName;
use crate::exec::Precision;
use crate::kernels::alignment::COMPARED;
use crate::metrics::{self, Evaluation, LayerMetrics, Metrics, PAPER_BATCH};
use crate::plan::{Buf, PlanId, Source, Task};
use std::sync::Arc;

/// Samples `0..count` of one split, in chunks of the probe's rows.
#[derive(Debug, Clone, Copy)]
struct Sweep {
    count: usize,
    /// With gradients and the comparison of W with B.
    aligned: bool,
}

/// A row of metrics, or an evaluation, that has been asked for.
#[derive(Debug)]
pub struct Measurement {
    config: RunConfig,
    compiled: Arc<Compiled>,
    step: u64,
    sweeps: Vec<Sweep>,
    tasks: Vec<Task>,
}

/// Hands out what was read, in order.
struct Values<'a>(&'a [f64]);

impl<'a> Values<'a> {
    fn take(&mut self, count: usize) -> &'a [f64] {
        let (head, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        head
    }
}

/// What a sweep found out about one hidden layer.
#[derive(Default, Clone)]
struct Alignment {
    angles: Vec<f64>,
    angle_code: Option<f64>,
    /// Sums of `compare` for W (with B or itself), and for B.
    w: Vec<f64>,
    b: Option<Vec<f64>>,
}

impl Measurement {
    /// Loss and accuracy on the first `limit` samples of a split.
    pub fn evaluation<T: Precision>(run: &Trainer<T>, split: SplitName, limit: usize) -> Self {
        Self::of(run, &[(split, limit, false)])
    }

    /// Everything, on the first `train` and `test` samples.
    pub fn metrics<T: Precision>(run: &Trainer<T>, train: usize, test: usize) -> Self {
        Self::of(run, &[(SplitName::Train, train, true), (SplitName::Test, test, false)])
    }

    fn of<T: Precision>(run: &Trainer<T>, wanted: &[(SplitName, usize, bool)]) -> Self {
        let compiled = run.compiled.clone();
        let mut sweeps = Vec::new();
        let mut tasks = Vec::new();
        for (split, limit, aligned) in wanted {
            let (source, count) = match split {
                SplitName::Train => (Source::Train, run.data.train.labels.len()),
                SplitName::Test => (Source::Test, run.data.test.labels.len()),
            };
            let sweep = Sweep { count: count.min(*limit), aligned: *aligned };
            tasks.extend(sweep.chunks(compiled.probe.rows).map(|(first, rows)| {
                let plan = if sweep.aligned { compiled.align } else { compiled.evaluate };
                let read = sweep.read(&compiled, first, rows);
                Task { plan, moment: run.moment(source, first), given: None, read }
            }));
            sweeps.push(sweep);
        }
        Self { config: run.config.clone(), compiled, step: run.step, sweeps, tasks }
    }

    /// As it was at this step, which is not the trainer's own.
    pub fn at_step(mut self, step: u64, updates: u64) -> Self {
        self.step = step;
        for task in &mut self.tasks {
            task.moment.env.step = step;
            task.moment.clock.step = step;
            task.moment.clock.updates = updates;
        }
        self
    }

    /// Steps done before it.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// What to run and to read.
    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    /// The evaluation, from what was read.
    pub fn evaluated(&self, values: &[f64]) -> Evaluation {
        self.sweeps[0].evaluated(&self.compiled, &mut Values(values), &mut [])
    }

    /// The row, from what was read and (sum of losses, steps) since the last row.
    pub fn measured(&self, values: &[f64], (sum, count): (f64, u64)) -> Metrics {
        let mut layers = vec![Alignment::default(); self.compiled.probe.angle.len()];
        let mut values = Values(values);
        let on_train = self.sweeps[0].evaluated(&self.compiled, &mut values, &mut layers);
        let on_test = self.sweeps[1].evaluated(&self.compiled, &mut values, &mut []);
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
            layers: layers.iter().enumerate().map(|(l, a)| self.layer(l, a)).collect(),
        }
    }

    fn layer(&self, l: usize, found: &Alignment) -> LayerMetrics {
        let (relative_error, sign_agreement, norm_w, norm_b) = metrics::compared(&found.w);
        let own = LayerMetrics {
            name: format!("W{}", l + 2),
            angle: metrics::mean(found.angles.iter().copied()),
            angle_code: found.angle_code,
            relative_error,
            sign_agreement,
            norm_w,
            norm_b: Some(norm_b),
        };
        if self.compiled.probe.compared[l].partners {
            return own;
        }
        if self.config.rule == "bp" {
            // B is W
            return LayerMetrics {
                relative_error: Some(0.0),
                sign_agreement: Some(100.0),
                norm_b: Some(norm_w),
                ..own
            };
        }
        let norm_b = found.b.as_ref().map(|sums| metrics::compared(sums).3);
        LayerMetrics { relative_error: None, sign_agreement: None, norm_b, ..own }
    }
}

impl Sweep {
    fn chunks(self, chunk: usize) -> impl Iterator<Item = (usize, usize)> {
        (0..self.count).step_by(chunk).map(move |first| (first, chunk.min(self.count - first)))
    }

    /// What the chunk that begins at `first` leaves behind for us.
    fn read(self, compiled: &Compiled, first: usize, rows: usize) -> Vec<(Buf, usize)> {
        let probe = &compiled.probe;
        let mut read = vec![(probe.loss, rows)];
        read.extend(probe.correct.map(|buf| (buf, rows)));
        if self.aligned {
            for l in 0..probe.angle.len() {
                read.push((probe.angle[l], rows));
                if first == 0 {
                    read.push((probe.angle_code[l], 1));
                    let compared = probe.compared[l];
                    read.push((compared.w, COMPARED));
                    read.extend(compared.b.map(|b| (b, COMPARED)));
                }
            }
        }
        read
    }

    /// Takes up what [`Sweep::read`] asked for.
    fn evaluated(
        self,
        compiled: &Compiled,
        values: &mut Values<'_>,
        layers: &mut [Alignment],
    ) -> Evaluation {
        let probe = &compiled.probe;
        let (mut loss, mut correct) = (0.0, 0.0);
        for (first, rows) in self.chunks(probe.rows) {
            loss += values.take(rows).iter().sum::<f64>();
            if probe.correct.is_some() {
                correct += values.take(rows).iter().sum::<f64>();
            }
            for (l, layer) in layers.iter_mut().enumerate() {
                layer.angles.extend(values.take(rows));
                if first == 0 {
                    let angle = values.take(1).first().copied().filter(|a| !a.is_nan());
                    layer.angle_code = angle.map(|a| a.min(180.0 - a));
                    layer.w = values.take(COMPARED).to_vec();
                    layer.b = probe.compared[l].b.map(|_| values.take(COMPARED).to_vec());
                }
            }
        }
        let count = self.count as f64;
        let accuracy = probe.correct.map(|_| 100.0 * correct / count);
        Evaluation { loss_per_sample: loss / count, accuracy }
    }
}

/// Noise-free activities that have been asked for.
#[derive(Debug)]
pub struct Pictures {
    tasks: Vec<Task>,
}

impl Pictures {
    /// Layer `l` (0 = input, L = output), row major; the floats are the answer as they come.
    ///
    /// # Errors
    /// [`Error::Config`]: no such layer or sample.
    pub fn of<T: Precision>(
        run: &Trainer<T>,
        split: SplitName,
        samples: &[usize],
        l: usize,
    ) -> Result<Self> {
        let probe = &run.compiled.probe;
        let Some(buf) = probe.h.get(l).copied() else {
            return Err(Error::config("layer", format!("there is no layer {l}")));
        };
        let plan: PlanId = run.compiled.infer;
        let tasks = samples
            .chunks(probe.rows)
            .map(|chunk| {
                let x = probe.h[0];
                let mut given = Vec::with_capacity(x.len());
                for sample in chunk {
                    let image = run.data.image(split, *sample)?;
                    given.extend(image.iter().map(|byte| f32::from(*byte) / 255.0));
                }
                given.resize(x.len(), 0.0);
                let moment = run.moment(Source::Train, 0);
                let read = vec![(buf, chunk.len() * buf.cols)];
                Ok(Task { plan, moment, given: Some((x, given)), read })
            })
            .collect::<Result<_>>()?;
        Ok(Self { tasks })
    }

    /// Activities of all layers, first hidden to output, for one image of numbers in [0, 1].
    ///
    /// # Errors
    /// [`Error::Config`]: of another size, or not such numbers.
    pub fn response<T: Precision>(run: &Trainer<T>, image: &[f32]) -> Result<Self> {
        let probe = &run.compiled.probe;
        let x = probe.h[0];
        check_given("image", image, x.cols)?;
        if let Some(value) = image.iter().find(|value| !(0.0..=1.0).contains(*value)) {
            let message = format!("{value} is not between 0 and 1");
            return Err(Error::config("image", message));
        }
        let read = probe.h[1..].iter().map(|h| (*h, h.cols)).collect();
        Ok(Self::one(run, run.compiled.infer, x, image, read))
    }

    /// The output that the layers above the code layer make of an activity of it.
    ///
    /// # Errors
    /// [`Error::Config`]: no such code.
    pub fn decoded<T: Precision>(run: &Trainer<T>, code: &[f32]) -> Result<Self> {
        let probe = &run.compiled.probe;
        let Some((layer, plan)) = run.config.code_layer().zip(run.compiled.decode) else {
            return Err(Error::config("code", "this network has no hidden layer"));
        };
        let (h, output) = (probe.h[layer], probe.h[run.config.layers()]);
        check_given("code", code, h.cols)?;
        Ok(Self::one(run, plan, h, code, vec![(output, output.cols)]))
    }

    /// A plan over the probe's first row.
    fn one<T: Precision>(
        run: &Trainer<T>,
        plan: PlanId,
        buf: Buf,
        row: &[f32],
        read: Vec<(Buf, usize)>,
    ) -> Self {
        let mut given = row.to_vec();
        given.resize(buf.len(), 0.0);
        let moment = run.moment(Source::Train, 0);
        Self { tasks: vec![Task { plan, moment, given: Some((buf, given)), read }] }
    }

    /// What to run and to read.
    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }
}

/// Refuses what a layer cannot take.
fn check_given(field: &str, values: &[f32], expected: usize) -> Result<()> {
    if values.len() != expected {
        let message = format!("{} numbers given, {expected} expected", values.len());
        return Err(Error::config(field, message));
    }
    match values.iter().find(|value| !value.is_finite()) {
        Some(value) => Err(Error::config(field, format!("{value} is not a finite number"))),
        None => Ok(()),
    }
}
