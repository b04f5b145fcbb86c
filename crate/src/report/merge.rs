//! Brings the runs of several folders together: shards of an experiment, seeds that were run twice, and runs that
//! several experiments look at.

use super::runs::{Ending, Run};
use crate::base::{Error, Result};
use crate::experiments::preset::Preset;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Runs by set (see [`Preset::runs`]) and arm, in order of their seeds.
#[derive(Debug, Default)]
pub struct Collection {
    arms: BTreeMap<(String, String), Vec<Run>>,
    /// Files that do not count, and why.
    pub left_out: Vec<(PathBuf, String)>,
}

impl Collection {
    /// Reads every `seed-*.jsonl` below `folders`. A seed that is there twice is the one that got further; runs of
    /// unknown experiments and arms are left out.
    ///
    /// # Errors
    /// A file that cannot be read; two runs of one arm that differ in configuration or data.
    pub fn read(presets: &[Preset], folders: &[PathBuf]) -> Result<Self> {
        let mut files = Vec::new();
        for folder in folders {
            find(folder, &mut files)?;
        }
        files.sort();
        files.dedup();
        let mut all = Self::default();
        for path in files {
            match Run::read(&path)? {
                Some(run) => {
                    if let Some(set) = set_of(presets, &run) {
                        all.add(set, run)?;
                    } else {
                        let h = &run.header;
                        let why = format!("this version has no arm {}/{}", h.preset, h.arm);
                        all.left_out.push((path, why));
                    }
                }
                None => all.left_out.push((path, "stopped before its first line".into())),
            }
        }
        Ok(all)
    }

    /// The runs of an arm.
    pub fn of(&self, set: &str, arm: &str) -> &[Run] {
        self.arms.get(&(set.into(), arm.into())).map_or(&[], Vec::as_slice)
    }

    /// Width at which a set's convolutional networks were run, where its runs say so.
    pub fn width(&self, set: &str) -> Option<f64> {
        let mut runs = self.arms.iter().filter(|((of, _), _)| of == set).flat_map(|(_, runs)| runs);
        runs.find_map(|run| run.header.width)
    }

    fn add(&mut self, set: &str, run: Run) -> Result<()> {
        let key = (set.to_string(), run.header.arm.clone());
        let runs = self.arms.entry(key).or_default();
        if let Some(other) = runs.first() {
            check(other, &run)?;
        }
        let seed = run.header.seed;
        match runs.binary_search_by_key(&seed, |r| r.header.seed) {
            Err(at) => runs.insert(at, run),
            Ok(at) => {
                let mut loser = run;
                if progress(&loser) > progress(&runs[at]) {
                    std::mem::swap(&mut loser, &mut runs[at]);
                }
                let kept = runs[at].path.display();
                let why = format!("seed {seed} got as far or further in {kept}");
                self.left_out.push((loser.path, why));
            }
        }
        Ok(())
    }
}

/// The set that a run belongs to.
fn set_of<'a>(presets: &'a [Preset], run: &Run) -> Option<&'a str> {
    let preset = presets.iter().find(|preset| preset.id == run.header.preset)?;
    let mut sharing = presets.iter().filter(|other| other.runs == preset.runs);
    let known = sharing.any(|other| other.arms.iter().any(|arm| arm.id == run.header.arm));
    known.then_some(preset.runs)
}

fn progress(run: &Run) -> (u64, bool) {
    (run.reached(), run.ending != Ending::Unfinished)
}

/// Runs of one arm may differ in the seed only.
fn check(a: &Run, b: &Run) -> Result<()> {
    let differing = differences(&a.header.config, &b.header.config);
    let what = if differing.is_empty() {
        if a.header.data == b.header.data && a.header.samples == b.header.samples {
            return Ok(());
        }
        "data".into()
    } else {
        differing.join(", ")
    };
    Err(Error::data(
        b.path.display().to_string(),
        format!(
            "and {} are runs of {}/{} that differ in {what}; report them apart",
            a.path.display(),
            a.header.preset,
            a.header.arm
        ),
    ))
}

/// Settings besides the seed in which two configurations differ, as `eta_w (0.1, 0.2)`.
pub fn differences(
    a: &serde_json::Map<String, serde_json::Value>,
    b: &serde_json::Map<String, serde_json::Value>,
) -> Vec<String> {
    let mut keys: Vec<&String> = a.keys().chain(b.keys()).filter(|key| *key != "seed").collect();
    keys.sort();
    keys.dedup();
    let show = |v: Option<&serde_json::Value>| v.map_or("none".into(), ToString::to_string);
    keys.into_iter()
        .filter(|key| !same(a.get(*key), b.get(*key)))
        .map(|key| format!("{key} ({}, {})", show(a.get(key)), show(b.get(key))))
        .collect()
}

/// `1` and `1.0` are one number, a setting that is null is as good as none.
fn same(a: Option<&serde_json::Value>, b: Option<&serde_json::Value>) -> bool {
    let [a, b] = [a, b].map(|v| v.filter(|v| !v.is_null()));
    let [x, y] = [a, b].map(|v| v.and_then(serde_json::Value::as_f64));
    a == b || (x.is_some() && x == y)
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let failed = |e: std::io::Error| Error::io(folder.display().to_string(), &e);
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        if path.is_dir() {
            find(&path, files)?;
        } else if name.starts_with("seed-")
            && path.extension().is_some_and(|extension| extension == "jsonl")
        {
            files.push(path);
        }
    }
    Ok(())
}
