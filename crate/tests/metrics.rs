//! What is measured, against the oracle's numbers from the same weights: losses, accuracy, angles, W against B; on
//! sets that end inside a chunk, and on all of them.

#![cfg(not(target_arch = "wasm32"))] // the oracle takes exp and ln from the platform
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

mod common;
mod oracle;

use common::{random_data_of, rule_ids, small, trainer};
use credit_lab::base::rng::{Purpose, key, philox, stream};
use credit_lab::config::{Evaluate, FeedbackLearner, Noise, RunConfig};
use credit_lab::data::{Dataset, Split, SplitName};
use credit_lab::kernels::activation::Activation;
use credit_lab::kernels::loss::Loss;
use credit_lab::metrics::Metrics;
use credit_lab::trainer::Trainer;
use oracle::{Act, Inputs, Rule, Spec, State, Trace};
use std::sync::Arc;

const TRAIN: usize = 331; // no multiple of the 256 rows that are evaluated together
const TEST: usize = 77;

/// f32 against f64 over chains of about 10 products and 3 layers; losses are means of many such.
const TOLERANCE: f64 = 1e-5;

/// What is measured does not depend on how B learns; `Fa` stands for all rules with a layer's own B.
fn oracle_rule(rule: &str) -> Rule {
    match rule {
        "bp" => Rule::Bp,
        "dfa" | "np-dfa" | "sg-dfa" => Rule::Dfa,
        "sign" => Rule::Sign,
        _ => Rule::Fa,
    }
}

fn data() -> Arc<Dataset> {
    random_data_of(3, 4, 5, (TRAIN, TEST), 6)
}

/// The oracle's pass over a split with the run's weights as they are.
fn pass(run: &Trainer, split: &Split) -> (Spec, State, Trace, Vec<usize>) {
    let config = run.config();
    let softmax = config.loss == Loss::CrossEntropy;
    let acts = config.activations.iter().map(|a| match a {
        Activation::Identity => Act::Identity,
        Activation::Sigmoid => Act::Sigmoid,
        Activation::Tanh => Act::Tanh,
        Activation::Relu => Act::Relu,
        Activation::Softmax => Act::Softmax,
    });
    let spec = Spec {
        sizes: config.sizes.clone(),
        acts: acts.collect(),
        loss: if softmax { oracle::Loss::CrossEntropy } else { oracle::Loss::SquaredError },
        rule: oracle_rule(&config.rule),
        feedback: oracle::Feedback::Sgd,
        per_batch_difference: false,
        optimizer: oracle::Optim::Sgd,
        noisy_activations: false,
        eta_w: 0.0,
        eta_b: 0.0,
        c_h: 1.0,
        gamma: 1.0,
        kappa: 0.0,
        update_w: false,
    };
    let values = |label: String| -> Vec<f64> {
        let found = run.buffer(&label).map(|(v, _)| v.iter().map(|x| f64::from(*x)).collect());
        found.unwrap_or_default()
    };
    let all = |name: &str| (1..=3).map(|l| values(format!("{name}{l}"))).collect::<Vec<_>>();
    let mut fb = all("B");
    if spec.rule == Rule::Fa && fb[1].is_empty() {
        fb = all("W"); // perturb has no B; its angles are not compared
    }
    let mut state = State::new(&spec, all("W"), all("b"), fb);
    if spec.rule == Rule::Sign {
        state.magnitudes = all("M");
    }
    let labels: Vec<usize> = split.labels.iter().map(|l| usize::from(*l)).collect();
    let inputs = Inputs {
        x: split.images.iter().map(|byte| f64::from(*byte) / 255.0).collect(),
        y: labels
            .iter()
            .flat_map(|l| (0..5).map(|k| f64::from(u8::from(k == *l))).collect::<Vec<_>>())
            .collect(),
        xi: vec![],
        mirror_xi: vec![],
    };
    let trace = oracle::step(&spec, &mut state, &inputs);
    (spec, state, trace, labels)
}

fn close(found: f64, wanted: f64, what: &str) {
    assert!(
        (found - wanted).abs() <= TOLERANCE * (1.0 + wanted.abs()),
        "{what}: {found}, the oracle says {wanted}"
    );
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn percent_right(trace: &Trace, labels: &[usize]) -> f64 {
    let right = trace.a[3].chunks(5).zip(labels).filter(|(row, label)| {
        row.iter().enumerate().all(|(k, p)| k == **label || *p < row[**label])
    });
    100.0 * right.count() as f64 / labels.len() as f64
}

/// Degrees between rows, averaged over rows.
fn mean_angle(a: &[f64], b: &[f64], cols: usize) -> f64 {
    let angles: Vec<f64> = a
        .chunks(cols)
        .zip(b.chunks(cols))
        .map(|(a, b)| {
            let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            (dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()).clamp(-1.0, 1.0).acos().to_degrees()
        })
        .collect();
    mean(&angles)
}

fn configs(rule: &str) -> Vec<RunConfig> {
    use Activation::{Sigmoid, Softmax, Tanh};
    let base = small(rule);
    let softmax = RunConfig {
        activations: vec![Tanh, Sigmoid, Softmax],
        loss: Loss::CrossEntropy,
        ..base.clone()
    };
    let ridge = RunConfig { feedback: FeedbackLearner::Ridge, ..base.clone() };
    [base, softmax, ridge].into_iter().filter(|c| c.check().is_ok()).collect()
}

#[test]
fn losses_accuracy_and_alignment_equal_the_oracles() {
    let data = data();
    for rule in rule_ids() {
        for config in configs(rule) {
            let mut run = trainer(&config, &data);
            run.advance(30).unwrap();
            let metrics = run.metrics_over(TRAIN, TEST);
            let what =
                |name: &str| format!("{rule} {:?} {:?}: {name}", config.loss, config.feedback);
            let (spec, state, on_train, labels) = pass(&run, &data.train);
            let (_, _, on_test, test_labels) = pass(&run, &data.test);
            close(metrics.train_loss_per_sample, mean(&on_train.loss), &what("training loss"));
            close(metrics.test_loss_per_sample, mean(&on_test.loss), &what("test loss"));
            close(metrics.train_loss, 32.0 * mean(&on_train.loss), &what("training loss, batch"));
            close(metrics.test_loss, 32.0 * mean(&on_test.loss), &what("test loss, batch"));
            close(
                metrics.train_accuracy.unwrap(),
                percent_right(&on_train, &labels),
                &what("accuracy"),
            );
            close(
                metrics.test_accuracy.unwrap(),
                percent_right(&on_test, &test_labels),
                &what("accuracy"),
            );
            if rule != "perturb" {
                compare_layers(&metrics, &spec, &state, &on_train, &what);
            }
        }
    }
}

fn compare_layers(
    metrics: &Metrics,
    spec: &Spec,
    state: &State,
    trace: &Trace,
    what: &impl Fn(&str) -> String,
) {
    assert_eq!(metrics.layers.len(), 2);
    for (i, layer) in metrics.layers.iter().enumerate() {
        assert_eq!(layer.name, format!("W{}", i + 2));
        let (exact, sent) = (&trace.lambda_true[i], &trace.lambda_synth[i]);
        let wanted = mean_angle(sent, exact, spec.sizes[i + 1]);
        let angle = layer.angle.unwrap();
        // Near 0 and 180 acos magnifies: an error d of the cosine (1e-6 of f32 vectors) is sqrt(2 d) radians.
        assert!((angle - wanted).abs() < 0.1, "{}: {angle}, wanted {wanted}", what("angle"));
        let (w, b) = (
            &state.w[i + 1],
            if spec.rule == Rule::Bp { &state.w[i + 1] } else { &state.fb[i + 1] },
        );
        close(layer.norm_w, oracle::closed_form::norm(w), &what("|W|"));
        close(layer.norm_b.unwrap(), oracle::closed_form::norm(b), &what("|B|"));
        if w.len() != b.len() {
            assert!(
                layer.relative_error.is_none() && layer.sign_agreement.is_none(),
                "{}",
                what("direct")
            );
            continue;
        }
        let error = oracle::closed_form::relative_error(b, w);
        close(layer.relative_error.unwrap(), error, &what("relative error"));
        let equal = w.iter().zip(b).filter(|(w, b)| oracle::sign(**w) == oracle::sign(**b)).count();
        close(layer.sign_agreement.unwrap(), 100.0 * equal as f64 / w.len() as f64, &what("signs"));
    }
}

// Corollary 1: in a linear network direct feedback tends to the product of the weights above, and that is what B is
// compared with; in others only the topmost B has a partner.
#[test]
fn direct_feedback_of_a_linear_network_is_compared_with_the_product_of_weights() {
    let data = data();
    for rule in ["dfa", "np-dfa", "sg-dfa"] {
        let linear = RunConfig {
            sizes: vec![12, 9, 7, 6, 5],
            activations: vec![Activation::Identity; 4],
            eta_w: 1e-3,
            eta_b: 1e-3,
            ..small(rule)
        };
        let mut run = trainer(&linear, &data);
        run.advance(10).unwrap();
        let metrics = run.metrics();
        let values = |label: &str| -> Vec<f64> {
            run.buffer(label).unwrap().0.iter().map(|x| f64::from(*x)).collect()
        };
        // (m, k) times (k, n)
        let times = |a: &[f64], b: &[f64], k: usize, n: usize| -> Vec<f64> {
            let cell = |at: usize| (0..k).map(|i| a[at / n * k + i] * b[i * n + at % n]).sum();
            (0..a.len() / k * n).map(cell).collect()
        };
        let third = values("W4");
        let second = times(&third, &values("W3"), 6, 7);
        let first = times(&second, &values("W2"), 7, 9);
        for (layer, product) in metrics.layers.iter().zip([first, second, third]) {
            let b = values(&layer.name.replace('W', "B"));
            assert_eq!(b.len(), product.len());
            let error = oracle::closed_form::relative_error(&b, &product);
            close(layer.relative_error.unwrap(), error, &format!("{rule} {}", layer.name));
            let equal = product.iter().zip(&b).filter(|(w, b)| (**w > 0.0) == (**b > 0.0)).count();
            let signs = 100.0 * equal as f64 / b.len() as f64;
            close(layer.sign_agreement.unwrap(), signs, &format!("{rule} {} signs", layer.name));
        }
        let mut curved = trainer(&small(rule), &data);
        let layers = curved.metrics().layers;
        assert!(layers[0].relative_error.is_none() && layers[1].relative_error.is_some());
    }
}

#[test]
fn an_evaluation_of_part_of_a_split_counts_that_part_only() {
    let data = data();
    let mut run = trainer(&small("bp"), &data);
    let (_, _, trace, _) = pass(&run, &data.train);
    for limit in [1, 40, 255, 256, 257, TRAIN, usize::MAX] {
        let part = &trace.loss[..limit.min(TRAIN)];
        close(
            run.evaluate(SplitName::Train, limit).loss_per_sample,
            mean(part),
            &format!("first {limit}"),
        );
    }
}

// The running loss is of the batches as trained, each with the weights before its own update.
#[test]
fn the_running_loss_is_the_mean_since_the_last_row() {
    let data = data();
    let mut run = trainer(&small("fa"), &data);
    assert_eq!(run.metrics().running_loss, None);
    let mut losses = Vec::new();
    for _ in 0..4 {
        run.advance(1).unwrap();
        let loss = run.compiled().loss;
        losses.extend(run.executor().read(loss).iter().map(|l| f64::from(*l)));
    }
    close(run.metrics().running_loss.unwrap(), 32.0 * mean(&losses), "running loss");
    assert_eq!(run.metrics().running_loss, None);
}

#[test]
fn activities_are_the_oracles_in_any_order() {
    let data = data();
    let mut run = trainer(&small("bp"), &data);
    let (_, _, trace, _) = pass(&run, &data.test);
    let samples: Vec<usize> = (0..TEST).rev().chain([3, 3, 0]).collect();
    for (l, cols) in [12, 9, 7, 5].into_iter().enumerate() {
        let found = run.activities(SplitName::Test, &samples, l).unwrap();
        assert_eq!(found.len(), samples.len() * cols);
        for (row, sample) in found.chunks(cols).zip(&samples) {
            for (a, b) in row.iter().zip(&trace.a[l][sample * cols..][..cols]) {
                close(f64::from(*a), *b, &format!("h{l} of sample {sample}"));
            }
        }
    }
}

/// `xi` of element i of a stream, from the definition in `kernels::noise`.
fn normal(seed: u64, stream: u32, step: u32, i: usize) -> f64 {
    let words = philox([(i / 4) as u32, stream, step, 0], key(seed));
    let pair = i % 4 / 2;
    let u = f64::from((words[2 * pair] >> 8) + 1) / 16_777_216.0;
    let turn = std::f64::consts::TAU * f64::from(words[2 * pair + 1] >> 8) / 16_777_216.0;
    (-2.0 * u.ln()).sqrt() * if i.is_multiple_of(2) { turn.cos() } else { turn.sin() }
}

/// Mean loss and per cent right on the test set of a pass `h = act(W h + b) + c xi` on hidden layers, from x plus
/// `input` times noise; chunks of `probe` samples draw the same noise.
fn noisy_pass(run: &Trainer, data: &Dataset, c: f64, input: f64) -> (f64, f64) {
    let config = run.config();
    let step = run.step() as u32;
    let xi = |l: u32, i: usize| normal(config.seed, stream(Purpose::Probe, l), step, i);
    let values = |label: String| -> Vec<f64> {
        run.buffer(&label).unwrap().0.iter().map(|x| f64::from(*x)).collect()
    };
    let (mut loss, mut right) = (0.0, 0);
    for n in 0..TEST {
        let row = n % config.probe;
        let image = &data.test.images[12 * n..][..12];
        let mut h: Vec<f64> =
            (0..12).map(|j| f64::from(image[j]) / 255.0 + input * xi(0, row * 12 + j)).collect();
        for l in 1..=3 {
            let (w, b) = (values(format!("W{l}")), values(format!("b{l}")));
            let units = config.sizes[l];
            h = (0..units)
                .map(|j| {
                    let z = b[j]
                        + h.iter().enumerate().map(|(k, x)| w[j * h.len() + k] * x).sum::<f64>();
                    match l {
                        1 => z.tanh() + c * xi(1, row * units + j),
                        2 => 1.0 / (1.0 + (-z).exp()) + c * xi(2, row * units + j),
                        _ => z,
                    }
                })
                .collect();
        }
        let label = usize::from(data.test.labels[n]);
        let target = |k: usize| f64::from(u8::from(k == label));
        loss += h.iter().enumerate().map(|(k, y)| (y - target(k)).powi(2)).sum::<f64>() / 2.0;
        right += usize::from(h.iter().enumerate().all(|(k, y)| k == label || *y < h[label]));
    }
    (loss / TEST as f64, 100.0 * right as f64 / TEST as f64)
}

// Discrepancies D4 and D13: the authors' test losses and errors are those of the pass with noise.
#[test]
fn losses_may_be_measured_with_the_noise_of_training_as_the_authors_do() {
    let data = data();
    let cases = [
        ("np", Noise::None, true, false),
        ("bp", Noise::Activations, true, false),
        ("bp", Noise::Inputs, false, true),
        ("np", Noise::Inputs, true, true),
        ("bp", Noise::None, false, false),
    ];
    for (rule, noise, hidden, inputs) in cases {
        let clean = RunConfig { noise, c_h: 0.5, input_noise: 0.4, ..small(rule) };
        let noisy = RunConfig { evaluate: Evaluate::Noisy, ..clean.clone() };
        let mut runs = [clean, noisy].map(|config| trainer(&config, &data));
        let [clean, noisy] = runs.each_mut().map(|run| {
            run.advance(30).unwrap();
            run.metrics_over(TRAIN, TEST)
        });
        assert_eq!(runs[0].checksum(), runs[1].checksum(), "{rule}: measuring changes no run");
        assert_eq!(clean.layers, noisy.layers, "{rule}: angles and weights are compared without");
        let [c, input] = [(hidden, 0.5), (inputs, 0.4)].map(|(on, std)| if on { std } else { 0.0 });
        let (loss, right) = noisy_pass(&runs[1], &data, c, input);
        close(noisy.test_loss_per_sample, loss, &format!("{rule} {noise:?}"));
        close(noisy.test_accuracy.unwrap(), right, &format!("{rule} {noise:?}"));
        assert_eq!(clean == noisy, !hidden && !inputs, "{rule} {noise:?}");
    }
}
