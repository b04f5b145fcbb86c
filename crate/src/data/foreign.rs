//! Recognises files that are not what was asked for, so that the refusal can name them.
//!
//! Signatures only; nothing is decoded. Used after a file has already been refused, so a wrong
//! guess costs a misleading sentence, never a wrong acceptance.

use super::cifar::Format;

/// Bytes from a file's start that suffice to tell all kinds below apart: tar's mark, the last
/// one, ends at 262.
pub(super) const WINDOW: usize = 512;

/// Where tar puts its mark.
const TAR_MARK: usize = 257;

const NUMPY: &str = "save the array as IDX (unsigned bytes) or give the original files";
const UNPACK: &str = "unpack it and give the files inside it";
const BINARY: &str = "take the binary version, cifar-10-binary.tar.gz or cifar-100-binary.tar.gz";
const AGAIN: &str = "download the file again from an address that leads to the file itself";

/// Marks at a file's first byte: mark, what the file is, what to do.
const MARKS: &[(&[u8], &str, &str)] = &[
    (&[0x1f, 0x8b], "gzip data inside gzip data", "decompress the file once and give the result"),
    (b"PK\x03\x04", "a ZIP archive", UNPACK),
    (b"7z\xbc\xaf", "a 7-Zip archive", UNPACK),
    (b"BZh", "bzip2 data", "decompress the file and give the result"),
    (b"\xfd7zXZ\0", "xz data", "decompress the file and give the result"),
    (&[0x28, 0xb5, 0x2f, 0xfd], "Zstandard data", "decompress the file and give the result"),
    (b"\x93NUMPY", "a NumPy array", NUMPY),
    (b"\x80\x02", "a Python pickle", BINARY),
    (b"\x80\x03", "a Python pickle", BINARY),
    (b"\x80\x04", "a Python pickle", BINARY),
    (b"\x80\x05", "a Python pickle", BINARY),
    (b"MATLAB ", "a MATLAB file", BINARY),
    (b"\x89HDF", "an HDF5 file", NUMPY),
    (b"PAR1", "a Parquet table", NUMPY),
    (b"\x89PNG", "a PNG picture", "give the data files"),
    (&[0xff, 0xd8, 0xff], "a JPEG picture", "give the data files"),
    (b"%PDF", "a PDF document", "give the data files"),
    (b"CLMNIST1", "this page's own packed sample", "give the original files"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file it stands for", AGAIN),
];

/// Why a file with this start is not an IDX file we read.
pub(super) fn wrong_magic(start: &[u8]) -> String {
    let what = other_idx(start)
        .or_else(|| guess(start))
        .unwrap_or_else(|| "this is another format; give MNIST's own files".into());
    format!(
        "expected an IDX file, which starts with the bytes 00 00 08 03 (images) or 00 00 08 01 \
         (labels), found {}: {what}",
        first_bytes(start)
    )
}

/// Why a file with this start, whose name tells nothing, is none that we read.
pub(super) fn unknown(start: &[u8]) -> String {
    let what = other_idx(start)
        .or_else(|| guess(start))
        .unwrap_or_else(|| "this is another format; give the original files".into());
    format!(
        "expected an IDX file (MNIST), a CSV table, or a CIFAR file or archive ({}, {}, {}), found {}: {what}",
        Format::Cifar10.files(),
        Format::Cifar100.files(),
        Format::Cifar10.archive(),
        first_bytes(start)
    )
}

/// Why a file with this start is not the file of records that its name says it is.
pub(super) fn not_records(format: Format, start: &[u8]) -> String {
    let what = guess(start).unwrap_or_else(|| {
        format!("this is another format; give {} or {}", format.files(), format.archive())
    });
    let labels = match format {
        Format::Cifar10 => "starts with a label from 0 to 9",
        Format::Cifar100 => "starts with two labels, from 0 to 19 and from 0 to 99",
    };
    let name = format.name();
    format!("expected a {name} file, which {labels}, found {}: {what}", first_bytes(start))
}

/// The first four bytes, in hexadecimal.
fn first_bytes(start: &[u8]) -> String {
    let bytes: Vec<String> = start.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    bytes.join(" ")
}

/// What an IDX file is that we do not read.
fn other_idx(start: &[u8]) -> Option<String> {
    match *start {
        [0, 0, 8, dims, ..] => Some(format!(
            "this is an IDX file of {dims} dimensions; images have 3 (count, rows, columns) and \
             labels 1; give MNIST's own files"
        )),
        [0, 0, kind @ 9..=14, dims, ..] if kind != 10 && (1..=8).contains(&dims) => Some(format!(
            "this is an IDX file of {}; convert its values to unsigned bytes, 0 to 255",
            idx_type(kind)
        )),
        [1 | 3, 8, 0, 0, ..] => Some(
            "this is an IDX file in little-endian order; write its header in big-endian order or \
             give the original file"
                .into(),
        ),
        _ => None,
    }
}

/// IDX's codes of value types other than the unsigned byte.
fn idx_type(code: u8) -> &'static str {
    match code {
        0x09 => "signed bytes",
        0x0b => "16-bit integers",
        0x0c => "32-bit integers",
        0x0d => "32-bit floating-point numbers",
        _ => "64-bit floating-point numbers",
    }
}

/// What a file that starts with `start` seems to be, and what to do about it, as the end of a
/// sentence: `this is a ZIP archive; unpack it …`.
pub(super) fn guess(start: &[u8]) -> Option<String> {
    let (what, remedy) = recognise(start)?;
    Some(format!("this is {what}; {remedy}"))
}

fn recognise(start: &[u8]) -> Option<(&'static str, &'static str)> {
    if start.starts_with(b"PK") && start.windows(4).any(|name| name == b".npy") {
        return Some(("a NumPy .npz archive", NUMPY));
    }
    if let Some((_, what, remedy)) = MARKS.iter().find(|(mark, ..)| start.starts_with(mark)) {
        return Some((what, remedy));
    }
    if start.get(TAR_MARK..TAR_MARK + 5) == Some(b"ustar") {
        return Some(("a tar archive", UNPACK));
    }
    recognise_text(start)
}

fn recognise_text(start: &[u8]) -> Option<(&'static str, &'static str)> {
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
    let is_text = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    if start.is_empty() || !start.iter().take(16).all(is_text) {
        return None;
    }
    match start[0] {
        b'<' => Some(("a web page (HTML or XML)", AGAIN)),
        b'{' | b'[' => Some(("JSON text, perhaps a server's answer", AGAIN)),
        _ => Some((
            "text, but no CSV table of images",
            "a table has a row for each image: its label, then its pixels, separated by commas",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_wrong_files_are_named() {
        let mut tar = vec![0; WINDOW];
        tar[..10].copy_from_slice(b"train-imag");
        tar[TAR_MARK..TAR_MARK + 5].copy_from_slice(b"ustar");
        let cases: [(&[u8], &str); 9] = [
            (b"\n <!DOCTYPE html><html><head>", "web page"),
            (b"\xef\xbb\xbf<?xml version='1.0'?>", "web page"),
            (b"{\"error\": \"not found\"}", "JSON"),
            (b"PK\x03\x04\x14\0\0\0\0\0some/mnist.gz", "ZIP"),
            (b"PK\x03\x04\x14\0\0\0\0\0x_train.npy", ".npz"),
            (b"\x93NUMPY\x01\0", "NumPy array"),
            (b"five zero zero zero\n", "no CSV table"),
            (b"\x1f\x8b\x08", "gzip data inside gzip"),
            (&tar, "tar archive"),
        ];
        for (start, words) in cases {
            let text = guess(start).unwrap();
            assert!(text.contains(words), "{text}");
        }
    }

    #[test]
    fn other_idx_files_are_told_apart() {
        let cases: [([u8; 4], &str); 7] = [
            ([0, 0, 8, 2], "of 2 dimensions"),
            ([0, 0, 8, 4], "of 4 dimensions"),
            ([0, 0, 0x0d, 3], "32-bit floating-point"),
            ([0, 0, 0x0e, 1], "64-bit floating-point"),
            ([0, 0, 0x0c, 1], "32-bit integers"),
            ([3, 8, 0, 0], "little-endian"),
            ([1, 8, 0, 0], "little-endian"),
        ];
        for (magic, words) in cases {
            let text = wrong_magic(&magic);
            assert!(text.starts_with("expected an IDX file") && text.contains(words), "{text}");
        }
        assert!(
            wrong_magic(&[0xde, 0xad, 0xbe, 0xef]).contains("found de ad be ef: this is another")
        );
    }

    #[test]
    fn unknown_bytes_are_not_guessed() {
        assert_eq!(guess(b""), None);
        assert_eq!(guess(&[0, 1, 2, 3]), None);
        assert_eq!(guess(b"PKw\xff\xfe"), None);
    }
}
