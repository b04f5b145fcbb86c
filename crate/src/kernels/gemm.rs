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
const MAX_PANEL: usize = NV * 16;
/// Most summands taken in one go: a panel of them (8 KiB in a browser) and the broadcast rows stay in the
/// first-level cache. Sums go on where they stopped, so the split changes no bit.
const DEPTH: usize = 288;
/// Weight rows that pass all panels before the next rows are fetched: they stay in the second-level cache.
const ROWS: usize = 64;
/// Floats of packed activity (256 KiB, second-level cache) that one sweep over a weight matrix uses; the
/// sweep itself runs along whole rows, so that the matrix streams.
const SWEEP_FLOATS: usize = 65_536;

/// Splits a sum of `depth` into equal parts of at most [`DEPTH`]: the length of all but the last.
#[inline(always)]
fn part(depth: usize) -> usize {
    depth.div_ceil(depth.div_ceil(DEPTH).max(1)).max(1)
}

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

/// Packs the columns `first..first + NV N` of `b` (depth x columns) into one panel; columns beyond the
/// end are zero. Vector copies: a slice copy of 32 bytes is a call in wasm.
#[inline(always)]
fn pack_columns<L: Lanes>(
    b: &[f32],
    depth: usize,
    columns: usize,
    first: usize,
    panel: &mut [f32],
) {
    let width = NV * L::N;
    let there = width.min(columns - first);
    let rows = b.chunks_exact(columns).zip(panel.chunks_exact_mut(width)).take(depth);
    if there == width {
        for (row, out) in rows {
            let row = &row[first..first + width];
            for v in 0..NV {
                L::load(&row[v * L::N..]).store(&mut out[v * L::N..]);
            }
        }
    } else {
        for (row, out) in rows {
            out[there..].fill(0.0);
            for (out, value) in out.iter_mut().zip(&row[first..]) {
                *out = *value;
            }
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
        let panels = n.div_ceil(width);
        let part = part(depth);
        let mut sums = [0.0f32; ROWS * MAX_PANEL];
        for top in (0..m).step_by(ROWS) {
            let rows = top..(top + ROWS).min(m);
            for (q, panel) in scratch.chunks_exact(width * depth).enumerate().take(panels) {
                let z = &mut z[q * width * m..];
                let samples = width.min(n - q * width);
                for from in (0..depth).step_by(part) {
                    let slice = (from, part.min(depth - from), depth);
                    let panel = &panel[from * width..];
                    for first in rows.clone().step_by(MR) {
                        let sums = &mut sums[(first - top) * width..];
                        rows!(
                            rows.end - first,
                            forward_tile::<L>(
                                sums,
                                panel,
                                &w[first * depth..],
                                &bias[first..],
                                slice
                            )
                        );
                    }
                }
                for (s, z) in z.chunks_mut(m).enumerate().take(samples) {
                    for (value, sums) in z[rows.clone()].iter_mut().zip(sums.chunks_exact(width)) {
                        *value = sums[s];
                    }
                }
            }
        }
    }
}

/// Goes on with the sums of M units for one panel of samples: summands `from..from + count` of `depth`.
#[inline(always)]
fn forward_tile<L: Lanes, const M: usize>(
    sums: &mut [f32],
    panel: &[f32],
    w: &[f32],
    bias: &[f32],
    (from, count, depth): (usize, usize, usize),
) {
    let width = NV * L::N;
    let mut start = [[L::splat(0.0); NV]; M];
    for (i, row) in start.iter_mut().enumerate() {
        for (v, sum) in row.iter_mut().enumerate() {
            *sum =
                if from == 0 { L::splat(bias[i]) } else { L::load(&sums[i * width + v * L::N..]) };
        }
    }
    let acc = tile::<L, M, NV>(start, count, &w[from..], (depth, 1), panel, width);
    for (i, row) in acc.into_iter().enumerate() {
        for (v, sum) in row.into_iter().enumerate() {
            sum.store(&mut sums[i * width + v * L::N..]);
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
            pack_columns::<L>(b, depth, columns, first, panel);
            for from in (0..depth).step_by(part(depth)) {
                let count = part(depth).min(depth - from);
                for row in (0..n).step_by(MR) {
                    let g = &mut g[row * columns + first..];
                    let (e, panel) = (&e[row * depth + from..], &panel[from * width..]);
                    let sizes = (columns, depth, there);
                    rows!(n - row, adjoint_tile::<L>(g, e, panel, sizes, (from, count)));
                }
            }
        }
    }
}

/// Goes on with the sums of M samples for one panel of columns; `g` starts at the tile's first element.
#[inline(always)]
fn adjoint_tile<L: Lanes, const M: usize>(
    g: &mut [f32],
    e: &[f32],
    panel: &[f32],
    (columns, depth, there): (usize, usize, usize),
    (from, count): (usize, usize),
) {
    let mut start = [[L::splat(0.0); NV]; M];
    if from > 0 {
        for (i, row) in start.iter_mut().enumerate() {
            *row = load_row(&g[i * columns..], there);
        }
    }
    let acc = tile::<L, M, NV>(start, count, e, (depth, 1), panel, NV * L::N);
    for (i, sums) in acc.into_iter().enumerate() {
        store_row(&mut g[i * columns..], sums, there);
    }
}

/// Reads the first `there` floats of a tile row; zeros beyond.
#[inline(always)]
fn load_row<L: Lanes>(row: &[f32], there: usize) -> [L; NV] {
    let mut padded = [0.0f32; MAX_PANEL];
    let row = if there == NV * L::N {
        row
    } else {
        for (padded, value) in padded.iter_mut().zip(&row[..there]) {
            *padded = *value;
        }
        &padded
    };
    let mut out = [L::splat(0.0); NV];
    for (v, vector) in out.iter_mut().enumerate() {
        *vector = L::load(&row[v * L::N..]);
    }
    out
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
        for (out, value) in out[..there].iter_mut().zip(&row) {
            *out = *value;
        }
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
            pack_columns::<L>(h, n, columns, q * width, panel);
        }
        let sweep = (SWEEP_FLOATS / (width * n)).max(1);
        for group in (0..panels).step_by(sweep) {
            for row in (0..m).step_by(MR) {
                for q in group..(group + sweep).min(panels) {
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
        let mut new = sums;
        if beta == 0.0 {
            for sum in &mut new {
                *sum = sum.mul(a);
            }
        } else {
            let old = load_row::<L>(w, there);
            for (sum, old) in new.iter_mut().zip(old) {
                // a factor of 1 changes no bit, so it is left out
                *sum = sum.mul_add(a, if beta == 1.0 { old } else { old.mul(b) });
            }
        }
        store_row(w, new, there);
    }
}
