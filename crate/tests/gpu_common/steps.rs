//! Whole training steps: fused and not, and on the processor.

use super::{U, say};
use crate::common::{
    digits, name, random_data_of, rule_ids, small, small_autoencoder, small_convolutional,
    small_data, trainer, variants,
};
use credit_lab::config::{FeedbackLearner, Optimizer, RunConfig, Task};
use credit_lab::data::Dataset;
use credit_lab::exec::gpu::assemble::Tuning;
use credit_lab::exec::gpu::executor::describe;
use credit_lab::exec::gpu::{Executor, Gpu};
use credit_lab::kernels::activation::Activation;
use credit_lab::plan::{Buf, Source};
use credit_lab::trainer::{Trainer, compile};
use credit_lab::{experiments, rules};
use std::rc::Rc;
use std::sync::Arc;

/// [`small_autoencoder`] with smooth activations: at a kink one rounding decides which way a run goes.
pub fn smooth_autoencoder(rule: &str) -> RunConfig {
    use Activation::{Identity, Sigmoid, Tanh};
    RunConfig { activations: vec![Tanh, Identity, Tanh, Sigmoid], ..small_autoencoder(rule) }
}

/// For [`small_convolutional`].
pub fn small_images() -> Arc<Dataset> {
    random_data_of(7, 6, 5, (40, 20), 8)
}

/// Of every rule one configuration: tasks, and what variants add to the plan, take turns.
fn typical() -> Vec<RunConfig> {
    let of = |(i, rule): (usize, &'static str)| {
        let base = if i % 2 == 0 { small(rule) } else { smooth_autoencoder(rule) };
        // the processor's part of a step with ridge regression is the session's to call
        let all = variants(&base).into_iter();
        let all: Vec<_> = all.filter(|c| c.feedback != FeedbackLearner::Ridge).collect();
        all[i / 2 % all.len()].clone()
    };
    rule_ids().into_iter().enumerate().map(of).collect()
}

/// Labels and contents of what a step leaves behind.
type State = Vec<(String, Vec<f32>)>;

/// The buffers that persist, and the step's input, target and losses.
fn left_behind(trainer: &Trainer) -> Vec<(String, Buf)> {
    let compiled = trainer.compiled();
    let persistent = compiled.program.persistent().map(|b| (b.label.clone(), b.buf));
    let own = [("x", compiled.x), ("y", compiled.y), ("L", compiled.loss)];
    persistent.chain(own.map(|(label, buf)| (label.to_string(), buf))).collect()
}

/// The state after one step on the GPU from a trainer's.
async fn one_step(gpu: &Rc<Gpu>, trainer: &Trainer, fused: bool) -> State {
    let compiled = trainer.compiled().clone();
    let (bufs, hyper) = (left_behind(trainer), trainer.config().hyper());
    let (exec, flight) = gpu
        .checked(|| {
            let (program, loss) = (compiled.program.clone(), Some(compiled.loss));
            let observed = compiled.observed();
            let exec = Executor::new(gpu.clone(), program, trainer.data(), loss, &observed)?;
            let mut exec = if fused { exec } else { exec.unfused() };
            exec.prepare(compiled.step, true)?;
            for decl in compiled.program.persistent() {
                exec.write(decl.buf, trainer.buffer(&decl.label).unwrap().0);
            }
            let flight =
                exec.submit(compiled.step, &[trainer.moment(Source::Shuffled, 0)], &hyper)?;
            Ok((exec, flight))
        })
        .await
        .unwrap();
    let landing = exec.landed(flight).await.unwrap();
    let list: Vec<Buf> = bufs.iter().map(|(_, buf)| *buf).collect();
    let values = exec.read(&list).wait().await.unwrap();
    let mut rest = &values[..];
    let mut state = State::new();
    for (label, buf) in bufs {
        let (own, others) = rest.split_at(buf.len());
        rest = others;
        state.push((label, own.to_vec()));
    }
    let losses = &state.last().unwrap().1;
    let sum: f64 = losses.iter().map(|l| f64::from(*l)).sum();
    assert_eq!(landing.losses, [sum], "what came back is not what the step left");
    state
}

/// Most roundings of the largest entry of a buffer by which two ways through one step may differ. A step is some ten
/// sums deep; an error of each grows with the root of its length, at most 28 here, and is damped by the next. The
/// estimate of a perturbed pass is a difference divided by `c_h`, and so are the errors in it.
fn most_roundings(config: &RunConfig) -> f64 {
    let perturbs = rules::find(&config.rule).unwrap().info().perturbs;
    64.0 + if perturbs { 32.0 / config.c_h } else { 0.0 }
}

/// The largest share of its bound by which an entry of `a` differs from `b`'s.
fn largest_difference(a: &State, b: &State, config: &RunConfig) -> f64 {
    let bound = |values: &[f32]| {
        let size = values.iter().fold(f32::MIN_POSITIVE, |m, x| m.max(x.abs()));
        most_roundings(config) * U * f64::from(size)
    };
    let mut worst = 0.0f64;
    for ((label, a), (_, b_values)) in a.iter().zip(b) {
        let own = bound(b_values);
        // Adam's first step has the length of its rate and the sign of the gradient, which is not certain where
        // the gradient is no larger than its own error.
        let moment = b.iter().find(|(other, _)| *other == format!("adam m {label}"));
        for (at, (x, y)) in a.iter().zip(b_values).enumerate() {
            let turned = moment.map_or(0.0, |(_, m)| {
                let doubt = bound(m) / f64::from(m[at].abs().max(f32::MIN_POSITIVE));
                2.0 * config.eta_w * doubt.min(1.0)
            });
            let apart = f64::from((x - y).abs()) / (own + turned);
            assert!(
                apart <= 1.0,
                "{}: {label}[{at}] {x} and {y} differ by {apart:.1} of their bound",
                name(config)
            );
            worst = worst.max(apart);
        }
    }
    worst
}

/// The state after one step on the processor.
fn on_the_processor(mut run: Trainer) -> State {
    let bufs = left_behind(&run);
    run.advance(1).unwrap();
    bufs.into_iter().map(|(label, buf)| (label, run.executor().read(buf).to_vec())).collect()
}

/// One step of the paper's rule on an autoencoder of odd sizes.
pub async fn a_step_is_the_processors(gpu: &Rc<Gpu>) {
    let config = RunConfig {
        sizes: vec![12, 70, 33, 12],
        activations: vec![Activation::Tanh, Activation::Identity, Activation::Sigmoid],
        batch: 31,
        ..smooth_autoencoder("np")
    };
    let run = trainer(&config, &small_data());
    let found = one_step(gpu, &run, true).await;
    largest_difference(&found, &on_the_processor(run), &config);
}

pub async fn fusing_changes_nothing_but_rounding(gpu: &Rc<Gpu>) {
    let mut worst = [0.0f64; 2];
    let mut compare = async |config: &RunConfig, data: &Arc<Dataset>| {
        let run = trainer(config, data);
        let fused = one_step(gpu, &run, true).await;
        let unfused = one_step(gpu, &run, false).await;
        for (worst, other) in worst.iter_mut().zip([unfused, on_the_processor(run)]) {
            *worst = worst.max(largest_difference(&fused, &other, config));
        }
    };
    // they are compiled quickly, and the larger blocks have tests of their own
    let usual = gpu.tuning();
    gpu.set_tuning(Tuning::SMALL);
    for config in typical() {
        compare(&config, &small_data()).await;
    }
    for rule in ["bp", "np-dfa"] {
        let config = RunConfig { optimizer: Optimizer::Adam, ..small_convolutional(rule) };
        compare(&config, &small_images()).await;
    }
    let paper = experiments::default_config(Task::Autoencoder, "np", Optimizer::Sgd).unwrap();
    compare(&RunConfig { probe: 8, ..paper }, &digits(64, 32)).await;
    gpu.set_tuning(usual);
    say!(
        "one step, shares of the bound used: unfused {:.2}, the processor {:.2}",
        worst[0],
        worst[1]
    );
}

/// Needs no GPU. More dispatches are slower steps: each is a barrier.
pub fn a_step_of_the_papers_rule_takes_thirteen_dispatches() {
    assert!(rules::find("np").is_ok());
    let config = experiments::default_config(Task::Autoencoder, "np", Optimizer::Sgd).unwrap();
    let compiled = compile(&config, false).unwrap();
    let table = describe(&compiled.program, compiled.step, config.warmup, &compiled.observed());
    assert_eq!(table.lines().count(), 13, "{table}");
    // every op is in it, once
    let ops = &compiled.program.plans[0].ops;
    for op in ops {
        let count = ops.iter().filter(|other| other.label == op.label).count();
        let labels =
            table.lines().flat_map(|line| line.split_once("buffers  ").unwrap().1.split("; "));
        assert_eq!(labels.filter(|l| *l == op.label).count(), count, "{}\n{table}", op.label);
    }
}

/// Needs no GPU. Of the paper's convolutional network on 32 x 32 x 3 pixels.
pub fn a_step_of_the_convolutional_network_takes_few_dispatches() {
    use experiments::convolutional::config;
    for (rule, most) in [("bp", 27), ("np-dfa", 36)] {
        let config = config(rule, Optimizer::Adam, [32, 32, 3], 10, 0.25);
        let compiled = compile(&config, false).unwrap();
        let table = describe(&compiled.program, compiled.step, config.warmup, &compiled.observed());
        assert!(table.lines().count() <= most, "{rule}\n{table}");
    }
}
