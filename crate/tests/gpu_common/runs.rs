//! Hundreds of steps on both paths from the same seed.

use super::host::pause;
use super::say;
use super::steps::{small_images, smooth_autoencoder};
use crate::common::{
    digits, name, rule_ids, small, small_convolutional, small_data, trainer, variants,
};
use credit_lab::config::{Evaluate, FeedbackLearner, Optimizer, RunConfig, Task};
use credit_lab::data::Dataset;
use credit_lab::exec::gpu::Gpu;
use credit_lab::exec::gpu::assemble::Tuning;
use credit_lab::experiments;
use credit_lab::kernels::activation::Activation;
use credit_lab::metrics::Metrics;
use credit_lab::session::Session;
use std::rc::Rc;
use std::sync::Arc;

/// A run on the GPU. Small networks take small blocks, which are quick to compile; the larger have tests of their own.
pub async fn on_gpu(gpu: &Rc<Gpu>, config: &RunConfig, data: &Arc<Dataset>) -> Session {
    if config.parameters() < 10_000 {
        gpu.set_tuning(Tuning::SMALL);
    }
    let session = Session::new(trainer(config, data));
    session.to_gpu(gpu.clone()).await.unwrap();
    session
}

/// Trains up to step number `until`, on whatever path.
pub async fn train(session: &Session, until: u64) {
    while session.step() < until {
        if session.advance(until - session.step()).unwrap() < until {
            pause().await;
        }
    }
}

/// |a - b| / |b|
pub fn relative(a: f64, b: f64) -> f64 {
    if a == b { 0.0 } else { (a - b).abs() / b.abs() }
}

/// Largest relative difference of the losses, and the largest difference of angles in degrees.
pub fn differences(a: &Metrics, b: &Metrics) -> [f64; 2] {
    assert_eq!(a.step, b.step);
    let losses = [(a.train_loss, b.train_loss), (a.test_loss, b.test_loss)];
    let running = [(a.running_loss.unwrap_or(0.0), b.running_loss.unwrap_or(0.0))];
    assert_eq!(a.running_loss.is_some(), b.running_loss.is_some());
    let mut worst = [0.0f64; 2];
    for (a, b) in losses.into_iter().chain(running) {
        worst[0] = worst[0].max(relative(a, b));
    }
    for (a, b) in a.layers.iter().zip(&b.layers) {
        for (a, b) in [(a.angle, b.angle), (a.angle_code, b.angle_code)] {
            assert_eq!(a.is_some(), b.is_some());
            worst[1] = worst[1].max((a.unwrap_or(0.0) - b.unwrap_or(0.0)).abs());
        }
    }
    worst
}

/// At the start both paths measure the same weights, so everything agrees but for rounding.
fn same_at_the_start(found: &Metrics, wanted: &Metrics, what: &str) -> [f64; 2] {
    let worst = differences(found, wanted);
    // sums of at most a thousand numbers; an angle's cosine is as good as that, and its arc cosine near 0 degrees
    // its root (classes of `angle_of`)
    assert!(worst[0] < 1e-5, "{what}: losses differ by {:.1e}\n{found:?}\n{wanted:?}", worst[0]);
    assert!(worst[1] < 0.05, "{what}: angles differ by {:.1e}\n{found:?}\n{wanted:?}", worst[1]);
    assert_eq!(found.train_accuracy, wanted.train_accuracy, "{what}");
    assert_eq!(found.test_accuracy, wanted.test_accuracy, "{what}");
    for (a, b) in found.layers.iter().zip(&wanted.layers) {
        assert_eq!((&a.name, a.sign_agreement), (&b.name, b.sign_agreement), "{what}");
        let pairs = [
            (a.relative_error, b.relative_error),
            (Some(a.norm_w), Some(b.norm_w)),
            (a.norm_b, b.norm_b),
        ];
        for (a, b) in pairs {
            assert_eq!(a.is_some(), b.is_some(), "{what}");
            let (a, b) = (a.unwrap_or(0.0), b.unwrap_or(0.0));
            assert!(relative(a, b) < 1e-5 || (a - b).abs() < 1e-6, "{what}: {a} {b}");
        }
    }
    worst
}

/// How far apart two runs were.
#[derive(Default, Clone, Copy)]
struct Apart {
    start: [f64; 2],
    running: f64,
    end: [f64; 2],
}

async fn compare(
    gpu: &Rc<Gpu>,
    config: &RunConfig,
    data: &Arc<Dataset>,
    (steps, every): (u64, u64),
) -> Apart {
    let what = name(config);
    let mut cpu = trainer(config, data);
    let session = on_gpu(gpu, config, data).await;
    let (found, mut wanted) = (session.metrics().await.unwrap(), cpu.metrics());
    let mut apart = Apart { start: same_at_the_start(&found, &wanted, &what), ..Apart::default() };
    let first = wanted.train_loss;
    for until in (every..=steps).step_by(every as usize) {
        train(&session, until).await;
        cpu.advance(every).unwrap();
        let found = session.metrics().await.unwrap();
        wanted = cpu.metrics();
        assert_eq!(found.step, until);
        let (a, b) = (found.running_loss.unwrap(), wanted.running_loss.unwrap());
        apart.running = apart.running.max(relative(a, b));
        apart.end = differences(&found, &wanted);
    }
    assert_ne!(first, wanted.train_loss, "{what} has not learned");
    assert_eq!(session.poll().unwrap().confirmed, steps);
    apart
}

/// Every variant of a rule on a small network of either task in turn, the first on both. Hidden layers of one shape,
/// and a probe as large as a batch, share shaders, of which there are hundreds.
fn configurations(rule: &str) -> Vec<RunConfig> {
    use Activation::{Identity, Sigmoid, Tanh};
    let classifier = RunConfig {
        sizes: vec![12, 9, 9, 5],
        activations: vec![Tanh, Tanh, Identity],
        probe: 8,
        ..small(rule)
    };
    let autoencoder = RunConfig {
        sizes: vec![12, 9, 9, 9, 12],
        activations: vec![Tanh, Tanh, Tanh, Sigmoid],
        probe: 8,
        ..smooth_autoencoder(rule)
    };
    let tasks = [variants(&classifier), variants(&autoencoder)];
    let turns = (0..tasks[0].len()).map(|i| tasks[i % 2][i].clone());
    let noisy = RunConfig { evaluate: Evaluate::Noisy, ..tasks[1][0].clone() };
    turns.chain([noisy]).collect()
}

/// Most that two curves may differ, relatively. Rounding differences grow along a trajectory, here by little:
/// activations are smooth and rates moderate. Measured over all runs on lavapipe: see the lines printed.
const SMOOTH: f64 = 1e-5;
/// With the kink of relu, where one rounding may decide whether an output learns from a pixel; or with ridge
/// regression, which divides by what little a small network has seen of some direction in its first steps.
const SHARP: f64 = 1e-3;

pub async fn every_rule_learns_along_the_processors_curve(gpu: &Rc<Gpu>) {
    let data = small_data();
    let mut worst = Apart::default();
    for rule in rule_ids() {
        let mut own = 0.0f64;
        for config in configurations(rule) {
            let apart = compare(gpu, &config, &data, (200, 20)).await;
            let running = apart.running;
            let limit = if config.feedback == FeedbackLearner::Ridge { SHARP } else { SMOOTH };
            assert!(running < limit, "{}: curves differ by {running:.1e}", name(&config));
            own = own.max(running / limit);
            for i in 0..2 {
                worst.start[i] = worst.start[i].max(apart.start[i]);
                worst.end[i] = worst.end[i].max(apart.end[i]);
            }
        }
        say!("{rule:<10} running losses differ by up to {own:.1e} of the limit");
    }
    say!(
        "losses, angles: at the start {:.1e}, {:.1e} degrees; at the end {:.1e}, {:.1e} degrees",
        worst.start[0],
        worst.start[1],
        worst.end[0],
        worst.end[1]
    );
}

// The paper's networks and rule; the autoencoder ends in relu.
pub async fn the_papers_networks_learn_along_the_processors_curve(gpu: &Rc<Gpu>) {
    let data = digits(200, 50);
    for task in [Task::Autoencoder, Task::Classifier] {
        let config = experiments::default_config(task, "np", Optimizer::Sgd).unwrap();
        let config = RunConfig { warmup: config.warmup.min(10), probe: 50, ..config };
        let running = compare(gpu, &config, &data, (30, 10)).await.running;
        say!("{}: running losses differ by {running:.1e}", name(&config));
        assert!(running < SHARP, "{}: {running:.1e}", name(&config));
    }
}

// relu, pools of both kinds of edges, dropout, softmax, all noise; no number of channels but one is a multiple of four.
pub async fn convolutional_networks_learn_along_the_processors_curve(gpu: &Rc<Gpu>) {
    let data = small_images();
    for rule in ["bp", "np-dfa"] {
        let config = RunConfig { optimizer: Optimizer::Adam, ..small_convolutional(rule) };
        let running = compare(gpu, &config, &data, (60, 20)).await.running;
        say!("{}: running losses differ by {running:.1e}", name(&config));
        assert!(running < SHARP, "{}: {running:.1e}", name(&config));
    }
}
