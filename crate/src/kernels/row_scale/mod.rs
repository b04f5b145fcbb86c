//! `out = g + s d_n xi`: the node-perturbation estimate `lambda_hat = (L~ - L) xi / c` (paper, section 3),
//! alone or taken off a synthetic gradient.
//!
//! Buffers: out (N, m) written; d (N, 1); xi (N, m); optional g (N, m). Scalars: s.

use super::elementwise::map;
use super::lanes::{Lanes, WithLanes, dispatch};
use crate::plan::{Access, Buf, Kernel, Lowered, Op, Points, Run, Scalar, Tape, Use};

/// The kernel.
pub static KERNEL: Kernel = Kernel {
    name: "row_scale",
    access: &[Access::Write, Access::Read, Access::Read, Access::Read],
    cpu,
    reference,
    gpu,
    flops: |op| 2 * op.bufs[0].len() as u64,
    scratch: |_| 0,
};

/// Records `out = s d_n xi`, plus `g` where given.
#[track_caller]
pub fn record(tape: &mut Tape, label: &str, out: Buf, d: Buf, xi: Buf, g: Option<Buf>, s: Scalar) {
    let fits =
        d.len() == out.rows && xi.len() == out.len() && g.is_none_or(|g| g.len() == out.len());
    tape.require(fits, label, || format!("row_scale: out {out:?}, d {d:?}, xi {xi:?}, g {g:?}"));
    let mut bufs = vec![out, d, xi];
    bufs.extend(g);
    tape.push(&KERNEL, label, &bufs, &[s], &[]);
}

struct RowScale<'a> {
    out: &'a mut [f32],
    d: &'a [f32],
    xi: &'a [f32],
    g: Option<&'a [f32]>,
    s: f32,
}

impl WithLanes for RowScale<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let m = self.out.len() / self.d.len();
        for (n, (out, d)) in self.out.chunks_exact_mut(m).zip(self.d).enumerate() {
            let factor = L::splat(d * self.s);
            let xi = &self.xi[n * m..][..m];
            match self.g {
                None => map!(L, out; xi = xi => xi.mul(factor)),
                Some(g) => {
                    map!(L, out; xi = xi, g = g[n * m..] => xi.mul_add(factor, g));
                }
            }
        }
    }
}

fn gpu(op: &Op) -> Vec<Lowered> {
    let value = if op.bufs.len() > 3 { "$3 + ($1 * %0) * $2" } else { "($1 * %0) * $2" };
    vec![Lowered::Points(Points::elementwise(op, &[(0, value)]).reading(1, Use::Row))]
}

fn cpu(run: &mut Run<'_, f32>) {
    let mut out = run.take(0);
    let g = run.has(3).then(|| run.read(3));
    let op = RowScale { out: &mut out, d: run.read(1), xi: run.read(2), g, s: run.scalar(0) };
    dispatch(run.arithmetic, op);
    run.put(0, out);
}

fn reference(run: &mut Run<'_, f64>) {
    let mut out = run.take(0);
    let m = run.shape(0).cols;
    let (d, xi, s) = (run.read(1), run.read(2), run.scalar(0));
    for (i, out) in out.iter_mut().enumerate() {
        let g = if run.has(3) { run.read(3)[i] } else { 0.0 };
        *out = g + s * d[i / m] * xi[i];
    }
    run.put(0, out);
}
