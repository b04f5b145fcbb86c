//! Oracle: one training step of every learning rule, in slow and obvious `f64`.
//!
//! Written from the equations of Lansdell, Prakash and Kording, "Learning to
//! solve the credit assignment problem" (arXiv 1906.00889), and from nothing in
//! this crate. It is meant to be held against the equations, so it loops over
//! samples and units and never batches, fuses or reuses anything.
//!
//! # Indices
//!
//! `L` = number of weight layers, `N = L - 1` hidden layers, `T` samples.
//! Equations count from one, vectors from zero:
//!
//! | equation              | here                       | shape            |
//! |-----------------------|----------------------------|------------------|
//! | `h^l`, l = 0..L       | `h[l]` (`h[0]` = input)    | T x n_l          |
//! | `W^l`, l = 1..L       | `w[l - 1]`                 | n_l x n_{l-1}    |
//! | `b^l`, l = 1..L       | `b[l - 1]`                 | n_l              |
//! | `B^{i+1}`, i = 1..N   | `fb[i]` (`fb[0]` is empty) | n_{i+1} x n_i    |
//! | `B^{i+1}`, direct     | `fb[i]` (`fb[0]` is empty) | p x n_i          |
//! | `e^l`, l = 1..L       | `e[l - 1]`                 | T x n_l          |
//! | `lambda^i`, i = 1..N  | `lambda_*[i - 1]`          | T x n_i          |
//! | `xi^i`, i = 1..N      | `xi[i - 1]`                | T x n_i          |
//!
//! All matrices are row-major; a batch has one sample per row.
#![allow(dead_code)]
#![allow(clippy::pedantic, clippy::needless_range_loop)]

pub mod closed_form;

// ---------------------------------------------------------------------------
// What is being computed
// ---------------------------------------------------------------------------

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Act {
    Identity,
    Sigmoid,
    Tanh,
    Relu,
    /// Output layer only, with `Loss::CrossEntropy` only.
    Softmax,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Loss {
    /// `1/2 sum_k (yhat_k - y_k)^2`
    SquaredError,
    /// `-sum_k y_k ln p_k`, softmax output, targets that sum to one.
    CrossEntropy,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    /// Backpropagation.
    Bp,
    /// Feedback alignment.
    Fa,
    /// Direct feedback alignment.
    Dfa,
    /// Node perturbation trains B, layer by layer.
    Np,
    /// Node perturbation trains B, direct from the output.
    NpDfa,
    /// Synthetic gradient: as `Np`, the target is the true lambda.
    Sg,
    /// As `Sg`, direct from the output.
    SgDfa,
    /// B receives the increments of W (and both decay).
    Matched,
    /// `B = |M| o sign(W)`.
    Sign,
    /// Weight mirror (Akrout et al. 2019).
    Mirror,
    /// Plain node perturbation: the estimate itself is the error signal, no B.
    Perturb,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Feedback {
    /// Gradient steps on `1/2 ||B^T e - target||^2`.
    Sgd,
    /// Running ridge regression, solved exactly after every batch.
    Ridge,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Optim {
    Sgd,
    /// (0.9, 0.999, 1e-8), on the batch-SUM gradient.
    Adam,
}

#[derive(Clone, Debug)]
pub struct Spec {
    /// n_0, n_1, ..., n_L
    pub sizes: Vec<usize>,
    /// `acts[l - 1]` is the non-linearity of layer l; length L.
    pub acts: Vec<Act>,
    pub loss: Loss,
    pub rule: Rule,
    /// How `Np`, `NpDfa` and `Sg` learn B. Other rules ignore it.
    pub feedback: Feedback,
    /// Use the loss difference summed over the batch in place of each sample's.
    pub per_batch_difference: bool,
    /// How W and b use their gradient.
    pub optimizer: Optim,
    /// One training pass, `h = act(z) + c_h xi` on hidden layers.
    pub noisy_activations: bool,
    /// Learning rate of W and of the biases.
    pub eta_w: f64,
    /// Learning rate of the feedback matrices B (NOT of the biases).
    pub eta_b: f64,
    /// Standard deviation of the noise.
    pub c_h: f64,
    /// `V(0) = gamma I`; read by `State::new` only.
    pub gamma: f64,
    /// Weight decay per step; `Matched` only.
    pub kappa: f64,
    /// false: W, b (and Adam's moments) stay as they are: warm-up or frozen W.
    pub update_w: bool,
}

impl Spec {
    /// L, the number of weight layers.
    pub fn layers(&self) -> usize {
        self.sizes.len() - 1
    }
    /// N, the number of hidden layers.
    pub fn hidden(&self) -> usize {
        self.layers() - 1
    }
    pub fn act(&self, l: usize) -> Act {
        self.acts[l - 1]
    }
    /// Feedback straight from the output to every hidden layer?
    pub fn direct(&self) -> bool {
        matches!(self.rule, Rule::Dfa | Rule::NpDfa | Rule::SgDfa)
    }
    /// Does the rule run a second, noisy pass and estimate lambda from it?
    pub fn perturbs(&self) -> bool {
        matches!(self.rule, Rule::Np | Rule::NpDfa | Rule::Perturb)
    }
    /// Is B fitted to a target (by gradient steps or ridge)?
    pub fn fits_feedback(&self) -> bool {
        matches!(self.rule, Rule::Np | Rule::NpDfa | Rule::Sg | Rule::SgDfa)
    }
    /// The layer whose error B^{i+1} carries down to hidden layer i.
    pub fn source(&self, i: usize) -> usize {
        if self.direct() { self.layers() } else { i + 1 }
    }

    fn check(&self, state: &State, inp: &Inputs) {
        let layers = self.layers();
        let samples = inp.samples(self);
        assert!(layers >= 1 && self.acts.len() == layers);
        for l in 1..=layers {
            assert_eq!(state.w[l - 1].len(), self.sizes[l] * self.sizes[l - 1]);
            assert_eq!(state.b[l - 1].len(), self.sizes[l]);
            let softmax = self.act(l) == Act::Softmax;
            assert!(!softmax || l == layers, "softmax is an output non-linearity");
        }
        assert_eq!(
            self.act(layers) == Act::Softmax,
            self.loss == Loss::CrossEntropy,
            "softmax and cross-entropy come together"
        );
        assert_eq!(inp.x.len(), samples * self.sizes[0]);
        assert_eq!(inp.y.len(), samples * self.sizes[layers]);
        assert!(
            !(self.noisy_activations && self.perturbs()),
            "perturbation rules compare a clean pass with a noisy one"
        );
        for i in 1..layers {
            if self.perturbs() || self.noisy_activations {
                assert_eq!(inp.xi[i - 1].len(), samples * self.sizes[i]);
            }
            if self.rule == Rule::Mirror {
                assert_eq!(inp.mirror_xi[i - 1].len(), samples * self.sizes[i]);
            }
            if !matches!(self.rule, Rule::Bp | Rule::Perturb) {
                assert_eq!(state.fb[i].len(), self.sizes[self.source(i)] * self.sizes[i]);
            }
        }
    }
}

#[derive(Clone, Debug)]
pub struct State {
    pub w: Vec<Vec<f64>>,
    pub b: Vec<Vec<f64>>,
    pub fb: Vec<Vec<f64>>,
    /// `Sign`: M (its absolute value is used), indexed and shaped as `fb`.
    pub magnitudes: Vec<Vec<f64>>,
    /// Number of Adam steps taken.
    pub adam_t: u64,
    pub adam_m_w: Vec<Vec<f64>>,
    pub adam_v_w: Vec<Vec<f64>>,
    pub adam_m_b: Vec<Vec<f64>>,
    pub adam_v_b: Vec<Vec<f64>>,
    /// Ridge: running `gamma I + sum e e^T`, indexed as `fb`.
    pub ridge_v: Vec<Vec<f64>>,
    /// Ridge: running `sum e target^T`, indexed and shaped as `fb`.
    pub ridge_s: Vec<Vec<f64>>,
}

impl State {
    /// Adam at rest, ridge sums at `V = gamma I`, `S = 0`, M = the given B.
    pub fn new(spec: &Spec, w: Vec<Vec<f64>>, b: Vec<Vec<f64>>, fb: Vec<Vec<f64>>) -> State {
        let zeros = |of: &Vec<Vec<f64>>| -> Vec<Vec<f64>> {
            of.iter().map(|m| vec![0.0; m.len()]).collect()
        };
        let mut ridge_v = vec![Vec::new(); spec.layers()];
        for i in 1..=spec.hidden() {
            let n = spec.sizes[spec.source(i)];
            ridge_v[i] = vec![0.0; n * n];
            for j in 0..n {
                ridge_v[i][j * n + j] = spec.gamma;
            }
        }
        State {
            adam_t: 0,
            adam_m_w: zeros(&w),
            adam_v_w: zeros(&w),
            adam_m_b: zeros(&b),
            adam_v_b: zeros(&b),
            ridge_v,
            ridge_s: zeros(&fb),
            magnitudes: fb.clone(),
            w,
            b,
            fb,
        }
    }

    /// Gaussian start: W and B of variance 2/n_in, biases of standard deviation 0.1.
    pub fn random(spec: &Spec, rng: &mut Rng) -> State {
        let layers = spec.layers();
        let (mut w, mut b, mut fb) = (Vec::new(), Vec::new(), vec![Vec::new(); layers]);
        for l in 1..=layers {
            let scale = (2.0 / spec.sizes[l - 1] as f64).sqrt();
            w.push(rng.gaussians(spec.sizes[l] * spec.sizes[l - 1], scale));
            b.push(rng.gaussians(spec.sizes[l], 0.1));
        }
        for i in 1..layers {
            let scale = (2.0 / spec.sizes[i] as f64).sqrt();
            fb[i] = rng.gaussians(spec.sizes[spec.source(i)] * spec.sizes[i], scale);
        }
        State::new(spec, w, b, fb)
    }
}

#[derive(Clone, Debug)]
pub struct Inputs {
    /// T x n_0
    pub x: Vec<f64>,
    /// T x n_L
    pub y: Vec<f64>,
    /// Unit-variance noise; read by the perturbation rules and `noisy_activations`.
    pub xi: Vec<Vec<f64>>,
    /// Unit-variance noise of `Mirror`, indexed as `xi`.
    pub mirror_xi: Vec<Vec<f64>>,
}

impl Inputs {
    /// T
    pub fn samples(&self, spec: &Spec) -> usize {
        self.x.len() / spec.sizes[0]
    }

    /// Gaussian inputs and noise; Gaussian targets, one-hot under cross-entropy.
    pub fn random(spec: &Spec, samples: usize, rng: &mut Rng) -> Inputs {
        let p = spec.sizes[spec.layers()];
        let x = rng.gaussians(samples * spec.sizes[0], 1.0);
        let mut y = rng.gaussians(samples * p, 1.0);
        if spec.loss == Loss::CrossEntropy {
            y = vec![0.0; samples * p];
            for t in 0..samples {
                let class = ((rng.uniform() * p as f64) as usize).min(p - 1);
                y[t * p + class] = 1.0;
            }
        }
        let mut noise = || -> Vec<Vec<f64>> {
            (1..=spec.hidden()).map(|i| rng.gaussians(samples * spec.sizes[i], 1.0)).collect()
        };
        let xi = noise();
        let mirror_xi = noise();
        Inputs { x, y, xi, mirror_xi }
    }
}

/// Everything a step computed. Vectors that a rule does not have are empty.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// `h[l]`, l = 0..L: what the next layer receives in the training pass
    /// (with `noisy_activations`: noise included).
    pub h: Vec<Vec<f64>>,
    /// `a[l]` = act(z^l), before any added noise; `a[0]` = input.
    pub a: Vec<Vec<f64>>,
    /// `h~[l]` of the second, noisy pass (perturbation rules).
    pub h_noisy: Vec<Vec<f64>>,
    /// Per sample, training pass.
    pub loss: Vec<f64>,
    /// Per sample, second noisy pass.
    pub loss_noisy: Vec<f64>,
    /// Per sample, `L~ - L`.
    pub diff: Vec<f64>,
    /// The difference that entered lambda_hat: `diff`, or its batch sum in each place.
    pub diff_used: Vec<f64>,
    /// dL/dh^i by exact backpropagation.
    pub lambda_true: Vec<Vec<f64>>,
    /// The term that entered e^i: by B; for `Bp` the true one, for `Perturb` the estimate.
    pub lambda_synth: Vec<Vec<f64>>,
    /// `(L~ - L) xi^i / c_h` (perturbation rules).
    pub lambda_hat: Vec<Vec<f64>>,
    /// Errors by exact backpropagation.
    pub e_true: Vec<Vec<f64>>,
    /// Errors that W and b learned from.
    pub e: Vec<Vec<f64>>,
    /// Batch-sum gradient `sum_t e^l (h^{l-1})^T`, before rate and optimizer.
    pub dw: Vec<Vec<f64>>,
    /// Batch-sum gradient `sum_t e^l`.
    pub db: Vec<Vec<f64>>,
    /// Change of B made in this step, B(after) - B(used in this step).
    pub dfb: Vec<Vec<f64>>,
}

// ---------------------------------------------------------------------------
// Small pieces
// ---------------------------------------------------------------------------

/// Row t of a row-major batch with `n` columns.
pub fn row(batch: &[f64], t: usize, n: usize) -> &[f64] {
    &batch[t * n..(t + 1) * n]
}

/// `M v`, M: rows x v.len()
pub fn mat_vec(m: &[f64], v: &[f64]) -> Vec<f64> {
    let cols = v.len();
    let rows = m.len() / cols;
    let mut out = vec![0.0; rows];
    for r in 0..rows {
        for c in 0..cols {
            out[r] += m[r * cols + c] * v[c];
        }
    }
    out
}

/// `M^T v`, M: v.len() x cols
pub fn mat_t_vec(m: &[f64], v: &[f64]) -> Vec<f64> {
    let rows = v.len();
    let cols = m.len() / rows;
    let mut out = vec![0.0; cols];
    for r in 0..rows {
        for c in 0..cols {
            out[c] += m[r * cols + c] * v[r];
        }
    }
    out
}

/// `M += u v^T`, M: u.len() x v.len()
pub fn add_outer(m: &mut [f64], u: &[f64], v: &[f64]) {
    for r in 0..u.len() {
        for c in 0..v.len() {
            m[r * v.len() + c] += u[r] * v[c];
        }
    }
}

/// X with `A X = R`, A: n x n, R: n x k. Gaussian elimination, partial pivoting.
pub fn solve(a: &[f64], rhs: &[f64], n: usize) -> Vec<f64> {
    let k = rhs.len() / n;
    let (mut a, mut x) = (a.to_vec(), rhs.to_vec());
    for col in 0..n {
        let mut pivot = col;
        for r in col + 1..n {
            if a[r * n + col].abs() > a[pivot * n + col].abs() {
                pivot = r;
            }
        }
        assert!(a[pivot * n + col] != 0.0, "singular matrix");
        for c in 0..n {
            a.swap(col * n + c, pivot * n + c);
        }
        for c in 0..k {
            x.swap(col * k + c, pivot * k + c);
        }
        for r in col + 1..n {
            let f = a[r * n + col] / a[col * n + col];
            for c in 0..n {
                a[r * n + c] -= f * a[col * n + c];
            }
            for c in 0..k {
                x[r * k + c] -= f * x[col * k + c];
            }
        }
    }
    for r in (0..n).rev() {
        for c in 0..k {
            let mut sum = x[r * k + c];
            for q in r + 1..n {
                sum -= a[r * n + q] * x[q * k + c];
            }
            x[r * k + c] = sum / a[r * n + r];
        }
    }
    x
}

/// sigma(z), one sample.
pub fn activate(act: Act, z: &[f64]) -> Vec<f64> {
    match act {
        Act::Identity => z.to_vec(),
        Act::Sigmoid => z.iter().map(|v| 1.0 / (1.0 + (-v).exp())).collect(),
        Act::Tanh => z.iter().map(|v| v.tanh()).collect(),
        Act::Relu => z.iter().map(|v| if *v > 0.0 { *v } else { 0.0 }).collect(),
        Act::Softmax => {
            let top = z.iter().fold(f64::NEG_INFINITY, |m, v| m.max(*v));
            let total: f64 = z.iter().map(|v| (v - top).exp()).sum();
            z.iter().map(|v| (v - top).exp() / total).collect()
        }
    }
}

/// sigma'(z) from the output value `a = sigma(z)`.
pub fn derivative(act: Act, a: f64) -> f64 {
    match act {
        Act::Identity => 1.0,
        Act::Sigmoid => a * (1.0 - a),
        Act::Tanh => 1.0 - a * a,
        Act::Relu => {
            if a > 0.0 {
                1.0
            } else {
                0.0
            }
        }
        Act::Softmax => panic!("softmax has no elementwise derivative"),
    }
}

/// sign(0) = 0.
pub fn sign(v: f64) -> f64 {
    if v > 0.0 {
        1.0
    } else if v < 0.0 {
        -1.0
    } else {
        0.0
    }
}

/// L(yhat, y), one sample.
pub fn sample_loss(loss: Loss, yhat: &[f64], y: &[f64]) -> f64 {
    let mut sum = 0.0;
    for k in 0..y.len() {
        match loss {
            Loss::SquaredError => sum += 0.5 * (yhat[k] - y[k]) * (yhat[k] - y[k]),
            Loss::CrossEntropy if y[k] != 0.0 => sum -= y[k] * yhat[k].ln(),
            Loss::CrossEntropy => {}
        }
    }
    sum
}

/// e^L, one sample: dL/dyhat o sigma'(z^L); for softmax and cross-entropy p - y.
pub fn output_error(spec: &Spec, yhat: &[f64], y: &[f64]) -> Vec<f64> {
    let act = spec.act(spec.layers());
    let mut e = vec![0.0; y.len()];
    for k in 0..y.len() {
        e[k] = match spec.loss {
            Loss::SquaredError => (yhat[k] - y[k]) * derivative(act, yhat[k]),
            Loss::CrossEntropy => yhat[k] - y[k],
        };
    }
    e
}

/// One pass of one sample. `a[l]` = sigma(W^l h^{l-1} + b^l); `h[l]` = `a[l]`,
/// plus `c_h xi^l` on hidden layers when `noise` = (all xi, this sample) is given.
pub fn forward(
    spec: &Spec,
    state: &State,
    x: &[f64],
    noise: Option<(&[Vec<f64>], usize)>,
) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
    let mut a = vec![x.to_vec()];
    let mut h = vec![x.to_vec()];
    for l in 1..=spec.layers() {
        let mut z = mat_vec(&state.w[l - 1], &h[l - 1]);
        for j in 0..z.len() {
            z[j] += state.b[l - 1][j];
        }
        let al = activate(spec.act(l), &z);
        let mut hl = al.clone();
        if let Some((xi, t)) = noise
            && l < spec.layers()
        {
            let xi_t = row(&xi[l - 1], t, hl.len());
            for j in 0..hl.len() {
                hl[j] += spec.c_h * xi_t[j];
            }
        }
        a.push(al);
        h.push(hl);
    }
    (a, h)
}

// ---------------------------------------------------------------------------
// One training step
// ---------------------------------------------------------------------------

pub fn step(spec: &Spec, state: &mut State, inp: &Inputs) -> Trace {
    spec.check(state, inp);
    let layers = spec.layers();
    let hidden = spec.hidden();
    let samples = inp.samples(spec);
    let n = &spec.sizes;
    let mut tr = Trace {
        h: vec![Vec::new(); layers + 1],
        a: vec![Vec::new(); layers + 1],
        lambda_true: vec![Vec::new(); hidden],
        lambda_synth: vec![Vec::new(); hidden],
        e_true: vec![Vec::new(); layers],
        e: vec![Vec::new(); layers],
        ..Trace::default()
    };

    // Sign: B = |M| o sign(W), from the W this step starts with.
    if spec.rule == Rule::Sign {
        for i in 1..=hidden {
            for q in 0..state.fb[i].len() {
                state.fb[i][q] = state.magnitudes[i][q].abs() * sign(state.w[i][q]);
            }
        }
    }

    // 1. Forward pass(es) and losses.
    for t in 0..samples {
        let x = row(&inp.x, t, n[0]);
        let y = row(&inp.y, t, n[layers]);
        let noise = spec.noisy_activations.then_some((&inp.xi[..], t));
        let (a, h) = forward(spec, state, x, noise);
        tr.loss.push(sample_loss(spec.loss, &h[layers], y));
        for l in 0..=layers {
            tr.a[l].extend(&a[l]);
            tr.h[l].extend(&h[l]);
        }
        if spec.perturbs() {
            let (_, h_noisy) = forward(spec, state, x, Some((&inp.xi[..], t)));
            tr.loss_noisy.push(sample_loss(spec.loss, &h_noisy[layers], y));
            tr.diff.push(tr.loss_noisy[t] - tr.loss[t]);
            tr.h_noisy.resize(layers + 1, Vec::new());
            for l in 0..=layers {
                tr.h_noisy[l].extend(&h_noisy[l]);
            }
        }
    }

    // 2. Node-perturbation estimate, lambda_hat^i = (L~ - L) xi^i / c_h.
    if spec.perturbs() {
        let batch_sum: f64 = tr.diff.iter().sum();
        for t in 0..samples {
            let d = if spec.per_batch_difference { batch_sum } else { tr.diff[t] };
            tr.diff_used.push(d);
        }
        tr.lambda_hat = vec![Vec::new(); hidden];
        for i in 1..=hidden {
            for t in 0..samples {
                for xi in row(&inp.xi[i - 1], t, n[i]) {
                    tr.lambda_hat[i - 1].push(tr.diff_used[t] * xi / spec.c_h);
                }
            }
        }
    }

    // 3. Errors, from the top down, with the W and B this step started with.
    for t in 0..samples {
        let y = row(&inp.y, t, n[layers]);
        let yhat = row(&tr.h[layers], t, n[layers]);
        let e_out = output_error(spec, yhat, y);
        tr.e_true[layers - 1].extend(&e_out);
        tr.e[layers - 1].extend(&e_out);

        let mut e_true_above = e_out.clone(); // e^{i+1}, exact
        let mut e_above = e_out.clone(); // e~^{i+1}, the rule's
        for i in (1..=hidden).rev() {
            // Exact: lambda^i = (W^{i+1})^T e^{i+1}
            let lambda_true = mat_t_vec(&state.w[i], &e_true_above);
            // The rule's: lambda~^i = g(...)
            let lambda = match spec.rule {
                Rule::Bp => lambda_true.clone(),
                Rule::Fa | Rule::Np | Rule::Sg | Rule::Matched | Rule::Sign | Rule::Mirror => {
                    mat_t_vec(&state.fb[i], &e_above)
                }
                Rule::Dfa | Rule::NpDfa | Rule::SgDfa => mat_t_vec(&state.fb[i], &e_out),
                Rule::Perturb => row(&tr.lambda_hat[i - 1], t, n[i]).to_vec(),
            };
            // e^i = lambda^i o sigma'(z^i)
            let a = row(&tr.a[i], t, n[i]);
            let through = |lam: &[f64]| -> Vec<f64> {
                (0..n[i]).map(|j| lam[j] * derivative(spec.act(i), a[j])).collect()
            };
            e_true_above = through(&lambda_true);
            e_above = through(&lambda);
            tr.lambda_true[i - 1].extend(&lambda_true);
            tr.lambda_synth[i - 1].extend(&lambda);
            tr.e_true[i - 1].extend(&e_true_above);
            tr.e[i - 1].extend(&e_above);
        }
    }

    // 4. Gradients of W and b: sum_t e^l (h^{l-1})^T and sum_t e^l.
    for l in 1..=layers {
        let mut dw = vec![0.0; n[l] * n[l - 1]];
        let mut db = vec![0.0; n[l]];
        for t in 0..samples {
            let e = row(&tr.e[l - 1], t, n[l]);
            add_outer(&mut dw, e, row(&tr.h[l - 1], t, n[l - 1]));
            add_outer(&mut db, e, &[1.0]);
        }
        tr.dw.push(dw);
        tr.db.push(db);
    }

    // 5. Feedback updates, still with the W this step started with.
    let fb_before = state.fb.clone();
    for i in 1..=hidden {
        if spec.fits_feedback() {
            let exact = matches!(spec.rule, Rule::Sg | Rule::SgDfa);
            let target = if exact { &tr.lambda_true[i - 1] } else { &tr.lambda_hat[i - 1] };
            let s = spec.source(i);
            let e = &tr.e[s - 1];
            match spec.feedback {
                // B <- B - eta_B sum_t e (B^T e - target)^T
                Feedback::Sgd => {
                    let mut grad = vec![0.0; n[s] * n[i]];
                    for t in 0..samples {
                        let e_t = row(e, t, n[s]);
                        let mut residual = mat_t_vec(&state.fb[i], e_t);
                        for j in 0..n[i] {
                            residual[j] -= row(target, t, n[i])[j];
                        }
                        add_outer(&mut grad, e_t, &residual);
                    }
                    for q in 0..grad.len() {
                        state.fb[i][q] -= spec.eta_b * grad[q];
                    }
                }
                // V += sum_t e e^T;  S += sum_t e target^T;  B = V^{-1} S
                Feedback::Ridge => {
                    for t in 0..samples {
                        let e_t = row(e, t, n[s]);
                        add_outer(&mut state.ridge_v[i], e_t, e_t);
                        add_outer(&mut state.ridge_s[i], e_t, row(target, t, n[i]));
                    }
                    state.fb[i] = solve(&state.ridge_v[i], &state.ridge_s[i], n[s]);
                }
            }
        }
        if spec.rule == Rule::Mirror {
            // y = sigma(W^{i+1} (c_h xi) + b^{i+1});
            // B <- (1 - eta_B) B + eta_B / (T c_h) sum_t y xi^T
            let mut correlation = vec![0.0; n[i + 1] * n[i]];
            for t in 0..samples {
                let xi = row(&inp.mirror_xi[i - 1], t, n[i]);
                let sent: Vec<f64> = xi.iter().map(|v| spec.c_h * v).collect();
                let mut z = mat_vec(&state.w[i], &sent);
                for j in 0..n[i + 1] {
                    z[j] += state.b[i][j];
                }
                let act = match spec.act(i + 1) {
                    Act::Softmax => Act::Identity,
                    other => other,
                };
                add_outer(&mut correlation, &activate(act, &z), xi);
            }
            for q in 0..correlation.len() {
                state.fb[i][q] = (1.0 - spec.eta_b) * state.fb[i][q]
                    + spec.eta_b / (samples as f64 * spec.c_h) * correlation[q];
            }
        }
    }

    // 6. W and b; Matched: B gets W's increment, W and B decay, b does not.
    if spec.update_w {
        let (inc_w, inc_b) = increments(spec, state, &tr);
        let keep = if spec.rule == Rule::Matched { 1.0 - spec.kappa } else { 1.0 };
        for l in 1..=layers {
            for q in 0..state.w[l - 1].len() {
                state.w[l - 1][q] = keep * state.w[l - 1][q] + inc_w[l - 1][q];
            }
            for q in 0..state.b[l - 1].len() {
                state.b[l - 1][q] += inc_b[l - 1][q];
            }
        }
        if spec.rule == Rule::Matched {
            for i in 1..=hidden {
                for q in 0..state.fb[i].len() {
                    state.fb[i][q] = keep * state.fb[i][q] + inc_w[i][q];
                }
            }
        }
    }

    for i in 0..state.fb.len() {
        tr.dfb.push((0..state.fb[i].len()).map(|q| state.fb[i][q] - fb_before[i][q]).collect());
    }
    tr
}

/// What the optimizer adds to W and to b.
fn increments(spec: &Spec, state: &mut State, tr: &Trace) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
    match spec.optimizer {
        Optim::Sgd => {
            let descend = |g: &Vec<Vec<f64>>| -> Vec<Vec<f64>> {
                g.iter().map(|m| m.iter().map(|v| -spec.eta_w * v).collect()).collect()
            };
            (descend(&tr.dw), descend(&tr.db))
        }
        Optim::Adam => {
            state.adam_t += 1;
            let t = state.adam_t;
            let (mut inc_w, mut inc_b) = (Vec::new(), Vec::new());
            for l in 0..spec.layers() {
                inc_w.push(adam(
                    spec.eta_w,
                    t,
                    &tr.dw[l],
                    &mut state.adam_m_w[l],
                    &mut state.adam_v_w[l],
                ));
                inc_b.push(adam(
                    spec.eta_w,
                    t,
                    &tr.db[l],
                    &mut state.adam_m_b[l],
                    &mut state.adam_v_b[l],
                ));
            }
            (inc_w, inc_b)
        }
    }
}

/// Kingma and Ba (2015), algorithm 1.
fn adam(eta: f64, t: u64, g: &[f64], m: &mut [f64], v: &mut [f64]) -> Vec<f64> {
    let (beta1, beta2, eps) = (0.9_f64, 0.999_f64, 1e-8_f64);
    let mut inc = vec![0.0; g.len()];
    for q in 0..g.len() {
        m[q] = beta1 * m[q] + (1.0 - beta1) * g[q];
        v[q] = beta2 * v[q] + (1.0 - beta2) * g[q] * g[q];
        let m_hat = m[q] / (1.0 - beta1.powf(t as f64));
        let v_hat = v[q] / (1.0 - beta2.powf(t as f64));
        inc[q] = -eta * m_hat / (v_hat.sqrt() + eps);
    }
    inc
}

// ---------------------------------------------------------------------------
// Gradients without backpropagation
// ---------------------------------------------------------------------------

/// Loss of the training pass, summed over the batch.
pub fn total_loss(spec: &Spec, state: &State, inp: &Inputs) -> f64 {
    let layers = spec.layers();
    let mut sum = 0.0;
    for t in 0..inp.samples(spec) {
        let noise = spec.noisy_activations.then_some((&inp.xi[..], t));
        let (_, h) = forward(spec, state, row(&inp.x, t, spec.sizes[0]), noise);
        sum += sample_loss(spec.loss, &h[layers], row(&inp.y, t, spec.sizes[layers]));
    }
    sum
}

/// Central differences of `total_loss` with respect to every W and b.
pub fn finite_difference_gradient(
    spec: &Spec,
    state: &State,
    inp: &Inputs,
) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
    let delta = 1e-5;
    let mut st = state.clone();
    let (mut dw, mut db) = (Vec::new(), Vec::new());
    for l in 0..spec.layers() {
        let mut gw = vec![0.0; st.w[l].len()];
        for q in 0..gw.len() {
            st.w[l][q] = state.w[l][q] + delta;
            let up = total_loss(spec, &st, inp);
            st.w[l][q] = state.w[l][q] - delta;
            let down = total_loss(spec, &st, inp);
            st.w[l][q] = state.w[l][q];
            gw[q] = (up - down) / (2.0 * delta);
        }
        let mut gb = vec![0.0; st.b[l].len()];
        for q in 0..gb.len() {
            st.b[l][q] = state.b[l][q] + delta;
            let up = total_loss(spec, &st, inp);
            st.b[l][q] = state.b[l][q] - delta;
            let down = total_loss(spec, &st, inp);
            st.b[l][q] = state.b[l][q];
            gb[q] = (up - down) / (2.0 * delta);
        }
        dw.push(gw);
        db.push(gb);
    }
    (dw, db)
}

/// dL/dh^i per sample by central differences, for the noise-free pass:
/// h^i is displaced and sent through the layers above. Indexed as `lambda_true`.
pub fn finite_difference_lambda(spec: &Spec, state: &State, inp: &Inputs) -> Vec<Vec<f64>> {
    let delta = 1e-5;
    let layers = spec.layers();
    let from = |i: usize, hi: &[f64], y: &[f64]| -> f64 {
        let mut h = hi.to_vec();
        for l in i + 1..=layers {
            let mut z = mat_vec(&state.w[l - 1], &h);
            for j in 0..z.len() {
                z[j] += state.b[l - 1][j];
            }
            h = activate(spec.act(l), &z);
        }
        sample_loss(spec.loss, &h, y)
    };
    let mut lambda = vec![Vec::new(); spec.hidden()];
    for t in 0..inp.samples(spec) {
        let y = row(&inp.y, t, spec.sizes[layers]);
        let (_, h) = forward(spec, state, row(&inp.x, t, spec.sizes[0]), None);
        for i in 1..=spec.hidden() {
            for j in 0..spec.sizes[i] {
                let (mut up, mut down) = (h[i].clone(), h[i].clone());
                up[j] += delta;
                down[j] -= delta;
                lambda[i - 1].push((from(i, &up, y) - from(i, &down, y)) / (2.0 * delta));
            }
        }
    }
    lambda
}

// ---------------------------------------------------------------------------
// Random numbers for tests (SplitMix64, Box-Muller); not the crate's streams
// ---------------------------------------------------------------------------

pub struct Rng(pub u64);

impl Rng {
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
    /// In (0, 1).
    pub fn uniform(&mut self) -> f64 {
        ((self.next_u64() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }
    pub fn gaussian(&mut self) -> f64 {
        let radius = (-2.0 * self.uniform().ln()).sqrt();
        radius * (2.0 * std::f64::consts::PI * self.uniform()).cos()
    }
    pub fn gaussians(&mut self, count: usize, scale: f64) -> Vec<f64> {
        (0..count).map(|_| scale * self.gaussian()).collect()
    }
}
