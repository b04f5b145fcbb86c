//! One op on several threads: its *output* is cut into contiguous pieces (rows, images, channels), one a thread.
//!
//! Every number of an output is still one sum in one order, so the number of threads changes no bit. A piece has its own
//! share of the op's scratch; the executor has the scratch that a kernel asks for once for each thread.

use super::lanes::{WithLanes, dispatch};
use crate::base::team::join;
use crate::plan::Run;
use std::ops::Range;

/// Floating point operations from which an op is cut: 50 us of one core, several times what waking a thread takes.
const FLOPS: u64 = 4_000_000;
/// Floats in an op's operands from which it is cut, however little it computes: 1 MiB.
const FLOATS: usize = 1 << 18;
/// Pieces of scratch begin on a cache line, which has so many floats.
const LINE: usize = 16;

/// A loop whose output falls into units that do not need each other.
pub(super) trait Split: WithLanes<Output = ()> + Send + Sized {
    /// Pieces hold a multiple of so many units, but for the last.
    const GRAIN: usize;
    /// Units of the output.
    fn units(&self) -> usize;
    /// The first `cut.at` units, and the rest.
    fn split(self, cut: Cut) -> (Self, Self);
}

/// Where work is cut in two.
#[derive(Clone, Copy)]
pub(super) struct Cut {
    /// Units in the first part.
    pub at: usize,
    /// Pieces to be made of the first part, and of all.
    pieces: (usize, usize),
}

impl Cut {
    /// Scratch for the first part and for the rest.
    pub fn scratch<T>(self, scratch: &mut [T]) -> (&mut [T], &mut [T]) {
        let (first, all) = self.pieces;
        scratch.split_at_mut(scratch.len() / all / LINE * LINE * first)
    }
}

/// How many pieces, and where they begin.
#[derive(Clone, Copy)]
pub(super) struct Pieces {
    units: usize,
    grain: usize,
    /// Their number.
    pub count: usize,
}

impl Pieces {
    /// Pieces of `units` units for this op: one where the op is small.
    pub fn new(run: &Run<'_, f32>, units: usize, grain: usize) -> Self {
        let large = (run.op.kernel.flops)(run.op) >= FLOPS
            || run.op.bufs.iter().map(|buf| buf.len()).sum::<usize>() >= FLOATS;
        let most = if large { run.team.threads() } else { 1 };
        Self { units, grain, count: most.min(units.div_ceil(grain)).max(1) }
    }

    /// Units of piece `i`.
    pub fn piece(self, i: usize) -> Range<usize> {
        self.begin(i)..self.begin(i + 1)
    }

    fn begin(self, i: usize) -> usize {
        (self.units.div_ceil(self.grain) * i / self.count * self.grain).min(self.units)
    }
}

/// Runs `work` in as many pieces as there are threads, where that pays.
pub(super) fn run<W: Split>(run: &Run<'_, f32>, work: W) {
    let pieces = Pieces::new(run, work.units(), W::GRAIN);
    let arithmetic = run.arithmetic;
    if pieces.count == 1 {
        dispatch(arithmetic, work);
    } else {
        run.team.install(|| halve(work, 0..pieces.count, pieces, &|w| dispatch(arithmetic, w)));
    }
}

fn halve<W: Split>(work: W, range: Range<usize>, pieces: Pieces, each: &(impl Fn(W) + Sync)) {
    if range.len() == 1 {
        return each(work);
    }
    let middle = range.start + range.len() / 2;
    let cut = Cut {
        at: pieces.begin(middle) - pieces.begin(range.start),
        pieces: (range.len() / 2, range.len()),
    };
    let (first, rest) = work.split(cut);
    join(
        || halve(first, range.start..middle, pieces, each),
        || halve(rest, middle..range.end, pieces, each),
    );
}

/// Scratch for [`blocks`] of `len` floats.
pub(super) fn block_floats(len: usize) -> usize {
    len.next_multiple_of(LINE)
}

/// Room for `len` floats that pieces write and [`gather`] reads, and the rest of the scratch.
pub(super) fn blocks(scratch: &mut [f32], len: usize) -> (&mut [f32], &mut [f32]) {
    let (blocks, rest) = scratch.split_at_mut(block_floats(len));
    (&mut blocks[..len], rest)
}

/// Brings columns together that pieces have written as matrices of their own, one after another, into the rows of `out`.
pub(super) fn gather(pieces: Pieces, blocks: &[f32], out: &mut [f32]) {
    let rows = out.len() / pieces.units;
    for columns in (0..pieces.count).map(|i| pieces.piece(i)) {
        let block = &blocks[rows * columns.start..rows * columns.end];
        let to = out.chunks_exact_mut(pieces.units);
        for (from, to) in block.chunks_exact(columns.len()).zip(to) {
            to[columns.clone()].copy_from_slice(from);
        }
    }
}
