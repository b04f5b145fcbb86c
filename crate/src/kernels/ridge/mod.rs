//! `B = V^-1 S`: the exact online ridge solution (paper, appendix B). `V = gamma I + sum e~^T e~` and
//! `S = sum e~^T lambda_hat` are running sums, so B minimises `sum ||e~ B - lambda_hat||^2 + gamma ||B||^2`.
//!
//! Buffers: B (m, n) read and written; V (m, m); S (m, n). Cholesky in f64 in scratch. Where V is not
//! positive definite in f64 (gamma = 0 and too few samples), B keeps its old value.
//!
//! V may be ill-conditioned: its sums must not lose anything over a run (`running_sum`).

use super::lanes::{Lanes, WithLanes, dispatch};
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
    scratch: |op| 2 * op.bufs[0].rows * (op.bufs[0].rows + PANEL),
};

/// Records `B = V^-1 S`.
#[track_caller]
pub fn record(tape: &mut Tape, label: &str, b: Buf, v: Buf, s: Buf) {
    tape.require(v.rows == v.cols && v.rows == b.rows && s.len() == b.len(), label, || {
        format!("ridge: B {b:?}, V {v:?}, S {s:?}")
    });
    tape.push(&KERNEL, label, &[b, v, s], &[], &[]);
}

/// Columns that are solved together: as many as stay in registers.
const PANEL: usize = 16;

/// The Cholesky factor of `v` (m x m) in place of its lower half. False when `v` is not positive definite.
#[inline(always)]
fn factorise(v: &mut [f64], m: usize) -> bool {
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
    true
}

/// Solves `L L^T X = S` in place of `x` (m rows of [`PANEL`]) for a factor `l`.
#[inline(always)]
fn substitute(l: &[f64], x: &mut [[f64; PANEL]], m: usize) {
    for i in 0..m {
        let mut row = x[i];
        for (factor, other) in l[i * m..].iter().zip(&x[..i]) {
            subtract(&mut row, *factor, other);
        }
        x[i] = row.map(|x| x / l[i * m + i]);
    }
    for i in (0..m).rev() {
        let mut row = x[i];
        for (below, other) in l[(i + 1) * m..].chunks_exact(m).zip(&x[i + 1..]) {
            subtract(&mut row, below[i], other);
        }
        x[i] = row.map(|x| x / l[i * m + i]);
    }
}

#[inline(always)]
fn subtract(row: &mut [f64; PANEL], factor: f64, other: &[f64; PANEL]) {
    for (x, y) in row.iter_mut().zip(other) {
        *x -= factor * y;
    }
}

/// `B = V^-1 S`, a panel of columns after the other; independent columns, so that lanes change no bit of it.
struct Solve<'a> {
    b: &'a mut [f32],
    s: &'a [f32],
    v: &'a mut [f64],
    x: &'a mut [[f64; PANEL]],
    m: usize,
    n: usize,
}

impl WithLanes for Solve<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { b, s, v, x, m, n } = self;
        if !factorise(v, m) {
            return;
        }
        for first in (0..n).step_by(PANEL) {
            let width = PANEL.min(n - first);
            for (x, s) in x.iter_mut().zip(s.chunks_exact(n)) {
                *x = [0.0; PANEL];
                x.iter_mut().zip(&s[first..first + width]).for_each(|(x, s)| *x = f64::from(*s));
            }
            substitute(v, x, m);
            for (x, b) in x.iter().zip(b.chunks_exact_mut(n)) {
                b[first..first + width].iter_mut().zip(x).for_each(|(b, x)| *b = *x as f32);
            }
        }
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
    let doubles: &mut [f64] = bytemuck::cast_slice_mut(&mut scratch[..2 * m * (m + PANEL)]);
    let (factor, x) = doubles.split_at_mut(m * m);
    factor.iter_mut().zip(v).for_each(|(f, v)| *f = f64::from(*v));
    let x = bytemuck::cast_slice_mut(x);
    dispatch(run.arithmetic, Solve { b: &mut b, s, v: factor, x, m, n });
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
