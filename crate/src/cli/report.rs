//! `credit-lab report`: figures, tables and one Markdown file from folders of runs.

use clap::Args;
use credit_lab::base::Result;
use credit_lab::experiments::preset::Preset;
use credit_lab::experiments::presets::{self, Look};
use credit_lab::report::{Request, write};
use std::path::PathBuf;

/// Options of `report`.
#[derive(Args)]
pub struct Options {
    /// Folders that `credit-lab run` wrote; shards of one experiment may be in several
    #[arg(required = true)]
    folders: Vec<PathBuf>,
    /// Folder for `report.md` and its figures; or FILE.md, with figures in a folder FILE beside it
    #[arg(long, default_value = "report")]
    out: PathBuf,
    /// Only these experiments, e.g. fig2,fig4 [default: all that have runs]
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Leave the sections of experiments without runs in these folders as they are in the report that is there
    #[arg(long)]
    keep: bool,
    /// First line of the report
    #[arg(long, default_value = "The paper's experiments, run again")]
    title: String,
    /// Markdown file whose sections `## <preset>` go below the presets' headings
    #[arg(long)]
    notes: Option<PathBuf>,
}

/// Writes the report and prints its files.
pub fn run(options: &Options) -> Result<()> {
    let request = Request {
        folders: options.folders.clone(),
        out: options.out.clone(),
        only: options.only.clone(),
        keep: options.keep,
        title: options.title.clone(),
        notes: options.notes.clone(),
    };
    for file in write(&presets()?, &request)? {
        super::print(&file.display().to_string())?;
    }
    Ok(())
}

/// Every experiment with the arms of all data sets that it may run on.
fn presets() -> Result<Vec<Preset>> {
    let mut all = presets::all(Look::CIFAR10)?;
    for look in [Look::CIFAR100, Look::DIGITS] {
        for (preset, other) in all.iter_mut().zip(presets::all(look)?) {
            for arm in other.arms {
                if preset.arms.iter().all(|known| known.id != arm.id) {
                    preset.arms.push(arm);
                }
            }
        }
    }
    all.iter_mut().for_each(tell_apart);
    Ok(all)
}

/// Names the data set, with which an arm's id begins, in labels that would occur twice.
fn tell_apart(preset: &mut Preset) {
    let labels: Vec<String> = preset.arms.iter().map(|arm| arm.label.clone()).collect();
    for arm in &mut preset.arms {
        let twice = labels.iter().filter(|label| **label == arm.label).count() > 1;
        let data = match arm.id.split('-').next() {
            Some("cifar10") => "CIFAR-10",
            Some("cifar100") => "CIFAR-100",
            _ => "digits",
        };
        if twice {
            arm.label = format!("{}, {data}", arm.label);
        }
    }
}
