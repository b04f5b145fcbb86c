//! Steps in which only W or only B changes.

#![cfg(not(target_arch = "wasm32"))] // the same code; web.rs calls it from JavaScript
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

mod common;

use common::{name, rule_ids, small, small_autoencoder, small_data, trainer, variants};
use credit_lab::base::Error;
use credit_lab::config::{Optimizer, RunConfig};
use credit_lab::plan::{Arithmetic, Role};
use credit_lab::rules;
use credit_lab::trainer::{Part, Trainer};

/// Bits of the persistent buffers, by label and role.
fn state(run: &Trainer) -> Vec<(String, Role, Vec<u32>)> {
    let program = &run.compiled().program;
    let bits = |label: &str| run.buffer(label).unwrap().0.iter().map(|v| v.to_bits()).collect();
    program.persistent().map(|b| (b.label.clone(), b.role, bits(&b.label))).collect()
}

/// Is this what W's update writes? Adam's moments are called after it; all other memory is the feedback's.
fn forward(label: &str, role: Role) -> bool {
    role == Role::Weight || (role == Role::Memory && label.starts_with("adam"))
}

fn configs() -> Vec<RunConfig> {
    let of = |rule| [small(rule), small_autoencoder(rule)];
    let mut configs: Vec<_> =
        rule_ids().into_iter().flat_map(of).flat_map(|base| variants(&base)).collect();
    for config in &mut configs {
        config.warmup = 0;
    }
    configs
}

// The errors of a step use W and B as they are before it, so its two halves do not see each other.
#[test]
fn a_step_is_its_two_parts_to_the_bit() {
    let data = small_data();
    for config in configs() {
        let mut start = trainer(&config, &data);
        start.advance(7).unwrap();
        let blob = start.save();
        let after = |run: &dyn Fn(&mut Trainer) -> u64| {
            let mut copy = Trainer::restore(&blob, data.clone(), Arithmetic::Reproducible).unwrap();
            assert_eq!(run(&mut copy), 8);
            state(&copy)
        };
        let before = state(&start);
        let whole = after(&|run| run.advance(1).unwrap());
        let w = after(&|run| run.advance_only(Part::Forward, 1).unwrap());
        let b = after(&|run| run.advance_only(Part::Feedback, 1).unwrap());
        let what = name(&config);
        let read_off_w = config.rule == "sign";
        for (i, (label, role, values)) in whole.iter().enumerate() {
            let (changed, held) = if forward(label, *role) { (&w, &b) } else { (&b, &w) };
            assert_eq!(&changed[i].2, values, "{what}: {label} as after a whole step");
            if !read_off_w || *role == Role::Weight {
                assert_eq!(held[i].2, before[i].2, "{what}: {label} held");
            }
        }
        assert_ne!(w, before, "{what}: W learns");
        let own = rules::all().iter().map(|rule| rule.info()).find(|info| info.id == config.rule);
        // a sign seldom flips in one step
        if !read_off_w {
            assert_eq!(b != before, own.unwrap().learns_feedback, "{what}: B learns");
        }
    }
}

// A warm-up is nothing but steps in which W is held.
#[test]
fn steps_of_the_feedback_alone_are_a_warm_up() {
    let data = small_data();
    for optimizer in [Optimizer::Sgd, Optimizer::Adam] {
        let base = RunConfig { optimizer, warmup: 0, ..small("np") };
        let mut warm = trainer(&RunConfig { warmup: 9, ..base.clone() }, &data);
        warm.advance(20).unwrap();
        let mut parts = trainer(&base, &data);
        parts.advance_only(Part::Feedback, 4).unwrap();
        let mut parts =
            Trainer::restore(&parts.save(), data.clone(), Arithmetic::Reproducible).unwrap();
        parts.advance_only(Part::Feedback, 5).unwrap();
        assert_eq!((parts.step(), parts.held()), (9, 9));
        parts.advance(11).unwrap();
        assert_eq!(state(&parts), state(&warm), "{optimizer:?}");
        // within the warm-up nothing is held that would not be
        let mut within = trainer(&RunConfig { warmup: 9, ..base }, &data);
        within.advance_only(Part::Feedback, 9).unwrap();
        assert_eq!(within.held(), 0);
        within.advance(11).unwrap();
        assert_eq!(state(&within), state(&warm), "{optimizer:?}");
    }
}

#[test]
fn there_are_two_parts() {
    for part in Part::ALL {
        assert_eq!(Part::from_name(part.name()).unwrap(), part);
    }
    let error = Part::from_name("sideways").unwrap_err();
    assert!(matches!(error, Error::Config { .. }), "{error}");
}
