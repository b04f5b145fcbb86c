//! The binary files of CIFAR-10 and CIFAR-100 (Krizhevsky 2009, <https://www.cs.toronto.edu/~kriz/cifar.html>).
//!
//! No header, only records: the label (CIFAR-100: the coarse label, then the fine one, which is the
//! label used), then 1,024 bytes each of red, green and blue, row major. [`Records`] turns the planes
//! into `(n, 32, 32, 3)` as they come. Files of any number of whole records are accepted, since people
//! take parts of them. What a file's name says is in [`Name`]; since its content says so little,
//! [`Candidates`] holds every format the bytes can still be.

use super::dataset::{SplitName, find_bad_label};
use super::roles::{file_name, find_word, says, split_in_name};
use super::{Checked, MAX_BYTES, foreign, grouped};

/// Height and width in pixels.
pub(super) const SIDE: usize = 32;

/// Red, green and blue.
pub(super) const CHANNELS: usize = 3;

const PLANE: usize = SIDE * SIDE;
const IMAGE: usize = CHANNELS * PLANE;

/// Images kept in one piece of memory: 1 MiB, so that a file of 150 MB neither is copied as it grows
/// nor reserves twice its size.
const BLOCK: usize = (1 << 20) / IMAGE;

/// Coarse classes of CIFAR-100.
const COARSE: usize = 20;

/// Which of the two data sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Cifar10,
    Cifar100,
}

impl Format {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Cifar10 => "CIFAR-10",
            Self::Cifar100 => "CIFAR-100",
        }
    }

    pub(super) fn classes(self) -> usize {
        match self {
            Self::Cifar10 => 10,
            Self::Cifar100 => 100,
        }
    }

    /// Number of label bytes before a record's pixels; the last is the label.
    fn labels(self) -> usize {
        match self {
            Self::Cifar10 => 1,
            Self::Cifar100 => 2,
        }
    }

    /// Bytes of one record.
    pub(super) fn record(self) -> usize {
        self.labels() + IMAGE
    }

    /// The official names, for messages.
    pub(super) fn files(self) -> &'static str {
        match self {
            Self::Cifar10 => "data_batch_1.bin to data_batch_5.bin and test_batch.bin",
            Self::Cifar100 => "train.bin and test.bin",
        }
    }

    /// The official archive, for messages.
    pub(super) fn archive(self) -> &'static str {
        match self {
            Self::Cifar10 => "cifar-10-binary.tar.gz",
            Self::Cifar100 => "cifar-100-binary.tar.gz",
        }
    }
}

/// Which part of a data set a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// One of the five files that CIFAR-10's training images are split into, 1 to 5.
    Batch(u8),
    /// All training images.
    Train,
    Test,
}

/// What a file's name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Name {
    pub(super) format: Option<Format>,
    pub(super) part: Option<Part>,
}

impl Name {
    /// Reads the last path component: the official names, also with a browser's ` (1)`; else the words
    /// `cifar-10` and `cifar-100`, and those of [`split_in_name`].
    pub(super) fn of(file: &str) -> Self {
        let name = file_name(file);
        if let Some(at) = find_word(name, "data_batch_") {
            // A second digit would make it a number that no official file has.
            let part = match &name.as_bytes()[at + "data_batch_".len()..] {
                [b'1'..=b'5', b'0'..=b'9', ..] => None,
                [digit @ b'1'..=b'5', ..] => Some(Part::Batch(digit - b'0')),
                _ => None,
            };
            return Self { format: Some(Format::Cifar10), part };
        }
        if says(name, &["test_batch"]) {
            return Self { format: Some(Format::Cifar10), part: Some(Part::Test) };
        }
        let part = split_in_name(file).map(|split| match split {
            SplitName::Train => Part::Train,
            SplitName::Test => Part::Test,
        });
        let stem = name.split(['.', ' ', '(']).next().unwrap_or_default();
        let official = ["train", "test"].iter().any(|word| stem.eq_ignore_ascii_case(word));
        let official = official && says(name, &[".bin"]);
        let format = if official || says(name, &["cifar100", "cifar-100", "cifar_100"]) {
            Some(Format::Cifar100)
        } else if says(name, &["cifar10", "cifar-10", "cifar_10"]) {
            Some(Format::Cifar10)
        } else {
            None
        };
        Self { format, part }
    }

    /// Exactly an official name: what counts inside an archive, where everything else is passed over.
    pub(super) fn official(path: &str) -> Option<(Format, Part)> {
        let name = file_name(path);
        match name {
            "test_batch.bin" => Some((Format::Cifar10, Part::Test)),
            "train.bin" => Some((Format::Cifar100, Part::Train)),
            "test.bin" => Some((Format::Cifar100, Part::Test)),
            _ => match name.strip_prefix("data_batch_")?.strip_suffix(".bin")?.as_bytes() {
                [digit @ b'1'..=b'5'] => Some((Format::Cifar10, Part::Batch(digit - b'0'))),
                _ => None,
            },
        }
    }
}

/// A complete, checked file of records.
pub(super) struct Batch {
    pub(super) format: Format,
    /// `(n, 32, 32, 3)`, row major, in pieces of [`BLOCK`] images.
    pub(super) blocks: Vec<Vec<u8>>,
    /// `(n,)`.
    pub(super) labels: Vec<u8>,
}

/// A file of records being read.
pub(super) struct Records {
    pub(super) format: Format,
    blocks: Vec<Vec<u8>>,
    labels: Vec<u8>,
    /// The record that has begun.
    record: Vec<u8>,
}

impl Records {
    pub(super) fn new(format: Format) -> Self {
        let record = Vec::with_capacity(format.record());
        Self { format, blocks: Vec::new(), labels: Vec::new(), record }
    }

    /// Whole images so far.
    pub(super) fn items(&self) -> usize {
        self.labels.len()
    }

    /// Bytes read so far.
    fn bytes(&self) -> usize {
        self.items() * self.format.record() + self.record.len()
    }

    /// Where the labels end that were looked at last.
    fn looked(&self) -> usize {
        self.items() * self.format.record() + self.format.labels()
    }

    // Called from three places; a copy in each would be paid for by every visitor of the page.
    #[inline(never)]
    pub(super) fn push(&mut self, mut bytes: &[u8]) -> Checked<()> {
        let (head, whole) = (self.format.labels(), self.format.record());
        while !bytes.is_empty() {
            let had = self.record.len();
            let (taken, rest) = bytes.split_at(bytes.len().min(whole - had));
            self.record.extend_from_slice(taken);
            bytes = rest;
            if had < head && self.record.len() >= head {
                self.check_labels()?;
            }
            if self.record.len() == whole {
                self.keep()?;
            }
        }
        Ok(())
    }

    fn check_labels(&self) -> Checked<()> {
        let (coarse, label) = match self.format {
            Format::Cifar10 => (&[][..], &self.record[..1]),
            Format::Cifar100 => self.record[..2].split_at(1),
        };
        let format = self.format.name();
        let (kind, bad, most) = if find_bad_label(coarse, COARSE).is_some() {
            ("coarse labels", coarse[0], COARSE)
        } else if find_bad_label(label, self.format.classes()).is_some() {
            ("labels", label[0], self.format.classes())
        } else {
            return Ok(());
        };
        Err(format!(
            "expected {format} {kind} from 0 to {}, found {bad} for image number {} (byte offset {}, \
             decompressed): the file is damaged or not {format}'s; download it again",
            most - 1,
            grouped(self.items() + 1),
            grouped(self.items() * self.format.record())
        ))
    }

    /// Keeps the complete record, channels last.
    fn keep(&mut self) -> Checked<()> {
        let full = self.blocks.last().is_none_or(|block| block.len() == BLOCK * IMAGE);
        if full {
            if (self.blocks.len() + 1) * BLOCK * IMAGE > MAX_BYTES {
                return Err(format!(
                    "expected at most {} MiB of pixels, found more; give the official files",
                    MAX_BYTES >> 20
                ));
            }
            let mut block = Vec::new();
            block.try_reserve_exact(BLOCK * IMAGE).map_err(|_| no_memory(self.items()))?;
            self.blocks.push(block);
        }
        let (labels, planes) = self.record.split_at(self.format.labels());
        self.labels.extend(labels.last());
        let (red, rest) = planes.split_at(PLANE);
        let (green, blue) = rest.split_at(PLANE);
        if let Some(block) = self.blocks.last_mut() {
            let at = block.len();
            block.resize(at + IMAGE, 0);
            let pixels = block[at..].as_chunks_mut::<CHANNELS>().0;
            for (pixel, ((r, g), b)) in pixels.iter_mut().zip(red.iter().zip(green).zip(blue)) {
                *pixel = [*r, *g, *b];
            }
        }
        self.record.clear();
        Ok(())
    }

    pub(super) fn finish(&mut self) -> Checked<Batch> {
        if self.bytes() == 0 {
            return Err("the file is empty; download it again".into());
        }
        if !self.record.is_empty() {
            let format = self.format;
            return Err(format!(
                "the file is cut off, or not {}'s: expected whole records of {} bytes, found {} bytes, \
                 which are {} records and {} bytes; download it again",
                format.name(),
                grouped(format.record()),
                grouped(self.bytes()),
                grouped(self.items()),
                grouped(self.record.len())
            ));
        }
        let (blocks, labels) = (std::mem::take(&mut self.blocks), std::mem::take(&mut self.labels));
        Ok(Batch { format: self.format, blocks, labels })
    }
}

/// Why reading stops when memory is short.
pub(super) fn no_memory(items: usize) -> String {
    format!(
        "{} images of {SIDE}x{SIDE}x{CHANNELS} and more take more memory than there is; close other tabs or \
         programs, or give fewer files",
        grouped(items)
    )
}

/// A file without an archive's or an IDX file's mark: all that it can still be.
pub(super) struct Candidates {
    alive: Vec<Records>,
    /// First bytes, which name a file of another kind.
    start: Vec<u8>,
    name: Name,
}

impl Candidates {
    /// `start`: the file's first [`foreign::WINDOW`] bytes, or all of them; pushed by this.
    pub(super) fn new(name: Name, start: &[u8]) -> Checked<Self> {
        let formats = match name.format {
            Some(format) => vec![format],
            None => vec![Format::Cifar10, Format::Cifar100],
        };
        let alive = formats.into_iter().map(Records::new).collect();
        let mut this = Self { alive, start: start.to_vec(), name };
        this.push(start)?;
        Ok(this)
    }

    /// Whole images so far.
    pub(super) fn items(&self) -> usize {
        self.alive.first().map_or(0, Records::items)
    }

    pub(super) fn push(&mut self, bytes: &[u8]) -> Checked<()> {
        let mut refused: Option<(usize, String)> = None;
        self.alive.retain_mut(|records| {
            let Err(message) = records.push(bytes) else { return true };
            // Of several, the one that went furthest knows best; the same in chunks of any size.
            let at = records.looked();
            let first_image = records.items() == 0;
            if refused.as_ref().is_none_or(|(furthest, _)| at > *furthest) {
                let message = if first_image { self.name.foreign(&self.start) } else { message };
                refused = Some((at, message));
            }
            false
        });
        match refused {
            Some((_, message)) if self.alive.is_empty() => Err(message),
            _ => Ok(()),
        }
    }

    /// The file in the only format that fits.
    pub(super) fn finish(&mut self) -> Checked<(Part, Batch)> {
        let len = self.alive.first().map_or(0, Records::bytes);
        if len > 0 && self.name.format.is_none() && self.alive.iter().all(|r| r.items() == 0) {
            return Err(self.name.foreign(&self.start));
        }
        let outcomes: Vec<_> = self.alive.iter_mut().map(Records::finish).collect();
        let alive = outcomes.len();
        let mut whole = Vec::new();
        let mut reason = String::new();
        for outcome in outcomes {
            match outcome {
                Ok(batch) => whole.push(batch),
                Err(message) => reason = message,
            }
        }
        let (Some(batch), None) = (whole.pop(), whole.pop()) else {
            let [ten, hundred] = [Format::Cifar10, Format::Cifar100]
                .map(|format| format!("{} bytes ({})", grouped(format.record()), format.name()));
            return Err(match (alive, reason.is_empty()) {
                (1, false) => reason,
                (_, false) if len > 0 => format!(
                    "the file is cut off or of another kind: expected whole records of {ten} or {hundred}, \
                     found {} bytes; download it again",
                    grouped(len)
                ),
                (_, false) => reason,
                (_, true) => format!(
                    "expected the file's name or content to tell CIFAR-10 from CIFAR-100, but its {} bytes \
                     are whole records of both; put cifar-10 or cifar-100 into its name, or give it its \
                     official name",
                    grouped(len)
                ),
            });
        };
        let part = self.name.part.ok_or_else(|| {
            format!(
                "expected the file's name to tell which part of {} it is, and it does not; give it its \
                 official name ({}), or put the word train or test into it",
                batch.format.name(),
                batch.format.files()
            )
        })?;
        Ok((part, batch))
    }
}

impl Name {
    /// Why a file with this start is neither what it is called nor anything else we read.
    fn foreign(self, start: &[u8]) -> String {
        match self.format {
            Some(format) => foreign::not_records(format, start),
            None => foreign::unknown(start),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Record `i`: its label, then pixels that differ in every place.
    fn record(format: Format, i: usize, label: u8) -> Vec<u8> {
        let mut bytes = match format {
            Format::Cifar10 => vec![label],
            Format::Cifar100 => vec![label % 20, label],
        };
        bytes.extend((0..3072).map(|k| ((k * 7 + k / 1024 * 5 + i * 3) % 251) as u8));
        bytes
    }

    fn file(format: Format, items: usize) -> Vec<u8> {
        (0..items).flat_map(|i| record(format, i, (i * 3 % format.classes()) as u8)).collect()
    }

    fn read(name: &str, bytes: &[u8], chunk: usize) -> Checked<(Part, Batch)> {
        let (start, rest) = bytes.split_at(bytes.len().min(foreign::WINDOW));
        let mut candidates = Candidates::new(Name::of(name), start)?;
        for piece in rest.chunks(chunk) {
            candidates.push(piece)?;
        }
        candidates.finish()
    }

    fn refusal(name: &str, bytes: &[u8]) -> String {
        read(name, bytes, 1_000).err().unwrap()
    }

    #[test]
    fn a_refusal_is_the_same_in_chunks_of_any_size() {
        let mut bytes = vec![0; 2 * 3074];
        (bytes[3073], bytes[3074]) = (214, 217);
        let whole = read("my-train", &bytes, usize::MAX).err().unwrap();
        assert!(whole.contains("CIFAR-100 coarse labels from 0 to 19, found 217"), "{whole}");
        for chunk in 1..9 {
            assert_eq!(read("my-train", &bytes, chunk).err().unwrap(), whole, "chunks of {chunk}");
        }
    }

    #[test]
    fn planes_become_pixels_channels_last() {
        for format in [Format::Cifar10, Format::Cifar100] {
            let bytes = file(format, 700);
            let head = bytes.len() / 700 - 3072;
            let (part, batch) = read("data_train.bin", &bytes, 777).unwrap();
            assert_eq!((part, batch.format), (Part::Train, format));
            let images = batch.blocks.concat();
            assert_eq!((batch.labels.len(), images.len()), (700, 700 * 3072));
            for (n, y, x, c) in [(0, 0, 0, 0), (0, 0, 1, 2), (341, 31, 31, 2), (699, 17, 4, 1)] {
                let stored = bytes[n * (head + 3072) + head + c * 1024 + y * 32 + x];
                assert_eq!(images[((n * 32 + y) * 32 + x) * 3 + c], stored, "{n} {y} {x} {c}");
            }
            assert_eq!(batch.labels[1], 3);
            assert_eq!(batch.labels[33], if format == Format::Cifar10 { 9 } else { 99 });
        }
    }

    #[test]
    fn names_tell_format_and_part() {
        use Format::{Cifar10 as Ten, Cifar100 as Hundred};
        let cases = [
            ("data_batch_1.bin", Some(Ten), Some(Part::Batch(1))),
            ("/x/cifar-100/data_batch_5 (1).bin.gz", Some(Ten), Some(Part::Batch(5))),
            ("data_batch_6.bin", Some(Ten), None),
            ("data_batch_11.bin", Some(Ten), None),
            ("test_batch.bin.gz", Some(Ten), Some(Part::Test)),
            ("C:\\cifar-10\\train.bin", Some(Hundred), Some(Part::Train)),
            ("test (2).bin", Some(Hundred), Some(Part::Test)),
            ("cifar-10-train.bin", Some(Ten), Some(Part::Train)),
            ("cifar100_test", Some(Hundred), Some(Part::Test)),
            ("cifar-10-binary.tar.gz", Some(Ten), None),
            ("my-train.bin", None, Some(Part::Train)),
            ("holiday.jpg", None, None),
        ];
        for (name, format, part) in cases {
            assert_eq!(Name::of(name), Name { format, part }, "{name}");
        }
        assert_eq!(Name::official("a/data_batch_3.bin"), Some((Ten, Part::Batch(3))));
        assert_eq!(Name::official("a/data_batch_6.bin"), None);
        assert_eq!(Name::official("a/._data_batch_3.bin"), None);
    }

    #[test]
    fn any_number_of_whole_records_is_a_file_and_nothing_else_is() {
        for items in [1, 2, 341, 342] {
            let bytes = file(Format::Cifar10, items);
            assert_eq!(read("test_batch.bin", &bytes, 999).unwrap().1.labels.len(), items);
            let error = refusal("test_batch.bin", &bytes[..bytes.len() - 1]);
            assert!(error.starts_with("the file is cut off"), "{error}");
            let error = refusal("test_batch.bin", &[&bytes[..], &[1]].concat());
            assert!(error.contains(&format!("{items} records and 1 bytes")), "{error}");
        }
        assert_eq!(refusal("test.bin", &[]), "the file is empty; download it again");
        assert_eq!(refusal("train-or-test", &[]), "the file is empty; download it again");
    }

    #[test]
    fn labels_out_of_range_are_refused_with_their_place() {
        let mut bytes = file(Format::Cifar10, 3);
        bytes[2 * 3073] = 10;
        let words =
            "expected CIFAR-10 labels from 0 to 9, found 10 for image number 3 (byte offset 6,146,";
        assert!(refusal("data_batch_2.bin", &bytes).starts_with(words));

        let mut bytes = file(Format::Cifar100, 3);
        bytes[3074] = 20;
        let words = "expected CIFAR-100 coarse labels from 0 to 19, found 20 for image number 2";
        assert!(refusal("train.bin", &bytes).starts_with(words));
        bytes[3074] = 19;
        bytes[3075] = 100;
        let words = "expected CIFAR-100 labels from 0 to 99, found 100 for image number 2";
        assert!(refusal("train.bin", &bytes).starts_with(words));
    }

    #[test]
    fn other_files_under_an_official_name_are_named() {
        let cases: [(&str, &[u8], &str); 5] = [
            ("data_batch_1.bin", b"\x80\x02}q\x01(U\x0bbatch_label", "a Python pickle"),
            ("data_batch_1.mat", b"MATLAB 5.0 MAT-file, Platform: GLNXA64", "a MATLAB file"),
            ("train.bin", b"<html><body>404", "a web page"),
            ("cifar-10-binary.tar.gz", b"PK\x03\x04", "a ZIP archive"),
            ("data_batch_3.bin", b"\x89PNG\r\n", "a PNG picture"),
        ];
        for (name, bytes, words) in cases {
            let error = refusal(name, bytes);
            assert!(error.starts_with("expected a CIFAR-10") && error.contains(words), "{error}");
        }
        let error = refusal("picture", b"\x89PNG\r\n");
        assert!(
            error.starts_with("expected an IDX file (MNIST), a CSV table, or a CIFAR"),
            "{error}"
        );
    }

    #[test]
    fn a_file_that_could_be_both_is_decided_by_its_name_or_refused() {
        // Length 3,073 x 3,074 and all labels 0: whole records of either.
        let bytes = vec![0; 3073 * 3074];
        let error = refusal("some-train.bin", &bytes);
        assert!(error.contains("are whole records of both; put cifar-10 or cifar-100"), "{error}");
        assert_eq!(read("cifar-10-train.bin", &bytes, 4_096).unwrap().1.labels.len(), 3074);
        assert_eq!(read("train.bin", &bytes, 4_096).unwrap().1.labels.len(), 3073);
        // Half of it is whole records of neither.
        let error = refusal("some-train.bin", &bytes[..5_000]);
        assert!(error.contains("found 5,000 bytes; download it again"), "{error}");
    }

    #[test]
    fn a_file_whose_name_does_not_tell_its_part_is_refused() {
        for name in ["data_batch_6.bin", "images"] {
            let error = refusal(name, &file(Format::Cifar10, 2));
            assert!(
                error.starts_with("expected the file's name to tell which part of CIFAR-10"),
                "{error}"
            );
        }
    }
}
