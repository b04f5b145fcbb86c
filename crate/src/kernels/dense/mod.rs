//! `h = act(x W^T + b) [+ c xi]`: a dense layer's forward pass with everything after the product fused.
//!
//! Buffers: h (N, m) written; x (N, n); W (m, n); b (m, 1); optional xi (N, m).
//! Ints: activation. Scalars: c (only with xi). Noise is added after the non-linearity (paper, section 3).

use super::activation::Activation;
use super::elementwise::{sum, update};
use super::gemm::{Forward, forward_floats};
use super::lanes::{Lanes, WithLanes, dispatch};
use super::split::{self, Pieces, Split as _};
use crate::plan::{Access, Buf, Kernel, Layout, Lowered, Op, Points, Run, Scalar, Tape, Use, View};

/// The kernel.
pub static KERNEL: Kernel = Kernel {
    name: "dense",
    access: &[Access::Write, Access::Read, Access::Read, Access::Read, Access::Read],
    cpu,
    reference,
    gpu,
    flops: |op| 2 * (op.bufs[1].rows * op.bufs[2].len()) as u64,
    scratch: |op| {
        forward_floats(op.bufs[1].rows, op.bufs[1].cols) + split::block_floats(op.bufs[0].len())
    },
};

/// Softmax of each row of operand 0, a workgroup a row.
const SOFTMAX: &str = include_str!("../wgsl/softmax.wgsl");

/// Records `h = act(x W^T + b)`, plus `c xi` when `noise` is given as (xi, c).
#[track_caller]
pub fn record(
    tape: &mut Tape,
    label: &str,
    (h, x): (Buf, Buf),
    (w, b): (Buf, Buf),
    act: Activation,
    noise: Option<(Buf, Scalar)>,
) {
    tape.require(
        x.cols == w.cols && h.cols == w.rows && h.rows == x.rows && b.len() == w.rows,
        label,
        || format!("dense: h {h:?}, x {x:?}, W {w:?}, b {b:?}"),
    );
    match noise {
        None => tape.push(&KERNEL, label, &[h, x, w, b], &[], &[act.code()]),
        Some((xi, c)) => {
            tape.require((xi.rows, xi.cols) == (h.rows, h.cols), label, || {
                format!("dense: h {h:?}, xi {xi:?}")
            });
            tape.push(&KERNEL, label, &[h, x, w, b, xi], &[c], &[act.code()]);
        }
    }
}

/// Everything after the product.
struct Finish<'a> {
    h: &'a mut [f32],
    units: usize,
    act: Activation,
    noise: Option<(&'a [f32], f32)>,
}

impl WithLanes for Finish<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Finish { h, units, act, noise } = self;
        match act {
            Activation::Identity => {}
            Activation::Softmax => {
                for row in h.chunks_exact_mut(units) {
                    softmax::<L>(row);
                }
            }
            _ => update!(L, h, as z; => act.apply(z)),
        }
        if let Some((xi, c)) = noise {
            let c = L::splat(c);
            update!(L, h, as a; xi = xi => xi.mul_add(c, a));
        }
    }
}

/// One row, in place, with the largest entry taken off first.
#[inline(always)]
fn softmax<L: Lanes>(row: &mut [f32]) {
    let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    update!(L, row, as z; => super::math::exp(z.sub(L::splat(top))).add(z.sub(z)));
    let total = sum!(L; p = row => p);
    update!(L, row, as p; => p.div(L::splat(total)));
}

fn gpu(op: &Op) -> Vec<Lowered> {
    let act = op.ints[0];
    let noise = if op.bufs.len() > 4 { " + %0 * $4" } else { "" };
    let value = format!("activate($z + $3, {act}u){noise}");
    let points = Points::elementwise(op, &[(0, &value)]).reading(3, Use::Column);
    let mut all = vec![Lowered::Product {
        layout: Layout::Nt,
        left: 1,
        right: 2,
        views: [View::Plain; 2],
        depth: op.bufs[1].cols,
        points,
    }];
    if Activation::from_code(act) == Activation::Softmax {
        all.push(Lowered::Own { body: SOFTMAX, shape: 0, groups: op.bufs[0].rows as u32 });
    }
    all
}

fn cpu(run: &mut Run<'_, f32>) {
    let mut h = run.take(0);
    let mut scratch = std::mem::take(run.scratch);
    let (n, units) = (run.shape(1).rows, run.shape(0).cols);
    let (x, w, bias) = (run.read(1), run.read(2), run.read(3));
    let pieces = Pieces::new(run, units, Forward::GRAIN);
    if pieces.count == 1 {
        split::run(run, Forward { z: &mut h, x, w, bias, n, scratch: &mut scratch });
    } else {
        let (blocks, scratch) = split::blocks(&mut scratch, h.len());
        split::run(run, Forward { z: blocks, x, w, bias, n, scratch });
        split::gather(pieces, blocks, &mut h);
    }
    let noise = run.has(4).then(|| (run.read(4), run.scalar(0)));
    let act = Activation::from_code(run.int(0));
    dispatch(run.arithmetic, Finish { h: &mut h, units, act, noise });
    *run.scratch = scratch;
    run.put(0, h);
}

/// The products of the reference kernels are ndarray's, in f64: another implementation than ours.
fn reference(run: &mut Run<'_, f64>) {
    let mut h = run.take(0);
    let units = run.shape(2).rows;
    let act = Activation::from_code(run.int(0));
    let z = run.matrix(1).dot(&run.matrix(2).t());
    for (z, h) in z.rows().into_iter().zip(h.chunks_exact_mut(units)) {
        for ((h, z), b) in h.iter_mut().zip(z).zip(run.read(3)) {
            *h = act.apply_f64(z + b);
        }
        if act == Activation::Softmax {
            let top = h.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            h.iter_mut().for_each(|z| *z = libm::exp(*z - top));
            let total: f64 = h.iter().sum();
            h.iter_mut().for_each(|p| *p /= total);
        }
    }
    if run.has(4) {
        let c = run.scalar(0);
        h.iter_mut().zip(run.read(4)).for_each(|(h, xi)| *h += c * xi);
    }
    run.put(0, h);
}
