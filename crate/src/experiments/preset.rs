//! What a preset is: an experiment of the paper as data. Which runs (arms, seeds, steps), what to draw of them
//! (panels, tables) and the paper's numbers to draw beside them. The command line, the report and the page read the
//! same value; none of them knows a particular experiment.

use crate::config::RunConfig;
use serde::Serialize;

/// An experiment of the paper.
#[derive(Debug, Clone, Serialize)]
pub struct Preset {
    /// Name on the command line, in folders and in URLs, e.g. `fig2`.
    pub id: &'static str,
    /// Folder of its runs: experiments that only look at the same runs in another way share one.
    pub runs: &'static str,
    /// What the paper calls it, e.g. `Figure 2`.
    pub source: &'static str,
    /// One line.
    pub title: &'static str,
    /// What to look at, in two or three sentences.
    pub about: &'static str,
    /// Width of its convolutional networks, where it has any; 1 is the paper's.
    pub width: Option<f64>,
    /// The data that it needs.
    pub data: Needs,
    /// The curves.
    pub arms: Vec<Arm>,
    /// Steps of every run in full, as in the paper or the authors' code.
    pub steps: u64,
    /// Steps that show the point in a browser.
    pub quick_steps: u64,
    /// Runs of each arm in the paper.
    pub seeds: u64,
    /// Steps between rows of metrics; the authors' "epoch" is 1,000.
    pub every: u64,
    /// What to draw.
    pub panels: Vec<Panel>,
    /// A table of one number an arm.
    pub table: Option<Table>,
    /// The paper's and the authors' numbers.
    pub references: Vec<Reference>,
}

impl Preset {
    /// The same experiment with the arms named by the width of their convolutional networks, where they have any and
    /// it is not the paper's.
    #[must_use]
    pub fn named_by_width(mut self, width: f64) -> Self {
        if self.width.is_some() && width < 1.0 {
            for arm in &mut self.arms {
                arm.label = format!("{}, width {width}", arm.label);
            }
        }
        self
    }
}

/// Data that an experiment needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Needs {
    /// Handwritten digits: the packed 10,000 do for a look, the full set for numbers.
    Mnist,
    /// Colour images of ten classes; without them digits are used.
    Cifar10,
    /// Colour images of a hundred classes; without them digits are used.
    Cifar100,
    /// Drawn at random from this many inputs and classes; nothing is loaded.
    Synthetic {
        /// Inputs of a sample.
        inputs: usize,
        /// Classes.
        classes: usize,
        /// Training samples.
        samples: usize,
    },
}

/// One curve: a configuration, run from several seeds.
#[derive(Debug, Clone, Serialize)]
pub struct Arm {
    /// Name in folders, e.g. `np-noise`; lower case, digits, dots and hyphens.
    pub id: String,
    /// For legends, e.g. `NP, c = 0.01`.
    pub label: String,
    /// The run; its seed is replaced by 1, 2, ...
    pub config: RunConfig,
    /// Position on the axis of a panel that compares arms, e.g. the noise level.
    pub x: Option<f64>,
    /// Row and column of the preset's table.
    pub cell: Option<(&'static str, &'static str)>,
}

/// A number of a row of metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Noise-free loss of the test set in the paper's unit, a batch of 32.
    TestLoss,
    /// Mean loss of the training batches since the last row, same unit.
    RunningLoss,
    /// `100 - accuracy` on the test set.
    TestError,
    /// Accuracy on the test set, in per cent.
    TestAccuracy,
    /// `||W - B|| / ||W||` of a layer.
    RelativeError,
    /// Degrees between sent and true gradient of a layer, 0 to 180.
    Angle,
    /// Per cent of equal signs in W and B of a layer.
    SignAgreement,
}

/// One chart.
#[derive(Debug, Clone, Serialize)]
pub struct Panel {
    /// The paper's letter.
    pub letter: &'static str,
    /// Above the chart.
    pub title: &'static str,
    /// Up the chart.
    pub metric: Metric,
    /// Hidden layer that has the feedback, from 0, for metrics of a layer.
    pub layer: Option<usize>,
    /// Along the chart.
    pub axis: Axis,
    /// Logarithmic upwards.
    pub log: bool,
    /// A line at a value that means something, e.g. 50 % of signs.
    pub mark: Option<(f64, &'static str)>,
    /// Moving average over so many rows, for drawing only.
    pub smooth: usize,
}

/// What lies along a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Axis {
    /// Training steps; a curve an arm.
    Steps,
    /// Training steps, logarithmic.
    LogSteps,
    /// The arms' `x`, logarithmic; one point an arm, at the end of training.
    Arms {
        /// Name of `x`.
        label: &'static str,
    },
}

/// One number an arm, in rows and columns.
#[derive(Debug, Clone, Serialize)]
pub struct Table {
    /// Above it.
    pub title: &'static str,
    /// The metric.
    pub metric: Metric,
    /// How a run becomes a number.
    pub statistic: Statistic,
    /// Rows from the top.
    pub rows: Vec<&'static str>,
    /// Columns from the left.
    pub columns: Vec<&'static str>,
    /// Smaller is better.
    pub descending: bool,
}

/// How a run becomes a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// The best row of all (the authors' code, discrepancy D17); the last is given beside it.
    Best,
    /// The last row.
    Final,
}

/// A number to compare with.
#[derive(Debug, Clone, Serialize)]
pub struct Reference {
    /// Arm that it belongs to; none: all.
    pub arm: Option<&'static str>,
    /// What it measures.
    pub metric: Metric,
    /// Hidden layer, for metrics of a layer.
    pub layer: Option<usize>,
    /// The number.
    pub value: f64,
    /// Its standard error.
    pub error: Option<f64>,
    /// Where it is printed, e.g. `Table 2a`, `notebook`.
    pub source: &'static str,
    /// Read off a plot.
    pub approximate: bool,
}
