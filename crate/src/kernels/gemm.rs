//! Matrix products on the CPU: packing and loops around the register tile of `lanes`.
//!
//! The three layouts of a dense layer share one idea: one operand is read in place and broadcast, the
//! other is packed into panels of `NR = 2 N` contiguous columns (N = lanes of the machine), and the
//! *batch* or the *weights' columns* lie along the vector, whichever is contiguous:
//!
//! | product | broadcast, in place | vectors |
//! |---|---|---|
//! | forward `x W^T` | rows of W | samples (x transposed while packing: it is the small operand) |
//! | adjoint `e B` | rows of e | columns of B, in place |
//! | outer `e^T h` | columns of e | columns of h |
//!
//! So no weight matrix is ever transposed or copied. Every output is one sum in ascending order of
//! the summed index with one accumulator; the number of lanes does not change a bit of it.

use super::lanes::{Lanes, WithLanes, tile};

/// Rows of the broadcast operand in one register tile.
const MR: usize = 4;
/// Vectors of the other operand in one register tile.
const NV: usize = 2;
/// Widest panel of any machine, in floats: bounds scratch space independently of the machine.
const MAX_PANEL: usize = NV * 8;
/// Floats of packed panels kept hot in the first-level cache (16 KiB).
const HOT_FLOATS: usize = 4096;

/// Calls `$f::<L, M>` with M = the number of rows left, at most `MR`.
macro_rules! rows {
    ($left:expr, $f:ident::<$l:ident>($($arg:expr),*)) => {
        match $left {
            1 => $f::<$l, 1>($($arg),*),
            2 => $f::<$l, 2>($($arg),*),
            3 => $f::<$l, 3>($($arg),*),
            _ => $f::<$l, 4>($($arg),*),
        }
    };
}

/// Scratch floats for panels over `columns` columns of `depth` values.
pub fn panel_floats(columns: usize, depth: usize) -> usize {
    columns.div_ceil(MAX_PANEL) * MAX_PANEL * depth
}

/// Packs `x` (n x depth) into panels of `width` rows, transposed: panel q holds
/// `x[q width + j][p]` at `p width + j`; rows beyond n are zero.
#[inline(always)]
fn pack_transposed(x: &[f32], n: usize, depth: usize, width: usize, out: &mut [f32]) {
    for (q, panel) in out.chunks_exact_mut(width * depth).enumerate().take(n.div_ceil(width)) {
        let first = q * width;
        let rows = width.min(n - first);
        if rows < width {
            panel.fill(0.0);
        }
        for j in 0..rows {
            let row = &x[(first + j) * depth..][..depth];
            for (value, column) in row.iter().zip(panel.chunks_exact_mut(width)) {
                column[j] = *value;
            }
        }
    }
}

/// Packs the columns `first..first + width` of `b` (depth x columns) into one panel; columns beyond
/// the end are zero.
#[inline(always)]
fn pack_columns(
    b: &[f32],
    depth: usize,
    columns: usize,
    first: usize,
    width: usize,
    panel: &mut [f32],
) {
    let there = width.min(columns - first);
    if there == width {
        for (row, out) in b.chunks_exact(columns).zip(panel.chunks_exact_mut(width)).take(depth) {
            out.copy_from_slice(&row[first..first + width]);
        }
    } else {
        for (row, out) in b.chunks_exact(columns).zip(panel.chunks_exact_mut(width)).take(depth) {
            out[..there].copy_from_slice(&row[first..]);
            out[there..].fill(0.0);
        }
    }
}

/// `z = x W^T + b`: z (n x m), x (n x depth), w (m x depth), bias (m).
pub struct Forward<'a> {
    /// Output, (n, m).
    pub z: &'a mut [f32],
    /// Input, (n, depth).
    pub x: &'a [f32],
    /// Weights, (m, depth).
    pub w: &'a [f32],
    /// Bias, (m).
    pub bias: &'a [f32],
    /// Samples.
    pub n: usize,
    /// At least [`panel_floats`]`(n, depth)` floats.
    pub scratch: &'a mut [f32],
}

impl Forward<'_> {
    /// The same product with a shorter borrow, so that the output can be used after it.
    #[inline(always)]
    pub fn reborrow(&mut self) -> Forward<'_> {
        Forward {
            z: self.z,
            x: self.x,
            w: self.w,
            bias: self.bias,
            n: self.n,
            scratch: self.scratch,
        }
    }

    /// Computes it.
    #[inline(always)]
    pub(super) fn product<L: Lanes>(self) {
        let Forward { z, x, w, bias, n, scratch } = self;
        let m = bias.len();
        let depth = w.len() / m;
        let width = NV * L::N;
        pack_transposed(x, n, depth, width, scratch);
        for first in (0..m).step_by(MR) {
            for (q, panel) in
                scratch.chunks_exact(width * depth).enumerate().take(n.div_ceil(width))
            {
                let z = &mut z[q * width * m..];
                let samples = width.min(n - q * width);
                rows!(m - first, forward_tile::<L>(z, panel, w, bias, first, samples));
            }
        }
    }
}

/// Units `first..first + M` of all samples of one panel; `z` starts at the panel's first sample.
#[inline(always)]
fn forward_tile<L: Lanes, const M: usize>(
    z: &mut [f32],
    panel: &[f32],
    w: &[f32],
    bias: &[f32],
    first: usize,
    samples: usize,
) {
    let m = bias.len();
    let depth = w.len() / m;
    let mut start = [[L::splat(0.0); NV]; M];
    for (row, bias) in start.iter_mut().zip(&bias[first..]) {
        *row = [L::splat(*bias); NV];
    }
    let w = &w[first * depth..];
    let acc = tile::<L, M, NV>(start, depth, w, (depth, 1), panel, NV * L::N);
    let mut out = [[0.0f32; MAX_PANEL]; M];
    for (row, sums) in out.iter_mut().zip(acc) {
        for (v, sum) in sums.into_iter().enumerate() {
            sum.store(&mut row[v * L::N..]);
        }
    }
    for (s, z) in z.chunks_mut(m).enumerate().take(samples) {
        let z = &mut z[first..first + M];
        for (value, row) in z.iter_mut().zip(&out) {
            *value = row[s];
        }
    }
}

/// `g = e B`: g (n x columns), e (n x depth), b (depth x columns).
pub struct Adjoint<'a> {
    /// Output, (n, columns).
    pub g: &'a mut [f32],
    /// Error, (n, depth).
    pub e: &'a [f32],
    /// Weights, (depth, columns).
    pub b: &'a [f32],
    /// Units of the layer below.
    pub columns: usize,
    /// Units of the layer above.
    pub depth: usize,
    /// At least [`panel_floats`]`(1, depth)` floats.
    pub scratch: &'a mut [f32],
}

impl WithLanes for Adjoint<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Adjoint { g, e, b, columns, depth, scratch } = self;
        let width = NV * L::N;
        let n = e.len() / depth;
        for first in (0..columns).step_by(width) {
            let there = width.min(columns - first);
            // A full panel is packed too: its rows lie one weight row apart, and the copy (one pass)
            // is read n / MR times.
            let panel = &mut scratch[..depth * width];
            pack_columns(b, depth, columns, first, width, panel);
            for row in (0..n).step_by(MR) {
                let (g, e) = (&mut g[row * columns + first..], &e[row * depth..]);
                rows!(n - row, adjoint_tile::<L>(g, e, panel, columns, depth, there));
            }
        }
    }
}

/// M samples, one panel of columns; `g` starts at the tile's first element.
#[inline(always)]
fn adjoint_tile<L: Lanes, const M: usize>(
    g: &mut [f32],
    e: &[f32],
    panel: &[f32],
    columns: usize,
    depth: usize,
    there: usize,
) {
    let start = [[L::splat(0.0); NV]; M];
    let acc = tile::<L, M, NV>(start, depth, e, (depth, 1), panel, NV * L::N);
    for (i, sums) in acc.into_iter().enumerate() {
        store_row(&mut g[i * columns..], sums, there);
    }
}

/// Writes the first `there` floats of a tile row.
#[inline(always)]
fn store_row<L: Lanes>(out: &mut [f32], sums: [L; NV], there: usize) {
    if there == NV * L::N {
        for (v, sum) in sums.into_iter().enumerate() {
            sum.store(&mut out[v * L::N..]);
        }
    } else {
        let mut row = [0.0f32; MAX_PANEL];
        for (v, sum) in sums.into_iter().enumerate() {
            sum.store(&mut row[v * L::N..]);
        }
        out[..there].copy_from_slice(&row[..there]);
    }
}

/// `w = beta w + alpha e^T h`: w (m x columns), e (n x m), h (n x columns).
pub struct Outer<'a> {
    /// Target, (m, columns).
    pub w: &'a mut [f32],
    /// Error, (n, m).
    pub e: &'a [f32],
    /// Activity, (n, columns).
    pub h: &'a [f32],
    /// Samples.
    pub n: usize,
    /// Factor of the old content; it is not read when 0.
    pub beta: f32,
    /// Factor of the product.
    pub alpha: f32,
    /// At least [`panel_floats`]`(columns, n)` floats.
    pub scratch: &'a mut [f32],
}

impl WithLanes for Outer<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Outer { w, e, h, n, beta, alpha, scratch } = self;
        let (m, columns) = (e.len() / n, h.len() / n);
        let width = NV * L::N;
        let panels = columns.div_ceil(width);
        for (q, panel) in scratch.chunks_exact_mut(width * n).enumerate().take(panels) {
            pack_columns(h, n, columns, q * width, width, panel);
        }
        // Some panels stay in the first-level cache while all rows of w pass by once.
        let hot = (HOT_FLOATS / (width * n)).max(1);
        for group in (0..panels).step_by(hot) {
            for row in (0..m).step_by(MR) {
                for q in group..(group + hot).min(panels) {
                    let panel = &scratch[q * width * n..][..width * n];
                    let first = q * width;
                    let there = width.min(columns - first);
                    let (w, e) = (&mut w[row * columns + first..], &e[row..]);
                    let factors = (beta, alpha);
                    rows!(m - row, outer_tile::<L>(w, e, panel, (n, m, columns), there, factors));
                }
            }
        }
    }
}

/// M units, one panel of columns; `w` and `e` start at the tile's first element.
#[inline(always)]
fn outer_tile<L: Lanes, const M: usize>(
    w: &mut [f32],
    e: &[f32],
    panel: &[f32],
    (n, m, columns): (usize, usize, usize),
    there: usize,
    (beta, alpha): (f32, f32),
) {
    let start = [[L::splat(0.0); NV]; M];
    let acc = tile::<L, M, NV>(start, n, e, (1, m), panel, NV * L::N);
    let (b, a) = (L::splat(beta), L::splat(alpha));
    for (i, sums) in acc.into_iter().enumerate() {
        let w = &mut w[i * columns..];
        if beta == 0.0 {
            let mut new = sums;
            for sum in &mut new {
                *sum = sum.mul(a);
            }
            store_row(w, new, there);
        } else if there == NV * L::N {
            for (v, sum) in sums.into_iter().enumerate() {
                let w = &mut w[v * L::N..];
                sum.mul_add(a, L::load(w).mul(b)).store(w);
            }
        } else {
            let mut old = [0.0f32; MAX_PANEL];
            old[..there].copy_from_slice(&w[..there]);
            let mut new = sums;
            for (v, sum) in new.iter_mut().enumerate() {
                *sum = sum.mul_add(a, L::load(&old[v * L::N..]).mul(b));
            }
            store_row(w, new, there);
        }
    }
}
