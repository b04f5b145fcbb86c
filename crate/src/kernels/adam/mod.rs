//! One Adam step (Kingma, Ba 2015; beta 0.9 and 0.999, epsilon 1e-8) on the batch-sum gradient:
//! `m = .9 m + .1 g; v = .999 v + .001 g^2; w -= eta (m / (1 - .9^t)) / (sqrt(v / (1 - .999^t)) + 1e-8)`.
//!
//! Buffers: w, m, v read and written; g; all of one shape.
//! Scalars: eta / (1 - .9^t), 1 / sqrt(1 - .999^t).

use super::elementwise::update;
use super::lanes::{Lanes, WithLanes};
use super::split::{self, Cut, Split};
use crate::plan::{Access, Buf, Kernel, Lowered, Op, Points, Run, Scalar, Tape};

/// Decay of the first moment.
pub const BETA1: f64 = 0.9;
/// Decay of the second moment.
pub const BETA2: f64 = 0.999;
/// Floats of w, m, v and g each that are updated together: 16 KiB in all, in the first-level cache.
const BLOCK: usize = 1024;
/// Keeps the quotient finite.
pub const EPSILON: f64 = 1e-8;

/// The kernel.
pub static KERNEL: Kernel = Kernel {
    name: "adam",
    access: &[Access::ReadWrite, Access::ReadWrite, Access::ReadWrite, Access::Read],
    cpu,
    reference,
    gpu,
    flops: |op| 12 * op.bufs[0].len() as u64,
    scratch: |_| 0,
};

/// Records one step on `w` with moments `m`, `v` and gradient `g`.
#[track_caller]
pub fn record(
    tape: &mut Tape,
    label: &str,
    w: Buf,
    (m, v): (Buf, Buf),
    g: Buf,
    rate: Scalar,
    correction: Scalar,
) {
    tape.require([m, v, g].iter().all(|b| b.len() == w.len()), label, || {
        format!("adam: w {w:?}, m {m:?}, v {v:?}, g {g:?}")
    });
    tape.push(&KERNEL, label, &[w, m, v, g], &[rate, correction], &[]);
}

struct Adam<'a> {
    w: &'a mut [f32],
    m: &'a mut [f32],
    v: &'a mut [f32],
    g: &'a [f32],
    rate: f32,
    correction: f32,
}

impl WithLanes for Adam<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let (b1, c1) = (L::splat(BETA1 as f32), L::splat((1.0 - BETA1) as f32));
        let (b2, c2) = (L::splat(BETA2 as f32), L::splat((1.0 - BETA2) as f32));
        let (rate, correction) = (L::splat(self.rate), L::splat(self.correction));
        let epsilon = L::splat(EPSILON as f32);
        // By blocks, because large layers are bound by memory: each number passes through it once.
        let moments = self.m.chunks_mut(BLOCK).zip(self.v.chunks_mut(BLOCK));
        let blocks = self.w.chunks_mut(BLOCK).zip(moments).zip(self.g.chunks(BLOCK));
        for ((w, (m, v)), g) in blocks {
            update!(L, m, as m; g = g => g.mul_add(c1, m.mul(b1)));
            update!(L, v, as v; g = g => g.mul(g).mul_add(c2, v.mul(b2)));
            update!(L, w, as w; m = m, v = v => {
                w.sub(m.mul(rate).div(v.sqrt().mul_add(correction, epsilon)))
            });
        }
    }
}

impl Split for Adam<'_> {
    const GRAIN: usize = BLOCK;

    fn units(&self) -> usize {
        self.w.len()
    }

    fn split(self, Cut { at, .. }: Cut) -> (Self, Self) {
        let (w, m) = (self.w.split_at_mut(at), self.m.split_at_mut(at));
        let (v, g) = (self.v.split_at_mut(at), self.g.split_at(at));
        (
            Self { w: w.0, m: m.0, v: v.0, g: g.0, ..self },
            Self { w: w.1, m: m.1, v: v.1, g: g.1, ..self },
        )
    }
}

fn gpu(op: &Op) -> Vec<Lowered> {
    let steps = [(1, "adam_m($1, $3)"), (2, "adam_v($2, $3)"), (0, "adam_w($0, $1, $2, %0, %1)")];
    vec![Lowered::Points(Points::elementwise(op, &steps))]
}

fn cpu(run: &mut Run<'_, f32>) {
    let (mut w, mut m, mut v) = (run.take(0), run.take(1), run.take(2));
    let op = Adam {
        w: &mut w,
        m: &mut m,
        v: &mut v,
        g: run.read(3),
        rate: run.scalar(0),
        correction: run.scalar(1),
    };
    split::run(run, op);
    run.put(0, w);
    run.put(1, m);
    run.put(2, v);
}

fn reference(run: &mut Run<'_, f64>) {
    let (mut w, mut m, mut v) = (run.take(0), run.take(1), run.take(2));
    let (g, rate, correction) = (run.read(3), run.scalar(0), run.scalar(1));
    for i in 0..w.len() {
        m[i] = BETA1 * m[i] + (1.0 - BETA1) * g[i];
        v[i] = BETA2 * v[i] + (1.0 - BETA2) * g[i] * g[i];
        w[i] -= rate * m[i] / (libm::sqrt(v[i]) * correction + EPSILON);
    }
    run.put(0, w);
    run.put(1, m);
    run.put(2, v);
}
