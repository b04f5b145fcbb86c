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
//! the summed index with one accumulator; the number of lanes does not change a bit of it. Several threads
//! (`kernels::split`) have a piece of the weights each, so that every weight still streams once.

use super::lanes::{Lanes, WithLanes, even, load_block, store_block, tile};
use super::split::{Cut, Split};

/// Rows of the broadcast operand in one register tile.
pub(super) const MR: usize = 4;
/// Vectors of the other operand in one register tile.
pub(super) const NV: usize = 2;
/// Widest panel of any machine, in floats: bounds scratch space independently of the machine.
pub(super) const MAX_PANEL: usize = NV * 16;
/// Most summands taken in one go: a panel of them (8 KiB in a browser) and the broadcast rows stay in the
/// first-level cache. Sums go on where they stopped, so the split changes no bit.
const DEPTH: usize = 288;
/// Floats of packed activity (256 KiB, second-level cache) that one sweep over a weight matrix uses; the
/// sweep itself runs along whole rows, so that the matrix streams.
const SWEEP_FLOATS: usize = 65_536;
/// Most panels of samples in a sweep of the forward product: bounds its sums.
const GROUP: usize = 16;
/// Units that meet a panel of samples in one go, so that it is read from the first-level cache and not for every four of
/// them from the second.
const UNITS: usize = 4 * MR;
/// Columns of weights that the adjoint packs in one go, 256 B of a row: rows may lie pages apart, and a visit to each
/// should pay.
const COLUMNS: usize = 64;
/// Floats of errors from which the outer product packs four columns of them: a large matrix's rows lie so far apart that
/// what a tile reads does not stay in the first-level cache.
const QUADS_FROM: usize = 4096;

/// Splits a sum of `depth` into equal parts of at most [`DEPTH`]: the length of all but the last.
#[inline(always)]
fn part(depth: usize) -> usize {
    depth.div_ceil(depth.div_ceil(DEPTH).max(1)).max(1)
}

/// Calls `$f::<L, M, V>` with M = the number of rows left, at most `MR`.
macro_rules! rows {
    ($left:expr, $f:ident::<$l:ident, $v:ident>($($arg:expr),*)) => {
        match $left {
            1 => $f::<$l, 1, $v>($($arg),*),
            2 => $f::<$l, 2, $v>($($arg),*),
            3 => $f::<$l, 3, $v>($($arg),*),
            _ => $f::<$l, 4, $v>($($arg),*),
        }
    };
}
pub(super) use rows;

/// One vector: enough where at most N columns are left at the right edge.
pub(super) const ONE: usize = 1;

/// Scratch floats for panels over `columns` columns of `depth` values.
pub fn panel_floats(columns: usize, depth: usize) -> usize {
    columns.div_ceil(MAX_PANEL) * MAX_PANEL * depth
}

/// Scratch floats of [`Forward`] over `n` samples of `depth` values.
pub fn forward_floats(n: usize, depth: usize) -> usize {
    GROUP * UNITS * MAX_PANEL + panel_floats(n, depth)
}

/// Scratch floats of [`Adjoint`] for `depth` units above.
pub fn adjoint_floats(depth: usize) -> usize {
    COLUMNS * part(depth)
}

/// Scratch floats of [`Outer`] over `n` samples of `columns` values.
pub fn outer_floats(columns: usize, n: usize) -> usize {
    MR * n + panel_floats(columns, n)
}

/// A 4 x 4 block with rows and columns exchanged; the compiler makes shuffles of it.
#[inline(always)]
fn transpose([a, b, c, d]: [[f32; 4]; 4]) -> [[f32; 4]; 4] {
    [
        [a[0], b[0], c[0], d[0]],
        [a[1], b[1], c[1], d[1]],
        [a[2], b[2], c[2], d[2]],
        [a[3], b[3], c[3], d[3]],
    ]
}

/// The four floats at `at`.
#[inline(always)]
fn four(s: &[f32], at: usize) -> [f32; 4] {
    let s = &s[at..at + 4];
    [s[0], s[1], s[2], s[3]]
}

/// Packs `x` (n x depth) into panels of `width` rows, transposed: panel q holds
/// `x[q width + j][p]` at `p width + j`; rows beyond n are zero.
#[inline(always)]
pub(super) fn pack_transposed(x: &[f32], n: usize, depth: usize, width: usize, out: &mut [f32]) {
    for (q, panel) in out.chunks_exact_mut(width * depth).enumerate().take(n.div_ceil(width)) {
        let first = q * width;
        let rows = width.min(n - first);
        if rows < width {
            panel.fill(0.0);
        }
        let x = &x[first * depth..(first + rows) * depth];
        let (whole_rows, whole_depth) = (rows - rows % 4, depth - depth % 4);
        for j in (0..whole_rows).step_by(4) {
            let quad = &x[j * depth..(j + 4) * depth];
            for p in (0..whole_depth).step_by(4) {
                let block = [0, 1, 2, 3].map(|i| four(quad, i * depth + p));
                for (i, column) in transpose(block).into_iter().enumerate() {
                    panel[(p + i) * width + j..][..4].copy_from_slice(&column);
                }
            }
        }
        // what does not fill a block: the last rows, and the last columns of all rows
        for (j, row) in x.chunks_exact(depth).enumerate() {
            let from = if j < whole_rows { whole_depth } else { 0 };
            for (p, value) in row.iter().enumerate().skip(from) {
                panel[p * width + j] = *value;
            }
        }
    }
}

/// Packs the columns `first..end` of `b` (depth x columns) into panels of NV N columns, each (depth, NV N); columns
/// beyond the end are zero. Vector copies: a slice copy of 32 bytes is a call in wasm.
#[inline(always)]
fn pack_columns<L: Lanes>(
    b: &[f32],
    depth: usize,
    columns: usize,
    (first, end): (usize, usize),
    panels: &mut [f32],
) {
    let width = NV * L::N;
    for (p, row) in b.chunks_exact(columns).enumerate().take(depth) {
        for (q, from) in row[first..end].chunks(width).enumerate() {
            let out = &mut panels[(q * depth + p) * width..][..width];
            if from.len() == width {
                for v in 0..NV {
                    L::load(&from[v * L::N..]).store(&mut out[v * L::N..]);
                }
            } else {
                out[from.len()..].fill(0.0);
                for (out, value) in out.iter_mut().zip(from) {
                    *out = *value;
                }
            }
        }
    }
}

/// Packs up to MR columns of `e` (n x m) from `first` on: `e[p][first + i]` at `MR p + i`.
#[inline(always)]
fn pack_quad(e: &[f32], m: usize, first: usize, out: &mut [f32]) {
    for (e, out) in e.chunks_exact(m).zip(out.chunks_exact_mut(MR)) {
        let e = &e[first..];
        if let Some(e) = e.first_chunk::<MR>() {
            out.copy_from_slice(e);
        } else {
            out.iter_mut().zip(e).for_each(|(out, value)| *out = *value);
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
    /// At least [`forward_floats`]`(n, depth)` floats.
    pub scratch: &'a mut [f32],
}

impl Forward<'_> {
    #[inline(always)]
    fn shaped<L: Lanes, const M: usize, const V: usize>(self) {
        let Forward { z, x, w, bias, n, scratch } = self;
        let m = bias.len();
        let depth = w.len() / m;
        let width = V * L::N;
        let (sums, scratch) = scratch.split_at_mut(GROUP * UNITS * MAX_PANEL);
        pack_transposed(x, n, depth, width, scratch);
        let part = part(depth);
        // Groups of panels stay in the second-level cache while W streams by, some rows after others.
        let group = (SWEEP_FLOATS / (width * depth)).clamp(1, GROUP);
        for (panels, samples) in
            scratch.chunks(group * width * depth).zip((0..n).step_by(group * width))
        {
            let end = n.min(samples + group * width);
            for first in (0..m).step_by(UNITS) {
                let units = UNITS.min(m - first);
                for from in (0..depth).step_by(part) {
                    let slice = (from, part.min(depth - from), depth);
                    for q in 0..(end - samples).div_ceil(width) {
                        let panel = &panels[(q * depth + from) * width..];
                        for unit in (0..units).step_by(M) {
                            let sums = &mut sums[(q * UNITS + unit) * width..];
                            let (w, bias) = (&w[(first + unit) * depth..], &bias[first + unit..]);
                            match M.min(units - unit) {
                                1 => forward_tile::<L, 1, V>(sums, panel, w, bias, slice),
                                2 => forward_tile::<L, 2, V>(sums, panel, w, bias, slice),
                                3 => forward_tile::<L, 3, V>(sums, panel, w, bias, slice),
                                _ => forward_tile::<L, 4, V>(sums, panel, w, bias, slice),
                            }
                        }
                    }
                }
                for unit in (0..units).step_by(MR) {
                    let sums = &sums[unit * width..];
                    scatter(&mut z[samples * m..end * m], m, first + unit, sums, width);
                }
            }
        }
    }
}

impl WithLanes for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        // Rows of W lie `depth` apart, so each row of a tile costs an address: in wasm two rows and four
        // vectors are 7 % faster than four and two, and as fast in registers.
        if L::N == 4 { self.shaped::<L, 2, 4>() } else { self.shaped::<L, MR, NV>() }
    }
}

/// By units; each piece of z is a matrix of its own ([`super::split::gather`]).
impl Split for Forward<'_> {
    const GRAIN: usize = MR;

    fn units(&self) -> usize {
        self.bias.len()
    }

    fn split(self, cut: Cut) -> (Self, Self) {
        let depth = self.w.len() / self.bias.len();
        let (z, scratch) = (self.z.split_at_mut(cut.at * self.n), cut.scratch(self.scratch));
        let (w, bias) = (self.w.split_at(cut.at * depth), self.bias.split_at(cut.at));
        (
            Self { z: z.0, w: w.0, bias: bias.0, scratch: scratch.0, ..self },
            Self { z: z.1, w: w.1, bias: bias.1, scratch: scratch.1, ..self },
        )
    }
}

/// Writes the sums of up to four units, unit by unit in blocks of `width` samples, panels UNITS blocks apart, to the rows
/// of `z`.
#[inline(always)]
fn scatter(z: &mut [f32], m: usize, first: usize, sums: &[f32], width: usize) {
    for (q, z) in z.chunks_mut(width * m).enumerate() {
        let sums = &sums[q * UNITS * width..][..MR * width];
        for (s, z) in z.chunks_mut(4 * m).enumerate() {
            let block = transpose([0, 1, 2, 3].map(|unit| four(sums, unit * width + 4 * s)));
            for (z, values) in z.chunks_exact_mut(m).zip(block) {
                let z = &mut z[first..];
                if z.len() >= 4 {
                    z[..4].copy_from_slice(&values);
                } else {
                    z.iter_mut().zip(values).for_each(|(z, value)| *z = value);
                }
            }
        }
    }
}

/// Goes on with the sums of M units for one panel of samples: summands `from..from + count` of `depth`.
#[inline(always)]
fn forward_tile<L: Lanes, const M: usize, const V: usize>(
    sums: &mut [f32],
    panel: &[f32],
    w: &[f32],
    bias: &[f32],
    (from, count, depth): (usize, usize, usize),
) {
    let width = V * L::N;
    let start = if from == 0 {
        let mut start = [[L::splat(0.0); V]; M];
        for (row, bias) in start.iter_mut().zip(bias) {
            *row = [L::splat(*bias); V];
        }
        start
    } else {
        load_block(sums, even(width))
    };
    store_block(sums, even(width), tile(start, count, &w[from..], (depth, 1), panel, width));
}

/// Room for a tile at the right edge of an output, where fewer columns are left than a panel has: the
/// tile works on full vectors here.
pub(super) type Edge = [f32; MR * MAX_PANEL];
/// An empty one.
pub(super) const EDGE: Edge = [0.0; MR * MAX_PANEL];

/// Copies the first `there` columns of the rows of `c` that begin at `rows` into the edge tile.
#[inline(always)]
pub(super) fn enter(edge: &mut Edge, width: usize, c: &[f32], rows: &[usize], there: usize) {
    for (edge, begin) in edge.chunks_exact_mut(width).zip(rows) {
        for (edge, value) in edge.iter_mut().zip(&c[*begin..]).take(there) {
            *edge = *value;
        }
    }
}

/// Copies rows of the edge tile back.
#[inline(always)]
pub(super) fn leave(edge: &Edge, width: usize, c: &mut [f32], rows: &[usize], there: usize) {
    for (edge, begin) in edge.chunks_exact(width).zip(rows) {
        for (value, edge) in c[*begin..].iter_mut().zip(edge).take(there) {
            *value = *edge;
        }
    }
}

/// `g = e B`: g (n x columns), e (n x depth), b (depth x columns); or some columns of it.
pub struct Adjoint<'a> {
    /// Output, (n, columns), or the columns of a piece.
    pub g: &'a mut [f32],
    /// First column of g in b.
    pub first: usize,
    /// Error, (n, depth).
    pub e: &'a [f32],
    /// Weights, (depth, columns).
    pub b: &'a [f32],
    /// Units of the layer below.
    pub columns: usize,
    /// Units of the layer above.
    pub depth: usize,
    /// At least [`adjoint_floats`]`(depth)` floats.
    pub scratch: &'a mut [f32],
}

impl WithLanes for Adjoint<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Adjoint { g, first: before, e, b, columns, depth, scratch } = self;
        let width = NV * L::N;
        let n = e.len() / depth;
        let own = g.len() / n;
        let mut edge = EDGE;
        // A part of the rows of b stays in the second-level cache while all its panels are used.
        for from in (0..depth).step_by(part(depth)) {
            let slice = (from, part(depth).min(depth - from), depth);
            let b = &b[from * columns..][..slice.1 * columns];
            for first in (0..own).step_by(COLUMNS) {
                let end = own.min(first + COLUMNS);
                // Full panels are packed too: their rows lie one weight row apart, and the copy (one pass) is read n / MR
                // times.
                pack_columns::<L>(b, slice.1, columns, (before + first, before + end), scratch);
                let panels = scratch.chunks_exact(slice.1 * width);
                for (first, panel) in (first..end).step_by(width).zip(panels) {
                    let there = width.min(own - first);
                    for row in (0..n).step_by(MR) {
                        let (g, e) = (&mut g[row * own + first..], &e[row * depth..]);
                        if there == width {
                            rows!(n - row, adjoint_tile::<L, NV>(g, own, e, panel, slice));
                            continue;
                        }
                        let rows = &even::<MR>(own)[..MR.min(n - row)];
                        let c = &mut edge;
                        enter(c, width, g, rows, there);
                        if there <= L::N {
                            rows!(n - row, adjoint_tile::<L, ONE>(c, width, e, panel, slice));
                        } else {
                            rows!(n - row, adjoint_tile::<L, NV>(c, width, e, panel, slice));
                        }
                        leave(&edge, width, g, rows, there);
                    }
                }
            }
        }
    }
}

/// By columns; each piece of g is a matrix of its own ([`super::split::gather`]).
impl Split for Adjoint<'_> {
    const GRAIN: usize = MAX_PANEL;

    fn units(&self) -> usize {
        self.columns - self.first
    }

    fn split(self, cut: Cut) -> (Self, Self) {
        let n = self.e.len() / self.depth;
        let (g, scratch) = (self.g.split_at_mut(cut.at * n), cut.scratch(self.scratch));
        (
            Self { g: g.0, scratch: scratch.0, ..self },
            Self { g: g.1, first: self.first + cut.at, scratch: scratch.1, ..self },
        )
    }
}

/// Goes on with the sums of M samples for one panel of columns: summands `from..from + count` of `depth`.
/// `g` starts at the tile, its rows lie `stride` apart.
#[inline(always)]
fn adjoint_tile<L: Lanes, const M: usize, const V: usize>(
    g: &mut [f32],
    stride: usize,
    e: &[f32],
    panel: &[f32],
    (from, count, depth): (usize, usize, usize),
) {
    let start = if from == 0 { [[L::splat(0.0); V]; M] } else { load_block(g, even(stride)) };
    store_block(g, even(stride), tile(start, count, &e[from..], (depth, 1), panel, NV * L::N));
}

/// `w = beta w + alpha e^T h`: w (m x columns), e (n x m), h (n x columns); or some rows of it.
pub struct Outer<'a> {
    /// Target, (m, columns), or the rows of a piece.
    pub w: &'a mut [f32],
    /// First row of w in the whole target.
    pub first: usize,
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
    /// At least [`outer_floats`]`(columns, n)` floats.
    pub scratch: &'a mut [f32],
}

impl WithLanes for Outer<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Outer { w, first: before, e, h, n, beta, alpha, scratch } = self;
        let (m, columns) = (e.len() / n, h.len() / n);
        let own = w.len() / columns;
        let width = NV * L::N;
        let panels = columns.div_ceil(width);
        let (quad, scratch) = scratch.split_at_mut(MR * n);
        pack_columns::<L>(h, n, columns, (0, columns), scratch);
        let sweep = (SWEEP_FLOATS / (width * n)).max(1);
        let mut edge = EDGE;
        let packed = e.len() >= QUADS_FROM;
        for group in (0..panels).step_by(sweep) {
            for row in (0..own).step_by(MR) {
                if packed {
                    pack_quad(e, m, before + row, quad);
                }
                let (e, stride) = if packed { (&*quad, MR) } else { (&e[before + row..], m) };
                for q in group..(group + sweep).min(panels) {
                    let panel = &scratch[q * width * n..][..width * n];
                    let first = q * width;
                    let there = width.min(columns - first);
                    let w = &mut w[row * columns + first..];
                    let factors = (beta, alpha);
                    let sum = (n, stride);
                    if there == width {
                        rows!(own - row, outer_tile::<L, NV>(w, columns, e, panel, sum, factors));
                        continue;
                    }
                    let rows = &even::<MR>(columns)[..MR.min(own - row)];
                    let c = &mut edge;
                    enter(c, width, w, rows, there);
                    if there <= L::N {
                        rows!(own - row, outer_tile::<L, ONE>(c, width, e, panel, sum, factors));
                    } else {
                        rows!(own - row, outer_tile::<L, NV>(c, width, e, panel, sum, factors));
                    }
                    leave(&edge, width, w, rows, there);
                }
            }
        }
    }
}

/// By rows.
impl Split for Outer<'_> {
    const GRAIN: usize = MR;

    fn units(&self) -> usize {
        self.w.len() * self.n / self.h.len()
    }

    fn split(self, cut: Cut) -> (Self, Self) {
        let columns = self.h.len() / self.n;
        let (w, scratch) = (self.w.split_at_mut(cut.at * columns), cut.scratch(self.scratch));
        (
            Self { w: w.0, scratch: scratch.0, ..self },
            Self { w: w.1, first: self.first + cut.at, scratch: scratch.1, ..self },
        )
    }
}

/// M units, one panel of columns; `w` and `e` start at the tile, rows of `w` lie `stride` apart, samples of `e` lie `m`.
#[inline(always)]
fn outer_tile<L: Lanes, const M: usize, const V: usize>(
    w: &mut [f32],
    stride: usize,
    e: &[f32],
    panel: &[f32],
    (n, m): (usize, usize),
    factors: (f32, f32),
) {
    let zero = [[L::splat(0.0); V]; M];
    outer_store(w, stride, tile(zero, n, e, (1, m), panel, NV * L::N), factors);
}

/// Writes `beta w + alpha block` to the tile at the start of `w`, whose rows lie `stride` apart.
#[inline(always)]
pub(super) fn outer_store<L: Lanes, const M: usize, const V: usize>(
    w: &mut [f32],
    stride: usize,
    mut block: [[L; V]; M],
    (beta, alpha): (f32, f32),
) {
    let (b, a) = (L::splat(beta), L::splat(alpha));
    if beta == 0.0 {
        for row in &mut block {
            for sum in row {
                *sum = sum.mul(a);
            }
        }
    } else {
        // a factor of 1 changes no bit
        let old = load_block::<L, M, V>(w, even(stride));
        for (row, old) in block.iter_mut().zip(old) {
            for (sum, old) in row.iter_mut().zip(old) {
                *sum = sum.mul_add(a, old.mul(b));
            }
        }
    }
    store_block(w, even(stride), block);
}
