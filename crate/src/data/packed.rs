//! The packed sample of MNIST that is built into the page.
//!
//! A gzip stream of: `CLMNIST1`; `n_train`, `n_test`, `rows`, `cols` (u32, little endian); training
//! labels `(n_train,)`; test labels `(n_test,)`; training images `(n_train, rows, cols)`; test
//! images `(n_test, rows, cols)`; all bytes. Labels first, so that runs of similar bytes compress.
//! The build script that writes it is the format's other half.

use super::dataset::{Dataset, Split};
use super::gunzip::{GZIP_MAGIC, Gunzip};
use super::{Checked, DIGITS, checked_image_bytes, checked_items, foreign, grouped};
use crate::base::{Error, Result};

const MAGIC: &[u8; 8] = b"CLMNIST1";

/// Bytes before the first label.
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
        let bytes = decompress(packed).map_err(|message| Error::data(FILE, message))?;
        let parts = Parts::read(&bytes).map_err(|message| Error::data(FILE, message))?;
        let name = format!("MNIST, {} digits", grouped(parts.train.len() + parts.test.len()));
        Self::new(name, parts.rows, parts.cols, 1, DIGITS, parts.train, parts.test)
    }
}

fn decompress(packed: &[u8]) -> Checked<Vec<u8>> {
    if !packed.starts_with(&GZIP_MAGIC) {
        let found = foreign::guess(&packed[..packed.len().min(foreign::WINDOW)])
            .unwrap_or_else(|| format!("found {} other bytes", grouped(packed.len())));
        return Err(format!("expected gzip data, but {found}; rebuild the site"));
    }
    let mut bytes = Vec::new();
    let mut collect = |slice: &[u8]| {
        if bytes.len() + slice.len() > LIMIT {
            return Err(format!(
                "expected at most {} MiB, found more; rebuild the site",
                LIMIT >> 20
            ));
        }
        bytes.extend_from_slice(slice);
        Ok(())
    };
    let mut gunzip = Gunzip::new();
    gunzip.push(packed, &mut collect)?;
    gunzip.finish(&mut collect)?;
    Ok(bytes)
}

struct Parts {
    rows: usize,
    cols: usize,
    train: Split,
    test: Split,
}

impl Parts {
    fn read(bytes: &[u8]) -> Checked<Self> {
        let header: &[u8; HEADER] = bytes.first_chunk().ok_or_else(|| {
            format!("expected a header of {HEADER} bytes, found {} bytes", bytes.len())
        })?;
        if !header.starts_with(MAGIC) {
            return Err(format!(
                "expected the mark {}, found {}; rebuild the site",
                MAGIC.escape_ascii(),
                header[..MAGIC.len()].escape_ascii()
            ));
        }
        let [n_train, n_test, rows, cols] = header_sizes(header);
        checked_items(n_train, "training digits")?;
        checked_items(n_test, "test digits")?;
        let train_bytes = checked_image_bytes(n_train, rows, cols, 1)?;
        let test_bytes = checked_image_bytes(n_test, rows, cols, 1)?;
        // Each is at most 512 MiB, so the sum fits the 32-bit `usize` of wasm.
        let expected = HEADER + n_train + n_test + train_bytes + test_bytes;
        if bytes.len() != expected {
            return Err(format!(
                "expected {} bytes for {} + {} digits of {rows}x{cols}, found {}; rebuild the site",
                grouped(expected),
                grouped(n_train),
                grouped(n_test),
                grouped(bytes.len())
            ));
        }
        let (train_labels, rest) = bytes[HEADER..].split_at(n_train);
        let (test_labels, rest) = rest.split_at(n_test);
        let (train_images, test_images) = rest.split_at(train_bytes);
        let split = |images: &[u8], labels: &[u8]| Split {
            images: images.to_vec(),
            labels: labels.to_vec(),
        };
        let train = split(train_images, train_labels);
        let test = split(test_images, test_labels);
        Ok(Self { rows, cols, train, test })
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
        assert!(
            refusal(&pack(&bytes)).contains("expected 49 bytes for 3 + 2 digits of 2x2, found 50")
        );
        bytes.truncate(48);
        assert!(refusal(&pack(&bytes)).contains("found 48"));
        bytes.truncate(23);
        assert!(refusal(&pack(&bytes)).contains("header of 24 bytes"));
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
