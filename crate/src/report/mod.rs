//! `credit-lab report`: runs of the paper's experiments, merged, drawn and held against the paper's numbers.
//!
//! Folders of run files ([`runs`]) are merged ([`merge`]) and averaged ([`stats`]); [`numbers`] puts the paper's
//! beside ours, [`figures`] and [`chart`] draw, [`tables`], [`statements`] and [`markdown`] write. The same runs give
//! the same bytes: nothing here knows the time or the machine.

pub mod chart;
pub mod figures;
pub mod format;
pub mod markdown;
pub mod merge;
pub mod numbers;
pub mod runs;
pub mod seen;
pub mod statements;
pub mod stats;
pub mod tables;

use crate::base::{Error, Result};
use crate::experiments::preset::Preset;
use chart::{figure, pictures, png};
use format::{count, list};
use merge::Collection;
use numbers::Judged;
use stats::ArmRuns;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What to report.
#[derive(Debug, Clone)]
pub struct Request {
    /// Folders with runs, searched to their bottoms.
    pub folders: Vec<PathBuf>,
    /// Folder for the report, which is `report.md` in it; or, where it ends in `.md`, the report itself, whose figures
    /// and tables go to a folder of that name beside it. Made if it is not there.
    pub out: PathBuf,
    /// Only these experiments; empty for all that have runs.
    pub only: Vec<String>,
    /// Leaves the sections of experiments without runs in `folders` as they are in the report that is there.
    pub keep: bool,
    /// First line of the report.
    pub title: String,
    /// Markdown whose sections `## <preset>` go below the presets' headings.
    pub notes: Option<PathBuf>,
}

/// Pixels of a PNG for each unit of its SVG.
pub const DENSITY: f32 = 2.0;

impl Request {
    /// The report, the folder of its figures, and how it refers to that folder.
    fn places(&self) -> (PathBuf, PathBuf, String) {
        let named = self.out.extension().is_some_and(|e| e == "md");
        match self.out.file_stem().filter(|_| named) {
            Some(stem) => (
                self.out.clone(),
                self.out.with_extension(""),
                format!("{}/", stem.to_string_lossy()),
            ),
            None => (self.out.join("report.md"), self.out.clone(), String::new()),
        }
    }
}

/// Writes `report.md` and, for every experiment with runs, `<preset>.svg`, `.png`, `.csv` and `.json` (and
/// `<preset>-pictures.svg` and `.png` where there are pictures). Returns the files in the order of writing.
///
/// # Errors
/// Runs that cannot be read or do not belong together ([`Collection::read`]); no runs at all; no report of which to
/// keep anything; files that cannot be written.
pub fn write(presets: &[Preset], request: &Request) -> Result<Vec<PathBuf>> {
    let runs = Collection::read(presets, &request.folders)?;
    let notes = match &request.notes {
        Some(path) => markdown::notes(
            &std::fs::read_to_string(path)
                .map_err(|e| Error::io(path.display().to_string(), &e))?,
        ),
        None => BTreeMap::new(),
    };
    let reported = |preset: &&Preset| {
        let wanted = request.only.is_empty() || request.only.iter().any(|id| id == preset.id);
        wanted && preset.arms.iter().any(|arm| !runs.of(preset.runs, &arm.id).is_empty())
    };
    if !presets.iter().any(|preset| reported(&preset)) {
        let folders: Vec<String> =
            request.folders.iter().map(|f| f.display().to_string()).collect();
        return Err(Error::data(
            folders.join(", "),
            "no runs of a known (and wanted) experiment (<preset>/<arm>/seed-<n>.jsonl); `credit-lab run` makes them",
        ));
    }
    let (report, folder, link) = request.places();
    let earlier = match std::fs::read_to_string(&report) {
        Ok(text) if request.keep => markdown::sections(&text),
        Err(e) if request.keep => return Err(Error::io(report.display().to_string(), &e)),
        _ => BTreeMap::new(),
    };
    let mut output = Output { folder: &folder, link, files: Vec::new() };
    std::fs::create_dir_all(&folder).map_err(|e| Error::io(folder.display().to_string(), &e))?;
    let mut text = markdown::opening(&request.title);
    for preset in presets {
        if !reported(&preset) {
            if let Some(section) = earlier.get(&markdown::heading(preset)) {
                text.push('\n');
                text.push_str(section);
            }
            continue;
        }
        let preset = &preset.clone().named_by_width(runs.width(preset.runs).unwrap_or(1.0));
        let arms = numbers::arms(preset, &runs);
        let judged = Judged::of(preset, presets);
        let numbers = numbers::numbers(preset, &arms, &judged);
        let figures = output.figures(preset, &arms, &judged)?;
        output.file(&format!("{}.csv", preset.id), tables::everything(preset, &numbers).csv())?;
        let json =
            serde_json::to_string_pretty(&numbers).map_err(|e| Error::internal(e.to_string()))?;
        output.file(&format!("{}.json", preset.id), json + "\n")?;
        let note = notes.get(preset.id).map(String::as_str);
        let section =
            markdown::Section { preset, arms: &arms, numbers: &numbers, figures: &figures, note };
        text.push('\n');
        text.push_str(&markdown::section(&section));
    }
    if !runs.left_out.is_empty() {
        text.push_str("\n## Files that do not count\n\n");
        let line = |(path, why): &(PathBuf, String)| format!("`{}`: {why}", path.display());
        text.push_str(&list(&runs.left_out.iter().map(line).collect::<Vec<_>>()));
    }
    std::fs::write(&report, text).map_err(|e| Error::io(report.display().to_string(), &e))?;
    output.files.push(report);
    Ok(output.files)
}

struct Output<'a> {
    folder: &'a Path,
    /// Before the names of files, in the report.
    link: String,
    files: Vec<PathBuf>,
}

impl Output<'_> {
    fn file(&mut self, name: &str, content: impl AsRef<[u8]>) -> Result<()> {
        let path = self.folder.join(name);
        std::fs::write(&path, content).map_err(|e| Error::io(path.display().to_string(), &e))?;
        self.files.push(path);
        Ok(())
    }

    fn picture(&mut self, name: &str, svg: &str) -> Result<()> {
        self.file(&format!("{name}.svg"), svg)?;
        self.file(&format!("{name}.png"), png::render(svg, DENSITY)?)
    }

    /// Draws what there is and returns files and what they show.
    fn figures(
        &mut self,
        preset: &Preset,
        arms: &[ArmRuns],
        judged: &Judged,
    ) -> Result<Vec<(String, String)>> {
        let mut figures = Vec::new();
        if let Some(drawn) = figures::figure(preset, arms, judged, subtitle(preset, arms)) {
            self.picture(preset.id, &figure::draw(&drawn))?;
            figures.push((format!("{}{}.svg", self.link, preset.id), drawn.title));
        }
        let methods = seen::methods(arms)?;
        if !methods.is_empty() {
            let name = format!("{}-pictures", preset.id);
            let title = format!("{}: codes and reconstructions", preset.source);
            let what = "B: the two numbers to which each image is compressed, coloured by its digit. \
                        C: images (upper rows) and what the network gives back (lower rows).";
            self.picture(&name, &pictures::draw(&title, what, &methods)?)?;
            figures.push((format!("{}{name}.svg", self.link), title));
        }
        Ok(figures)
    }
}

/// What the curves are, for a figure that stands alone.
fn subtitle(preset: &Preset, arms: &[ArmRuns]) -> String {
    let seeds = || arms.iter().map(|arm| arm.runs.len()).filter(|n| *n > 0);
    let (least, most) = (seeds().min().unwrap_or(0), seeds().max().unwrap_or(0));
    let steps = arms.iter().flat_map(|arm| arm.runs).map(runs::Run::reached).max().unwrap_or(0);
    let full =
        if steps < preset.steps && steps.saturating_mul(100) < preset.steps.saturating_mul(99) {
            format!(" of {}", count(preset.steps))
        } else {
            String::new()
        };
    let of = match (least, most) {
        (1, 1) => "One seed".to_string(),
        (a, b) if a == b => format!("Mean ± s.e. of {a} seeds"),
        (a, b) => format!("Mean ± s.e. of {a} to {b} seeds"),
    };
    let smooth = preset.panels.iter().map(|panel| panel.smooth).max().unwrap_or(1);
    let smoothed =
        if smooth > 1 { format!(", moving average of {smooth} rows") } else { String::new() };
    format!("{of}, {}{full} steps{smoothed}.", count(steps))
}
