//! One run of an experiment: a file of rows that grows, and a snapshot from which a killed run goes on.
//!
//! `DIR/<runs>/<arm>/seed-<n>.jsonl`: a header, a row of metrics at a time, a last line. `seed-<n>.state`: the run as
//! it was at one of the rows; rows after it are dropped and come again when the run goes on.

use super::row::Row;
use super::train::{Choice, measure, place};
use cpu_time::{ProcessTime, ThreadTime};
use credit_lab::base::{Error, Result};
use credit_lab::config::{RunConfig, Task};
use credit_lab::data::{Dataset, SplitName};
use credit_lab::plan::Arithmetic;
use credit_lab::report::runs::{Ending, Header, Run};
use credit_lab::session::Session;
use credit_lab::trainer::Trainer;
use serde_json::{Value, json};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Samples of the training set that gradients are compared on.
const ALIGNED: usize = 512;
/// Samples of the latent plane, as in the authors' figure: 100 batches.
const LATENT: usize = 3200;
/// Pictures with reconstructions.
const PICTURES: usize = 8;
/// Rows are this many times as dense before the tenth row, where curves bend most.
const DENSER: u64 = 10;
/// Snapshots take at most one part in so many of the time.
const SNAPSHOT_SHARE: u32 = 50;

/// A run to do.
pub struct Job {
    /// Its first line.
    pub header: Header,
    /// Its configuration.
    pub config: RunConfig,
    /// Its file.
    pub file: PathBuf,
    /// Steps between rows.
    pub every: u64,
    /// Where it trains.
    pub device: Choice,
    /// Threads of its step.
    pub threads: usize,
    /// Least time between snapshots.
    pub snapshots: Duration,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It did all its steps, now or before.
    Finished,
    /// Something was not finite.
    Diverged(String),
    /// Another process is at it.
    Elsewhere,
}

/// The row after step `step`.
pub fn next_row(step: u64, every: u64, steps: u64) -> u64 {
    let pace = if step < DENSER * every { (every / DENSER).max(1) } else { every };
    ((step / pace + 1) * pace).min(steps)
}

fn io(path: &Path) -> impl Fn(std::io::Error) -> Error + '_ {
    move |e| Error::io(path.display().to_string(), &e)
}

impl Job {
    fn state(&self) -> PathBuf {
        self.file.with_extension("state")
    }

    /// Reads what is there; a last line without its end is what a killed process left, and does not count.
    fn find(&self, file: &mut File) -> Result<Option<Run>> {
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(io(&self.file))?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        Run::parse(&self.file, &text[..whole]).map_err(|e| match e {
            Error::Data { file, message } => Error::data(file, message + "; move the file away"),
            other => other,
        })
    }

    /// Is what is there the beginning of this run?
    fn check(&self, found: &Header) -> Result<()> {
        let own = &self.header;
        // read as a configuration: what a file does not say is neutral
        let config = serde_json::from_value::<RunConfig>(Value::Object(found.config.clone()));
        let same = config.is_ok_and(|config| config == self.config);
        if same && (&found.data, found.samples) == (&own.data, own.samples) {
            return Ok(());
        }
        let what = if same { "on other data" } else { "with other settings" };
        let message = format!("holds a run {what}; choose another --out or move the file away");
        Err(Error::data(self.file.display().to_string(), message))
    }

    /// Runs to its end from wherever it stands. `seen` is told how many steps are done.
    pub fn run(&self, data: &Arc<Dataset>, seen: &mut dyn FnMut(u64)) -> Result<Outcome> {
        if let Some(folder) = self.file.parent() {
            std::fs::create_dir_all(folder).map_err(io(folder))?;
        }
        let mut file = OpenOptions::new()
            .create(true)
            .read(true)
            .write(true)
            .truncate(false)
            .open(&self.file)
            .map_err(io(&self.file))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Outcome::Elsewhere),
            Err(TryLockError::Error(e)) => return Err(io(&self.file)(e)),
        }
        let found = self.find(&mut file)?;
        if let Some(found) = &found {
            self.check(&found.header)?;
            let outcome = match &found.ending {
                Ending::Finished if found.header.steps < self.header.steps => None,
                Ending::Finished => Some(Outcome::Finished),
                Ending::Diverged { reason, .. } => Some(Outcome::Diverged(reason.clone())),
                Ending::Unfinished => None,
            };
            if let Some(outcome) = outcome {
                seen(self.header.steps);
                return Ok(outcome);
            }
        }
        let (mut trainer, seconds) = self.resume(data, &mut file, found)?;
        trainer.set_threads(self.threads)?;
        self.advance(trainer, seconds, &mut file, seen)
    }

    /// The run as it was saved, or from its beginning; the file cut to fit.
    fn resume(
        &self,
        data: &Arc<Dataset>,
        file: &mut File,
        found: Option<Run>,
    ) -> Result<(Trainer, f64)> {
        let saved = found.and_then(|found| {
            let bytes = std::fs::read(self.state()).ok()?;
            // a snapshot cut short, or of another step than any row, is of no use
            let trainer = Trainer::restore(&bytes, data.clone(), Arithmetic::Fast).ok()?;
            let row = found.rows.iter().position(|row| row.step == trainer.step())?;
            Some((trainer, row, found))
        });
        let Some((trainer, row, found)) = saved else {
            file.set_len(0).map_err(io(&self.file))?;
            file.seek(SeekFrom::Start(0)).map_err(io(&self.file))?;
            self.put(file, &json!(self.header))?;
            let trainer = Trainer::new(self.config.clone(), data.clone(), Arithmetic::Fast)?;
            return Ok((trainer, 0.0));
        };
        file.set_len(found.ends[row + 1] as u64).map_err(io(&self.file))?;
        if found.header.steps == self.header.steps {
            file.seek(SeekFrom::End(0)).map_err(io(&self.file))?;
        } else {
            // the run was made longer: the first line says so
            let mut rows = String::new();
            file.seek(SeekFrom::Start(found.ends[0] as u64)).map_err(io(&self.file))?;
            file.read_to_string(&mut rows).map_err(io(&self.file))?;
            file.seek(SeekFrom::Start(0)).map_err(io(&self.file))?;
            file.set_len(0).map_err(io(&self.file))?;
            self.put(file, &json!(self.header))?;
            file.write_all(rows.as_bytes()).map_err(io(&self.file))?;
        }
        Ok((trainer, found.rows[row].seconds.unwrap_or(0.0)))
    }

    fn put(&self, file: &mut File, line: &Value) -> Result<()> {
        file.write_all(format!("{line}\n").as_bytes()).map_err(io(&self.file))
    }

    fn advance(
        &self,
        trainer: Trainer,
        before: f64,
        file: &mut File,
        seen: &mut dyn FnMut(u64),
    ) -> Result<Outcome> {
        let steps = self.header.steps;
        let fresh = trainer.step() == 0;
        let run = Session::new(trainer);
        place(&run, self.device)?;
        // seconds of work, by all threads of the run: several only where it is the process's only run
        let (own, all) = (ThreadTime::now(), ProcessTime::now());
        let worked = || if self.threads > 1 { all.elapsed() } else { own.elapsed() };
        let seconds = || before + worked().as_secs_f64();
        let mut saved = Instant::now();
        let mut pause = self.snapshots;
        let mut begin = Instant::now();
        let mut last = run.step();
        if fresh {
            let metrics = measure(&run, ALIGNED, usize::MAX)?;
            let row = Row::new(&metrics, 0.0, Some(seconds()));
            writeln!(file, "{}", row.line()?).map_err(io(&self.file))?;
        }
        while run.step() < steps {
            seen(run.step());
            let wanted = next_row(run.step(), self.every, steps);
            if let Err(error) = run.train(wanted - run.step()) {
                let Error::Diverged { step, .. } = &error else { return Err(error) };
                self.put(
                    file,
                    &json!({ "diverged": error.to_string(), "step": step, "seconds": seconds() }),
                )?;
                let _ = std::fs::remove_file(self.state());
                seen(steps);
                return Ok(Outcome::Diverged(error.to_string()));
            }
            let metrics = measure(&run, ALIGNED, usize::MAX)?;
            let speed = (run.step() - last) as f64 / begin.elapsed().as_secs_f64();
            (begin, last) = (Instant::now(), run.step());
            let row = Row::new(&metrics, speed, Some(seconds()));
            writeln!(file, "{}", row.line()?).map_err(io(&self.file))?;
            if saved.elapsed() >= pause || run.step() == steps {
                let start = Instant::now();
                self.save(&run)?;
                pause = self.snapshots.max(SNAPSHOT_SHARE * start.elapsed());
                saved = Instant::now();
            }
        }
        if self.config.task == Task::Autoencoder && self.header.seed == 1 {
            self.pictures(&run)?;
        }
        self.put(file, &json!({ "finished": true, "seconds": seconds() }))?;
        seen(steps);
        Ok(Outcome::Finished)
    }

    /// Written beside and moved into place, so that there is always a whole one.
    fn save(&self, run: &Session) -> Result<()> {
        let blob = run.wait(run.current(Trainer::save))?;
        let (state, fresh) = (self.state(), self.file.with_extension("state.new"));
        std::fs::write(&fresh, blob).map_err(io(&fresh))?;
        std::fs::rename(&fresh, &state).map_err(io(&state))
    }

    /// The latent plane of the test set and some reconstructions, for figures.
    fn pictures(&self, run: &Session) -> Result<()> {
        let (code, layers, units) = run.with(|t| {
            let code = t.code_layer();
            (code, t.config().layers(), t.config().sizes[code])
        });
        let (labels, shape) = run.with(|t| {
            let labels: Vec<u8> = t.data().test.labels.iter().take(LATENT).copied().collect();
            (labels, [t.data().rows, t.data().cols])
        });
        if units == 2 {
            let samples: Vec<usize> = (0..labels.len()).collect();
            let points = run.wait(run.activities(SplitName::Test, &samples, code))?;
            let mut text = String::from("label,x,y\n");
            for (label, point) in labels.iter().zip(points.chunks_exact(2)) {
                text.push_str(
                    &[label.to_string(), point[0].to_string(), point[1].to_string()].join(","),
                );
                text.push('\n');
            }
            let path = self.file.with_extension("latent.csv");
            std::fs::write(&path, text).map_err(io(&path))?;
        }
        // the first digit of each of the first classes
        let samples: Vec<usize> =
            (0..PICTURES as u8).filter_map(|c| labels.iter().position(|l| *l == c)).collect();
        let rows = |l: usize| -> Result<Vec<Vec<f32>>> {
            let values = run.wait(run.activities(SplitName::Test, &samples, l))?;
            Ok(values.chunks(values.len() / samples.len().max(1)).map(<[f32]>::to_vec).collect())
        };
        let pictures = json!({
            "rows": shape[0], "cols": shape[1], "inputs": rows(0)?, "outputs": rows(layers)?,
        });
        let path = self.file.with_extension("samples.json");
        std::fs::write(&path, pictures.to_string()).map_err(io(&path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_denser_at_first_and_end_with_the_run() {
        let mut rows = vec![0];
        while rows[rows.len() - 1] < 125 {
            rows.push(next_row(rows[rows.len() - 1], 10, 125));
        }
        assert_eq!(rows[..4], [0, 1, 2, 3]);
        assert_eq!(rows[rows.len() - 4..], [100, 110, 120, 125]);
        assert_eq!(next_row(3, 5, 100), 4, "less than ten steps apart");
    }
}
