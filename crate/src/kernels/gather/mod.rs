//! Reads a batch from the data set: pixels as numbers in [0, 1], labels as one-hot rows.
//!
//! `IMAGES`: x (N, pixels) written. `LABELS`: y (N, classes) written. Which samples: the run's source.
//! Shuffled: sample n of step t is number `t N + n` in an endless sequence of passes, each in the order
//! of its own keyed permutation, so a batch may end one pass and begin the next.

use super::lanes::{Lanes, WithLanes, dispatch};
use crate::base::rng::Permutation;
use crate::data::{Dataset, Split};
use crate::plan::{Access, Buf, Element, Env, Kernel, Lowered, Points, Run, Source, Tape};

/// Pixels.
pub static IMAGES: Kernel = Kernel {
    name: "gather_images",
    access: &[Access::Write],
    cpu: images_cpu,
    reference: images_reference,
    gpu: |op| vec![Lowered::Points(Points::elementwise(op, &[(0, "pixels(COL4, COLS)")]))],
    flops: |op| op.bufs[0].len() as u64,
    scratch: |_| 0,
};

/// One-hot labels.
pub static LABELS: Kernel = Kernel {
    name: "gather_labels",
    access: &[Access::Write],
    cpu: labels,
    reference: labels,
    gpu: |op| vec![Lowered::Points(Points::elementwise(op, &[(0, "one_hot(COL4)")]))],
    flops: |_| 0,
    scratch: |_| 0,
};

/// Records `x = pixels / 255` of the batch.
pub fn record_images(tape: &mut Tape, label: &str, x: Buf) {
    tape.push(&IMAGES, label, &[x], &[], &[]);
}

/// Records the one-hot labels of the batch.
pub fn record_labels(tape: &mut Tape, label: &str, y: Buf) {
    tape.push(&LABELS, label, &[y], &[], &[]);
}

/// Positions of a batch's samples in their split.
pub fn samples(env: &Env, data: &Dataset, rows: usize) -> Vec<u32> {
    let mut list = Vec::with_capacity(rows);
    each_sample(env, data, rows, |_, _, sample| list.push(sample as u32));
    list
}

/// Visits (row, sample's images and labels, sample's number) of the batch in order.
fn each_sample(
    env: &Env,
    data: &Dataset,
    rows: usize,
    mut visit: impl FnMut(usize, &Split, usize),
) {
    let Env { seed, step, source, offset } = *env;
    let split = if source == Source::Test { &data.test } else { &data.train };
    let count = split.labels.len();
    if source == Source::Shuffled {
        let first = step * rows as u64;
        let mut epoch = first / count as u64;
        let mut order = Permutation::new(seed, epoch, count as u32);
        for row in 0..rows {
            let number = first + row as u64;
            if number / count as u64 != epoch {
                epoch = number / count as u64;
                order = Permutation::new(seed, epoch, count as u32);
            }
            visit(row, split, order.at((number % count as u64) as u32) as usize);
        }
    } else {
        // Rows beyond the end repeat the last sample; the host does not count them.
        (0..rows).for_each(|row| visit(row, split, (offset + row).min(count - 1)));
    }
}

struct Convert<'a>(&'a mut [f32], &'a [u8]);

impl WithLanes for Convert<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        for (x, byte) in self.0.iter_mut().zip(self.1) {
            *x = f32::from(*byte) / 255.0;
        }
    }
}

fn images_cpu(run: &mut Run<'_, f32>) {
    let mut x = run.take(0);
    let pixels = run.shape(0).cols;
    let arithmetic = run.arithmetic;
    each_sample(run.env, run.data, run.shape(0).rows, |row, split, sample| {
        let image = &split.images[sample * pixels..][..pixels];
        dispatch(arithmetic, Convert(&mut x[row * pixels..][..pixels], image));
    });
    run.put(0, x);
}

fn images_reference(run: &mut Run<'_, f64>) {
    let mut x = run.take(0);
    let pixels = run.shape(0).cols;
    each_sample(run.env, run.data, run.shape(0).rows, |row, split, sample| {
        for (x, byte) in
            x[row * pixels..].iter_mut().zip(&split.images[sample * pixels..][..pixels])
        {
            *x = f64::from(*byte) / 255.0;
        }
    });
    run.put(0, x);
}

fn labels<T: Element>(run: &mut Run<'_, T>) {
    let mut y = run.take(0);
    let classes = run.shape(0).cols;
    y.fill(T::from_f64(0.0));
    each_sample(run.env, run.data, run.shape(0).rows, |row, split, sample| {
        y[row * classes + usize::from(split.labels[sample])] = T::from_f64(1.0);
    });
    run.put(0, y);
}
