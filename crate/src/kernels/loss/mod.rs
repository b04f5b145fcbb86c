//! Per-sample loss `L_n`, per-sample difference `L~_n - L_n`, and whether a sample is classified right.
//!
//! Squared error `1/2 sum_k (yhat_k - y_k)^2`; cross-entropy `-sum_k y_k ln yhat_k` (softmax output).
//! The difference is computed without cancellation, since with c = 1e-4 the subtraction of two rounded
//! losses loses four of seven digits: `1/2 sum_k (y~_k - yhat_k)(y~_k + yhat_k - 2 y_k)`, respectively
//! `-sum_k y_k ln(1 + (y~_k - yhat_k) / yhat_k)` (paper, section 3).
//!
//! Buffers: out (N, 1) written; then (N, p) each: yhat, y for `SAMPLE` and `CORRECT`; y~, yhat, y for
//! `DIFFERENCE`. Ints: 0 squared error, 1 cross-entropy.

use super::elementwise::sum;
use super::lanes::{Lanes, WithLanes, dispatch};
use crate::plan::{Access, Buf, Element, Kernel, Lowered, Op, Run, Tape};
use serde::{Deserialize, Serialize};

/// What training minimises, per sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// `1/2 sum_k (yhat_k - y_k)^2`
    SquaredError,
    /// `-sum_k y_k ln yhat_k`, softmax output only.
    CrossEntropy,
}

/// Smallest probability whose logarithm is taken: the smallest normal f32.
const TINY: f64 = f32::MIN_POSITIVE as f64;

/// `L_n`
pub static SAMPLE: Kernel = Kernel {
    name: "sample_loss",
    access: &[Access::Write, Access::Read, Access::Read],
    cpu: sample_cpu,
    reference: sample_reference,
    gpu: sample_gpu,
    flops: |op| 3 * op.bufs[1].len() as u64,
    scratch: |_| 0,
};

/// `L~_n - L_n`
pub static DIFFERENCE: Kernel = Kernel {
    name: "loss_difference",
    access: &[Access::Write, Access::Read, Access::Read, Access::Read],
    cpu: difference_cpu,
    reference: difference_reference,
    gpu: difference_gpu,
    flops: |op| 5 * op.bufs[1].len() as u64,
    scratch: |_| 0,
};

/// 1 where the largest output is at the largest target, else 0.
pub static CORRECT: Kernel = Kernel {
    name: "correct",
    access: &[Access::Write, Access::Read, Access::Read],
    cpu: correct,
    reference: correct,
    gpu: correct_gpu,
    flops: |op| op.bufs[1].len() as u64,
    scratch: |_| 0,
};

/// Records `out_n = L_n`.
#[track_caller]
pub fn record_sample(tape: &mut Tape, label: &str, out: Buf, yhat: Buf, y: Buf, loss: Loss) {
    check(tape, label, out, &[yhat, y]);
    tape.push(&SAMPLE, label, &[out, yhat, y], &[], &[loss as u32]);
}

/// Records `out_n = L~_n - L_n`.
#[track_caller]
pub fn record_difference(
    tape: &mut Tape,
    label: &str,
    out: Buf,
    (noisy, yhat): (Buf, Buf),
    y: Buf,
    loss: Loss,
) {
    check(tape, label, out, &[noisy, yhat, y]);
    tape.push(&DIFFERENCE, label, &[out, noisy, yhat, y], &[], &[loss as u32]);
}

/// Records `out_n = 1` where sample n is classified right, else 0.
#[track_caller]
pub fn record_correct(tape: &mut Tape, label: &str, out: Buf, yhat: Buf, y: Buf) {
    check(tape, label, out, &[yhat, y]);
    tape.push(&CORRECT, label, &[out, yhat, y], &[], &[]);
}

#[track_caller]
fn check(tape: &mut Tape, label: &str, out: Buf, operands: &[Buf]) {
    let fits =
        operands.iter().all(|b| (b.rows, b.cols) == (out.rows, operands[0].cols)) && out.cols == 1;
    tape.require(fits, label, || format!("loss: out {out:?}, operands {operands:?}"));
}

struct SquaredError<'a>(&'a mut [f32], &'a [f32], &'a [f32], usize);

impl WithLanes for SquaredError<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let p = self.3;
        for ((out, yhat), y) in
            self.0.iter_mut().zip(self.1.chunks_exact(p)).zip(self.2.chunks_exact(p))
        {
            *out = 0.5
                * sum!(L; yhat = yhat, y = y => {
                    let d = yhat.sub(y);
                    d.mul(d)
                });
        }
    }
}

fn sample_cpu(run: &mut Run<'_, f32>) {
    let mut out = run.take(0);
    let p = run.shape(1).cols;
    if run.int(0) == Loss::SquaredError as u32 {
        dispatch(run.arithmetic, SquaredError(&mut out, run.read(1), run.read(2), p));
    } else {
        let rows = run.read(1).chunks_exact(p).zip(run.read(2).chunks_exact(p));
        for (out, (yhat, y)) in out.iter_mut().zip(rows) {
            *out = cross_entropy(yhat, y) as f32;
        }
    }
    run.put(0, out);
}

/// In f64 in both versions: p logarithms a sample are nothing beside the products.
fn cross_entropy<T: Element>(yhat: &[T], y: &[T]) -> f64 {
    let terms = yhat.iter().zip(y).map(|(p, y)| (p.to_f64(), y.to_f64()));
    // NaN passes `max` by; keep it visible
    -terms
        .filter(|t| t.1 != 0.0)
        .map(|(p, y)| y * libm::log(if p < TINY { TINY } else { p }))
        .sum::<f64>()
}

fn sample_reference(run: &mut Run<'_, f64>) {
    let mut out = run.take(0);
    let p = run.shape(1).cols;
    let squared = run.int(0) == Loss::SquaredError as u32;
    let rows = run.read(1).chunks_exact(p).zip(run.read(2).chunks_exact(p));
    for (out, (yhat, y)) in out.iter_mut().zip(rows) {
        *out = if squared {
            0.5 * yhat.iter().zip(y).map(|(yhat, y)| (yhat - y) * (yhat - y)).sum::<f64>()
        } else {
            cross_entropy(yhat, y)
        };
    }
    run.put(0, out);
}

struct SquaredDifference<'a>(&'a mut [f32], [&'a [f32]; 3], usize);

impl WithLanes for SquaredDifference<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        for (n, out) in self.0.iter_mut().enumerate() {
            let (first, p) = (n * self.2, self.2);
            let rows = [
                &self.1[0][first..first + p],
                &self.1[1][first..first + p],
                &self.1[2][first..first + p],
            ];
            *out = 0.5
                * sum!(L; noisy = rows[0], yhat = rows[1], y = rows[2] => {
                    noisy.sub(yhat).mul(noisy.sub(y).add(yhat.sub(y)))
                });
        }
    }
}

fn difference_cpu(run: &mut Run<'_, f32>) {
    let mut out = run.take(0);
    let p = run.shape(1).cols;
    let operands = [run.read(1), run.read(2), run.read(3)];
    if run.int(0) == Loss::SquaredError as u32 {
        dispatch(run.arithmetic, SquaredDifference(&mut out, operands, p));
    } else {
        for (n, out) in out.iter_mut().enumerate() {
            *out = cross_entropy_difference(operands.map(|s| &s[n * p..][..p])) as f32;
        }
    }
    run.put(0, out);
}

fn cross_entropy_difference<T: Element>([noisy, yhat, y]: [&[T]; 3]) -> f64 {
    let mut sum = 0.0;
    for ((noisy, yhat), y) in noisy.iter().zip(yhat).zip(y) {
        let (noisy, yhat, y) = (noisy.to_f64(), yhat.to_f64(), y.to_f64());
        if y != 0.0 {
            // as in `cross_entropy`: the same floor, and NaN stays
            let [noisy, yhat] = [noisy, yhat].map(|p| if p < TINY { TINY } else { p });
            let change = (noisy - yhat) / yhat;
            // Near -1 the sum 1 + change has lost the small probability; far from 0 nothing cancels.
            let far = change.abs() > 0.5;
            sum -= y * if far { libm::log(noisy / yhat) } else { libm::log1p(change) };
        }
    }
    sum
}

fn difference_reference(run: &mut Run<'_, f64>) {
    let mut out = run.take(0);
    let p = run.shape(1).cols;
    let squared = run.int(0) == Loss::SquaredError as u32;
    let operands = [run.read(1), run.read(2), run.read(3)];
    for (n, out) in out.iter_mut().enumerate() {
        let [noisy, yhat, y] = operands.map(|s| &s[n * p..][..p]);
        *out = if squared {
            let terms = noisy.iter().zip(yhat).zip(y);
            0.5 * terms
                .map(|((noisy, yhat), y)| (noisy - yhat) * (noisy + yhat - 2.0 * y))
                .sum::<f64>()
        } else {
            cross_entropy_difference([noisy, yhat, y])
        };
    }
    run.put(0, out);
}

/// One sum a row.
fn rows(op: &Op, squared: &str, cross_entropy: &str) -> Vec<Lowered> {
    let Buf { rows, cols, .. } = op.bufs[1];
    let (term, value) = if op.ints[0] == Loss::SquaredError as u32 {
        (squared, "0.5 * $z.x")
    } else {
        (cross_entropy, "$z.x")
    };
    vec![Lowered::Rows { rows, cols, terms: vec![term.into()], assign: (0, value.into()) }]
}

fn sample_gpu(op: &Op) -> Vec<Lowered> {
    rows(op, "($1 - $2) * ($1 - $2)", "cross_entropy($1, $2)")
}

fn difference_gpu(op: &Op) -> Vec<Lowered> {
    rows(op, "($1 - $2) * (($1 - $3) + ($2 - $3))", "cross_entropy_difference($1, $2, $3)")
}

fn correct_gpu(op: &Op) -> Vec<Lowered> {
    vec![Lowered::Own {
        body: include_str!("../wgsl/correct.wgsl"),
        shape: 1,
        groups: op.bufs[1].rows as u32,
    }]
}

fn largest<T: Element>(row: &[T]) -> usize {
    let mut best = 0;
    for (i, x) in row.iter().enumerate() {
        if x.to_f64() > row[best].to_f64() {
            best = i;
        }
    }
    best
}

fn correct<T: Element>(run: &mut Run<'_, T>) {
    let mut out = run.take(0);
    let p = run.shape(1).cols;
    let rows = run.read(1).chunks_exact(p).zip(run.read(2).chunks_exact(p));
    for (out, (yhat, y)) in out.iter_mut().zip(rows) {
        *out = T::from_f64(f64::from(u8::from(largest(yhat) == largest(y))));
    }
    run.put(0, out);
}
