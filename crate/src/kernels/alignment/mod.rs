//! How far feedback is from what backpropagation would send (paper, Figure 2). Only in metric plans.
//!
//! `ANGLE`: `out_n` = angle in degrees between the rows `a_n` and `b_n`, 0..=180, NaN where one of them is
//! zero. Buffers: out (N, 1) written; a; b (N, m).
//!
//! `COMPARE`: out = [||W - B||^2, ||W||^2, ||B||^2, entries with equal sign, entries]. Buffers: out
//! (1, 5) written; W; B of one shape. Sums in f64: this is never in a training step.

use crate::plan::{Access, Buf, Element, Kernel, Lowered, Op, Run, Tape};

/// Row-wise angle.
pub static ANGLE: Kernel = Kernel {
    name: "angle",
    access: &[Access::Write, Access::Read, Access::Read],
    cpu: angle,
    reference: angle,
    gpu: angle_gpu,
    flops: |op| 6 * op.bufs[1].len() as u64,
    scratch: |_| 0,
};

/// W against B.
pub static COMPARE: Kernel = Kernel {
    name: "compare",
    access: &[Access::Write, Access::Read, Access::Read],
    cpu: compare,
    reference: compare,
    gpu: |_| vec![Lowered::Own { body: include_str!("../wgsl/compare.wgsl"), shape: 1, groups: 1 }],
    flops: |op| 8 * op.bufs[1].len() as u64,
    scratch: |_| 0,
};

/// Numbers in the output of `COMPARE`.
pub const COMPARED: usize = 5;

/// Records `out_n = angle(a_n, b_n)` in degrees.
#[track_caller]
pub fn record_angle(tape: &mut Tape, label: &str, out: Buf, a: Buf, b: Buf) {
    tape.require(a.len() == b.len() && out.len() == a.rows, label, || {
        format!("angle: out {out:?}, a {a:?}, b {b:?}")
    });
    tape.push(&ANGLE, label, &[out, a, b], &[], &[]);
}

/// Records the comparison of `w` with `b`.
#[track_caller]
pub fn record_compare(tape: &mut Tape, label: &str, out: Buf, w: Buf, b: Buf) {
    tape.require(w.len() == b.len() && out.len() == COMPARED, label, || {
        format!("compare: out {out:?}, W {w:?}, B {b:?}")
    });
    tape.push(&COMPARE, label, &[out, w, b], &[], &[]);
}

fn angle_gpu(op: &Op) -> Vec<Lowered> {
    let Buf { rows, cols, .. } = op.bufs[1];
    vec![Lowered::Rows {
        rows,
        cols,
        terms: ["$1 * $2", "$1 * $1", "$2 * $2"].map(String::from).to_vec(),
        assign: (0, "angle_of($z)".into()),
    }]
}

fn angle<T: Element>(run: &mut Run<'_, T>) {
    let mut out = run.take(0);
    let m = run.shape(1).cols;
    let rows = run.read(1).chunks_exact(m).zip(run.read(2).chunks_exact(m));
    for (out, (a, b)) in out.iter_mut().zip(rows) {
        let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
        for (a, b) in a.iter().zip(b) {
            let (a, b) = (a.to_f64(), b.to_f64());
            ab += a * b;
            aa += a * a;
            bb += b * b;
        }
        let cosine = ab / (libm::sqrt(aa) * libm::sqrt(bb));
        *out = T::from_f64(if aa > 0.0 && bb > 0.0 {
            libm::acos(cosine.clamp(-1.0, 1.0)).to_degrees()
        } else {
            f64::NAN
        });
    }
    run.put(0, out);
}

fn compare<T: Element>(run: &mut Run<'_, T>) {
    let mut out = run.take(0);
    let mut sums = [0.0f64; COMPARED];
    for (w, b) in run.read(1).iter().zip(run.read(2)) {
        let (w, b) = (w.to_f64(), b.to_f64());
        sums[0] += (w - b) * (w - b);
        sums[1] += w * w;
        sums[2] += b * b;
        sums[3] += f64::from(u8::from((w > 0.0) == (b > 0.0) && (w < 0.0) == (b < 0.0)));
        sums[4] += 1.0;
    }
    for (out, sum) in out.iter_mut().zip(sums) {
        *out = T::from_f64(sum);
    }
    run.put(0, out);
}
