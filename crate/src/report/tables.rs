//! Tables of an experiment: in the paper's layout, at the end of training, and every number for programs.

use super::format::{Table, as_printed, number, summary};
use super::numbers::{self, Comparison, Numbers, Quantity, Value};
use crate::experiments::preset::{Arm, Metric, Preset, Statistic};

/// Text of a cell without a number.
const NONE: &str = "–";

/// A number that does not come from the paper's own pages.
fn is_notebook(source: &str) -> bool {
    source.contains("notebook")
}

fn value(numbers: &Numbers, arm: &str, (metric, layer): Quantity) -> Option<Value> {
    let arm = numbers.arms.iter().find(|a| a.arm == arm)?;
    arm.values.iter().find(|v| (v.metric, v.layer) == (metric, layer)).cloned()
}

/// Rows and columns as printed; in every column ours, the paper's, and the notebook's where it has its own. The best
/// of ours is bold.
pub fn printed(preset: &Preset, numbers: &Numbers) -> Option<Table> {
    let spec = preset.table.as_ref()?;
    let arm_at =
        |row: &str, column: &str| preset.arms.iter().find(|a| a.cell == Some((row, column)));
    let ours = |arm: &Arm| {
        let value = value(numbers, &arm.id, (spec.metric, None))?;
        if spec.statistic == Statistic::Best { value.best } else { value.last }
    };
    let theirs = |arm: &Arm, notebook: bool| {
        preset.references.iter().find(|r| {
            r.arm == Some(arm.id.as_str())
                && r.metric == spec.metric
                && is_notebook(r.source) == notebook
        })
    };
    let means = preset.arms.iter().filter(|a| a.cell.is_some()).filter_map(ours).map(|s| s.mean);
    let best = means.reduce(if spec.descending { f64::min } else { f64::max });
    let has_notebook = |column: &str| {
        preset
            .arms
            .iter()
            .any(|a| a.cell.is_some_and(|c| c.1 == column) && theirs(a, true).is_some())
    };

    let mut table = Table::new(&[""]);
    for column in &spec.columns {
        table.header.extend([format!("{column}: ours"), "paper".into()]);
        table.header.extend(has_notebook(column).then(|| "notebook".into()));
    }
    for row in &spec.rows {
        let mut cells = vec![(*row).to_string()];
        for column in &spec.columns {
            let arm = arm_at(row, column);
            cells.push(arm.and_then(ours).map_or(NONE.into(), |s| {
                let text = summary(s);
                if Some(s.mean) == best { format!("**{text}**") } else { text }
            }));
            for notebook in [false, true] {
                if !notebook || has_notebook(column) {
                    let reference = arm.and_then(|a| theirs(a, notebook));
                    cells.push(reference.map_or(NONE.into(), |r| as_printed(r.value, r.error)));
                }
            }
        }
        // data that nobody ran and nobody printed
        if cells[1..].iter().any(|cell| cell != NONE) {
            table.rows.push(cells);
        }
    }
    Some(table)
}

/// The table's arms one by one: the statistic it compares, the end, and both kinds of standard error.
pub fn detailed(preset: &Preset, numbers: &Numbers) -> Option<Table> {
    let spec = preset.table.as_ref()?;
    let mut table = Table::new(&["", "n", "best row", "last row", "s.e. (n - 1)", "s.e. (n)"]);
    for arm in &numbers.arms {
        let Some(value) = value(numbers, &arm.arm, (spec.metric, None)) else { continue };
        let chosen = if spec.statistic == Statistic::Best { value.best } else { value.last };
        let (Some(best), Some(last), Some(chosen)) = (value.best, value.last, chosen) else {
            continue;
        };
        let error = |e: Option<f64>| e.map_or(NONE.into(), number);
        table.rows.push(vec![
            arm.label.clone(),
            chosen.n.to_string(),
            summary(best),
            summary(last),
            error(chosen.se),
            error(chosen.se_population),
        ]);
    }
    (!table.rows.is_empty()).then_some(table)
}

/// Every arm at the end of training: a column for each quantity.
pub fn last(preset: &Preset, numbers: &Numbers) -> Table {
    let quantities: Vec<Quantity> = numbers::quantities(preset)
        .into_iter()
        .filter(|q| numbers.arms.iter().any(|a| value(numbers, &a.arm, *q).is_some()))
        .collect();
    let mut table = Table::new(&["at the end"]);
    table.header.extend(quantities.iter().map(|q| numbers::name(preset, *q) + unit(q.0)));
    for arm in numbers.arms.iter().filter(|a| !a.values.is_empty()) {
        let mut cells = vec![arm.label.clone()];
        cells.extend(quantities.iter().map(|q| {
            let last = value(numbers, &arm.arm, *q).and_then(|v| v.last);
            last.map_or(NONE.into(), summary)
        }));
        table.rows.push(cells);
    }
    table
}

/// To stand after a name.
pub fn unit(metric: Metric) -> &'static str {
    match metric {
        Metric::TestError | Metric::TestAccuracy | Metric::SignAgreement => " (%)",
        Metric::Angle => " (degrees)",
        Metric::TestLoss | Metric::RunningLoss | Metric::RelativeError => "",
    }
}

/// Every number that both have.
pub fn beside(preset: &Preset, numbers: &Numbers) -> Option<Table> {
    if numbers.comparisons.is_empty() {
        return None;
    }
    let mut table = Table::new(&["", "arm", "ours", "n", "theirs", "where", "apart"]);
    let mut before = None;
    for c in &numbers.comparisons {
        let quantity = (c.metric, c.layer);
        let name = numbers::name(preset, quantity) + unit(c.metric);
        let first = before != Some(quantity);
        before = Some(quantity);
        let about = if c.approximate { "about " } else { "" };
        table.rows.push(vec![
            if first { name } else { String::new() },
            c.label.clone(),
            summary(c.ours),
            c.ours.n.to_string(),
            format!("{about}{}", as_printed(c.theirs, c.error)),
            c.source.into(),
            apart(c),
        ]);
    }
    Some(table)
}

/// How far two numbers are apart: in standard errors, or else in per cent.
pub fn apart(c: &Comparison) -> String {
    let signed = |text: String| text.replace('-', "−");
    match c.in_errors {
        Some(z) => signed(format!("{z:+.1} s.e.")),
        None if c.theirs != 0.0 => {
            let percent = 100.0 * (c.ours.mean - c.theirs) / c.theirs.abs();
            signed(format!("{percent:+.0} %"))
        }
        None => NONE.into(),
    }
}

/// Every number of the experiment, a line each and a line for each comparison, at full precision.
pub fn everything(preset: &Preset, numbers: &Numbers) -> Table {
    let mut table = Table::new(&[
        "preset",
        "arm",
        "label",
        "metric",
        "layer",
        "statistic",
        "n",
        "mean",
        "se",
        "se_population",
        "reference",
        "reference_se",
        "reference_source",
        "approximate",
        "apart_in_se",
    ]);
    let text = |v: Option<f64>| v.map_or(String::new(), |v| v.to_string());
    for arm in &numbers.arms {
        for v in &arm.values {
            for (name, statistic, summary) in
                [("final", Statistic::Final, v.last), ("best", Statistic::Best, v.best)]
            {
                let Some(s) = summary else { continue };
                let ours = [
                    preset.id.to_string(),
                    arm.arm.clone(),
                    arm.label.clone(),
                    metric_id(v.metric).into(),
                    v.layer.map_or(String::new(), |layer| layer.to_string()),
                    name.into(),
                    s.n.to_string(),
                    s.mean.to_string(),
                    text(s.se),
                    text(s.se_population),
                ];
                let mut lines: Vec<[String; 5]> = numbers
                    .comparisons
                    .iter()
                    .filter(|c| {
                        c.arm == arm.arm
                            && (c.metric, c.layer, c.statistic) == (v.metric, v.layer, statistic)
                    })
                    .map(|c| {
                        let (theirs, source) = (c.theirs.to_string(), c.source.to_string());
                        [
                            theirs,
                            text(c.error),
                            source,
                            c.approximate.to_string(),
                            text(c.in_errors),
                        ]
                    })
                    .collect();
                if lines.is_empty() {
                    lines.push(Default::default());
                }
                table.rows.extend(lines.into_iter().map(|l| [ours.to_vec(), l.to_vec()].concat()));
            }
        }
    }
    table
}

/// A metric's name in files.
fn metric_id(metric: Metric) -> &'static str {
    match metric {
        Metric::TestLoss => "test_loss",
        Metric::RunningLoss => "running_loss",
        Metric::TestError => "test_error",
        Metric::TestAccuracy => "test_accuracy",
        Metric::RelativeError => "relative_error",
        Metric::Angle => "angle",
        Metric::SignAgreement => "sign_agreement",
    }
}
