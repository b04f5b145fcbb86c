//! A step laid open beforehand is the step that is then done, for every rule; and what else a reader may ask of a
//! network: its answer to any image, to any code, estimates of a gradient, a check of the gradient.

#![cfg(not(target_arch = "wasm32"))] // the arithmetic is that of `determinism.rs`
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

mod common;

use common::{
    name, random_data_of, rule_ids, small, small_autoencoder, small_convolutional, small_data,
    trainer, variants,
};
use credit_lab::base::rng::Permutation;
use credit_lab::config::{Difference, FeedbackLearner, Noise, Optimizer, RunConfig};
use credit_lab::data::SplitName;
use credit_lab::kernels::activation::Activation;
use credit_lab::look::Look;
use credit_lab::rules;
use credit_lab::session::Session;
use credit_lab::trainer::Trainer;

/// A look at a run as it stands.
fn look(run: &Trainer) -> Look {
    let mut look = Look::new(run).unwrap();
    look.follow(run).unwrap();
    look
}

fn buffer(run: &Trainer, label: &str) -> Vec<f32> {
    run.buffer(label).unwrap().0.to_vec()
}

/// The two are the same to some roundings of f32, beside the largest.
#[track_caller]
fn close(found: &[f32], wanted: &[f32], what: &str) {
    assert_eq!(found.len(), wanted.len(), "{what}: length");
    let size = wanted.iter().fold(1e-3f32, |m, x| m.max(x.abs()));
    for (i, (a, b)) in found.iter().zip(wanted).enumerate() {
        assert!((a - b).abs() <= 1e-6 * size, "{what}[{i}]: {a}, wanted {b}");
    }
}

/// `keep x + rate g`
fn moved(x: &[f32], keep: f64, g: &[f32], rate: f64) -> Vec<f32> {
    x.iter().zip(g).map(|(x, g)| (keep * f64::from(*x) + rate * f64::from(*g)) as f32).collect()
}

/// Looks at a run, lets it do the step and compares.
fn compare(run: &mut Trainer, look: &mut Look, what: &str) {
    let config = run.config().clone();
    let info = rules::find(&config.rule).unwrap().info();
    let before = run.checksum();
    look.follow(run).unwrap();
    let view = look.next_step();
    assert_eq!((view.step, run.checksum()), (run.step(), before), "{what}: the run is not touched");

    let data = run.data().clone();
    let count = data.train.labels.len();
    let wanted = (0..config.batch as u64).map(|n| {
        let number = run.step() * config.batch as u64 + n;
        let order = Permutation::new(config.seed, number / count as u64, count as u32);
        order.at((number % count as u64) as u32)
    });
    assert_eq!(view.samples, wanted.collect::<Vec<_>>(), "{what}");
    let pixels = view.samples.iter().flat_map(|at| {
        data.image(SplitName::Train, *at as usize).unwrap().iter().map(|p| f32::from(*p) / 255.0)
    });
    let pixels: Vec<f32> = pixels.collect();
    assert_eq!(view.input == pixels, config.noise != Noise::Inputs, "{what}: noise on the input");

    let top = config.layers();
    let labels: Vec<String> = (1..=top).map(|l| format!("W{l}")).collect();
    let old: Vec<Vec<f32>> = labels.iter().map(|label| buffer(run, label)).collect();
    let moments: Vec<Vec<f32>> = (1..=top)
        .map(|l| run.buffer(&format!("adam m W{l}")).map(|(m, _)| m.to_vec()).unwrap_or_default())
        .collect();
    let old_b: Vec<Option<Vec<f32>>> =
        (1..=top).map(|l| run.buffer(&format!("B{l}")).map(|(b, _)| b.to_vec())).collect();
    let learns = !config.freeze_forward && run.step() >= config.warmup;
    run.advance(1).unwrap();
    let loss: f64 = view.loss.iter().map(|l| f64::from(*l)).sum();
    assert_eq!(run.take_running(), (loss, 1), "{what}: the loss of the step");
    assert_eq!(view.difference.is_some(), info.perturbs, "{what}");
    for (i, layer) in view.layers.iter().enumerate() {
        let (l, hidden) = (i + 1, i + 1 < top);
        let what = format!("{what}, layer {l}");
        let size = config.batch * config.sizes[l];
        assert_eq!((layer.units, layer.h.len(), layer.e.len()), (config.sizes[l], size, size));
        let perturbed = [layer.xi, layer.lambda_hat].map(|x| x.is_some());
        assert_eq!(perturbed, [info.perturbs && hidden; 2], "{what}");
        assert_eq!(layer.noisy.is_some(), info.perturbs, "{what}");
        assert_eq!([layer.lambda, layer.truth].map(|x| x.is_some()), [hidden; 2], "{what}");
        if config.rule == "bp" {
            assert_eq!(layer.lambda, layer.truth, "{what}");
        }
        if let (Some(xi), Some(estimate), Some(difference)) =
            (layer.xi, layer.lambda_hat, view.difference)
        {
            let by_hand = xi.iter().enumerate().map(|(j, xi)| {
                (f64::from(difference[j / layer.units]) * f64::from(*xi) / config.c_h) as f32
            });
            close(estimate, &by_hand.collect::<Vec<_>>(), &format!("{what}: lambda_hat"));
        }
        assert_eq!(layer.dw.is_some(), learns, "{what}");
        let now = buffer(run, &labels[i]);
        let decay = if config.rule == "matched" { 1.0 - config.kappa } else { 1.0 };
        match layer.dw {
            None => assert_eq!(now, old[i], "{what}: W waits"),
            Some(dw) if config.optimizer == Optimizer::Sgd => {
                close(&now, &moved(&old[i], decay, dw, -config.eta_w), &format!("{what}: W"));
                // ridge begins with B = 0, so errors reach one layer more with each step
                assert!(run.step() < 4 || dw.iter().any(|x| *x != 0.0), "{what}");
            }
            Some(dw) => {
                let wanted = moved(&moments[i], 0.9, dw, 0.1);
                close(&buffer(run, &format!("adam m W{l}")), &wanted, &format!("{what}: m"));
            }
        }
        let fitted = info.regresses && config.feedback == FeedbackLearner::Sgd && l > 1;
        assert_eq!(layer.dfeedback.is_some(), fitted, "{what}");
        if let (Some(db), Some(old)) = (layer.dfeedback, &old_b[i]) {
            let wanted = moved(old, 1.0, db, -config.eta_b);
            close(&buffer(run, &format!("B{l}")), &wanted, &format!("{what}: B"));
        }
    }
}

#[test]
fn the_step_laid_open_is_the_step_that_is_done() {
    let data = small_data();
    for rule in rule_ids() {
        for base in [small(rule), small_autoencoder(rule)] {
            for config in variants(&base) {
                let config = RunConfig { warmup: 1, ..config };
                let mut run = trainer(&config, &data);
                // one look for all: that is how a page asks
                let mut look = look(&run);
                for step in 0..14 {
                    compare(&mut run, &mut look, &format!("{} step {step}", name(&config)));
                }
            }
        }
    }
    let all = RunConfig { difference: Difference::PerBatch, ..small("np") };
    let frozen = RunConfig { freeze_forward: true, ..small("np") };
    for config in [all, frozen] {
        let mut run = trainer(&config, &data);
        let mut look = look(&run);
        (0..3).for_each(|_| compare(&mut run, &mut look, &name(&config)));
    }
}

#[test]
fn a_convolutional_step_is_laid_open_as_well() {
    let data = random_data_of(7, 6, 5, (97, 31), 12);
    for rule in ["bp", "dfa", "np-dfa", "sg-dfa", "perturb"] {
        let config = small_convolutional(rule);
        let mut run = trainer(&config, &data);
        let mut look = look(&run);
        for step in 0..3 {
            compare(&mut run, &mut look, &format!("convolutional {rule} step {step}"));
        }
    }
}

// The truth does not depend on how the error travels: it is what backpropagation sends on the same weights.
#[test]
fn the_truth_is_backpropagations_under_every_rule() {
    let data = small_data();
    let exact = trainer(&small("bp"), &data);
    let mut exact = look(&exact);
    let exact = exact.next_step();
    for rule in rule_ids() {
        let run = trainer(&small(rule), &data);
        let mut look = look(&run);
        let view = look.next_step();
        for (own, wanted) in view.layers.iter().zip(&exact.layers) {
            assert_eq!(own.truth, wanted.lambda, "{rule}");
        }
    }
}

#[test]
fn rates_reach_the_look() {
    let mut run = trainer(&small("np"), &small_data());
    let mut look = look(&run);
    let estimate = |look: &mut Look| look.next_step().layers[0].lambda_hat.unwrap().to_vec();
    let before = estimate(&mut look);
    run.set_hyper(&credit_lab::plan::Hyper { c_h: 0.2, ..run.config().hyper() }).unwrap();
    look.follow(&run).unwrap();
    assert_ne!(estimate(&mut look), before);
}

fn column(values: &[f32], units: usize, unit: usize) -> Vec<f32> {
    values.iter().skip(unit).step_by(units).copied().collect()
}

// Weights held: the same as steps that change nothing.
#[test]
fn estimates_are_those_of_the_steps_that_come_next() {
    let data = small_data();
    for rule in ["np", "np-dfa", "perturb"] {
        for noise in [Noise::None, Noise::Inputs] {
            let held = RunConfig { eta_w: 0.0, eta_b: 0.0, noise, ..small(rule) };
            let mut run = trainer(&held, &data);
            run.advance(5).unwrap();
            let mut look = look(&run);
            let (layer, unit, units) = (2, 4, held.sizes[2]);
            let found = look.estimates(layer, unit, 20).unwrap();
            let [mut truth, mut estimate, mut sent] = [const { Vec::new() }; 3];
            for _ in 0..3 {
                look.follow(&run).unwrap();
                let view = look.next_step();
                let own = view.layers[layer - 1];
                truth.extend(column(own.truth.unwrap(), units, unit));
                estimate.extend(column(own.lambda_hat.unwrap(), units, unit));
                sent.extend(column(own.lambda.unwrap(), units, unit));
                run.advance(1).unwrap();
            }
            assert_eq!((found.truth, found.estimate), (truth, estimate), "{rule}");
            assert_eq!(found.delivered, (rule != "perturb").then_some(sent), "{rule}");
        }
    }
}

// A property of network and noise: all rules see the same estimates on the same weights.
#[test]
fn rules_that_do_not_perturb_are_perturbed_for_the_estimates() {
    let data = small_data();
    let of = |config: &RunConfig| look(&trainer(config, &data)).estimates(1, 3, 64).unwrap();
    let wanted = of(&small("np"));
    for rule in rule_ids() {
        for config in variants(&small(rule)).iter().filter(|c| c.noise != Noise::Inputs) {
            let found = of(config);
            assert_eq!(found.truth, wanted.truth, "{}", name(config));
            assert_eq!(found.estimate, wanted.estimate, "{}", name(config));
            let delivered = found.delivered;
            assert_eq!(delivered.is_some(), rule != "perturb", "{rule}");
            assert_eq!(delivered.as_ref() == Some(&found.truth), rule == "bp", "{rule}");
        }
    }
}

// Unbiased for small noise: the mean over many samples is the mean gradient, within what its own scatter allows.
#[test]
fn estimates_scatter_about_the_truth() {
    let config = RunConfig { c_h: 1e-3, batch: 32, ..small("fa") };
    let found = look(&trainer(&config, &small_data())).estimates(1, 0, 8192).unwrap();
    let pairs = found.estimate.iter().zip(&found.truth);
    let errors: Vec<f64> = pairs.map(|(a, b)| f64::from(*a) - f64::from(*b)).collect();
    let n = errors.len() as f64;
    let mean = errors.iter().sum::<f64>() / n;
    let variance = errors.iter().map(|e| (e - mean).powi(2)).sum::<f64>() / n;
    assert!(n >= 8192.0 && variance > 0.0);
    assert!(mean.abs() < 4.0 * (variance / n).sqrt(), "bias {mean}, variance {variance}");
}

#[test]
fn estimates_are_asked_for_units_that_there_are() {
    let mut look = look(&trainer(&small("np"), &small_data()));
    for (layer, unit, count, says) in [
        (0, 0, 10, "layer: there is no hidden layer 0; there are 1 to 2"),
        (3, 0, 10, "layer: there is no hidden layer 3"),
        (1, 9, 10, "unit: there is no unit 9; layer 1 has 0 to 8"),
        (1, 0, 0, "count: 0 is not between"),
        (1, 0, 1 << 20, "count: 1048576 is not between"),
    ] {
        let error = look.estimates(layer, unit, count).unwrap_err();
        assert!(error.code() == "config" && error.to_string().starts_with(says), "{error}");
    }
    let flat =
        RunConfig { sizes: vec![12, 5], activations: vec![Activation::Identity], ..small("np") };
    let run = trainer(&flat, &small_data());
    assert_eq!(self::look(&run).estimates(1, 0, 10).unwrap_err().code(), "config");
    assert_eq!(self::look(&run).next_step().layers.len(), 1);
}

#[test]
fn any_image_is_answered_as_one_of_the_set() {
    let data = small_data();
    let images = random_data_of(7, 6, 5, (97, 31), 12);
    let cases = [
        (small_autoencoder("np"), &data),
        (small("bp"), &data),
        (small_convolutional("dfa"), &images),
    ];
    for (config, data) in cases {
        let mut run = trainer(&config, data);
        run.advance(4).unwrap();
        let session = Session::new(run);
        let checksum = session.with(Trainer::checksum);
        let bytes = data.image(SplitName::Test, 3).unwrap();
        let image: Vec<f32> = bytes.iter().map(|p| f32::from(*p) / 255.0).collect();
        let layers = session.wait(session.respond(image)).unwrap();
        assert_eq!(layers.len(), config.layers());
        for (l, own) in (1..).zip(&layers) {
            let wanted = session.wait(session.activities(SplitName::Test, &[3], l)).unwrap();
            assert_eq!(*own, wanted, "{} layer {l}", name(&config));
        }
        let code = config.code_layer().unwrap();
        let output = session.wait(session.decode(layers[code - 1].clone())).unwrap();
        assert_eq!(output, layers[config.layers() - 1], "{}", name(&config));
        let other = vec![0.25; config.sizes[code]];
        assert_ne!(session.wait(session.decode(other)).unwrap(), output);
        assert_eq!(session.with(Trainer::checksum), checksum);
    }
}

#[test]
fn what_is_no_image_or_code_is_refused() {
    let session = Session::new(trainer(&small_autoencoder("np"), &small_data()));
    let image = |change: fn(&mut Vec<f32>)| {
        let mut image = vec![0.5; 12];
        change(&mut image);
        session.wait(session.respond(image)).unwrap_err().to_string()
    };
    assert_eq!(image(|x| x.truncate(11)), "image: 11 numbers given, 12 expected");
    assert_eq!(image(|x| x[3] = f32::NAN), "image: NaN is not a finite number");
    assert_eq!(image(|x| x[3] = f32::INFINITY), "image: inf is not a finite number");
    assert_eq!(image(|x| x[3] = 1.5), "image: 1.5 is not between 0 and 1");
    let code = |code: &[f32]| session.wait(session.decode(code.to_vec())).unwrap_err().to_string();
    assert_eq!(code(&[0.0; 3]), "code: 3 numbers given, 2 expected");
    assert_eq!(code(&[0.0, f32::NAN]), "code: NaN is not a finite number");
    // far out is a place, too
    session.wait(session.decode(vec![-100.0, 100.0])).unwrap();
}

#[test]
fn the_gradient_passes_its_check_under_every_rule() {
    let data = small_data();
    let images = random_data_of(7, 6, 5, (97, 31), 12);
    for rule in rule_ids() {
        for config in [small(rule), small_autoencoder(rule)] {
            let mut run = trainer(&config, &data);
            run.advance(20).unwrap();
            let found = look(&run).gradient_check().unwrap();
            assert_eq!(found.layers.len(), config.layers());
            for layer in &found.layers {
                assert!(layer.checked >= 10, "{} {layer:?}", name(&config));
                assert!(layer.worst < 1e-7, "{} {layer:?}", name(&config));
            }
        }
    }
    let run = trainer(&small_convolutional("np-dfa"), &images);
    let found = look(&run).gradient_check().unwrap();
    assert!(found.layers.iter().all(|l| l.checked >= 10 && l.worst < 1e-7), "{found:?}");
}

#[test]
fn a_session_answers_as_of_the_call() {
    let session = Session::new(trainer(&small("np"), &small_data()));
    let asked = session.look(Box::new(|look| Ok(look.next_step().samples)));
    session.advance(3).unwrap();
    let later =
        session.look(Box::new(|look| Ok((look.next_step().step, look.next_step().samples))));
    let (first, (step, samples)) = (session.wait(asked).unwrap(), session.wait(later).unwrap());
    assert_eq!(step, 3);
    assert_ne!(first, samples);
}
