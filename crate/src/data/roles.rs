//! Which file of a data set a file is, and how the four IDX files are told apart.
//!
//! Its magic number tells images from labels. Its name tells training from test data if one of its
//! words starts with `train`, `test` or `t10k`; otherwise the number of items does: images and
//! labels share it, and the larger of two is the training data's. A lone unnamed file counts as
//! training data unless it has 10,000 items, and is judged again when others come. What stays
//! ambiguous is refused: a wrong guess would train on the test set.

use std::collections::BTreeSet;
use std::fmt;

use super::cifar::Part;
use super::dataset::SplitName;
use super::idx::IdxKind;
use super::{Checked, grouped};

/// Items in MNIST's test files, and in those of most of its relatives.
const OFFICIAL_TEST_ITEMS: usize = 10_000;

/// Which file of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// `(n, rows, cols)` bytes to learn from.
    TrainImages,
    /// `(n,)` classes of the training images.
    TrainLabels,
    /// `(n, rows, cols)` bytes to be judged by.
    TestImages,
    /// `(n,)` classes of the test images.
    TestLabels,
    /// A CSV table of labels and images to learn from.
    TrainTable,
    /// A CSV table to be judged by.
    TestTable,
    /// CIFAR's records of images and labels to learn from, all or a batch of them.
    TrainBatch,
    /// CIFAR's records to be judged by.
    TestBatch,
    /// An archive of CIFAR's files.
    Archive,
}

impl Role {
    /// The four IDX files, in the usual order.
    pub const IDX: [Self; 4] =
        [Self::TrainImages, Self::TrainLabels, Self::TestImages, Self::TestLabels];

    pub(super) fn new(split: SplitName, kind: IdxKind) -> Self {
        match (split, kind) {
            (SplitName::Train, IdxKind::Images) => Self::TrainImages,
            (SplitName::Train, IdxKind::Labels) => Self::TrainLabels,
            (SplitName::Test, IdxKind::Images) => Self::TestImages,
            (SplitName::Test, IdxKind::Labels) => Self::TestLabels,
        }
    }

    /// Of a table whose images have this role.
    pub(super) fn of_table(images: Self) -> Self {
        if images == Self::TestImages { Self::TestTable } else { Self::TrainTable }
    }

    pub(super) fn of_part(part: Part) -> Self {
        match part {
            Part::Test => Self::TestBatch,
            Part::Train | Part::Batch(_) => Self::TrainBatch,
        }
    }

    /// `train-images` and so on: the stable name the page receives.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TrainImages => "train-images",
            Self::TrainLabels => "train-labels",
            Self::TestImages => "test-images",
            Self::TestLabels => "test-labels",
            Self::TrainTable => "train-table",
            Self::TestTable => "test-table",
            Self::TrainBatch => "train-batch",
            Self::TestBatch => "test-batch",
            Self::Archive => "archive",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// All that decides which of the four files a file is.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) kind: IdxKind,
    pub(super) items: usize,
    /// What the file's name says.
    pub(super) named: Option<SplitName>,
}

/// The last component of a path or URL.
pub(super) fn file_name(file: &str) -> &str {
    file.rsplit(['/', '\\']).next().unwrap_or(file)
}

/// Where `word` begins in `text`, in any case of letters.
#[inline(never)]
pub(super) fn find_word(text: &str, word: &str) -> Option<usize> {
    let mut parts = text.as_bytes().windows(word.len());
    parts.position(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

/// Whether one of `words` is in `text`, in any case of letters.
pub(super) fn says(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| find_word(text, word).is_some())
}

/// The split a file's name tells: by the words of its last path component, so that neither a
/// folder `tester/` nor `latest-images` counts. Both or none: not told.
pub(super) fn split_in_name(file: &str) -> Option<SplitName> {
    let name = file_name(file).to_ascii_lowercase();
    let has = |starts: &[&str]| {
        let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
        words.any(|word| starts.iter().any(|start| word.starts_with(start)))
    };
    match (has(&["train"]), has(&["test", "t10k"])) {
        (true, false) => Some(SplitName::Train),
        (false, true) => Some(SplitName::Test),
        _ => None,
    }
}

/// The role of each file; the last is new, and `None` marks files it replaces.
pub(super) fn assign(places: &[Option<Place>]) -> Checked<Vec<Option<Role>>> {
    let known: Vec<Place> = places.iter().copied().flatten().collect();
    let mut roles = Vec::with_capacity(places.len());
    for place in places {
        let role = place.map(|p| split_of(p, &known).map(|split| Role::new(split, p.kind)));
        roles.push(role.transpose()?);
    }
    let new = known.last().and_then(|place| place.named).and(roles.last().copied().flatten());
    for i in 0..roles.len().saturating_sub(1) {
        let Some(role) = roles[i] else { continue };
        if Some(role) == new {
            roles[i] = None;
        } else if roles[i + 1..].contains(&Some(role)) {
            return Err(format!(
                "expected the file's name or its number of items to tell whether it is training \
                 or test data, but there is a file for {role} already; put the word train or test \
                 into the names"
            ));
        }
    }
    Ok(roles)
}

/// Training or test, for one of `known` files.
fn split_of(place: Place, known: &[Place]) -> Checked<SplitName> {
    if let Some(split) = place.named {
        return Ok(split);
    }
    let counts = |named: Option<SplitName>| -> BTreeSet<usize> {
        known.iter().filter(|other| other.named == named).map(|other| other.items).collect()
    };
    let (train, test, open) =
        (counts(Some(SplitName::Train)), counts(Some(SplitName::Test)), counts(None));
    match (train.contains(&place.items), test.contains(&place.items)) {
        (true, false) => return Ok(SplitName::Train),
        (false, true) => return Ok(SplitName::Test),
        (true, true) => {
            return Err("expected the file's name to tell training from test data, since both \
                        have as many items; put the word train or test into its name"
                .into());
        }
        (false, false) => {}
    }
    match (train.is_empty(), test.is_empty()) {
        (false, true) => Ok(SplitName::Test),
        (true, false) => Ok(SplitName::Train),
        (true, true) if open.len() <= 2 => Ok(split_by_size(place.items, &open)),
        _ => Err(format!(
            "expected as many items as in the training or the test files given before, found {}; \
             put the word train or test into the file's name, or start again with four files of \
             one data set",
            grouped(place.items)
        )),
    }
}

/// Training or test, among files of at most two different `counts` whose names do not tell.
fn split_by_size(items: usize, counts: &BTreeSet<usize>) -> SplitName {
    let is_test = match counts.len() {
        1 => items == OFFICIAL_TEST_ITEMS,
        _ => counts.first() == Some(&items),
    };
    if is_test { SplitName::Test } else { SplitName::Train }
}

#[cfg(test)]
mod tests {
    use super::*;
    use IdxKind::{Images, Labels};
    use SplitName::{Test, Train};

    fn place(kind: IdxKind, items: usize, named: Option<SplitName>) -> Place {
        Place { kind, items, named }
    }

    fn assign_all(places: &[Place]) -> Checked<Vec<Option<Role>>> {
        let places: Vec<Option<Place>> = places.iter().copied().map(Some).collect();
        assign(&places)
    }

    fn names(places: &[Place]) -> Vec<&'static str> {
        let roles = assign_all(places).unwrap();
        roles.into_iter().map(|role| role.map_or("replaced", Role::as_str)).collect()
    }

    #[test]
    fn names_tell_the_split_by_whole_words() {
        let cases = [
            ("train-images-idx3-ubyte.gz", Some(Train)),
            ("emnist-digits-train-labels-idx1-ubyte", Some(Train)),
            ("training_images", Some(Train)),
            ("t10k-images.idx3-ubyte", Some(Test)),
            ("TEST_labels", Some(Test)),
            ("C:\\tester\\train-images", Some(Train)),
            ("https://host/test/digits", None),
            ("latest-images", None),
            ("restrained", None),
            ("train-test-images", None),
            ("", None),
        ];
        for (file, split) in cases {
            assert_eq!(split_in_name(file), split, "{file}");
        }
    }

    #[test]
    fn a_name_beats_the_count() {
        assert_eq!(names(&[place(Images, 60_000, Some(Test))]), ["test-images"]);
    }

    #[test]
    fn official_counts_tell_unnamed_files() {
        assert_eq!(names(&[place(Labels, 60_000, None)]), ["train-labels"]);
        assert_eq!(names(&[place(Labels, 10_000, None)]), ["test-labels"]);
    }

    #[test]
    fn the_larger_of_two_counts_is_training_in_any_order() {
        let mut places = [
            place(Images, 500, None),
            place(Labels, 2_000, None),
            place(Labels, 500, None),
            place(Images, 2_000, None),
        ];
        let mut expected = ["test-images", "train-labels", "test-labels", "train-images"];
        for _ in 0..4 {
            places.rotate_left(1);
            expected.rotate_left(1);
            assert_eq!(names(&places), expected);
        }
        // Also when the official test size is the larger one.
        let places = [place(Images, 10_000, None), place(Images, 2_000, None)];
        assert_eq!(names(&places), ["train-images", "test-images"]);
    }

    #[test]
    fn unnamed_files_follow_named_ones_of_the_same_count() {
        let train = place(Images, 300, Some(Train));
        assert_eq!(names(&[train, place(Labels, 300, None)])[1], "train-labels");
        assert_eq!(names(&[train, place(Labels, 700, None)])[1], "test-labels");
        let test = place(Images, 700, Some(Test));
        assert_eq!(names(&[test, place(Labels, 300, None)])[1], "train-labels");
    }

    #[test]
    fn a_named_file_replaces_the_one_in_its_place() {
        let old = place(Images, 300, Some(Train));
        let new = place(Images, 400, Some(Train));
        assert_eq!(names(&[old, new]), ["replaced", "train-images"]);
    }

    #[test]
    fn ambiguity_is_refused() {
        let unnamed = place(Images, 300, None);
        assert!(assign_all(&[unnamed, unnamed]).unwrap_err().contains("train-images already"));
        let same_count = [
            place(Images, 300, Some(Train)),
            place(Images, 300, Some(Test)),
            place(Labels, 300, None),
        ];
        assert!(assign_all(&same_count).unwrap_err().contains("both have as many items"));
        let three = [unnamed, place(Images, 400, None), place(Labels, 500, None)];
        assert!(assign_all(&three).unwrap_err().contains("found "));
    }
}
