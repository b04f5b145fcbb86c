//! [`IdxLoader`]: four IDX files, in any order, become one [`Dataset`].
//!
//! A file is decoded as it comes ([`super::IdxDecoder`]) and given a place among the others
//! ([`super::roles`]); one that is refused leaves the others as they were. Counts and sizes are
//! compared across files only at the end, so that a data set can be replaced file by file.

use super::dataset::{Dataset, Split, SplitName, check_classes};
use super::idx::{IdxDecoder, IdxFile, IdxHeader, IdxKind, Progress};
use super::roles::{Place, Role, assign, split_in_name};
use super::{DIGITS, grouped};
use crate::base::{Error, Result};

/// What messages that concern no single file begin with.
const ALL_FILES: &str = "IDX files";

/// What a loaded file turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileReport {
    /// Its place in the data set; provisional if its name does not tell and others are missing.
    pub role: Role,
    /// Number of images or labels.
    pub items: usize,
}

/// Collects the four files of a data set.
///
/// For each file: [`begin`](Self::begin), [`push`](Self::push) as its bytes come,
/// [`end`](Self::end); then [`finish`](Self::finish).
pub struct IdxLoader {
    name: Option<String>,
    classes: usize,
    current: Option<(String, IdxDecoder)>,
    /// At most one for each role.
    files: Vec<Loaded>,
}

/// A complete file.
struct Loaded {
    file: String,
    place: Place,
    role: Role,
    content: IdxFile,
}

impl Default for IdxLoader {
    fn default() -> Self {
        Self::new()
    }
}

impl IdxLoader {
    /// An empty loader of digits (labels 0 to 9).
    pub fn new() -> Self {
        Self { name: None, classes: DIGITS, current: None, files: Vec::new() }
    }

    /// Allows labels `0..classes` instead of ten, in the files begun from now on.
    ///
    /// # Errors
    /// [`Error::Config`] unless `classes` is 1 to 256.
    pub fn with_classes(mut self, classes: usize) -> Result<Self> {
        check_classes(classes).map_err(|message| Error::config("classes", message))?;
        self.classes = classes;
        Ok(self)
    }

    /// Names the data set; otherwise it is called by its counts.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Begins a file. One that was begun and not ended is dropped.
    pub fn begin(&mut self, file: impl Into<String>) {
        let file = file.into();
        let mut decoder = IdxDecoder::new(&file);
        decoder.set_classes(self.classes);
        self.current = Some((file, decoder));
    }

    /// Decodes the begun file's next bytes.
    ///
    /// # Errors
    /// [`Error::Data`] as soon as the file is wrong; it is then dropped.
    pub fn push(&mut self, chunk: &[u8]) -> Result<()> {
        let (_, decoder) = self.current.as_mut().ok_or_else(no_file)?;
        let outcome = decoder.push(chunk);
        if outcome.is_err() {
            self.current = None;
        }
        outcome
    }

    /// How far the begun file has come.
    pub fn progress(&self) -> Option<Progress> {
        self.current.as_ref().map(|(_, decoder)| decoder.progress())
    }

    /// Ends the begun file and keeps it, in place of an earlier one of its role.
    ///
    /// # Errors
    /// [`Error::Data`] if the file is incomplete or its place among the others is not clear; it is
    /// then dropped.
    pub fn end(&mut self) -> Result<FileReport> {
        let (file, decoder) = self.current.take().ok_or_else(no_file)?;
        let content = decoder.finish()?;
        let IdxHeader { kind, items, .. } = content.header;
        let place = Place { kind, items, named: split_in_name(&file) };
        // The same file again replaces itself, whatever the others are.
        let again = |old: &Loaded| old.file == file && old.place.kind == kind;
        let mut places: Vec<Option<Place>> =
            self.files.iter().map(|old| (!again(old)).then_some(old.place)).collect();
        places.push(Some(place));
        let roles = assign(&places).map_err(|message| Error::data(&file, message))?;
        let role = roles.last().copied().flatten().ok_or_else(|| Error::internal("no role"))?;

        let mut assigned = roles.into_iter();
        self.files.retain_mut(|old| match assigned.next().flatten() {
            Some(role) => {
                old.role = role;
                true
            }
            None => false,
        });
        self.files.push(Loaded { file, place, role, content });
        Ok(FileReport { role, items })
    }

    /// Adds a whole file at once.
    ///
    /// # Errors
    /// As [`Self::push`] and [`Self::end`].
    pub fn add_file(&mut self, file: impl Into<String>, bytes: &[u8]) -> Result<FileReport> {
        self.begin(file);
        self.push(bytes)?;
        self.end()
    }

    /// The files still to come.
    pub fn missing(&self) -> Vec<Role> {
        Role::ALL.into_iter().filter(|&role| self.get(role).is_none()).collect()
    }

    fn get(&self, role: Role) -> Option<&Loaded> {
        self.files.iter().find(|file| file.role == role)
    }

    /// The data set. On success the loader is empty again; on failure it keeps its files, so that
    /// the wrong one can be replaced.
    ///
    /// # Errors
    /// [`Error::Data`] if a file is missing, images and labels differ in number, or training and
    /// test images differ in size.
    pub fn finish(&mut self) -> Result<Dataset> {
        let [Some(train_images), Some(train_labels), Some(test_images), Some(test_labels)] =
            Role::ALL.map(|role| self.get(role))
        else {
            let missing: Vec<&str> = self.missing().into_iter().map(Role::as_str).collect();
            let message = format!("expected four files, still missing: {}", missing.join(", "));
            return Err(Error::data(ALL_FILES, message));
        };
        check_counts(train_images, train_labels)?;
        check_counts(test_images, test_labels)?;
        let IdxHeader { rows, cols, .. } = train_images.content.header;
        let test = test_images.content.header;
        if (test.rows, test.cols) != (rows, cols) {
            let message = format!(
                "expected test images of {rows}x{cols} like those in {}, found {}x{}; give files \
                 of one data set",
                train_images.file, test.rows, test.cols
            );
            return Err(Error::data(&test_images.file, message));
        }
        let name = self.name.clone().unwrap_or_else(|| {
            let counts = [train_images, test_images].map(|file| grouped(file.place.items));
            format!("IDX files, {} + {} images", counts[0], counts[1])
        });
        let [train, test] = [SplitName::Train, SplitName::Test].map(|split| Split {
            images: self.take(Role::new(split, IdxKind::Images)),
            labels: self.take(Role::new(split, IdxKind::Labels)),
        });
        Dataset::new(name, rows, cols, 1, self.classes, train, test)
    }

    fn take(&mut self, role: Role) -> Vec<u8> {
        let at = self.files.iter().position(|file| file.role == role);
        at.map(|i| self.files.swap_remove(i).content.data).unwrap_or_default()
    }
}

fn no_file() -> Error {
    Error::internal("bytes of an IDX file came before a file was begun, or after it was refused")
}

fn check_counts(images: &Loaded, labels: &Loaded) -> Result<()> {
    if images.place.items == labels.place.items {
        return Ok(());
    }
    let message = format!(
        "expected {} labels, one for each image in {}, found {}; give images and labels of the \
         same data set",
        grouped(images.place.items),
        images.file,
        grouped(labels.place.items)
    );
    Err(Error::data(&labels.file, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images(items: u8, side: u8) -> Vec<u8> {
        let mut bytes = vec![0, 0, 8, 3, 0, 0, 0, items, 0, 0, 0, side, 0, 0, 0, side];
        bytes.resize(16 + usize::from(items) * usize::from(side) * usize::from(side), items);
        bytes
    }

    fn labels(items: u8) -> Vec<u8> {
        let mut bytes = vec![0, 0, 8, 1, 0, 0, 0, items];
        bytes.extend((0..items).map(|i| i % 10));
        bytes
    }

    fn loader(files: &[(&str, Vec<u8>)]) -> IdxLoader {
        let mut loader = IdxLoader::new();
        for (name, bytes) in files {
            loader.add_file(*name, bytes).unwrap();
        }
        loader
    }

    fn toy() -> [(&'static str, Vec<u8>); 4] {
        [
            ("t10k-labels", labels(2)),
            ("train-images", images(5, 3)),
            ("t10k-images", images(2, 3)),
            ("train-labels", labels(5)),
        ]
    }

    #[test]
    fn four_files_in_any_order_make_a_data_set() {
        let mut files = toy();
        for _ in 0..4 {
            files.rotate_left(1);
            let mut loader = loader(&files);
            assert_eq!(loader.missing(), []);
            let set = loader.finish().unwrap();
            assert_eq!(set.name, "IDX files, 5 + 2 images");
            assert_eq!((set.rows, set.cols, set.channels, set.classes), (3, 3, 1, 10));
            assert_eq!(set.train, Split { images: vec![5; 45], labels: vec![0, 1, 2, 3, 4] });
            assert_eq!(set.test, Split { images: vec![2; 18], labels: vec![0, 1] });
            assert_eq!(loader.missing(), Role::ALL);
        }
    }

    #[test]
    fn unnamed_files_are_placed_again_when_others_come() {
        let mut loader = IdxLoader::new().with_name("mine");
        let report = loader.add_file("a", &images(2, 3)).unwrap();
        assert_eq!(report, FileReport { role: Role::TrainImages, items: 2 });
        let report = loader.add_file("b", &images(5, 3)).unwrap();
        assert_eq!(report, FileReport { role: Role::TrainImages, items: 5 });
        assert_eq!(loader.missing(), [Role::TrainLabels, Role::TestLabels]);
        loader.add_file("c", &labels(5)).unwrap();
        loader.add_file("d", &labels(2)).unwrap();
        let set = loader.finish().unwrap();
        assert_eq!((set.name.as_str(), set.train.len(), set.test.len()), ("mine", 5, 2));
    }

    #[test]
    fn a_failing_file_leaves_the_others_loaded() {
        let mut loader = loader(&toy()[..3]);
        let broken = &labels(5)[..12];
        let error = loader.add_file("train-labels", broken).unwrap_err().to_string();
        assert!(error.starts_with("train-labels: the file is cut off"), "{error}");
        assert_eq!(loader.missing(), [Role::TrainLabels]);
        assert!(loader.add_file("train-images", b"<html>").is_err());
        assert_eq!(loader.missing(), [Role::TrainLabels]);
        loader.add_file("train-labels", &labels(5)).unwrap();
        assert!(loader.finish().is_ok());
    }

    #[test]
    fn a_file_given_twice_replaces_the_earlier() {
        let mut loader = loader(&toy());
        loader.add_file("train-images.gz", &images(4, 3)).unwrap();
        let error = loader.finish().unwrap_err().to_string();
        let words = "train-labels: expected 4 labels, one for each image in train-images.gz";
        assert!(error.starts_with(words), "{error}");
        loader.add_file("train-labels", &labels(4)).unwrap();
        assert_eq!(loader.finish().unwrap().train.len(), 4);

        loader.add_file("unnamed", &images(6, 3)).unwrap();
        let report = loader.add_file("unnamed", &images(7, 3)).unwrap();
        assert_eq!(report, FileReport { role: Role::TrainImages, items: 7 });
    }

    #[test]
    fn test_images_of_another_size_are_refused() {
        let mut loader = loader(&toy());
        loader.add_file("t10k-images", &images(2, 4)).unwrap();
        let error = loader.finish().unwrap_err().to_string();
        assert!(error.contains("expected test images of 3x3"), "{error}");
        assert_eq!(loader.missing(), [], "nothing is lost");
    }

    #[test]
    fn missing_files_are_listed() {
        let error = loader(&toy()[..2]).finish().unwrap_err().to_string();
        assert_eq!(
            error,
            "IDX files: expected four files, still missing: train-labels, test-images"
        );
    }

    #[test]
    fn bytes_without_a_file_are_a_defect_of_the_caller() {
        let mut loader = IdxLoader::new();
        assert_eq!(loader.push(&[0]).unwrap_err().code(), "internal");
        assert_eq!(loader.end().unwrap_err().code(), "internal");
    }

    #[test]
    fn begin_drops_a_file_that_was_not_ended() {
        let mut loader = IdxLoader::new();
        loader.begin("train-labels");
        loader.push(&labels(5)[..9]).unwrap();
        assert_eq!(loader.progress().unwrap().items, 1);
        loader.begin("train-labels");
        loader.push(&labels(3)).unwrap();
        assert_eq!(loader.end().unwrap().items, 3);
        assert_eq!(loader.progress(), None);
    }
}
