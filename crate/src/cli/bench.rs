//! `credit-lab bench`: steps a second of whole training steps, and the arithmetic peak of one core
//! measured beside them. Ratios within one run are what to compare.

use super::{input, print};
use clap::Args;
use credit_lab::base::{Error, Result};
use credit_lab::config::{Optimizer, Task};
use credit_lab::data::Dataset;
use credit_lab::experiments;
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
    /// Folder with the four MNIST files [default: the packed 10,000 digits]
    #[arg(long)]
    data: Option<PathBuf>,
}

/// (name, task, rule, batch) of the measured steps.
const CASES: [(&str, Task, &str, usize); 5] = [
    ("autoencoder-bp-32", Task::Autoencoder, "bp", 32),
    ("autoencoder-np-32", Task::Autoencoder, "np", 32),
    ("classifier-np-32", Task::Classifier, "np", 32),
    ("autoencoder-bp-512", Task::Autoencoder, "bp", 512),
    ("autoencoder-np-512", Task::Autoencoder, "np", 512),
];

struct Case {
    name: String,
    flops: f64,
    trainer: Trainer,
    speeds: Vec<f64>,
}

impl Case {
    fn new(
        name: &str,
        task: Task,
        rule: &str,
        batch: usize,
        arithmetic: Arithmetic,
        data: &Arc<Dataset>,
    ) -> Result<Self> {
        let mut config = experiments::default_config(task, rule, Optimizer::Sgd)?;
        // small rates, so that no case diverges however long it runs; the work is the same
        (config.batch, config.eta_w, config.eta_b) = (batch, 1e-6, 1e-6);
        // a warm-up's steps are cheaper
        config.warmup = 0;
        let trainer = Trainer::new(config, data.clone(), arithmetic)?;
        let kind = if arithmetic == Arithmetic::Fast { "fast" } else { "reproducible" };
        let flops = trainer.flops_per_step() as f64;
        Ok(Self { name: format!("{name} {kind}"), flops, trainer, speeds: Vec::new() })
    }

    fn measure(&mut self, time: Duration) -> Result<()> {
        let (begin, mut steps) = (Instant::now(), 0u32);
        while begin.elapsed() < time {
            self.trainer.advance(8)?;
            steps += 8;
        }
        self.speeds.push(f64::from(steps) / begin.elapsed().as_secs_f64());
        Ok(())
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Runs the command.
pub fn run(options: &Options) -> Result<()> {
    let data = input::data(options.data.as_deref())?;
    let mut cases = Vec::new();
    for (name, task, rule, batch) in CASES.into_iter().filter(|c| c.0.contains(&options.case)) {
        for arithmetic in [Arithmetic::Fast, Arithmetic::Reproducible] {
            cases.push(Case::new(name, task, rule, batch, arithmetic, &data)?);
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
