//! `credit-lab run`: an experiment of the paper, its runs side by side on all cores.

use super::input;
use super::job::{Job, Outcome};
use super::train::Choice;
use clap::Args;
use credit_lab::base::{Error, Result};
use credit_lab::config::RunConfig;
use credit_lab::data::Dataset;
use credit_lab::experiments::preset::{Arm, Needs, Preset};
use credit_lab::experiments::presets::{self, Look};
use credit_lab::experiments::synthetic;
use credit_lab::report::runs::Header;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Options of `run`.
#[derive(Args)]
pub struct Options {
    /// fig2, fig3, fig4, table1, table2-autoencoder, table2-cifar10, theorem1, theorem2 or corollary1
    preset: String,
    /// Runs of each arm, with seeds 1, 2, ... [default: as many as in the paper]
    #[arg(long)]
    seeds: Option<u64>,
    /// Steps of each run [default: as many as in the paper]
    #[arg(long)]
    steps: Option<u64>,
    /// Only these arms, e.g. np,bp
    #[arg(long, value_delimiter = ',')]
    arms: Vec<String>,
    /// Only every Nth run, beginning with run I (from 0), for job arrays: give every member the same --out
    #[arg(long, value_name = "I/N", value_parser = shard)]
    shard: Option<(usize, usize)>,
    /// List the runs and stop
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    shared: Shared,
}

/// What `run` and `search` have in common.
#[derive(Args)]
pub struct Shared {
    /// Folder for the runs; those that are there already are not run again, or go on
    #[arg(long)]
    out: PathBuf,
    /// Change a setting of every run, e.g. `c_h=0.1`, `sizes=[784,50,2,50,784]`, `init=truncated_normal`
    #[arg(long, value_name = "SETTING=JSON")]
    set: Vec<String>,
    /// Folder with the data: the four MNIST files, or CIFAR's [default: the packed 10,000 digits]
    #[arg(long)]
    data: Option<PathBuf>,
    /// Training samples, the first ones, that are not used; 5000 as in the authors' reader
    #[arg(long, default_value_t = 0)]
    leave_out: usize,
    /// Width of convolutional networks; 1 is the paper's, 13.5 million weights
    #[arg(long, default_value_t = 1.0)]
    width: f64,
    /// Where to train: cpu, gpu or auto
    #[arg(long, value_enum, default_value_t = Choice::Cpu)]
    device: Choice,
    /// Runs at the same time [default: one a core; on a GPU one]
    #[arg(long)]
    jobs: Option<usize>,
    /// Threads that share the large products of a run's step; more than one only with --jobs 1, as runs fill the cores
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Seconds between snapshots, from which a killed run goes on
    #[arg(long, default_value_t = 60)]
    snapshots: u64,
}

impl Shared {
    /// The preset, with its data.
    pub fn load(&self, id: &str) -> Result<(Preset, Arc<Dataset>)> {
        if !(0.01..=2.0).contains(&self.width) {
            return Err(Error::config("--width", "expected a number from 0.01 to 2"));
        }
        if self.threads > 1 && self.workers() > 1 {
            return Err(Error::config("--threads", "runs share the cores; give --jobs 1 too"));
        }
        let needs = presets::find(id, Look::DIGITS)?.data;
        let data = data(needs, self.data.as_deref(), self.leave_out)?;
        let look = Look { width: self.width, ..Look::of(&data) };
        Ok((presets::find(id, look)?, data))
    }

    /// Folder for the runs.
    pub fn out(&self) -> &Path {
        &self.out
    }

    /// Changed settings.
    pub fn changes(&self) -> &[String] {
        &self.set
    }

    /// Runs at the same time.
    pub fn workers(&self) -> usize {
        let natural = if self.device == Choice::Cpu { cores() } else { 1 };
        self.jobs.unwrap_or(natural).max(1)
    }

    /// A run to do.
    pub fn job(
        &self,
        preset: &Preset,
        arm: &str,
        (config, steps): (RunConfig, u64),
        data: &Dataset,
        (file, every): (PathBuf, u64),
    ) -> Result<Job> {
        let settings = serde_json::to_value(&config).ok();
        let settings = settings.and_then(|value| value.as_object().cloned());
        let header = Header {
            credit_lab: 1,
            preset: preset.id.into(),
            arm: arm.into(),
            seed: config.seed,
            steps,
            config: settings.ok_or_else(|| Error::internal("a configuration is no object"))?,
            data: data.name.clone(),
            samples: [data.train.len() as u64, data.test.len() as u64],
            version: env!("CARGO_PKG_VERSION").into(),
            machine: machine(),
            device: format!("{:?}", self.device).to_lowercase(),
            command: command(),
            width: preset.width,
        };
        let snapshots = Duration::from_secs(self.snapshots);
        let (device, threads) = (self.device, self.threads);
        Ok(Job { header, config, file, every, device, threads, snapshots })
    }
}

fn shard(text: &str) -> std::result::Result<(usize, usize), String> {
    let parts = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
    match parts {
        Some((i, n)) if i < n => Ok((i, n)),
        _ => Err("expected I/N with I from 0 to N - 1, e.g. 0/4".into()),
    }
}

/// Applies `setting=json` to a configuration; a word that is no JSON is a string.
pub fn set(config: &RunConfig, changes: &[String]) -> Result<RunConfig> {
    let mut value = serde_json::to_value(config).map_err(|e| Error::internal(e.to_string()))?;
    for change in changes {
        let Some((key, text)) = change.split_once('=') else {
            return Err(Error::config(
                "--set",
                format!("expected SETTING=VALUE, found {change:?}"),
            ));
        };
        value[key] = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.into()));
    }
    let config: RunConfig =
        serde_json::from_value(value).map_err(|e| Error::config("--set", e.to_string()))?;
    config.check()?;
    Ok(config)
}

/// The data that a preset needs.
fn data(needs: Needs, folder: Option<&Path>, leave_out: usize) -> Result<Arc<Dataset>> {
    match needs {
        Needs::Synthetic { inputs, classes, samples } => {
            Ok(Arc::new(synthetic::dataset(inputs, classes, samples)?))
        }
        Needs::Mnist | Needs::Cifar10 | Needs::Cifar100 => input::data(folder, leave_out),
    }
}

/// The arm of this name, which the reader gave with `option`.
pub fn arm<'a>(preset: &'a Preset, id: &str, option: &str) -> Result<&'a Arm> {
    let known: Vec<&str> = preset.arms.iter().map(|arm| arm.id.as_str()).collect();
    let message = format!("{} has no arm `{id}`; it has {}", preset.id, known.join(", "));
    preset.arms.iter().find(|arm| arm.id == id).ok_or_else(|| Error::config(option, message))
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// This machine in a few words.
fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let name = model.map_or(std::env::consts::ARCH, |(_, name)| name);
    format!("{name}, {} cores", cores())
}

fn command() -> String {
    let args: Vec<String> = std::env::args().skip(1).collect();
    format!("credit-lab {}", args.join(" "))
}

impl Options {
    fn jobs(&self, preset: &Preset, data: &Dataset) -> Result<Vec<Job>> {
        for wanted in &self.arms {
            arm(preset, wanted, "--arms")?;
        }
        let steps = self.steps.unwrap_or(preset.steps);
        let mut jobs = Vec::new();
        // seed by seed, so that a set of runs that is cut short holds something of every arm
        for seed in 1..=self.seeds.unwrap_or(preset.seeds) {
            for arm in &preset.arms {
                if !self.arms.is_empty() && !self.arms.contains(&arm.id) {
                    continue;
                }
                let config = RunConfig { seed, ..set(&arm.config, &self.shared.set)? };
                let folder = self.shared.out.join(preset.runs).join(&arm.id);
                let file = folder.join(format!("seed-{seed}.jsonl"));
                let run = (config, steps);
                jobs.push(self.shared.job(preset, &arm.id, run, data, (file, preset.every))?);
            }
        }
        if let Some((i, n)) = self.shard {
            jobs = jobs.into_iter().skip(i).step_by(n).collect();
        }
        Ok(jobs)
    }
}

/// What all workers know of the progress.
struct Progress {
    bar: ProgressBar,
    done: Mutex<Vec<u64>>,
    total: u64,
    began: Instant,
    said: Mutex<Instant>,
}

/// Between lines where there is no terminal to draw a bar on.
const LINES: Duration = Duration::from_secs(60);

impl Progress {
    fn new(jobs: &[Job]) -> Self {
        let total = jobs.iter().map(|j| j.header.steps).sum();
        let bar = ProgressBar::new(total);
        let style = "{bar:30} {percent} %  {msg}  {eta} left";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(500));
        let now = Instant::now();
        Self {
            bar,
            done: Mutex::new(vec![0; jobs.len()]),
            total,
            began: now,
            said: Mutex::new(now),
        }
    }

    fn seen(&self, job: usize, steps: u64, name: &str) {
        let Ok(mut done) = self.done.lock() else { return };
        if done[job] == 0 && steps > 0 {
            // what was there before costs no time: it must not make the rest look fast
            self.bar.reset_eta();
        }
        done[job] = steps;
        let sum: u64 = done.iter().sum();
        self.bar.set_position(sum);
        self.bar.set_message(name.to_string());
        let Ok(mut said) = self.said.lock() else { return };
        if !std::io::stderr().is_terminal() && said.elapsed() >= LINES {
            *said = Instant::now();
            let share = 100.0 * sum as f64 / self.total.max(1) as f64;
            let minutes = self.began.elapsed().as_secs() / 60;
            let left = self.bar.eta().as_secs() / 60;
            eprintln!(
                "{share:.1} % of all steps, at {name}; {minutes} min so far, about {left} min left"
            );
        }
    }
}

/// Does all jobs; the first error stops those that have not begun.
pub fn work(jobs: &[Job], workers: usize, data: &Arc<Dataset>) -> Result<Vec<Outcome>> {
    let progress = Progress::new(jobs);
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<Option<Result<Outcome>>>> =
        Mutex::new((0..jobs.len()).map(|_| None).collect());
    std::thread::scope(|scope| {
        for _ in 0..workers.min(jobs.len()) {
            scope.spawn(|| {
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(i) else { return };
                    let name = format!("{} seed {}", job.header.arm, job.header.seed);
                    let outcome = job.run(data, &mut |steps| progress.seen(i, steps, &name));
                    if let Ok(Outcome::Diverged(why)) = &outcome {
                        progress.bar.suspend(|| eprintln!("{name}: {why}"));
                    }
                    if outcome.is_err() {
                        next.store(jobs.len(), Ordering::Relaxed);
                    }
                    if let Ok(mut results) = results.lock() {
                        results[i] = Some(outcome);
                    }
                }
            });
        }
    });
    progress.bar.finish_and_clear();
    let results = results.into_inner().map_err(|e| Error::internal(e.to_string()))?;
    results.into_iter().flatten().collect()
}

/// Runs the command.
pub fn run(options: &Options) -> Result<()> {
    let (preset, data) = options.shared.load(&options.preset)?;
    let jobs = options.jobs(&preset, &data)?;
    if options.list {
        for job in &jobs {
            println!("{}  {} steps", job.file.display(), job.header.steps);
        }
        return Ok(());
    }
    let workers = options.shared.workers();
    eprintln!(
        "{}: {} runs of {} steps on {}, {workers} at a time",
        preset.source,
        jobs.len(),
        jobs.first().map_or(0, |j| j.header.steps),
        data.name,
    );
    let outcomes = work(&jobs, workers, &data)?;
    let count = |wanted: fn(&Outcome) -> bool| outcomes.iter().filter(|o| wanted(o)).count();
    let finished = count(|o| *o == Outcome::Finished);
    let diverged = count(|o| matches!(o, Outcome::Diverged(_)));
    let elsewhere = count(|o| *o == Outcome::Elsewhere);
    eprintln!("{finished} finished, {diverged} diverged, {elsewhere} left to another process");
    eprintln!("draw them with: credit-lab report {}", options.shared.out.display());
    Ok(())
}
