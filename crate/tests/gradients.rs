//! Backpropagation's gradients through the f64 reference executor against central differences of the loss that
//! forward passes alone report: every activation, both losses, noise on activities and on inputs.

#![cfg(not(target_arch = "wasm32"))] // thousands of f64 passes: nothing in them depends on the host
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

mod common;

use common::uniform;
use credit_lab::trace::{Report, Spec, run};
use std::collections::BTreeMap;

/// Step of the differences, about eps^(1/3). Their error is delta^2 L''' / 6 + eps L / delta: with losses near 10
/// and third derivatives near 10 about 2e-10 + 2e-10.
const DELTA: f64 = 1e-5;
/// Ten of that, of the largest entry or 1.
const TOLERANCE: f64 = 4e-9;

const HIDDEN: [&str; 4] = ["identity", "sigmoid", "tanh", "relu"];
const NOISE: [&str; 3] = ["none", "activations", "inputs"];
const BATCH: usize = 5;

/// `count` numbers in [-size, size).
fn numbers(sequence: u32, count: usize, size: f64) -> Vec<f64> {
    uniform(11, sequence, count).iter().map(|u| size * (2.0 * u - 1.0)).collect()
}

fn rows(flat: &[f64], cols: usize) -> Vec<Vec<f64>> {
    flat.chunks(cols).map(<[f64]>::to_vec).collect()
}

fn spec(rule: &str, sizes: &[usize], acts: &[&str], noise: &str, sequence: u32) -> Spec {
    let top = sizes.len() - 1;
    let softmax = acts[top - 1] == "softmax";
    let config = serde_json::json!({
        "rule": rule, "sizes": sizes, "activations": acts, "noise": noise,
        "loss": if softmax { "cross_entropy" } else { "squared_error" },
        "warmup": 0, "eta_w": 0.01, "c_h": 0.1, "input_noise": 0.3,
    });
    let mut weights = BTreeMap::new();
    for l in 1..=top {
        let sequence = sequence + 10 * l as u32;
        weights.insert(format!("W{l}"), numbers(sequence, sizes[l] * sizes[l - 1], 1.0));
        weights.insert(format!("b{l}"), numbers(sequence + 1, sizes[l], 0.5));
    }
    let mut y = numbers(sequence + 1, BATCH * sizes[top], 1.0);
    if softmax {
        // any targets that sum to one: cross-entropy is not only for one-hot rows
        for row in y.chunks_mut(sizes[top]) {
            row.iter_mut().for_each(|y| *y = y.abs());
            let total: f64 = row.iter().sum();
            row.iter_mut().for_each(|y| *y /= total);
        }
    }
    Spec {
        config: config.as_object().unwrap().clone(),
        weights,
        x: rows(&numbers(sequence + 2, BATCH * sizes[0], 1.0), sizes[0]),
        y: rows(&y, sizes[top]),
        noise: BTreeMap::new(), // drawn from the seed, the same in every pass
        step: 0,
    }
}

fn step(spec: &Spec) -> Report {
    run::<f64>(spec).unwrap()
}

/// dL/dtheta for every entry of a buffer, summed over the batch.
fn differences(spec: &mut Spec, label: &str) -> Vec<f64> {
    (0..spec.weights[label].len())
        .map(|i| {
            let mut loss_at = |offset: f64| {
                spec.weights.get_mut(label).unwrap()[i] += offset;
                let loss: f64 = step(spec).loss.iter().sum();
                spec.weights.get_mut(label).unwrap()[i] -= offset;
                loss
            };
            (loss_at(DELTA) - loss_at(-DELTA)) / (2.0 * DELTA)
        })
        .collect()
}

fn assert_close(found: &[f64], wanted: &[f64], what: &str) -> f64 {
    let scale = wanted.iter().fold(1.0f64, |m, v| m.max(v.abs()));
    let mut worst = 0.0f64;
    for (i, (a, b)) in found.iter().zip(wanted).enumerate() {
        let error = (a - b).abs() / scale;
        assert!(error <= TOLERANCE, "{what}[{i}]: {a}, by differences {b}");
        worst = worst.max(error);
    }
    worst
}

#[test]
fn backpropagation_equals_central_differences_for_every_activation_loss_and_noise() {
    let mut worst = 0.0f64;
    for (i, hidden) in HIDDEN.into_iter().enumerate() {
        for (k, output) in
            ["identity", "sigmoid", "tanh", "relu", "softmax"].into_iter().enumerate()
        {
            for noise in NOISE {
                let acts = [hidden, HIDDEN[(i + 1) % 4], output];
                let sequence = 1000 * (i as u32 + 1) + 100 * k as u32;
                let mut spec = spec("bp", &[4, 5, 3, 4], &acts, noise, sequence);
                let report = step(&spec);
                assert!(
                    report.gradients["dW1"].concat().iter().any(|g| g.abs() > 1e-3),
                    "{acts:?}"
                );
                for l in 1..=3 {
                    for name in ["W", "b"] {
                        let label = format!("{name}{l}");
                        let found = report.gradients[&format!("d{label}")].concat();
                        let what = format!("{acts:?}, noise {noise}: d{label}");
                        let wanted = differences(&mut spec, &label);
                        worst = worst.max(assert_close(&found, &wanted, &what));
                    }
                }
            }
        }
    }
    println!("largest error {worst:.1e}");
}

#[test]
fn noise_changes_the_gradient_that_is_checked() {
    let gradient = |noise| {
        step(&spec("bp", &[4, 5, 3, 4], &["tanh", "sigmoid", "identity"], noise, 5)).gradients["dW1"]
            .concat()
    };
    assert_ne!(gradient("none"), gradient("activations"));
    assert_ne!(gradient("none"), gradient("inputs"));
}

// Figure 2's rule identities: with B = W everything that sends errors through B is backpropagation.
#[test]
fn feedback_alignment_with_b_equal_to_w_is_backpropagation() {
    for rule in ["fa", "np", "sg", "matched", "mirror"] {
        let acts = ["tanh", "relu", "sigmoid"];
        let exact = step(&spec("bp", &[4, 5, 3, 4], &acts, "none", 6));
        let mut spec = spec(rule, &[4, 5, 3, 4], &acts, "none", 6);
        for l in [2, 3] {
            let w = spec.weights[&format!("W{l}")].clone();
            spec.weights.insert(format!("B{l}"), w);
        }
        let report = step(&spec);
        assert_eq!(report.e, exact.e, "{rule}");
        assert_eq!(report.gradients, exact.gradients, "{rule}");
    }
}

// In a linear network e^1 = (W^3 W^2)^T e^3, so direct feedback with the product is exact. Two products in another
// order: a few u.
#[test]
fn direct_feedback_with_the_product_of_weights_is_backpropagation_in_a_linear_network() {
    let acts = ["identity"; 3];
    let exact = step(&spec("bp", &[4, 5, 3, 2], &acts, "none", 7));
    for rule in ["dfa", "np-dfa"] {
        let mut spec = spec(rule, &[4, 5, 3, 2], &acts, "none", 7);
        let (w2, w3) = (spec.weights["W2"].clone(), spec.weights["W3"].clone());
        let product = (0..2).flat_map(|i| {
            let (w2, w3) = (&w2, &w3);
            (0..5).map(move |j| (0..3).map(|k| w3[i * 3 + k] * w2[k * 5 + j]).sum())
        });
        spec.weights.insert("B2".into(), product.collect());
        spec.weights.insert("B3".into(), w3.clone());
        let report = step(&spec);
        for (label, wanted) in &exact.gradients {
            for (a, b) in report.gradients[label].concat().iter().zip(wanted.concat()) {
                assert!((a - b).abs() < 1e-13, "{rule} {label}: {a} {b}");
            }
        }
    }
}
