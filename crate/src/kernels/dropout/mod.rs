//! `out = mask o in / keep`: units are silent at random, those that speak do so louder (Srivastava et al. 2014; as
//! inverted dropout, so that nothing changes outside training).
//!
//! Element i speaks iff its 24-bit uniform number is below keep: word i % 4 of Philox at counter [i / 4, stream,
//! step low, step high], shifted right by 8, times 2^-24. A pure function of (seed, stream, step, i): the same op on
//! a perturbed activity or on an error gives the same mask.
//!
//! Buffers: out written; in, of one shape. Scalars: keep. Ints: stream.

mod gpu;

use super::lanes::{Lanes, WithLanes, dispatch};
use crate::base::rng::{philox, philox_blocks};
use crate::plan::{Access, Buf, Kernel, Run, Scalar, Tape};

/// The kernel.
pub static KERNEL: Kernel = Kernel {
    name: "dropout",
    access: &[Access::Write, Access::Read],
    cpu,
    reference,
    gpu: gpu::mask,
    flops: |op| 2 * op.bufs[0].len() as u64,
    scratch: |_| 0,
};

/// Philox blocks drawn together: enough for the compiler to use vector multiplications.
const BLOCKS: usize = 16;
/// 2^-24
const UNIT: f32 = 1.0 / 16_777_216.0;

/// Records `out = mask o input / keep` with the mask of `stream`.
#[track_caller]
pub fn record(tape: &mut Tape, label: &str, out: Buf, input: Buf, keep: Scalar, stream: u32) {
    tape.require((out.rows, out.cols) == (input.rows, input.cols), label, || {
        format!("dropout: out {out:?}, in {input:?}")
    });
    tape.push(&KERNEL, label, &[out, input], &[keep], &[stream]);
}

struct Dropout<'a> {
    out: &'a mut [f32],
    input: &'a [f32],
    keep: f32,
    stream: u32,
    step: [u32; 2],
    key: [u32; 2],
}

impl WithLanes for Dropout<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Dropout { out, input, keep, stream, step, key } = self;
        let groups = out.chunks_mut(4 * BLOCKS).zip(input.chunks(4 * BLOCKS));
        for (group, (out, input)) in groups.enumerate() {
            let first = (group * BLOCKS) as u32;
            let words = philox_blocks::<BLOCKS>([first, stream, step[0], step[1]], key);
            let mut uniform = [0.0f32; 4 * BLOCKS];
            for (i, four) in uniform.chunks_exact_mut(4).enumerate() {
                for (word, u) in four.iter_mut().enumerate() {
                    // below 2^24, so exact as i32 (which vectors convert) and as f32
                    *u = (words[word][i] >> 8).cast_signed() as f32 * UNIT;
                }
            }
            for ((out, x), u) in out.iter_mut().zip(input).zip(&uniform) {
                *out = if *u < keep { *x / keep } else { 0.0 };
            }
        }
    }
}

fn cpu(run: &mut Run<'_, f32>) {
    let mut out = run.take(0);
    let step = [run.env.step as u32, (run.env.step >> 32) as u32];
    let (keep, stream, key) = (run.scalar(0), run.int(0), run.env.key());
    dispatch(
        run.arithmetic,
        Dropout { out: &mut out, input: run.read(1), keep, stream, step, key },
    );
    run.put(0, out);
}

fn reference(run: &mut Run<'_, f64>) {
    let mut out = run.take(0);
    // the threshold of the fast version, so that both keep the same elements
    let keep = f64::from(run.scalar(0) as f32);
    let (step, stream) = (run.env.step, run.int(0));
    for (i, (out, x)) in out.iter_mut().zip(run.read(1)).enumerate() {
        let counter = [(i / 4) as u32, stream, step as u32, (step >> 32) as u32];
        let word = philox(counter, run.env.key())[i % 4];
        let uniform = f64::from(word >> 8) / 16_777_216.0;
        *out = if uniform < keep { x / keep } else { 0.0 };
    }
    run.put(0, out);
}
