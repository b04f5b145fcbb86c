//! `xi ~ N(0, 1)`: counter-based noise, a pure function of (seed, stream, step, element).
//!
//! Philox4x32-10 at counter [element / 4, stream, step low, step high]; its four words make two
//! Box-Muller pairs: `u = ((w_0 >> 8) + 1) 2^-24`, `v = (w_1 >> 8) 2^-24`, `r = sqrt(-2 ln u)`,
//! `(r cos 2 pi v, r sin 2 pi v)`. So |xi| <= 5.77. A GPU draws the same integers.
//!
//! Buffers: xi (N, m) written; element = n m + j. Ints: stream.

use super::lanes::{Lanes, WithLanes};
use super::math;
use super::split::{self, Cut, Split};
use crate::base::rng::{philox, philox_blocks};
use crate::plan::{Access, Buf, Kernel, Lowered, Op, Points, Run, Tape};

/// The kernel.
pub static KERNEL: Kernel = Kernel {
    name: "noise",
    access: &[Access::Write],
    cpu,
    reference,
    gpu,
    flops: |op| 30 * op.bufs[0].len() as u64,
    scratch: |_| 0,
};

/// Philox blocks drawn together: enough for the compiler to use vector multiplications.
const BLOCKS: usize = 16;
/// 2^-24
const UNIT: f32 = 1.0 / 16_777_216.0;

/// Records `xi ~ N(0, 1)` from `stream`.
pub fn record(tape: &mut Tape, label: &str, xi: Buf, stream: u32) {
    tape.push(&KERNEL, label, &[xi], &[], &[stream]);
}

struct Noise<'a> {
    xi: &'a mut [f32],
    /// Philox blocks before it.
    before: usize,
    stream: u32,
    step: [u32; 2],
    key: [u32; 2],
}

impl WithLanes for Noise<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Noise { xi, before, stream, step, key } = self;
        for (group, xi) in xi.chunks_mut(4 * BLOCKS).enumerate() {
            // Pair s of block i, from its words 2 s and 2 s + 1, is at s BLOCKS + i.
            let (mut u, mut v) = ([0.0f32; 2 * BLOCKS], [0.0f32; 2 * BLOCKS]);
            let first = (before + group * BLOCKS) as u32;
            let words = philox_blocks::<BLOCKS>([first, stream, step[0], step[1]], key);
            for i in 0..BLOCKS {
                for s in 0..2 {
                    // below 2^24, so exact as i32 (which vectors convert) and as f32
                    u[s * BLOCKS + i] = ((words[2 * s][i] >> 8) + 1).cast_signed() as f32 * UNIT;
                    v[s * BLOCKS + i] = (words[2 * s + 1][i] >> 8).cast_signed() as f32 * UNIT;
                }
            }
            for at in (0..2 * BLOCKS).step_by(L::N) {
                let radius = math::ln(L::load(&u[at..])).mul(L::splat(-2.0)).sqrt();
                let (sin, cos) = math::sin_cos_turn(L::load(&v[at..]));
                radius.mul(cos).store(&mut u[at..]);
                radius.mul(sin).store(&mut v[at..]);
            }
            for (i, four) in xi.chunks_mut(4).enumerate() {
                let whole = [u[i], v[i], u[BLOCKS + i], v[BLOCKS + i]];
                for (z, value) in four.iter_mut().zip(whole) {
                    *z = value;
                }
            }
        }
    }
}

impl Split for Noise<'_> {
    const GRAIN: usize = 4 * BLOCKS;

    fn units(&self) -> usize {
        self.xi.len()
    }

    fn split(self, Cut { at, .. }: Cut) -> (Self, Self) {
        let (first, rest) = self.xi.split_at_mut(at);
        (Self { xi: first, ..self }, Self { xi: rest, before: self.before + at / 4, ..self })
    }
}

fn gpu(op: &Op) -> Vec<Lowered> {
    let draw = format!("normal4({}u, ELEMENT)", op.ints[0]);
    vec![Lowered::Points(Points::elementwise(op, &[(0, &draw)]))]
}

fn cpu(run: &mut Run<'_, f32>) {
    let mut xi = run.take(0);
    let step = [run.env.step as u32, (run.env.step >> 32) as u32];
    let op = Noise { xi: &mut xi, before: 0, stream: run.int(0), step, key: run.env.key() };
    split::run(run, op);
    run.put(0, xi);
}

fn reference(run: &mut Run<'_, f64>) {
    let mut xi = run.take(0);
    let step = run.env.step;
    for (i, z) in xi.iter_mut().enumerate() {
        let words =
            philox([(i / 4) as u32, run.int(0), step as u32, (step >> 32) as u32], run.env.key());
        let pair = i % 4 / 2;
        let u = f64::from((words[2 * pair] >> 8) + 1) / 16_777_216.0;
        let v = f64::from(words[2 * pair + 1] >> 8) / 16_777_216.0;
        let (radius, angle) = (libm::sqrt(-2.0 * libm::log(u)), std::f64::consts::TAU * v);
        *z = radius * if i % 2 == 0 { libm::cos(angle) } else { libm::sin(angle) };
    }
    run.put(0, xi);
}
