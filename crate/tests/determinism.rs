//! The same seed gives the same bits: twice on this host, and the bits recorded in `tests/golden/checksums.json`,
//! which `web.rs` compares with in a browser. After a deliberate change of arithmetic, record them again:
//!
//! ```sh
//! CREDIT_LAB_BLESS=1 cargo test -p credit-lab --test determinism
//! ```

#![cfg(not(target_arch = "wasm32"))] // the browser's half is web.rs
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

mod common;

use common::{golden_runs, outcome, rule_ids, small, small_data, trainer};
use credit_lab::config::RunConfig;
use credit_lab::plan::Arithmetic;
use credit_lab::trainer::Trainer;
use serde_json::{Map, Value};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/checksums.json");

#[test]
fn every_run_ends_in_the_recorded_bits() {
    let runs = golden_runs();
    let found: Map<String, Value> =
        runs.iter().map(|run| (run.name.clone(), outcome(run))).collect();
    assert_eq!(found.len(), runs.len(), "two runs of one name");
    if std::env::var_os("CREDIT_LAB_BLESS").is_some() {
        let text = serde_json::to_string_pretty(&found).unwrap() + "\n";
        std::fs::write(FILE, text).unwrap();
        println!("recorded {} runs in {FILE}", found.len());
        return;
    }
    let text = std::fs::read_to_string(FILE).unwrap();
    let recorded: Map<String, Value> = serde_json::from_str(&text).unwrap();
    let differing: Vec<String> = found
        .iter()
        .filter(|(name, value)| recorded.get(*name) != Some(value))
        .map(|(name, value)| format!("{name}: {value}, recorded {:?}", recorded.get(name)))
        .collect();
    assert!(
        differing.is_empty() && found.len() == recorded.len(),
        "{} of {} runs differ ({} are recorded). If the arithmetic was meant to change, record them again as the \
         head of this file says.\n{}",
        differing.len(),
        found.len(),
        recorded.len(),
        differing.join("\n")
    );
}

#[test]
fn the_same_seed_repeats_and_another_differs() {
    let data = small_data();
    for rule in rule_ids() {
        let after = |seed: u64| {
            let mut run = trainer(&RunConfig { seed, ..small(rule) }, &data);
            run.advance(100).unwrap();
            run.checksum()
        };
        assert_eq!(after(1), after(1), "{rule}");
        assert_ne!(after(1), after(2), "{rule}");
    }
}

// Rules are compared from one start (paper, section 3): adding a rule's own noise shifts nobody's numbers.
#[test]
fn all_rules_start_from_the_same_weights_and_see_the_same_batches() {
    let data = small_data();
    let start = |rule: &str| {
        let mut run = trainer(&RunConfig { freeze_forward: true, ..small(rule) }, &data);
        run.advance(7).unwrap();
        let x = run.compiled().x;
        let x = run.executor().read(x).to_vec();
        let weights =
            ["W1", "b1", "W2", "b2", "W3", "b3"].map(|l| run.buffer(l).unwrap().0.to_vec());
        (x, weights)
    };
    let first = start("bp");
    for rule in rule_ids() {
        assert_eq!(start(rule), first, "{rule}");
    }
    let b = |rule: &str| trainer(&small(rule), &data).buffer("B2").unwrap().0.to_vec();
    for rule in ["np", "sg", "matched", "mirror"] {
        assert_eq!(b(rule), b("fa"), "{rule}");
    }
}

// Discrepancy D12: the authors' runs of a setting share one draw of the weights.
#[test]
fn runs_may_share_their_first_weights_and_nothing_else() {
    let data = small_data();
    let start = |seed: u64, init_seed: Option<u64>| {
        let mut run = trainer(&RunConfig { seed, init_seed, ..small("np") }, &data);
        let weights = ["W1", "b1", "W3", "B2"].map(|l| run.buffer(l).unwrap().0.to_vec());
        run.advance(3).unwrap();
        let x = run.compiled().x;
        (weights, run.executor().read(x).to_vec(), run.checksum())
    };
    let (own, shared, other) = (start(7, None), start(8, Some(7)), start(9, Some(7)));
    assert_eq!((&own.0, &own.0), (&shared.0, &other.0));
    assert!(shared.1 != other.1 && shared.2 != other.2, "batches and noise are the run's own");
    assert_eq!(start(7, Some(7)), own);
    assert_eq!(start(8, None).1, shared.1);
}

#[test]
fn one_call_or_many_make_the_same_run() {
    let data = small_data();
    for rule in rule_ids() {
        let mut whole = trainer(&small(rule), &data);
        whole.advance(30).unwrap();
        let mut parts = trainer(&small(rule), &data);
        for steps in [1, 0, 4, 25] {
            parts.advance(steps).unwrap();
        }
        assert_eq!(parts.checksum(), whole.checksum(), "{rule}");
        assert_eq!(parts.step(), 30);
    }
}

// Fused arithmetic rounds less; after ten steps of small rates the two differ by rounding alone: 10 steps of chains
// of about 10 products, 2 K u each.
#[test]
fn fast_arithmetic_differs_by_rounding_only() {
    let data = small_data();
    for rule in rule_ids() {
        let run = |arithmetic| {
            let mut run = Trainer::<f32>::new(small(rule), data.clone(), arithmetic).unwrap();
            run.advance(10).unwrap();
            ["W1", "W2", "W3"].map(|l| run.buffer(l).unwrap().0.to_vec()).concat()
        };
        let (a, b) = (run(Arithmetic::Reproducible), run(Arithmetic::Fast));
        let worst = a.iter().zip(&b).fold(0.0f32, |m, (a, b)| m.max((a - b).abs()));
        // plain perturbation divides by c_h = 1/20 what it rounds
        assert!(worst < 10.0 * 10.0 * 24.0 * 20.0 / 16_777_216.0, "{rule}: {worst}");
    }
}
