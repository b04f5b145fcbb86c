//! From an experiment and its runs to charts.

use super::chart::figure::Figure;
use super::chart::panel::{Axis as ChartAxis, Chart, START};
use super::chart::series::{Point, Reference, Series};
use super::chart::style::Style;
use super::numbers::Judged;
use super::stats::ArmRuns;
use crate::experiments::preset::{Arm, Axis, Metric, Panel, Preset};

/// A colour for every arm; arms of one row of a table share it and differ in their dashes.
pub fn styles(arms: &[Arm]) -> Vec<Style> {
    let mut rows: Vec<&str> = Vec::new();
    let mut columns: Vec<&str> = Vec::new();
    let place = |names: &mut Vec<&'static str>, name: &'static str| {
        names.iter().position(|n| *n == name).unwrap_or_else(|| {
            names.push(name);
            names.len() - 1
        })
    };
    if arms.iter().any(|arm| arm.cell.is_none()) {
        return (0..arms.len()).map(Style::nth).collect();
    }
    arms.iter()
        .filter_map(|arm| arm.cell)
        .map(|(row, column)| {
            let row = place(&mut rows, row);
            Style::of(row, place(&mut columns, column))
        })
        .collect()
}

/// The experiment's figure; none if nothing of it was run.
pub fn figure(
    preset: &Preset,
    arms: &[ArmRuns],
    judged: &Judged,
    subtitle: String,
) -> Option<Figure> {
    let styles = styles(&preset.arms);
    let run = |arm: &ArmRuns| arm.runs.iter().any(|run| !run.rows.is_empty());
    let legend: Vec<(Style, String)> = arms
        .iter()
        .zip(&styles)
        .filter(|(arm, _)| run(arm))
        .map(|(arm, style)| (*style, arm.arm.label.clone()))
        .collect();
    if legend.is_empty() || preset.panels.is_empty() {
        return None;
    }
    Some(Figure {
        title: format!("{}: {}", preset.source, preset.title),
        subtitle,
        charts: preset
            .panels
            .iter()
            .map(|panel| chart(preset, panel, judged, (arms, &styles)))
            .collect(),
        legend,
    })
}

fn chart(
    preset: &Preset,
    panel: &Panel,
    judged: &Judged,
    (arms, styles): (&[ArmRuns], &[Style]),
) -> Chart {
    let compares = matches!(panel.axis, Axis::Arms { .. });
    let of_arm = |(arm, style): (&ArmRuns, &Style)| {
        let points: Vec<Point> = if compares {
            let end = judged.by(panel.metric);
            let summary = arm.summary(panel.metric, panel.layer, end);
            let point = arm.arm.x.zip(summary);
            point
                .map(|(x, s)| Point { x, mean: s.mean, se: s.se.unwrap_or(0.0) })
                .into_iter()
                .collect()
        } else {
            let curve = arm.curve(panel.metric, panel.layer, panel.smooth);
            curve.into_iter().map(|p| Point { x: p.step as f64, mean: p.mean, se: p.se }).collect()
        };
        let shown = |p: &Point| !(panel.log && p.mean <= 0.0 || log_x(panel) && p.x <= 0.0);
        let points: Vec<Point> = points.into_iter().filter(shown).collect();
        (!points.is_empty()).then_some(Series { style: *style, points, dots: compares })
    };
    let series: Vec<Series> = arms.iter().zip(styles).filter_map(of_arm).collect();
    let (y, x) = (up(panel, &series), along(panel, arms));
    Chart {
        letter: panel.letter.into(),
        title: panel.title.into(),
        x,
        y,
        references: references(preset, panel, arms, styles),
        series,
        mark: panel.mark.map(|(value, name)| (value, name.to_string())),
    }
}

fn log_x(panel: &Panel) -> bool {
    !matches!(panel.axis, Axis::Steps)
}

/// The paper's numbers for the arms that were run.
fn references(
    preset: &Preset,
    panel: &Panel,
    arms: &[ArmRuns],
    styles: &[Style],
) -> Vec<Reference> {
    let compares = matches!(panel.axis, Axis::Arms { .. });
    let meant =
        preset.references.iter().filter(|r| (r.metric, r.layer) == (panel.metric, panel.layer));
    meant
        .filter(|r| !panel.log || r.value > 0.0)
        .filter_map(|r| {
            let arm = match r.arm {
                Some(id) => Some(arms.iter().position(|arm| arm.arm.id == id)?),
                None => None,
            };
            if arm.is_some_and(|i| arms[i].runs.is_empty()) {
                return None;
            }
            let x = arm.and_then(|i| arms[i].arm.x);
            if compares && arm.is_some() && x.is_none() {
                return None;
            }
            Some(Reference {
                x: x.filter(|_| compares),
                value: r.value,
                error: r.error,
                style: arm.map(|i| styles[i]),
                approximate: r.approximate,
            })
        })
        .collect()
}

fn along(panel: &Panel, arms: &[ArmRuns]) -> ChartAxis {
    let (title, ticks) = match panel.axis {
        Axis::Steps | Axis::LogSteps => ("training steps", Vec::new()),
        Axis::Arms { label } => {
            let mut values: Vec<f64> = arms
                .iter()
                .filter(|arm| !arm.runs.is_empty())
                .filter_map(|arm| arm.arm.x)
                .collect();
            values.sort_by(f64::total_cmp);
            values.dedup();
            (label, values)
        }
    };
    ChartAxis { title: title.into(), log: log_x(panel), lo: None, hi: None, ticks }
}

fn up(panel: &Panel, series: &[Series]) -> ChartAxis {
    let title = match panel.metric {
        Metric::TestLoss => "test loss, batch of 32",
        Metric::RunningLoss => "training loss, batch of 32",
        Metric::TestError => "test error, %",
        Metric::TestAccuracy => "test accuracy, %",
        Metric::RelativeError => "‖W − B‖ / ‖W‖",
        Metric::Angle => "angle, degrees",
        Metric::SignAgreement => "equal signs, %",
    };
    let axis = ChartAxis { title: title.into(), log: panel.log, ..ChartAxis::default() };
    let furthest = series.iter().flat_map(|s| &s.points).map(|p| p.x).fold(0.0, f64::max);
    let late = series.iter().flat_map(|s| &s.points).filter(|p| p.x >= START * furthest);
    let (least, most) = late
        .fold((f64::INFINITY, 0.0_f64), |(least, most), p| (least.min(p.mean), most.max(p.mean)));
    match panel.metric {
        Metric::Angle if !panel.log && most > 30.0 => {
            // a right angle is where descent ends: show where curves are between perfect and useless
            let hi = if most > 95.0 { 180.0 } else { 95.0 };
            let ticks = (0..=180).step_by(if hi > 95.0 { 45 } else { 30 }).map(f64::from).collect();
            ChartAxis { lo: Some(0.0), hi: Some(hi), ticks, ..axis }
        }
        Metric::Angle if !panel.log => ChartAxis { lo: Some(0.0), ..axis },
        // half of the signs agree by chance
        Metric::SignAgreement if !panel.log => {
            ChartAxis { lo: Some(least.min(50.0)), hi: Some(100.0), ..axis }
        }
        _ => axis,
    }
}
