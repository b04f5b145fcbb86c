//! The decompressed content of an IDX file: header, then items, each checked as it comes.
//!
//! Layout, limits and the promise about memory: see [`super::idx`].

use super::dataset::find_bad_label;
use super::idx::{IdxFile, IdxHeader, IdxKind, Progress};
use super::stream::Content;
use super::{Checked, DIGITS, checked_image_bytes, checked_items, foreign, grouped};

/// First reservation, in bytes; later ones double what is there.
const FIRST_RESERVATION: usize = 1 << 20;

/// The decompressed side: header, then data.
pub(super) struct Body {
    pub(super) classes: usize,
    pub(super) wanted: Option<IdxKind>,
    /// Bytes before the header is complete, or of a file that has a wrong one.
    start: Vec<u8>,
    pub(super) header: Option<IdxHeader>,
    pub(super) data: Vec<u8>,
}

impl Body {
    pub(super) fn new() -> Self {
        Self { classes: DIGITS, wanted: None, start: Vec::new(), header: None, data: Vec::new() }
    }

    /// Whole items so far, and how many there will be; the stored bytes are others' to count.
    pub(super) fn progress(&self) -> Progress {
        let header = self.header;
        Progress {
            bytes_in: 0,
            items: header.map_or(0, |h| self.data.len() / (h.rows * h.cols)),
            total: header.map(|h| h.items),
        }
    }

    fn parse_header(&mut self) -> Checked<Parsed> {
        let Some(magic) = self.start.first_chunk::<4>() else {
            return Ok(Parsed::Needs(4));
        };
        let kind = match magic {
            [0, 0, 8, 3] => IdxKind::Images,
            [0, 0, 8, 1] => IdxKind::Labels,
            // A little more of a wrong file tells what it is.
            _ if self.start.len() < foreign::WINDOW => return Ok(Parsed::Needs(foreign::WINDOW)),
            _ => return Err(foreign::wrong_magic(&self.start)),
        };
        if let Some(wanted) = self.wanted.filter(|&wanted| wanted != kind) {
            return Err(format!(
                "expected {}, found {}: the files seem to be swapped or misnamed",
                wanted.as_str(),
                kind.as_str()
            ));
        }
        if self.start.len() < kind.header_len() {
            return Ok(Parsed::Needs(kind.header_len()));
        }
        self.header = Some(read_sizes(kind, &self.start[4..])?);
        Ok(Parsed::Done)
    }

    fn check_labels(&self, bytes: &[u8]) -> Checked<()> {
        let Some(i) = find_bad_label(bytes, self.classes) else { return Ok(()) };
        let index = self.data.len() + i;
        let header = IdxKind::Labels.header_len();
        Err(format!(
            "expected labels from 0 to {}, found {} as label number {} (byte offset {}, \
             decompressed); is this the labels file of another data set?",
            self.classes - 1,
            bytes[i],
            grouped(index + 1),
            grouped(header + index)
        ))
    }

    fn append(&mut self, header: &IdxHeader, bytes: &[u8]) -> Checked<()> {
        let wanted = header.data_len();
        let len = self.data.len() + bytes.len();
        if len > self.data.capacity() {
            let doubled = (2 * self.data.capacity()).max(FIRST_RESERVATION).min(wanted);
            self.data.try_reserve_exact(doubled.max(len) - self.data.len()).map_err(|_| {
                format!(
                    "{} take {} MiB, more memory than there is; close other tabs or programs",
                    header.describe(),
                    wanted >> 20
                )
            })?;
        }
        self.data.extend_from_slice(bytes);
        Ok(())
    }
}

impl Content for Body {
    type Whole = IdxFile;

    fn push(&mut self, mut bytes: &[u8]) -> Checked<()> {
        let header = loop {
            if let Some(header) = self.header {
                break header;
            }
            if let Parsed::Needs(len) = self.parse_header()? {
                if bytes.is_empty() {
                    return Ok(());
                }
                let (taken, rest) = bytes.split_at(bytes.len().min(len - self.start.len()));
                self.start.extend_from_slice(taken);
                bytes = rest;
            }
        };
        // What belongs to the file is judged before what follows it, as if it had come before.
        let (items, excess) = bytes.split_at(bytes.len().min(header.data_len() - self.data.len()));
        if header.kind == IdxKind::Labels {
            self.check_labels(items)?;
        }
        self.append(&header, items)?;
        if excess.is_empty() { Ok(()) } else { Err(too_long(&header)) }
    }

    fn finish(&mut self) -> Checked<IdxFile> {
        let Some(header) = self.header else { return Err(no_header(&self.start)) };
        if self.data.len() < header.data_len() {
            return Err(format!(
                "the file is cut off: expected {} bytes, since the header announces {}, found {}; \
                 download it again",
                grouped(header.file_len()),
                header.describe(),
                grouped(header.kind.header_len() + self.data.len())
            ));
        }
        Ok(IdxFile { header, data: std::mem::take(&mut self.data) })
    }
}

enum Parsed {
    Done,
    /// The header cannot be judged before the file's first so many bytes are there.
    Needs(usize),
}

/// The big-endian sizes after the magic number, checked against the limits.
fn read_sizes(kind: IdxKind, bytes: &[u8]) -> Checked<IdxHeader> {
    let mut sizes = bytes.as_chunks::<4>().0.iter().map(|b| u32::from_be_bytes(*b) as usize);
    let mut next = || sizes.next().unwrap_or(0);
    let items = next();
    let (rows, cols) = match kind {
        IdxKind::Images => (next(), next()),
        IdxKind::Labels => (1, 1),
    };
    let checked = match kind {
        IdxKind::Images => checked_image_bytes(items, rows, cols, 1).map(|_| ()),
        IdxKind::Labels => checked_items(items, "labels"),
    };
    checked.map_err(|message| format!("{message}: the header is damaged or not MNIST's"))?;
    Ok(IdxHeader { kind, items, rows, cols })
}

/// Why a file that goes on after its last item is refused.
fn too_long(header: &IdxHeader) -> String {
    format!(
        "expected {} bytes, since the header announces {}, found more: this is not the file it \
         claims to be, or two files were joined; download it again",
        grouped(header.file_len()),
        header.describe()
    )
}

/// Why a file without a complete header is refused.
fn no_header(start: &[u8]) -> String {
    match start {
        [] => "the file is empty; download it again".into(),
        [0, 0, 8, 1 | 3, ..] => format!(
            "the file is cut off: found {} bytes, which is not even its header; download it again",
            start.len()
        ),
        _ => foreign::wrong_magic(start),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images(items: u32, rows: u32, cols: u32) -> Vec<u8> {
        let sizes = [0x0803, items, rows, cols].map(u32::to_be_bytes);
        sizes.concat()
    }

    fn labels(items: u32) -> Vec<u8> {
        [0x0801, items].map(u32::to_be_bytes).concat()
    }

    fn refusal(bytes: &[u8]) -> String {
        let mut body = Body::new();
        body.push(bytes).and_then(|()| body.finish()).unwrap_err()
    }

    #[test]
    fn a_header_is_judged_when_its_last_byte_is_there() {
        let mut body = Body::new();
        let header = images(2, 257, 1);
        assert_eq!(body.push(&header[..15]), Ok(()));
        assert!(body.push(&header[15..]).unwrap_err().contains("257 rows"));
    }

    #[test]
    fn hostile_headers_reserve_nothing() {
        let cases = [
            (images(0, 28, 28), "found 0"),
            (images(u32::MAX, 28, 28), "found 4,294,967,295"),
            (images(10, 0, 28), "found 0 rows"),
            (images(10, 28, u32::MAX), "4,294,967,295 columns"),
            (images(1_000_000, 256, 256), "at most 512 MiB"),
            (labels(0), "found 0"),
            (labels(1_000_001), "found 1,000,001"),
        ];
        for (bytes, words) in cases {
            let mut body = Body::new();
            let error = body.push(&bytes).unwrap_err();
            assert!(error.contains(words), "{error}");
            assert_eq!(body.data.capacity(), 0);
        }
    }

    #[test]
    fn memory_follows_the_data_and_not_the_header() {
        let mut body = Body::new();
        body.push(&images(600_000, 28, 28)).unwrap();
        body.push(&[0; 10]).unwrap();
        assert!(body.data.capacity() <= FIRST_RESERVATION);
        for _ in 0..30 {
            body.push(&vec![0; 100_000]).unwrap();
        }
        assert!(body.data.capacity() <= 4 * FIRST_RESERVATION);
    }

    #[test]
    fn too_few_bytes_are_refused_with_both_counts() {
        let mut bytes = images(3, 2, 2);
        bytes.extend([0; 11]);
        assert_eq!(
            refusal(&bytes),
            "the file is cut off: expected 28 bytes, since the header announces 3 images of 2x2, \
             found 27; download it again"
        );
        assert!(refusal(&bytes[..9]).contains("found 9 bytes, which is not even its header"));
        assert!(refusal(&[]).contains("empty"));
    }

    #[test]
    fn one_byte_too_many_is_refused_at_once() {
        let mut body = Body::new();
        body.push(&labels(3)).unwrap();
        body.push(&[1, 2, 3]).unwrap();
        let error = body.push(&[4]).unwrap_err();
        assert!(error.starts_with("expected 11 bytes, since the header announces 3 labels"));
    }

    #[test]
    fn a_label_out_of_range_is_refused_with_its_place() {
        let mut body = Body::new();
        body.push(&labels(5)).unwrap();
        body.push(&[9, 0]).unwrap();
        let error = body.push(&[1, 10, 3]).unwrap_err();
        let words = "expected labels from 0 to 9, found 10 as label number 4 (byte offset 11,";
        assert!(error.starts_with(words), "{error}");
    }

    #[test]
    fn a_file_of_the_other_kind_is_called_swapped() {
        let mut body = Body::new();
        body.wanted = Some(IdxKind::Images);
        let error = body.push(&labels(5)).unwrap_err();
        assert!(error.starts_with("expected images, found labels: the files seem to be swapped"));
    }
}
