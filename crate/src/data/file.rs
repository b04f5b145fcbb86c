//! [`AnyFile`]: the content of one file of any kind we read, recognised by what it starts with and
//! what it is called.
//!
//! IDX files have a magic number, archives a checksum in their first header, tables are text. CIFAR's files have
//! none of it: they are what is left, and the name decides first ([`cifar::Name`]). A file of another
//! data set than the ones before it is refused as soon as that shows.

use super::body::Body;
use super::cifar::{self, Batch, Candidates, Format, Part, Records};
use super::idx::{IdxFile, Progress};
use super::roles::{file_name, says};
use super::stream::Content;
use super::table::{Table, is_table};
use super::tar::{self, Entries, Tar};
use super::{Checked, MAX_BYTES, foreign, grouped};

/// The data sets whose files do not mix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Idx,
    Cifar(Format),
}

impl Family {
    fn name(self) -> &'static str {
        match self {
            Self::Idx => "IDX (MNIST) or CSV",
            Self::Cifar(format) => format.name(),
        }
    }
}

/// Refuses a file of another family than those loaded before.
fn check_family(wanted: Option<Family>, found: Family) -> Checked<()> {
    match wanted {
        Some(wanted) if wanted != found => Err(format!(
            "expected another {} file, like those given before, found a {} file: files of two data sets \
             cannot be loaded together; start again with the files of one",
            wanted.name(),
            found.name()
        )),
        _ => Ok(()),
    }
}

/// What a whole file gives.
pub(super) enum Whole {
    Idx(IdxFile),
    /// Images and labels of a CSV file.
    Table([IdxFile; 2]),
    /// A file of records, or all those in an archive.
    Cifar {
        archive: bool,
        parts: Vec<(Part, Batch)>,
    },
}

/// The content of one file being read.
pub(super) struct AnyFile {
    name: cifar::Name,
    /// Says by its name that it is an IDX file.
    called_idx: bool,
    classes: usize,
    wanted: Option<Family>,
    state: State,
}

enum State {
    /// Not recognised yet.
    Start(Vec<u8>),
    Idx(Body),
    Table(Box<Table>),
    Records(Candidates),
    Archive(Box<Archive>),
}

impl AnyFile {
    /// `classes`: of the labels in IDX files; `wanted`: what the files before this one are.
    pub(super) fn new(file: &str, classes: usize, wanted: Option<Family>) -> Self {
        let name = file_name(file);
        let called_idx = says(name, &["idx1", "idx3", "ubyte", "-images", "-labels"]);
        let called_idx = called_idx && !says(name, &["cifar"]);
        let state = State::Start(Vec::new());
        Self { name: cifar::Name::of(file), called_idx, classes, wanted, state }
    }

    /// Whole items so far, and how many there will be; the stored bytes are others' to count.
    pub(super) fn progress(&self) -> Progress {
        let items = match &self.state {
            State::Start(_) => 0,
            State::Idx(body) => return body.progress(),
            State::Table(table) => table.items(),
            State::Records(candidates) => candidates.items(),
            State::Archive(archive) => archive.found.items(),
        };
        Progress { bytes_in: 0, items, total: None }
    }

    /// Decides what the file is, by its first bytes: 4, or else [`foreign::WINDOW`], or all there are.
    fn recognise(&mut self, all: bool) -> Checked<()> {
        let State::Start(start) = &mut self.state else { return Ok(()) };
        let enough = all || start.len() >= foreign::WINDOW;
        // A record of CIFAR-10 may start like an IDX file. One of CIFAR-100 does not: coarse label 0
        // never goes with label 0.
        let idx = matches!(start[..], [0, 0, 8, 1 | 3, ..]);
        let idx = idx && self.name.format != Some(Format::Cifar10);
        if self.called_idx || idx || all && start.len() < 4 {
            let start = std::mem::take(start);
            let mut body = Body::new();
            body.classes = self.classes;
            body.push(&start)?;
            self.state = State::Idx(body);
            // A file of hardly any bytes is broken before it is of another data set.
            return if start.len() < 4 { Ok(()) } else { check_family(self.wanted, Family::Idx) };
        }
        if !enough {
            return Ok(());
        }
        let start = std::mem::take(start);
        if tar::is_tar(&start) {
            let mut archive = Box::new(Archive::new(self.wanted));
            archive.push(&start)?;
            self.state = State::Archive(archive);
            return Ok(());
        }
        if self.name.format.is_none() && is_table(&start) {
            let mut table = Box::new(Table::new(&start, self.classes));
            table.push(&start)?;
            self.state = State::Table(table);
            // tables hold what IDX files do and go with them
            return check_family(self.wanted, Family::Idx);
        }
        self.state = State::Records(Candidates::new(self.name, &start)?);
        match self.name.format {
            Some(format) => check_family(self.wanted, Family::Cifar(format)),
            None => Ok(()),
        }
    }
}

impl Content for AnyFile {
    type Whole = Whole;

    fn push(&mut self, mut bytes: &[u8]) -> Checked<()> {
        while let State::Start(start) = &mut self.state {
            if bytes.is_empty() {
                return Ok(());
            }
            let due = if start.len() < 4 { 4 } else { foreign::WINDOW };
            let (taken, rest) = bytes.split_at(bytes.len().min(due - start.len()));
            start.extend_from_slice(taken);
            bytes = rest;
            if start.len() >= 4 {
                self.recognise(false)?;
            }
        }
        match &mut self.state {
            State::Start(_) => Ok(()),
            State::Idx(body) => body.push(bytes),
            State::Table(table) => table.push(bytes),
            State::Records(candidates) => candidates.push(bytes),
            State::Archive(archive) => archive.push(bytes),
        }
    }

    fn finish(&mut self) -> Checked<Whole> {
        self.recognise(true)?;
        match &mut self.state {
            State::Start(_) => Err("the file is empty; download it again".into()),
            State::Idx(body) => body.finish().map(Whole::Idx),
            State::Table(table) => table.finish().map(Whole::Table),
            State::Records(candidates) => {
                let (part, batch) = candidates.finish()?;
                check_family(self.wanted, Family::Cifar(batch.format))?;
                Ok(Whole::Cifar { archive: false, parts: vec![(part, batch)] })
            }
            State::Archive(archive) => archive.finish(),
        }
    }
}

/// An archive being read.
struct Archive {
    tar: Tar,
    found: Found,
}

impl Archive {
    fn new(wanted: Option<Family>) -> Self {
        let found = Found { wanted, parts: Vec::new(), current: None, others: Vec::new() };
        Self { tar: Tar::default(), found }
    }

    fn push(&mut self, bytes: &[u8]) -> Checked<()> {
        self.tar.push(bytes, &mut self.found)
    }

    fn finish(&mut self) -> Checked<Whole> {
        self.tar.finish()?;
        let parts = std::mem::take(&mut self.found.parts);
        if parts.is_empty() {
            return Err(self.found.nothing());
        }
        Ok(Whole::Cifar { archive: true, parts })
    }
}

/// What an archive held so far.
struct Found {
    wanted: Option<Family>,
    parts: Vec<(Part, Batch)>,
    /// File being read: its path, and its content if it is one of ours.
    current: Option<(String, Part, Records)>,
    /// The first few files that are none of ours.
    others: Vec<String>,
}

impl Found {
    fn items(&self) -> usize {
        let current = self.current.as_ref().map_or(0, |(.., records)| records.items());
        self.parts.iter().map(|(_, batch)| batch.labels.len()).sum::<usize>() + current
    }

    fn nothing(&self) -> String {
        let found = match &self.others[..] {
            [] => "no file at all".to_string(),
            others => others.join(", "),
        };
        format!(
            "expected {} (CIFAR-10) or {} (CIFAR-100) in the archive, found {found}; take {} or {}, or \
             unpack it and give the files inside it",
            Format::Cifar10.files(),
            Format::Cifar100.files(),
            Format::Cifar10.archive(),
            Format::Cifar100.archive()
        )
    }
}

impl Entries for Found {
    fn begin(&mut self, path: &str, size: usize, regular: bool) -> Checked<()> {
        if says(path, &["cifar-10-batches-py", "cifar-100-python"]) {
            return Err(other_version("Python"));
        }
        if says(path, &["cifar-10-batches-mat", "cifar-100-matlab"]) {
            return Err(other_version("MATLAB"));
        }
        let official = cifar::Name::official(path).filter(|_| regular);
        let Some((format, part)) = official else {
            if regular && self.others.len() < 3 {
                self.others.push(path.to_string());
            }
            return Ok(());
        };
        check_family(self.wanted, Family::Cifar(format))?;
        // The first file decides for the rest of the archive.
        self.wanted = Some(Family::Cifar(format));
        if size == 0 || !size.is_multiple_of(format.record()) || size > MAX_BYTES {
            return Err(format!(
                "{path} in the archive: expected whole records of {} bytes, the archive announces {} bytes; \
                 download it again",
                grouped(format.record()),
                grouped(size)
            ));
        }
        self.current = Some((path.to_string(), part, Records::new(format)));
        Ok(())
    }

    fn data(&mut self, bytes: &[u8]) -> Checked<()> {
        let Some((path, _, records)) = &mut self.current else { return Ok(()) };
        records.push(bytes).map_err(|message| format!("{path} in the archive: {message}"))
    }

    fn end(&mut self) -> Checked<()> {
        let Some((path, part, mut records)) = self.current.take() else { return Ok(()) };
        let batch =
            records.finish().map_err(|message| format!("{path} in the archive: {message}"))?;
        self.parts.push((part, batch));
        Ok(())
    }
}

fn other_version(language: &str) -> String {
    format!(
        "expected the binary version of CIFAR, found its {language} version; take {} or {} from the same page",
        Format::Cifar10.archive(),
        Format::Cifar100.archive()
    )
}
