//! Every kernel in `kernels::ALL` on the GPU, against the slow f64 version on the same f32 numbers. Outputs start as
//! NaN, so that nothing can be left unwritten. A kernel without a case here fails the test.

use super::bench::{Bench, Outcome, Scalars};
use super::{DIVISION, ROOT, U, images, say, steps};
use credit_lab::base::rng::{Purpose, stream};
use credit_lab::exec::gpu::assemble::Tuning;
use credit_lab::exec::gpu::{Executor, Gpu};
use credit_lab::kernels::activation::Activation;
use credit_lab::kernels::loss::Loss;
use credit_lab::kernels::{
    ALL, adam, add_scaled, adjoint, alignment, batch_sum, column_sum, dense, gate, gather, loss,
    noise, outer, output_error, ridge, row_scale, running_sum, sign_transport,
};
use credit_lab::plan::{Kernel, Lowered, Source};
use std::rc::Rc;

const NONE: Scalars = Scalars(0.0, 0.0);

const ACTIVATIONS: [Activation; 5] = [
    Activation::Identity,
    Activation::Sigmoid,
    Activation::Tanh,
    Activation::Relu,
    Activation::Softmax,
];

const LOSSES: [Loss; 2] = [Loss::SquaredError, Loss::CrossEntropy];

/// Sizes on and off every block, workgroup and group of four.
const SIZES: [usize; 8] = [1, 7, 16, 31, 64, 200, 784, 1000];

/// (rows, columns, depth) of products: every size in every role, and the largest ones together.
const SHAPES: [(usize, usize, usize); 13] = [
    (1, 31, 784),
    (7, 64, 1000),
    (16, 200, 1),
    (31, 784, 7),
    (64, 1000, 16),
    (200, 1, 31),
    (784, 7, 64),
    (1000, 16, 200),
    (1, 1, 1),
    (32, 200, 784),
    (784, 1000, 7),
    (1000, 7, 784),
    (7, 784, 1000),
];

/// (rows, columns) of everything else: every size in both roles.
const GRIDS: [(usize, usize); 11] = [
    (1, 1),
    (7, 1000),
    (16, 7),
    (31, 16),
    (64, 31),
    (200, 64),
    (784, 200),
    (1000, 1),
    (1, 784),
    (7, 1),
    (1, 31),
];

/// (beta, alpha): overwrite, add, forget.
const FACTORS: [Scalars; 3] = [Scalars(0.0, 1.0), Scalars(1.0, -0.015_625), Scalars(0.75, 2.0)];

/// The sums over k of `|x_k w_k|`, with `Sum`; a row of a (., depth) matrix with a row or column of another.
fn magnitude(terms: impl Iterator<Item = (f64, f64)>) -> f64 {
    terms.map(|(a, b)| (a * b).abs()).sum()
}

// --- Products ------------------------------------------------------------------------------------------------

// z: K products, K - 1 sums and a bias: |err| <= (K + 2) U sum |.|. act has slopes of at most 1 and its own error:
// sigmoid e^-x within 4 U of a number that is at most half of what it is added to, a sum, a division: 10 U of the
// value; tanh 1 - 2 / (e^2x + 1), whose quotient is below 0.45 where this form is used: 6 U; its polynomial 6 U of
// the value, which is at most 1. Softmax: errors of its row's z move p by at most twice the largest of them,
// relatively; the largest entry is taken off first (rounded), the exponential is off by 4 U, the total is a sum of m,
// then a division. Noise: one product and one sum.
async fn dense_one(
    gpu: &Rc<Gpu>,
    (n, m, depth): (usize, usize, usize),
    act: Activation,
    noisy: bool,
) -> f64 {
    let mut b = Bench::new(Scalars(0.375, 0.0));
    b.unwritten(n, m).random(n, depth).random(m, depth).random(m, 1);
    if noisy {
        b.random(n, m);
    }
    let o = b
        .run(gpu, &|tape, bufs, [c, _]| {
            let noise = noisy.then(|| (bufs[4], c));
            dense::record(tape, "dense", (bufs[0], bufs[1]), (bufs[2], bufs[3]), act, noise);
        })
        .await;
    let (x, w, bias) = (&o.exact[1], &o.exact[2], &o.exact[3]);
    let sums: Vec<f64> = (0..n * m)
        .map(|at| {
            let (x, w) = (&x[at / m * depth..][..depth], &w[at % m * depth..][..depth]);
            bias[at % m].abs() + magnitude(x.iter().copied().zip(w.iter().copied()))
        })
        .collect();
    let z = |at: usize| (depth + 2) as f64 * U * sums[at];
    let row_top = |at: usize| {
        let row = at / m * m;
        (row..row + m).fold((0.0, 0.0), |(sum, error), i| (sums[i].max(sum), z(i).max(error)))
    };
    let tops: Vec<(f64, f64)> = (0..n).map(|row| row_top(row * m)).collect();
    let what = format!("dense {n}x{m}, depth {depth}, {act:?}, noise {noisy}");
    o.within(0, &what, |at| {
        let added = if noisy { 0.375 * o.size(4, at) } else { 0.0 };
        let a = o.size(0, at) + added;
        let own = match act {
            Activation::Identity | Activation::Relu => z(at),
            Activation::Sigmoid => z(at) + 10.0 * U * a.min(1.0),
            Activation::Tanh => z(at) + 6.0 * U,
            Activation::Softmax => {
                let (sum, error) = tops[at / m];
                a * (2.0 * (error + 2.0 * U * sum) + (m + 8) as f64 * U + DIVISION)
            }
        };
        own + if noisy { 2.0 * U * (a + added) } else { 0.0 }
    })
}

async fn dense_case(gpu: &Rc<Gpu>) -> f64 {
    let mut worst = 0.0f64;
    for (i, shape) in SHAPES.into_iter().enumerate() {
        let act = ACTIVATIONS[i % 4];
        worst = worst.max(dense_one(gpu, shape, act, i % 3 == 1).await);
    }
    for (i, act) in ACTIVATIONS.into_iter().enumerate() {
        worst = worst.max(dense_one(gpu, (7, 31, 16), act, false).await);
        // Softmax is an output's, and no output has noise.
        if act != Activation::Softmax {
            worst = worst.max(dense_one(gpu, (31, 64 + i, 7), act, true).await);
        }
    }
    for shape in [(7, 1, 31), (200, 7, 16), (64, 1000, 16), (16, 784, 1)] {
        worst = worst.max(dense_one(gpu, shape, Activation::Softmax, false).await);
    }
    worst
}

async fn adjoint_one(gpu: &Rc<Gpu>, (n, columns, depth): (usize, usize, usize)) -> f64 {
    let mut b = Bench::new(NONE);
    b.unwritten(n, columns).random(n, depth).random(depth, columns);
    let o = b
        .run(gpu, &|tape, bufs, _| adjoint::record(tape, "adjoint", bufs[0], bufs[1], bufs[2]))
        .await;
    o.within(0, &format!("adjoint {n}x{columns}, depth {depth}"), |at| {
        let e = o.exact[1][at / columns * depth..][..depth].iter().copied();
        let weights = o.exact[2].iter().skip(at % columns).step_by(columns).copied();
        (depth + 1) as f64 * U * magnitude(e.zip(weights))
    })
}

async fn adjoint_case(gpu: &Rc<Gpu>) -> f64 {
    let mut worst = 0.0f64;
    for shape in SHAPES {
        worst = worst.max(adjoint_one(gpu, shape).await);
    }
    worst
}

// K products, K - 1 sums, one factor, one more product and sum: (K + 3) U of all magnitudes. beta = 0 must not read
// what was there, so that starts as NaN.
async fn outer_one(gpu: &Rc<Gpu>, (m, columns, n): (usize, usize, usize), scalars: Scalars) -> f64 {
    let Scalars(beta, alpha) = scalars;
    let mut b = Bench::new(scalars);
    let overwrites = beta == 0.0;
    if overwrites { b.unwritten(m, columns) } else { b.random(m, columns) }
        .random(n, m)
        .random(n, columns);
    let o = b
        .run(gpu, &|tape, bufs, [beta, alpha]| {
            outer::record(tape, "outer", bufs[0], (bufs[1], bufs[2]), beta, alpha);
        })
        .await;
    o.within(0, &format!("outer {m}x{columns}, {n} samples, {scalars:?}"), |at| {
        let e = o.exact[1].iter().skip(at / columns).step_by(m).copied();
        let h = o.exact[2].iter().skip(at % columns).step_by(columns).copied();
        let old = if overwrites { 0.0 } else { beta * f64::from(o.before[0][at]).abs() };
        (n + 3) as f64 * U * (old + alpha.abs() * magnitude(e.zip(h)))
    })
}

async fn outer_case(gpu: &Rc<Gpu>) -> f64 {
    let mut worst = 0.0f64;
    for (i, shape) in SHAPES.into_iter().enumerate() {
        worst = worst.max(outer_one(gpu, shape, FACTORS[i % 3]).await);
    }
    for scalars in FACTORS {
        worst = worst.max(outer_one(gpu, (31, 7, 16), scalars).await);
    }
    worst
}

// --- Sums ----------------------------------------------------------------------------------------------------

async fn column_sum_one(gpu: &Rc<Gpu>, (n, m): (usize, usize), scalars: Scalars) -> f64 {
    let Scalars(beta, alpha) = scalars;
    let mut b = Bench::new(scalars);
    let overwrites = beta == 0.0;
    if overwrites { b.unwritten(m, 1) } else { b.random(m, 1) }.random(n, m);
    let o = b
        .run(gpu, &|tape, bufs, [beta, alpha]| {
            column_sum::record(tape, "sum", bufs[0], bufs[1], beta, alpha);
        })
        .await;
    o.within(0, &format!("column_sum {n}x{m}, {scalars:?}"), |at| {
        let terms: f64 = o.exact[1].iter().skip(at).step_by(m).map(|e| e.abs()).sum();
        let old = if overwrites { 0.0 } else { beta * f64::from(o.before[0][at]).abs() };
        (n + 2) as f64 * U * (old + alpha.abs() * terms)
    })
}

async fn column_sum_case(gpu: &Rc<Gpu>) -> f64 {
    let mut worst = 0.0f64;
    for (i, grid) in GRIDS.into_iter().enumerate() {
        worst = worst.max(column_sum_one(gpu, grid, FACTORS[i % 3]).await);
    }
    for scalars in FACTORS {
        worst = worst.max(column_sum_one(gpu, (31, 7), scalars).await);
    }
    worst
}

async fn batch_sum_case(gpu: &Rc<Gpu>) -> f64 {
    let mut worst = 0.0f64;
    for n in SIZES {
        let mut b = Bench::new(NONE);
        b.unwritten(n, 1).random(n, 1);
        let o = b
            .run(gpu, &|tape, bufs, _| batch_sum::record(tape, "batch sum", bufs[0], bufs[1]))
            .await;
        let total: f64 = o.exact[1].iter().map(|d| d.abs()).sum();
        worst = worst.max(o.within(0, &format!("batch_sum {n}"), |_| n as f64 * U * total));
    }
    worst
}

// --- Elementwise ---------------------------------------------------------------------------------------------

// m: two products with rounded constants and a sum; v: one product more; w: the errors of m and v (v's halved by the
// root), a product, a root, a product and a sum in the denominator, a division and the difference.
async fn adam_case(gpu: &Rc<Gpu>) -> f64 {
    let mut worst = 0.0f64;
    let (rate, correction) = (f64::from(0.01f32), 3.0);
    for (rows, cols) in GRIDS {
        let mut b = Bench::new(Scalars(rate, correction));
        // an untouched weight: 0 / (0 + epsilon)
        b.random(rows, cols).random(rows, cols).last()[0] = 0.0;
        b.mapped(rows, cols, f32::abs).last()[0] = 0.0;
        b.random(rows, cols).last()[0] = 0.0;
        let o = b
            .run(gpu, &|tape, bufs, [rate, correction]| {
                let [w, m, v, g] = [0, 1, 2, 3].map(|i| bufs[i]);
                adam::record(tape, "adam", w, (m, v), g, rate, correction);
            })
            .await;
        let before = |i: usize, at: usize| f64::from(o.before[i][at]).abs();
        let what = format!("adam {rows}x{cols}");
        let m_error = |at: usize| 3.0 * U * (0.9 * before(1, at) + 0.1 * before(3, at));
        worst = worst.max(o.within(1, &what, m_error));
        worst = worst.max(o.within(2, &what, |at| {
            let g = before(3, at);
            4.0 * U * (0.999 * before(2, at) + 0.001 * g * g)
        }));
        worst = worst.max(o.within(0, &what, |at| {
            let denominator = o.exact[2][at].sqrt() * correction + 1e-8;
            let moved = rate * o.size(1, at) / denominator;
            rate * m_error(at) / denominator
                + (2.0 * U + U + ROOT + 2.0 * U + DIVISION) * moved
                + U * (before(0, at) + moved)
        }));
        assert_eq!(o.gpu[0][0], o.before[0][0], "{what}: no gradient, no change");
    }
    worst
}

async fn running_sum_case(gpu: &Rc<Gpu>) -> f64 {
    let mut worst = 0.0f64;
    for (rows, cols) in GRIDS {
        let mut b = Bench::new(NONE);
        b.mapped(rows, cols, |x| 1e6 * x).mapped(rows, cols, |x| 0.1 * x).random(rows, cols);
        let o = b
            .run(gpu, &|tape, bufs, _| running_sum::record(tape, "sum", bufs[0], bufs[1], bufs[2]))
            .await;
        let what = format!("running_sum {rows}x{cols}");
        let before = |i: usize, at: usize| f64::from(o.before[i][at]).abs();
        let all = |at: usize| before(0, at) + before(1, at) + before(2, at);
        worst = worst.max(o.within(0, &what, |at| U * all(at)));
    }
    worst
}

async fn add_scaled_case(gpu: &Rc<Gpu>) -> f64 {
    let mut worst = 0.0f64;
    for (rows, cols) in GRIDS {
        for with_a in [false, true] {
            let mut b = Bench::new(Scalars(-0.375, 0.0));
            b.unwritten(rows, cols).random(rows, cols);
            if with_a {
                b.random(rows, cols);
            }
            let o = b
                .run(gpu, &|tape, bufs, [s, _]| {
                    add_scaled::record(tape, "add", bufs[0], bufs.get(2).copied(), bufs[1], s);
                })
                .await;
            worst =
                worst.max(o.within(0, &format!("add_scaled {rows}x{cols}, a {with_a}"), |at| {
                    let a = if with_a { o.size(2, at) } else { 0.0 };
                    2.0 * U * (a + 0.375 * o.size(1, at))
                }));
        }
    }
    worst
}

async fn row_scale_case(gpu: &Rc<Gpu>) -> f64 {
    let mut worst = 0.0f64;
    for (n, m) in GRIDS {
        for with_g in [false, true] {
            let mut b = Bench::new(Scalars(-50.0, 0.0));
            b.unwritten(n, m).random(n, 1).random(n, m);
            if with_g {
                b.random(n, m);
            }
            let o = b
                .run(gpu, &|tape, bufs, [s, _]| {
                    let g = bufs.get(3).copied();
                    row_scale::record(tape, "scale", bufs[0], bufs[1], bufs[2], g, s);
                })
                .await;
            worst = worst.max(o.within(0, &format!("row_scale {n}x{m}, g {with_g}"), |at| {
                let g = if with_g { o.size(3, at) } else { 0.0 };
                3.0 * U * (g + 50.0 * o.size(1, at / m) * o.size(2, at))
            }));
        }
    }
    worst
}

/// An operand of values of `act`, with exact zeros at relu's edge.
fn activities(b: &mut Bench, act: Activation, n: usize, m: usize) {
    b.mapped(n, m, |h| match act {
        Activation::Sigmoid | Activation::Softmax => h.abs(),
        Activation::Relu => h.max(0.0),
        _ => h,
    });
}

// Slopes: h (1 - h) and 1 - h^2 have two roundings of numbers up to 1; then one product.
async fn gate_case(gpu: &Rc<Gpu>) -> f64 {
    let mut worst = 0.0f64;
    for (i, (rows, cols)) in GRIDS.into_iter().enumerate() {
        for act in [ACTIVATIONS[i % 5], ACTIVATIONS[(i + 2) % 5]] {
            let mut b = Bench::new(NONE);
            b.unwritten(rows, cols).random(rows, cols);
            activities(&mut b, act, rows, cols);
            let o = b
                .run(gpu, &|tape, bufs, _| {
                    gate::record(tape, "gate", bufs[0], bufs[1], bufs[2], act);
                })
                .await;
            let what = format!("gate {rows}x{cols} {act:?}");
            worst = worst.max(o.within(0, &what, |at| 3.0 * U * o.size(1, at)));
        }
    }
    worst
}

// As for the gate, with the rounding of a difference.
async fn output_error_case(gpu: &Rc<Gpu>) -> f64 {
    let mut worst = 0.0f64;
    for (i, (rows, cols)) in GRIDS.into_iter().enumerate() {
        for act in [ACTIVATIONS[i % 5], ACTIVATIONS[(i + 2) % 5]] {
            let mut b = Bench::new(NONE);
            b.unwritten(rows, cols);
            activities(&mut b, act, rows, cols);
            b.random(rows, cols);
            let o = b
                .run(gpu, &|tape, bufs, _| {
                    output_error::record(tape, "e", bufs[0], bufs[1], bufs[2], act);
                })
                .await;
            worst = worst.max(o.within(0, &format!("output_error {rows}x{cols} {act:?}"), |at| {
                4.0 * U * (o.exact[1][at] - o.exact[2][at]).abs()
            }));
        }
    }
    worst
}

async fn sign_transport_case(gpu: &Rc<Gpu>) -> f64 {
    let mut worst = 0.0f64;
    for (rows, cols) in GRIDS {
        let mut b = Bench::new(NONE);
        let middle = rows * cols / 2;
        b.unwritten(rows, cols).random(rows, cols).random(rows, cols).last()[middle] = 0.0;
        let o = b
            .run(gpu, &|tape, bufs, _| {
                sign_transport::record(tape, "sign", bufs[0], bufs[1], bufs[2]);
            })
            .await;
        worst = worst.max(o.within(0, "sign_transport", |_| 0.0));
        assert_eq!(o.gpu[0][middle], 0.0, "sign(0) = 0");
    }
    worst
}

// --- Along rows ----------------------------------------------------------------------------------------------

/// An operand of probabilities, or of anything, as the loss wants it.
fn outputs(b: &mut Bench, loss: Loss, n: usize, p: usize) {
    let probabilities = loss == Loss::CrossEntropy;
    activities(b, if probabilities { Activation::Sigmoid } else { Activation::Identity }, n, p);
}

/// A target: of anything, or a distribution with most entries 0.
fn targets(b: &mut Bench, loss: Loss, n: usize, p: usize) {
    match loss {
        Loss::SquaredError => b.random(n, p),
        Loss::CrossEntropy => b.mapped(n, p, |y| if y < 0.5 { 0.0 } else { y }),
    };
}

/// Error of the GPU's ln: 2 ulp of the result, or of a half near 1 (math.wgsl).
fn ln_error(p: f64) -> f64 {
    4.0 * U * p.max(f64::from(f32::MIN_POSITIVE)).ln().abs().max(0.5)
}

// Squared error: a sum of p squares of a rounded difference, (p + 2) U; cross-entropy: p logarithms, as many
// products and sums.
async fn sample_loss_case(gpu: &Rc<Gpu>) -> f64 {
    let mut worst = 0.0f64;
    for (n, p) in GRIDS {
        for loss in LOSSES {
            let mut b = Bench::new(NONE);
            b.unwritten(n, 1);
            outputs(&mut b, loss, n, p);
            b.last()[0] = 0.0; // a probability of nothing
            targets(&mut b, loss, n, p);
            b.last()[0] = 1.0;
            let o = b
                .run(gpu, &|tape, bufs, _| {
                    loss::record_sample(tape, "L", bufs[0], bufs[1], bufs[2], loss);
                })
                .await;
            let what = format!("sample_loss {n}x{p} {loss:?}");
            assert!(o.gpu[0].iter().all(|l| l.is_finite()), "{what}");
            worst = worst.max(o.within(0, &what, |at| {
                let own = match loss {
                    Loss::SquaredError => 0.0,
                    Loss::CrossEntropy => (at * p..(at + 1) * p)
                        .map(|i| o.exact[2][i] * ln_error(o.exact[1][i]))
                        .sum(),
                };
                own + (p + 2) as f64 * U * o.size(0, at)
            }));
        }
    }
    worst
}

// Squared error: each term is a product of a rounded difference and a sum of two, whose magnitudes may cancel among
// p terms: (p + 4) U. Cross-entropy: the logarithm of a ratio, near 1 as ln(1 + x) with x = (p~ - p) / p (a
// difference and a division, of which ln(1 + x) sees at most 1.2 times as much, itself within 4 ulp = 8 U); farther
// off as the logarithm of the rounded ratio.
async fn difference_case(gpu: &Rc<Gpu>) -> f64 {
    let mut worst = 0.0f64;
    for (n, p) in GRIDS {
        for (loss, near) in
            [(LOSSES[0], false), (LOSSES[0], true), (LOSSES[1], false), (LOSSES[1], true)]
        {
            let mut b = Bench::new(NONE);
            b.unwritten(n, 1);
            outputs(&mut b, loss, n, p);
            let noisy: Vec<f32> = b.last().to_vec();
            outputs(&mut b, loss, n, p);
            if near {
                // what perturbations of 1e-4 do
                let close = |(i, p): (usize, &f32)| p * (1.0 + 1e-4 * (i % 7) as f32);
                let values: Vec<f32> = noisy.iter().enumerate().map(close).collect();
                b.last().copy_from_slice(&values);
            }
            b.last()[n * p / 2] = 1e-20;
            targets(&mut b, loss, n, p);
            b.last()[n * p / 2] = 1.0;
            let o = b
                .run(gpu, &|tape, bufs, _| {
                    let pair = (bufs[1], bufs[2]);
                    loss::record_difference(tape, "L~ - L", bufs[0], pair, bufs[3], loss);
                })
                .await;
            let what = format!("loss_difference {n}x{p} {loss:?}, near {near}");
            worst = worst.max(o.within(0, &what, |at| difference_bound(&o, at, p, loss)));
        }
    }
    worst
}

fn difference_bound(o: &Outcome, at: usize, p: usize, loss: Loss) -> f64 {
    let terms = (at * p..(at + 1) * p).map(|i| [1, 2, 3].map(|k| o.exact[k][i]));
    if loss == Loss::SquaredError {
        let size = |[noisy, yhat, y]: [f64; 3]| {
            0.5 * (noisy - yhat).abs() * ((noisy - y).abs() + (yhat - y).abs())
        };
        return (p + 4) as f64 * U * terms.map(size).sum::<f64>();
    }
    terms
        .map(|[noisy, yhat, y]| {
            let floored = |p: f64| p.max(f64::from(f32::MIN_POSITIVE));
            let (change, log) =
                ((noisy - yhat) / yhat, (floored(noisy) / floored(yhat)).ln().abs());
            let near = (1.2 * (U + DIVISION) + 8.0 * U) * log;
            // which form the GPU has taken is not known at the edge between them
            let far = if change.abs() > 0.2 { DIVISION + ln_error(noisy / yhat) } else { 0.0 };
            y * (near + far + (p + 2) as f64 * U * log)
        })
        .sum()
}

async fn correct_case(gpu: &Rc<Gpu>) -> f64 {
    let mut worst = 0.0f64;
    for (n, p) in GRIDS {
        // few values, so that some are equal: then the first counts
        for steps in [4.0, 1e6] {
            let round = |x: f32| (x * steps).round();
            let mut b = Bench::new(NONE);
            b.unwritten(n, 1).mapped(n, p, round).mapped(n, p, round);
            let o = b
                .run(gpu, &|tape, bufs, _| {
                    loss::record_correct(tape, "correct", bufs[0], bufs[1], bufs[2]);
                })
                .await;
            worst = worst.max(o.within(0, &format!("correct {n}x{p}"), |_| 0.0));
        }
    }
    worst
}

// The sums are off by (m + 1) U of sqrt(a.a b.b) (Cauchy, Schwarz) and m U of themselves, then two divisions, a root
// and a product make the cosine; its error is put through the arc cosine as it is, whose own is 1e-6 (math.wgsl).
async fn angle_case(gpu: &Rc<Gpu>) -> f64 {
    let mut worst = 0.0f64;
    for (n, m) in GRIDS {
        let mut b = Bench::new(NONE);
        b.unwritten(n, 1).random(n, m);
        let a = b.last().to_vec();
        b.random(n, m);
        // the last row of five against its own negative, the one before against itself
        let special = |row: usize| row % 5 > 2;
        for (row, values) in b.last().chunks_mut(m).enumerate().filter(|(row, _)| special(*row)) {
            let sign = if row % 5 == 4 { -2.0 } else { 1.0 };
            values.iter_mut().zip(&a[row * m..]).for_each(|(b, a)| *b = sign * a);
        }
        let o = b
            .run(gpu, &|tape, bufs, _| {
                alignment::record_angle(tape, "angle", bufs[0], bufs[1], bufs[2]);
            })
            .await;
        worst = worst.max(o.within(0, &format!("angle {n}x{m}"), |at| {
            let angle = o.exact[0][at];
            let off = (2 * m + 4) as f64 * U + 1.5 * DIVISION + ROOT;
            let moved = |by: f64| {
                let cosine = (angle.to_radians().cos() + by).clamp(-1.0, 1.0);
                (cosine.acos().to_degrees() - angle).abs()
            };
            moved(off).max(moved(-off)) + 1e-6f64.to_degrees() + 3.0 * U * angle
        }));
        for row in (0..n).filter(|row| row % 5 == 3) {
            assert_eq!(o.gpu[0][row], 0.0, "a vector and itself, {n}x{m}");
        }
    }
    worst
}

async fn compare_one(gpu: &Rc<Gpu>, (m, n): (usize, usize)) -> f64 {
    let mut b = Bench::new(NONE);
    b.unwritten(1, alignment::COMPARED).random(m, n).last()[0] = 0.0;
    b.random(m, n);
    let o = b
        .run(gpu, &|tape, bufs, _| {
            alignment::record_compare(tape, "compare", bufs[0], bufs[1], bufs[2]);
        })
        .await;
    // a lane adds its share, then one adds up the lanes; a term is a square of a rounded difference
    let width = gpu.tuning().width as usize;
    let terms = m * n.div_ceil(width) + width + 3;
    o.within(0, &format!("compare {m}x{n}"), |at| {
        // the last two are counts
        if at < 3 { terms as f64 * U * o.size(0, at) } else { 0.0 }
    })
}

// Not larger: lavapipe ends a shader's loops after 65,535 rounds, of which each lane here takes an eighth of the
// entries.
async fn compare_case(gpu: &Rc<Gpu>) -> f64 {
    let mut worst = 0.0f64;
    for grid in GRIDS.into_iter().chain([(700, 700)]) {
        worst = worst.max(compare_one(gpu, grid).await);
    }
    worst
}

// --- Drawn and gathered; more about these in random.rs -------------------------------------------------------

/// Pixels: a quotient. Labels: exact.
async fn gather_case(gpu: &Rc<Gpu>, labels: bool) -> f64 {
    let mut worst = 0.0f64;
    for source in [Source::Shuffled, Source::Train, Source::Test] {
        for n in [1, 7, 64] {
            let mut b = Bench::new(NONE);
            (b.env.source, b.env.step, b.env.offset) = (source, 13, 20);
            b.unwritten(n, if labels { b.data.classes } else { b.data.pixels() });
            let o = b
                .run(gpu, &|tape, bufs, _| {
                    if labels {
                        gather::record_labels(tape, "y", bufs[0]);
                    } else {
                        gather::record_images(tape, "x", bufs[0]);
                    }
                })
                .await;
            worst = worst.max(o.within(0, &format!("gather, {source:?}, {n} samples"), |at| {
                if labels { 0.0 } else { DIVISION * o.size(0, at) }
            }));
        }
    }
    worst
}

// xi = r cos or r sin, r = sqrt(-2 ln u). ln u is off by d = 2 ulp of at least 1/2 (math.wgsl), so -2 ln u by 2 d, r
// by d / r (at most sqrt(2 d) where r is smaller than that) and the root's own error; cos and sin by 1.5e-7; a product.
async fn noise_case(gpu: &Rc<Gpu>) -> f64 {
    let mut worst = 0.0f64;
    for (n, m) in GRIDS {
        let mut b = Bench::new(NONE);
        b.env.step = (7 << 32) + n as u64;
        b.unwritten(n, m);
        let from = stream(Purpose::Activity, 2);
        let o = b.run(gpu, &|tape, bufs, _| noise::record(tape, "xi", bufs[0], from)).await;
        let xi = &o.exact[0];
        worst = worst.max(o.within(0, &format!("noise {n}x{m}"), |at| {
            let first = at / 2 * 2;
            // the last of an odd number has lost its partner; |xi| <= 5.77
            let r = if first + 1 < xi.len() { xi[first].hypot(xi[first + 1]) } else { 5.77 };
            let d = 4.0 * U * f64::max(1.0, r * r / 2.0);
            1.5e-7 * r + f64::min(d / r, (2.0 * d).sqrt()) + (ROOT + U) * r
        }));
    }
    worst
}

/// Kernels that stay on the processor say so, and the executor says what they need from there and give back.
fn host_case(gpu: &Rc<Gpu>) -> f64 {
    let mut b = Bench::new(NONE);
    b.unwritten(2, 3).random(2, 2).random(2, 3);
    let (program, plan, bufs) =
        b.program(0, &|tape, bufs, _| ridge::record(tape, "B = V^-1 S", bufs[0], bufs[1], bufs[2]));
    let op = &program.plans[0].ops[0];
    assert_eq!((op.kernel.gpu)(op), vec![Lowered::Host]);
    let mut exec = Executor::new(gpu.clone(), program.clone(), &b.data, None, &[]).unwrap();
    assert_eq!(exec.dispatches(plan, 0), Ok(0));
    assert_eq!(exec.host_operands(plan, 0), (bufs.clone(), vec![bufs[0]]));
    0.0
}

/// The case of a kernel; `None` where nobody has written one.
async fn case(kernel: &Kernel, gpu: &Rc<Gpu>) -> Option<f64> {
    Some(match kernel.name {
        "adam" => adam_case(gpu).await,
        "add_scaled" => add_scaled_case(gpu).await,
        "adjoint" => adjoint_case(gpu).await,
        "angle" => angle_case(gpu).await,
        "batch_sum" => batch_sum_case(gpu).await,
        "column_sum" => column_sum_case(gpu).await,
        "compare" => compare_case(gpu).await,
        "correct" => correct_case(gpu).await,
        "conv" => images::forward_case(gpu).await,
        "conv_adjoint" => images::adjoint_case(gpu).await,
        "conv_outer" => images::outer_case(gpu).await,
        "dense" => dense_case(gpu).await,
        "dropout" => images::dropout_case(gpu).await,
        "gate" => gate_case(gpu).await,
        "gather_images" => gather_case(gpu, false).await,
        "gather_labels" => gather_case(gpu, true).await,
        "loss_difference" => difference_case(gpu).await,
        "noise" => noise_case(gpu).await,
        "outer" => outer_case(gpu).await,
        "output_error" => output_error_case(gpu).await,
        "pool" => images::pool_case(gpu).await,
        "pool_adjoint" => images::pool_adjoint_case(gpu).await,
        "ridge" => host_case(gpu),
        "row_scale" => row_scale_case(gpu).await,
        "running_sum" => running_sum_case(gpu).await,
        "sample_loss" => sample_loss_case(gpu).await,
        "sign_transport" => sign_transport_case(gpu).await,
        _ => return None,
    })
}

pub async fn every_kernel_matches_its_reference_within_the_rounding_of_f32(gpu: &Rc<Gpu>) {
    for size in SIZES {
        let roles = SHAPES.iter().fold([false; 3], |[a, b, c], (n, m, k)| {
            [a || (*n == size), b || (*m == size), c || (*k == size)]
        });
        assert_eq!(roles, [true; 3], "{size} is missing in a role of a product");
        let roles = GRIDS.map(|(n, m)| (n == size, m == size));
        assert!(roles.iter().any(|r| r.0) && roles.iter().any(|r| r.1), "{size} is missing");
    }
    for kernel in ALL {
        let worst = case(kernel, gpu).await;
        let worst = worst.unwrap_or_else(|| panic!("no case for the kernel {}", kernel.name));
        say!("{:<16} share of the bound used: {worst:.2}", kernel.name);
    }
}

/// Those in use, and some that nobody would choose. `SMALL` is what most other tests use, and those of single kernels
/// what suits the adapter.
const TUNINGS: [Tuning; 4] = [
    Tuning::HARDWARE,
    Tuning { large: 0, ..Tuning::SOFTWARE },
    Tuning { rm4: 1, rn4: 3, wx: 3, wy: 5, width: 7, split: 64, part: 8, ..Tuning::SMALL },
    Tuning { rm4: 2, rn4: 1, wx: 4, wy: 3, width: 1, split: 64, part: 8, ..Tuning::HARDWARE },
];

/// Where invocations can hand each other what they loaded.
const QUADS: [Tuning; 2] = [Tuning::QUADS, Tuning { rm4: 1, rn4: 3, ..Tuning::QUADS }];

pub async fn every_tuning_gives_the_same_results(gpu: &Rc<Gpu>) {
    let usual = gpu.tuning();
    let quads: &[Tuning] = if usual.quads { &QUADS } else { &[] };
    for tuning in TUNINGS.iter().chain(quads).copied() {
        gpu.set_tuning(tuning);
        let mut worst = 0.0f64;
        for shape in [(31, 200, 7), (13, 36, 200)] {
            worst = worst.max(dense_one(gpu, shape, Activation::Softmax, false).await);
            worst = worst.max(adjoint_one(gpu, shape).await);
            worst = worst.max(outer_one(gpu, shape, FACTORS[2]).await);
        }
        worst = worst.max(compare_one(gpu, (64, 31)).await);
        worst = worst.max(images::under_this_tuning(gpu).await);
        // products in pairs with sums beside them, which no kernel alone has
        steps::a_step_is_the_processors(gpu).await;
        say!("{tuning:?} share of the bound used: {worst:.2}");
    }
    gpu.set_tuning(usual);
}
