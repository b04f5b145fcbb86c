//! `credit-lab bench`: steps a second of whole training steps, and the arithmetic peak of one core
//! measured beside them. Ratios within one run are what to compare.

use super::{input, print};
use clap::Args;
use credit_lab::base::{Error, Result};
use credit_lab::config::{Optimizer, Task};
use credit_lab::data::{Dataset, Split};
use credit_lab::experiments::{self, synthetic};
use credit_lab::kernels::lanes;
use credit_lab::plan::Arithmetic;
use credit_lab::trainer::Trainer;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Options of `bench`.
#[derive(Args)]
pub struct Options {
    /// One JSON object a line instead of a table
    #[arg(long)]
    json: bool,
    /// Rounds; the cases take turns, the median counts
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Milliseconds a case in each round
    #[arg(long, default_value_t = 400)]
    millis: u64,
    /// Only the cases whose name contains this
    #[arg(long, default_value = "")]
    case: String,
    /// Threads that share a step's large products; the peak is that of one core all the same
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Folder with the four MNIST files [default: the packed 10,000 digits]
    #[arg(long)]
    data: Option<PathBuf>,
}

/// A network to measure.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Network {
    /// The paper's for digits, plain descent.
    Digits(Task),
    /// The paper's convolutional one, at full width, on noise in the shape of CIFAR-10; Adam.
    Convolutional,
}

/// (name, network, rule, batch) of the measured steps.
const CASES: [(&str, Network, &str, usize); 9] = [
    ("autoencoder-bp-32", Network::Digits(Task::Autoencoder), "bp", 32),
    ("autoencoder-np-32", Network::Digits(Task::Autoencoder), "np", 32),
    ("classifier-np-32", Network::Digits(Task::Classifier), "np", 32),
    ("autoencoder-bp-512", Network::Digits(Task::Autoencoder), "bp", 512),
    ("autoencoder-np-512", Network::Digits(Task::Autoencoder), "np", 512),
    ("cnn-bp-32", Network::Convolutional, "bp", 32),
    ("cnn-np-dfa-32", Network::Convolutional, "np-dfa", 32),
    ("cnn-bp-128", Network::Convolutional, "bp", 128),
    ("cnn-np-dfa-128", Network::Convolutional, "np-dfa", 128),
];
/// Rows, columns and channels of the convolutional network's images.
const IMAGE: [usize; 3] = [32, 32, 3];
/// Its classes.
const CLASSES: usize = 10;

struct Case {
    name: String,
    flops: f64,
    trainer: Trainer,
    /// Steps between two looks at the clock.
    chunk: u64,
    speeds: Vec<f64>,
}

impl Case {
    fn new(
        (name, network, rule, batch): (&str, Network, &str, usize),
        arithmetic: Arithmetic,
        data: &Arc<Dataset>,
        threads: usize,
    ) -> Result<Self> {
        let mut config = match network {
            Network::Digits(task) => experiments::default_config(task, rule, Optimizer::Sgd)?,
            Network::Convolutional => {
                experiments::convolutional::config(rule, Optimizer::Adam, IMAGE, CLASSES, 1.0)
            }
        };
        // small rates, so that no case diverges however long it runs; the work is the same
        (config.batch, config.eta_w, config.eta_b) = (batch, 1e-6, 1e-6);
        // a warm-up's steps are cheaper
        config.warmup = 0;
        let mut trainer = Trainer::new(config, data.clone(), arithmetic)?;
        trainer.set_threads(threads)?;
        // a step of the convolutional network takes as long as hundreds of the others
        let chunk = if network == Network::Convolutional { 1 } else { 8 };
        let kind = if arithmetic == Arithmetic::Fast { "fast" } else { "reproducible" };
        let flops = trainer.flops_per_step() as f64;
        // Warm-up: the first step touches all memory for the first time and wakes the threads, and a round may be one
        // or two steps long.
        trainer.advance(chunk)?;
        Ok(Self { name: format!("{name} {kind}"), flops, trainer, chunk, speeds: Vec::new() })
    }

    fn measure(&mut self, time: Duration) -> Result<()> {
        let (begin, mut steps) = (Instant::now(), 0u64);
        while begin.elapsed() < time {
            self.trainer.advance(self.chunk)?;
            steps += self.chunk;
        }
        self.speeds.push(steps as f64 / begin.elapsed().as_secs_f64());
        Ok(())
    }
}

/// Images without meaning; the time of a step does not depend on it.
fn noise() -> Result<Arc<Dataset>> {
    let [rows, cols, channels] = IMAGE;
    // random samples are single rows of pixels, so an image is `rows` of them
    let lines = synthetic::dataset(cols * channels, CLASSES, 512 * rows)?;
    let images = |mut split: Split| {
        let count = split.labels.len() / rows;
        split.labels.truncate(count);
        split.images.truncate(count * rows * cols * channels);
        split
    };
    let (train, test) = (images(lines.train), images(lines.test));
    Dataset::new("random images", rows, cols, channels, CLASSES, train, test).map(Arc::new)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Runs the command.
pub fn run(options: &Options) -> Result<()> {
    let chosen = || CASES.into_iter().filter(|c| c.0.contains(&options.case));
    // Only what is needed: the digits need a build of the page or a folder.
    let images = |network| matches!(network, Network::Convolutional);
    let wanted = |convolutional| chosen().any(|c| images(c.1) == convolutional);
    let digits = wanted(false).then(|| input::data(options.data.as_deref(), 0)).transpose()?;
    let noise = wanted(true).then(noise).transpose()?;
    let mut cases = Vec::new();
    for case in chosen() {
        let Some(data) = (if images(case.1) { &noise } else { &digits }) else { continue };
        for arithmetic in [Arithmetic::Fast, Arithmetic::Reproducible] {
            cases.push(Case::new(case, arithmetic, data, options.threads)?);
        }
    }
    if cases.is_empty() {
        let names: Vec<&str> = CASES.iter().map(|c| c.0).collect();
        return Err(Error::config("--case", format!("none of {} contains it", names.join(", "))));
    }
    let time = Duration::from_millis(options.millis);
    let mut peaks = [Vec::new(), Vec::new()];
    for _ in 0..options.rounds.max(1) {
        for (peak, arithmetic) in peaks.iter_mut().zip([Arithmetic::Fast, Arithmetic::Reproducible])
        {
            peak.push(peak_gflops(arithmetic));
        }
        for case in &mut cases {
            case.measure(time)?;
        }
    }
    let peaks = peaks.map(|mut p| median(&mut p));
    for (name, peak) in ["fast", "reproducible"].iter().zip(peaks) {
        print(&if options.json {
            json!({ "peak": name, "gflops": peak }).to_string()
        } else {
            format!("peak, {name}: {peak:.1} GFLOP/s")
        })?;
    }
    for case in &mut cases {
        let speed = median(&mut case.speeds);
        let gflops = speed * case.flops / 1e9;
        let share = gflops / if case.name.ends_with("fast") { peaks[0] } else { peaks[1] };
        print(&if options.json {
            json!({ "case": case.name, "steps_per_second": speed, "gflops": gflops, "share": share,
                    "min": case.speeds[0], "max": case.speeds[case.speeds.len() - 1] })
            .to_string()
        } else {
            format!(
                "{:34} {speed:9.1} steps/s {gflops:7.1} GFLOP/s {:5.1} % of peak",
                case.name,
                100.0 * share
            )
        })?;
    }
    Ok(())
}

/// GFLOP/s of independent multiply-adds in registers, nothing else.
fn peak_gflops(arithmetic: Arithmetic) -> f64 {
    let rounds = 4_000_000u64;
    let begin = Instant::now();
    let flops = lanes::dispatch(arithmetic, lanes::Peak { rounds });
    flops as f64 / begin.elapsed().as_secs_f64() / 1e9
}
