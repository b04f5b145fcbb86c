//! The oracle against facts that need no oracle: finite differences, closed
//! forms, identities between rules, and the paper's theorems (arXiv 1906.00889).
#![allow(clippy::pedantic, clippy::needless_range_loop)]

mod oracle;

use oracle::closed_form::{
    least_squares, linear_loss_difference, mat_mul, relative_error, weights_above,
};
use oracle::*;

const ALL_RULES: [Rule; 11] = [
    Rule::Bp,
    Rule::Fa,
    Rule::Dfa,
    Rule::Np,
    Rule::NpDfa,
    Rule::Sg,
    Rule::SgDfa,
    Rule::Matched,
    Rule::Sign,
    Rule::Mirror,
    Rule::Perturb,
];

fn spec(rule: Rule, sizes: &[usize], hidden: Act, output: Act) -> Spec {
    let layers = sizes.len() - 1;
    let mut acts = vec![hidden; layers];
    acts[layers - 1] = output;
    let loss = if output == Act::Softmax { Loss::CrossEntropy } else { Loss::SquaredError };
    Spec {
        sizes: sizes.to_vec(),
        acts,
        loss,
        rule,
        feedback: Feedback::Sgd,
        per_batch_difference: false,
        optimizer: Optim::Sgd,
        noisy_activations: false,
        eta_w: 0.01,
        eta_b: 0.02,
        c_h: 0.1,
        gamma: 0.1,
        kappa: 0.0,
        update_w: true,
    }
}

fn setup(spec: &Spec, samples: usize, seed: u64) -> (State, Inputs, Rng) {
    let mut rng = Rng(seed);
    let state = State::random(spec, &mut rng);
    let inputs = Inputs::random(spec, samples, &mut rng);
    (state, inputs, rng)
}

/// |a - b| <= tol * (1 + largest |b|), elementwise; lengths equal, nothing NaN.
fn assert_close(a: &[f64], b: &[f64], tol: f64, what: &str) {
    assert_eq!(a.len(), b.len(), "{what}: lengths");
    let scale = 1.0 + b.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    for q in 0..a.len() {
        assert!(
            (a[q] - b[q]).abs() <= tol * scale,
            "{what}[{q}]: {} against {} (tol {tol})",
            a[q],
            b[q]
        );
    }
}

fn assert_all_close(a: &[Vec<f64>], b: &[Vec<f64>], tol: f64, what: &str) {
    assert_eq!(a.len(), b.len(), "{what}: layers");
    for l in 0..a.len() {
        assert_close(&a[l], &b[l], tol, &format!("{what}[{l}]"));
    }
}

// --- Exact gradients -------------------------------------------------------

#[test]
fn bp_gradient_equals_finite_differences() {
    for hidden in [Act::Identity, Act::Sigmoid, Act::Tanh, Act::Relu] {
        for output in [Act::Identity, Act::Sigmoid, Act::Tanh, Act::Relu, Act::Softmax] {
            for noisy in [false, true] {
                let mut s = spec(Rule::Bp, &[4, 5, 3, 4], hidden, output);
                s.noisy_activations = noisy;
                let (mut state, inputs, _) = setup(&s, 6, 11);
                let (dw, db) = finite_difference_gradient(&s, &state, &inputs);
                let before = state.clone();
                let tr = step(&s, &mut state, &inputs);
                let what = format!("{hidden:?} {output:?} noisy {noisy}");
                assert!(tr.dw.iter().flatten().any(|v| v.abs() > 1e-3), "{what}: all zero");
                assert_all_close(&tr.dw, &dw, 1e-7, &what);
                assert_all_close(&tr.db, &db, 1e-7, &what);
                // ... and the step is the descending one.
                for l in 0..s.layers() {
                    for q in 0..dw[l].len() {
                        let moved = state.w[l][q] - before.w[l][q];
                        assert!((moved + s.eta_w * tr.dw[l][q]).abs() < 1e-13);
                    }
                    for q in 0..db[l].len() {
                        let moved = state.b[l][q] - before.b[l][q];
                        assert!((moved + s.eta_w * tr.db[l][q]).abs() < 1e-13);
                    }
                }
            }
        }
    }
}

#[test]
fn true_lambda_equals_finite_differences_under_every_rule() {
    for rule in ALL_RULES {
        for output in [Act::Identity, Act::Sigmoid, Act::Softmax] {
            let s = spec(rule, &[3, 5, 4, 3], Act::Tanh, output);
            let (mut state, inputs, _) = setup(&s, 5, 12);
            let fd = finite_difference_lambda(&s, &state, &inputs);
            let tr = step(&s, &mut state, &inputs);
            assert_all_close(&tr.lambda_true, &fd, 1e-8, &format!("{rule:?} {output:?}"));
        }
    }
}

#[test]
fn a_small_bp_step_lowers_the_loss() {
    for optimizer in [Optim::Sgd, Optim::Adam] {
        let mut s = spec(Rule::Bp, &[4, 6, 3], Act::Sigmoid, Act::Softmax);
        s.optimizer = optimizer;
        s.eta_w = 1e-3;
        let (mut state, inputs, _) = setup(&s, 8, 13);
        let before = total_loss(&s, &state, &inputs);
        let tr = step(&s, &mut state, &inputs);
        assert_close(&[tr.loss.iter().sum()], &[before], 1e-13, "reported loss");
        assert!(total_loss(&s, &state, &inputs) < before);
    }
}

#[test]
fn output_error_is_the_exact_one_under_every_rule() {
    for rule in ALL_RULES {
        let s = spec(rule, &[3, 4, 4, 2], Act::Tanh, Act::Sigmoid);
        let (mut state, inputs, _) = setup(&s, 4, 14);
        let tr = step(&s, &mut state, &inputs);
        let top = s.layers() - 1;
        assert_eq!(tr.e[top], tr.e_true[top], "{rule:?}");
    }
}

// --- Identities between rules ----------------------------------------------

#[test]
fn with_b_equal_to_w_every_layered_rule_is_bp() {
    let bp = spec(Rule::Bp, &[4, 5, 6, 3], Act::Sigmoid, Act::Softmax);
    let (start, inputs, _) = setup(&bp, 5, 21);
    let mut bp_state = start.clone();
    let bp_trace = step(&bp, &mut bp_state, &inputs);
    for rule in [Rule::Fa, Rule::Np, Rule::Sg, Rule::Matched, Rule::Sign, Rule::Mirror] {
        let s = Spec { rule, ..bp.clone() };
        let mut state = start.clone();
        for i in 1..s.layers() {
            state.fb[i] = state.w[i].clone();
        }
        if rule == Rule::Sign {
            state.magnitudes = state.fb.clone();
            state.fb = start.fb.clone(); // recomputed at the start of the step
        }
        let tr = step(&s, &mut state, &inputs);
        let what = format!("{rule:?}");
        assert_all_close(&tr.lambda_synth, &bp_trace.lambda_true, 1e-14, &what);
        assert_all_close(&tr.dw, &bp_trace.dw, 1e-14, &what);
        assert_all_close(&state.w, &bp_state.w, 1e-14, &what);
        assert_all_close(&state.b, &bp_state.b, 1e-14, &what);
    }
}

#[test]
fn dfa_with_the_product_of_weights_is_bp_in_a_linear_network() {
    let bp = spec(Rule::Bp, &[3, 5, 4, 2], Act::Identity, Act::Identity);
    let dfa = Spec { rule: Rule::Dfa, ..bp.clone() };
    let (mut state, inputs, _) = setup(&dfa, 5, 22);
    for i in 1..dfa.layers() {
        state.fb[i] = weights_above(&dfa, &state, i);
        assert_eq!(state.fb[i].len(), 2 * dfa.sizes[i]);
    }
    let mut bp_state = state.clone();
    let tr = step(&dfa, &mut state, &inputs);
    let bp_trace = step(&bp, &mut bp_state, &inputs);
    assert_all_close(&tr.dw, &bp_trace.dw, 1e-13, "dw");
}

#[test]
fn np_without_feedback_learning_is_fa_and_dfa() {
    for (np, fixed) in [(Rule::Np, Rule::Fa), (Rule::NpDfa, Rule::Dfa)] {
        let mut s = spec(np, &[4, 5, 6, 3], Act::Tanh, Act::Identity);
        s.eta_b = 0.0;
        let (mut state, inputs, _) = setup(&s, 5, 23);
        let fixed = Spec { rule: fixed, ..s.clone() };
        let mut other = state.clone();
        let a = step(&s, &mut state, &inputs);
        let b = step(&fixed, &mut other, &inputs);
        assert_eq!(a.e, b.e);
        assert_eq!(state.w, other.w);
        assert_eq!(state.fb, other.fb);
    }
}

#[test]
fn only_the_last_hidden_layer_agrees_between_layered_and_direct() {
    let fa = spec(Rule::Fa, &[3, 4, 5, 4], Act::Sigmoid, Act::Sigmoid);
    let dfa = Spec { rule: Rule::Dfa, ..fa.clone() };
    let (mut state, inputs, mut rng) = setup(&fa, 4, 24);
    let mut direct = state.clone();
    direct.fb[1] = rng.gaussians(4 * 4, 1.0);
    let a = step(&fa, &mut state, &inputs);
    let b = step(&dfa, &mut direct, &inputs);
    assert_eq!(a.e[1], b.e[1]);
    assert_ne!(a.e[0], b.e[0]);
}

// --- The estimator ---------------------------------------------------------

#[test]
fn loss_difference_of_a_linear_network_has_its_closed_form() {
    let s = spec(Rule::Np, &[4, 5, 6, 3], Act::Identity, Act::Identity);
    let (mut state, inputs, _) = setup(&s, 7, 31);
    let before = state.clone();
    let tr = step(&s, &mut state, &inputs);
    for t in 0..7 {
        let e_out = row(&tr.e[2], t, 3);
        let exact = linear_loss_difference(&s, &before, &inputs, e_out, t);
        assert_close(&[tr.diff[t]], &[exact], 1e-12, "L~ - L");
    }
}

#[test]
fn loss_difference_is_the_directional_derivative_for_small_noise() {
    for output in [Act::Identity, Act::Sigmoid, Act::Softmax] {
        let mut s = spec(Rule::Perturb, &[4, 5, 6, 3], Act::Tanh, output);
        s.c_h = 1e-6;
        let (mut state, inputs, _) = setup(&s, 5, 32);
        let tr = step(&s, &mut state, &inputs);
        for t in 0..5 {
            let mut along = 0.0;
            for i in 1..=s.hidden() {
                let lambda = row(&tr.lambda_true[i - 1], t, s.sizes[i]);
                let xi = row(&inputs.xi[i - 1], t, s.sizes[i]);
                along += (0..xi.len()).map(|j| lambda[j] * xi[j]).sum::<f64>();
            }
            assert_close(&[tr.diff[t] / s.c_h], &[along], 1e-4, "(L~ - L) / c");
        }
    }
}

#[test]
fn noise_enters_after_the_non_linearity_of_hidden_layers_only() {
    let s = spec(Rule::Np, &[3, 4, 2], Act::Sigmoid, Act::Identity);
    let (mut state, inputs, _) = setup(&s, 3, 33);
    let before = state.clone();
    let tr = step(&s, &mut state, &inputs);
    let noisy: Vec<f64> = (0..12).map(|q| tr.h[1][q] + 0.1 * inputs.xi[0][q]).collect();
    assert_close(&tr.h_noisy[1], &noisy, 1e-15, "h~^1");
    for t in 0..3 {
        let out = mat_vec(&before.w[1], row(&noisy, t, 4));
        let out: Vec<f64> = (0..2).map(|k| out[k] + before.b[1][k]).collect();
        assert_close(row(&tr.h_noisy[2], t, 2), &out, 1e-14, "yhat~");
    }
}

/// One input, repeated for the 2D noise vectors +-sqrt(D) e_j, D = number of
/// hidden units. Their second moment is the identity and their odd moments are
/// zero, so in a linear network their mean replaces the Gaussian expectation.
#[test]
fn mean_estimate_is_lambda_exactly_on_a_balanced_design() {
    for rule in [Rule::Np, Rule::NpDfa, Rule::Perturb] {
        let mut s = spec(rule, &[3, 4, 5, 2], Act::Identity, Act::Identity);
        s.c_h = 0.7; // no bias at any c
        let (mut state, one, _) = setup(&s, 1, 34);
        let units = 9;
        let samples = 2 * units;
        let mut xi = vec![vec![0.0; samples * 4], vec![0.0; samples * 5]];
        for d in 0..units {
            for (half, s) in [(0, 1.0), (1, -1.0)] {
                let t = 2 * d + half;
                let value = s * (units as f64).sqrt();
                if d < 4 { xi[0][t * 4 + d] = value } else { xi[1][t * 5 + d - 4] = value }
            }
        }
        let inputs = Inputs {
            x: one.x.repeat(samples),
            y: one.y.repeat(samples),
            mirror_xi: xi.clone(),
            xi,
        };
        let tr = step(&s, &mut state, &inputs);
        for i in 1..=2 {
            let n = s.sizes[i];
            let mut mean = vec![0.0; n];
            for t in 0..samples {
                for j in 0..n {
                    mean[j] += tr.lambda_hat[i - 1][t * n + j] / samples as f64;
                }
            }
            assert_close(&mean, row(&tr.lambda_true[i - 1], 0, n), 1e-12, "mean lambda_hat");
        }
    }
}

#[test]
fn mean_estimate_is_close_to_lambda_for_small_random_noise() {
    let mut s = spec(Rule::Perturb, &[3, 4, 2], Act::Identity, Act::Identity);
    s.c_h = 1e-3;
    s.update_w = false;
    let (mut state, one, mut rng) = setup(&s, 1, 35);
    let samples = 400_000;
    let inputs = Inputs {
        x: one.x.repeat(samples),
        y: one.y.repeat(samples),
        xi: vec![rng.gaussians(samples * 4, 1.0)],
        mirror_xi: Vec::new(),
    };
    let tr = step(&s, &mut state, &inputs);
    let mut mean = [0.0; 4];
    for t in 0..samples {
        for j in 0..4 {
            mean[j] += tr.lambda_hat[0][t * 4 + j] / samples as f64;
        }
    }
    let error = relative_error(&mean, row(&tr.lambda_true[0], 0, 4));
    assert!(error < 0.01, "relative error {error}");
}

#[test]
fn batch_difference_replaces_each_difference_by_their_sum() {
    for rule in [Rule::Np, Rule::NpDfa, Rule::Perturb] {
        let s = spec(rule, &[3, 4, 4, 2], Act::Tanh, Act::Identity);
        let summed = Spec { per_batch_difference: true, ..s.clone() };
        let (mut state, inputs, _) = setup(&s, 6, 36);
        let mut other = state.clone();
        let a = step(&s, &mut state, &inputs);
        let b = step(&summed, &mut other, &inputs);
        assert_eq!(a.diff, b.diff);
        assert_eq!(a.diff_used, a.diff);
        let sum: f64 = a.diff.iter().sum();
        for i in 1..=2 {
            for t in 0..6 {
                for j in 0..4 {
                    let q = t * 4 + j;
                    let xi = inputs.xi[i - 1][q];
                    assert_close(&[b.lambda_hat[i - 1][q]], &[sum * xi / s.c_h], 1e-13, "sum");
                    assert_close(
                        &[a.lambda_hat[i - 1][q]],
                        &[a.diff[t] * xi / s.c_h],
                        1e-13,
                        "own",
                    );
                }
            }
        }
    }
}

#[test]
fn plain_perturbation_learns_from_the_estimate_itself() {
    let s = spec(Rule::Perturb, &[3, 4, 5, 2], Act::Sigmoid, Act::Identity);
    let (mut state, inputs, _) = setup(&s, 6, 37);
    let fb = state.fb.clone();
    let tr = step(&s, &mut state, &inputs);
    for i in 1..=2 {
        let e: Vec<f64> = (0..tr.lambda_hat[i - 1].len())
            .map(|q| tr.lambda_hat[i - 1][q] * tr.h[i][q] * (1.0 - tr.h[i][q]))
            .collect();
        assert_close(&tr.e[i - 1], &e, 1e-15, "e");
    }
    assert_eq!(fb, state.fb);
}

// --- Learning B ------------------------------------------------------------

/// sum_t 1/2 ||B^T e - target||^2
fn objective(b: &[f64], e: &[f64], target: &[f64], ne: usize, nl: usize) -> f64 {
    let mut sum = 0.0;
    for t in 0..e.len() / ne {
        let g = mat_t_vec(b, row(e, t, ne));
        for j in 0..nl {
            sum += 0.5 * (g[j] - target[t * nl + j]).powi(2);
        }
    }
    sum
}

#[test]
fn feedback_step_descends_the_squared_distance_to_its_target() {
    for rule in [Rule::Np, Rule::NpDfa, Rule::Sg, Rule::SgDfa] {
        let s = spec(rule, &[3, 4, 5, 2], Act::Tanh, Act::Sigmoid);
        let (mut state, inputs, _) = setup(&s, 6, 41);
        let before = state.clone();
        let tr = step(&s, &mut state, &inputs);
        for i in 1..=2 {
            let (above, n) = (s.source(i), s.sizes[i]);
            let ne = s.sizes[above];
            let target = if matches!(rule, Rule::Sg | Rule::SgDfa) {
                &tr.lambda_true[i - 1]
            } else {
                &tr.lambda_hat[i - 1]
            };
            let mut expected = vec![0.0; ne * n];
            for q in 0..ne * n {
                let (mut up, mut down) = (before.fb[i].clone(), before.fb[i].clone());
                up[q] += 1e-4;
                down[q] -= 1e-4;
                let e = &tr.e[above - 1];
                let slope = objective(&up, e, target, ne, n) - objective(&down, e, target, ne, n);
                expected[q] = -s.eta_b * slope / 2e-4;
            }
            assert!(expected.iter().any(|v| v.abs() > 1e-6));
            assert_close(&tr.dfb[i], &expected, 1e-10, &format!("{rule:?} dB^{}", i + 1));
        }
    }
}

#[test]
fn ridge_equals_the_normal_equations_of_the_whole_record() {
    for rule in [Rule::Np, Rule::NpDfa, Rule::Sg, Rule::SgDfa] {
        let mut s = spec(rule, &[3, 4, 5, 3], Act::Tanh, Act::Identity);
        s.feedback = Feedback::Ridge;
        let mut rng = Rng(42);
        let mut state = State::random(&s, &mut rng);
        for m in &mut state.fb {
            m.fill(0.0);
        }
        let mut record = vec![(Vec::new(), Vec::new()); s.layers()];
        for k in 0..6 {
            let inputs = Inputs::random(&s, 4, &mut rng);
            let used = state.fb.clone();
            let tr = step(&s, &mut state, &inputs);
            for i in 1..=2 {
                // The errors of this step came from the B before it.
                let above = s.source(i);
                let ne = s.sizes[above];
                for t in 0..4 {
                    let g = mat_t_vec(&used[i], row(&tr.e[above - 1], t, ne));
                    let n = s.sizes[i];
                    assert_close(row(&tr.lambda_synth[i - 1], t, n), &g, 1e-13, "old B");
                }
                record[i].0.extend(&tr.e[above - 1]);
                record[i].1.extend(if matches!(rule, Rule::Sg | Rule::SgDfa) {
                    &tr.lambda_true[i - 1]
                } else {
                    &tr.lambda_hat[i - 1]
                });
                let (e, target) = (&record[i].0, &record[i].1);
                let direct = least_squares(e, target, ne, s.sizes[i], s.gamma);
                assert_close(&state.fb[i], &direct, 1e-10, &format!("{rule:?} step {k}"));
                // Stationary: sum e (B^T e - target)^T + gamma B = 0.
                let mut gradient: Vec<f64> = state.fb[i].iter().map(|v| s.gamma * v).collect();
                for t in 0..e.len() / ne {
                    let mut r = mat_t_vec(&state.fb[i], row(e, t, ne));
                    for j in 0..r.len() {
                        r[j] -= target[t * r.len() + j];
                    }
                    add_outer(&mut gradient, row(e, t, ne), &r);
                }
                assert_close(&gradient, &vec![0.0; gradient.len()], 1e-10, "gradient");
            }
        }
    }
}

#[test]
fn matched_shrinks_the_gap_by_the_decay_alone() {
    for kappa in [0.0, 0.03] {
        for optimizer in [Optim::Sgd, Optim::Adam] {
            let mut s = spec(Rule::Matched, &[3, 4, 5, 2], Act::Tanh, Act::Identity);
            s.kappa = kappa;
            s.optimizer = optimizer;
            let mut rng = Rng(43);
            let mut state = State::random(&s, &mut rng);
            let gap = |st: &State, i: usize| -> Vec<f64> {
                (0..st.w[i].len()).map(|q| st.w[i][q] - st.fb[i][q]).collect()
            };
            let first = [gap(&state, 1), gap(&state, 2)];
            for k in 1..=5 {
                let inputs = Inputs::random(&s, 4, &mut rng);
                let before = state.clone();
                let tr = step(&s, &mut state, &inputs);
                for i in 1..=2 {
                    let f = (1.0 - kappa).powi(k);
                    let expected: Vec<f64> = first[i - 1].iter().map(|v| f * v).collect();
                    assert_close(&gap(&state, i), &expected, 1e-13, "W - B");
                }
                if optimizer == Optim::Sgd {
                    for l in 0..3 {
                        let b: Vec<f64> = (0..state.b[l].len())
                            .map(|q| before.b[l][q] - s.eta_w * tr.db[l][q])
                            .collect();
                        assert_close(&state.b[l], &b, 1e-14, "b does not decay");
                        let w: Vec<f64> = (0..state.w[l].len())
                            .map(|q| (1.0 - kappa) * before.w[l][q] - s.eta_w * tr.dw[l][q])
                            .collect();
                        assert_close(&state.w[l], &w, 1e-14, "W");
                    }
                }
            }
        }
    }
}

#[test]
fn sign_takes_magnitudes_from_m_and_signs_from_w_at_the_start() {
    let mut s = spec(Rule::Sign, &[3, 4, 2], Act::Tanh, Act::Identity);
    s.eta_w = 0.5; // large, so that signs flip
    let (mut state, _, mut rng) = setup(&s, 1, 44);
    state.w[1][0] = 0.0;
    let mut flips = 0;
    for _ in 0..5 {
        let start = state.clone();
        let inputs = Inputs::random(&s, 3, &mut rng);
        step(&s, &mut state, &inputs);
        for q in 0..8 {
            let b = if start.w[1][q] == 0.0 { 0.0 } else { start.w[1][q].signum() };
            assert_eq!(state.fb[1][q], b * state.magnitudes[1][q].abs());
            flips += usize::from(start.w[1][q] * state.w[1][q] < 0.0);
        }
        assert_eq!(start.magnitudes, state.magnitudes);
    }
    assert!(flips > 0);
}

#[test]
fn mirror_correlates_what_a_layer_sends_with_what_comes_back() {
    // +-sqrt(n) e_j has second moment I, so a linear layer is copied exactly.
    let design = |n: usize| -> Vec<f64> {
        let mut xi = vec![0.0; 2 * n * n];
        for j in 0..n {
            xi[2 * j * n + j] = (n as f64).sqrt();
            xi[(2 * j + 1) * n + j] = -(n as f64).sqrt();
        }
        xi
    };
    for (act, output) in [(Act::Identity, Act::Softmax), (Act::Sigmoid, Act::Sigmoid)] {
        let mut s = spec(Rule::Mirror, &[3, 5, 5, 2], act, output);
        s.eta_b = 0.25;
        s.c_h = 1e-4;
        let (mut state, mut inputs, _) = setup(&s, 10, 45);
        inputs.mirror_xi = vec![design(5), design(5)];
        let before = state.clone();
        step(&s, &mut state, &inputs);
        for i in 1..=2 {
            let (rows, cols) = (s.sizes[i + 1], s.sizes[i]);
            for r in 0..rows {
                let sigma = 1.0 / (1.0 + (-before.b[i][r]).exp());
                let slope = if act == Act::Sigmoid { sigma * (1.0 - sigma) } else { 1.0 };
                for c in 0..cols {
                    let q = r * cols + c;
                    let expected = 0.75 * before.fb[i][q] + 0.25 * slope * before.w[i][q];
                    assert_close(&[state.fb[i][q]], &[expected], 1e-7, "B");
                }
            }
        }
    }
    // Independent Gaussian noise: towards W.
    let mut s = spec(Rule::Mirror, &[3, 5, 4], Act::Tanh, Act::Identity);
    s.eta_b = 0.01;
    s.update_w = false;
    let (mut state, mut inputs, mut rng) = setup(&s, 32, 46);
    for _ in 0..2000 {
        inputs.mirror_xi = vec![rng.gaussians(32 * 5, 1.0)];
        step(&s, &mut state, &inputs);
    }
    let error = relative_error(&state.fb[1], &state.w[1]);
    assert!(error < 0.1, "relative error {error}");
}

// --- Switches --------------------------------------------------------------

#[test]
fn frozen_weights_stay_while_feedback_learns() {
    for rule in ALL_RULES {
        for optimizer in [Optim::Sgd, Optim::Adam] {
            let mut s = spec(rule, &[3, 4, 5, 2], Act::Tanh, Act::Identity);
            s.update_w = false;
            s.optimizer = optimizer;
            s.kappa = 0.1;
            let (mut state, inputs, _) = setup(&s, 4, 51);
            let before = state.clone();
            step(&s, &mut state, &inputs);
            assert_eq!(before.w, state.w);
            assert_eq!(before.b, state.b);
            assert_eq!(before.adam_t, state.adam_t);
            assert_eq!(before.adam_m_w, state.adam_m_w);
            let learns = s.fits_feedback() || matches!(rule, Rule::Mirror | Rule::Sign);
            assert_eq!(before.fb != state.fb, learns, "{rule:?}");
        }
    }
}

#[test]
fn noisy_activations_feed_forward_but_not_the_derivative() {
    for rule in [Rule::Bp, Rule::Fa, Rule::Matched] {
        let mut s = spec(rule, &[3, 4, 2], Act::Sigmoid, Act::Identity);
        s.noisy_activations = true;
        let (mut state, inputs, _) = setup(&s, 3, 52);
        let start = state.clone();
        let tr = step(&s, &mut state, &inputs);
        for t in 0..3 {
            let z = mat_vec(&start.w[0], row(&inputs.x, t, 3));
            for j in 0..4 {
                let a = 1.0 / (1.0 + (-(z[j] + start.b[0][j])).exp());
                let q = t * 4 + j;
                assert_close(&[tr.h[1][q]], &[a + 0.1 * inputs.xi[0][q]], 1e-15, "h");
                assert_close(&[tr.e[0][q]], &[tr.lambda_synth[0][q] * a * (1.0 - a)], 1e-15, "e");
            }
        }
        let e: Vec<f64> = tr.e[1].clone();
        let mut dw = vec![0.0; 8];
        for t in 0..3 {
            add_outer(&mut dw, row(&e, t, 2), row(&tr.h[1], t, 4));
        }
        assert_close(&tr.dw[1], &dw, 1e-15, "dW uses the noisy h");
        // Without noise it is the plain step.
        let silent = Spec { c_h: 0.0, ..s.clone() };
        let plain = Spec { noisy_activations: false, ..s.clone() };
        let (mut a, mut b) = (start.clone(), start.clone());
        step(&silent, &mut a, &inputs);
        step(&plain, &mut b, &inputs);
        assert_eq!(a.w, b.w);
    }
}

#[test]
fn adam_by_hand_on_one_weight() {
    let mut s = spec(Rule::Bp, &[1, 1], Act::Identity, Act::Identity);
    s.optimizer = Optim::Adam;
    s.eta_w = 0.1;
    let mut state = State::new(&s, vec![vec![2.0]], vec![vec![0.0]], vec![vec![]]);
    // Two samples, x = 1 and 3, y = 0: dW = 1 * 2 + 3 * 6 = 20, db = 8.
    let inputs = Inputs { x: vec![1.0, 3.0], y: vec![0.0, 0.0], xi: vec![], mirror_xi: vec![] };
    let tr = step(&s, &mut state, &inputs);
    assert_eq!(tr.loss, vec![2.0, 18.0]);
    assert_close(&tr.dw[0], &[20.0], 1e-15, "dW");
    assert_close(&tr.db[0], &[8.0], 1e-15, "db");
    // Bias-corrected, the first step is eta g / (|g| + eps).
    let w1 = 2.0 - 0.1 * 20.0 / (20.0 + 1e-8);
    let b1 = -0.1 * 8.0 / (8.0 + 1e-8);
    assert_close(&state.w[0], &[w1], 1e-15, "W");
    assert_close(&state.b[0], &[b1], 1e-15, "b");
    // Second: outputs w + b and 3w + b, dW = (w + b) + 3 (3w + b) = 10 w + 4 b.
    step(&s, &mut state, &inputs);
    let g2 = 10.0 * w1 + 4.0 * b1;
    let m = (0.9 * 0.1 * 20.0 + 0.1 * g2) / (1.0 - 0.81);
    let v = (0.999 * 0.001 * 400.0 + 0.001 * g2 * g2) / (1.0 - 0.998001);
    assert_close(&state.w[0], &[w1 - 0.1 * m / (v.sqrt() + 1e-8)], 1e-12, "W");
}

// --- Theorems --------------------------------------------------------------

/// Ridge with a vanishing gamma and frozen W over `steps` batches of 200.
fn fit(s: &Spec, steps: usize, seed: u64) -> (State, Vec<f64>) {
    let (mut state, _, mut rng) = setup(s, 1, seed);
    let mut errors = vec![0.0; s.layers()];
    for _ in 0..steps {
        let inputs = Inputs::random(s, 200, &mut rng);
        step(s, &mut state, &inputs);
    }
    for i in 1..s.layers() {
        let target = if s.direct() { weights_above(s, &state, i) } else { state.w[i].clone() };
        errors[i] = relative_error(&state.fb[i], &target);
    }
    (state, errors)
}

fn theorem_spec(rule: Rule, sizes: &[usize], hidden: Act, output: Act) -> Spec {
    let mut s = spec(rule, sizes, hidden, output);
    s.feedback = Feedback::Ridge;
    s.update_w = false;
    s.gamma = 1e-9;
    s.c_h = 1e-3;
    s
}

#[test]
fn theorem_1_last_layer_of_a_nonlinear_network() {
    for output in [Act::Identity, Act::Sigmoid] {
        let s = theorem_spec(Rule::Np, &[3, 4, 4, 3], Act::Sigmoid, output);
        let (mut early, mut late) = (0.0, 0.0);
        for seed in [61, 62, 63] {
            early += fit(&s, 40, seed).1[2] / 3.0;
            late += fit(&s, 640, seed).1[2] / 3.0;
        }
        println!("theorem 1, {output:?}: {early:.4} after 8000, {late:.4} after 128000 samples");
        assert!(late < 0.05, "{output:?}: {late}");
        // 16 times the samples: a quarter of the error (T^{-1/2}).
        assert!(late / early > 0.12 && late / early < 0.5, "{output:?}: {early} to {late}");
    }
}

/// The errors of softmax and cross-entropy sum to zero over the outputs, so
/// A3 (full rank) fails and B is free along the all-ones direction.
#[test]
fn theorem_1_under_softmax_holds_up_to_the_direction_errors_never_take() {
    let s = theorem_spec(Rule::Np, &[3, 4, 3], Act::Sigmoid, Act::Softmax);
    let (state, _) = fit(&s, 640, 64);
    // Remove the mean over the three outputs from every column.
    let centre = |m: &[f64]| -> Vec<f64> {
        (0..12).map(|q| m[q] - (m[q % 4] + m[q % 4 + 4] + m[q % 4 + 8]) / 3.0).collect()
    };
    let error = relative_error(&centre(&state.fb[1]), &centre(&state.w[1]));
    assert!(error < 0.05, "{error}");
}

#[test]
fn theorem_2_every_layer_of_a_linear_network() {
    // Widths do not fall towards the output, so e~ has full rank (A3).
    let s = theorem_spec(Rule::Np, &[3, 3, 4, 4], Act::Identity, Act::Identity);
    let (_, errors) = fit(&s, 1000, 65);
    println!("theorem 2: {errors:?}");
    assert!(errors[1] < 0.1 && errors[2] < 0.05, "{errors:?}");
    // With the true lambda there is no sampling error left in the last layer.
    let sg = Spec { rule: Rule::Sg, ..s };
    let (_, errors) = fit(&sg, 5, 65);
    assert!(errors[2] < 1e-6, "{errors:?}");
}

#[test]
fn corollary_1_direct_form_in_a_linear_network() {
    // The direct form needs only p x p, so widths may fall.
    let s = theorem_spec(Rule::NpDfa, &[3, 6, 4, 2], Act::Identity, Act::Identity);
    let (state, errors) = fit(&s, 1000, 66);
    println!("corollary 1: {errors:?}");
    assert!(errors[1] < 0.08 && errors[2] < 0.08, "{errors:?}");
    let product = mat_mul(&state.w[2], &state.w[1], 4); // W^3 W^2
    assert_close(&weights_above(&s, &state, 1), &product, 1e-14, "W^3 W^2");
}
