//! Numbers of an arm: mean and standard error over its runs.

use super::runs::{Ending, Run};
use crate::experiments::preset::{Arm, Metric, Statistic};
use serde::Serialize;
use std::collections::BTreeMap;

/// Mean over runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Summary {
    /// Runs.
    pub n: usize,
    /// Their mean.
    pub mean: f64,
    /// Standard error, `std / sqrt(n)` with `n - 1` in std; none for a single run.
    pub se: Option<f64>,
    /// The same with `n` in std, as the authors do (discrepancy D16).
    pub se_population: Option<f64>,
}

impl Summary {
    /// Of one value a run; none of none.
    pub fn of(values: &[f64]) -> Option<Self> {
        let n = values.len();
        if n == 0 {
            return None;
        }
        let mean = values.iter().sum::<f64>() / n as f64;
        let squares: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
        let error = |divisor: usize| (squares / divisor as f64 / n as f64).sqrt();
        let several = n > 1;
        Some(Self {
            n,
            mean,
            se: several.then(|| error(n - 1)),
            se_population: several.then(|| error(n)),
        })
    }
}

/// An arm and its runs.
#[derive(Debug)]
pub struct ArmRuns<'a> {
    /// What was to be run.
    pub arm: &'a Arm,
    /// What was run, in order of seeds; may be empty.
    pub runs: &'a [Run],
}

/// A point of a mean curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Steps.
    pub step: u64,
    /// Mean over the runs that have a row here.
    pub mean: f64,
    /// Standard error; 0 for one run.
    pub se: f64,
}

/// Whether small values of a metric are good.
pub fn small_is_good(metric: Metric) -> bool {
    !matches!(metric, Metric::TestAccuracy | Metric::SignAgreement)
}

impl ArmRuns<'_> {
    /// The runs whose ends count: those that finished the most steps; as long as there is none, all that are on
    /// their way. Diverged runs never do.
    pub fn counted(&self) -> Vec<&Run> {
        let finished = |run: &&Run| run.ending == Ending::Finished;
        let most = self.runs.iter().filter(finished).map(Run::reached).max();
        self.runs
            .iter()
            .filter(|run| match most {
                Some(most) => run.ending == Ending::Finished && run.reached() == most,
                None => run.ending == Ending::Unfinished,
            })
            .collect()
    }

    /// A number of the arm.
    pub fn summary(
        &self,
        metric: Metric,
        layer: Option<usize>,
        statistic: Statistic,
    ) -> Option<Summary> {
        let values: Vec<f64> = self
            .counted()
            .into_iter()
            .filter_map(|run| {
                let mut values = run.series(metric, layer).map(|(_, value)| value);
                match statistic {
                    Statistic::Final => values.next_back(),
                    Statistic::Best if small_is_good(metric) => values.reduce(f64::min),
                    Statistic::Best => values.reduce(f64::max),
                }
            })
            .collect();
        Summary::of(&values)
    }

    /// Mean and standard error at every step; each run is first averaged over its last `smooth` rows (fewer at its
    /// beginning). Runs that stopped take part as long as they have rows.
    pub fn curve(&self, metric: Metric, layer: Option<usize>, smooth: usize) -> Vec<Point> {
        let mut at: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
        for run in self.runs {
            let series: Vec<(u64, f64)> = run.series(metric, layer).collect();
            for (i, (step, _)) in series.iter().enumerate() {
                let window = &series[(i + 1).saturating_sub(smooth.max(1))..=i];
                let mean = window.iter().map(|(_, v)| v).sum::<f64>() / window.len() as f64;
                at.entry(*step).or_default().push(mean);
            }
        }
        at.into_iter()
            .filter_map(|(step, values)| {
                let summary = Summary::of(&values)?;
                Some(Point { step, mean: summary.mean, se: summary.se.unwrap_or(0.0) })
            })
            .collect()
    }

    /// Processor seconds of all runs.
    pub fn seconds(&self) -> f64 {
        self.runs.iter().map(|run| run.seconds).sum()
    }
}
