//! From a configuration to a program: records one training step, one evaluation, one look at alignment.
//!
//! The order of a step (paper, section 3): gather; clean pass; perturbed pass; loss and its difference;
//! errors top down with the old W and B; feedback; W and b.

use crate::base::rng::{Purpose, stream};
use crate::base::{Error, Result};
use crate::config::{Difference, Evaluate, Noise, RunConfig, Task};
use crate::kernels::activation::Activation;
use crate::kernels::{add_scaled, alignment, batch_sum, gate, gather, loss, noise, output_error};
use crate::net::{Layer, Operator};
use crate::optim::{self, Gradient};
use crate::plan::{Buf, PlanId, Program, Tape, When};
use crate::rules::{self, Feedback, LearningRule, Passes, Setting, Step};
use std::sync::Arc;

/// Most rows of the evaluation buffers; larger sets run in chunks.
const EVALUATION_ROWS: usize = 256;
/// Most floats of the activities in them (8 MiB); with the gradients of an alignment four times as much.
const EVALUATION_FLOATS: usize = 1 << 21;

/// Most floats of all buffers together: 1 GiB, what a browser tab can count on.
const MAX_FLOATS: usize = 1 << 28;

/// Where the comparisons of one hidden layer's W and B go.
#[derive(Debug, Clone, Copy)]
pub struct Compared {
    /// W (or the product of all weights above, which direct feedback of a linear network stands for) with B, where
    /// they stand for the same thing; else W with itself.
    pub w: Buf,
    /// B with itself, where it has no W to be compared with.
    pub b: Option<Buf>,
    /// Was W compared with B?
    pub partners: bool,
}

/// Buffers of the metric plans.
#[derive(Debug, Clone)]
pub struct Probe {
    /// Samples in one run.
    pub rows: usize,
    /// Every layer's own activity, before pooling, l = 0..=L.
    pub h: Vec<Buf>,
    /// What the layer above receives of it, l = 0..=L.
    pub received: Vec<Buf>,
    /// Loss of each sample, (rows, 1).
    pub loss: Buf,
    /// 1 where classified right, (rows, 1); classifiers only.
    pub correct: Option<Buf>,
    /// Angle of each sample in degrees, by hidden layer.
    pub angle: Vec<Buf>,
    /// The authors' variant of it.
    pub angle_code: Vec<Buf>,
    /// Outputs of the `compare` kernel by hidden layer.
    pub compared: Vec<Compared>,
}

/// A plan that puts the estimates of node perturbation beside the true gradients, whatever the rule is. On the samples
/// and with the noise of a training step, all units speaking.
#[derive(Debug, Clone)]
pub struct Estimation {
    /// Gather, clean and perturbed pass, estimates, errors as the rule sends them, true gradients.
    pub plan: PlanId,
    /// `lambda_hat^l`, l = 1..L, at l - 1.
    pub lambda_hat: Vec<Buf>,
    /// True `lambda^l`, l = 1..L, at l - 1.
    pub truth: Vec<Buf>,
    /// `lambda^l` as the rule's feedback delivers it; empty for rules that have none.
    pub delivered: Vec<Buf>,
}

/// A program and the names of its parts.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// Buffers, scalars, plans.
    pub program: Arc<Program>,
    /// One training step.
    pub step: PlanId,
    /// Forward pass over `probe.h[0]` as it stands.
    pub infer: PlanId,
    /// Gather, forward pass, loss.
    pub evaluate: PlanId,
    /// As `evaluate`, then true and synthetic gradients and the comparison of W with B.
    pub align: PlanId,
    /// Forward pass from `probe.h` of the code layer as it stands; `None` without hidden layers.
    pub decode: Option<PlanId>,
    /// Estimates beside true gradients, where kept.
    pub estimation: Option<Estimation>,
    /// Input of the training step, (batch, `n_0`).
    pub x: Buf,
    /// Target of the training step, (batch, `n_L`).
    pub y: Buf,
    /// Loss of each training sample, (batch, 1).
    pub loss: Buf,
    /// Activities of the perturbed pass, l = 1..=L, at l - 1, or empty.
    pub h_noisy: Vec<Buf>,
    /// The recorded step.
    pub recorded: Step,
    /// Gradients by layer, where kept.
    pub gradients: Vec<Option<Gradient>>,
    /// Buffers of the metric plans.
    pub probe: Probe,
}

impl Compiled {
    /// Temporary buffers that somebody reads after a plan has run; an executor that keeps others in registers must
    /// write these.
    pub fn observed(&self) -> Vec<Buf> {
        let probe = &self.probe;
        let mut all = vec![self.x, self.y, self.loss, probe.loss];
        all.extend(&probe.h);
        all.extend(probe.correct);
        all.extend(probe.angle.iter().chain(&probe.angle_code));
        all.extend(probe.compared.iter().flat_map(|c| std::iter::once(c.w).chain(c.b)));
        all
    }
}

/// Records everything `config` asks for. `keep` leaves gradients and estimates in buffers (for a trace).
pub fn compile(config: &RunConfig, keep: bool) -> Result<Compiled> {
    config.check()?;
    let rule = rules::find(&config.rule)?;
    let mut tape = Tape::new();
    let layers: Vec<Layer> =
        (1..=config.layers()).map(|l| Layer::declare(&mut tape, l, config)).collect();
    let setting = Setting { feedback: config.feedback, init: config.init, gamma: config.gamma };
    let feedback = rule.declare(&mut tape, &layers, setting);
    let recorder = Recorder { config, rule, layers, feedback, keep };

    let training = recorder.training(&mut tape);
    let step = tape.end_plan();
    let probe = recorder.probe(&mut tape);
    Recorder::forward(&mut tape, &recorder.probe_pass(&probe));
    let infer = tape.end_plan();
    recorder.evaluation(&mut tape, &probe);
    let evaluate = tape.end_plan();
    let probe = recorder.alignment(&mut tape, probe);
    let align = tape.end_plan();
    let decode = config.code_layer().map(|code| {
        Recorder::decode(&mut tape, &recorder.probe_pass(&probe), code);
        tape.end_plan()
    });
    let estimation = keep.then(|| recorder.estimation(&mut tape, training.x, training.y));
    let program = Arc::new(tape.finish()?);
    let floats: usize = program.buffers.iter().map(|b| b.buf.len()).sum();
    if floats > MAX_FLOATS {
        return Err(Error::config(
            "batch",
            format!(
                "this network needs {} MiB in all with batches of {}; at most {} MiB fit; use smaller batches or layers",
                floats >> 18,
                config.batch,
                MAX_FLOATS >> 18
            ),
        ));
    }
    let Training { x, y, loss, h_noisy, recorded, gradients } = training;
    Ok(Compiled {
        program,
        step,
        infer,
        evaluate,
        align,
        decode,
        estimation,
        x,
        y,
        loss,
        h_noisy,
        recorded,
        gradients,
        probe,
    })
}

/// What the recording of a training step leaves behind; see [`Compiled`].
struct Training {
    x: Buf,
    y: Buf,
    loss: Buf,
    h_noisy: Vec<Buf>,
    recorded: Step,
    gradients: Vec<Option<Gradient>>,
}

/// The buffers of a pass, by layer l = 0..=L.
struct Pass {
    /// The layers as they are in it: with silent units in training only.
    layers: Vec<Layer>,
    /// Activity.
    a: Vec<Buf>,
    /// With any noise.
    emitted: Vec<Buf>,
    /// What the layer above receives.
    h: Vec<Buf>,
    /// Noise on hidden layers, l = 1..L, at l - 1, or empty.
    xi: Vec<Buf>,
}

struct Recorder<'a> {
    config: &'a RunConfig,
    rule: &'a dyn LearningRule,
    layers: Vec<Layer>,
    feedback: Feedback,
    keep: bool,
}

impl Recorder<'_> {
    fn top(&self) -> usize {
        self.layers.len()
    }

    /// Records a batch's input and target; an autoencoder's target is its input.
    fn gather(&self, tape: &mut Tape, x: Buf) -> Buf {
        gather::record_images(tape, "x = pixels / 255", x);
        if self.config.task == Task::Autoencoder {
            return x;
        }
        let y = tape.temporary("y", x.rows, self.config.sizes[self.top()]);
        gather::record_labels(tape, "y = one-hot label", y);
        y
    }

    /// Declares the buffers of a pass over `x`, for layers as they are in it; `xi` where activities are noisy.
    fn pass(tape: &mut Tape, layers: &[Layer], name: &str, x: Buf, xi: Option<Vec<Buf>>) -> Pass {
        let mut pass = Pass {
            layers: layers.to_vec(),
            a: vec![x],
            emitted: vec![x],
            h: vec![x],
            xi: xi.unwrap_or_default(),
        };
        for layer in layers {
            let l = layer.number;
            let a = tape.temporary(format!("{name}{l}"), x.rows, layer.units());
            let emitted = if pass.xi.len() >= l {
                tape.temporary(format!("noisy {name}{l}"), x.rows, layer.units())
            } else {
                a
            };
            pass.a.push(a);
            pass.emitted.push(emitted);
            pass.h.push(layer.received(tape, &format!("{name}{l} passed on"), emitted));
        }
        pass
    }

    /// Records `a^l = act(op(h^{l-1}) + b)`, on hidden layers with noise `+ c_h xi^l`, and what of it is passed on.
    fn forward(tape: &mut Tape, pass: &Pass) {
        Self::forward_above(tape, pass, 0);
    }

    /// Records the forward pass above hidden layer `code`, whose own activity is given.
    fn decode(tape: &mut Tape, pass: &Pass, code: usize) {
        let layer = &pass.layers[code - 1];
        layer.pass_on(tape, &format!("h{code}"), pass.h[code], pass.emitted[code]);
        Self::forward_above(tape, pass, code);
    }

    fn forward_above(tape: &mut Tape, pass: &Pass, below: usize) {
        for layer in &pass.layers[below..] {
            let l = layer.number;
            let label = format!("h{l} = act(W{l} h{} + b{l})", l - 1);
            layer.forward(tape, &label, pass.a[l], pass.h[l - 1], None);
            if let Some(xi) = pass.xi.get(l - 1) {
                let c_h = tape.scalar("c_h", |h, _| h.c_h);
                let label = format!("h{l} += c_h xi{l}");
                add_scaled::record(tape, &label, pass.emitted[l], Some(pass.a[l]), *xi, c_h);
            }
            layer.pass_on(tape, &format!("h{l}"), pass.h[l], pass.emitted[l]);
        }
    }

    /// Draws `xi^l` for all hidden layers.
    fn draw(&self, tape: &mut Tape, purpose: Purpose, rows: usize) -> Vec<Buf> {
        (1..self.top())
            .map(|l| {
                let xi = tape.temporary(format!("xi{l}"), rows, self.layers[l - 1].units());
                noise::record(tape, &format!("xi{l} ~ N(0, 1)"), xi, stream(purpose, l as u32));
                xi
            })
            .collect()
    }

    /// Records the perturbed pass beside a clean one, with the same units silent. The first layer's pre-activation is
    /// the same in both, so its noisy activity is its clean one plus noise.
    fn perturbed(tape: &mut Tape, layers: &[Layer], a: &[Buf], xi: &[Buf]) -> Vec<Buf> {
        let c_h = tape.scalar("c_h", |h, _| h.c_h);
        let mut noisy: Vec<Buf> = Vec::new();
        let mut below = None;
        for layer in layers {
            let l = layer.number;
            let label = format!("h~{l} = act(W{l} h~{} + b{l})", l - 1);
            let h = tape.temporary(format!("h~{l}"), a[0].rows, layer.units());
            let own = xi.get(l - 1).map(|xi| (*xi, c_h));
            match (below, own) {
                (Some(below), _) => layer.forward(tape, &label, h, below, own),
                (None, Some((xi, c_h))) => {
                    add_scaled::record(tape, "h~1 = h1 + c_h xi1", h, Some(a[1]), xi, c_h);
                }
                (None, None) => layer.forward(tape, &label, h, a[0], None),
            }
            noisy.push(h);
            let received = layer.received(tape, &format!("h~{l} passed on"), h);
            layer.pass_on(tape, &format!("h~{l}"), received, h);
            below = Some(received);
        }
        noisy
    }

    /// The step up to the errors, for `h`, `a` already recorded. `difference` where perturbed.
    fn errors(&self, tape: &mut Tape, mut step: Step, y: Buf) -> Step {
        step.prepare();
        let top = self.top();
        let (yhat, act) = (step.a[top], self.layers[top - 1].act);
        let e = tape.temporary(format!("e{top}"), yhat.rows, yhat.cols);
        output_error::record(tape, &format!("e{top} = dL/dz{top}"), e, yhat, y, act);
        step.e[top - 1] = Some(e);
        for l in (1..top).rev() {
            let lambda = self.rule.send_error(tape, &mut step, l);
            let e = tape.temporary(format!("e{l}"), lambda.rows, lambda.cols);
            gate::record(
                tape,
                &format!("e{l} = lambda{l} o act'"),
                e,
                lambda,
                step.a[l],
                self.layers[l - 1].act,
            );
            step.lambda[l - 1] = Some(lambda);
            step.e[l - 1] = Some(e);
        }
        step
    }

    /// Records the perturbed pass and its loss difference where the rule needs them.
    fn perturb(&self, tape: &mut Tape, step: &mut Step, y: Buf, purpose: Purpose) -> Vec<Buf> {
        if self.rule.passes() == Passes::Clean {
            return Vec::new();
        }
        self.perturb_anyway(tape, step, y, purpose)
    }

    fn perturb_anyway(
        &self,
        tape: &mut Tape,
        step: &mut Step,
        y: Buf,
        purpose: Purpose,
    ) -> Vec<Buf> {
        let top = self.top();
        step.xi = self.draw(tape, purpose, step.batch);
        let noisy = Self::perturbed(tape, &step.layers, &step.a, &step.xi);
        let own = tape.temporary("L~ - L", step.batch, 1);
        loss::record_difference(
            tape,
            "L~ - L",
            own,
            (noisy[top - 1], step.a[top]),
            y,
            self.config.loss,
        );
        step.difference = Some(match self.config.difference {
            Difference::PerSample => own,
            Difference::PerBatch => {
                let all = tape.temporary("sum (L~ - L)", step.batch, 1);
                batch_sum::record(tape, "sum over the batch", all, own);
                all
            }
        });
        noisy
    }

    fn blank(&self, pass: Pass) -> Step {
        let config = self.config;
        Step {
            batch: pass.a[0].rows,
            layers: pass.layers,
            a: pass.a,
            emitted: pass.emitted,
            h: pass.h,
            xi: pass.xi,
            feedback: self.feedback.clone(),
            forward_updates: (!config.freeze_forward).then_some(When::From(config.warmup)),
            keep: self.keep,
            ..Step::default()
        }
    }

    fn training(&self, tape: &mut Tape) -> Training {
        let config = self.config;
        let x = tape.temporary("x", config.batch, config.sizes[0]);
        let y = self.gather(tape, x);
        let input = self.input(tape, x);
        let noisy = config.noise == Noise::Activations;
        let xi = noisy.then(|| self.draw(tape, Purpose::Activity, config.batch));
        let pass = Self::pass(tape, &self.layers, "h", input, xi);
        Self::forward(tape, &pass);
        let mut step = self.blank(pass);
        let losses = tape.temporary("L", config.batch, 1);
        loss::record_sample(tape, "L", losses, step.a[self.top()], y, config.loss);
        let h_noisy = self.perturb(tape, &mut step, y, Purpose::Activity);
        let mut step = self.errors(tape, step, y);
        for l in (1..self.top()).rev() {
            self.rule.update_feedback(tape, &mut step, l);
            if self.keep {
                step.exact_lambda(tape, l);
            }
        }
        let gradients = self.weights(tape, &step);
        Training { x, y, loss: losses, h_noisy, recorded: step, gradients }
    }

    /// What a training step's first layer sees of a batch.
    fn input(&self, tape: &mut Tape, x: Buf) -> Buf {
        let noisy = self.config.noise == Noise::Inputs;
        if noisy { Self::noisy_input(tape, x, Purpose::Input) } else { x }
    }

    fn noisy_input(tape: &mut Tape, x: Buf, purpose: Purpose) -> Buf {
        let xi = tape.temporary("xi0", x.rows, x.cols);
        noise::record(tape, "xi0 ~ N(0, 1)", xi, stream(purpose, 0));
        let noisy = tape.temporary("noisy x", x.rows, x.cols);
        let std = tape.scalar("input noise", |h, _| h.input_noise);
        add_scaled::record(tape, "noisy x = x + noise", noisy, Some(x), xi, std);
        noisy
    }

    /// Records the updates of W and b.
    fn weights(&self, tape: &mut Tape, step: &Step) -> Vec<Option<Gradient>> {
        let mut gradients = vec![None; self.top()];
        let decays = self.config.rule == "matched";
        for layer in self.layers.iter().rev() {
            let l = layer.number;
            let factors = (step.error(l), step.h[l - 1]);
            if let Some(when) = step.forward_updates {
                tape.when(when, |tape| {
                    gradients[l - 1] = optim::record(
                        tape,
                        self.config.optimizer,
                        layer,
                        factors,
                        decays,
                        self.keep,
                    );
                });
            }
        }
        gradients
    }

    fn probe(&self, tape: &mut Tape) -> Probe {
        let of = |l: &Layer| l.units() + if l.passes() == l.units() { 0 } else { l.passes() };
        let floats = self.config.sizes[0] + self.layers.iter().map(of).sum::<usize>();
        let fit = (EVALUATION_FLOATS / floats).clamp(1, EVALUATION_ROWS);
        let rows = self.config.probe.min(fit);
        let x = tape.temporary("probe x", rows, self.config.sizes[0]);
        let classifies = self.config.task == Task::Classifier;
        let pass = Self::pass(tape, &self.awake(), "probe h", x, None);
        Probe {
            rows,
            h: pass.a,
            received: pass.h,
            loss: tape.temporary("probe L", rows, 1),
            correct: classifies.then(|| tape.temporary("probe correct", rows, 1)),
            angle: Vec::new(),
            angle_code: Vec::new(),
            compared: Vec::new(),
        }
    }

    /// The layers outside training.
    fn awake(&self) -> Vec<Layer> {
        self.layers.iter().map(|layer| layer.awake()).collect()
    }

    /// The noise-free pass of the metric plans.
    fn probe_pass(&self, probe: &Probe) -> Pass {
        let (a, h) = (probe.h.clone(), probe.received.clone());
        Pass { layers: self.awake(), emitted: a.clone(), a, h, xi: Vec::new() }
    }

    /// Records gather, forward pass and loss; returns the target.
    fn evaluation(&self, tape: &mut Tape, probe: &Probe) -> Buf {
        let y = self.gather(tape, probe.h[0]);
        Self::forward(tape, &self.probe_pass(probe));
        let yhat = self.evaluated(tape, probe);
        loss::record_sample(tape, "L", probe.loss, yhat, y, self.config.loss);
        if let Some(correct) = probe.correct {
            loss::record_correct(tape, "correct", correct, yhat, y);
        }
        y
    }

    /// The output that is measured: the clean pass's, or that of a pass with the noise of training, recorded here. Every
    /// run of the plan, of at most [`EVALUATION_ROWS`] samples, draws the same noise.
    fn evaluated(&self, tape: &mut Tape, probe: &Probe) -> Buf {
        let (clean, rows) = (probe.h[self.top()], probe.rows);
        if self.config.evaluate == Evaluate::Clean {
            return clean;
        }
        let perturbed = self.rule.passes() != Passes::Clean;
        let activities = perturbed || self.config.noise == Noise::Activations;
        let mut a = probe.h.clone();
        if self.config.noise == Noise::Inputs {
            let x = Self::noisy_input(tape, probe.h[0], Purpose::Probe);
            let pass = Self::pass(tape, &self.awake(), "noisy probe h", x, None);
            Self::forward(tape, &pass);
            a = pass.a;
        }
        if !activities {
            return a[self.top()];
        }
        let xi = self.draw(tape, Purpose::Probe, rows);
        let noisy = Self::perturbed(tape, &self.awake(), &a, &xi);
        noisy[self.top() - 1]
    }

    /// Records an evaluation, then true and synthetic gradients on it and W against B.
    fn alignment(&self, tape: &mut Tape, mut probe: Probe) -> Probe {
        let y = self.evaluation(tape, &probe);
        let mut step = self.blank(self.probe_pass(&probe));
        step.keep = false;
        self.perturb(tape, &mut step, y, Purpose::Probe);
        let mut step = self.errors(tape, step, y);
        let products = self.products(tape, &step);
        for l in 1..self.top() {
            let Some(sent) = step.lambda[l - 1] else { continue };
            let exact = step.exact_lambda(tape, l);
            let above = step.layer(l + 1);
            // The authors compare with W times the *synthetic* error; at the top both are the same.
            let code = if l + 1 == self.top() {
                exact
            } else {
                let e = step.error(l + 1);
                let g = above.adjoint(tape, &format!("e~{} W{}", l + 1, l + 1), e);
                step.layer(l).pull_back(tape, &format!("e~{} W{}", l + 1, l + 1), g, step.a[l])
            };
            for (angles, reference) in [(&mut probe.angle, exact), (&mut probe.angle_code, code)] {
                let out = tape.temporary(format!("angle{l}"), probe.rows, 1);
                alignment::record_angle(tape, &format!("angle{l}"), out, sent, reference);
                angles.push(out);
            }
            // Direct feedback stands for all of W above: only the topmost B has a single W as its partner.
            let partner = match products.get(l - 1) {
                Some(product) => Some(*product),
                None => (!step.feedback.direct || l + 1 == self.top()).then_some(above.w),
            };
            let b = step.feedback.b.get(l - 1).copied();
            let mut compare = |label: &str, one: Buf, other: Buf| {
                let out = tape.temporary(label, 1, alignment::COMPARED);
                alignment::record_compare(tape, label, out, one, other);
                out
            };
            let name = l + 1;
            probe.compared.push(match (b, partner) {
                (Some(b), Some(w)) => Compared {
                    w: compare(&format!("W{name} against B{name}"), w, b),
                    b: None,
                    partners: true,
                },
                (b, _) => Compared {
                    w: compare(&format!("norm of W{name}"), above.w, above.w),
                    b: b.map(|b| compare(&format!("norm of B{name}"), b, b)),
                    partners: false,
                },
            });
        }
        probe
    }

    /// Records estimates beside true gradients, with the buffers `x` and `y` of the training step.
    fn estimation(&self, tape: &mut Tape, x: Buf, y: Buf) -> Estimation {
        gather::record_images(tape, "x = pixels / 255", x);
        if y != x {
            gather::record_labels(tape, "y = one-hot label", y);
        }
        let input = self.input(tape, x);
        let pass = Self::pass(tape, &self.awake(), "h", input, None);
        Self::forward(tape, &pass);
        let mut step = self.blank(pass);
        self.perturb_anyway(tape, &mut step, y, Purpose::Activity);
        let mut step = self.errors(tape, step, y);
        let hidden = 1..self.top();
        let truth = hidden.clone().rev().map(|l| step.exact_lambda(tape, l)).collect::<Vec<_>>();
        let lambda_hat = hidden.map(|l| rules::lambda_hat(tape, &mut step, l)).collect();
        // What plain node perturbation sends is the estimate itself.
        let sends = self.rule.info().has_feedback || self.config.rule == "bp";
        let delivered =
            if sends { step.lambda.iter().flatten().copied().collect() } else { vec![] };
        let plan = tape.end_plan();
        Estimation { plan, lambda_hat, truth: truth.into_iter().rev().collect(), delivered }
    }

    /// Records what direct feedback tends to in a linear network (paper, Corollary 1): `W^L ... W^{l+1}`,
    /// (`n_L`, `n_l`), l = 1..L, at l - 1. Empty for other networks, where no matrix is right for every input.
    fn products(&self, tape: &mut Tape, step: &Step) -> Vec<Buf> {
        let linear =
            |layer: &Layer| layer.act == Activation::Identity && layer.operator == Operator::Dense;
        if !step.feedback.direct || self.top() < 2 || !self.layers.iter().all(linear) {
            return Vec::new();
        }
        let mut product = self.layers[self.top() - 1].w;
        let mut products = vec![product];
        for layer in self.layers[1..self.top() - 1].iter().rev() {
            product =
                layer.adjoint(tape, &format!("W{} ... W{}", self.top(), layer.number), product);
            products.push(product);
        }
        products.reverse();
        products
    }
}

/// Refuses data that do not fit the network.
pub fn check_data(config: &RunConfig, data: &crate::data::Dataset) -> Result<()> {
    let there = [data.rows, data.cols, data.channels];
    if let Some(wanted) = config.image.filter(|wanted| *wanted != there) {
        let [r, c, n] = wanted;
        let [rows, cols, channels] = there;
        return Err(Error::config(
            "image",
            format!(
                "the network wants images of {r} x {c} pixels with {n} channels, {} has {rows} x {cols} with {channels}",
                data.name
            ),
        ));
    }
    if data.pixels() != config.sizes[0] {
        return Err(Error::config(
            "sizes",
            format!(
                "the first layer has {} units but an image has {} pixels",
                config.sizes[0],
                data.pixels()
            ),
        ));
    }
    let outputs = config.sizes[config.layers()];
    if config.task == Task::Classifier && outputs != data.classes {
        return Err(Error::config(
            "sizes",
            format!(
                "the last layer has {outputs} units but the data have {} classes",
                data.classes
            ),
        ));
    }
    Ok(())
}
