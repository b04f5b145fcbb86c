//! Max pooling: `h = max a` over windows of size x size that lie `stride` apart, and its adjoint.
//!
//! As TensorFlow's "same": `ceil(rows / stride)` windows down, the first begins `max((windows - 1) stride + size -
//! rows, 0) / 2` rows above the image; likewise across. What lies outside never wins.
//!
//! `FORWARD` buffers: h (N windows, C) written; a (N rows columns, C). NaN and infinite activities give NaN, so that
//! a diverged layer is seen. `ADJOINT` buffers: g (N rows columns, C) written; lambda (N windows, C); a. `g` gets each
//! window's lambda at its first maximum in scan order, windows added in that order too. Ints of both: rows, columns,
//! size, stride.

mod gpu;

use super::elementwise::{WIDEST, rest};
use super::lanes::{Lanes, WithLanes};
use super::split::{self, Cut, Split};
use crate::plan::{Access, Buf, Kernel, Run, Tape};
use std::ops::Range;

/// Where windows lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// Rows of the image.
    pub rows: usize,
    /// Columns of the image.
    pub cols: usize,
    /// Side of a window.
    pub size: usize,
    /// From one window to the next.
    pub stride: usize,
}

/// Windows along a side of `len` pixels, and the pixels of the i-th.
#[derive(Clone, Copy)]
struct Side {
    len: usize,
    size: usize,
    stride: usize,
}

impl Side {
    fn windows(self) -> usize {
        self.len.div_ceil(self.stride)
    }

    fn window(self, i: usize) -> Range<usize> {
        let before = ((self.windows() - 1) * self.stride + self.size).saturating_sub(self.len) / 2;
        let begin = i * self.stride;
        begin.saturating_sub(before)..(begin + self.size - before).min(self.len)
    }
}

impl Grid {
    fn down(self) -> Side {
        Side { len: self.rows, size: self.size, stride: self.stride }
    }

    fn across(self) -> Side {
        Side { len: self.cols, size: self.size, stride: self.stride }
    }

    /// Windows of an image.
    pub fn windows(self) -> usize {
        self.down().windows() * self.across().windows()
    }

    fn from_ints(ints: &[u32]) -> Self {
        let [rows, cols, size, stride] = [0, 1, 2, 3].map(|i| ints[i] as usize);
        Self { rows, cols, size, stride }
    }

    fn ints(self) -> [u32; 4] {
        [self.rows, self.cols, self.size, self.stride].map(|i| i as u32)
    }

    fn fits(self, pooled: Buf, whole: Buf) -> bool {
        let images = whole.rows / (self.rows * self.cols);
        self.size >= 1
            && (1..=self.size).contains(&self.stride)
            && whole.rows == images * self.rows * self.cols
            && (pooled.rows, pooled.cols) == (images * self.windows(), whole.cols)
    }

    /// Calls `visit(window, rows, columns)` for the windows of an image in scan order.
    #[inline(always)]
    fn each(self, mut visit: impl FnMut(usize, Range<usize>, Range<usize>)) {
        let (down, across) = (self.down(), self.across());
        for y in 0..down.windows() {
            for x in 0..across.windows() {
                visit(y * across.windows() + x, down.window(y), across.window(x));
            }
        }
    }
}

/// The largest of each window.
pub static FORWARD: Kernel = Kernel {
    name: "pool",
    access: &[Access::Write, Access::Read],
    cpu: forward_cpu,
    reference: forward_reference,
    gpu: gpu::forward,
    flops: |op| op.bufs[0].len() as u64 * u64::from(op.ints[2] * op.ints[2]),
    scratch: |_| 0,
};

/// A gradient on its way down.
pub static ADJOINT: Kernel = Kernel {
    name: "pool_adjoint",
    access: &[Access::Write, Access::Read, Access::Read],
    cpu: adjoint_cpu,
    reference: adjoint_reference,
    gpu: gpu::adjoint,
    flops: |op| op.bufs[1].len() as u64 * u64::from(op.ints[2] * op.ints[2]),
    scratch: |_| 0,
};

/// Records `h = max a` of every window; both on pixels.
#[track_caller]
pub fn record(tape: &mut Tape, label: &str, h: Buf, a: Buf, grid: Grid) {
    tape.require(grid.fits(h, a), label, || format!("pool {grid:?}: h {h:?}, a {a:?}"));
    tape.push(&FORWARD, label, &[h, a], &[], &grid.ints());
}

/// Records the gradient `g` at `a` from `lambda`, the one at what was pooled.
#[track_caller]
pub fn record_adjoint(tape: &mut Tape, label: &str, g: Buf, lambda: Buf, a: Buf, grid: Grid) {
    let fits = grid.fits(lambda, a) && (g.rows, g.cols) == (a.rows, a.cols);
    tape.require(fits, label, || {
        format!("pool_adjoint {grid:?}: g {g:?}, lambda {lambda:?}, a {a:?}")
    });
    tape.push(&ADJOINT, label, &[g, lambda, a], &[], &grid.ints());
}

/// The vector at `at` of a pixel's channels, zeros beyond them.
#[inline(always)]
fn load<L: Lanes>(pixel: &[f32], at: usize) -> L {
    if at + L::N <= pixel.len() {
        L::load(&pixel[at..])
    } else {
        L::load(&rest::<WIDEST>(pixel, at))
    }
}

/// Writes the part of a vector that belongs to the pixel.
#[inline(always)]
fn store<L: Lanes>(v: L, pixel: &mut [f32], at: usize) {
    if at + L::N <= pixel.len() {
        v.store(&mut pixel[at..]);
    } else {
        let mut tail = [0.0f32; WIDEST];
        v.store(&mut tail);
        let left = pixel.len() - at;
        pixel[at..].copy_from_slice(&tail[..left]);
    }
}

struct Forward<'a> {
    h: &'a mut [f32],
    a: &'a [f32],
    grid: Grid,
    channels: usize,
}

impl WithLanes for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Forward { h, a, grid, channels: c } = self;
        let (down, across) = (grid.down(), grid.across());
        let images = a.chunks_exact(grid.rows * grid.cols * c);
        for (a, h) in images.zip(h.chunks_exact_mut(grid.windows() * c)) {
            for (window, h) in h.chunks_exact_mut(c).enumerate() {
                let (y, x) = (window / across.windows(), window % across.windows());
                let (ys, xs) = (down.window(y), across.window(x));
                for at in (0..c).step_by(L::N) {
                    let mut best = load::<L>(&a[(ys.start * grid.cols + xs.start) * c..][..c], at);
                    let mut not_finite = L::splat(0.0);
                    for y in ys.clone() {
                        for x in xs.clone() {
                            let v = load::<L>(&a[(y * grid.cols + x) * c..][..c], at);
                            best = best.select_lt(v, v, best);
                            not_finite = not_finite.add(v.sub(v));
                        }
                    }
                    store(best.add(not_finite), h, at);
                }
            }
        }
    }
}

impl Split for Forward<'_> {
    const GRAIN: usize = 1;

    fn units(&self) -> usize {
        self.h.len() / (self.grid.windows() * self.channels)
    }

    fn split(self, Cut { at, .. }: Cut) -> (Self, Self) {
        let h = self.h.split_at_mut(at * self.grid.windows() * self.channels);
        let a = self.a.split_at(at * self.grid.rows * self.grid.cols * self.channels);
        (Self { h: h.0, a: a.0, ..self }, Self { h: h.1, a: a.1, ..self })
    }
}

struct Adjoint<'a> {
    g: &'a mut [f32],
    lambda: &'a [f32],
    a: &'a [f32],
    grid: Grid,
    channels: usize,
}

impl WithLanes for Adjoint<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Adjoint { g, lambda, a, grid, channels: c } = self;
        let (down, across) = (grid.down(), grid.across());
        g.fill(0.0);
        let image = grid.rows * grid.cols * c;
        let windows = lambda.chunks_exact(grid.windows() * c);
        for ((a, lambda), g) in a.chunks_exact(image).zip(windows).zip(g.chunks_exact_mut(image)) {
            for (window, lambda) in lambda.chunks_exact(c).enumerate() {
                let (y, x) = (window / across.windows(), window % across.windows());
                let (ys, xs) = (down.window(y), across.window(x));
                for at in (0..c).step_by(L::N) {
                    // number of the first maximum, counted through the window
                    let mut best = load::<L>(&a[(ys.start * grid.cols + xs.start) * c..][..c], at);
                    let mut first = L::splat(0.0);
                    let mut number = 0.0;
                    for y in ys.clone() {
                        for x in xs.clone() {
                            let v = load::<L>(&a[(y * grid.cols + x) * c..][..c], at);
                            first = best.select_lt(v, L::splat(number), first);
                            best = best.select_lt(v, v, best);
                            number += 1.0;
                        }
                    }
                    let zero = L::splat(0.0);
                    let mut left = load::<L>(lambda, at);
                    let mut number = 0.5;
                    for y in ys.clone() {
                        for x in xs.clone() {
                            let g = &mut g[(y * grid.cols + x) * c..][..c];
                            let here = first.select_lt(L::splat(number), left, zero);
                            left = first.select_lt(L::splat(number), zero, left);
                            store(load::<L>(g, at).add(here), g, at);
                            number += 1.0;
                        }
                    }
                }
            }
        }
    }
}

impl Split for Adjoint<'_> {
    const GRAIN: usize = 1;

    fn units(&self) -> usize {
        self.lambda.len() / (self.grid.windows() * self.channels)
    }

    fn split(self, Cut { at, .. }: Cut) -> (Self, Self) {
        let lambda = self.lambda.split_at(at * self.grid.windows() * self.channels);
        let pixels = at * self.grid.rows * self.grid.cols * self.channels;
        let (g, a) = (self.g.split_at_mut(pixels), self.a.split_at(pixels));
        (
            Self { g: g.0, lambda: lambda.0, a: a.0, ..self },
            Self { g: g.1, lambda: lambda.1, a: a.1, ..self },
        )
    }
}

fn forward_cpu(run: &mut Run<'_, f32>) {
    let mut h = run.take(0);
    let (grid, channels) = (Grid::from_ints(&run.op.ints), run.shape(1).cols);
    split::run(run, Forward { h: &mut h, a: run.read(1), grid, channels });
    run.put(0, h);
}

fn adjoint_cpu(run: &mut Run<'_, f32>) {
    let mut g = run.take(0);
    let (grid, channels) = (Grid::from_ints(&run.op.ints), run.shape(2).cols);
    let (lambda, a) = (run.read(1), run.read(2));
    split::run(run, Adjoint { g: &mut g, lambda, a, grid, channels });
    run.put(0, g);
}

/// Number in `a` of the first largest of a window's entries, for one image and channel.
fn first_largest(
    a: &[f64],
    at: impl Fn(usize, usize) -> usize,
    ys: Range<usize>,
    xs: Range<usize>,
) -> usize {
    let mut best = at(ys.start, xs.start);
    for y in ys {
        for x in xs.clone() {
            if a[at(y, x)] > a[best] {
                best = at(y, x);
            }
        }
    }
    best
}

fn forward_reference(run: &mut Run<'_, f64>) {
    let mut h = run.take(0);
    let (grid, c, a) = (Grid::from_ints(&run.op.ints), run.shape(1).cols, run.read(1));
    for image in 0..h.len() / (grid.windows() * c) {
        for channel in 0..c {
            let at = |y: usize, x: usize| ((image * grid.rows + y) * grid.cols + x) * c + channel;
            grid.each(|window, ys, xs| {
                let healthy = ys.clone().all(|y| xs.clone().all(|x| a[at(y, x)].is_finite()));
                let best = a[first_largest(a, at, ys, xs)];
                h[(image * grid.windows() + window) * c + channel] =
                    if healthy { best } else { f64::NAN };
            });
        }
    }
    run.put(0, h);
}

fn adjoint_reference(run: &mut Run<'_, f64>) {
    let mut g = run.take(0);
    let (grid, c) = (Grid::from_ints(&run.op.ints), run.shape(2).cols);
    let (lambda, a) = (run.read(1), run.read(2));
    g.fill(0.0);
    for image in 0..lambda.len() / (grid.windows() * c) {
        for channel in 0..c {
            let at = |y: usize, x: usize| ((image * grid.rows + y) * grid.cols + x) * c + channel;
            grid.each(|window, ys, xs| {
                g[first_largest(a, at, ys, xs)] +=
                    lambda[(image * grid.windows() + window) * c + channel];
            });
        }
    }
    run.put(0, g);
}
