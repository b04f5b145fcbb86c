//! Kernels on images, against the slow f64 versions: convolutions as products of matrices that are never put
//! together, pools, dropout; and buffers that are seen in several shapes.

use super::bench::{Bench, Outcome, Scalars};
use super::{DIVISION, U};
use credit_lab::base::rng::{Purpose, philox, stream};
use credit_lab::exec::gpu::Gpu;
use credit_lab::kernels::activation::Activation;
use credit_lab::kernels::conv::Window;
use credit_lab::kernels::{add_scaled, column_sum, conv, dropout, gate, noise, pool, row_scale};
use std::rc::Rc;

/// Images, their size, kernel, channels below and above.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    pub images: usize,
    pub rows: usize,
    pub cols: usize,
    pub kernel: usize,
    pub below: usize,
    pub above: usize,
}

const fn case(
    images: usize,
    (rows, cols): (usize, usize),
    kernel: usize,
    (below, above): (usize, usize),
) -> Case {
    Case { images, rows, cols, kernel, below, above }
}

/// Every kernel with every kind of channels, images smaller than the kernel and larger, high and wide.
const CASES: [Case; 13] = [
    case(1, (1, 1), 1, (1, 1)),
    case(2, (1, 1), 5, (4, 3)),
    case(1, (2, 3), 3, (3, 4)),
    case(3, (3, 2), 5, (5, 5)),
    case(2, (4, 4), 3, (4, 4)),
    case(5, (5, 5), 1, (3, 32)),
    case(1, (9, 1), 3, (32, 5)),
    case(2, (1, 8), 3, (1, 4)),
    case(4, (7, 6), 5, (4, 32)),
    case(3, (9, 9), 3, (3, 5)),
    case(2, (9, 9), 5, (32, 4)),
    case(5, (8, 8), 5, (1, 3)),
    case(3, (16, 16), 3, (32, 32)),
];

impl Case {
    fn pixels(self) -> usize {
        self.images * self.rows * self.cols
    }

    fn columns(self) -> usize {
        self.kernel * self.kernel * self.below
    }

    fn window(self) -> Window {
        Window { rows: self.rows, cols: self.cols, kernel: self.kernel }
    }

    /// (tap, neighbour) of a pixel for every tap of the kernel that lies in its image.
    fn neighbours(self, pixel: usize) -> impl Iterator<Item = (usize, usize)> {
        let Case { rows, cols, kernel, .. } = self;
        let (y, x, pad) = (pixel / cols % rows, pixel % cols, kernel / 2);
        let first = pixel - y * cols - x;
        (0..kernel * kernel).filter_map(move |tap| {
            let (y, x) = (y + tap / kernel, x + tap % kernel);
            let inside = (pad..rows + pad).contains(&y) && (pad..cols + pad).contains(&x);
            inside.then(|| (tap, first + (y - pad) * cols + x - pad))
        })
    }
}

/// Which `act` of a case.
const ACTIVATIONS: [Activation; 4] =
    [Activation::Identity, Activation::Relu, Activation::Tanh, Activation::Sigmoid];

// As of a dense layer, with K = k k C products: |err| <= (K + 2) U sum |.|, slopes of at most 1, and what activations
// add of their own; see `kernels::dense_one`.
pub async fn forward(gpu: &Rc<Gpu>, c: Case, act: Activation, noisy: bool) -> f64 {
    let (pixels, depth) = (c.pixels(), c.columns());
    let mut b = Bench::new(Scalars(0.375, 0.0));
    b.unwritten(pixels, c.above).random(pixels, c.below).random(c.above, depth).random(c.above, 1);
    if noisy {
        b.random(pixels, c.above);
    }
    let o = b
        .run(gpu, &|tape, bufs, [scale, _]| {
            let noise = noisy.then(|| (bufs[4], scale));
            let (h, w) = ((bufs[0], bufs[1]), (bufs[2], bufs[3]));
            conv::record(tape, "conv", h, w, act, c.window(), noise);
        })
        .await;
    o.within(0, &format!("conv, {c:?}, {act:?}, noise {noisy}"), |at| {
        let (pixel, unit) = (at / c.above, at % c.above);
        let terms = c.neighbours(pixel).flat_map(|(tap, other)| {
            (0..c.below).map(move |i| (unit * depth + tap * c.below + i, other * c.below + i))
        });
        let sum: f64 = terms.map(|(w, x)| o.size(2, w) * o.size(1, x)).sum();
        let z = (depth + 2) as f64 * U * (sum + o.size(3, unit));
        let added = if noisy { 0.375 * o.size(4, at) } else { 0.0 };
        let a = o.size(0, at) + added;
        let own = match act {
            Activation::Sigmoid => 10.0 * U * a.min(1.0),
            Activation::Tanh => 6.0 * U,
            _ => 0.0,
        };
        z + own + if noisy { 2.0 * U * (a + added) } else { 0.0 }
    })
}

pub async fn adjoint(gpu: &Rc<Gpu>, c: Case) -> f64 {
    let pixels = c.pixels();
    let mut b = Bench::new(Scalars(0.0, 0.0));
    b.unwritten(pixels, c.below).random(pixels, c.above).random(c.above, c.columns());
    let o = b
        .run(gpu, &|tape, bufs, _| {
            conv::record_adjoint(tape, "adjoint", bufs[0], bufs[1], bufs[2], c.window());
        })
        .await;
    // a pixel below is seen by those pixels that are its neighbours, by the opposite tap
    let taps = c.kernel * c.kernel;
    o.within(0, &format!("conv_adjoint, {c:?}"), |at| {
        let (pixel, channel) = (at / c.below, at % c.below);
        let terms = c.neighbours(pixel).flat_map(|(tap, other)| {
            let column = (taps - 1 - tap) * c.below + channel;
            (0..c.above).map(move |unit| (unit * taps * c.below + column, other * c.above + unit))
        });
        let sum: f64 = terms.map(|(w, e)| o.size(2, w) * o.size(1, e)).sum();
        (taps * c.above + 1) as f64 * U * sum
    })
}

pub async fn outer(gpu: &Rc<Gpu>, c: Case, scalars: Scalars) -> f64 {
    let Scalars(beta, alpha) = scalars;
    let (pixels, columns) = (c.pixels(), c.columns());
    let mut b = Bench::new(scalars);
    let overwrites = beta == 0.0;
    if overwrites { b.unwritten(c.above, columns) } else { b.random(c.above, columns) }
        .random(pixels, c.above)
        .random(pixels, c.below);
    // with the bias beside it, which shares the error
    if overwrites {
        b.unwritten(c.above, 1)
    } else {
        b.random(c.above, 1)
    };
    let o = b
        .run(gpu, &|tape, bufs, [beta, alpha]| {
            let factors = (bufs[1], bufs[2]);
            conv::record_outer(tape, "outer", bufs[0], factors, c.window(), beta, alpha);
            column_sum::record(tape, "sum", bufs[3], bufs[1], beta, alpha);
        })
        .await;
    let mut sums = vec![0.0; c.above * columns];
    for pixel in 0..pixels {
        for (tap, other) in c.neighbours(pixel) {
            for (unit, sums) in sums.chunks_exact_mut(columns).enumerate() {
                let e = o.size(1, pixel * c.above + unit);
                for (i, sum) in sums[tap * c.below..][..c.below].iter_mut().enumerate() {
                    *sum += e * o.size(2, other * c.below + i);
                }
            }
        }
    }
    let old = |i: usize, at: usize| {
        if overwrites { 0.0 } else { beta * f64::from(o.before[i][at]).abs() }
    };
    let most = (pixels + 3) as f64 * U;
    let what = format!("conv_outer, {c:?}, {scalars:?}");
    let weights = o.within(0, &what, |at| most * (old(0, at) + alpha.abs() * sums[at]));
    let biases = o.within(3, &what, |at| {
        let sum: f64 = o.exact[1].iter().skip(at).step_by(c.above).map(|e| e.abs()).sum();
        most * (old(3, at) + alpha.abs() * sum)
    });
    weights.max(biases)
}

/// (beta, alpha): overwrite, add, forget.
const FACTORS: [Scalars; 3] = [Scalars(0.0, 1.0), Scalars(1.0, -0.015_625), Scalars(0.75, 2.0)];

pub async fn forward_case(gpu: &Rc<Gpu>) -> f64 {
    let mut worst = 0.0f64;
    for (i, c) in CASES.into_iter().enumerate() {
        worst = worst.max(forward(gpu, c, ACTIVATIONS[i % 4], i % 3 == 1).await);
    }
    worst
}

pub async fn adjoint_case(gpu: &Rc<Gpu>) -> f64 {
    let mut worst = 0.0f64;
    for c in CASES {
        worst = worst.max(adjoint(gpu, c).await);
    }
    worst
}

pub async fn outer_case(gpu: &Rc<Gpu>) -> f64 {
    let mut worst = 0.0f64;
    for (i, c) in CASES.into_iter().enumerate() {
        worst = worst.max(outer(gpu, c, FACTORS[i % 3]).await);
    }
    worst
}

/// Those of [`CASES`] that every tuning computes: whole vectors and single numbers, more than one tile of both.
pub async fn under_this_tuning(gpu: &Rc<Gpu>) -> f64 {
    let mut worst = 0.0f64;
    for c in [case(3, (9, 9), 3, (3, 5)), case(2, (7, 6), 5, (4, 32))] {
        worst = worst.max(forward(gpu, c, Activation::Tanh, true).await);
        worst = worst.max(adjoint(gpu, c).await);
        worst = worst.max(outer(gpu, c, FACTORS[2]).await);
    }
    worst
}

// --- Pools: comparisons, and sums in one order, so the processor's results bit for bit ------------------------------

/// Images, rows, columns, size, stride, channels.
const POOLS: [(usize, pool::Grid, usize); 8] = {
    const fn grid(rows: usize, cols: usize, size: usize, stride: usize) -> pool::Grid {
        pool::Grid { rows, cols, size, stride }
    }
    [
        (1, grid(1, 1, 3, 2), 1),
        (3, grid(2, 3, 3, 2), 4),
        (2, grid(5, 4, 2, 2), 3),
        (1, grid(9, 9, 3, 2), 5),
        (2, grid(16, 16, 3, 2), 32),
        (5, grid(7, 8, 3, 1), 4),
        (2, grid(8, 7, 5, 3), 1),
        (4, grid(6, 6, 1, 1), 3),
    ]
};

/// Numbers with many equals among them, on which the first counts.
fn with_ties(b: &mut Bench, rows: usize, cols: usize) {
    b.mapped(rows, cols, |x| (4.0 * x).round().max(0.0));
}

fn same_bits(o: &Outcome, what: &str) {
    let bits = |x: &[f32]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    for (at, (a, b)) in o.gpu[0].iter().zip(&o.cpu[0]).enumerate() {
        // -0 and 0 are one number
        assert!(a == b, "{what}, entry {at}: {a}, on the processor {b}");
    }
    assert_eq!(bits(&o.gpu[1]), bits(&o.cpu[1]), "{what}");
}

pub async fn pool_case(gpu: &Rc<Gpu>) -> f64 {
    for (images, grid, channels) in POOLS {
        let (whole, pooled) = (images * grid.rows * grid.cols, images * grid.windows());
        let mut b = Bench::new(Scalars(0.0, 0.0));
        b.unwritten(pooled, channels).random(whole, channels);
        let o =
            b.run(gpu, &|tape, bufs, _| pool::record(tape, "pool", bufs[0], bufs[1], grid)).await;
        let what = format!("pool {grid:?}, {images} x {channels}");
        same_bits(&o, &what);
        o.within(0, &what, |_| 0.0);
    }
    // what is not finite does not vanish among larger numbers
    let mut b = Bench::new(Scalars(0.0, 0.0));
    b.unwritten(4, 4).random(16, 4);
    for (at, broken) in [(0, f32::NAN), (13, f32::INFINITY), (63, f32::NEG_INFINITY)] {
        b.last()[at] = broken;
    }
    let grid = pool::Grid { rows: 4, cols: 4, size: 2, stride: 2 };
    let found =
        b.on_gpu(gpu, &|tape, bufs, _| pool::record(tape, "pool", bufs[0], bufs[1], grid)).await;
    for (at, x) in found[0].iter().enumerate() {
        // entry 0 is in window 0, entry 13 (pixel 3) in window 1, entry 63 (the last pixel) in window 3
        assert_eq!(x.is_finite(), ![0, 5, 15].contains(&at), "entry {at}: {x}");
    }
    0.0
}

pub async fn pool_adjoint_case(gpu: &Rc<Gpu>) -> f64 {
    let mut worst = 0.0f64;
    for (i, (images, grid, channels)) in POOLS.into_iter().enumerate() {
        let (whole, pooled) = (images * grid.rows * grid.cols, images * grid.windows());
        let mut b = Bench::new(Scalars(0.0, 0.0));
        b.unwritten(whole, channels).random(pooled, channels);
        if i % 2 == 0 {
            with_ties(&mut b, whole, channels);
        } else {
            b.random(whole, channels);
        }
        let o = b
            .run(gpu, &|tape, bufs, _| {
                pool::record_adjoint(tape, "adjoint", bufs[0], bufs[1], bufs[2], grid);
            })
            .await;
        let what = format!("pool_adjoint {grid:?}, {images} x {channels}");
        same_bits(&o, &what);
        // at most as many sums as windows hold a pixel, of numbers below 1
        let windows = (grid.size.div_ceil(grid.stride)).pow(2) as f64;
        worst = worst.max(o.within(0, &what, |_| windows * windows * U));
    }
    worst
}

// --- Dropout: the mask bit for bit, the rest a division -------------------------------------------------------

pub async fn dropout_case(gpu: &Rc<Gpu>) -> f64 {
    let mut worst = 0.0f64;
    let steps = [0, u64::from(u32::MAX), 1 << 32, (1 << 48) - 1];
    let grids = [(31, 7), (64, 200), (1, 1), (13, 9)];
    for (i, (rows, cols)) in grids.into_iter().enumerate() {
        let keep = [0.5f32, 0.9, 0.25, 0.999][i];
        let mut b = Bench::new(Scalars(f64::from(keep), 0.0));
        (b.env.step, b.env.seed) = (steps[i], [5, (1 << 53) - 1, 1 << 32][i % 3]);
        b.unwritten(rows, cols).mapped(rows, cols, |x| 1.0 + x.abs());
        let from = stream(Purpose::Dropout, i as u32);
        let o = b
            .run(gpu, &|tape, bufs, [keep, _]| {
                dropout::record(tape, "mask", bufs[0], bufs[1], keep, from);
            })
            .await;
        let what = format!("dropout {rows}x{cols}, keep {keep}");
        for (at, x) in o.gpu[0].iter().enumerate() {
            let counter = [(at / 4) as u32, from, b.env.step as u32, (b.env.step >> 32) as u32];
            let word = philox(counter, credit_lab::base::rng::key(b.env.seed))[at % 4];
            // no operand is 0
            let speaks = (word >> 8) as f32 / 16_777_216.0 < keep;
            assert_eq!(*x != 0.0, speaks, "{what}, element {at}");
        }
        worst = worst.max(o.within(0, &what, |at| DIVISION * o.size(0, at)));
    }
    worst
}

// --- One buffer, several shapes -------------------------------------------------------------------------------

/// 3 images of 4 pixels and 2 channels, (3, 8) or (12, 2): each op sees what the one before has left, in the shape
/// of its own. Errors: a product and a sum each, of numbers below 4, the bias a sum of 12.
pub async fn a_buffer_may_be_seen_in_several_shapes(gpu: &Rc<Gpu>) {
    let mut b = Bench::new(Scalars(2.0, 1.0));
    b.random(3, 8).unwritten(3, 8).random(3, 1).unwritten(12, 2).random(12, 1);
    b.unwritten(12, 2).unwritten(3, 8).random(2, 1).unwritten(3, 8).unwritten(12, 2);
    let o = b
        .run(gpu, &|tape, bufs, [two, one]| {
            let [x, scaled, d, rows, pixel_d, pixels, gated, bias, xi, sum] =
                std::array::from_fn(|i| bufs[i]);
            let spread = |buf: credit_lab::plan::Buf| buf.reshaped(12, 2);
            add_scaled::record(tape, "2 x", scaled, None, x, two);
            // by samples, by pixels, by elements in either shape
            row_scale::record(tape, "samples", rows.reshaped(3, 8), d, scaled, None, two);
            row_scale::record(tape, "pixels", pixels, pixel_d, spread(scaled), None, two);
            gate::record(tape, "gate", gated, pixels.reshaped(3, 8), scaled, Activation::Tanh);
            noise::record(tape, "xi", xi, stream(Purpose::Activity, 1));
            add_scaled::record(tape, "sum", sum, Some(spread(gated)), spread(xi), one);
            column_sum::record(tape, "bias", bias, spread(gated), one, one);
        })
        .await;
    for i in [1, 3, 5, 6, 7, 9] {
        o.within(i, "views", |_| 64.0 * U * 8.0);
    }
}
