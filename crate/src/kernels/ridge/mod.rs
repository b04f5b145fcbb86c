//! `B = V^-1 S`: the exact online ridge solution (paper, appendix B). `V = gamma I + sum e~^T e~` and
//! `S = sum e~^T lambda_hat` are running sums, so B minimises `sum ||e~ B - lambda_hat||^2 + gamma ||B||^2`.
//!
//! Buffers: B (m, n) read and written; V (m, m); S (m, n). Cholesky in f64 in scratch. Where V is not
//! positive definite in f64 (gamma = 0 and too few samples), B keeps its old value.
//!
//! The f32 running sums stay good to about 3e-8 sqrt(steps): 3e-5 after a million steps.

use crate::plan::{Access, Buf, Kernel, Lowered, Op, Run, Tape};

/// The kernel.
pub static KERNEL: Kernel = Kernel {
    name: "ridge",
    access: &[Access::ReadWrite, Access::Read, Access::Read],
    cpu,
    reference,
    gpu,
    flops: |op| {
        let (m, n) = (op.bufs[0].rows as u64, op.bufs[0].cols as u64);
        m * m * m / 3 + 2 * m * m * n
    },
    scratch: |op| 2 * (op.bufs[1].len() + op.bufs[2].len()),
};

/// Records `B = V^-1 S`.
#[track_caller]
pub fn record(tape: &mut Tape, label: &str, b: Buf, v: Buf, s: Buf) {
    tape.require(v.rows == v.cols && v.rows == b.rows && s.len() == b.len(), label, || {
        format!("ridge: B {b:?}, V {v:?}, S {s:?}")
    });
    tape.push(&KERNEL, label, &[b, v, s], &[], &[]);
}

/// Solves `V X = S` in place of `x` (m x n), with the factor in place of `v` (m x m, lower). False when
/// V is not positive definite.
fn solve(v: &mut [f64], x: &mut [f64], m: usize, n: usize) -> bool {
    for j in 0..m {
        for i in j..m {
            let dot: f64 = (0..j).map(|k| v[i * m + k] * v[j * m + k]).sum();
            let rest = v[i * m + j] - dot;
            if i == j {
                // relative to the diagonal: below this a pivot is rounding noise
                let noise = 1e-14 * v[i * m + i].abs();
                if rest.is_nan() || rest <= noise {
                    return false;
                }
                v[j * m + j] = libm::sqrt(rest);
            } else {
                v[i * m + j] = rest / v[j * m + j];
            }
        }
    }
    for i in 0..m {
        let (solved, row) = x.split_at_mut(i * n);
        subtract_rows(&mut row[..n], solved, |k| v[i * m + k], 0, i, n);
        row[..n].iter_mut().for_each(|x| *x /= v[i * m + i]);
    }
    for i in (0..m).rev() {
        let (row, solved) = x[i * n..].split_at_mut(n);
        subtract_rows(row, solved, |k| v[(i + 1 + k) * m + i], 0, m - 1 - i, n);
        row.iter_mut().for_each(|x| *x /= v[i * m + i]);
    }
    true
}

/// `row -= sum_k factor(k) rows[k]`
fn subtract_rows(
    row: &mut [f64],
    rows: &[f64],
    factor: impl Fn(usize) -> f64,
    from: usize,
    to: usize,
    n: usize,
) {
    for k in from..to {
        let f = factor(k);
        row.iter_mut().zip(&rows[k * n..][..n]).for_each(|(x, y)| *x -= f * y);
    }
}

/// The Cholesky solve needs f64, which GPUs have not.
fn gpu(_: &Op) -> Vec<Lowered> {
    vec![Lowered::Host]
}

fn cpu(run: &mut Run<'_, f32>) {
    let mut b = run.take(0);
    let mut scratch = std::mem::take(run.scratch);
    let (v, s) = (run.read(1), run.read(2));
    let (m, n) = (run.shape(0).rows, run.shape(0).cols);
    let doubles: &mut [f64] = bytemuck::cast_slice_mut(&mut scratch[..2 * (m * m + m * n)]);
    let (factor, x) = doubles.split_at_mut(m * m);
    factor.iter_mut().zip(v).for_each(|(f, v)| *f = f64::from(*v));
    x.iter_mut().zip(s).for_each(|(x, s)| *x = f64::from(*s));
    if solve(factor, x, m, n) {
        b.iter_mut().zip(x).for_each(|(b, x)| *b = *x as f32);
    }
    *run.scratch = scratch;
    run.put(0, b);
}

/// Gauss-Jordan with pivoting on a copy: another way than the fast version's.
fn reference(run: &mut Run<'_, f64>) {
    let mut b = run.take(0);
    let (m, n) = (run.shape(0).rows, run.shape(0).cols);
    let (mut v, mut x) = (run.read(1).to_vec(), run.read(2).to_vec());
    let size = v.iter().fold(0.0f64, |a, x| a.max(x.abs()));
    let mut regular = true;
    for c in 0..m {
        let pivot =
            (c..m).max_by(|i, j| v[i * m + c].abs().total_cmp(&v[j * m + c].abs())).unwrap_or(c);
        regular &= v[pivot * m + c].abs() > 1e-14 * size;
        for k in 0..m {
            v.swap(c * m + k, pivot * m + k);
        }
        for k in 0..n {
            x.swap(c * n + k, pivot * n + k);
        }
        for i in (0..m).filter(|i| *i != c) {
            let f = v[i * m + c] / v[c * m + c];
            (0..m).for_each(|k| v[i * m + k] -= f * v[c * m + k]);
            (0..n).for_each(|k| x[i * n + k] -= f * x[c * n + k]);
        }
    }
    if regular {
        for i in 0..m {
            (0..n).for_each(|k| b[i * n + k] = x[i * n + k] / v[i * m + i]);
        }
    }
    run.put(0, b);
}
