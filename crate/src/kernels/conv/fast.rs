//! The products on the CPU, around the register tile of `lanes`. No patch of an image is ever copied out for each
//! pixel that sees it.
//!
//! Images are padded with their zeros into scratch. What a unit sees of one row of them is then k C floats in a
//! row, so a weight matrix packed in the order (ky, kx, ci) meets it in place:
//!
//! | product | broadcast, in place | vectors |
//! |---|---|---|
//! | forward | neighbouring pixels of h | output channels of W, packed |
//! | adjoint | neighbouring pixels of e | input channels of W, packed with kernel upside down and output channels first |
//! | outer | four channels of e, packed | (kx, ci) of h; a strip of them packed for all rows of the kernel |
//!
//! Threads have images each; of the outer product, output channels each.
//! Forward and adjoint are one sum in ascending order with one accumulator, so neither lanes nor the split into
//! parts change a bit; outer is one such sum for each group of images, and groups do not depend on the machine.

use super::Window;
use crate::kernels::activation::Activation;
use crate::kernels::elementwise::update;
use crate::kernels::gemm::{
    Edge, MAX_PANEL, MR, NV, ONE, enter, leave, outer_store, pack_transposed, panel_floats, rows,
};
use crate::kernels::lanes::{Lanes, WithLanes, load_block, store_block, tile, tile_runs};
use crate::kernels::split::{self, Cut, Split};
use crate::plan::{Buf, Run};
use std::ops::Range;

/// Padded images (512 KiB, second-level cache) that one sweep over the weights uses.
const GROUP_FLOATS: usize = 1 << 17;
/// Most floats of a panel of weights used in one go, so that it stays in the first-level cache beside the images.
const PANEL_FLOATS: usize = 6144;
/// Fewest pixels for which the outer product takes up its sums anew.
const OUTER_PIXELS: usize = 256;

/// Floats of one padded image.
fn padded(window: Window, channels: usize) -> usize {
    let margin = 2 * window.margin();
    (window.rows + margin) * (window.cols + margin) * channels
}

/// Images padded at a time, of `images`, where at least one is.
fn group(window: Window, channels: usize, images: usize) -> usize {
    (GROUP_FLOATS / padded(window, channels)).clamp(1, images.max(1))
}

/// Images of which the outer product makes one sum.
fn outer_group(window: Window, images: usize) -> usize {
    OUTER_PIXELS.div_ceil(window.pixels()).clamp(1, images.max(1))
}

/// Scratch of a pass from pixels `from` to pixels `to`.
pub fn correlation_floats(window: Window, from: Buf, to: Buf) -> usize {
    let images = from.rows / window.pixels();
    panel_floats(to.cols, window.area() * from.cols)
        + group(window, from.cols, images) * padded(window, from.cols)
}

/// Scratch of the outer product of e and h.
pub fn outer_floats(window: Window, e: Buf, h: Buf) -> usize {
    let images = outer_group(window, e.rows / window.pixels());
    images
        * (padded(window, h.cols)
            + strip(window) * MAX_PANEL
            + window.pixels() * e.cols.next_multiple_of(MR))
}

/// Pixels of an image of which the outer product needs a strip: those of all padded rows, but no padded columns. Tried
/// and 5 % of a step slower natively: one strip for all columns of the kernel, in blocks of rows that all units meet.
fn strip(window: Window) -> usize {
    (window.rows + 2 * window.margin()) * window.cols
}

/// Copies images (pixels x channels) into the middle of zeros.
#[inline(always)]
fn pad<L: Lanes>(images: &[f32], window: Window, channels: usize, out: &mut [f32]) {
    let Window { rows, cols, .. } = window;
    let (margin, row) = (window.margin(), cols * channels);
    let (side, padded_row) = (margin * channels, (cols + 2 * margin) * channels);
    let each = out.chunks_exact_mut(padded(window, channels));
    for (image, out) in images.chunks_exact(rows * row).zip(each) {
        let (top, rest) = out.split_at_mut(margin * padded_row);
        let (middle, bottom) = rest.split_at_mut(rows * padded_row);
        top.fill(0.0);
        bottom.fill(0.0);
        for (from, to) in image.chunks_exact(row).zip(middle.chunks_exact_mut(padded_row)) {
            to[..side].fill(0.0);
            copy::<L>(from, &mut to[side..side + row]);
            to[side + row..].fill(0.0);
        }
    }
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
    /// Room for padded images.
    room: &'a mut [f32],
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
        let Correlation { z, x, panels, room, bias, window, channels, units } = self;
        let Window { rows, cols, kernel } = window;
        let width = NV * L::N;
        let images = x.len() / (window.pixels() * channels);
        let group = group(window, channels, images);
        let (run, row) = (kernel * channels, (cols + 2 * window.margin()) * channels);
        // Summands at a time: some rows of the kernel, or a piece of one row.
        let lines =
            kernel.div_ceil(kernel.div_ceil((PANEL_FLOATS / (run * width)).clamp(1, kernel)));
        let piece = run.div_ceil((run * width).div_ceil(PANEL_FLOATS));
        let mut edge: Edge = [0.0; MR * MAX_PANEL];
        let pixels = window.pixels();
        for (x, z) in x.chunks(group * pixels * channels).zip(z.chunks_mut(group * pixels * units))
        {
            pad::<L>(x, window, channels, room);
            let there_images = x.len() / (pixels * channels);
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
                let lines = (0..kernel).step_by(lines).map(|ky| (ky, lines.min(kernel - ky)));
                let pieces = lines.flat_map(|(ky, count)| {
                    (0..run).step_by(piece).map(move |from| (ky, count, from))
                });
                for (ky, count, from) in pieces {
                    let panel = &panel[(ky * run + from) * width..];
                    let sum = Sum {
                        runs: (count, piece.min(run - from)),
                        row,
                        channels,
                        start: (ky + from == 0).then_some(&start),
                    };
                    for image in 0..there_images {
                        let padded = &room[image * padded(window, channels)..];
                        for y in 0..rows {
                            let seen = &padded[(y + ky) * row + from..];
                            let z = &mut z[((image * rows + y) * cols) * units..][..cols * units];
                            for at in (0..cols).step_by(MR) {
                                let (z, seen) =
                                    (&mut z[at * units + first..], &seen[at * channels..]);
                                if there == width {
                                    rows!(
                                        cols - at,
                                        correlation_tile::<L, NV>(z, units, seen, panel, &sum)
                                    );
                                    continue;
                                }
                                enter(&mut edge, width, z, units, there);
                                if there <= L::N {
                                    rows!(
                                        cols - at,
                                        correlation_tile::<L, ONE>(
                                            &mut edge, width, seen, panel, &sum
                                        )
                                    );
                                } else {
                                    rows!(
                                        cols - at,
                                        correlation_tile::<L, NV>(
                                            &mut edge, width, seen, panel, &sum
                                        )
                                    );
                                }
                                leave(&edge, width, z, (cols - at, units, there));
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A part of the sums of a tile.
struct Sum<'a> {
    /// Rows of the kernel, and floats in each.
    runs: (usize, usize),
    /// Floats in a row of a padded image.
    row: usize,
    /// Floats in a pixel.
    channels: usize,
    /// What the sums start from; none: from what is there.
    start: Option<&'a [f32; MAX_PANEL]>,
}

/// Goes on with the sums of M neighbouring pixels for one panel. `z` starts at the tile, its pixels lie `stride`
/// apart; `seen` starts at the first pixel's patch.
#[inline(always)]
fn correlation_tile<L: Lanes, const M: usize, const V: usize>(
    z: &mut [f32],
    stride: usize,
    seen: &[f32],
    panel: &[f32],
    sum: &Sum<'_>,
) {
    let width = NV * L::N;
    let start = match sum.start {
        Some(start) => {
            let row = load_block::<L, 1, V>(start, 0);
            [row[0]; M]
        }
        None => load_block(z, stride),
    };
    let (runs, run) = sum.runs;
    let sums = tile_runs(
        start,
        (runs, run),
        seen,
        (sum.channels, sum.row, 1),
        panel,
        (run * width, width), // several runs are whole rows of the kernel
    );
    store_block(z, stride, sums);
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
    room: &'a mut [f32],
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
        let Pass { z, x, panels, room, window, channels: (channels, units), way } = self;
        let bias = if let Way::Up(bias, ..) = way { bias } else { &[] };
        Correlation { z: &mut *z, x, panels, room, bias, window, channels, units }.run::<L>();
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
        let room = cut.scratch(self.room);
        let way = match self.way {
            Way::Up(bias, act, Some((xi, c))) => {
                let xi = xi.split_at(pixels * self.channels.1);
                (Way::Up(bias, act, Some((xi.0, c))), Way::Up(bias, act, Some((xi.1, c))))
            }
            way => (way, way),
        };
        (
            Self { z: z.0, x: x.0, room: room.0, way: way.0, ..self },
            Self { z: z.1, x: x.1, room: room.1, way: way.1, ..self },
        )
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
        let (pixels, width) = (window.pixels(), NV * L::N);
        let images = outer_group(window, e.len() / (all * pixels));
        let (room, rest) = scratch.split_at_mut(images * padded(window, channels));
        let (strips, packed) = rest.split_at_mut(images * strip(window) * MAX_PANEL);
        let (run, columns) = (window.kernel * channels, window.area() * channels);
        let row = (window.cols + 2 * window.margin()) * channels;
        let units = target.len() / columns;
        let mut edge: Edge = [0.0; MR * MAX_PANEL];
        let mut factors = factors;
        let chunks = h.chunks(images * pixels * channels);
        for (h, e) in chunks.zip(e.chunks(images * pixels * all)) {
            pad::<L>(h, window, channels, room);
            pack_quads(e, all, first..first + units, packed);
            let count = e.len() / all;
            let images = count / pixels;
            for at in (0..run).step_by(width) {
                let there = width.min(run - at);
                let rows_of = room[..images * padded(window, channels)].chunks_exact(row);
                for (from, to) in rows_of.zip(strips.chunks_exact_mut(window.cols * width)) {
                    pack_strip::<L>(&from[at..], channels, there, to);
                }
                let tiles = (0..window.kernel)
                    .flat_map(|ky| (0..units).step_by(MR).map(move |unit| (ky, unit)));
                for (ky, unit) in tiles {
                    let e = &packed[unit * count..][..MR * count];
                    let target = &mut target[unit * columns + ky * run + at..];
                    let part = Part { window, ky, factors };
                    if there == width {
                        rows!(units - unit, outer_tile::<L, NV>(target, columns, e, strips, &part));
                        continue;
                    }
                    enter(&mut edge, width, target, columns, there);
                    if there <= L::N {
                        rows!(
                            units - unit,
                            outer_tile::<L, ONE>(&mut edge, width, e, strips, &part)
                        );
                    } else {
                        rows!(
                            units - unit,
                            outer_tile::<L, NV>(&mut edge, width, e, strips, &part)
                        );
                    }
                    leave(&edge, width, target, (units - unit, columns, there));
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

/// What a tile of the outer product needs to know.
struct Part {
    window: Window,
    /// Row of the kernel.
    ky: usize,
    factors: (f32, f32),
}

/// Packs `there` floats of every pixel of a padded row that a unit sees in one place of its kernel; zeros up to the
/// width of a panel.
#[inline(always)]
fn pack_strip<L: Lanes>(row: &[f32], channels: usize, there: usize, out: &mut [f32]) {
    let width = NV * L::N;
    for (x, out) in out.chunks_exact_mut(width).enumerate() {
        let from = &row[x * channels..];
        if there == width {
            for v in 0..NV {
                L::load(&from[v * L::N..]).store(&mut out[v * L::N..]);
            }
        } else {
            out[there..].fill(0.0);
            for (out, value) in out.iter_mut().zip(&from[..there]) {
                *out = *value;
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

/// M units, one strip of weights of one row of the kernel; `target` starts at the tile, its rows lie `stride` apart;
/// `e` is a packed quad, `strips` the packed pixels of all images.
#[inline(always)]
fn outer_tile<L: Lanes, const M: usize, const V: usize>(
    target: &mut [f32],
    stride: usize,
    e: &[f32],
    strips: &[f32],
    part: &Part,
) {
    let Part { window, ky, factors } = part;
    let (pixels, width) = (window.pixels(), NV * L::N);
    let mut sums = [[L::splat(0.0); V]; M];
    for (image, e) in e.chunks_exact(pixels * MR).enumerate() {
        let seen = &strips[(image * strip(*window) + ky * window.cols) * width..];
        sums = tile(sums, pixels, e, (1, MR), seen, width);
    }
    outer_store(target, stride, sums, *factors);
}

/// Packs the weights, then runs the images.
fn pass(run: &mut Run<'_, f32>, window: Window, way: for<'a> fn(&'a Run<'_, f32>) -> Way<'a>) {
    let mut z = run.take(0);
    let mut scratch = std::mem::take(run.scratch);
    let channels = (run.shape(1).cols, run.shape(0).cols);
    let (panels, room) = scratch.split_at_mut(panel_floats(channels.1, window.area() * channels.0));
    let (way, w) = (way(run), run.read(2));
    let down = matches!(way, Way::Down);
    let units = 0..channels.1;
    split::run(run, Packing { w, panels: &mut *panels, window, channels, units, down });
    split::run(run, Pass { z: &mut z, x: run.read(1), panels, room, window, channels, way });
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
