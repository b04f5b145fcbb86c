//! One training step from given numbers, with every intermediate laid open.
//!
//! For a researcher who checks the arithmetic by hand, and for tests: the step is the recorded plan of a
//! real run, with its gathers and noise replaced by the given values.

use crate::base::{Error, Result};
use crate::config::{MAX_STEPS, RunConfig, Task};
use crate::data::{Dataset, Split};
use crate::exec::Precision;
use crate::experiments;
use crate::kernels::{gather, noise};
use crate::plan::{Arithmetic, Buf, Kernel};
use crate::trainer::Trainer;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a trace starts from. Matrices are row major, one list a matrix.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Settings; what is left out is the classifier's default for the rule.
    pub config: serde_json::Map<String, serde_json::Value>,
    /// Persistent buffers by label: `W1`, `b1`, `B2`, `V2`, `S2`, `M2`, `adam m W1`, ... What is left out is drawn
    /// from the seed.
    #[serde(default)]
    pub weights: BTreeMap<String, Vec<f64>>,
    /// Inputs, N lists of `n_0`.
    pub x: Vec<Vec<f64>>,
    /// Targets, N lists of `n_L`; an autoencoder's are its inputs.
    #[serde(default)]
    pub y: Vec<Vec<f64>>,
    /// Noise by label: `xi1` (N lists of `n_1`), ...; `xi0` on inputs, `mirror xi1`, ... What is left out is drawn
    /// from the seed.
    #[serde(default)]
    pub noise: BTreeMap<String, Vec<Vec<f64>>>,
    /// Steps already done: decides warm-up, Adam's correction and the drawn noise.
    #[serde(default)]
    pub step: u64,
}

/// Every intermediate, by label. (N, n) values are lists of lists; matrices too.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The configuration that ran.
    pub config: RunConfig,
    /// `h0` ... `hL`: activities as the next layer received them; `a1` ... before added noise.
    pub activities: BTreeMap<String, Vec<Vec<f64>>>,
    /// `h~1` ... `h~L` of the perturbed pass.
    pub noisy_activities: BTreeMap<String, Vec<Vec<f64>>>,
    /// All noise of the step: `xi1` ..., `xi0` on inputs, `mirror xi1` ...
    pub noise: BTreeMap<String, Vec<Vec<f64>>>,
    /// Loss of each sample.
    pub loss: Vec<f64>,
    /// Loss of each sample in the perturbed pass: `loss + difference`.
    pub noisy_loss: Option<Vec<f64>>,
    /// What each sample is credited with: `L~ - L`, or the batch's sum of it.
    pub difference: Option<Vec<f64>>,
    /// Estimates `lambda_hat` by hidden layer.
    pub lambda_hat: BTreeMap<String, Vec<Vec<f64>>>,
    /// Gradients on activities as the rule sent them, by hidden layer.
    pub lambda: BTreeMap<String, Vec<Vec<f64>>>,
    /// True gradients on activities, by hidden layer.
    pub true_lambda: BTreeMap<String, Vec<Vec<f64>>>,
    /// Error signals `e1` ... `eL`.
    pub e: BTreeMap<String, Vec<Vec<f64>>>,
    /// Batch-sum gradients `dW1` ..., `db1` ... (empty where W is frozen or warming up).
    pub gradients: BTreeMap<String, Vec<Vec<f64>>>,
    /// Gradients `dB2` ... of SGD feedback.
    pub feedback_gradients: BTreeMap<String, Vec<Vec<f64>>>,
    /// All persistent buffers after the step.
    pub after: BTreeMap<String, Vec<Vec<f64>>>,
}

impl Spec {
    /// Reads a specification.
    pub fn parse(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|e| Error::config("trace", e.to_string()))
    }

    fn config(&self) -> Result<RunConfig> {
        let text = |key: &str| self.config.get(key).and_then(|v| v.as_str());
        let rule = text("rule").unwrap_or("np");
        let named =
            |key: &str, default: &str| serde_json::Value::from(text(key).unwrap_or(default));
        let invalid = |e: serde_json::Error| Error::config("config", e.to_string());
        let optimizer = serde_json::from_value(named("optimizer", "sgd")).map_err(invalid)?;
        let task = serde_json::from_value(named("task", "classifier")).map_err(invalid)?;
        let config = experiments::default_config(task, rule, optimizer)?;
        let mut value = serde_json::to_value(config).map_err(invalid)?;
        if let Some(object) = value.as_object_mut() {
            object.insert("batch".into(), self.x.len().into());
            object.extend(self.config.clone());
        }
        let config: RunConfig = serde_json::from_value(value).map_err(invalid)?;
        if config.batch != self.x.len() {
            return Err(Error::config(
                "x",
                format!("{} samples given, batch is {}", self.x.len(), config.batch),
            ));
        }
        config.check()?;
        if self.step > MAX_STEPS {
            return Err(Error::config("step", format!("{} is larger than {MAX_STEPS}", self.step)));
        }
        Ok(config)
    }
}

/// A data set of the right shape that is never read: the step's gathers are replaced.
fn blank_data(config: &RunConfig) -> Dataset {
    let outputs = config.sizes[config.layers()];
    let classes = if config.task == Task::Classifier { outputs } else { 10 };
    let [rows, cols, channels] = config.image.unwrap_or([1, config.sizes[0], 1]);
    let one = || Split { images: vec![0; config.sizes[0]], labels: vec![0] };
    // Not `Dataset::new`: its limits are an image's, and a network may be wider than that.
    Dataset { name: "trace".into(), rows, cols, channels, classes, train: one(), test: one() }
}

fn is_given(kernel: &Kernel) -> bool {
    kernel.name == gather::IMAGES.name
        || kernel.name == gather::LABELS.name
        || kernel.name == noise::KERNEL.name
}

/// Copies given rows into a buffer.
fn fill<T: Precision>(
    trainer: &mut Trainer<T>,
    label: &str,
    buf: Buf,
    rows: &[Vec<f64>],
) -> Result<()> {
    if rows.len() != buf.rows || rows.iter().any(|row| row.len() != buf.cols) {
        return Err(Error::config(
            label,
            format!("expected {} lists of {} numbers", buf.rows, buf.cols),
        ));
    }
    let values = rows.iter().flatten();
    for (x, value) in trainer.executor().write(buf).iter_mut().zip(values) {
        *x = T::from_f64(*value);
    }
    Ok(())
}

/// Runs the step in f32 or f64.
pub fn run<T: Precision>(spec: &Spec) -> Result<Report> {
    let config = spec.config()?;
    let data = Arc::new(blank_data(&config));
    let mut trainer = Trainer::<T>::with_gradients(config, data, Arithmetic::Reproducible, true)?;
    trainer.set_step(spec.step);
    let compiled = trainer.compiled().clone();
    for (label, values) in &spec.weights {
        let known = compiled.program.persistent().find(|b| b.label == *label);
        let Some(decl) = known else {
            let labels: Vec<&str> =
                compiled.program.persistent().map(|b| b.label.as_str()).collect();
            return Err(Error::config(
                label,
                format!("no such buffer; there are {}", labels.join(", ")),
            ));
        };
        if values.len() != decl.buf.len() {
            return Err(Error::config(
                label,
                format!("expected {} x {} numbers", decl.buf.rows, decl.buf.cols),
            ));
        }
        let target = trainer.executor().write(decl.buf);
        target.iter_mut().zip(values).for_each(|(x, v)| *x = T::from_f64(*v));
    }
    fill(&mut trainer, "x", compiled.x, &spec.x)?;
    if compiled.y == compiled.x {
        if !spec.y.is_empty() && spec.y != spec.x {
            return Err(Error::config("y", "an autoencoder's target is its input; leave y out"));
        }
    } else {
        fill(&mut trainer, "y", compiled.y, &spec.y)?;
    }
    // Noise first from the seed, then whatever is given over it.
    trainer.draw_noise();
    let step_ops = &compiled.program.plans[0].ops;
    for (label, rows) in &spec.noise {
        let drawn = step_ops.iter().filter(|op| op.kernel.name == noise::KERNEL.name);
        let known: Vec<Buf> = drawn.map(|op| op.bufs[0]).collect();
        let name = |b: &&Buf| compiled.program.buffers[b.index()].label == *label;
        match known.iter().find(name) {
            Some(buf) => fill(&mut trainer, label, *buf, rows)?,
            None => return Err(Error::config(label, "this rule draws no such noise")),
        }
    }
    trainer.advance_given(&is_given)?;
    Ok(report(&mut trainer))
}

/// Values by label.
type Named = BTreeMap<String, Vec<Vec<f64>>>;

fn rows<T: Precision>(trainer: &mut Trainer<T>, buf: Buf) -> Vec<Vec<f64>> {
    let values = trainer.executor().read(buf);
    values.chunks(buf.cols).map(|row| row.iter().map(|x| x.to_f64()).collect()).collect()
}

fn column<T: Precision>(trainer: &mut Trainer<T>, buf: Buf) -> Vec<f64> {
    trainer.executor().read(buf).iter().map(|x| x.to_f64()).collect()
}

fn report<T: Precision>(trainer: &mut Trainer<T>) -> Report {
    let compiled = trainer.compiled().clone();
    // In a warm-up the ops on W are skipped, and their buffers hold nothing of this step.
    let learns = trainer.step() > trainer.config().warmup;
    let mut activities = Named::new();
    let [mut noisy_activities, mut lambda_hat, mut lambda, mut true_lambda, mut e] =
        [const { Named::new() }; 5];
    let [mut gradients, mut feedback_gradients] = [const { Named::new() }; 2];
    let mut put = |list: &mut Named, name: &str, l: usize, buf: Option<Buf>| {
        list.extend(buf.map(|buf| (format!("{name}{l}"), rows(trainer, buf))));
    };
    put(&mut activities, "h", 0, Some(compiled.recorded.h[0]));
    put(&mut activities, "a", 0, Some(compiled.recorded.a[0]));
    for (l, layer) in (1..).zip(compiled.intermediates(learns)) {
        put(&mut activities, "h", l, Some(layer.h));
        put(&mut activities, "a", l, Some(layer.a));
        put(&mut noisy_activities, "h~", l, layer.noisy);
        put(&mut lambda_hat, "lambda_hat", l, layer.lambda_hat);
        put(&mut lambda, "lambda", l, layer.lambda);
        put(&mut true_lambda, "lambda", l, layer.truth);
        put(&mut e, "e", l, layer.e);
        put(&mut gradients, "dW", l, layer.dw);
        put(&mut gradients, "db", l, layer.db);
        put(&mut feedback_gradients, "dB", l, layer.dfeedback);
    }
    let drawn =
        compiled.program.plans[0].ops.iter().filter(|op| op.kernel.name == noise::KERNEL.name);
    let label = |buf: Buf| compiled.program.buffers[buf.index()].label.clone();
    let noise = drawn.map(|op| (label(op.bufs[0]), rows(trainer, op.bufs[0]))).collect();
    let persistent: Vec<_> = compiled.program.persistent().cloned().collect();
    let after = persistent.iter().map(|b| (b.label.clone(), rows(trainer, b.buf))).collect();
    let loss = column(trainer, compiled.loss);
    // of the step: a metric plan declares its own later
    let own = || compiled.program.buffers.iter().find(|b| b.label == "L~ - L").map(|b| b.buf);
    let noisy_loss = compiled
        .recorded
        .difference
        .and_then(|_| own())
        .map(|own| column(trainer, own))
        .map(|d| loss.iter().zip(d).map(|(l, d)| l + d).collect());
    Report {
        config: trainer.config().clone(),
        activities,
        noisy_activities,
        noise,
        true_lambda,
        difference: compiled.recorded.difference.map(|d| column(trainer, d)),
        noisy_loss,
        loss,
        lambda_hat,
        lambda,
        e,
        gradients,
        feedback_gradients,
        after,
    }
}
