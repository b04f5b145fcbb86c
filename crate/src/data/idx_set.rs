//! [`IdxSet`]: the four IDX files of a data set, in any order, or CSV tables, which hold two each.
//!
//! Each is given a place among the others ([`super::roles`]); counts and sizes are compared across
//! files only at the end, so that a data set can be replaced file by file.

use super::dataset::{Dataset, Split, SplitName};
use super::grouped;
use super::idx::{IdxFile, IdxHeader, IdxKind};
use super::loader::FileReport;
use super::roles::{Place, Role, assign, split_in_name};
use crate::base::{Error, Result};

/// What messages that concern no single file begin with.
const ALL_FILES: &str = "IDX files";

/// At most one file for each role.
#[derive(Default)]
pub(super) struct IdxSet {
    files: Vec<Loaded>,
}

/// A complete file.
struct Loaded {
    file: String,
    place: Place,
    role: Role,
    /// From a CSV table.
    table: bool,
    content: IdxFile,
}

impl IdxSet {
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Keeps what a file holds (a table holds images and labels) in place of what was there for its roles. The report
    /// is of the first.
    ///
    /// # Errors
    /// [`Error::Data`] if its place among the others is not clear; nothing has changed then.
    pub(super) fn add(&mut self, file: &str, contents: Vec<IdxFile>) -> Result<FileReport> {
        let named = split_in_name(file);
        // The same file again replaces itself, whatever the others are.
        let again = |old: &Loaded| {
            old.file == file && contents.iter().any(|new| new.header.kind == old.place.kind)
        };
        let mut places: Vec<Option<Place>> =
            self.files.iter().map(|old| (!again(old)).then_some(old.place)).collect();
        let old = places.len();
        let mut roles = Vec::new();
        for IdxFile { header: IdxHeader { kind, items, .. }, .. } in &contents {
            places.push(Some(Place { kind: *kind, items: *items, named }));
            roles = assign(&places).map_err(|message| Error::data(file, message))?;
            for (place, role) in places.iter_mut().zip(&roles) {
                *place = place.filter(|_| role.is_some());
            }
        }
        let table = contents.len() > 1;
        let new = roles.split_off(old.min(roles.len()));
        let mut assigned = roles.into_iter();
        self.files.retain_mut(|old| match assigned.next().flatten() {
            Some(role) => {
                old.role = role;
                true
            }
            None => false,
        });
        let mut report = Err(Error::internal("no role"));
        for (content, role) in contents.into_iter().zip(new).rev() {
            let role = role.ok_or_else(|| Error::internal("no role"))?;
            let IdxHeader { kind, items, .. } = content.header;
            let place = Place { kind, items, named };
            self.files.push(Loaded { file: file.into(), place, role, table, content });
            report = Ok(FileReport { role, items });
        }
        report
    }

    /// The files still to come.
    pub(super) fn missing(&self) -> Vec<Role> {
        Role::IDX.into_iter().filter(|&role| self.get(role).is_none()).collect()
    }

    fn get(&self, role: Role) -> Option<&Loaded> {
        self.files.iter().find(|file| file.role == role)
    }

    /// The data set. On success this is empty again; on failure it keeps its files, so that the
    /// wrong one can be replaced.
    ///
    /// # Errors
    /// [`Error::Data`] if a file is missing, images and labels differ in number, or training and
    /// test images differ in size.
    pub(super) fn finish(&mut self, classes: usize, name: Option<String>) -> Result<Dataset> {
        let [Some(train_images), Some(train_labels), Some(test_images), Some(test_labels)] =
            Role::IDX.map(|role| self.get(role))
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
        let name = name.unwrap_or_else(|| {
            let counts = [train_images, test_images].map(|file| grouped(file.place.items));
            let kind = if train_images.table || test_images.table { "CSV" } else { "IDX" };
            format!("{kind} files, {} + {} images", counts[0], counts[1])
        });
        let [train, test] = [SplitName::Train, SplitName::Test].map(|split| Split {
            images: self.take(Role::new(split, IdxKind::Images)),
            labels: self.take(Role::new(split, IdxKind::Labels)),
        });
        Dataset::new(name, rows, cols, 1, classes, train, test)
    }

    fn take(&mut self, role: Role) -> Vec<u8> {
        let at = self.files.iter().position(|file| file.role == role);
        at.map(|i| self.files.swap_remove(i).content.data).unwrap_or_default()
    }
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
