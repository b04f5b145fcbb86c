//! The products on the CPU, around the register tile of `lanes`. No patch of an image is copied out for each pixel that
//! sees it, and nothing is multiplied with the zeros beyond the edges: they would be 28 % of the products at 8 x 8 pixels
//! and k = 5, and 14 % at 16 x 16.
//!
//! What a unit sees of one row of an image is k C floats in a row, so a weight matrix packed in the order (ky, kx, ci)
//! meets it in place; near an edge it is a part of them. Pixels which the edges leave the same part make a stretch; the
//! rows of a tile are pixels of one stretch, of one image or of several.
//!
//! | product | broadcast | vectors |
//! |---|---|---|
//! | forward | pixels of h, in place | output channels of W, packed |
//! | adjoint | pixels of e, in place | input channels of W, packed with kernel upside down and output channels first |
//! | outer | four channels of e, packed | ci of h, packed; (kx, ci) and zeros where the channels do not fill vectors |
//!
//! Threads have images each; of the outer product, output channels each.
//! Forward and adjoint are one sum in ascending order with one accumulator, so neither lanes nor the split into
//! parts change a bit; outer is one such sum for each group of images, and groups do not depend on the machine.

use super::Window;
use crate::kernels::activation::Activation;
use crate::kernels::elementwise::update;
use crate::kernels::gemm::{
    EDGE, Edge, MAX_PANEL, MR, NV, ONE, enter, leave, outer_store, pack_transposed, panel_floats,
    rows,
};
use crate::kernels::lanes::{Lanes, WithLanes, even, load_block, store_block, tile_runs};
use crate::kernels::split::{self, Cut, Split};
use crate::plan::{Buf, Run};
use std::ops::Range;

/// Floats of images (512 KiB, second-level cache) that one sweep over the weights uses.
const GROUP_FLOATS: usize = 1 << 17;
/// Most floats of a panel of weights used in one go, so that it stays in the first-level cache beside the images.
const PANEL_FLOATS: usize = 6144;
/// Fewest pixels for which the outer product takes up its sums anew.
const OUTER_PIXELS: usize = 256;

/// Images of which the outer product makes one sum.
fn outer_group(window: Window, images: usize) -> usize {
    OUTER_PIXELS.div_ceil(window.pixels()).clamp(1, images.max(1))
}

/// Scratch of a pass from pixels `from` to pixels `to`.
pub fn correlation_floats(window: Window, from: Buf, to: Buf) -> usize {
    panel_floats(to.cols, window.area() * from.cols)
}

/// Scratch of the outer product with e.
pub fn outer_floats(window: Window, e: Buf) -> usize {
    let images = outer_group(window, e.rows / window.pixels());
    images * window.pixels() * (MAX_PANEL + e.cols.next_multiple_of(MR))
}

/// Those `at` below `count` for which `at + tap - margin` lies inside `length`.
#[inline(always)]
fn inside(tap: usize, count: usize, length: usize, margin: usize) -> Range<usize> {
    margin.saturating_sub(tap)..(length + margin).saturating_sub(tap).min(count)
}

/// Splits the pixels along a side into stretches that see the same taps of the kernel inside the image: (pixels, taps).
#[inline(always)]
fn stretches(length: usize, kernel: usize) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
    let taps = move |at| inside(at, kernel, length, kernel / 2);
    let mut end = 0;
    std::iter::from_fn(move || {
        let (first, seen) = (end, taps(end));
        while end < length && taps(end) == seen {
            end += 1;
        }
        (first < end).then_some((first..end, seen))
    })
}

/// What two ranges share.
#[inline(always)]
fn shared(a: &Range<usize>, b: &Range<usize>) -> Range<usize> {
    a.start.max(b.start)..a.end.min(b.end)
}

/// Vector copies: a slice copy of few bytes is a call in wasm.
#[inline(always)]
fn copy<L: Lanes>(from: &[f32], to: &mut [f32]) {
    update!(L, to, as _old; v = from => v);
}

/// `z = start + sum over the kernel`: what forward and adjoint have in common.
struct Correlation<'a> {
    /// Output, (pixels, channels above).
    z: &'a mut [f32],
    /// Input, (pixels, channels).
    x: &'a [f32],
    /// Weights in panels of output channels, each (ky, kx, channel) x width.
    panels: &'a [f32],
    /// Start of the sums, (channels above), or empty for zero.
    bias: &'a [f32],
    /// Geometry.
    window: Window,
    /// Channels of x.
    channels: usize,
    /// Channels of z.
    units: usize,
}

impl Correlation<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Correlation { z, x, panels, bias, window, channels, units } = self;
        let Window { rows, cols, kernel } = window;
        let (pixels, margin, width) = (window.pixels(), window.margin(), NV * L::N);
        let images = x.len() / (pixels * channels);
        let group = (GROUP_FLOATS / (pixels * channels)).clamp(1, images.max(1));
        let run = kernel * channels;
        // Summands at a time: some rows of the kernel, or a piece of one row.
        let lines =
            kernel.div_ceil(kernel.div_ceil((PANEL_FLOATS / (run * width)).clamp(1, kernel)));
        let piece = run.div_ceil((run * width).div_ceil(PANEL_FLOATS));
        for (x, z) in x.chunks(group * pixels * channels).zip(z.chunks_mut(group * pixels * units))
        {
            let images = x.len() / (pixels * channels);
            for (q, panel) in panels.chunks_exact(width * kernel * run).enumerate() {
                let first = q * width;
                if first >= units {
                    break;
                }
                let there = width.min(units - first);
                let mut start = [0.0f32; MAX_PANEL];
                if !bias.is_empty() {
                    start[..there].copy_from_slice(&bias[first..first + there]);
                }
                let pieces = (0..kernel)
                    .step_by(lines)
                    .flat_map(|ky| (0..run).step_by(piece).map(move |from| (ky, from)));
                for (ky, from) in pieces {
                    let (lines, floats) = (ky..kernel.min(ky + lines), from..run.min(from + piece));
                    for (ys, kys) in stretches(rows, kernel) {
                        for (xs, kxs) in stretches(cols, kernel) {
                            let seen = kxs.start * channels..kxs.end * channels;
                            let lines = shared(&kys, &lines);
                            let floats = shared(&seen, &floats);
                            if lines.is_empty() || floats.is_empty() {
                                continue;
                            }
                            let begins = (lines.start, floats.start) == (kys.start, seen.start);
                            let sum = Sum {
                                panel: &panel[(lines.start * run + floats.start) * width..],
                                run,
                                runs: (lines.len(), floats.len()),
                                shift: (lines.start * cols * channels + floats.start)
                                    .wrapping_sub(margin * (cols + 1) * channels),
                                row: cols * channels,
                                channels: (channels, units),
                                start: begins.then_some(&start),
                            };
                            let count = images * ys.len() * xs.len();
                            let stretch = Stretch::new(window, &ys, &xs);
                            sum.add::<L>((stretch, count), &mut z[first..], x, there);
                        }
                    }
                }
            }
        }
    }
}

/// Pixels of a part of an image, of one image after another.
struct Stretch {
    /// The next pixel.
    pixel: usize,
    /// Columns left in its row, and rows in its image.
    left: (usize, usize),
    /// Columns and rows.
    size: (usize, usize),
    /// Pixels that are left out behind a row, and further ones behind the last of an image.
    gaps: (usize, usize),
}

impl Stretch {
    #[inline(always)]
    fn new(window: Window, ys: &Range<usize>, xs: &Range<usize>) -> Self {
        let size = (xs.len(), ys.len());
        Self {
            pixel: ys.start * window.cols + xs.start,
            left: size,
            size,
            gaps: (window.cols - size.0, (window.rows - size.1) * window.cols),
        }
    }

    /// The next pixels.
    #[inline(always)]
    fn next(&mut self) -> [usize; MR] {
        std::array::from_fn(|_| {
            let this = self.pixel;
            self.pixel += 1;
            self.left.0 -= 1;
            if self.left.0 == 0 {
                self.left.0 = self.size.0;
                self.pixel += self.gaps.0;
                self.left.1 -= 1;
                if self.left.1 == 0 {
                    self.left.1 = self.size.1;
                    self.pixel += self.gaps.1;
                }
            }
            this
        })
    }
}

/// A part of the sums of a stretch for one panel.
struct Sum<'a> {
    /// The panel from the first weight on.
    panel: &'a [f32],
    /// Floats from one row of the kernel to the next.
    run: usize,
    /// Rows of the kernel, and floats in each.
    runs: (usize, usize),
    /// From a pixel's first float to the first that it sees, wrapping.
    shift: usize,
    /// Floats in a row of an image.
    row: usize,
    /// Of x and of z.
    channels: (usize, usize),
    /// What the sums start from; none: from what is there.
    start: Option<&'a [f32; MAX_PANEL]>,
}

impl Sum<'_> {
    /// For the first `count` pixels. `z` starts at the panel's first channel, of which `there` exist.
    #[inline(always)]
    fn add<L: Lanes>(
        &self,
        (mut stretch, count): (Stretch, usize),
        z: &mut [f32],
        x: &[f32],
        there: usize,
    ) {
        let width = NV * L::N;
        let mut edge = EDGE;
        for at in (0..count).step_by(MR) {
            let left = count - at;
            let pixels = &stretch.next();
            let rows = &pixels.map(|pixel| pixel * self.channels.1);
            if there == width {
                rows!(left, correlation_tile::<L, NV>(z, rows, x, pixels, self));
                continue;
            }
            let there_rows = &rows[..MR.min(left)];
            enter(&mut edge, width, z, there_rows, there);
            let within = &even(width);
            if there <= L::N {
                rows!(left, correlation_tile::<L, ONE>(&mut edge, within, x, pixels, self));
            } else {
                rows!(left, correlation_tile::<L, NV>(&mut edge, within, x, pixels, self));
            }
            leave(&edge, width, z, there_rows, there);
        }
    }
}

/// Goes on with the sums of the first M of these pixels, which are at `rows` of z.
#[inline(always)]
fn correlation_tile<L: Lanes, const M: usize, const V: usize>(
    z: &mut [f32],
    rows: &[usize; MR],
    x: &[f32],
    pixels: &[usize; MR],
    sum: &Sum<'_>,
) {
    let rows = std::array::from_fn(|i| rows[i]);
    let seen = std::array::from_fn(|i| (pixels[i] * sum.channels.0).wrapping_add(sum.shift));
    let start = match sum.start {
        Some(start) => {
            let row = load_block::<L, 1, V>(start, [0]);
            [row[0]; M]
        }
        None => load_block(z, rows),
    };
    let width = NV * L::N;
    let sums =
        tile_runs(start, sum.runs, x, (seen, sum.row, 1), sum.panel, (sum.run * width, width));
    store_block(z, rows, sums);
}

/// Packs W for a pass into panels of output channels.
struct Packing<'a> {
    w: &'a [f32],
    panels: &'a mut [f32],
    window: Window,
    /// Of the pass's input and output.
    channels: (usize, usize),
    /// Output channels of these panels.
    units: Range<usize>,
    down: bool,
}

impl WithLanes for Packing<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Packing { w, panels, window, channels: (channels, all), units, down } = self;
        if down {
            pack_upside_down::<L>(w, window, (channels, all), units, panels);
        } else {
            let depth = window.area() * channels;
            let w = &w[units.start * depth..units.end * depth];
            pack_transposed(w, units.len(), depth, NV * L::N, panels);
        }
    }
}

impl Split for Packing<'_> {
    const GRAIN: usize = MAX_PANEL;

    fn units(&self) -> usize {
        self.units.len()
    }

    fn split(self, Cut { at, .. }: Cut) -> (Self, Self) {
        // whole panels of any width
        let (first, rest) = self.panels.split_at_mut(at * self.window.area() * self.channels.0);
        let Range { start, end } = self.units;
        (
            Self { panels: first, units: start..start + at, ..self },
            Self { panels: rest, units: start + at..end, ..self },
        )
    }
}

/// Forward or adjoint, from pixels x to pixels z.
struct Pass<'a> {
    z: &'a mut [f32],
    x: &'a [f32],
    panels: &'a [f32],
    window: Window,
    /// Of x and of z.
    channels: (usize, usize),
    way: Way<'a>,
}

#[derive(Clone, Copy)]
enum Way<'a> {
    /// Bias, activation, noise.
    Up(&'a [f32], Activation, Option<(&'a [f32], f32)>),
    Down,
}

impl WithLanes for Pass<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Pass { z, x, panels, window, channels: (channels, units), way } = self;
        let bias = if let Way::Up(bias, ..) = way { bias } else { &[] };
        Correlation { z: &mut *z, x, panels, bias, window, channels, units }.run::<L>();
        let Way::Up(_, act, noise) = way else { return };
        if act != Activation::Identity {
            update!(L, z, as z; => act.apply(z));
        }
        if let Some((xi, c)) = noise {
            let c = L::splat(c);
            update!(L, z, as a; xi = xi => xi.mul_add(c, a));
        }
    }
}

impl Split for Pass<'_> {
    const GRAIN: usize = 1;

    fn units(&self) -> usize {
        self.x.len() / (self.window.pixels() * self.channels.0)
    }

    fn split(self, cut: Cut) -> (Self, Self) {
        let pixels = cut.at * self.window.pixels();
        let x = self.x.split_at(pixels * self.channels.0);
        let z = self.z.split_at_mut(pixels * self.channels.1);
        let way = match self.way {
            Way::Up(bias, act, Some((xi, c))) => {
                let xi = xi.split_at(pixels * self.channels.1);
                (Way::Up(bias, act, Some((xi.0, c))), Way::Up(bias, act, Some((xi.1, c))))
            }
            way => (way, way),
        };
        (Self { z: z.0, x: x.0, way: way.0, ..self }, Self { z: z.1, x: x.1, way: way.1, ..self })
    }
}

/// Packs W (channels above x (ky, kx, channels below)) into panels of channels below, summands in the order
/// (k-1-ky, k-1-kx, channel above): a pixel below is seen by the pixels above it through the kernel upside down.
#[inline(always)]
fn pack_upside_down<L: Lanes>(
    w: &[f32],
    window: Window,
    (above, below): (usize, usize),
    units: Range<usize>,
    panels: &mut [f32],
) {
    let (area, width) = (window.area(), NV * L::N);
    for (q, panel) in panels.chunks_exact_mut(area * above * width).enumerate() {
        let first = units.start + q * width;
        if first >= units.end {
            break;
        }
        let there = width.min(units.end - first);
        for (i, out) in panel.chunks_exact_mut(width).enumerate() {
            let (tap, unit) = (area - 1 - i / above, i % above);
            let from = &w[(unit * area + tap) * below + first..][..there];
            copy::<L>(from, &mut out[..there]);
            out[there..].fill(0.0);
        }
    }
}

struct Outer<'a> {
    target: &'a mut [f32],
    /// First output channel of the target.
    first: usize,
    e: &'a [f32],
    h: &'a [f32],
    scratch: &'a mut [f32],
    window: Window,
    /// Of h and of e.
    channels: (usize, usize),
    /// beta, alpha.
    factors: (f32, f32),
}

impl WithLanes for Outer<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Outer { target, first, e, h, scratch, window, channels: (channels, all), factors } =
            self;
        let Window { rows, cols, kernel } = window;
        let (pixels, margin, width) = (window.pixels(), window.margin(), NV * L::N);
        let images = outer_group(window, e.len() / (all * pixels));
        let (strip, packed) = scratch.split_at_mut(images * pixels * MAX_PANEL);
        let columns = window.area() * channels;
        let units = target.len() / columns;
        // Columns of the kernel one by one, or all of a row together where channels alone leave parts of vectors empty; so
        // many floats each, and the first of them so many pixels beside the one that sees it.
        let together = !channels.is_multiple_of(width);
        let (taps, floats, aside) =
            if together { (1, kernel * channels, 0) } else { (kernel, channels, margin) };
        let before = (margin - aside) * channels;
        let mut edge = EDGE;
        let mut factors = factors;
        let chunks = h.chunks(images * pixels * channels);
        for (h, e) in chunks.zip(e.chunks(images * pixels * all)) {
            pack_quads(e, all, first..first + units, packed);
            let count = e.len() / all;
            for at in (0..floats).step_by(width) {
                let there = width.min(floats - at);
                for (row, to) in
                    h.chunks_exact(cols * channels).zip(strip.chunks_exact_mut(cols * width))
                {
                    pack_strip::<L>(row, channels, (at, before), there, to);
                }
                for unit in (0..units).step_by(MR) {
                    let e = &packed[unit * count..][..MR * count];
                    for (ky, kx) in (0..kernel).flat_map(|ky| (0..taps).map(move |kx| (ky, kx))) {
                        let ys = inside(ky, rows, rows, margin);
                        let xs = if together { 0..cols } else { inside(kx, cols, cols, margin) };
                        let sides = (ys.len(), xs.len());
                        let (e, h) = if sides.0 * sides.1 == 0 {
                            (&e[..0], &strip[..0])
                        } else {
                            let from = ys.start * cols + xs.start;
                            let seen = from + ky * cols + kx - margin * cols - aside;
                            (&e[from * MR..], &strip[seen * width..])
                        };
                        let column = (ky * taps + kx) * floats + at;
                        let part =
                            Part { window, sides, e, h, size: (units - unit, there), factors };
                        part.add::<L>(&mut target[unit * columns + column..], columns, &mut edge);
                    }
                }
            }
            factors.0 = 1.0;
        }
    }
}

impl Split for Outer<'_> {
    const GRAIN: usize = MR;

    fn units(&self) -> usize {
        self.target.len() / (self.window.area() * self.channels.0)
    }

    fn split(self, cut: Cut) -> (Self, Self) {
        let scratch = cut.scratch(self.scratch);
        let target = self.target.split_at_mut(cut.at * self.window.area() * self.channels.0);
        (
            Self { target: target.0, scratch: scratch.0, ..self },
            Self { target: target.1, first: self.first + cut.at, scratch: scratch.1, ..self },
        )
    }
}

/// A tile of the outer product: up to MR units, a panel of columns.
struct Part<'a> {
    window: Window,
    /// Rows and columns of an image of which the pixels see these weights inside the image.
    sides: (usize, usize),
    /// Packed quads from the first of those pixels on.
    e: &'a [f32],
    /// The packed pixels from the first seen on.
    h: &'a [f32],
    /// Units and columns that are left.
    size: (usize, usize),
    /// beta, alpha.
    factors: (f32, f32),
}

impl Part<'_> {
    /// `target` starts at the tile, its rows lie `stride` apart.
    #[inline(always)]
    fn add<L: Lanes>(&self, target: &mut [f32], stride: usize, edge: &mut Edge) {
        let (width, (units, there)) = (NV * L::N, self.size);
        if there == width {
            rows!(units, outer_tile::<L, NV>(target, stride, self));
            return;
        }
        let rows = &even::<MR>(stride)[..MR.min(units)];
        enter(edge, width, target, rows, there);
        if there <= L::N {
            rows!(units, outer_tile::<L, ONE>(edge, width, self));
        } else {
            rows!(units, outer_tile::<L, NV>(edge, width, self));
        }
        leave(edge, width, target, rows, there);
    }
}

/// Packs `there` floats from `at` on, less `before`, of every pixel of a row of an image; zeros outside the row and up to
/// the width of a panel.
#[inline(always)]
fn pack_strip<L: Lanes>(
    row: &[f32],
    channels: usize,
    (at, before): (usize, usize),
    there: usize,
    out: &mut [f32],
) {
    let width = NV * L::N;
    for (x, out) in out.chunks_exact_mut(width).enumerate() {
        let begin = x * channels + at;
        if there == width && begin >= before && begin - before + width <= row.len() {
            copy::<L>(&row[begin - before..][..width], out);
        } else {
            for (j, out) in out.iter_mut().enumerate() {
                let from = (begin + j).checked_sub(before).filter(|_| j < there);
                *out = from.and_then(|from| row.get(from)).copied().unwrap_or(0.0);
            }
        }
    }
}

/// Packs `units` of e (pixels x all) by four units: quad q holds `e[p][4 q + i]` at `4 p + i`; units beyond the last are zero.
#[inline(always)]
fn pack_quads(e: &[f32], all: usize, units: Range<usize>, out: &mut [f32]) {
    let count = e.len() / all;
    for (p, e) in e.chunks_exact(all).enumerate() {
        for (q, quad) in e[units.clone()].chunks(MR).enumerate() {
            let out = &mut out[(q * count + p) * MR..][..MR];
            if let Ok(quad) = <[f32; MR]>::try_from(quad) {
                out.copy_from_slice(&quad);
            } else {
                out.fill(0.0);
                out[..quad.len()].copy_from_slice(quad);
            }
        }
    }
}

/// M units of a part.
#[inline(always)]
fn outer_tile<L: Lanes, const M: usize, const V: usize>(
    target: &mut [f32],
    stride: usize,
    part: &Part<'_>,
) {
    let (width, Window { cols, .. }) = (NV * L::N, part.window);
    let mut sums = [[L::splat(0.0); V]; M];
    let pixels = part.window.pixels();
    for (e, h) in part.e.chunks(pixels * MR).zip(part.h.chunks(pixels * width)) {
        let e_steps = (even(1), cols * MR, MR);
        sums = tile_runs(sums, part.sides, e, e_steps, h, (cols * width, width));
    }
    outer_store(target, stride, sums, part.factors);
}

/// Packs the weights, then runs the images.
fn pass(run: &mut Run<'_, f32>, window: Window, way: for<'a> fn(&'a Run<'_, f32>) -> Way<'a>) {
    let mut z = run.take(0);
    let mut scratch = std::mem::take(run.scratch);
    let channels = (run.shape(1).cols, run.shape(0).cols);
    let panels = &mut scratch[..panel_floats(channels.1, window.area() * channels.0)];
    let (way, w) = (way(run), run.read(2));
    let down = matches!(way, Way::Down);
    let units = 0..channels.1;
    split::run(run, Packing { w, panels: &mut *panels, window, channels, units, down });
    split::run(run, Pass { z: &mut z, x: run.read(1), panels, window, channels, way });
    *run.scratch = scratch;
    run.put(0, z);
}

pub fn forward(run: &mut Run<'_, f32>) {
    pass(run, Window::from_ints(&run.op.ints[1..]), |run| {
        let noise = run.has(4).then(|| (run.read(4), run.scalar(0)));
        Way::Up(run.read(3), Activation::from_code(run.int(0)), noise)
    });
}

pub fn adjoint(run: &mut Run<'_, f32>) {
    pass(run, Window::from_ints(&run.op.ints), |_| Way::Down);
}

pub fn outer(run: &mut Run<'_, f32>) {
    let mut target = run.take(0);
    let mut scratch = std::mem::take(run.scratch);
    let product = Outer {
        target: &mut target,
        first: 0,
        e: run.read(1),
        h: run.read(2),
        scratch: &mut scratch,
        window: Window::from_ints(&run.op.ints),
        channels: (run.shape(2).cols, run.shape(1).cols),
        factors: (run.scalar(0), run.scalar(1)),
    };
    split::run(run, product);
    *run.scratch = scratch;
    run.put(0, target);
}
