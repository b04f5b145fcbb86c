//! Every rule's step, as recorded and executed, against the independent f64 implementation in `oracle/`:
//! every intermediate and all weights after, over consecutive steps, in f64 and in f32.

#![cfg(not(target_arch = "wasm32"))] // the oracle takes exp and ln from the platform
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

mod common;
mod oracle;

use credit_lab::config::{FeedbackLearner, Optimizer};
use credit_lab::exec::Precision;
use credit_lab::rules;
use credit_lab::trace::{self, Report};
use oracle::{Act, Feedback, Inputs, Loss, Optim, Rng, Rule, Spec, State, Trace};
use std::collections::BTreeMap;

/// Unit roundoff of f32.
const U: f64 = 1.0 / 16_777_216.0;
/// Consecutive steps; with [`Forward::WarmUp`] the first two of them leave W alone.
const STEPS: u64 = 4;
const WARMUP: u64 = 2;

const RULES: [(&str, Rule); 11] = [
    ("bp", Rule::Bp),
    ("fa", Rule::Fa),
    ("dfa", Rule::Dfa),
    ("np", Rule::Np),
    ("np-dfa", Rule::NpDfa),
    ("sg", Rule::Sg),
    ("sg-dfa", Rule::SgDfa),
    ("matched", Rule::Matched),
    ("sign", Rule::Sign),
    ("mirror", Rule::Mirror),
    ("perturb", Rule::Perturb),
];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Forward {
    Trains,
    WarmUp,
    Frozen,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Noise {
    None,
    Activations,
    Inputs,
}

struct Network {
    sizes: &'static [usize],
    acts: &'static [Act],
    batch: usize,
    autoencoder: bool,
}

/// Even, odd and one-unit layers, no hidden layer at all, batches of 1, one below a vector and one beyond.
const NETWORKS: [Network; 6] = [
    Network {
        sizes: &[6, 5, 4, 3],
        acts: &[Act::Tanh, Act::Sigmoid, Act::Identity],
        batch: 7,
        autoencoder: false,
    },
    Network {
        sizes: &[6, 5, 4, 3],
        acts: &[Act::Relu, Act::Tanh, Act::Softmax],
        batch: 32,
        autoencoder: false,
    },
    Network {
        sizes: &[9, 17, 1, 13],
        acts: &[Act::Identity, Act::Relu, Act::Sigmoid],
        batch: 1,
        autoencoder: false,
    },
    Network {
        sizes: &[7, 8, 16, 33, 6],
        acts: &[Act::Sigmoid, Act::Identity, Act::Tanh, Act::Relu],
        batch: 9,
        autoencoder: false,
    },
    Network { sizes: &[5, 3], acts: &[Act::Tanh], batch: 7, autoencoder: false },
    Network {
        sizes: &[6, 5, 2, 6],
        acts: &[Act::Tanh, Act::Identity, Act::Tanh],
        batch: 8,
        autoencoder: true,
    },
];

#[derive(Clone)]
struct Case {
    id: &'static str,
    network: usize,
    spec: Spec,
    noise: Noise,
    forward: Forward,
}

impl Case {
    fn name(&self) -> String {
        let Spec { feedback, optimizer, per_batch_difference: all, .. } = &self.spec;
        let Case { id, network, noise, forward, .. } = self;
        format!(
            "{id} {feedback:?} {optimizer:?} batch difference {all} {noise:?} {forward:?} net {network}"
        )
    }

    fn network(&self) -> &'static Network {
        &NETWORKS[self.network]
    }
}

fn cases_of(id: &'static str, rule: Rule) -> Vec<Case> {
    let info = rules::find(id).unwrap().info();
    let learners =
        if info.regresses { &[Feedback::Sgd, Feedback::Ridge][..] } else { &[Feedback::Sgd] };
    // refused by the configuration: matched updates are defined by SGD's increment
    let optimizers =
        if rule == Rule::Matched { &[Optim::Sgd][..] } else { &[Optim::Sgd, Optim::Adam] };
    let noises = if info.perturbs {
        &[Noise::None, Noise::Inputs][..]
    } else {
        &[Noise::None, Noise::Activations, Noise::Inputs]
    };
    let mut cases = Vec::new();
    for (network, net) in NETWORKS.iter().enumerate() {
        for feedback in learners.iter().copied() {
            for optimizer in optimizers.iter().copied() {
                for per_batch_difference in
                    if info.perturbs { &[false, true][..] } else { &[false] }
                {
                    for noise in noises.iter().copied() {
                        for forward in [Forward::Trains, Forward::WarmUp, Forward::Frozen] {
                            let softmax = net.acts.contains(&Act::Softmax);
                            let spec = Spec {
                                sizes: net.sizes.to_vec(),
                                acts: net.acts.to_vec(),
                                loss: if softmax { Loss::CrossEntropy } else { Loss::SquaredError },
                                rule,
                                feedback,
                                per_batch_difference: *per_batch_difference,
                                optimizer,
                                noisy_activations: noise == Noise::Activations,
                                // powers of two: the f32 run must have the same rates
                                eta_w: 0.015_625,
                                eta_b: 0.031_25,
                                c_h: 0.125,
                                gamma: 0.5,
                                kappa: 0.062_5,
                                update_w: true,
                            };
                            cases.push(Case { id, network, spec, noise, forward });
                        }
                    }
                }
            }
        }
    }
    cases
}

fn act_name(act: Act) -> &'static str {
    match act {
        Act::Identity => "identity",
        Act::Sigmoid => "sigmoid",
        Act::Tanh => "tanh",
        Act::Relu => "relu",
        Act::Softmax => "softmax",
    }
}

const INPUT_NOISE: f64 = 0.25;

fn config(case: &Case) -> serde_json::Map<String, serde_json::Value> {
    let spec = &case.spec;
    let value = serde_json::json!({
        "task": if case.network().autoencoder { "autoencoder" } else { "classifier" },
        "sizes": spec.sizes,
        "activations": spec.acts.iter().map(|a| act_name(*a)).collect::<Vec<_>>(),
        "loss": if spec.loss == Loss::CrossEntropy { "cross_entropy" } else { "squared_error" },
        "rule": case.id,
        "feedback": if spec.feedback == Feedback::Ridge { FeedbackLearner::Ridge } else { FeedbackLearner::Sgd },
        "optimizer": if spec.optimizer == Optim::Adam { Optimizer::Adam } else { Optimizer::Sgd },
        "noise": match case.noise {
            Noise::None => "none",
            Noise::Activations => "activations",
            Noise::Inputs => "inputs",
        },
        "difference": if spec.per_batch_difference { "per_batch" } else { "per_sample" },
        "warmup": if case.forward == Forward::WarmUp { WARMUP } else { 0 },
        "freeze_forward": case.forward == Forward::Frozen,
        "eta_w": spec.eta_w,
        "eta_b": spec.eta_b,
        "c_h": spec.c_h,
        "gamma": spec.gamma,
        "kappa": spec.kappa,
        "input_noise": INPUT_NOISE,
    });
    value.as_object().unwrap().clone()
}

/// Before the label of the sum whose rounding errors a buffer keeps.
const REST: &str = "rest of ";

/// The persistent buffers of a run by the labels of the crate.
fn labelled(spec: &Spec, state: &State) -> BTreeMap<String, Vec<f64>> {
    let mut all = BTreeMap::new();
    for l in 1..=spec.layers() {
        let (w, b) = (format!("W{l}"), format!("b{l}"));
        if spec.optimizer == Optim::Adam && spec.update_w {
            all.insert(format!("adam m {w}"), state.adam_m_w[l - 1].clone());
            all.insert(format!("adam v {w}"), state.adam_v_w[l - 1].clone());
            all.insert(format!("adam m {b}"), state.adam_m_b[l - 1].clone());
            all.insert(format!("adam v {b}"), state.adam_v_b[l - 1].clone());
        }
        all.insert(w, state.w[l - 1].clone());
        all.insert(b, state.b[l - 1].clone());
    }
    for i in 1..spec.layers() {
        let above = i + 1;
        if !matches!(spec.rule, Rule::Bp | Rule::Perturb) {
            all.insert(format!("B{above}"), state.fb[i].clone());
        }
        if spec.rule == Rule::Sign {
            all.insert(format!("M{above}"), state.magnitudes[i].clone());
        }
        if spec.feedback == Feedback::Ridge {
            all.insert(format!("V{above}"), state.ridge_v[i].clone());
            all.insert(format!("S{above}"), state.ridge_s[i].clone());
        }
    }
    all
}

fn rows(flat: &[f64], cols: usize) -> Vec<Vec<f64>> {
    flat.chunks(cols).map(<[f64]>::to_vec).collect()
}

/// The step's inputs as given to both sides; `x` is clean, `xi0` its noise.
struct Given {
    inputs: Inputs,
    xi0: Vec<f64>,
}

/// Numbers that f32 holds exactly, so that both precisions start from the same ones.
fn round_all(values: &mut [f64]) {
    values.iter_mut().for_each(|x| *x = f64::from(*x as f32));
}

fn given(case: &Case, rng: &mut Rng) -> Given {
    let mut inputs = Inputs::random(&case.spec, case.network().batch, rng);
    let mut xi0 = rng.gaussians(inputs.x.len(), 1.0);
    // eighths: x + noise / 4 is then exact in f32 too, and h0 needs no tolerance of its own
    for x in inputs.x.iter_mut().chain(&mut xi0) {
        *x = (*x * 8.0).round() / 8.0;
    }
    if case.network().autoencoder {
        inputs.y = inputs.x.clone();
    }
    round_all(&mut inputs.y);
    inputs.xi.iter_mut().chain(&mut inputs.mirror_xi).for_each(|xi| round_all(xi));
    Given { inputs, xi0 }
}

/// The crate's view of one step.
fn traced<T: Precision>(
    case: &Case,
    given: &Given,
    weights: BTreeMap<String, Vec<f64>>,
    step: u64,
) -> Report {
    let spec = &case.spec;
    let mut noise = BTreeMap::new();
    for i in 1..spec.layers() {
        if spec.perturbs() || spec.noisy_activations {
            noise.insert(format!("xi{i}"), rows(&given.inputs.xi[i - 1], spec.sizes[i]));
        }
        if spec.rule == Rule::Mirror {
            noise.insert(
                format!("mirror xi{i}"),
                rows(&given.inputs.mirror_xi[i - 1], spec.sizes[i]),
            );
        }
    }
    if case.noise == Noise::Inputs {
        noise.insert("xi0".into(), rows(&given.xi0, spec.sizes[0]));
    }
    let y = if case.network().autoencoder {
        Vec::new()
    } else {
        rows(&given.inputs.y, spec.sizes[spec.layers()])
    };
    let spec = trace::Spec {
        config: config(case),
        weights,
        x: rows(&given.inputs.x, spec.sizes[0]),
        y,
        noise,
        step,
    };
    trace::run::<T>(&spec).unwrap_or_else(|error| panic!("{}: {error}", case.name()))
}

/// The oracle's view of one step; moves `state`.
fn expected(case: &Case, given: &Given, state: &mut State, step: u64) -> Trace {
    let update_w = match case.forward {
        Forward::Trains => true,
        Forward::WarmUp => step >= WARMUP,
        Forward::Frozen => false,
    };
    let spec = Spec { update_w, ..case.spec.clone() };
    let mut inputs = given.inputs.clone();
    if case.noise == Noise::Inputs {
        inputs.x.iter_mut().zip(&given.xi0).for_each(|(x, xi)| *x += INPUT_NOISE * xi);
    }
    oracle::step(&spec, state, &inputs)
}

/// What a number may be off by: a factor of the largest magnitude in its tensor, or 1.
struct Tolerance {
    /// Of what comes from the clean pass.
    clean: f64,
    /// Of what divides by `c_h`: differences of losses, estimates, what they teach B.
    estimate: f64,
    /// Of ridge solutions, on top: the condition number of V.
    solved: f64,
}

struct Comparison<'a> {
    what: &'a str,
    worst: f64,
}

impl Comparison<'_> {
    fn close(&mut self, label: &str, found: &[f64], wanted: &[f64], tolerance: f64) {
        assert_eq!(found.len(), wanted.len(), "{}: {label}: length", self.what);
        let scale = wanted.iter().fold(1.0f64, |m, v| m.max(v.abs()));
        for (i, (a, b)) in found.iter().zip(wanted).enumerate() {
            let error = (a - b).abs() / (tolerance * scale);
            assert!(
                error <= 1.0,
                "{}: {label}[{i}] is {a}, the oracle says {b} ({error:.2} times the tolerance)",
                self.what
            );
            self.worst = self.worst.max(error);
        }
    }

    fn family(
        &mut self,
        name: &str,
        found: &BTreeMap<String, Vec<Vec<f64>>>,
        first: usize,
        wanted: &[Vec<f64>],
        tolerance: f64,
    ) {
        assert_eq!(
            found
                .keys()
                .filter(|k| k.strip_prefix(name).is_some_and(|n| n.parse::<u32>().is_ok()))
                .count(),
            wanted.len(),
            "{}: number of {name}",
            self.what
        );
        for (i, wanted) in wanted.iter().enumerate() {
            let label = format!("{name}{}", i + first);
            self.close(&label, &found[&label].concat(), wanted, tolerance);
        }
    }
}

fn compare_step(
    case: &Case,
    report: &Report,
    (trace, before, after): (&Trace, &State, &State),
    tolerance: &Tolerance,
    (what, step): (&str, u64),
) -> f64 {
    let spec = &case.spec;
    let mut c = Comparison { what, worst: 0.0 };
    let (clean, estimate) = (tolerance.clean, tolerance.estimate);
    c.family("h", &report.activities, 0, &trace.h, clean);
    c.family("a", &report.activities, 0, &trace.a, clean);
    c.close("L", &report.loss, &trace.loss, clean);
    // plain node perturbation: the errors themselves are estimates
    let errors = if spec.rule == Rule::Perturb { estimate } else { clean };
    c.family("e", &report.e, 1, &trace.e, errors);
    c.family("lambda", &report.lambda, 1, &trace.lambda_synth, errors);
    // the truth beside it, whatever the rule sends
    c.family("lambda", &report.true_lambda, 1, &trace.lambda_true, clean);
    if spec.perturbs() {
        c.family("h~", &report.noisy_activities, 1, &trace.h_noisy[1..], clean);
        c.close("L~", report.noisy_loss.as_ref().unwrap(), &trace.loss_noisy, clean);
        c.close("L~ - L", report.difference.as_ref().unwrap(), &trace.diff_used, estimate);
        c.family("lambda_hat", &report.lambda_hat, 1, &trace.lambda_hat, estimate);
    } else {
        assert!(report.noisy_loss.is_none() && report.difference.is_none(), "{what}");
        assert!(report.noisy_activities.is_empty() && report.lambda_hat.is_empty(), "{what}");
    }
    let updates = match case.forward {
        Forward::Trains => true,
        Forward::WarmUp => step >= WARMUP,
        Forward::Frozen => false,
    };
    if updates {
        c.family("dW", &report.gradients, 1, &trace.dw, errors);
        c.family("db", &report.gradients, 1, &trace.db, errors);
    } else {
        assert!(report.gradients.is_empty(), "{what}: gradients of weights that do not learn");
    }
    if spec.fits_feedback() && spec.feedback == Feedback::Sgd {
        for i in 1..spec.layers() {
            let label = format!("dB{}", i + 1);
            let gradient: Vec<f64> = trace.dfb[i].iter().map(|d| -d / spec.eta_b).collect();
            c.close(&label, &report.feedback_gradients[&label].concat(), &gradient, estimate);
        }
    } else {
        assert!(report.feedback_gradients.is_empty(), "{what}");
    }
    let adam = Spec { update_w: case.forward != Forward::Frozen, ..spec.clone() };
    let wanted = labelled(&adam, after);
    // what a running sum has rounded off belongs to it
    let (rests, mut found): (BTreeMap<_, _>, BTreeMap<_, _>) = report
        .after
        .iter()
        .map(|(label, rows)| (label.clone(), rows.concat()))
        .partition(|(label, _)| label.starts_with(REST));
    for (label, rest) in &rests {
        let sum = found.get_mut(&label[REST.len()..]).unwrap();
        sum.iter_mut().zip(rest).for_each(|(sum, rest)| *sum += rest);
    }
    let keys = |m: Vec<&String>| m.into_iter().cloned().collect::<Vec<_>>();
    assert_eq!(keys(found.keys().collect()), keys(wanted.keys().collect()), "{what}: buffers");
    for (label, wanted) in &wanted {
        let found = found[label].clone();
        let tolerance = match label.as_bytes()[0] {
            b'B' if spec.feedback == Feedback::Ridge => estimate * tolerance.solved,
            b'B' if spec.rule == Rule::Sign => 0.0f64.max(f64::MIN_POSITIVE),
            _ => estimate,
        };
        let adam =
            spec.optimizer == Optim::Adam && (label.starts_with('W') || label.starts_with('b'));
        if adam && updates && clean > 1e-8 {
            // m / sqrt(v) turns any error of a tiny gradient into one of its sign; so the update is held
            // against the moments reported beside it, which are compared themselves.
            let old = &labelled(&adam_spec(spec), before)[label];
            let moment = |name: &str| report.after[&format!("adam {name} {label}")].concat();
            let from_moments = adam_update(spec, old, &moment("m"), &moment("v"), after.adam_t);
            c.close(label, &found, &from_moments, clean);
        } else {
            c.close(label, &found, wanted, tolerance);
        }
    }
    c.worst
}

fn adam_spec(spec: &Spec) -> Spec {
    Spec { optimizer: Optim::Sgd, ..spec.clone() }
}

/// Kingma and Ba's last line.
fn adam_update(spec: &Spec, old: &[f64], m: &[f64], v: &[f64], t: u64) -> Vec<f64> {
    let corrections = [0.9f64, 0.999].map(|beta| 1.0 - beta.powf(t as f64));
    let moments = m.iter().zip(v).map(|(m, v)| (m / corrections[0], v / corrections[1]));
    old.iter().zip(moments).map(|(w, (m, v))| w - spec.eta_w * m / (v.sqrt() + 1e-8)).collect()
}

/// Largest trace(V) / gamma: bounds the condition number of every V, whose smallest eigenvalue is at least gamma.
fn condition(spec: &Spec, state: &State) -> f64 {
    let mut worst = 1.0f64;
    for i in 1..spec.layers() {
        let n = spec.sizes[spec.source(i)];
        let trace: f64 = state.ridge_v[i].iter().step_by(n + 1).sum();
        worst = worst.max(trace / spec.gamma);
    }
    worst
}

/// Steps of a case from the same start; `continued` keeps the crate's own weights from step to step, otherwise
/// every step starts from the oracle's, rounded.
fn check<T: Precision>(
    case: &Case,
    seed: u64,
    continued: bool,
    tolerance: impl Fn(&Case, &State, &Trace) -> Tolerance,
) -> f64 {
    let mut rng = Rng(seed);
    let mut state = State::random(&case.spec, &mut rng);
    let state_spec = Spec { update_w: case.forward != Forward::Frozen, ..case.spec.clone() };
    let mut own: Option<BTreeMap<String, Vec<f64>>> = None;
    let mut worst = 0.0f64;
    for step in 0..STEPS {
        round_state(&mut state, !continued || step == 0);
        let given = given(case, &mut rng);
        let weights = own.take().unwrap_or_else(|| labelled(&state_spec, &state));
        let report = traced::<T>(case, &given, weights, step);
        let before = state.clone();
        let trace = expected(case, &given, &mut state, step);
        let tolerance = tolerance(case, &state, &trace);
        let what = format!("{}, step {step}", case.name());
        let error =
            compare_step(case, &report, (&trace, &before, &state), &tolerance, (&what, step));
        worst = worst.max(error);
        if continued {
            let flat = report.after.iter().map(|(label, rows)| (label.clone(), rows.concat()));
            own = Some(flat.collect());
        }
    }
    worst
}

fn round_state(state: &mut State, really: bool) {
    if !really {
        return;
    }
    let State {
        w,
        b,
        fb,
        magnitudes,
        adam_m_w,
        adam_v_w,
        adam_m_b,
        adam_v_b,
        ridge_v,
        ridge_s,
        ..
    } = state;
    for group in [w, b, fb, magnitudes, adam_m_w, adam_v_w, adam_m_b, adam_v_b, ridge_v, ridge_s] {
        group.iter_mut().for_each(|m| round_all(m));
    }
}

#[test]
fn the_list_of_rules_is_complete() {
    let mut here: Vec<&str> = RULES.iter().map(|(id, _)| *id).collect();
    let mut there = common::rule_ids();
    here.sort_unstable();
    there.sort_unstable();
    assert_eq!(here, there, "a new rule needs an oracle");
}

#[test]
fn every_step_in_f64_equals_the_oracle() {
    let mut count = 0;
    for (id, rule) in RULES {
        let mut worst = 0.0f64;
        for (i, case) in cases_of(id, rule).iter().enumerate() {
            // Both sides compute in f64 with u = 1e-16. Sums of 33 and a division by c_h = 1/8 and by gradients as
            // small as 1e-5 (Adam) leave 1e-9 after four steps. The solution of ridge is off by the condition of V
            // more; so that this does not feed on itself, each of its steps starts from the oracle's weights.
            let ridge = case.spec.feedback == Feedback::Ridge;
            let tolerance = |case: &Case, state: &State, _: &Trace| {
                let all = if ridge { 1e-12 } else { 1e-9 };
                Tolerance { clean: all, estimate: all, solved: condition(&case.spec, state) }
            };
            worst = worst.max(check::<f64>(case, 1000 + i as u64, !ridge, tolerance));
            count += 1;
        }
        println!("{id}: at worst {worst:.1e} of the tolerance");
    }
    println!("{count} cases of {STEPS} steps");
}

// f32, from numbers that f32 holds. Along the longest chain (up L layers, the loss, down L layers, the gradient,
// the update) each of 2 L + 3 stages adds at most 2 K u of the largest sum of absolute products in it, K the longest
// sum. That sum is at most G times the largest value, G = the largest row sum of |W| or |B|, and a stage passes on at
// most G of the error before it. The products of G's are far too pessimistic for random signs, so the bound takes
// one G: (2 L + 3) 2 K G u. Estimates divide an absolute error of the outputs by c_h and multiply it by |xi| <= 4
// and, per batch, by the number of samples.
#[test]
fn every_step_in_f32_equals_the_oracle_to_rounding() {
    for (id, rule) in RULES {
        let mut worst = 0.0f64;
        for (i, case) in cases_of(id, rule).iter().enumerate() {
            let tolerance = |case: &Case, state: &State, trace: &Trace| {
                let spec = &case.spec;
                let batch = case.network().batch;
                let longest = spec.sizes.iter().copied().max().unwrap().max(batch) as f64;
                let largest =
                    |ms: &[Vec<f64>]| ms.iter().flatten().fold(1.0f64, |m, v| m.max(v.abs()));
                let gain = largest(&state.w).max(largest(&state.fb)).max(largest(&trace.h));
                let stages = (2 * spec.layers() + 3) as f64;
                let clean = stages * 2.0 * longest * gain * U;
                let credited = if spec.per_batch_difference { batch as f64 } else { 1.0 };
                let estimate =
                    if spec.perturbs() { clean * 4.0 / spec.c_h * credited } else { clean };
                Tolerance { clean, estimate, solved: condition(spec, state) }
            };
            worst = worst.max(check::<f32>(case, 1000 + i as u64, false, tolerance));
        }
        println!("{id}: at worst {worst:.1e} of the tolerance");
    }
}
