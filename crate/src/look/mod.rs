//! A run's next step laid open, without touching the run.
//!
//! A [`Look`] is a twin that keeps every intermediate in a buffer. It follows the run's weights, rehearses the step
//! that the run will do next (the same batch, the same noise) and is asked what it saw.

mod check;

pub use check::{Checked, GradientCheck, gradient_check};

use crate::base::{Error, Result};
use crate::config::RunConfig;
use crate::kernels::gather;
use crate::plan::{Buf, Hyper, Source, Task};
use crate::trainer::{Intermediates, Pictures, Trainer};

/// Most samples for the estimates of one unit.
const MOST_SAMPLES: usize = 1 << 14;

/// Of one layer; samples first, row major. What the rule does not have is `None`.
#[derive(Debug, Clone, Copy)]
pub struct LayerView<'a> {
    /// `n_l`
    pub units: usize,
    /// Activity in the clean pass, before pooling and dropout.
    pub h: &'a [f32],
    /// Activity in the perturbed pass.
    pub noisy: Option<&'a [f32]>,
    /// Its noise, of variance 1.
    pub xi: Option<&'a [f32]>,
    /// `(L~ - L) xi / c_h`
    pub lambda_hat: Option<&'a [f32]>,
    /// Gradient on the activity as the rule delivers it.
    pub lambda: Option<&'a [f32]>,
    /// True gradient on the activity; not at the output.
    pub truth: Option<&'a [f32]>,
    /// Error signal.
    pub e: &'a [f32],
    /// Gradient of W, summed over the batch; not while W waits.
    pub dw: Option<&'a [f32]>,
    /// Gradient of the B that goes with this layer's W; with SGD feedback only.
    pub dfeedback: Option<&'a [f32]>,
}

/// The training step that comes next.
#[derive(Debug, Clone)]
pub struct StepView<'a> {
    /// Steps done before it.
    pub step: u64,
    /// Positions of its samples in the training set.
    pub samples: Vec<u32>,
    /// What the network receives.
    pub input: &'a [f32],
    /// Loss of each sample.
    pub loss: &'a [f32],
    /// What each sample is credited with, `L~ - L`.
    pub difference: Option<&'a [f32]>,
    /// First hidden layer to output.
    pub layers: Vec<LayerView<'a>>,
}

/// One unit's gradient, estimated and true, sample by sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimates {
    /// By backpropagation.
    pub truth: Vec<f32>,
    /// By node perturbation.
    pub estimate: Vec<f32>,
    /// As the rule's feedback delivers it.
    pub delivered: Option<Vec<f32>>,
}

/// The twin that is looked at.
pub struct Look {
    twin: Trainer,
    layers: Vec<Intermediates>,
}

impl Look {
    /// For runs of this one's configuration, data and arithmetic; [`Look::follow`] or [`Look::set`] comes next.
    ///
    /// # Errors
    /// `config`: it keeps too much for the memory.
    pub fn new(run: &Trainer) -> Result<Self> {
        // Nobody measures it: its probe takes no memory.
        let config = RunConfig { probe: 1, ..run.config().clone() };
        let twin = run.twin_of(config, true)?;
        Ok(Self { twin, layers: Vec::new() })
    }

    /// Takes over a run's state.
    ///
    /// # Errors
    /// `internal`: of another configuration.
    pub fn follow(&mut self, run: &Trainer) -> Result<()> {
        let hyper = run.config().hyper();
        let program = run.compiled().program.clone();
        let values = program.persistent().filter_map(|decl| run.buffer(&decl.label));
        self.take(run.step(), &hyper, values.map(|(values, _)| values))
    }

    /// Takes over a state: all that survives a step, in order of declaration.
    ///
    /// # Errors
    /// `internal`: of another configuration.
    pub fn set(&mut self, step: u64, hyper: &Hyper, values: &[f32]) -> Result<()> {
        let program = self.twin.compiled().program.clone();
        let mut rest = values;
        let lists = program.persistent().map_while(|decl| {
            let (own, others) = rest.split_at_checked(decl.buf.len())?;
            rest = others;
            Some(own)
        });
        self.take(step, hyper, lists)
    }

    /// Counts steps in which W was held ([`Trainer::held`]).
    pub fn hold(&mut self, held: u64) {
        self.twin.set_held(held);
    }

    fn take<'a>(
        &mut self,
        step: u64,
        hyper: &Hyper,
        mut values: impl Iterator<Item = &'a [f32]>,
    ) -> Result<()> {
        self.twin.set_hyper(hyper)?;
        self.twin.set_step(step);
        let compiled = self.twin.compiled().clone();
        for decl in compiled.program.persistent() {
            let target = self.twin.executor().write(decl.buf);
            let own = values.next().filter(|own| own.len() == target.len());
            let own = own.ok_or_else(|| Error::internal(format!("no state for {}", decl.label)))?;
            target.copy_from_slice(own);
        }
        // in a warm-up the ops on W are skipped, and their gradients hold nothing of the step
        self.layers = compiled.intermediates(step >= self.twin.config().warmup);
        Ok(())
    }

    /// The step that comes next.
    pub fn next_step(&mut self) -> StepView<'_> {
        self.twin.rehearse();
        let twin = &self.twin;
        let compiled = twin.compiled();
        let moment = twin.moment(Source::Shuffled, 0);
        let all = |buf: Buf| twin.values_of(buf);
        let of = |(layer, l): (&Intermediates, usize)| LayerView {
            units: twin.config().sizes[l],
            h: all(layer.emitted),
            noisy: layer.noisy.map(all),
            xi: layer.xi.map(all),
            lambda_hat: layer.lambda_hat.map(all),
            lambda: layer.lambda.map(all),
            truth: layer.truth.map(all),
            e: layer.e.map_or(&[], all),
            dw: layer.dw.map(all),
            dfeedback: layer.dfeedback.map(all),
        };
        StepView {
            step: twin.step(),
            samples: gather::samples(&moment.env, twin.data(), twin.config().batch),
            input: all(compiled.recorded.h[0]),
            loss: all(compiled.loss),
            difference: compiled.recorded.difference.map(all),
            layers: self.layers.iter().zip(1..).map(of).collect(),
        }
    }

    /// Estimates of a hidden unit's gradient on about `count` samples of the batches that come next, weights held.
    /// Rules that do not perturb are perturbed for it.
    ///
    /// # Errors
    /// `config`: no such layer or unit, or no such number of samples.
    pub fn estimates(&mut self, layer: usize, unit: usize, count: usize) -> Result<Estimates> {
        let config = self.twin.config();
        let hidden = config.layers() - 1;
        if !(1..=hidden).contains(&layer) {
            let message = format!("there is no hidden layer {layer}; there are 1 to {hidden}");
            return Err(Error::config("layer", message));
        }
        let units = config.sizes[layer];
        if unit >= units {
            let message = format!("there is no unit {unit}; layer {layer} has 0 to {}", units - 1);
            return Err(Error::config("unit", message));
        }
        if !(1..=MOST_SAMPLES).contains(&count) {
            let message = format!("{count} is not between 1 and {MOST_SAMPLES}");
            return Err(Error::config("count", message));
        }
        let batch = config.batch;
        let compiled = self.twin.compiled().clone();
        let Some(plan) = &compiled.estimation else {
            return Err(Error::internal("no plan for estimates"));
        };
        let first = self.twin.step();
        let delivered = plan.delivered.get(layer - 1);
        let mut lists = vec![Vec::new(); 3];
        let bufs = [Some(&plan.truth[layer - 1]), Some(&plan.lambda_hat[layer - 1]), delivered];
        for step in (first..).take(count.div_ceil(batch)) {
            self.twin.set_step(step);
            let moment = self.twin.moment(Source::Shuffled, 0);
            self.twin.perform(&[Task { plan: plan.plan, moment, given: None, read: vec![] }]);
            for (list, buf) in lists.iter_mut().zip(bufs) {
                let values = buf.map_or(&[][..], |buf| self.twin.values_of(*buf));
                list.extend(values.iter().skip(unit).step_by(units));
            }
        }
        self.twin.set_step(first);
        let mut next = lists.into_iter();
        let mut list = || next.next().unwrap_or_default();
        let (truth, estimate, sent) = (list(), list(), list());
        Ok(Estimates { truth, estimate, delivered: delivered.map(|_| sent) })
    }

    /// Activities that are asked for of it.
    ///
    /// # Errors
    /// Those of `wanted`.
    pub fn pictures(
        &mut self,
        wanted: impl FnOnce(&Trainer) -> Result<Pictures>,
    ) -> Result<Vec<f32>> {
        let wanted = wanted(&self.twin)?;
        Ok(self.twin.pictures(&wanted))
    }

    /// Backpropagation against differences, on the weights as they are; see [`gradient_check`].
    ///
    /// # Errors
    /// `config`: the network is too large to wait for.
    pub fn gradient_check(&self) -> Result<GradientCheck> {
        gradient_check(&self.twin)
    }
}
