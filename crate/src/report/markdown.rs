//! The report as one Markdown file.

use super::format::{Table, count, list};
use super::numbers::Numbers;
use super::statements::statements;
use super::stats::ArmRuns;
use super::{merge, tables};
use crate::experiments::preset::{Preset, Statistic};
use std::collections::BTreeMap;

/// An experiment in the report.
pub struct Section<'a> {
    /// The experiment.
    pub preset: &'a Preset,
    /// Its runs.
    pub arms: &'a [ArmRuns<'a>],
    /// Its numbers.
    pub numbers: &'a Numbers,
    /// Files of its figures, with what they show.
    pub figures: &'a [(String, String)],
    /// What people wrote about it.
    pub note: Option<&'a str>,
}

/// The beginning of the report.
pub fn opening(title: &str) -> String {
    format!(
        "# {title}\n\n\
         Losses are in the paper's unit, summed over a batch of 32. Means are over seeds, ± one standard error \
         (std / √n, with n − 1 in std; the authors use n). A number counts as agreeing within two combined standard \
         errors, unless these exceed a tenth of the paper's number. Means at the end of training are over finished runs; as long as there is none, over the last rows \
         of unfinished ones, and diverged runs are listed.\n"
    )
}

/// First line of an experiment's section.
pub fn heading(preset: &Preset) -> String {
    format!("## {}: {}", preset.source, preset.title)
}

/// Sections of a Markdown file by their first lines, which they contain.
pub fn sections(text: &str) -> BTreeMap<String, String> {
    let mut sections: BTreeMap<String, String> = BTreeMap::new();
    let mut current = None;
    for line in text.lines() {
        if line.starts_with("## ") {
            current = Some(line.to_string());
        }
        if let Some(heading) = &current {
            let section = sections.entry(heading.clone()).or_default();
            section.push_str(line);
            section.push('\n');
        }
    }
    sections.values_mut().for_each(|section| *section = format!("{}\n", section.trim_end()));
    sections
}

/// Text of an experiment.
pub fn section(s: &Section) -> String {
    let mut parts =
        vec![heading(s.preset), s.preset.about.split_whitespace().collect::<Vec<_>>().join(" ")];
    parts.extend(s.note.map(|note| note.trim().to_string()));
    parts.extend(s.figures.iter().map(|(file, what)| format!("![{what}]({file})")));
    let printed = tables::printed(s.preset, s.numbers);
    let detailed = tables::detailed(s.preset, s.numbers);
    if let (Some(spec), Some(table)) = (&s.preset.table, printed) {
        let how = match spec.statistic {
            Statistic::Best => "the best row of each run, by test set, then the mean over runs",
            Statistic::Final => "the last row of each run, then the mean over runs",
        };
        parts.push(format!("**{}.** Ours: {how}.", spec.title));
        parts.push(table.markdown());
        parts.extend(detailed.map(|table| table.markdown()));
    }
    parts.push(tables::last(s.preset, s.numbers).markdown());
    if let Some(table) = tables::beside(s.preset, s.numbers) {
        parts.push("**Beside the paper.**".into());
        parts.push(table.markdown());
    }
    parts.extend(verdicts(s));
    parts.extend(what_was_run(s));
    parts.iter().map(|part| part.trim_end()).collect::<Vec<_>>().join("\n\n") + "\n"
}

fn verdicts(s: &Section) -> Vec<String> {
    let all = statements(s.preset, s.numbers);
    let lists = [
        ("Agrees", all.agrees),
        ("Differs", all.differs),
        ("Cannot be judged by standard errors", all.open),
    ];
    let mut parts: Vec<String> = lists
        .into_iter()
        .filter(|(_, sentences)| !sentences.is_empty())
        .flat_map(|(title, sentences)| [format!("**{title}**"), list(&sentences)])
        .collect();
    if !parts.is_empty() && s.numbers.arms.iter().any(|a| a.partial && !a.seeds.is_empty()) {
        parts.insert(
            0,
            "Some of these runs are shorter or fewer than the experiment; see below.".into(),
        );
    }
    parts
}

fn what_was_run(s: &Section) -> Vec<String> {
    let mut table = Table::new(&["arm", "run", "seeds", "core-hours"]);
    for arm in &s.numbers.arms {
        let seeds = ranges(&arm.seeds);
        table.rows.push(vec![arm.label.clone(), arm.state.clone(), seeds, hours(arm.seconds)]);
    }
    let seconds = s.numbers.arms.iter().map(|arm| arm.seconds).sum();
    table.rows.push(vec!["all".into(), String::new(), String::new(), hours(seconds)]);
    let mut parts = vec![
        format!(
            "**What was run.** The whole experiment has {} steps and {} {} of each arm.",
            count(s.preset.steps),
            s.preset.seeds,
            if s.preset.seeds == 1 { "seed" } else { "seeds" }
        ),
        table.markdown(),
    ];
    let mut facts = Vec::new();
    for arm in &s.numbers.arms {
        for (seed, step, reason) in &arm.diverged {
            facts.push(format!(
                "{}, seed {seed}, diverged at step {}: {reason}",
                arm.label,
                count(*step)
            ));
        }
    }
    facts.extend(headers(s));
    facts.extend(changed(s));
    parts.push(list(&facts));
    parts
}

/// Data, machines and commands, each once.
fn headers(s: &Section) -> Vec<String> {
    let mut found: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for run in s.arms.iter().flat_map(|arm| arm.runs) {
        let h = &run.header;
        let [train, test] = h.samples.map(count);
        let facts = [
            ("1 Data", format!("{} ({train} training, {test} test samples)", h.data)),
            ("2 Machine", format!("{}; {}; credit-lab {}", h.machine, h.device, h.version)),
            ("3 Command", format!("`{}`", h.command)),
        ];
        for (name, fact) in facts {
            let list = found.entry(name).or_default();
            if !list.contains(&fact) {
                list.push(fact);
            }
        }
    }
    let lines =
        found.into_iter().map(|(name, facts)| format!("{}: {}", &name[2..], facts.join("; ")));
    lines.collect()
}

/// Arms that were not run with the experiment's configuration.
fn changed(s: &Section) -> Vec<String> {
    let mut lines = Vec::new();
    for arm in s.arms {
        let Some(run) = arm.runs.first() else { continue };
        let Ok(serde_json::Value::Object(planned)) = serde_json::to_value(&arm.arm.config) else {
            continue;
        };
        let differing = merge::differences(&planned, &run.header.config);
        if !differing.is_empty() {
            lines.push(format!(
                "{}: settings (here, when it was run): {}",
                arm.arm.label,
                differing.join(", ")
            ));
        }
    }
    lines
}

/// `1, 2, 3, 7` as `1–3, 7`.
fn ranges(seeds: &[u64]) -> String {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for seed in seeds {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *seed => *last = *seed,
            _ => runs.push((*seed, *seed)),
        }
    }
    let text = |(a, b): &(u64, u64)| if a == b { a.to_string() } else { format!("{a}–{b}") };
    runs.iter().map(text).collect::<Vec<_>>().join(", ")
}

fn hours(seconds: f64) -> String {
    // the sum of no runs is -0
    format!("{:.2}", seconds / 3600.0 + 0.0)
}

/// Sections `## <preset>` of people's notes.
pub fn notes(text: &str) -> BTreeMap<String, String> {
    let body = |(heading, section): (String, String)| {
        let name = heading.trim_start_matches("## ").trim().to_string();
        (name, section[heading.len()..].to_string())
    };
    sections(text).into_iter().map(body).collect()
}
