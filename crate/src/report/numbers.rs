//! The numbers of an experiment: ours, the paper's, and how far they are apart.

use super::merge::Collection;
use super::runs::{Ending, Run};
use super::stats::{ArmRuns, Summary};
use crate::experiments::preset::{Axis, Metric, Preset, Reference, Statistic};
use serde::Serialize;

/// What is measured: a metric, of a layer.
pub type Quantity = (Metric, Option<usize>);

/// Everything about an experiment that is a number.
#[derive(Debug, Serialize)]
pub struct Numbers {
    /// Experiment.
    pub preset: &'static str,
    /// E.g. `Figure 2`.
    pub source: &'static str,
    /// One for each arm of the experiment, run or not.
    pub arms: Vec<ArmNumbers>,
    /// One for each number of the paper that we have, too.
    pub comparisons: Vec<Comparison>,
    /// Whether arms come in the paper's order.
    pub orders: Vec<Order>,
}

/// An arm.
#[derive(Debug, Serialize)]
pub struct ArmNumbers {
    /// Its id.
    pub arm: String,
    /// Its name.
    pub label: String,
    /// Seeds that were run.
    pub seeds: Vec<u64>,
    /// How far they got, in words.
    pub state: String,
    /// Whether [`ArmNumbers::state`] is less than the experiment.
    pub partial: bool,
    /// Diverged runs: seed, step, reason.
    pub diverged: Vec<(u64, u64, String)>,
    /// Processor seconds of all runs.
    pub seconds: f64,
    /// Measured.
    pub values: Vec<Value>,
}

/// A quantity of an arm.
#[derive(Debug, Clone, Serialize)]
pub struct Value {
    /// What.
    pub metric: Metric,
    /// Hidden layer from 0, for metrics of a layer.
    pub layer: Option<usize>,
    /// At the end.
    #[serde(rename = "final")]
    pub last: Option<Summary>,
    /// The best row of each run.
    pub best: Option<Summary>,
}

/// One of our numbers beside one of theirs.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// Arm.
    pub arm: String,
    /// Its name.
    pub label: String,
    /// What.
    pub metric: Metric,
    /// Hidden layer from 0, for metrics of a layer.
    pub layer: Option<usize>,
    /// How runs became numbers.
    pub statistic: Statistic,
    /// Ours.
    pub ours: Summary,
    /// Theirs.
    pub theirs: f64,
    /// Its standard error.
    pub error: Option<f64>,
    /// Where it is printed.
    pub source: &'static str,
    /// Read off a plot.
    pub approximate: bool,
    /// (ours - theirs) in units of the combined standard error, where both have one.
    pub in_errors: Option<f64>,
}

/// Standard errors within which two numbers agree.
pub const WITHIN: f64 = 2.0;

/// Combined standard error, as a share of their number, up to which being within it says something: beyond, nearly
/// anything would agree.
pub const TELLING: f64 = 0.1;

/// What a comparison says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Within [`WITHIN`] combined standard errors.
    Agrees,
    /// Not.
    Differs,
    /// Within them, but they are so large ([`TELLING`]) that this says nothing.
    Loose,
    /// One of them has no standard error.
    Open,
}

impl Comparison {
    /// What it says.
    pub fn verdict(&self) -> Verdict {
        let combined = self.ours.se.zip(self.error).map_or(0.0, |(a, b)| a.hypot(b));
        match self.in_errors {
            Some(z) if z.abs() > WITHIN => Verdict::Differs,
            Some(_) if combined > TELLING * self.theirs.abs() => Verdict::Loose,
            Some(_) => Verdict::Agrees,
            None => Verdict::Open,
        }
    }
}

/// The order of arms by one quantity, theirs and ours.
#[derive(Debug, Clone, Serialize)]
pub struct Order {
    /// What.
    pub metric: Metric,
    /// Hidden layer from 0, for metrics of a layer.
    pub layer: Option<usize>,
    /// Where their numbers are printed.
    pub source: &'static str,
    /// Pairs of arms whose numbers differ in the source.
    pub pairs: usize,
    /// Those that come the other way round here.
    pub reversed: Vec<Reversal>,
}

/// A pair of arms: theirs has the first below the second, ours the second below the first.
#[derive(Debug, Clone, Serialize)]
pub struct Reversal {
    /// Name and number (theirs, ours).
    pub lower: (String, f64, f64),
    /// Name and number (theirs, ours).
    pub higher: (String, f64, f64),
    /// Our difference in units of its standard error, where there is one.
    pub in_errors: Option<f64>,
}

/// All quantities that an experiment shows or compares, in order of appearance.
pub fn quantities(preset: &Preset) -> Vec<Quantity> {
    let panels = preset.panels.iter().map(|p| (p.metric, p.layer));
    let table = preset.table.iter().map(|t| (t.metric, None));
    let references = preset.references.iter().map(|r| (r.metric, r.layer));
    let mut all: Vec<Quantity> = Vec::new();
    for quantity in panels.chain(table).chain(references) {
        if !all.contains(&quantity) {
            all.push(quantity);
        }
    }
    all
}

/// A quantity's name: the title of its curves.
pub fn name(preset: &Preset, (metric, layer): Quantity) -> String {
    let shows = |p: &&crate::experiments::preset::Panel| (p.metric, p.layer) == (metric, layer);
    let panels = || preset.panels.iter().filter(shows);
    let curves = panels().find(|p| !matches!(p.axis, Axis::Arms { .. }));
    if let Some(panel) = curves {
        return panel.title.into();
    }
    let name = match metric {
        Metric::TestLoss => "Test loss, batch of 32",
        Metric::RunningLoss => "Training loss, batch of 32",
        Metric::TestError => "Test error",
        Metric::TestAccuracy => "Test accuracy",
        Metric::RelativeError => "Relative error",
        Metric::Angle => "Angle",
        Metric::SignAgreement => "Equal signs",
    };
    match layer {
        Some(layer) => format!("{name}, hidden layer {}", layer + 1),
        None => name.into(),
    }
}

/// How metrics are held against the paper's: as the table of an experiment on the same runs does, else at the end.
#[derive(Debug, Clone, Default)]
pub struct Judged(Vec<(Metric, Statistic)>);

impl Judged {
    /// For an experiment among others.
    pub fn of(preset: &Preset, presets: &[Preset]) -> Self {
        let others = presets.iter().filter(|other| other.runs == preset.runs);
        let tables = preset.table.iter().chain(others.filter_map(|other| other.table.as_ref()));
        Self(tables.map(|table| (table.metric, table.statistic)).collect())
    }

    /// A metric's statistic.
    pub fn by(&self, metric: Metric) -> Statistic {
        self.0.iter().find(|(m, _)| *m == metric).map_or(Statistic::Final, |(_, s)| *s)
    }
}

/// The arms of an experiment with their runs.
pub fn arms<'a>(preset: &'a Preset, runs: &'a Collection) -> Vec<ArmRuns<'a>> {
    preset.arms.iter().map(|arm| ArmRuns { arm, runs: runs.of(preset.runs, &arm.id) }).collect()
}

/// Computes everything.
pub fn numbers(preset: &Preset, arms: &[ArmRuns], judged: &Judged) -> Numbers {
    let quantities = quantities(preset);
    let comparisons = compare(preset, arms, judged);
    Numbers {
        preset: preset.id,
        source: preset.source,
        arms: arms.iter().map(|arm| of_arm(preset, arm, &quantities)).collect(),
        orders: orders(&comparisons),
        comparisons,
    }
}

fn of_arm(preset: &Preset, arm: &ArmRuns, quantities: &[Quantity]) -> ArmNumbers {
    let values = quantities.iter().map(|(metric, layer)| Value {
        metric: *metric,
        layer: *layer,
        last: arm.summary(*metric, *layer, Statistic::Final),
        best: arm.summary(*metric, *layer, Statistic::Best),
    });
    let diverged = arm.runs.iter().filter_map(|run| match &run.ending {
        Ending::Diverged { reason, step } => Some((run.header.seed, *step, reason.clone())),
        _ => None,
    });
    let (state, partial) = state(preset, arm.runs);
    ArmNumbers {
        arm: arm.arm.id.clone(),
        label: arm.arm.label.clone(),
        seeds: arm.runs.iter().map(|run| run.header.seed).collect(),
        state,
        partial,
        diverged: diverged.collect(),
        seconds: arm.seconds(),
        values: values.filter(|v| v.last.is_some()).collect(),
    }
}

/// How far runs got: `120,000 of 200,000 steps, 2 of 3 seeds`; and whether that is less than the experiment.
fn state(preset: &Preset, runs: &[Run]) -> (String, bool) {
    use super::format::count;
    if runs.is_empty() {
        return ("not run".into(), true);
    }
    let alive = || runs.iter().filter(|run| !matches!(run.ending, Ending::Diverged { .. }));
    let diverged = runs.len() - alive().count();
    let reached = |run: &Run| match run.ending {
        // a last row may lie before the last step
        Ending::Finished => run.header.steps.max(run.reached()),
        _ => run.reached(),
    };
    let least = alive().map(reached).min();
    let most = alive().map(reached).max();
    let mut parts = Vec::new();
    if let (Some(least), Some(most)) = (least, most) {
        let steps = if least == most {
            count(most)
        } else {
            format!("{} to {}", count(least), count(most))
        };
        let full = if least < preset.steps {
            format!(" of {}", count(preset.steps))
        } else {
            String::new()
        };
        parts.push(format!("{steps}{full} steps"));
    }
    let seeds = runs.len() as u64;
    let word = |n: u64| if n == 1 { "seed" } else { "seeds" };
    parts.push(if seeds < preset.seeds {
        format!("{seeds} of {} {}", preset.seeds, word(preset.seeds))
    } else {
        format!("{seeds} {}", word(seeds))
    });
    if diverged > 0 {
        parts.push(format!("{diverged} diverged"));
    }
    let partial = least.is_none_or(|least| least < preset.steps) || seeds < preset.seeds;
    (parts.join(", "), partial)
}

fn compare(preset: &Preset, arms: &[ArmRuns], judged: &Judged) -> Vec<Comparison> {
    let each = |reference: &Reference| {
        let reference = reference.clone();
        let statistic = judged.by(reference.metric);
        let meant = move |arm: &&ArmRuns| reference.arm.is_none_or(|id| arm.arm.id == id);
        let reference = reference.clone();
        arms.iter().filter(meant).filter_map(move |arm| {
            let ours = arm.summary(reference.metric, reference.layer, statistic)?;
            let combined = ours.se.zip(reference.error).map(|(a, b)| a.hypot(b));
            Some(Comparison {
                arm: arm.arm.id.clone(),
                label: arm.arm.label.clone(),
                metric: reference.metric,
                layer: reference.layer,
                statistic,
                ours,
                theirs: reference.value,
                error: reference.error,
                source: reference.source,
                approximate: reference.approximate,
                in_errors: combined
                    .filter(|error| *error > 0.0)
                    .map(|error| (ours.mean - reference.value) / error),
            })
        })
    };
    let mut all: Vec<Comparison> = preset.references.iter().flat_map(each).collect();
    let order = quantities(preset);
    all.sort_by_key(|c| order.iter().position(|q| *q == (c.metric, c.layer)));
    all
}

fn orders(comparisons: &[Comparison]) -> Vec<Order> {
    let mut orders: Vec<Order> = Vec::new();
    for (i, a) in comparisons.iter().enumerate() {
        let group = |c: &Comparison| (c.metric, c.layer, c.source);
        for b in comparisons[i + 1..].iter().filter(|b| group(b) == group(a) && b.arm != a.arm) {
            if a.theirs == b.theirs {
                continue;
            }
            let at = orders.iter().position(|o| (o.metric, o.layer, o.source) == group(a));
            let at = at.unwrap_or_else(|| {
                let (metric, layer, source) = group(a);
                orders.push(Order { metric, layer, source, pairs: 0, reversed: Vec::new() });
                orders.len() - 1
            });
            let (low, high) = if a.theirs < b.theirs { (a, b) } else { (b, a) };
            orders[at].pairs += 1;
            if low.ours.mean > high.ours.mean {
                let error = low.ours.se.zip(high.ours.se).map(|(a, b)| a.hypot(b));
                orders[at].reversed.push(Reversal {
                    lower: (low.label.clone(), low.theirs, low.ours.mean),
                    higher: (high.label.clone(), high.theirs, high.ours.mean),
                    in_errors: error
                        .filter(|e| *e > 0.0)
                        .map(|e| (low.ours.mean - high.ours.mean) / e),
                });
            }
        }
    }
    orders
}
