//! Run files: `DIR/<preset>/<arm>/seed-<n>.jsonl`, a header, rows of metrics and an ending, one JSON object a line.
//!
//! A run that was killed may end within a line; that line is ignored. Anything else that cannot be read is an error
//! that names file and line: a number that went missing silently would be worse than no report.

use crate::base::{Error, Result};
use crate::experiments::preset::Metric;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// First line of a run file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Version of the format: 1.
    pub credit_lab: u32,
    /// Experiment.
    pub preset: String,
    /// Curve of the experiment.
    pub arm: String,
    /// Seed of the run.
    pub seed: u64,
    /// Steps that were asked for.
    pub steps: u64,
    /// The complete configuration. Kept as data: files of older versions stay readable.
    pub config: Map<String, Value>,
    /// Name of the data set.
    pub data: String,
    /// Training and test samples.
    pub samples: [u64; 2],
    /// Version of the program.
    pub version: String,
    /// Processor.
    pub machine: String,
    /// `cpu`, `gpu` or `auto`.
    pub device: String,
    /// What was typed.
    pub command: String,
    /// Width of convolutional networks, of experiments that have them; 1 is the paper's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<f64>,
}

/// A row of metrics; what was not measured is none.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Row {
    /// Steps done.
    pub step: u64,
    /// Batch of 32, as all losses.
    pub train_loss: Option<f64>,
    /// On the test set.
    pub test_loss: Option<f64>,
    /// Mean over the batches since the last row.
    pub running_loss: Option<f64>,
    /// Per cent, on the test set.
    pub accuracy: Option<f64>,
    /// Degrees, one for each hidden layer.
    pub angle: Vec<Option<f64>>,
    /// One for each hidden layer.
    pub relative_error: Vec<Option<f64>>,
    /// Per cent, one for each hidden layer.
    pub sign_agreement: Vec<Option<f64>>,
    /// Processor seconds spent so far.
    pub seconds: Option<f64>,
}

impl Row {
    /// A metric, where it was measured and is finite.
    pub fn value(&self, metric: Metric, layer: Option<usize>) -> Option<f64> {
        let of_layer = |values: &[Option<f64>]| values.get(layer.unwrap_or(0)).copied().flatten();
        let value = match metric {
            Metric::TestLoss => self.test_loss,
            Metric::RunningLoss => self.running_loss,
            Metric::TestError => self.accuracy.map(|a| 100.0 - a),
            Metric::TestAccuracy => self.accuracy,
            Metric::RelativeError => of_layer(&self.relative_error),
            Metric::Angle => of_layer(&self.angle),
            Metric::SignAgreement => of_layer(&self.sign_agreement),
        };
        value.filter(|v| v.is_finite())
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    /// All steps were done.
    Finished,
    /// A value was no longer finite.
    Diverged {
        /// The trainer's sentence.
        reason: String,
        /// The step.
        step: u64,
    },
    /// It is still running, or was stopped.
    Unfinished,
}

/// A run file.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// The file.
    pub path: PathBuf,
    /// Its first line.
    pub header: Header,
    /// Rows in order of their steps.
    pub rows: Vec<Row>,
    /// Bytes of the file up to the end of each line: the header, then the rows.
    pub ends: Vec<usize>,
    /// Its last line.
    pub ending: Ending,
    /// Processor seconds of the whole run.
    pub seconds: f64,
}

/// The last line of a run that ended.
#[derive(Deserialize)]
struct Last {
    finished: Option<bool>,
    diverged: Option<String>,
    step: Option<u64>,
    seconds: Option<f64>,
}

impl Run {
    /// Reads a run file. None: it was stopped before its header was complete.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Data`] with the number of a line that is not what it should be.
    pub fn read(path: &Path) -> Result<Option<Self>> {
        let bytes = std::fs::read(path).map_err(|e| Error::io(path.display().to_string(), &e))?;
        // a cut may fall within a letter
        Self::parse(path, &String::from_utf8_lossy(&bytes))
    }

    /// Reads the text of a run file; see [`Run::read`].
    ///
    /// # Errors
    /// As [`Run::read`].
    pub fn parse(path: &Path, text: &str) -> Result<Option<Self>> {
        let whole = text.ends_with('\n');
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let mut run: Option<Self> = None;
        let mut end = 0;
        for (i, line) in lines.iter().enumerate() {
            end += line.len();
            let cut = i + 1 == lines.len() && !whole;
            let bad = |message: &str| {
                Error::data(format!("{}, line {}", path.display(), i + 1), message.to_string())
            };
            let value: Value = match serde_json::from_str(line) {
                Ok(value) => value,
                Err(_) if cut => break,
                Err(e) => return Err(bad(&format!("not a JSON object ({e})"))),
            };
            match &mut run {
                None => run = Some(Self::begin(path, value, end).map_err(|e| bad(&e))?),
                Some(run) => run.push(value, end).map_err(|e| bad(&e))?,
            }
        }
        Ok(run)
    }

    fn begin(path: &Path, value: Value, end: usize) -> std::result::Result<Self, String> {
        let header: Header =
            serde_json::from_value(value).map_err(|e| format!("not the header of a run: {e}"))?;
        if header.credit_lab != 1 {
            return Err(format!(
                "format {} of run files is newer than this program, which reads format 1",
                header.credit_lab
            ));
        }
        let (rows, ends, ending) = (Vec::new(), vec![end], Ending::Unfinished);
        Ok(Self { path: path.into(), header, rows, ends, ending, seconds: 0.0 })
    }

    fn push(&mut self, value: Value, end: usize) -> std::result::Result<(), String> {
        if self.ending != Ending::Unfinished {
            return Err("goes on after the end of the run".into());
        }
        let seconds = value.get("seconds").and_then(Value::as_f64);
        if value.get("finished").is_some() || value.get("diverged").is_some() {
            let last: Last =
                serde_json::from_value(value).map_err(|e| format!("not the end of a run: {e}"))?;
            self.ending = match (last.finished, last.diverged) {
                (_, Some(reason)) => {
                    Ending::Diverged { reason, step: last.step.unwrap_or(self.reached()) }
                }
                (Some(true), None) => Ending::Finished,
                _ => return Err("not the end of a run: `finished` is not true".into()),
            };
            self.seconds = last.seconds.unwrap_or(self.seconds);
            return Ok(());
        }
        if value.get("step").and_then(Value::as_u64).is_none() {
            return Err("neither a row of metrics (no `step`) nor the end of a run".into());
        }
        let row: Row =
            serde_json::from_value(value).map_err(|e| format!("not a row of metrics: {e}"))?;
        if let Some(before) = self.rows.last().filter(|before| before.step >= row.step) {
            return Err(format!("step {} comes after step {}", row.step, before.step));
        }
        self.seconds = seconds.unwrap_or(self.seconds);
        self.rows.push(row);
        self.ends.push(end);
        Ok(())
    }

    /// Steps done at the last row.
    pub fn reached(&self) -> u64 {
        self.rows.last().map_or(0, |row| row.step)
    }

    /// The metric of all rows that have it.
    pub fn series(
        &self,
        metric: Metric,
        layer: Option<usize>,
    ) -> impl DoubleEndedIterator<Item = (u64, f64)> + '_ {
        self.rows.iter().filter_map(move |row| Some((row.step, row.value(metric, layer)?)))
    }

    /// The folder's neighbour of this run, e.g. `seed-1.latent.csv`.
    pub fn beside(&self, extension: &str) -> PathBuf {
        self.path.with_extension(extension)
    }
}
