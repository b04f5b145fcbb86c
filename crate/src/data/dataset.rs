//! [`Dataset`]: training and test images with labels, as bytes.
//!
//! Images are row major, `(n, rows, cols, channels)`, one byte a value (0 to 255); labels are one
//! byte an image, `0..classes`. [`Dataset::new`] checks all of this once, so readers need not.

use std::fmt;
use std::str::FromStr;

use super::{Checked, checked_image_bytes, checked_items, grouped};
use crate::base::{Error, Result};

/// Most channels of a pixel: red, green, blue and alpha.
const MAX_CHANNELS: usize = 4;

/// Labels are bytes.
const MAX_CLASSES: usize = 256;

/// Which half of a [`Dataset`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SplitName {
    /// What networks learn from.
    Train,
    /// What they are judged by and never learn from.
    Test,
}

impl SplitName {
    /// `train` or `test`, as in file names and on the page.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Test => "test",
        }
    }
}

impl fmt::Display for SplitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SplitName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "train" => Ok(Self::Train),
            "test" => Ok(Self::Test),
            other => {
                Err(Error::config("split", format!("expected train or test, found {other:?}")))
            }
        }
    }
}

/// Images and their labels.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Split {
    /// `(n, rows, cols, channels)`, row major, 0 to 255.
    pub images: Vec<u8>,
    /// `(n,)`, each below the data set's number of classes.
    pub labels: Vec<u8>,
}

impl Split {
    /// Number of images (and of labels).
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is nothing in it; never so inside a [`Dataset`].
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }
}

impl fmt::Debug for Split {
    // The derived form would print 47 million numbers into a failed assertion.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Split {{ {} image bytes, {} labels }}", self.images.len(), self.labels.len())
    }
}

/// A labelled image data set, held in memory as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// For people: shown on the page and in messages.
    pub name: String,
    /// Height in pixels.
    pub rows: usize,
    /// Width in pixels.
    pub cols: usize,
    /// Bytes a pixel: 1 for grey, 3 for colour.
    pub channels: usize,
    /// Number of classes; labels are `0..classes`.
    pub classes: usize,
    /// What networks learn from.
    pub train: Split,
    /// What they are judged by.
    pub test: Split,
}

impl Dataset {
    /// A data set in which sizes, lengths and labels agree.
    ///
    /// # Errors
    /// [`Error::Data`] under the data set's name if a size is out of its limits, an image array is
    /// not `n * rows * cols * channels` long, a split is empty or a label is not below `classes`.
    pub fn new(
        name: impl Into<String>,
        rows: usize,
        cols: usize,
        channels: usize,
        classes: usize,
        train: Split,
        test: Split,
    ) -> Result<Self> {
        let set = Self { name: name.into(), rows, cols, channels, classes, train, test };
        match set.check() {
            Ok(()) => Ok(set),
            Err(message) => Err(Error::data(set.name, message)),
        }
    }

    /// Leaves out the first `count` training samples; the name says so. The authors' reader did with 5,000 of MNIST's
    /// (discrepancy D21).
    ///
    /// # Errors
    /// [`Error::Config`]: there would be none left.
    pub fn leave_out(&mut self, count: usize) -> Result<()> {
        let there = self.train.labels.len();
        if count >= there {
            return Err(Error::config(
                "leave-out",
                format!("{} of {} training samples", grouped(count), grouped(there)),
            ));
        }
        if count > 0 {
            let pixels = self.pixels();
            self.train.images.drain(..count * pixels);
            self.train.labels.drain(..count);
            self.name = format!("{} without the first {}", self.name, grouped(count));
        }
        Ok(())
    }

    fn check(&self) -> Checked<()> {
        if !(1..=MAX_CHANNELS).contains(&self.channels) {
            return Err(format!(
                "expected 1 to {MAX_CHANNELS} channels, found {}",
                grouped(self.channels)
            ));
        }
        check_classes(self.classes)?;
        for name in [SplitName::Train, SplitName::Test] {
            self.check_split(name).map_err(|message| format!("{name} split: {message}"))?;
        }
        Ok(())
    }

    fn check_split(&self, name: SplitName) -> Checked<()> {
        let split = self.split(name);
        checked_items(split.len(), "labels")?;
        let expected = checked_image_bytes(split.len(), self.rows, self.cols, self.channels)?;
        if split.images.len() != expected {
            return Err(format!(
                "expected {} bytes of pixels for {} labels, found {}",
                grouped(expected),
                grouped(split.len()),
                grouped(split.images.len())
            ));
        }
        match find_bad_label(&split.labels, self.classes) {
            None => Ok(()),
            Some(i) => Err(format!(
                "expected labels from 0 to {}, found {} at index {}",
                self.classes - 1,
                split.labels[i],
                grouped(i)
            )),
        }
    }

    /// One of the two halves.
    pub fn split(&self, name: SplitName) -> &Split {
        match name {
            SplitName::Train => &self.train,
            SplitName::Test => &self.test,
        }
    }

    /// Values in one image: `rows * cols * channels`, the width of a network's input.
    pub fn pixels(&self) -> usize {
        self.rows * self.cols * self.channels
    }

    /// Image `index` of a split: `(rows, cols, channels)`, row major, 0 to 255.
    ///
    /// # Errors
    /// [`Error::Data`] if the split has no such image.
    pub fn image(&self, name: SplitName, index: usize) -> Result<&[u8]> {
        let split = self.split(name);
        split.images.chunks_exact(self.pixels().max(1)).nth(index).ok_or_else(|| {
            Error::data(
                &self.name,
                format!(
                    "expected an image index below {} in the {name} split, found {}",
                    grouped(split.len()),
                    grouped(index)
                ),
            )
        })
    }
}

/// Labels are bytes, so there are at most 256 classes.
pub(super) fn check_classes(classes: usize) -> Checked<()> {
    if (1..=MAX_CLASSES).contains(&classes) {
        return Ok(());
    }
    Err(format!("expected 1 to {MAX_CLASSES} classes, found {}", grouped(classes)))
}

/// Index of the first label that is not below `classes`.
pub(super) fn find_bad_label(labels: &[u8], classes: usize) -> Option<usize> {
    labels.iter().position(|&label| usize::from(label) >= classes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(items: usize) -> Split {
        Split { images: vec![7; items * 6], labels: vec![1; items] }
    }

    fn message(result: Result<Dataset>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn image_returns_the_rows_of_that_image_only() {
        let images = (0..18).collect();
        let train = Split { images, labels: vec![0, 1, 2] };
        let set = Dataset::new("toy", 2, 3, 1, 3, train, split(1)).unwrap();
        assert_eq!(set.pixels(), 6);
        assert_eq!(set.image(SplitName::Train, 1).unwrap(), &[6, 7, 8, 9, 10, 11]);
        assert_eq!(set.image(SplitName::Test, 0).unwrap(), &[7; 6]);
        let error = set.image(SplitName::Test, 1).unwrap_err().to_string();
        assert_eq!(error, "toy: expected an image index below 1 in the test split, found 1");
        assert!(set.image(SplitName::Train, usize::MAX).is_err());
    }

    #[test]
    fn the_first_training_samples_can_be_left_out() {
        let train = Split { images: (0..18).collect(), labels: vec![0, 1, 2] };
        let set = Dataset::new("toy", 2, 3, 1, 3, train, split(1)).unwrap();
        let mut all = set.clone();
        all.leave_out(0).unwrap();
        assert_eq!(all, set);
        all.leave_out(2).unwrap();
        assert_eq!((all.train.labels, all.train.images), (vec![2], (12..18).collect()));
        assert_eq!((all.name.as_str(), all.test), ("toy without the first 2", set.test.clone()));
        assert!(set.clone().leave_out(3).unwrap_err().to_string().contains("3 of 3"));
    }

    #[test]
    fn a_pixel_too_few_is_refused() {
        let mut short = split(2);
        short.images.pop();
        assert_eq!(
            message(Dataset::new("toy", 2, 3, 1, 10, split(2), short)),
            "toy: test split: expected 12 bytes of pixels for 2 labels, found 11"
        );
    }

    #[test]
    fn a_label_outside_the_classes_is_refused() {
        let mut bad = split(2);
        bad.labels[1] = 10;
        assert_eq!(
            message(Dataset::new("toy", 2, 3, 1, 10, bad, split(1))),
            "toy: train split: expected labels from 0 to 9, found 10 at index 1"
        );
    }

    #[test]
    fn empty_splits_and_absurd_sizes_are_refused() {
        let new = |rows, cols, channels, classes, test| {
            message(Dataset::new("toy", rows, cols, channels, classes, split(1), test))
        };
        assert!(new(2, 3, 1, 10, split(0)).contains("expected 1 to 1,000,000 labels, found 0"));
        assert!(new(0, 3, 1, 10, split(1)).contains("found 0 rows"));
        assert!(new(2, 257, 1, 10, split(1)).contains("257 columns"));
        assert!(new(2, 3, 5, 10, split(1)).contains("channels"));
        assert!(new(2, 3, 1, 0, split(1)).contains("classes"));
        assert!(new(2, 3, 1, 257, split(1)).contains("classes"));
    }

    #[test]
    fn split_names_round_trip() {
        for name in [SplitName::Train, SplitName::Test] {
            assert_eq!(name.as_str().parse::<SplitName>().unwrap(), name);
        }
        assert_eq!("validation".parse::<SplitName>().unwrap_err().code(), "config");
    }
}
