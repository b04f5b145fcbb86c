//! `credit-lab search`: random search for what the paper leaves open, as its authors did: log-uniform draws, one run
//! each.

use super::job::{Job, Outcome};
use super::run::{self, Shared};
use clap::Args;
use credit_lab::base::rng::philox;
use credit_lab::base::{Error, Result};
use credit_lab::config::{Optimizer, RunConfig, Task};
use credit_lab::experiments::preset::Metric;
use credit_lab::report::runs::Run;
use credit_lab::rules;
use serde_json::{Value, json};

/// Options of `search`.
#[derive(Args)]
pub struct Options {
    /// A preset, as for `run`
    preset: String,
    /// The arm whose settings are searched
    #[arg(long)]
    arm: String,
    /// Draws, one run each
    #[arg(long, default_value_t = 20)]
    trials: u64,
    /// Steps of a run [default: the preset's quick length]
    #[arg(long)]
    steps: Option<u64>,
    /// A setting and its range, e.g. `eta_w=1e-6..1e-3`; may be given several times [default: the authors' ranges of
    /// the rule's own settings: rates 1e-6..1e-3, `c_h` 1e-4..1e-1]
    #[arg(long, value_name = "SETTING=LOW..HIGH", value_parser = range)]
    range: Vec<Range>,
    #[command(flatten)]
    shared: Shared,
}

/// A setting that is drawn log-uniformly.
#[derive(Debug, Clone, PartialEq)]
struct Range {
    name: String,
    low: f64,
    high: f64,
}

fn range(text: &str) -> std::result::Result<Range, String> {
    let parts = text.split_once('=').and_then(|(name, ends)| {
        let (low, high) = ends.split_once("..")?;
        Some(Range { name: name.into(), low: low.parse().ok()?, high: high.parse().ok()? })
    });
    match parts {
        Some(r) if r.low > 0.0 && r.low < r.high && r.high.is_finite() => Ok(r),
        _ => Err("expected SETTING=LOW..HIGH with 0 < LOW < HIGH, e.g. eta_w=1e-6..1e-3".into()),
    }
}

/// The authors' ranges of what a rule has.
fn usual(config: &RunConfig) -> Result<Vec<Range>> {
    let info = rules::find(&config.rule)?.info();
    let set = |name: &str, low, high| Range { name: name.into(), low, high };
    let mut ranges = vec![set("eta_w", 1e-6, 1e-3)];
    if info.learns_feedback && info.regresses {
        ranges.push(set("eta_b", 1e-6, 1e-3));
    }
    if info.perturbs {
        ranges.push(set("c_h", 1e-4, 1e-1));
    }
    if config.optimizer == Optimizer::Adam {
        // Adam's rate is the size of a step, not a factor of the gradient
        ranges[0] = set("eta_w", 1e-5, 1e-2);
    }
    Ok(ranges)
}

/// Draw number `trial` of setting number `setting`: the same whenever it is asked for.
fn draw(range: &Range, trial: u64, setting: usize) -> f64 {
    let [word, ..] = philox([trial as u32, setting as u32, 0, 0], [0x5ea2, 0]);
    let u = (f64::from(word) + 0.5) / 4_294_967_296.0;
    let value = range.low * (range.high / range.low).powf(u);
    // three digits are what anyone would write down
    format!("{value:.2e}").parse().unwrap_or(value)
}

/// The best value of a run, or nothing.
fn best(job: &Job) -> Result<Option<f64>> {
    let errors = job.config.task == Task::Classifier;
    let metric = if errors { Metric::TestError } else { Metric::TestLoss };
    let run = Run::read(&job.file)?;
    let values = run.iter().flat_map(|run| run.series(metric, None));
    Ok(values.map(|(_, value)| value).min_by(f64::total_cmp))
}

/// Runs the command.
pub fn run(options: &Options) -> Result<()> {
    let (preset, data) = options.shared.load(&options.preset)?;
    let arm = run::arm(&preset, &options.arm, "--arm")?;
    let base = run::set(&arm.config, options.shared.changes())?;
    let ranges = if options.range.is_empty() { usual(&base)? } else { options.range.clone() };
    let steps = options.steps.unwrap_or(preset.quick_steps);
    let folder = options.shared.out().join(format!("{}-search", preset.runs));
    let mut jobs = Vec::new();
    let mut draws = Vec::new();
    for trial in 1..=options.trials {
        let drawn: Vec<(String, f64)> =
            ranges.iter().enumerate().map(|(i, r)| (r.name.clone(), draw(r, trial, i))).collect();
        let changes: Vec<String> = drawn.iter().map(|(name, v)| format!("{name}={v:e}")).collect();
        let config = RunConfig { seed: 1, ..run::set(&base, &changes)? };
        let file = folder.join(&arm.id).join(format!("trial-{trial}.jsonl"));
        // rows are ten times as dense as that at first, which here is all the time
        let every = preset.every.min(steps.max(1));
        let run = (config, steps);
        jobs.push(options.shared.job(&preset, &arm.id, run, &data, (file, every))?);
        draws.push(drawn);
    }
    eprintln!("{} draws of {steps} steps of {} on {}", jobs.len(), arm.label, data.name);
    let outcomes = run::work(&jobs, options.shared.workers(), &data)?;
    let mut ranking = Vec::new();
    for ((job, drawn), outcome) in jobs.iter().zip(draws).zip(outcomes) {
        let value = if outcome == Outcome::Finished { best(job)? } else { None };
        ranking.push((value, drawn, job.file.display().to_string()));
    }
    ranking.sort_by(|a, b| a.0.unwrap_or(f64::INFINITY).total_cmp(&b.0.unwrap_or(f64::INFINITY)));
    let what = if base.task == Task::Classifier { "test error, %" } else { "test loss" };
    println!("best {what}  settings");
    for (value, drawn, _) in &ranking {
        let settings: Vec<String> = drawn.iter().map(|(n, v)| format!("{n}={v:e}")).collect();
        let value = value.map_or("diverged".into(), |v| format!("{v:.2}"));
        println!("{value:>12}  {}", settings.join("  "));
    }
    let list: Vec<Value> = ranking
        .into_iter()
        .map(|(value, drawn, file)| {
            let settings: serde_json::Map<String, Value> =
                drawn.into_iter().map(|(name, v)| (name, json!(v))).collect();
            json!({ "best": value, "settings": settings, "run": file })
        })
        .collect();
    let path = folder.join(format!("{}.json", arm.id));
    let text = serde_json::to_string_pretty(&list).map_err(|e| Error::internal(e.to_string()))?;
    std::fs::write(&path, text).map_err(|e| Error::io(path.display().to_string(), &e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_log_uniform_and_repeat() {
        let r = range("eta_w=1e-6..1e-2").unwrap();
        let logs: Vec<f64> = (1..=4000).map(|t| draw(&r, t, 0).log10()).collect();
        let mean = logs.iter().sum::<f64>() / 4000.0;
        // uniform on [-6, -2]: mean -4, its standard error 4 / sqrt(12 * 4000) = 0.018; five allowed
        assert!((mean + 4.0).abs() < 0.09, "{mean}");
        assert!(logs.iter().all(|l| (-6.01..=-1.99).contains(l)));
        assert!((draw(&r, 7, 0) - draw(&r, 7, 0)).abs() < f64::MIN_POSITIVE);
        assert!((draw(&r, 7, 0) - draw(&r, 7, 1)).abs() > 0.0);
    }

    #[test]
    fn ranges_that_mean_nothing_are_refused() {
        for text in ["eta_w", "eta_w=1", "eta_w=2..1", "eta_w=0..1", "eta_w=-1..1", "eta_w=1..inf"]
        {
            assert!(range(text).is_err(), "{text}");
        }
    }
}
