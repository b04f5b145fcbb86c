//! Image data sets from bytes: the four official MNIST files, CSV tables of images, the binary files of CIFAR-10
//! and CIFAR-100, and the page's packed sample.
//!
//! [`Loader`] collects files (plain or gzip, any order, chunks of any size) into a [`Dataset`]; [`Dataset::embedded`] unpacks the sample built into the page. Pixels stay bytes,
//! 0 to 255; scaling to `[0, 1]` and batches are other rooms' work. No fetching, no DOM, no file
//! system, no arithmetic on arrays.
//!
//! Everything read here is untrusted: sizes are checked before memory is reserved, nothing is
//! accepted that is not exactly as long as its header says, and each refusal says what was
//! expected, what was found and what to do.

mod body;
mod cifar;
mod cifar_set;
mod dataset;
mod file;
mod foreign;
mod gunzip;
mod idx;
mod idx_set;
mod loader;
mod packed;
mod roles;
mod stream;
mod table;
mod tar;

pub use dataset::{Dataset, Split, SplitName};
pub use idx::{IdxDecoder, IdxFile, IdxHeader, IdxKind, Progress};
pub use loader::{FileReport, Loader};
pub use packed::Packed;
pub use roles::Role;

/// Outcome of a check whose caller knows the file's name and turns the text into an error.
type Checked<T> = std::result::Result<T, String>;

/// Largest image side in pixels. MNIST has 28; more than 256 is a corrupt header, not a task that
/// a dense network in a browser could train on.
const MAX_SIDE: usize = 256;

/// Most items (images or labels) in one file. The largest relative of MNIST has 814,255.
const MAX_ITEMS: usize = 1_000_000;

/// Most bytes of pixels in one file: a browser tab holds two such files besides the page.
const MAX_BYTES: usize = 512 << 20;

/// Classes of the digits 0 to 9.
const DIGITS: usize = 10;

/// `60000` as `60,000`: counts in messages are compared by eye.
fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The number of bytes `items` images of `rows` x `cols` x `channels` take, if all are in limits.
fn checked_image_bytes(items: usize, rows: usize, cols: usize, channels: usize) -> Checked<usize> {
    if !(1..=MAX_SIDE).contains(&rows) || !(1..=MAX_SIDE).contains(&cols) {
        return Err(format!(
            "expected images of 1 to {MAX_SIDE} rows and columns, found {} rows and {} columns",
            grouped(rows),
            grouped(cols)
        ));
    }
    checked_items(items, "images")?;
    // At most 10^6 * 2^16 * 4: too large for the 32-bit `usize` of wasm, so in 64 bits.
    let bytes = items as u64 * (rows * cols * channels) as u64;
    match usize::try_from(bytes) {
        Ok(bytes) if bytes <= MAX_BYTES => Ok(bytes),
        _ => Err(format!(
            "expected at most {} MiB of pixels, found {} images of {rows}x{cols}, which are {} MiB",
            MAX_BYTES >> 20,
            grouped(items),
            bytes >> 20
        )),
    }
}

/// Refuses counts that no data set of this kind has.
fn checked_items(items: usize, what: &str) -> Checked<()> {
    if (1..=MAX_ITEMS).contains(&items) {
        return Ok(());
    }
    Err(format!("expected 1 to {} {what}, found {}", grouped(MAX_ITEMS), grouped(items)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_by_thousands() {
        let pairs = [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (60_000, "60,000"),
            (1_234_567, "1,234,567"),
        ];
        for (count, text) in pairs {
            assert_eq!(grouped(count), text);
        }
    }

    #[test]
    fn limits_hold_at_their_edges() {
        assert_eq!(checked_image_bytes(8_192, 256, 256, 1), Ok(MAX_BYTES));
        assert!(checked_image_bytes(8_193, 256, 256, 1).is_err());
        assert!(checked_image_bytes(1_000_000, 256, 256, 4).is_err());
        assert!(checked_image_bytes(1_000_001, 1, 1, 1).is_err());
        for (items, rows, cols) in [(0, 1, 1), (1, 0, 1), (1, 1, 0), (1, 257, 1), (1, 1, 257)] {
            assert!(checked_image_bytes(items, rows, cols, 1).is_err());
        }
    }
}
