//! `credit-lab trace` as a researcher uses it: JSON in, every intermediate out, mistakes named. Its numbers are
//! compared in `rules_match_the_oracle.rs`.

#![cfg(not(target_arch = "wasm32"))] // a command-line feature
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

mod common;

use common::uniform;
use credit_lab::trace::{Report, Spec, run};
use serde_json::{Value, json};

fn trace(spec: &Value) -> Result<Report, credit_lab::base::Error> {
    run::<f64>(&Spec::parse(&spec.to_string())?)
}

/// One weight a layer and linear, so that the step can be done in the head.
fn by_hand() -> Value {
    json!({
        "config": {
            "rule": "np", "sizes": [1, 1, 1], "activations": ["identity", "identity"],
            "warmup": 0, "eta_w": 0.5, "eta_b": 0.25, "c_h": 0.5
        },
        "weights": {"W1": [2.0], "b1": [1.0], "W2": [3.0], "b2": [-1.0], "B2": [4.0]},
        "x": [[1.0]], "y": [[6.0]],
        "noise": {"xi1": [[2.0]]}
    })
}

// h1 = 2 + 1 = 3; yhat = 9 - 1 = 8; L = 2. h~1 = 3 + 0.5 2 = 4; y~ = 11; L~ = 12.5. lambda_hat = 10.5 2 / 0.5 = 42.
// e2 = 2; lambda~1 = 2 4 = 8 = e1. dB2 = 2 (8 - 42) = -68. W2 -= 0.5 2 3; b2 -= 0.5 2; W1 -= 0.5 8 1.
#[test]
fn a_step_equals_the_one_done_by_hand() {
    let report = trace(&by_hand()).unwrap();
    let one = |v: &[Vec<f64>]| v[0][0];
    assert_eq!(one(&report.activities["h1"]), 3.0);
    assert_eq!(one(&report.activities["h2"]), 8.0);
    assert_eq!(one(&report.noisy_activities["h~1"]), 4.0);
    assert_eq!(one(&report.noisy_activities["h~2"]), 11.0);
    assert_eq!((report.loss[0], report.noisy_loss.unwrap()[0]), (2.0, 12.5));
    assert_eq!(report.difference.unwrap(), [10.5]);
    assert_eq!(one(&report.lambda_hat["lambda_hat1"]), 42.0);
    assert_eq!(one(&report.e["e2"]), 2.0);
    assert_eq!(one(&report.lambda["lambda1"]), 8.0);
    assert_eq!(one(&report.feedback_gradients["dB2"]), -68.0);
    assert_eq!(one(&report.gradients["dW1"]), 8.0);
    let after = |label: &str| one(&report.after[label]);
    assert_eq!([after("W1"), after("b1"), after("W2"), after("b2")], [-2.0, -3.0, 0.0, -2.0]);
    assert_eq!(after("B2"), 4.0 + 0.25 * 68.0);
}

// 784 pixels are more than one row of an image may have.
#[test]
fn the_papers_networks_can_be_traced() {
    for (task, outputs) in [("classifier", 10), ("autoencoder", 784)] {
        let x = uniform(2, 0, 784);
        let mut spec = json!({"config": {"rule": "np", "task": task, "warmup": 0}, "x": [x]});
        if task == "classifier" {
            spec["y"] = json!([vec![0.1; 10]]);
        }
        let report = trace(&spec).unwrap();
        let top = report.config.sizes.len() - 1;
        assert_eq!(report.activities[&format!("h{top}")][0].len(), outputs, "{task}");
        assert_eq!(report.gradients["dW1"][0].len(), 784, "{task}");
        // drawn noise, the same in a second trace
        assert_eq!(trace(&spec).unwrap().noise, report.noise, "{task}");
    }
}

#[test]
fn gradients_of_weights_that_do_not_learn_are_left_out() {
    let mut spec = by_hand();
    spec["config"]["warmup"] = json!(3);
    for (step, learns) in [(0, false), (2, false), (3, true)] {
        spec["step"] = json!(step);
        let report = trace(&spec).unwrap();
        assert_eq!(!report.gradients.is_empty(), learns, "step {step}");
        assert_eq!(report.after["W1"][0][0] == 2.0, !learns, "step {step}");
        assert_eq!(report.feedback_gradients["dB2"][0][0], -68.0);
    }
}

#[test]
fn mistakes_are_named() {
    type Change = fn(&mut Value);
    let cases: [(&str, Change); 12] = [
        ("no such buffer; there are W1, b1, W2, b2, B2", |s| s["weights"]["W3"] = json!([1.0])),
        ("W1: expected 1 x 1 numbers", |s| s["weights"]["W1"] = json!([1.0, 2.0])),
        ("x: expected 1 lists of 1 numbers", |s| s["x"] = json!([[1.0, 2.0]])),
        ("y: expected 1 lists of 1 numbers", |s| s["y"] = json!([])),
        ("xi2: this rule draws no such noise", |s| s["noise"] = json!({"xi2": [[1.0]]})),
        ("xi1: expected 1 lists of 1 numbers", |s| s["noise"] = json!({"xi1": [[1.0], [2.0]]})),
        ("1 samples given, batch is 2", |s| s["config"]["batch"] = json!(2)),
        ("batch: 0", |s| s["x"] = json!([])),
        ("there is no rule `none`", |s| s["config"]["rule"] = json!("none")),
        ("unknown field", |s| s["config"]["rate"] = json!(1)),
        ("unknown field", |s| s["more"] = json!(1)),
        ("step: ", |s| s["step"] = json!(u64::MAX)),
    ];
    for (says, change) in cases {
        let mut spec = by_hand();
        change(&mut spec);
        let error = trace(&spec).unwrap_err();
        assert_eq!(error.code(), "config", "{error}");
        assert!(error.to_string().contains(says), "{error}: expected {says}");
    }
    assert_eq!(Spec::parse("{").unwrap_err().code(), "config");
}
