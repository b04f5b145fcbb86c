//! Every kernel in `kernels::ALL`: the fast f32 version, in both arithmetics, against the slow f64 one on the same
//! f32 numbers, at shapes on and off every tile. Outputs start as NaN, so that nothing can be left unwritten.
//! A kernel without a case here fails the test.

#![cfg(not(target_arch = "wasm32"))] // the browser is compared bit for bit with the host in web.rs
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

mod common;

use common::{random_data, uniform};
use credit_lab::data::{Dataset, Split};
use credit_lab::exec::Executor;
use credit_lab::kernels::activation::Activation;
use credit_lab::kernels::loss::Loss;
use credit_lab::kernels::{
    ALL, adam, add_scaled, adjoint, alignment, batch_sum, column_sum, conv, dense, dropout, gate,
    gather, loss, noise, outer, output_error, pool, ridge, row_scale, running_sum, sign_transport,
};
use credit_lab::plan::{
    Access, Arithmetic, Buf, Clock, Env, Hyper, Init, Kernel, Role, Scalar, Source, Tape,
};
use std::sync::Arc;

/// Unit roundoff of f32. First-order bounds below; the second order is K u times smaller still.
const U: f64 = 1.0 / 16_777_216.0;
/// Smallest normal f32: what may be lost to underflow.
const TINY: f64 = f32::MIN_POSITIVE as f64;
const BOTH: [Arithmetic; 2] = [Arithmetic::Reproducible, Arithmetic::Fast];

/// Values of the two scalars that kernels under test are given, through rates a `ScalarFn` can see.
#[derive(Debug, Clone, Copy)]
struct Scalars(f64, f64);

/// One kernel on given operands.
struct Bench {
    tape: Tape,
    bufs: Vec<(Buf, Vec<f32>)>,
    scalars: Scalars,
    env: Env,
}

/// Operand contents after a run, in f32 and f64.
struct Outcome {
    fast: Vec<Vec<f32>>,
    exact: Vec<Vec<f64>>,
}

impl Bench {
    fn new(scalars: Scalars) -> Self {
        let env = Env { seed: 5, step: 3, source: Source::Shuffled, offset: 0 };
        Self { tape: Tape::new(), bufs: Vec::new(), scalars, env }
    }

    fn operand(&mut self, rows: usize, cols: usize, values: Vec<f32>) -> Buf {
        assert_eq!(values.len(), rows * cols);
        let label = format!("operand {}", self.bufs.len());
        let buf = self.tape.declare(label, rows, cols, Role::Weight, Init::Zero);
        self.bufs.push((buf, values));
        buf
    }

    /// Numbers in [-1, 1).
    fn random(&mut self, rows: usize, cols: usize) -> Buf {
        let sequence = self.bufs.len() as u32 + 10;
        let values = uniform((rows * 1000 + cols) as u64, sequence, rows * cols);
        self.operand(rows, cols, values.iter().map(|u| (2.0 * u - 1.0) as f32).collect())
    }

    fn unwritten(&mut self, rows: usize, cols: usize) -> Buf {
        self.operand(rows, cols, vec![f32::NAN; rows * cols])
    }

    fn first(&mut self) -> Scalar {
        self.tape.scalar("first", |h, _| h.eta_w)
    }

    fn second(&mut self) -> Scalar {
        self.tape.scalar("second", |h, _| h.eta_b)
    }

    fn run(mut self, arithmetic: Arithmetic) -> Outcome {
        let plan = self.tape.end_plan();
        let program = Arc::new(self.tape.finish().unwrap());
        let data = random_data(28, 28, 10, 1);
        let Scalars(eta_w, eta_b) = self.scalars;
        let hyper = Hyper { eta_w, eta_b, c_h: 0.0, kappa: 0.0, input_noise: 0.0 };
        let clock = Clock { step: self.env.step, updates: 0, batch: 1 };
        let mut fast = Executor::<f32>::new(program.clone(), data.clone(), 1, arithmetic);
        let mut exact = Executor::<f64>::new(program, data, 1, arithmetic);
        for (buf, values) in &self.bufs {
            fast.write(*buf).copy_from_slice(values);
            exact.write(*buf).iter_mut().zip(values).for_each(|(x, v)| *x = f64::from(*v));
        }
        fast.run(plan, &self.env, &hyper, &clock, |_| false);
        exact.run(plan, &self.env, &hyper, &clock, |_| false);
        Outcome {
            fast: self.bufs.iter().map(|(buf, _)| fast.read(*buf).to_vec()).collect(),
            exact: self.bufs.iter().map(|(buf, _)| exact.read(*buf).to_vec()).collect(),
        }
    }
}

/// Every entry of operand `i` within its own bound; returns the largest share of a bound that was used.
fn within(outcome: &Outcome, i: usize, what: &str, bound: impl Fn(usize) -> f64) -> f64 {
    let mut worst = 0.0f64;
    for (at, (a, b)) in outcome.fast[i].iter().zip(&outcome.exact[i]).enumerate() {
        let (error, bound) = ((f64::from(*a) - b).abs(), bound(at) + TINY);
        assert!(
            error <= bound,
            "{what}, operand {i}, entry {at}: {a}, exactly {b}, bound {bound:.1e}"
        );
        worst = worst.max(error / bound);
    }
    worst
}

/// |a| of operand `i` at `at`.
fn size(outcome: &Outcome, i: usize, at: usize) -> f64 {
    outcome.exact[i][at].abs()
}

const ACTIVATIONS: [Activation; 5] = [
    Activation::Identity,
    Activation::Sigmoid,
    Activation::Tanh,
    Activation::Relu,
    Activation::Softmax,
];

/// (rows, columns, depth), each size on its own axis at least once in every role.
const SHAPES: [(usize, usize, usize); 14] = [
    (1, 1, 1),
    (1, 7, 784),
    (7, 1, 9),
    (8, 16, 32),
    (9, 8, 7),
    (16, 31, 33),
    (31, 33, 1),
    (32, 200, 784),
    (32, 2, 200),
    (32, 200, 2),
    (33, 9, 64),
    (64, 64, 16),
    (7, 784, 31),
    (32, 784, 200),
];

/// Lengths of elementwise operands.
const LENGTHS: [usize; 10] = [1, 7, 8, 9, 16, 31, 33, 64, 200, 784];

// z: a sum of K products and a bias, |err| <= 2 (K + 1) u sum |.|. act has slopes of at most 1 (softmax: the
// largest error of the row moves p by at most 2 p of it) and its own error: at most 4 ulp = 8 u of the value, which
// is at most 1 where it is a polynomial. Noise: one product and one sum.
fn dense_case(arithmetic: Arithmetic) -> f64 {
    let mut worst = 0.0f64;
    for (n, m, depth) in SHAPES {
        for act in ACTIVATIONS {
            for noisy in [false, true] {
                let mut b = Bench::new(Scalars(0.375, 0.0));
                let h = b.unwritten(n, m);
                let (x, w, bias) = (b.random(n, depth), b.random(m, depth), b.random(m, 1));
                let noise = noisy.then(|| (b.random(n, m), b.first()));
                dense::record(&mut b.tape, "dense", (h, x), (w, bias), act, noise);
                let o = b.run(arithmetic);
                let (x, w, bias) = (&o.exact[1], &o.exact[2], &o.exact[3]);
                let sums: Vec<f64> = (0..n * m)
                    .map(|at| {
                        let (row, unit) = (at / m, at % m);
                        let products =
                            x[row * depth..][..depth].iter().zip(&w[unit * depth..][..depth]);
                        bias[unit].abs() + products.map(|(x, w)| (x * w).abs()).sum::<f64>()
                    })
                    .collect();
                let z = |at: usize| 2.0 * (depth + 1) as f64 * U * sums[at];
                let what =
                    format!("dense {n}x{m}, depth {depth}, {act:?}, noise {noisy}, {arithmetic:?}");
                worst = worst.max(within(&o, 0, &what, |at| {
                    let added = if noisy { 0.375 * size(&o, 4, at) } else { 0.0 };
                    let a = size(&o, 0, at) + added;
                    let own = match act {
                        Activation::Identity | Activation::Relu => z(at),
                        Activation::Sigmoid | Activation::Tanh => z(at) + 8.0 * U,
                        Activation::Softmax => {
                            let row = at / m * m;
                            let z = (row..row + m).map(z).fold(0.0, f64::max);
                            // the row's largest entry is taken off first, and the total is a sum of m
                            a * (2.0 * z + (2 * m + 12) as f64 * U) + 4.0 * sums[at] * U * a
                        }
                    };
                    own + 2.0 * U * (a + added)
                }));
            }
        }
    }
    worst
}

fn adjoint_case(arithmetic: Arithmetic) -> f64 {
    let mut worst = 0.0f64;
    for (n, columns, depth) in SHAPES {
        let mut b = Bench::new(Scalars(0.0, 0.0));
        let g = b.unwritten(n, columns);
        let (e, weights) = (b.random(n, depth), b.random(depth, columns));
        adjoint::record(&mut b.tape, "adjoint", g, e, weights);
        let o = b.run(arithmetic);
        let what = format!("adjoint {n}x{columns}, depth {depth}, {arithmetic:?}");
        worst = worst.max(within(&o, 0, &what, |at| {
            let (row, column) = (at / columns, at % columns);
            let terms = (0..depth)
                .map(|k| (o.exact[1][row * depth + k] * o.exact[2][k * columns + column]).abs());
            2.0 * depth as f64 * U * terms.sum::<f64>()
        }));
    }
    worst
}

/// (beta, alpha): overwrite, add, forget.
const FACTORS: [Scalars; 3] = [Scalars(0.0, 1.0), Scalars(1.0, -0.015_625), Scalars(0.75, 2.0)];

// K products, one factor, one more product and sum: 2 (K + 2) u of all magnitudes. beta = 0 must not read what was
// there, so that starts as NaN.
fn outer_case(arithmetic: Arithmetic) -> f64 {
    let mut worst = 0.0f64;
    for (m, columns, n) in SHAPES {
        for scalars in FACTORS {
            let Scalars(beta, alpha) = scalars;
            let mut b = Bench::new(scalars);
            let w = if beta == 0.0 { b.unwritten(m, columns) } else { b.random(m, columns) };
            let before = b.bufs[0].1.clone();
            let (e, h) = (b.random(n, m), b.random(n, columns));
            let (beta_s, alpha_s) = (b.first(), b.second());
            outer::record(&mut b.tape, "outer", w, (e, h), beta_s, alpha_s);
            let o = b.run(arithmetic);
            let what = format!("outer {m}x{columns}, {n} samples, {scalars:?}, {arithmetic:?}");
            worst = worst.max(within(&o, 0, &what, |at| {
                let (unit, column) = (at / columns, at % columns);
                let terms = (0..n)
                    .map(|s| (o.exact[1][s * m + unit] * o.exact[2][s * columns + column]).abs());
                let old = if beta == 0.0 { 0.0 } else { beta * f64::from(before[at]).abs() };
                2.0 * (n + 2) as f64 * U * (old + alpha.abs() * terms.sum::<f64>())
            }));
        }
    }
    worst
}

fn column_sum_case(arithmetic: Arithmetic) -> f64 {
    let mut worst = 0.0f64;
    for (n, m, _) in SHAPES {
        for scalars in FACTORS {
            let Scalars(beta, alpha) = scalars;
            let mut b = Bench::new(scalars);
            let target = if beta == 0.0 { b.unwritten(m, 1) } else { b.random(m, 1) };
            let before = b.bufs[0].1.clone();
            let e = b.random(n, m);
            let (beta_s, alpha_s) = (b.first(), b.second());
            column_sum::record(&mut b.tape, "sum", target, e, beta_s, alpha_s);
            let o = b.run(arithmetic);
            let what = format!("column_sum {n}x{m}, {scalars:?}, {arithmetic:?}");
            worst = worst.max(within(&o, 0, &what, |at| {
                let terms: f64 = o.exact[1].iter().skip(at).step_by(m).map(|e| e.abs()).sum();
                let old = if beta == 0.0 { 0.0 } else { beta * f64::from(before[at]).abs() };
                2.0 * (n + 2) as f64 * U * (old + alpha.abs() * terms)
            }));
        }
    }
    worst
}

fn batch_sum_case(arithmetic: Arithmetic) -> f64 {
    let mut worst = 0.0f64;
    for n in LENGTHS {
        let mut b = Bench::new(Scalars(0.0, 0.0));
        let out = b.unwritten(n, 1);
        let d = b.random(n, 1);
        batch_sum::record(&mut b.tape, "batch sum", out, d);
        let o = b.run(arithmetic);
        let total: f64 = o.exact[1].iter().map(|d| d.abs()).sum();
        let what = format!("batch_sum {n}, {arithmetic:?}");
        worst = worst.max(within(&o, 0, &what, |_| 2.0 * n as f64 * U * total));
    }
    worst
}

// Two or three roundings an entry; the constants .9, .1, .999, .001 are rounded too.
fn adam_case(arithmetic: Arithmetic) -> f64 {
    let mut worst = 0.0f64;
    for n in LENGTHS {
        let mut b = Bench::new(Scalars(0.01, 3.0));
        let (w, m, v, g) = (b.random(n, 1), b.random(n, 1), b.random(n, 1), b.random(n, 1));
        b.bufs[2].1.iter_mut().for_each(|v| *v = v.abs());
        // an untouched weight: 0 / (0 + epsilon)
        (b.bufs[1].1[0], b.bufs[2].1[0], b.bufs[3].1[0]) = (0.0, 0.0, 0.0);
        let before: Vec<Vec<f64>> = b
            .bufs
            .iter()
            .map(|(_, values)| values.iter().map(|x| f64::from(*x)).collect())
            .collect();
        let (rate, correction) = (b.first(), b.second());
        adam::record(&mut b.tape, "adam", w, (m, v), g, rate, correction);
        let o = b.run(arithmetic);
        let what = format!("adam {n}, {arithmetic:?}");
        worst = worst.max(within(&o, 1, &what, |at| {
            4.0 * U * (0.9 * before[1][at].abs() + 0.1 * before[3][at].abs())
        }));
        let v_error =
            |at: usize| 5.0 * U * (0.999 * before[2][at] + 0.001 * before[3][at] * before[3][at]);
        worst = worst.max(within(&o, 2, &what, v_error));
        worst = worst.max(within(&o, 0, &what, |at| {
            // m's own error (of its magnitudes, since its two terms may cancel), v's, and six roundings
            let denominator = o.exact[2][at].sqrt() * 3.0 + 1e-8;
            let m_error = 4.0 * U * (0.9 * before[1][at].abs() + 0.1 * before[3][at].abs());
            let moved = 0.01 * o.exact[1][at].abs() / denominator;
            0.01 * m_error / denominator + (5.0 + 6.0) * U * moved + 2.0 * U * before[0][at].abs()
        }));
        assert_eq!(o.fast[0][0], b_at(&before, 0), "{what}: no gradient, no change");
    }
    worst
}

fn b_at(before: &[Vec<f64>], operand: usize) -> f32 {
    before[operand][0] as f32
}

fn add_scaled_case(arithmetic: Arithmetic) -> f64 {
    let mut worst = 0.0f64;
    for n in LENGTHS {
        for with_a in [false, true] {
            let mut b = Bench::new(Scalars(-0.375, 0.0));
            let out = b.unwritten(1, n);
            let noise = b.random(1, n);
            let a = with_a.then(|| b.random(1, n));
            let s = b.first();
            add_scaled::record(&mut b.tape, "add", out, a, noise, s);
            let o = b.run(arithmetic);
            let what = format!("add_scaled {n}, a {with_a}, {arithmetic:?}");
            worst = worst.max(within(&o, 0, &what, |at| {
                let a = if with_a { size(&o, 2, at) } else { 0.0 };
                2.0 * U * (a + 0.375 * size(&o, 1, at))
            }));
        }
    }
    worst
}

fn running_sum_case(arithmetic: Arithmetic) -> f64 {
    let mut worst = 0.0f64;
    for n in LENGTHS {
        for large in [1.0f32, 1e6] {
            let mut b = Bench::new(Scalars(0.0, 0.0));
            let (sum, rest, term) = (b.random(1, n), b.random(1, n), b.random(1, n));
            b.bufs[0].1.iter_mut().for_each(|x| *x *= large);
            b.bufs[1].1.iter_mut().for_each(|x| *x *= 1e-7 * large);
            running_sum::record(&mut b.tape, "sum", sum, rest, term);
            let o = b.run(arithmetic);
            let what = format!("running_sum {n}, {large}, {arithmetic:?}");
            worst = worst.max(within(&o, 0, &what, |at| U * (size(&o, 0, at) + size(&o, 2, at))));
            // together they are as good as twice the digits
            for at in 0..n {
                let sum = f64::from(o.fast[0][at]) + f64::from(o.fast[1][at]);
                let bound = 1.01 * U * size(&o, 2, at);
                let off = (sum - o.exact[0][at]).abs();
                assert!(off <= bound, "{what}: {off} at {at}, bound {bound}");
            }
        }
    }
    worst
}

#[test]
fn a_running_sum_of_many_small_terms_is_as_good_as_one_of_doubles() {
    let terms: Vec<f32> = (0..1000).map(|i| 0.1 + 1e-3 * ((i * 37) % 101) as f32).collect();
    let mut b = Bench::new(Scalars(0.0, 0.0));
    let (sum, rest) = (b.random(1, 1), b.random(1, 1));
    let inputs: Vec<Buf> = terms.iter().map(|_| b.random(1, 1)).collect();
    b.bufs[0].1[0] = 1e6;
    b.bufs[1].1[0] = 0.0;
    for (i, term) in terms.iter().enumerate() {
        b.bufs[2 + i].1[0] = *term;
        running_sum::record(&mut b.tape, "sum", sum, rest, inputs[i]);
    }
    let o = b.run(Arithmetic::Reproducible);
    let exact = 1e6 + terms.iter().map(|x| f64::from(*x)).sum::<f64>();
    let plain = terms.iter().fold(1e6f32, |sum, x| sum + x);
    let found = f64::from(o.fast[0][0]);
    assert!((found - exact).abs() <= 1.01 * U * exact, "{found}, exactly {exact}");
    assert!((f64::from(plain) - exact).abs() > 10.0 * U * exact, "the test tests nothing");
}

fn row_scale_case(arithmetic: Arithmetic) -> f64 {
    let mut worst = 0.0f64;
    for (n, m, _) in SHAPES {
        for with_g in [false, true] {
            let mut b = Bench::new(Scalars(-50.0, 0.0));
            let out = b.unwritten(n, m);
            let (d, xi) = (b.random(n, 1), b.random(n, m));
            let g = with_g.then(|| b.random(n, m));
            let s = b.first();
            row_scale::record(&mut b.tape, "scale", out, d, xi, g, s);
            let o = b.run(arithmetic);
            let what = format!("row_scale {n}x{m}, g {with_g}, {arithmetic:?}");
            worst = worst.max(within(&o, 0, &what, |at| {
                let g = if with_g { size(&o, 3, at) } else { 0.0 };
                3.0 * U * (g + 50.0 * size(&o, 1, at / m) * size(&o, 2, at))
            }));
        }
    }
    worst
}

/// Operands that are values of `act`, with exact zeros for relu's edge.
fn activities(b: &mut Bench, act: Activation, n: usize, m: usize) -> Buf {
    let buf = b.random(n, m);
    let values = &mut b.bufs.last_mut().unwrap().1;
    values.iter_mut().for_each(|h| match act {
        Activation::Sigmoid | Activation::Softmax => *h = h.abs(),
        Activation::Relu => *h = h.max(0.0),
        _ => {}
    });
    buf
}

// Slopes: h (1 - h) and 1 - h^2 have two roundings of numbers up to 1; then one product.
fn gate_case(arithmetic: Arithmetic) -> f64 {
    let mut worst = 0.0f64;
    for n in LENGTHS {
        for act in ACTIVATIONS {
            let mut b = Bench::new(Scalars(0.0, 0.0));
            let (e, lambda) = (b.unwritten(1, n), b.random(1, n));
            let a = activities(&mut b, act, 1, n);
            gate::record(&mut b.tape, "gate", e, lambda, a, act);
            let o = b.run(arithmetic);
            let what = format!("gate {n} {act:?} {arithmetic:?}");
            worst = worst.max(within(&o, 0, &what, |at| 3.0 * U * size(&o, 1, at)));
        }
    }
    worst
}

fn output_error_case(arithmetic: Arithmetic) -> f64 {
    let mut worst = 0.0f64;
    for n in LENGTHS {
        for act in ACTIVATIONS {
            let mut b = Bench::new(Scalars(0.0, 0.0));
            let e = b.unwritten(1, n);
            let yhat = activities(&mut b, act, 1, n);
            let y = b.random(1, n);
            output_error::record(&mut b.tape, "e", e, yhat, y, act);
            let o = b.run(arithmetic);
            let what = format!("output_error {n} {act:?} {arithmetic:?}");
            worst = worst
                .max(within(&o, 0, &what, |at| 4.0 * U * (o.exact[1][at] - o.exact[2][at]).abs()));
        }
    }
    worst
}

const LOSSES: [Loss; 2] = [Loss::SquaredError, Loss::CrossEntropy];

/// A tensor of probabilities, or of anything, as the loss wants it.
fn outputs(b: &mut Bench, loss: Loss, n: usize, p: usize) -> Buf {
    let act = if loss == Loss::CrossEntropy { Activation::Sigmoid } else { Activation::Identity };
    activities(b, act, n, p)
}

// Squared error: a sum of p terms of three roundings. Cross-entropy runs in f64 and is rounded once.
fn sample_loss_case(arithmetic: Arithmetic) -> f64 {
    let mut worst = 0.0f64;
    for (n, p, _) in SHAPES {
        for loss in LOSSES {
            let mut b = Bench::new(Scalars(0.0, 0.0));
            let out = b.unwritten(n, 1);
            let (yhat, y) = (outputs(&mut b, loss, n, p), outputs(&mut b, loss, n, p));
            b.bufs[1].1[0] = 0.0; // a probability of nothing
            loss::record_sample(&mut b.tape, "L", out, yhat, y, loss);
            let o = b.run(arithmetic);
            let what = format!("sample_loss {n}x{p} {loss:?} {arithmetic:?}");
            assert!(o.fast[0].iter().all(|l| l.is_finite()), "{what}");
            worst =
                worst.max(within(&o, 0, &what, |at| (p + 4) as f64 * U * size(&o, 0, at) * 2.0));
        }
    }
    worst
}

// Each squared term is a product of two sums of two roundings each, of magnitudes that may cancel among p terms.
fn difference_case(arithmetic: Arithmetic) -> f64 {
    let mut worst = 0.0f64;
    for (n, p, _) in SHAPES {
        for loss in LOSSES {
            let mut b = Bench::new(Scalars(0.0, 0.0));
            let out = b.unwritten(n, 1);
            let noisy = outputs(&mut b, loss, n, p);
            let (yhat, y) = (outputs(&mut b, loss, n, p), outputs(&mut b, loss, n, p));
            loss::record_difference(&mut b.tape, "L~ - L", out, (noisy, yhat), y, loss);
            let o = b.run(arithmetic);
            let what = format!("loss_difference {n}x{p} {loss:?} {arithmetic:?}");
            worst = worst.max(within(&o, 0, &what, |at| {
                let terms = (at * p..(at + 1) * p).map(|i| {
                    let [noisy, yhat, y] = [1, 2, 3].map(|k| o.exact[k][i]);
                    (noisy - yhat).abs() * ((noisy - y).abs() + (yhat - y).abs())
                });
                match loss {
                    Loss::SquaredError => (p + 5) as f64 * U * terms.sum::<f64>(),
                    Loss::CrossEntropy => 2.0 * U * size(&o, 0, at),
                }
            }));
        }
    }
    worst
}

fn correct_case(arithmetic: Arithmetic) -> f64 {
    let mut worst = 0.0f64;
    for (n, p, _) in SHAPES {
        let mut b = Bench::new(Scalars(0.0, 0.0));
        let (out, yhat, y) = (b.unwritten(n, 1), b.random(n, p), b.random(n, p));
        loss::record_correct(&mut b.tape, "correct", out, yhat, y);
        worst = worst.max(within(&b.run(arithmetic), 0, "correct", |_| 0.0));
    }
    worst
}

// Both versions compute these in f64 and round once.
fn angle_case(arithmetic: Arithmetic) -> f64 {
    let mut worst = 0.0f64;
    for (n, m, _) in SHAPES {
        let mut b = Bench::new(Scalars(0.0, 0.0));
        let (out, a, c) = (b.unwritten(n, 1), b.random(n, m), b.random(n, m));
        alignment::record_angle(&mut b.tape, "angle", out, a, c);
        let o = b.run(arithmetic);
        worst = worst.max(within(&o, 0, "angle", |at| U * size(&o, 0, at)));
    }
    worst
}

fn compare_case(arithmetic: Arithmetic) -> f64 {
    let mut worst = 0.0f64;
    for (m, n, _) in SHAPES {
        let mut b = Bench::new(Scalars(0.0, 0.0));
        let out = b.unwritten(1, alignment::COMPARED);
        let (w, c) = (b.random(m, n), b.random(m, n));
        alignment::record_compare(&mut b.tape, "compare", out, w, c);
        let o = b.run(arithmetic);
        worst = worst.max(within(&o, 0, "compare", |at| U * size(&o, 0, at)));
    }
    worst
}

// Pixels: a correctly rounded quotient. Labels: exact. Batches that end one pass and begin the next included.
fn images_case(arithmetic: Arithmetic) -> f64 {
    let mut worst = 0.0f64;
    for source in [Source::Shuffled, Source::Train, Source::Test] {
        for n in [1, 7, 64] {
            let mut b = Bench::new(Scalars(0.0, 0.0));
            b.env = Env { seed: 5, step: 13, source, offset: 20 };
            let x = b.unwritten(n, 784);
            gather::record_images(&mut b.tape, "x", x);
            let o = b.run(arithmetic);
            worst = worst.max(within(&o, 0, "gather_images", |at| U * size(&o, 0, at)));
        }
    }
    worst
}

fn labels_case(arithmetic: Arithmetic) -> f64 {
    let mut worst = 0.0f64;
    for source in [Source::Shuffled, Source::Train, Source::Test] {
        for n in [1, 7, 64] {
            let mut b = Bench::new(Scalars(0.0, 0.0));
            b.env = Env { seed: 5, step: 13, source, offset: 20 };
            let y = b.unwritten(n, 10);
            gather::record_labels(&mut b.tape, "y", y);
            let o = b.run(arithmetic);
            worst = worst.max(within(&o, 0, "gather_labels", |_| 0.0));
            assert!(o.fast[0].chunks(10).all(|row| row.iter().sum::<f32>() == 1.0));
        }
    }
    worst
}

// xi = r cos or r sin, r = sqrt(-2 ln u). ln u is off by d = 2 ulp of at least 1/2 (math.rs), so -2 ln u by 2 d, r
// by d / r (at most sqrt(2 d) where r is smaller than that) and one rounding; cos and sin by 1.5e-7; one rounding.
fn noise_case(arithmetic: Arithmetic) -> f64 {
    let mut worst = 0.0f64;
    for (n, m, _) in SHAPES {
        let mut b = Bench::new(Scalars(0.0, 0.0));
        b.env.step = (7 << 32) + n as u64;
        let xi = b.unwritten(n, m);
        noise::record(&mut b.tape, "xi", xi, 0x0003_0002);
        let o = b.run(arithmetic);
        let xi = &o.exact[0];
        let what = format!("noise {n}x{m} {arithmetic:?}");
        worst = worst.max(within(&o, 0, &what, |at| {
            let first = at / 2 * 2;
            // the last of an odd number has lost its partner; |xi| <= 5.77
            let r = if first + 1 < xi.len() { xi[first].hypot(xi[first + 1]) } else { 5.77 };
            let d = 4.0 * U * f64::max(1.0, r * r / 2.0);
            1.5e-7 * r + f64::min(d / r, (2.0 * d).sqrt()) + 2.0 * U * r
        }));
    }
    worst
}

// Both versions solve in f64, from the same V and S; with gamma = 1/2 and V of n samples the condition number is
// below 2 (gamma + n m) / gamma, so 1e-15 of that is far below the final rounding to f32.
fn ridge_case(arithmetic: Arithmetic) -> f64 {
    let mut worst = 0.0f64;
    for (m, n) in [(1, 1), (2, 200), (7, 9), (9, 1), (33, 31), (64, 7)] {
        let mut b = Bench::new(Scalars(0.0, 0.0));
        let target = b.unwritten(m, n);
        let errors = uniform(6, m as u32, 40 * m);
        let mut v = vec![0.0f64; m * m];
        for e in errors.chunks(m) {
            for i in 0..m {
                for j in 0..m {
                    v[i * m + j] += (e[i] - 0.5) * (e[j] - 0.5);
                }
            }
        }
        (0..m).for_each(|i| v[i * m + i] += 0.5);
        let v = b.operand(m, m, v.iter().map(|x| *x as f32).collect());
        let s = b.random(m, n);
        ridge::record(&mut b.tape, "ridge", target, v, s);
        let o = b.run(arithmetic);
        worst = worst
            .max(within(&o, 0, &format!("ridge {m}x{n}"), |at| 1.01 * U * size(&o, 0, at) + 1e-11));
        // V singular in exact arithmetic: B stays
        let mut b = Bench::new(Scalars(0.0, 0.0));
        let (target, v, s) = (b.random(m, n), b.operand(m, m, vec![0.0; m * m]), b.random(m, n));
        let before = b.bufs[0].1.clone();
        ridge::record(&mut b.tape, "ridge", target, v, s);
        let o = b.run(arithmetic);
        assert_eq!(o.fast[0], before, "singular V, {m}");
        within(&o, 0, "singular V", |_| 0.0);
    }
    worst
}

fn sign_transport_case(arithmetic: Arithmetic) -> f64 {
    let mut worst = 0.0f64;
    for n in LENGTHS {
        let mut b = Bench::new(Scalars(0.0, 0.0));
        let (out, m, w) = (b.unwritten(1, n), b.random(1, n), b.random(1, n));
        b.bufs[2].1[n / 2] = 0.0;
        sign_transport::record(&mut b.tape, "sign", out, m, w);
        let o = b.run(arithmetic);
        worst = worst.max(within(&o, 0, "sign_transport", |_| 0.0));
        assert_eq!(o.fast[0][n / 2], 0.0, "sign(0) = 0");
    }
    worst
}

// --- Images -----------------------------------------------------------------------------------------------

/// (images, rows, columns, channels below, channels above, kernel): every side of a tile, a vector and an image once
/// exact and once one off, kernels larger than the image, one pixel.
const IMAGES: [(usize, usize, usize, usize, usize, usize); 19] = [
    (1, 1, 1, 1, 1, 1),
    (1, 1, 1, 3, 2, 3),
    (2, 1, 9, 1, 4, 5),
    (2, 9, 1, 4, 1, 3),
    (1, 2, 3, 5, 7, 7),
    (3, 3, 2, 4, 8, 1),
    (2, 4, 4, 3, 32, 3),
    (1, 5, 7, 32, 3, 5),
    (2, 7, 5, 1, 5, 7),
    (1, 7, 7, 3, 4, 7),
    (2, 8, 8, 4, 33, 5),
    (1, 8, 6, 33, 4, 3),
    (1, 9, 8, 5, 16, 3),
    (5, 9, 9, 1, 9, 3),
    (3, 4, 5, 32, 32, 3),
    (7, 8, 8, 8, 12, 5),
    (9, 6, 6, 17, 31, 3),
    (2, 3, 3, 128, 64, 5),
    (7, 8, 9, 64, 6, 5),
];

/// Calls `visit(pixel above, pixel below, first column of W)` wherever a kernel sees a pixel, by the definition.
fn seen(
    (images, rows, cols, below, _, k): (usize, usize, usize, usize, usize, usize),
    mut visit: impl FnMut(usize, usize, usize),
) {
    let margin = k.cast_signed() / 2;
    for above in 0..images * rows * cols {
        let (image, y, x) = (above / (rows * cols), above / cols % rows, above % cols);
        for dy in -margin..=margin {
            for dx in -margin..=margin {
                let (sy, sx) = (y.cast_signed() + dy, x.cast_signed() + dx);
                if (0..rows.cast_signed()).contains(&sy) && (0..cols.cast_signed()).contains(&sx) {
                    let pixel = (image * rows + sy.cast_unsigned()) * cols + sx.cast_unsigned();
                    let (ky, kx) = ((dy + margin).cast_unsigned(), (dx + margin).cast_unsigned());
                    let column = (ky * k + kx) * below;
                    visit(above, pixel, column);
                }
            }
        }
    }
}

fn window(
    (_, rows, cols, _, _, kernel): (usize, usize, usize, usize, usize, usize),
) -> conv::Window {
    conv::Window { rows, cols, kernel }
}

// A sum of K = k k C products and a bias: 2 (K + 1) u of all magnitudes; then as in `dense_case`. The reference itself
// is held against the definition in `seen`, in f64: order of addition only.
fn conv_case(arithmetic: Arithmetic) -> f64 {
    let mut worst = 0.0f64;
    for shape in IMAGES {
        let (images, rows, cols, below, above, k) = shape;
        let (pixels, depth) = (images * rows * cols, k * k * below);
        for act in [Activation::Identity, Activation::Tanh, Activation::Relu] {
            for noisy in [false, true] {
                let mut b = Bench::new(Scalars(0.375, 0.0));
                let a = b.unwritten(pixels, above);
                let (x, w) = (b.random(pixels, below), b.random(above, depth));
                let bias = b.random(above, 1);
                let noise = noisy.then(|| (b.random(pixels, above), b.first()));
                conv::record(&mut b.tape, "conv", (a, x), (w, bias), act, window(shape), noise);
                let o = b.run(arithmetic);
                let (x, w, bias) = (&o.exact[1], &o.exact[2], &o.exact[3]);
                let (mut z, mut sums) =
                    (vec![0.0f64; pixels * above], vec![0.0f64; pixels * above]);
                for at in 0..pixels * above {
                    z[at] = bias[at % above];
                    sums[at] = bias[at % above].abs();
                }
                seen(shape, |to, from, column| {
                    for unit in 0..above {
                        for ci in 0..below {
                            let term = w[unit * depth + column + ci] * x[from * below + ci];
                            z[to * above + unit] += term;
                            sums[to * above + unit] += term.abs();
                        }
                    }
                });
                let what = format!("conv {shape:?}, {act:?}, noise {noisy}, {arithmetic:?}");
                for at in 0..pixels * above {
                    let noise = if noisy { 0.375 * o.exact[4][at] } else { 0.0 };
                    let value = match act {
                        Activation::Tanh => z[at].tanh(),
                        Activation::Relu => z[at].max(0.0),
                        _ => z[at],
                    } + noise;
                    let error = (o.exact[0][at] - value).abs();
                    assert!(error <= 1e-13 * (1.0 + sums[at]), "{what}: reference, entry {at}");
                }
                worst = worst.max(within(&o, 0, &what, |at| {
                    let added = if noisy { 0.375 * size(&o, 4, at) } else { 0.0 };
                    let own = 2.0 * (depth + 1) as f64 * U * sums[at];
                    own + 8.0 * U + 2.0 * U * (size(&o, 0, at) + 2.0 * added)
                }));
            }
        }
    }
    worst
}

fn conv_adjoint_case(arithmetic: Arithmetic) -> f64 {
    let mut worst = 0.0f64;
    for shape in IMAGES {
        let (images, rows, cols, below, above, k) = shape;
        let (pixels, depth) = (images * rows * cols, k * k * below);
        let mut b = Bench::new(Scalars(0.0, 0.0));
        let g = b.unwritten(pixels, below);
        let (e, w) = (b.random(pixels, above), b.random(above, depth));
        conv::record_adjoint(&mut b.tape, "adjoint", g, e, w, window(shape));
        let o = b.run(arithmetic);
        let (e, w) = (&o.exact[1], &o.exact[2]);
        let (mut g, mut sums) = (vec![0.0f64; pixels * below], vec![0.0f64; pixels * below]);
        seen(shape, |to, from, column| {
            for unit in 0..above {
                for ci in 0..below {
                    let term = w[unit * depth + column + ci] * e[to * above + unit];
                    g[from * below + ci] += term;
                    sums[from * below + ci] += term.abs();
                }
            }
        });
        let what = format!("conv_adjoint {shape:?}, {arithmetic:?}");
        for (at, g) in g.iter().enumerate() {
            assert!((o.exact[0][at] - g).abs() <= 1e-13 * (1.0 + sums[at]), "{what}: reference");
        }
        worst = worst.max(within(&o, 0, &what, |at| 2.0 * (k * k * above) as f64 * U * sums[at]));
    }
    worst
}

// As `outer_case`, with a sum over all pixels; a group of images is added to what earlier ones left.
fn conv_outer_case(arithmetic: Arithmetic) -> f64 {
    let mut worst = 0.0f64;
    for shape in IMAGES {
        let (images, rows, cols, below, above, k) = shape;
        let (pixels, depth) = (images * rows * cols, k * k * below);
        for scalars in FACTORS {
            let Scalars(beta, alpha) = scalars;
            let mut b = Bench::new(scalars);
            let d = if beta == 0.0 { b.unwritten(above, depth) } else { b.random(above, depth) };
            let before = b.bufs[0].1.clone();
            let (e, x) = (b.random(pixels, above), b.random(pixels, below));
            let (beta_s, alpha_s) = (b.first(), b.second());
            conv::record_outer(&mut b.tape, "outer", d, (e, x), window(shape), beta_s, alpha_s);
            let o = b.run(arithmetic);
            let (e, x) = (&o.exact[1], &o.exact[2]);
            let (mut d, mut sums) = (vec![0.0f64; above * depth], vec![0.0f64; above * depth]);
            if beta != 0.0 {
                for (at, old) in before.iter().enumerate() {
                    d[at] = beta * f64::from(*old);
                    sums[at] = d[at].abs();
                }
            }
            seen(shape, |to, from, column| {
                for unit in 0..above {
                    for ci in 0..below {
                        let term = alpha * e[to * above + unit] * x[from * below + ci];
                        d[unit * depth + column + ci] += term;
                        sums[unit * depth + column + ci] += term.abs();
                    }
                }
            });
            let what = format!("conv_outer {shape:?}, {scalars:?}, {arithmetic:?}");
            for (at, d) in d.iter().enumerate() {
                let error = (o.exact[0][at] - d).abs();
                assert!(error <= 1e-12 * (1.0 + sums[at]), "{what}: reference, entry {at}");
            }
            worst = worst.max(within(&o, 0, &what, |at| {
                2.0 * (pixels + 2 * images + 2) as f64 * U * sums[at]
            }));
        }
    }
    worst
}

/// (images, rows, columns, channels, size, stride).
const POOLS: [(usize, usize, usize, usize, usize, usize); 10] = [
    (1, 1, 1, 1, 3, 2),
    (2, 2, 2, 3, 3, 2),
    (1, 3, 5, 4, 3, 2),
    (3, 8, 8, 5, 3, 2),
    (1, 7, 9, 32, 3, 2),
    (2, 6, 4, 17, 2, 2),
    (1, 9, 9, 16, 3, 3),
    (1, 5, 6, 7, 4, 2),
    (1, 4, 7, 33, 3, 1),
    (2, 9, 2, 8, 5, 3),
];

/// The pixels of window `i` along a side: TensorFlow's "same", written out with signed numbers.
fn along(len: usize, size: usize, stride: usize, i: usize) -> Vec<usize> {
    let [len, size, stride, i] = [len, size, stride, i].map(usize::cast_signed);
    let windows = (len + stride - 1) / stride;
    let before = ((windows - 1) * stride + size - len).max(0) / 2;
    let begin = i * stride - before;
    (begin..begin + size).filter(|p| (0..len).contains(p)).map(isize::cast_unsigned).collect()
}

/// Few values, so that most windows have several largest entries.
fn with_ties(b: &mut Bench, rows: usize, cols: usize) -> Buf {
    let values = uniform(17, b.bufs.len() as u32, rows * cols);
    b.operand(rows, cols, values.iter().map(|u| (4.0 * u).floor() as f32 - 1.5).collect())
}

fn pools(
    arithmetic: Arithmetic,
    mut each: impl FnMut((usize, usize, usize, usize, usize, usize), bool, Arithmetic),
) -> f64 {
    for shape in POOLS {
        for ties in [false, true] {
            each(shape, ties, arithmetic);
        }
    }
    0.0
}

// Nothing is rounded: the largest entry itself.
fn pool_case(arithmetic: Arithmetic) -> f64 {
    pools(arithmetic, |shape, ties, arithmetic| {
        let (images, rows, cols, c, size, stride) = shape;
        let (down, across) = (rows.div_ceil(stride), cols.div_ceil(stride));
        let grid = pool::Grid { rows, cols, size, stride };
        let mut b = Bench::new(Scalars(0.0, 0.0));
        let h = b.unwritten(images * down * across, c);
        let pixels = images * rows * cols;
        let a = if ties { with_ties(&mut b, pixels, c) } else { b.random(pixels, c) };
        pool::record(&mut b.tape, "pool", h, a, grid);
        let o = b.run(arithmetic);
        for (at, found) in o.fast[0].iter().enumerate() {
            let (pixel, channel) = (at / c, at % c);
            let (image, y, x) = (pixel / (down * across), pixel / across % down, pixel % across);
            let mut wanted = f32::NEG_INFINITY;
            for y in along(rows, size, stride, y) {
                for x in along(cols, size, stride, x) {
                    let value = o.fast[1][((image * rows + y) * cols + x) * c + channel];
                    wanted = wanted.max(value);
                }
            }
            assert_eq!((*found, o.exact[0][at]), (wanted, f64::from(wanted)), "{shape:?} {at}");
        }
    })
}

// An entry adds the windows it wins: at most (size / stride + 1)^2 of them, one rounding each.
fn pool_adjoint_case(arithmetic: Arithmetic) -> f64 {
    pools(arithmetic, |shape, ties, arithmetic| {
        let (images, rows, cols, c, size, stride) = shape;
        let (down, across) = (rows.div_ceil(stride), cols.div_ceil(stride));
        let grid = pool::Grid { rows, cols, size, stride };
        let (pixels, windows) = (images * rows * cols, images * down * across);
        let mut b = Bench::new(Scalars(0.0, 0.0));
        let g = b.unwritten(pixels, c);
        let lambda = b.random(windows, c);
        let a = if ties { with_ties(&mut b, pixels, c) } else { b.random(pixels, c) };
        pool::record_adjoint(&mut b.tape, "pool", g, lambda, a, grid);
        let o = b.run(arithmetic);
        let (mut wanted, mut sums) = (vec![0.0f64; pixels * c], vec![0.0f64; pixels * c]);
        for at in 0..windows * c {
            let (window, channel) = (at / c, at % c);
            let (image, y, x) = (window / (down * across), window / across % down, window % across);
            let mut winner: Option<usize> = None;
            for y in along(rows, size, stride, y) {
                for x in along(cols, size, stride, x) {
                    let entry = ((image * rows + y) * cols + x) * c + channel;
                    if winner.is_none_or(|best| o.fast[2][entry] > o.fast[2][best]) {
                        winner = Some(entry);
                    }
                }
            }
            wanted[winner.unwrap()] += o.exact[1][at];
            sums[winner.unwrap()] += o.exact[1][at].abs();
        }
        for (at, wanted) in wanted.iter().enumerate() {
            assert!((o.exact[0][at] - wanted).abs() < 1e-14, "{shape:?}: reference, entry {at}");
        }
        let shares = (size / stride + 1).pow(2) as f64;
        within(&o, 0, &format!("pool_adjoint {shape:?}"), |at| shares * U * sums[at]);
    })
}

const DROPOUT_STREAM: u32 = (8 << 16) | 3;

/// The contract's mask, number by number.
fn speaks(at: usize, keep: f64) -> bool {
    let counter = [(at / 4) as u32, DROPOUT_STREAM, 3, 0];
    let word = credit_lab::base::rng::philox(counter, credit_lab::base::rng::key(5))[at % 4];
    f64::from(word >> 8) / 16_777_216.0 < f64::from(keep as f32)
}

// One quotient.
fn dropout_case(arithmetic: Arithmetic) -> f64 {
    let mut worst = 0.0f64;
    for keep in [0.5, 0.9, 0.25, 1e-3] {
        for n in [1, 2, 3, 5, 63, 64, 65, 784, 20_000] {
            let mut b = Bench::new(Scalars(keep, 0.0));
            let (out, input) = (b.unwritten(1, n), b.random(1, n));
            let scalar = b.first();
            dropout::record(&mut b.tape, "dropout", out, input, scalar, DROPOUT_STREAM);
            let o = b.run(arithmetic);
            let mut kept = 0.0;
            for at in 0..n {
                let spoke = speaks(at, keep);
                kept += f64::from(u8::from(spoke));
                let wanted = if spoke { o.exact[1][at] / f64::from(keep as f32) } else { 0.0 };
                assert!((o.exact[0][at] - wanted).abs() <= 1e-12 * wanted.abs(), "reference {at}");
            }
            if n == 20_000 {
                // five standard deviations of a binomial share
                let off = (kept / n as f64 - keep).abs();
                assert!(off < 5.0 * (keep * (1.0 - keep) / n as f64).sqrt(), "{keep}: off {off}");
            }
            let what = format!("dropout {keep} {n} {arithmetic:?}");
            worst = worst.max(within(&o, 0, &what, |at| 1.01 * U * size(&o, 0, at)));
        }
    }
    worst
}

/// The case of a kernel; `None` where nobody has written one.
fn case(kernel: &Kernel) -> Option<fn(Arithmetic) -> f64> {
    Some(match kernel.name {
        "adam" => adam_case,
        "add_scaled" => add_scaled_case,
        "adjoint" => adjoint_case,
        "angle" => angle_case,
        "batch_sum" => batch_sum_case,
        "column_sum" => column_sum_case,
        "conv" => conv_case,
        "conv_adjoint" => conv_adjoint_case,
        "conv_outer" => conv_outer_case,
        "compare" => compare_case,
        "correct" => correct_case,
        "dense" => dense_case,
        "dropout" => dropout_case,
        "gate" => gate_case,
        "gather_images" => images_case,
        "gather_labels" => labels_case,
        "loss_difference" => difference_case,
        "noise" => noise_case,
        "outer" => outer_case,
        "pool" => pool_case,
        "pool_adjoint" => pool_adjoint_case,
        "output_error" => output_error_case,
        "ridge" => ridge_case,
        "row_scale" => row_scale_case,
        "running_sum" => running_sum_case,
        "sample_loss" => sample_loss_case,
        "sign_transport" => sign_transport_case,
        _ => return None,
    })
}

#[test]
fn every_kernel_matches_its_reference_within_the_rounding_of_f32() {
    for kernel in ALL {
        let run = case(kernel).unwrap_or_else(|| panic!("no case for the kernel {}", kernel.name));
        let worst = BOTH.map(run);
        println!("{:<16} share of the bound used: {:.2} {:.2}", kernel.name, worst[0], worst[1]);
    }
}

#[test]
fn kernels_have_names_of_their_own_and_write_their_first_operand() {
    let mut names: Vec<&str> = ALL.iter().map(|k| k.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), ALL.len());
    assert!(ALL.iter().all(|k| k.access[0] != Access::Read));
}

// --- Bits -------------------------------------------------------------------------------------------------

/// `start`, then products added in ascending order, each rounded.
fn ascending(start: f32, terms: impl Iterator<Item = (f32, f32)>) -> f32 {
    terms.fold(start, |sum, (a, b)| sum + a * b)
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|v| v.to_bits()).collect()
}

// One accumulator for each output and ascending sums: no number of lanes, and no edge of a tile, changes a bit.
#[test]
fn reproducible_products_are_ascending_sums_bit_for_bit() {
    for (n, m, depth) in SHAPES {
        let mut b = Bench::new(Scalars(0.0, 0.0));
        let h = b.unwritten(n, m);
        let (x, w, bias) = (b.random(n, depth), b.random(m, depth), b.random(m, 1));
        dense::record(&mut b.tape, "dense", (h, x), (w, bias), Activation::Identity, None);
        let o = b.run(Arithmetic::Reproducible);
        let wanted: Vec<f32> = (0..n * m)
            .map(|at| {
                let (x, w) = (&o.fast[1][at / m * depth..], &o.fast[2][at % m * depth..]);
                ascending(o.fast[3][at % m], (0..depth).map(|k| (w[k], x[k])))
            })
            .collect();
        assert_eq!(bits(&o.fast[0]), bits(&wanted), "dense {n}x{m}, depth {depth}");

        let mut b = Bench::new(Scalars(0.0, 0.0));
        let g = b.unwritten(n, m);
        let (e, weights) = (b.random(n, depth), b.random(depth, m));
        adjoint::record(&mut b.tape, "adjoint", g, e, weights);
        let o = b.run(Arithmetic::Reproducible);
        let wanted: Vec<f32> = (0..n * m)
            .map(|at| {
                let terms =
                    (0..depth).map(|k| (o.fast[1][at / m * depth + k], o.fast[2][k * m + at % m]));
                ascending(0.0, terms)
            })
            .collect();
        assert_eq!(bits(&o.fast[0]), bits(&wanted), "adjoint {n}x{m}, depth {depth}");

        for scalars in FACTORS {
            let Scalars(beta, alpha) = scalars;
            let (beta, alpha) = (beta as f32, alpha as f32);
            let mut b = Bench::new(scalars);
            let target = b.random(n, m);
            let before = b.bufs[0].1.clone();
            let (e, h) = (b.random(depth, n), b.random(depth, m));
            let (beta_s, alpha_s) = (b.first(), b.second());
            outer::record(&mut b.tape, "outer", target, (e, h), beta_s, alpha_s);
            let o = b.run(Arithmetic::Reproducible);
            let wanted: Vec<f32> = (0..n * m)
                .map(|at| {
                    let terms =
                        (0..depth).map(|s| (o.fast[1][s * n + at / m], o.fast[2][s * m + at % m]));
                    let sum = ascending(0.0, terms);
                    if beta == 0.0 { sum * alpha } else { sum * alpha + before[at] * beta }
                })
                .collect();
            assert_eq!(
                bits(&o.fast[0]),
                bits(&wanted),
                "outer {n}x{m}, {depth} samples, {scalars:?}"
            );
        }
    }
}

// As for dense layers; the outer product is such a sum for each group of at least 256 pixels.
#[test]
fn reproducible_convolutions_are_ascending_sums_bit_for_bit() {
    for shape in IMAGES {
        let (images, rows, cols, below, above, k) = shape;
        let (pixels, depth) = (images * rows * cols, k * k * below);
        // summands of each output in the order of the definition; beyond the edges there are zeros, which add nothing
        let mut up = vec![Vec::new(); pixels];
        let mut down = vec![Vec::new(); pixels];
        seen(shape, |to, from, column| {
            up[to].push((from, column));
            down[from].push((to, column));
        });

        let mut b = Bench::new(Scalars(0.0, 0.0));
        let a = b.unwritten(pixels, above);
        let (x, w, bias) = (b.random(pixels, below), b.random(above, depth), b.random(above, 1));
        let identity = Activation::Identity;
        conv::record(&mut b.tape, "conv", (a, x), (w, bias), identity, window(shape), None);
        let o = b.run(Arithmetic::Reproducible);
        let wanted: Vec<f32> = (0..pixels * above)
            .map(|at| {
                let (pixel, unit) = (at / above, at % above);
                let terms = up[pixel].iter().flat_map(|(from, column)| {
                    let (x, w) = (&o.fast[1][from * below..], &o.fast[2][unit * depth + column..]);
                    (0..below).map(move |ci| (x[ci], w[ci]))
                });
                ascending(o.fast[3][unit], terms)
            })
            .collect();
        assert_eq!(bits(&o.fast[0]), bits(&wanted), "conv {shape:?}");

        let mut b = Bench::new(Scalars(0.0, 0.0));
        let g = b.unwritten(pixels, below);
        let (e, w) = (b.random(pixels, above), b.random(above, depth));
        conv::record_adjoint(&mut b.tape, "adjoint", g, e, w, window(shape));
        let o = b.run(Arithmetic::Reproducible);
        let wanted: Vec<f32> = (0..pixels * below)
            .map(|at| {
                let (pixel, ci) = (at / below, at % below);
                // pixels above in ascending order: the kernel upside down
                let terms = down[pixel].iter().flat_map(|(to, column)| {
                    let o = &o;
                    (0..above).map(move |unit| {
                        (o.fast[1][to * above + unit], o.fast[2][unit * depth + column + ci])
                    })
                });
                ascending(0.0, terms)
            })
            .collect();
        assert_eq!(bits(&o.fast[0]), bits(&wanted), "conv_adjoint {shape:?}");

        for scalars in FACTORS {
            let Scalars(beta, alpha) = scalars;
            let (beta, alpha) = (beta as f32, alpha as f32);
            let mut b = Bench::new(scalars);
            let d = b.random(above, depth);
            let before = b.bufs[0].1.clone();
            let (e, x) = (b.random(pixels, above), b.random(pixels, below));
            let (beta_s, alpha_s) = (b.first(), b.second());
            conv::record_outer(&mut b.tape, "outer", d, (e, x), window(shape), beta_s, alpha_s);
            let o = b.run(Arithmetic::Reproducible);
            let mut columns = vec![Vec::new(); k * k];
            seen(shape, |to, from, column| columns[column / below].push((to, from)));
            let group = rows * cols * 256usize.div_ceil(rows * cols);
            let wanted: Vec<f32> = (0..above * depth)
                .map(|at| {
                    let (unit, column) = (at / depth, at % depth);
                    let mut value = before[at];
                    for first in (0..pixels).step_by(group) {
                        let sum = columns[column / below]
                            .iter()
                            .filter(|(to, _)| (first..first + group).contains(to))
                            .map(|(to, from)| {
                                let e = o.fast[1][to * above + unit];
                                (e, o.fast[2][from * below + column % below])
                            });
                        let sum = ascending(0.0, sum);
                        let beta = if first == 0 { beta } else { 1.0 };
                        value = if beta == 0.0 { sum * alpha } else { sum * alpha + value * beta };
                    }
                    value
                })
                .collect();
            assert_eq!(bits(&o.fast[0]), bits(&wanted), "conv_outer {shape:?}, {scalars:?}");
        }
    }
}

// A window with something that is not finite in it must not look healthy.
#[test]
fn nothing_that_is_not_finite_passes_a_pool_unseen() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut b = Bench::new(Scalars(0.0, 0.0));
        let h = b.unwritten(4, 1);
        let a = b.operand(16, 1, (0..16).map(|i| if i == 15 { bad } else { i as f32 }).collect());
        let grid = pool::Grid { rows: 4, cols: 4, size: 3, stride: 2 };
        pool::record(&mut b.tape, "pool", h, a, grid);
        let o = b.run(Arithmetic::Reproducible);
        assert_eq!(o.fast[0][..3], [10.0, 11.0, 14.0]);
        assert!(o.fast[0][3].is_nan() && o.exact[0][3].is_nan(), "{bad}");
    }
}

// --- Batches ----------------------------------------------------------------------------------------------

/// Images and labels of the batch at `step`.
fn batch(step: u64, rows: usize, data: &Arc<Dataset>) -> (Vec<f32>, Vec<f32>) {
    let mut tape = Tape::new();
    let (x, y) = (tape.temporary("x", rows, 3), tape.temporary("y", rows, 10));
    gather::record_images(&mut tape, "x", x);
    gather::record_labels(&mut tape, "y", y);
    let plan = tape.end_plan();
    let program = Arc::new(tape.finish().unwrap());
    let mut exec = Executor::<f32>::new(program, data.clone(), 1, Arithmetic::Reproducible);
    let env = Env { seed: 9, step, source: Source::Shuffled, offset: 0 };
    let hyper = common::small("bp").hyper();
    exec.run(plan, &env, &hyper, &Clock { step, updates: step, batch: rows }, |_| false);
    (exec.read(x).to_vec(), exec.read(y).to_vec())
}

// 47 images in batches of 10: passes begin and end inside batches.
#[test]
fn training_visits_every_sample_once_a_pass_with_its_own_label() {
    let images = (0..47u8).flat_map(|i| [i, 255 - i, 7]).collect();
    let train = Split { images, labels: (0..47).map(|i| i % 10).collect() };
    let data = Arc::new(Dataset::new("numbered", 1, 3, 1, 10, train.clone(), train).unwrap());
    let mut order = Vec::new();
    for step in 0..47 {
        let (x, y) = batch(step, 10, &data);
        for (x, y) in x.chunks(3).zip(y.chunks(10)) {
            let sample = (0..47u8).find(|i| f32::from(*i) / 255.0 == x[0]).unwrap();
            assert_eq!(x[1], f32::from(255 - sample) / 255.0);
            let label = y.iter().position(|y| *y == 1.0).unwrap();
            assert_eq!(label, usize::from(sample) % 10, "sample {sample}");
            order.push(sample);
        }
    }
    let mut passes: Vec<Vec<u8>> = order.chunks(47).map(<[u8]>::to_vec).collect();
    assert_eq!(passes.len(), 10);
    assert_ne!(passes[0], passes[1], "each pass has an order of its own");
    for pass in &mut passes {
        pass.sort_unstable();
        assert_eq!(*pass, (0..47).collect::<Vec<u8>>());
    }
}

// --- Edges ------------------------------------------------------------------------------------------------

/// One dense layer with a single weight 1: h = act(x).
fn activate(act: Activation, x: &[f32]) -> Vec<f32> {
    let mut b = Bench::new(Scalars(0.0, 0.0));
    let h = b.unwritten(x.len(), 1);
    let x = b.operand(x.len(), 1, x.to_vec());
    let (w, bias) = (b.operand(1, 1, vec![1.0]), b.operand(1, 1, vec![0.0]));
    dense::record(&mut b.tape, "act", (h, x), (w, bias), act, None);
    b.run(Arithmetic::Reproducible).fast[0].clone()
}

// A saturating function that hid a NaN would let a diverged run look healthy.
#[test]
fn nothing_that_is_not_finite_passes_an_activation_unseen() {
    for act in ACTIVATIONS {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let h = activate(act, &[0.5, bad, -0.5]);
            assert!(!h[1].is_finite(), "{act:?}({bad}) = {}", h[1]);
            assert!(h[0].is_finite() && h[2].is_finite(), "{act:?}");
        }
    }
}

#[test]
fn huge_finite_values_saturate() {
    assert_eq!(activate(Activation::Tanh, &[1e30, -1e30]), [1.0, -1.0]);
    let h = activate(Activation::Sigmoid, &[1e30, -1e30]);
    assert!(h[0] == 1.0 && (0.0..1e-37).contains(&h[1]), "{h:?}");
    assert_eq!(activate(Activation::Relu, &[1e30, -1e30]), [1e30, 0.0]);
}

fn differences(noisy: Vec<f32>, yhat: Vec<f32>, y: Vec<f32>, loss: Loss) -> Outcome {
    let p = y.len();
    let mut b = Bench::new(Scalars(0.0, 0.0));
    let out = b.unwritten(1, 1);
    let (noisy, yhat, y) = (b.operand(1, p, noisy), b.operand(1, p, yhat), b.operand(1, p, y));
    loss::record_difference(&mut b.tape, "L~ - L", out, (noisy, yhat), y, loss);
    b.run(Arithmetic::Reproducible)
}

// The paper's numerics (section 1): with c = 1e-4 the subtraction of two rounded losses loses four digits of seven.
#[test]
fn the_loss_difference_keeps_its_digits_where_the_losses_nearly_cancel() {
    let yhat: Vec<f32> = uniform(3, 1, 784).iter().map(|u| *u as f32).collect();
    let y: Vec<f32> = uniform(3, 2, 784).iter().map(|u| *u as f32).collect();
    let noisy: Vec<f32> = yhat.iter().map(|v| v + 1e-5 * v).collect();
    let o = differences(noisy.clone(), yhat.clone(), y.clone(), Loss::SquaredError);
    let (found, exact) = (f64::from(o.fast[0][0]), o.exact[0][0]);
    // terms of one sign here: p u of the value
    assert!((found - exact).abs() <= 784.0 * U * exact.abs(), "{found} {exact}");
    let half_square =
        |a: &[f32]| 0.5 * a.iter().zip(&y).map(|(a, y)| (a - y) * (a - y)).sum::<f32>();
    let naive = f64::from(half_square(&noisy) - half_square(&yhat));
    assert!((naive - exact).abs() > 100.0 * (found - exact).abs(), "naive {naive}, exact {exact}");
}

// ln(p~ / p) for a probability that all but vanishes is large and finite, as the loss itself is.
#[test]
fn the_cross_entropy_difference_is_finite_where_a_probability_vanishes() {
    for (noisy, yhat) in
        [(1e-20, 0.5), (0.0, 0.5), (1e-38, 1e-3), (0.5, 1e-20), (0.5, 0.0), (0.0, 0.0)]
    {
        let o = differences(vec![noisy, 0.5], vec![yhat, 0.5], vec![1.0, 0.0], Loss::CrossEntropy);
        let floored = |p: f32| f64::from(p.max(f32::MIN_POSITIVE));
        let wanted = (floored(yhat) / floored(noisy)).ln();
        let found = f64::from(o.fast[0][0]);
        assert!(
            (found - wanted).abs() <= 4.0 * U * wanted.abs(),
            "{noisy} {yhat}: {found}, wanted {wanted}"
        );
    }
}
