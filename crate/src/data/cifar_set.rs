//! [`CifarSet`]: parts of CIFAR-10 or CIFAR-100, in any order, on their way to one data set.

use super::cifar::{Batch, CHANNELS, Format, Part, SIDE, no_memory};
use super::dataset::{Dataset, Split};
use super::roles::Role;
use super::{Checked, checked_image_bytes, grouped};
use crate::base::{Error, Result};

/// At least a part of the training images, and the test images.
pub(super) struct CifarSet {
    pub(super) format: Format,
    /// A file of all training images, or batches 1 to 5: by number, so that the order of the images
    /// does not depend on that of the files.
    train: [Option<Batch>; 6],
    test: Option<Batch>,
}

impl CifarSet {
    pub(super) fn new(format: Format) -> Self {
        Self { format, train: Default::default(), test: None }
    }

    /// Keeps a part in place of an earlier one of its kind.
    pub(super) fn add(&mut self, part: Part, batch: Batch) {
        match part {
            Part::Test => self.test = Some(batch),
            Part::Train => {
                self.train = Default::default();
                self.train[0] = Some(batch);
            }
            Part::Batch(number) => {
                self.train[0] = None;
                self.train[usize::from(number)] = Some(batch);
            }
        }
    }

    pub(super) fn missing(&self) -> Vec<Role> {
        let train = self.train.iter().all(Option::is_none).then_some(Role::TrainBatch);
        let test = self.test.is_none().then_some(Role::TestBatch);
        train.into_iter().chain(test).collect()
    }

    /// The data set; nothing is lost if it cannot be made.
    pub(super) fn finish(&mut self, name: Option<String>) -> Result<Dataset> {
        let file = self.format.name();
        if let Some(missing) = self.missing().first() {
            let what = match missing {
                Role::TrainBatch => "training images",
                _ => "test images",
            };
            let message = format!(
                "expected at least one file of training images and one of test images, still missing: \
                 {what}; the files are {}",
                self.format.files()
            );
            return Err(Error::data(file, message));
        }
        self.check_sizes().map_err(|message| Error::data(file, message))?;
        let train = join(&mut self.train);
        let test = join(std::slice::from_mut(&mut self.test));
        let (train, test) = match (train, test) {
            (Ok(train), Ok(test)) => (train, test),
            (Err(message), _) | (_, Err(message)) => return Err(Error::data(file, message)),
        };
        let name = name.unwrap_or_else(|| {
            let counts = [&train, &test].map(|split| grouped(split.len()));
            format!("{file}, {} + {} images", counts[0], counts[1])
        });
        Dataset::new(name, SIDE, SIDE, CHANNELS, self.format.classes(), train, test)
    }

    fn check_sizes(&self) -> Checked<()> {
        for batches in [&self.train[..], std::slice::from_ref(&self.test)] {
            let items = batches.iter().flatten().map(|batch| batch.labels.len()).sum();
            checked_image_bytes(items, SIDE, SIDE, CHANNELS)?;
        }
        Ok(())
    }
}

/// One split of all parts in order. Their memory is given back piece by piece, but the whole must be
/// there in one piece: at worst the images are in memory twice.
#[inline(never)]
fn join(batches: &mut [Option<Batch>]) -> Checked<Split> {
    let mut split = Split::default();
    let items: usize = batches.iter().flatten().map(|batch| batch.labels.len()).sum();
    let bytes = items * SIDE * SIDE * CHANNELS;
    split.images.try_reserve_exact(bytes).map_err(|_| no_memory(items))?;
    for batch in batches.iter_mut().filter_map(Option::take) {
        split.labels.extend_from_slice(&batch.labels);
        for block in batch.blocks {
            split.images.extend_from_slice(&block);
        }
    }
    Ok(split)
}
