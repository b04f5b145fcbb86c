//! Random samples for experiments that are about gradients, not about pictures.

use crate::base::Result;
use crate::base::rng::{philox, stream};
use crate::data::{Dataset, Split};

/// Philox stream of the samples; its key is not a run's seed, so all runs see the same data.
const STREAM: u32 = stream(crate::base::rng::Purpose::BatchOrder, u16::MAX as u32);

/// Uniform random inputs in [0, 1] with uniform random labels: `samples` to train on and a tenth as many to test.
///
/// # Errors
/// [`crate::base::Error::Data`]: sizes that no data set may have.
pub fn dataset(inputs: usize, classes: usize, samples: usize) -> Result<Dataset> {
    let split = |which: u32, count: usize| {
        let words = |what: u32, count: usize| {
            (0..count.div_ceil(4) as u32)
                .flat_map(move |i| philox([i, STREAM, which, what], [0, 0]))
                .take(count)
        };
        let bytes = words(0, (count * inputs).div_ceil(4)).flat_map(u32::to_le_bytes);
        // the high half of a product of 32-bit numbers is uniform
        let labels = words(1, count).map(|word| ((u64::from(word) * classes as u64) >> 32) as u8);
        Split { images: bytes.take(count * inputs).collect(), labels: labels.collect() }
    };
    let name = format!("{samples} random samples of {inputs} inputs, {classes} classes");
    Dataset::new(name, 1, inputs, 1, classes, split(0, samples), split(1, (samples / 10).max(1)))
}
