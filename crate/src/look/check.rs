//! Backpropagation against central differences of the loss, both in f64.

use crate::base::rng::{key, philox};
use crate::base::{Error, Result};
use crate::config::{Noise, RunConfig};
use crate::exec::Precision;
use crate::plan::{Access, Arithmetic, Buf, Op};
use crate::trainer::Trainer;

/// Samples in the batch: enough that every unit is used, few enough that nobody waits.
const SAMPLES: usize = 4;
/// Weights drawn from each matrix, at most.
const DRAWN: usize = 20;
/// Draws before a matrix is given up: gradients of pixels that are always black are 0 by either way.
const DRAWS: u32 = 4000;
/// Least gradient of a weight that counts, as a part of the matrix's largest: of less, differences are mostly rounding.
const LEAST: f64 = 1e-3;
/// Step of the differences, and of a second pair at half of it. What is extrapolated from both is off by
/// `delta^4 L^(5) / 120` and by `5 eps L / delta`, about 1e-13 and 1e-10 for losses near 10.
const DELTA: f64 = 1e-4;
/// How far both pairs may be apart beside the gradient; beyond it there is a rectifier's kink between them.
const KINK: f64 = 1e-6;
/// Floating point operations of all differences together: some seconds.
const BUDGET: u64 = 4_000_000_000;
/// Fewest weights of a matrix that say anything.
const FEWEST: u64 = 3;
/// Stream of the draws.
const STREAM: u32 = u32::MAX - 1;

/// What was found for one matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// `W1` ...
    pub name: String,
    /// Weights drawn.
    pub checked: usize,
    /// Largest |analytic - numeric| / max(|analytic|, |numeric|, 1e-8) of them.
    pub worst: f64,
}

/// What was found, matrix by matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct GradientCheck {
    /// From `W1`.
    pub layers: Vec<Checked>,
}

/// Checks the gradient of a run's network with its present weights, on one small batch of the training set.
///
/// # Errors
/// `config`: the network is too large to wait for.
pub fn gradient_check<T: Precision>(run: &Trainer<T>) -> Result<GradientCheck> {
    let config = RunConfig {
        rule: "bp".into(),
        batch: run.config().batch.min(SAMPLES),
        feedback: crate::config::FeedbackLearner::Sgd,
        optimizer: crate::config::Optimizer::Sgd,
        noise: Noise::None,
        warmup: 0,
        freeze_forward: false,
        probe: 1,
        dropout: 0.0,
        ..run.config().clone()
    };
    let top = config.layers();
    let data = run.data().clone();
    let mut exact = Trainer::<f64>::with_gradients(config, data, Arithmetic::Reproducible, true)?;
    exact.set_step(run.step());
    let compiled = exact.compiled().clone();
    for decl in compiled.program.persistent() {
        let Some(own) = run.compiled().program.persistent().find(|d| d.label == decl.label) else {
            continue;
        };
        let values = run.values_of(own.buf).iter().map(|x| x.to_f64());
        exact.executor().write(decl.buf).iter_mut().zip(values).for_each(|(x, v)| *x = v);
    }
    exact.rehearse();
    let ways: Vec<Forward> = (1..=top).map(|l| Forward::from(&exact, l)).collect();
    let all: u64 = ways.iter().map(|way| 4 * way.flops).sum();
    let count = BUDGET / all.max(1);
    if count < FEWEST {
        return Err(Error::config(
            "sizes",
            "a check of this network's gradient in double precision would take too long; choose a smaller one",
        ));
    }
    let count = DRAWN.min(usize::try_from(count).unwrap_or(DRAWN));
    let mut layers = Vec::with_capacity(top);
    for (way, layer) in ways.iter().zip(compiled.intermediates(true)) {
        let w = compiled.recorded.layers[layers.len()].w;
        let gradient = layer.dw.map(|dw| exact.values_of(dw).to_vec()).unwrap_or_default();
        layers.push(way.check(&mut exact, w, &gradient, count));
    }
    Ok(GradientCheck { layers })
}

/// The part of the forward pass that layer l's weights change.
struct Forward {
    layer: usize,
    /// What it writes.
    written: Vec<Buf>,
    loss: Buf,
    flops: u64,
}

impl Forward {
    fn from(run: &Trainer<f64>, layer: usize) -> Self {
        let compiled = run.compiled();
        let step = &compiled.recorded;
        let mut written = vec![compiled.loss];
        written.extend(step.a[layer..].iter().chain(&step.h[layer..]));
        let mut way = Self { layer, written, loss: compiled.loss, flops: 0 };
        let ops = compiled.program.plans[compiled.step.index()].ops.iter();
        way.flops = ops.filter(|op| way.has(op)).map(|op| (op.kernel.flops)(op)).sum();
        way
    }

    fn has(&self, op: &Op) -> bool {
        let writes = |(buf, access): (&Buf, &Access)| {
            *access != Access::Read && self.written.iter().any(|b| b.index() == buf.index())
        };
        op.bufs.iter().zip(op.kernel.access).any(writes)
    }

    /// The batch's loss with one weight moved.
    fn loss_at(&self, run: &mut Trainer<f64>, (w, i): (Buf, usize), offset: f64) -> f64 {
        let kept = run.values_of(w)[i];
        run.executor().write(w)[i] = kept + offset;
        run.run_only(&|op| self.has(op));
        run.executor().write(w)[i] = kept;
        run.values_of(self.loss).iter().sum()
    }

    fn slope(&self, run: &mut Trainer<f64>, weight: (Buf, usize), delta: f64) -> f64 {
        let (up, down) = (self.loss_at(run, weight, delta), self.loss_at(run, weight, -delta));
        (up - down) / (2.0 * delta)
    }

    fn check(&self, run: &mut Trainer<f64>, w: Buf, gradient: &[f64], count: usize) -> Checked {
        let largest = gradient.iter().fold(0.0f64, |m, g| m.max(g.abs()));
        let (seed, step) = (run.config().seed, run.step());
        let (mut checked, mut worst) = (0, 0.0f64);
        for draw in 0..DRAWS {
            if checked == count {
                break;
            }
            let at = [draw, STREAM, self.layer as u32, step as u32];
            let word = u64::from(philox(at, key(seed))[0]);
            let i = ((word * gradient.len() as u64) >> 32) as usize;
            if gradient[i].abs() < LEAST * largest {
                continue;
            }
            let wide = self.slope(run, (w, i), DELTA);
            let narrow = self.slope(run, (w, i), 0.5 * DELTA);
            if (wide - narrow).abs() > KINK * wide.abs().max(narrow.abs()) {
                continue;
            }
            let numeric = (4.0 * narrow - wide) / 3.0;
            let size = gradient[i].abs().max(numeric.abs()).max(1e-8);
            let error = (gradient[i] - numeric).abs() / size;
            // of a run that diverged nothing agrees
            worst = worst.max(if error.is_nan() { f64::INFINITY } else { error });
            checked += 1;
        }
        // what the activities are with the weights as they are
        run.run_only(&|op| self.has(op));
        Checked { name: format!("W{}", self.layer), checked, worst }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests may unwrap")]
mod tests {
    use super::*;
    use crate::config::Task;
    use crate::data::{Dataset, Split};
    use crate::experiments;
    use std::sync::Arc;

    // A check that cannot fail would say nothing.
    #[test]
    fn a_wrong_gradient_is_found() {
        let one = || Split { images: (0..48).map(|i| i * 5).collect(), labels: vec![0, 1, 2, 0] };
        let data = Dataset::new("ramp", 3, 4, 1, 3, one(), one()).unwrap();
        let config = RunConfig {
            sizes: vec![12, 5, 3],
            activations: vec![crate::kernels::activation::Activation::Tanh; 2],
            batch: 4,
            warmup: 0,
            ..experiments::default_config(Task::Classifier, "bp", crate::config::Optimizer::Sgd)
                .unwrap()
        };
        let arithmetic = Arithmetic::Reproducible;
        let mut run =
            Trainer::<f64>::with_gradients(config, Arc::new(data), arithmetic, true).unwrap();
        run.rehearse();
        let compiled = run.compiled().clone();
        let (way, layer) = (Forward::from(&run, 1), compiled.intermediates(true)[0]);
        let right = run.values_of(layer.dw.unwrap()).to_vec();
        let w = compiled.recorded.layers[0].w;
        assert!(way.check(&mut run, w, &right, 20).worst < 1e-8);
        let wrong: Vec<f64> = right.iter().map(|g| 1.001 * g).collect();
        let worst = way.check(&mut run, w, &wrong, 20).worst;
        assert!((worst - 1e-3).abs() < 1e-4, "{worst}");
        run.executor().write(w)[0] = f64::NAN;
        assert_eq!(way.check(&mut run, w, &right, 20).worst, f64::INFINITY);
    }
}
