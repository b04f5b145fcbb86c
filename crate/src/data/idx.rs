//! [`IdxDecoder`]: one IDX file, plain or gzip, from chunks of any size.
//!
//! An IDX file is a header of big-endian u32 and then unsigned bytes, row major:
//! images are `0x00000803, n, rows, cols`, then `(n, rows, cols)`; labels `0x00000801, n`, `(n,)`.
//! A file is refused at the first byte that shows it to be wrong, and the outcome never depends on
//! how it was cut into chunks. Memory grows with the data that came, never with what a header
//! announces. Which of the four files of a data set it is, [`super::Loader`] decides.

use super::body::Body;
use super::dataset::check_classes;
use super::grouped;
use super::stream::Stream;
use crate::base::{Error, Result};

/// What an IDX file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdxKind {
    /// Grey images: magic number `0x00000803`.
    Images,
    /// Class labels: magic number `0x00000801`.
    Labels,
}

impl IdxKind {
    /// `images` or `labels`, as in file names and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Images => "images",
            Self::Labels => "labels",
        }
    }

    /// Bytes before the first item.
    pub(super) fn header_len(self) -> usize {
        match self {
            Self::Images => 16,
            Self::Labels => 8,
        }
    }
}

/// What an IDX file says of itself, all within limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdxHeader {
    /// Images or labels.
    pub kind: IdxKind,
    /// Number of images or labels, `n`.
    pub items: usize,
    /// Height in pixels; 1 for labels.
    pub rows: usize,
    /// Width in pixels; 1 for labels.
    pub cols: usize,
}

impl IdxHeader {
    /// Bytes after the header.
    pub(super) fn data_len(&self) -> usize {
        self.items * self.rows * self.cols
    }

    /// Bytes of the whole file, decompressed.
    pub(super) fn file_len(&self) -> usize {
        self.kind.header_len() + self.data_len()
    }

    /// `60,000 images of 28x28` or `60,000 labels`.
    pub(super) fn describe(&self) -> String {
        let plural = if self.items == 1 { "" } else { "s" };
        match self.kind {
            IdxKind::Images => {
                let (rows, cols) = (self.rows, self.cols);
                format!("{} image{plural} of {rows}x{cols}", grouped(self.items))
            }
            IdxKind::Labels => format!("{} label{plural}", grouped(self.items)),
        }
    }
}

/// A complete, checked IDX file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdxFile {
    /// Kind and sizes.
    pub header: IdxHeader,
    /// `(n, rows, cols)`, row major, for images; `(n,)` for labels.
    pub data: Vec<u8>,
}

/// How far a file has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Bytes given so far, as stored (compressed, if the file is).
    pub bytes_in: usize,
    /// Whole images or labels decoded so far.
    pub items: usize,
    /// Images or labels the file will have; `None` until its header has come.
    pub total: Option<usize>,
}

/// Decodes one IDX file.
pub struct IdxDecoder(Stream<Body>);

impl IdxDecoder {
    /// A decoder of digits (labels 0 to 9) for a file called `file` in messages.
    pub fn new(file: impl Into<String>) -> Self {
        Self(Stream::new(file, Body::new()))
    }

    /// Allows labels `0..classes` instead of ten.
    ///
    /// # Errors
    /// [`Error::Config`] unless `classes` is 1 to 256.
    pub fn with_classes(mut self, classes: usize) -> Result<Self> {
        check_classes(classes).map_err(|message| Error::config("classes", message))?;
        self.0.content.classes = classes;
        Ok(self)
    }

    /// Refuses a valid file of the other kind, for callers whose file names tell the kind.
    #[must_use]
    pub fn expecting(mut self, kind: IdxKind) -> Self {
        self.0.content.wanted = Some(kind);
        self
    }

    /// Decodes the file's next bytes.
    ///
    /// # Errors
    /// [`Error::Data`] as soon as the file is wrong, and again on every later call.
    pub fn push(&mut self, chunk: &[u8]) -> Result<()> {
        self.0.push(chunk)
    }

    /// What the file says of itself, once that has come.
    pub fn header(&self) -> Option<IdxHeader> {
        self.0.content.header
    }

    /// How far the file has come.
    pub fn progress(&self) -> Progress {
        Progress { bytes_in: self.0.bytes_in(), ..self.0.content.progress() }
    }

    /// The file's content, if it is complete.
    ///
    /// # Errors
    /// [`Error::Data`] if the file was refused before, is cut off, or fails its gzip checksum.
    pub fn finish(mut self) -> Result<IdxFile> {
        self.0.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    /// Four labels.
    const LABELS: [u8; 12] = [0, 0, 8, 1, 0, 0, 0, 4, 5, 0, 4, 9];

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn decode(bytes: &[u8]) -> Result<IdxFile> {
        let mut decoder = IdxDecoder::new("t10k-labels-idx1-ubyte");
        for chunk in bytes.chunks(3) {
            decoder.push(chunk)?;
        }
        decoder.finish()
    }

    #[test]
    fn plain_and_gzip_give_the_same_file() {
        let plain = decode(&LABELS).unwrap();
        assert_eq!(plain.header, IdxHeader { kind: IdxKind::Labels, items: 4, rows: 1, cols: 1 });
        assert_eq!(plain.data, [5, 0, 4, 9]);
        assert_eq!(decode(&gzip(&LABELS)).unwrap(), plain);
    }

    #[test]
    fn progress_counts_stored_bytes_and_whole_items() {
        let mut decoder = IdxDecoder::new("images");
        assert_eq!(decoder.progress(), Progress::default());
        decoder.push(&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 7, 7, 7]).unwrap();
        assert_eq!(decoder.progress(), Progress { bytes_in: 19, items: 1, total: Some(2) });
        assert_eq!(decoder.header().unwrap().kind, IdxKind::Images);
    }

    #[test]
    fn gzip_is_decoded_as_it_comes() {
        let packed = gzip(&LABELS);
        let mut decoder = IdxDecoder::new("labels.gz");
        decoder.push(&packed[..packed.len() - 8]).unwrap();
        assert_eq!(decoder.progress().items, 4, "all labels precede the checksum");
        decoder.push(&packed[packed.len() - 8..]).unwrap();
        assert_eq!(decoder.finish().unwrap().data.len(), 4);
    }

    #[test]
    fn a_refused_file_stays_refused() {
        let mut decoder = IdxDecoder::new("bad");
        let first = decoder.push(&[0, 0, 8, 1, 0, 0, 0, 0]).unwrap_err();
        assert_eq!(first.code(), "data");
        assert_eq!(decoder.push(&[]).unwrap_err(), first);
        assert_eq!(decoder.finish().unwrap_err(), first);
    }

    #[test]
    fn errors_begin_with_the_file_name() {
        let text = decode(b"<html><body>404 Not Found</body></html>").unwrap_err().to_string();
        assert!(text.starts_with("t10k-labels-idx1-ubyte: expected an IDX file"), "{text}");
        assert!(text.contains("found 3c 68 74 6d: this is a web page"), "{text}");
    }

    #[test]
    fn very_short_files_are_refused_with_a_reason() {
        assert!(decode(&[]).unwrap_err().to_string().contains("empty"));
        assert!(decode(&[0]).unwrap_err().to_string().contains("expected an IDX file"));
        assert!(decode(&[0x1f]).unwrap_err().to_string().contains("expected an IDX file"));
        assert!(decode(&[0x1f, 0x8b]).unwrap_err().to_string().contains("cut off"));
        assert!(decode(&gzip(&[])).unwrap_err().to_string().contains("empty"));
    }

    #[test]
    fn classes_can_be_more_than_ten() {
        let labels = [0, 0, 8, 1, 0, 0, 0, 1, 46];
        assert!(decode(&labels).is_err());
        let mut decoder = IdxDecoder::new("emnist").with_classes(47).unwrap();
        decoder.push(&labels).unwrap();
        assert_eq!(decoder.finish().unwrap().data, [46]);
        assert_eq!(IdxDecoder::new("x").with_classes(257).err().unwrap().code(), "config");
    }

    #[test]
    fn expecting_images_refuses_labels() {
        let mut decoder = IdxDecoder::new("train-images").expecting(IdxKind::Images);
        assert!(decoder.push(&LABELS).unwrap_err().to_string().contains("swapped"));
    }
}
