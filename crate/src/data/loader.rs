//! [`Loader`]: the files of a data set, in any order, become one [`Dataset`].
//!
//! They are the four IDX files of MNIST and its relatives, CSV tables in place of two of them each, or CIFAR-10's or CIFAR-100's binary files or
//! archive. A file is recognised and decoded as it comes ([`super::file`]) and kept with the others
//! ([`super::idx_set`], [`super::cifar_set`]); one that is refused leaves them as they were.

use super::DIGITS;
use super::cifar_set::CifarSet;
use super::dataset::{Dataset, check_classes};
use super::file::{AnyFile, Family, Whole};
use super::idx::Progress;
use super::idx_set::IdxSet;
use super::roles::Role;
use super::stream::Stream;
use crate::base::{Error, Result};

/// What a loaded file turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileReport {
    /// Its place in the data set; provisional if its name does not tell and others are missing.
    pub role: Role,
    /// Number of images or labels.
    pub items: usize,
}

/// Collects the files of a data set.
///
/// For each file: [`begin`](Self::begin), [`push`](Self::push) as its bytes come,
/// [`end`](Self::end); then [`finish`](Self::finish).
pub struct Loader {
    name: Option<String>,
    classes: usize,
    current: Option<(String, Stream<AnyFile>)>,
    files: Files,
}

/// Files of one data set; those of two do not mix.
enum Files {
    Idx(IdxSet),
    Cifar(Box<CifarSet>),
}

impl Files {
    fn none() -> Self {
        Self::Idx(IdxSet::default())
    }

    /// What the files are, if there are any.
    fn family(&self) -> Option<Family> {
        match self {
            Self::Idx(set) => (!set.is_empty()).then_some(Family::Idx),
            Self::Cifar(set) => Some(Family::Cifar(set.format)),
        }
    }
}

impl Default for Loader {
    fn default() -> Self {
        Self::new()
    }
}

impl Loader {
    /// An empty loader; labels in IDX files are digits, 0 to 9.
    pub fn new() -> Self {
        Self { name: None, classes: DIGITS, current: None, files: Files::none() }
    }

    /// Allows labels `0..classes` instead of ten in the IDX files begun from now on.
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
        let content = AnyFile::new(&file, self.classes, self.files.family());
        self.current = Some((file.clone(), Stream::new(file, content)));
    }

    /// Decodes the begun file's next bytes.
    ///
    /// # Errors
    /// [`Error::Data`] as soon as the file is wrong; it is then dropped.
    pub fn push(&mut self, chunk: &[u8]) -> Result<()> {
        let (_, stream) = self.current.as_mut().ok_or_else(no_file)?;
        let outcome = stream.push(chunk);
        if outcome.is_err() {
            self.current = None;
        }
        outcome
    }

    /// How far the begun file has come.
    pub fn progress(&self) -> Option<Progress> {
        let (_, stream) = self.current.as_ref()?;
        Some(Progress { bytes_in: stream.bytes_in(), ..stream.content.progress() })
    }

    /// Ends the begun file and keeps it, in place of an earlier one of its role.
    ///
    /// # Errors
    /// [`Error::Data`] if the file is incomplete or its place among the others is not clear; it is
    /// then dropped.
    pub fn end(&mut self) -> Result<FileReport> {
        let (file, mut stream) = self.current.take().ok_or_else(no_file)?;
        match (stream.finish()?, &mut self.files) {
            (Whole::Idx(content), Files::Idx(set)) => set.add(&file, vec![content]),
            (Whole::Table(both), Files::Idx(set)) => {
                let FileReport { role, items } = set.add(&file, both.into())?;
                Ok(FileReport { role: Role::of_table(role), items })
            }
            (Whole::Cifar { archive, parts }, files) => {
                let items = parts.iter().map(|(_, batch)| batch.labels.len()).sum();
                let mut role = Role::Archive;
                for (part, batch) in parts {
                    if !archive {
                        role = Role::of_part(part);
                    }
                    if !matches!(files, Files::Cifar(_)) {
                        *files = Files::Cifar(Box::new(CifarSet::new(batch.format)));
                    }
                    if let Files::Cifar(set) = files {
                        set.add(part, batch);
                    }
                }
                Ok(FileReport { role, items })
            }
            // Refused where the file was recognised.
            (Whole::Idx(_) | Whole::Table(_), Files::Cifar(_)) => {
                Err(Error::internal("files of two data sets"))
            }
        }
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

    /// What is still to come; before the first file, the four IDX files.
    pub fn missing(&self) -> Vec<Role> {
        match &self.files {
            Files::Idx(set) => set.missing(),
            Files::Cifar(set) => set.missing(),
        }
    }

    /// The data set. On success the loader is empty again; on failure it keeps its files, so that
    /// the wrong one can be replaced.
    ///
    /// # Errors
    /// [`Error::Data`] if a file is missing, images and labels differ in number, training and test
    /// images differ in size, or they take more memory than there is.
    pub fn finish(&mut self) -> Result<Dataset> {
        let name = self.name.clone();
        let set = match &mut self.files {
            Files::Idx(set) => set.finish(self.classes, name)?,
            Files::Cifar(set) => set.finish(name)?,
        };
        self.files = Files::none();
        Ok(set)
    }
}

fn no_file() -> Error {
    Error::internal("bytes of a data file came before a file was begun, or after it was refused")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Split;

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

    fn loader(files: &[(&str, Vec<u8>)]) -> Loader {
        let mut loader = Loader::new();
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
            assert_eq!(loader.missing(), Role::IDX);
        }
    }

    #[test]
    fn unnamed_files_are_placed_again_when_others_come() {
        let mut loader = Loader::new().with_name("mine");
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
        let mut loader = Loader::new();
        assert_eq!(loader.push(&[0]).unwrap_err().code(), "internal");
        assert_eq!(loader.end().unwrap_err().code(), "internal");
    }

    #[test]
    fn begin_drops_a_file_that_was_not_ended() {
        let mut loader = Loader::new();
        loader.begin("train-labels");
        loader.push(&labels(5)[..9]).unwrap();
        assert_eq!(loader.progress().unwrap().items, 1);
        loader.begin("train-labels");
        loader.push(&labels(3)).unwrap();
        assert_eq!(loader.end().unwrap().items, 3);
        assert_eq!(loader.progress(), None);
    }
}
