//! What the command line reads: data folders and small values.

use credit_lab::base::{Error, Result};
use credit_lab::config::Task;
use credit_lab::data::{Dataset, Loader};
use serde::de::DeserializeOwned;
use std::fmt::Write as _;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The packed digits that `npm run build` makes.
const PACKED: &str = "www/public/data/mnist-10k.bin";

/// Read at once, in bytes: an archive of 160 MB is decoded as it comes.
const PIECE: usize = 1 << 20;

/// A data set as it lies in a folder; each file plain or with `.gz` at its end.
struct Layout {
    name: &'static str,
    /// All of them must be there.
    needed: &'static [&'static str],
    /// At least one of them, if there are any.
    some: &'static [&'static str],
    /// Where else in the folder they may be.
    subfolder: Option<&'static str>,
    /// One file instead of all.
    archives: &'static [&'static str],
}

const LAYOUTS: [Layout; 4] = [
    Layout {
        name: "MNIST and its relatives",
        needed: &[
            "train-images-idx3-ubyte",
            "train-labels-idx1-ubyte",
            "t10k-images-idx3-ubyte",
            "t10k-labels-idx1-ubyte",
        ],
        some: &[],
        subfolder: None,
        archives: &[],
    },
    Layout {
        name: "CSV tables of digits",
        needed: &["mnist_train.csv", "mnist_test.csv"],
        some: &[],
        subfolder: None,
        archives: &[],
    },
    Layout {
        name: "CIFAR-10",
        needed: &["test_batch.bin"],
        some: &[
            "data_batch_1.bin",
            "data_batch_2.bin",
            "data_batch_3.bin",
            "data_batch_4.bin",
            "data_batch_5.bin",
        ],
        subfolder: Some("cifar-10-batches-bin"),
        archives: &["cifar-10-binary.tar.gz", "cifar-10-binary.tar"],
    },
    Layout {
        name: "CIFAR-100",
        needed: &["train.bin", "test.bin"],
        some: &[],
        subfolder: Some("cifar-100-binary"),
        archives: &["cifar-100-binary.tar.gz", "cifar-100-binary.tar"],
    },
];

/// What a folder holds of a data set.
enum Found {
    Nothing,
    /// Some files, but not these.
    Without(Vec<&'static str>),
    All(Vec<PathBuf>),
}

impl Layout {
    /// The set's files: in the folder, else in its subfolder, else in an archive.
    fn find(&self, folder: &Path) -> Found {
        let places = [Some(folder.to_path_buf()), self.subfolder.map(|name| folder.join(name))];
        let mut found = Found::Nothing;
        for place in places.into_iter().flatten() {
            match self.find_files(&place) {
                Found::All(files) => return Found::All(files),
                Found::Without(missing) if matches!(found, Found::Nothing) => {
                    found = Found::Without(missing);
                }
                _ => {}
            }
        }
        let mut archives = self.archives.iter().map(|name| folder.join(name));
        match archives.find(|path| path.is_file()) {
            Some(archive) => Found::All(vec![archive]),
            None => found,
        }
    }

    fn find_files(&self, folder: &Path) -> Found {
        let find = |name: &&str| {
            let names = [(*name).to_string(), format!("{name}.gz")];
            names.map(|name| folder.join(name)).into_iter().find(|path| path.is_file())
        };
        let some: Vec<PathBuf> = self.some.iter().filter_map(find).collect();
        let needed: Vec<Option<PathBuf>> = self.needed.iter().map(find).collect();
        let absent = self.needed.iter().zip(&needed).filter(|(_, path)| path.is_none());
        let mut missing: Vec<&str> = absent.map(|(name, _)| *name).collect();
        if some.is_empty() {
            missing.extend(self.some.first());
        }
        if missing.is_empty() {
            Found::All(needed.into_iter().flatten().chain(some).collect())
        } else if some.is_empty() && needed.iter().all(Option::is_none) {
            Found::Nothing
        } else {
            Found::Without(missing)
        }
    }

    /// `test_batch.bin and at least one of data_batch_1.bin … or cifar-10-binary.tar.gz`.
    fn describe(&self) -> String {
        let mut text = format!("{} ({}", self.name, self.needed.join(", "));
        if let [first, .., last] = self.some {
            let _ = write!(text, " and any of {first} to {last}");
        }
        if let Some(archive) = self.archives.first() {
            let _ = write!(text, "; or {archive}");
        }
        text + ")"
    }
}

/// Reads an enum by its name in configurations.
pub fn named<T: DeserializeOwned>(text: &str) -> std::result::Result<T, String> {
    serde_json::from_value(serde_json::Value::String(text.into()))
        .map_err(|e| e.to_string().replace("unknown variant", "unknown value"))
}

/// Reads a task.
pub fn task(text: &str) -> std::result::Result<Task, String> {
    named(text)
}

/// The data set in a folder or archive, or the packed digits where none is given; without its first `leave_out` training
/// samples.
pub fn data(path: Option<&Path>, leave_out: usize) -> Result<Arc<Dataset>> {
    let mut data = whole(path)?;
    data.leave_out(leave_out)?;
    Ok(Arc::new(data))
}

fn whole(path: Option<&Path>) -> Result<Dataset> {
    let Some(path) = path else {
        let path = Path::new(PACKED);
        if !path.exists() {
            return Err(Error::data(
                PACKED,
                "not found; run `npm run build` once in this folder to make it, or give --data with the folder \
                 of the four MNIST files or of CIFAR's",
            ));
        }
        let bytes = std::fs::read(path).map_err(|e| Error::io(path.display().to_string(), &e))?;
        return Dataset::embedded(&bytes);
    };
    let files = if path.is_file() { vec![path.to_path_buf()] } else { files(path)? };
    let mut loader = Loader::new();
    for file in files {
        load(&mut loader, &file)?;
    }
    loader.finish()
}

/// The files of the one data set in `folder`.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let refuse = |message| Err(Error::data(folder.display().to_string(), message));
    if let Err(e) = std::fs::read_dir(folder) {
        return Err(Error::io(folder.display().to_string(), &e));
    }
    let found = LAYOUTS.map(|layout| (layout.find(folder), layout));
    let whole: Vec<_> = found.iter().filter(|(found, _)| matches!(found, Found::All(_))).collect();
    match &whole[..] {
        [(Found::All(files), _)] => Ok(files.clone()),
        [] => {
            let partly = found.iter().find_map(|(found, layout)| match found {
                Found::Without(missing) => Some((missing, layout)),
                _ => None,
            });
            if let Some((missing, layout)) = partly {
                return refuse(format!(
                    "holds files of {}, but not {}, plain or with .gz at its end",
                    layout.name,
                    missing.join(", ")
                ));
            }
            let wanted: Vec<String> = LAYOUTS.iter().map(Layout::describe).collect();
            refuse(format!(
                "holds no data set; looked for, plain or with .gz at their ends: {}",
                wanted.join("; ")
            ))
        }
        several => {
            let names: Vec<&str> = several.iter().map(|(_, layout)| layout.name).collect();
            refuse(format!(
                "holds several data sets ({}); give a folder with one of them, or the path of an archive",
                names.join(", ")
            ))
        }
    }
}

/// Reads a file piece by piece into the loader.
fn load(loader: &mut Loader, path: &Path) -> Result<()> {
    let name = path.display().to_string();
    let mut file = std::fs::File::open(path).map_err(|e| Error::io(&name, &e))?;
    let mut piece = vec![0; PIECE];
    loader.begin(&name);
    loop {
        let len = file.read(&mut piece).map_err(|e| Error::io(&name, &e))?;
        if len == 0 {
            loader.end()?;
            return Ok(());
        }
        loader.push(&piece[..len])?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder for one test, removed at its end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(test: &str) -> Self {
            let path =
                std::env::temp_dir().join(format!("credit-lab-{test}-{}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn write(&self, name: &str, bytes: &[u8]) {
            let path = self.0.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }

        /// The data set's name, or why there is none.
        fn load(&self, file: &str) -> String {
            match data(Some(&self.0.join(file)), 0) {
                Ok(set) => set.name.clone(),
                Err(error) => error.to_string(),
            }
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn idx(folder: &Folder) {
        for (split, items) in [("train", 2), ("t10k", 1)] {
            let images =
                [&[0, 0, 8, 3, 0, 0, 0, items, 0, 0, 0, 1, 0, 0, 0, 1], &vec![7; items.into()][..]];
            let labels = [&[0, 0, 8, 1, 0, 0, 0, items], &vec![7; items.into()][..]];
            folder.write(&format!("{split}-images-idx3-ubyte"), &images.concat());
            folder.write(&format!("{split}-labels-idx1-ubyte"), &labels.concat());
        }
    }

    #[test]
    fn folders_are_recognised_by_the_names_in_them() {
        let folder = Folder::new("recognise");
        idx(&folder);
        assert_eq!(folder.load(""), "IDX files, 2 + 1 images");

        let folder = Folder::new("cifar-10");
        folder.write("cifar-10-batches-bin/data_batch_4.bin", &[1; 2 * 3073]);
        let error = folder.load("");
        assert!(
            error.ends_with(
                "holds files of CIFAR-10, but not test_batch.bin, plain or with .gz at its end"
            ),
            "{error}"
        );
        folder.write("cifar-10-batches-bin/test_batch.bin", &[1; 3073]);
        assert_eq!(folder.load(""), "CIFAR-10, 2 + 1 images");
        assert_eq!(folder.load("cifar-10-batches-bin"), "CIFAR-10, 2 + 1 images");
        folder.write("cifar-10-batches-bin/test_batch.bin", &[1; 3072]);
        let error = folder.load("");
        assert!(error.contains("test_batch.bin: the file is cut off"), "{error}");

        let folder = Folder::new("cifar-100");
        folder.write("train.bin", &[1; 3 * 3074]);
        folder.write("test.bin", &[1; 3074]);
        assert_eq!(folder.load(""), "CIFAR-100, 3 + 1 images");
        idx(&folder);
        let error = folder.load("");
        assert!(
            error.contains("several data sets (MNIST and its relatives, CIFAR-100)"),
            "{error}"
        );
    }

    #[test]
    fn tables_are_read_in_place_of_idx_files() {
        let folder = Folder::new("tables");
        folder.write("mnist_train.csv", b"label,p0\n1,7\n2,7\n");
        let error = folder.load("");
        assert!(error.contains("CSV tables of digits, but not mnist_test.csv"), "{error}");
        folder.write("mnist_test.csv", b"3,7\n");
        assert_eq!(folder.load(""), "CSV files, 2 + 1 images");
    }

    #[test]
    fn an_archive_is_read_in_its_folder_or_by_its_path() {
        let folder = Folder::new("archive");
        // A damaged archive shows that it was found and read.
        folder.write("cifar-100-binary.tar.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\x03");
        for path in ["", "cifar-100-binary.tar.gz"] {
            let error = folder.load(path);
            assert!(error.contains("cifar-100-binary.tar.gz: the file is cut off"), "{error}");
        }
        // One file of several is recognised, and the others are missed.
        folder.write("a/test_batch.bin", &[1; 3073]);
        let error = folder.load("a/test_batch.bin");
        assert!(error.contains("still missing: training images"), "{error}");
    }

    #[test]
    fn an_empty_folder_is_told_what_was_looked_for() {
        let folder = Folder::new("empty");
        let error = folder.load("");
        for words in [
            "train-images-idx3-ubyte",
            "data_batch_1.bin to data_batch_5.bin",
            "cifar-100-binary.tar.gz",
        ] {
            assert!(error.contains(words), "{error}");
        }
        assert!(matches!(data(Some(&folder.0.join("gone")), 0), Err(Error::Io { .. })));
    }
}
