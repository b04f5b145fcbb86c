//! The packed sample of MNIST that is built into the page, in parts that are data sets themselves.
//!
//! One gzip member for each part, one after another, of: `CLMNIST1`; `n_train`, `n_test`, `rows`, `cols` (u32, little
//! endian); training labels `(n_train,)`; test labels `(n_test,)`; training images `(n_train, rows, cols)`; test images
//! `(n_test, rows, cols)`; all bytes. The sample is its parts in this order: as the digits stand in random order, what
//! has arrived can be trained on. Labels first, so that runs of similar bytes compress. The build script that writes it
//! is the format's other half.

use super::dataset::{Dataset, Split};
use super::gunzip::{GZIP_MAGIC, Gunzip};
use super::{Checked, DIGITS, checked_image_bytes, checked_items, foreign, grouped};
use crate::base::{Error, Result};

const MAGIC: &[u8; 8] = b"CLMNIST1";

/// Bytes before the first label of a part.
const HEADER: usize = 24;

/// Most decompressed bytes: eight times what 10,000 digits need, and no more than a page can spare.
const LIMIT: usize = 64 << 20;

/// The file's name in messages.
const FILE: &str = "built-in digits";

impl Dataset {
    /// Unpacks the sample of MNIST built into the page: 28 x 28 grey digits, 10 classes.
    ///
    /// # Errors
    /// [`Error::Data`] if `packed` is not exactly one such file.
    pub fn embedded(packed: &[u8]) -> Result<Self> {
        let mut file = Packed::new();
        file.push(packed)?;
        file.finish()
    }
}

/// The sample as it arrives.
pub struct Packed {
    gunzip: Gunzip,
    /// Its first bytes, until they are enough to be judged.
    head: Vec<u8>,
    /// Decompressed bytes in all.
    total: usize,
    /// Those of the part that is not complete yet.
    bytes: Vec<u8>,
    /// Rows and columns of an image.
    shape: Option<(usize, usize)>,
    train: Split,
    test: Split,
}

impl Default for Packed {
    fn default() -> Self {
        Self::new()
    }
}

impl Packed {
    /// Nothing has arrived.
    pub fn new() -> Self {
        Self {
            gunzip: Gunzip::new(),
            head: Vec::new(),
            total: 0,
            bytes: Vec::new(),
            shape: None,
            train: Split::default(),
            test: Split::default(),
        }
    }

    /// Takes the next bytes of the file.
    ///
    /// # Errors
    /// [`Error::Data`] if they cannot belong to such a file.
    pub fn push(&mut self, chunk: &[u8]) -> Result<()> {
        self.take(chunk).map_err(|message| Error::data(FILE, message))
    }

    fn take(&mut self, chunk: &[u8]) -> Checked<()> {
        if self.head.len() < foreign::WINDOW {
            let room = foreign::WINDOW - self.head.len();
            self.head.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if self.head.len() >= GZIP_MAGIC.len() {
                self.check_head()?;
            }
        }
        let Self { gunzip, total, bytes, .. } = self;
        gunzip.push(chunk, &mut |slice| collect(total, bytes, slice))?;
        self.parts()
    }

    fn check_head(&self) -> Checked<()> {
        if self.head.starts_with(&GZIP_MAGIC) {
            return Ok(());
        }
        let found = foreign::guess(&self.head)
            .unwrap_or_else(|| format!("found {} other bytes", grouped(self.head.len())));
        Err(format!("expected gzip data, but {found}; rebuild the site"))
    }

    /// Takes every part that is complete.
    fn parts(&mut self) -> Checked<()> {
        while let Some(part) = Part::of(&self.bytes)? {
            if self.bytes.len() < part.bytes() {
                break;
            }
            let shape = (part.rows, part.cols);
            if *self.shape.get_or_insert(shape) != shape {
                return Err("expected parts with images of one size; rebuild the site".into());
            }
            part.read(&self.bytes[HEADER..part.bytes()], &mut self.train, &mut self.test);
            self.bytes.drain(..part.bytes());
        }
        Ok(())
    }

    /// Images in the parts that have arrived, for training and testing together.
    pub fn images(&self) -> usize {
        self.train.len() + self.test.len()
    }

    /// The parts that have arrived.
    ///
    /// # Errors
    /// [`Error::Data`]: none has, or a label is above nine.
    pub fn dataset(&self) -> Result<Dataset> {
        self.named(self.train.clone(), self.test.clone())
    }

    fn named(&self, train: Split, test: Split) -> Result<Dataset> {
        let name = format!("MNIST, {} digits", grouped(train.len() + test.len()));
        let (rows, cols) = self.shape.unwrap_or_default();
        Dataset::new(name, rows, cols, 1, DIGITS, train, test)
    }

    /// All of it.
    ///
    /// # Errors
    /// [`Error::Data`] if it is not complete.
    pub fn finish(&mut self) -> Result<Dataset> {
        self.end().map_err(|message| Error::data(FILE, message))?;
        let (train, test) = (std::mem::take(&mut self.train), std::mem::take(&mut self.test));
        self.named(train, test)
    }

    fn end(&mut self) -> Checked<()> {
        self.check_head()?;
        let Self { gunzip, total, bytes, .. } = self;
        gunzip.finish(&mut |slice| collect(total, bytes, slice))?;
        self.parts()?;
        let left = self.bytes.len();
        match Part::of(&self.bytes)? {
            Some(part) => {
                let Part { train, test, rows, cols } = part;
                Err(format!(
                    "expected {} bytes for {} + {} digits of {rows}x{cols}, found {}; rebuild the site",
                    grouped(part.bytes()),
                    grouped(train),
                    grouped(test),
                    grouped(left)
                ))
            }
            None if left > 0 || self.images() == 0 => Err(format!(
                "expected a header of {HEADER} bytes, found {left} bytes; rebuild the site"
            )),
            None => Ok(()),
        }
    }
}

fn collect(total: &mut usize, bytes: &mut Vec<u8>, slice: &[u8]) -> Checked<()> {
    *total += slice.len();
    if *total > LIMIT {
        return Err(format!("expected at most {} MiB, found more; rebuild the site", LIMIT >> 20));
    }
    bytes.extend_from_slice(slice);
    Ok(())
}

/// What the header of a part says.
struct Part {
    train: usize,
    test: usize,
    rows: usize,
    cols: usize,
}

impl Part {
    /// The header at the start of `bytes`, once it is there.
    fn of(bytes: &[u8]) -> Checked<Option<Self>> {
        let Some(header) = bytes.first_chunk::<HEADER>() else { return Ok(None) };
        if !header.starts_with(MAGIC) {
            return Err(format!(
                "expected the mark {}, found {}; rebuild the site",
                MAGIC.escape_ascii(),
                header[..MAGIC.len()].escape_ascii()
            ));
        }
        let [train, test, rows, cols] = header_sizes(header);
        checked_items(train, "training digits")?;
        checked_items(test, "test digits")?;
        checked_image_bytes(train, rows, cols, 1)?;
        checked_image_bytes(test, rows, cols, 1)?;
        Ok(Some(Self { train, test, rows, cols }))
    }

    /// Bytes of the part. Either split is at most 512 MiB, so the sum fits the 32-bit `usize` of wasm.
    fn bytes(&self) -> usize {
        HEADER + (self.train + self.test) * (1 + self.rows * self.cols)
    }

    /// Adds the part without its header to the splits.
    fn read(&self, bytes: &[u8], train: &mut Split, test: &mut Split) {
        let (labels, images) = bytes.split_at(self.train + self.test);
        let (first, rest) = labels.split_at(self.train);
        train.labels.extend_from_slice(first);
        test.labels.extend_from_slice(rest);
        let (first, rest) = images.split_at(self.train * self.rows * self.cols);
        train.images.extend_from_slice(first);
        test.images.extend_from_slice(rest);
    }
}

/// The four little-endian u32 after the mark.
fn header_sizes(header: &[u8; HEADER]) -> [usize; 4] {
    let mut sizes = [0; 4];
    for (size, bytes) in sizes.iter_mut().zip(header[MAGIC.len()..].as_chunks::<4>().0) {
        *size = u32::from_le_bytes(*bytes) as usize;
    }
    sizes
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    fn raw() -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        for size in [3_u32, 2, 2, 2] {
            bytes.extend(size.to_le_bytes());
        }
        bytes.extend([5, 0, 4, 7, 2]);
        bytes.extend(0..20);
        bytes
    }

    fn pack(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn refusal(bytes: &[u8]) -> String {
        Dataset::embedded(bytes).unwrap_err().to_string()
    }

    #[test]
    fn packed_digits_are_unpacked() {
        let set = Dataset::embedded(&pack(&raw())).unwrap();
        assert_eq!(set.name, "MNIST, 5 digits");
        assert_eq!((set.rows, set.cols, set.channels, set.classes), (2, 2, 1, 10));
        assert_eq!(set.train.labels, [5, 0, 4]);
        assert_eq!(set.test.labels, [7, 2]);
        assert_eq!(set.train.images, (0..12).collect::<Vec<u8>>());
        assert_eq!(set.test.images, (12..20).collect::<Vec<u8>>());
    }

    #[test]
    fn a_byte_too_few_or_too_many_is_refused() {
        let mut bytes = raw();
        bytes.push(0);
        assert!(refusal(&pack(&bytes)).contains("header of 24 bytes, found 1 bytes"));
        bytes.truncate(48);
        assert!(
            refusal(&pack(&bytes)).contains("expected 49 bytes for 3 + 2 digits of 2x2, found 48")
        );
        bytes.truncate(23);
        assert!(refusal(&pack(&bytes)).contains("header of 24 bytes"));
    }

    #[test]
    fn parts_are_there_as_they_arrive_and_make_one_sample() {
        let first = pack(&raw());
        let mut bytes = raw();
        bytes[HEADER..].reverse();
        bytes[HEADER..HEADER + 5].copy_from_slice(&[1, 2, 3, 8, 9]);
        let second = pack(&bytes);
        let whole = [first.clone(), second].concat();
        for chunk in [1, 7, whole.len()] {
            let mut file = Packed::new();
            assert!(file.dataset().is_err());
            let mut seen = vec![0];
            for piece in whole.chunks(chunk) {
                file.push(piece).unwrap();
                if file.images() != seen[seen.len() - 1] {
                    seen.push(file.images());
                }
                if file.images() == 5 {
                    assert_eq!(file.dataset().unwrap(), Dataset::embedded(&first).unwrap());
                }
            }
            assert_eq!(seen, if chunk == whole.len() { vec![0, 10] } else { vec![0, 5, 10] });
            let set = file.finish().unwrap();
            assert_eq!(set, Dataset::embedded(&whole).unwrap());
            assert_eq!(set.name, "MNIST, 10 digits");
            assert_eq!(set.train.labels, [5, 0, 4, 1, 2, 3]);
            assert_eq!(set.test.labels, [7, 2, 8, 9]);
            assert_eq!(set.train.images[..13], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14]);
        }
        let mut other = raw();
        other[16..24].copy_from_slice(&[1, 0, 0, 0, 4, 0, 0, 0]);
        let mixed = [first.clone(), pack(&other)].concat();
        assert!(refusal(&mixed).contains("images of one size"));
        assert!(refusal(&[first, b"more".to_vec()].concat()).contains("more bytes"));
    }

    #[test]
    fn a_foreign_or_cut_file_is_refused() {
        assert!(refusal(b"<!doctype html>").contains("web page"));
        assert!(refusal(b"").contains("found 0 other bytes"));
        assert!(refusal(&pack(b"CLMNIST2 and sixteen more bytes")).contains("CLMNIST2"));
        let packed = pack(&raw());
        assert!(refusal(&packed[..packed.len() - 1]).contains("cut off"));
    }

    #[test]
    fn absurd_sizes_are_refused_before_anything_is_reserved() {
        for at in (8..24).step_by(4) {
            for size in [0, u32::MAX] {
                let mut bytes = raw();
                bytes[at..at + 4].copy_from_slice(&size.to_le_bytes());
                let text = refusal(&pack(&bytes));
                assert!(text.contains("expected"), "{text}");
            }
        }
    }

    #[test]
    fn a_label_above_nine_is_refused() {
        let mut bytes = raw();
        bytes[HEADER + 4] = 10;
        assert!(
            refusal(&pack(&bytes)).contains("test split: expected labels from 0 to 9, found 10")
        );
    }
}
