//! `credit-lab report` on runs that the tests write: what is merged, what is refused, and that numbers, figures and
//! text say the same. Expected numbers are worked out by hand beside each assertion.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

use credit_lab::base::{Error, Result};
use credit_lab::config::{Optimizer, Task};
use credit_lab::experiments::default_config;
use credit_lab::experiments::preset::{
    Arm, Axis, Metric, Needs, Panel, Preset, Reference, Statistic, Table,
};
use credit_lab::report::chart::figure::grid;
use credit_lab::report::chart::scale::Scale;
use credit_lab::report::chart::{png, svg};
use credit_lab::report::merge::Collection;
use credit_lab::report::numbers::{self, Judged, Numbers, Verdict};
use credit_lab::report::statements::statements;
use credit_lab::report::stats::Summary;
use credit_lab::report::{Request, format, write};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A folder of its own for each test, emptied first.
fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("report").join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

const COLUMNS: [&str; 2] = ["noise", "no noise"];

fn arm(id: &str, row: &'static str, column: &'static str) -> Arm {
    Arm {
        id: id.into(),
        label: id.to_uppercase(),
        config: default_config(Task::Autoencoder, "bp", Optimizer::Sgd).unwrap(),
        x: None,
        cell: Some((row, column)),
    }
}

fn panel(letter: &'static str, metric: Metric, layer: Option<usize>) -> Panel {
    let title = "A title of several words";
    Panel { letter, title, metric, layer, axis: Axis::Steps, log: false, mark: None, smooth: 1 }
}

fn reference(arm: &'static str, value: f64, error: Option<f64>, source: &'static str) -> Reference {
    let (metric, layer, approximate) = (Metric::TestLoss, None, false);
    Reference { arm: Some(arm), metric, layer, value, error, source, approximate }
}

/// Three arms, one of which is never run; the paper has `np` below `bp`.
fn preset() -> Preset {
    Preset {
        id: "demo",
        runs: "demo",
        width: None,
        source: "Figure 9",
        title: "A demonstration < of & characters",
        about: "What to look at.",
        data: Needs::Mnist,
        arms: vec![arm("bp", "BP", "no noise"), arm("np", "NP", "noise"), arm("fa", "FA", "noise")],
        steps: 300,
        quick_steps: 10,
        seeds: 3,
        every: 100,
        panels: vec![panel("A", Metric::TestLoss, None), panel("B", Metric::Angle, Some(1))],
        table: Some(Table {
            title: "Table 9: lowest loss",
            metric: Metric::TestLoss,
            statistic: Statistic::Best,
            rows: vec!["BP", "NP", "FA"],
            columns: COLUMNS.into(),
            descending: true,
        }),
        references: vec![
            reference("np", 5.0, Some(0.3), "Table 9"),
            reference("bp", 9.0, Some(0.4), "Table 9"),
            reference("fa", 11.0, Some(0.4), "Table 9"),
            reference("np", 6.0, None, "notebook"),
        ],
    }
}

struct File {
    lines: Vec<String>,
}

impl File {
    fn new(arm: &str, seed: u64) -> Self {
        let config = serde_json::to_value(&preset().arms[0].config).unwrap();
        Self::with(arm, seed, config)
    }

    fn with(arm: &str, seed: u64, mut config: Value) -> Self {
        config["seed"] = seed.into();
        let header = json!({
            "credit_lab": 1, "preset": "demo", "arm": arm, "seed": seed, "steps": 300, "config": config,
            "data": "digits", "samples": [60_000, 10_000], "version": "0.1.0", "machine": "abacus",
            "device": "cpu", "command": "credit-lab run demo",
        });
        Self { lines: vec![header.to_string()] }
    }

    /// Rows at 100, 200, ... with these test losses; the angle of layer 1 is ten times the loss.
    fn losses(mut self, losses: &[f64]) -> Self {
        for (i, loss) in losses.iter().enumerate() {
            let step = 100 * (i + 1);
            let row = json!({ "step": step, "test_loss": loss, "angle": [null, 10.0 * loss], "seconds": step });
            self.lines.push(row.to_string());
        }
        self
    }

    fn end(mut self, line: &Value) -> Self {
        self.lines.push(line.to_string());
        self
    }

    fn finished(self) -> Self {
        self.end(&json!({ "finished": true, "seconds": 360.0 }))
    }

    fn text(&self) -> String {
        self.lines.join("\n") + "\n"
    }

    fn put(&self, folder: &Path, arm: &str, seed: u64) -> PathBuf {
        put(folder, arm, seed, &self.text())
    }
}

fn put(folder: &Path, arm: &str, seed: u64, text: &str) -> PathBuf {
    let folder = folder.join("demo").join(arm);
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("seed-{seed}.jsonl"));
    std::fs::write(&path, text).unwrap();
    path
}

fn numbers_of(folders: &[PathBuf]) -> Result<(Numbers, Collection)> {
    let presets = [preset()];
    let runs = Collection::read(&presets, folders)?;
    let arms = numbers::arms(&presets[0], &runs);
    let judged = Judged::of(&presets[0], &presets);
    Ok((numbers::numbers(&presets[0], &arms, &judged), runs))
}

fn loss(numbers: &Numbers, arm: usize) -> (Summary, Summary) {
    let value = numbers.arms[arm].values.iter().find(|v| v.metric == Metric::TestLoss).unwrap();
    (value.best.unwrap(), value.last.unwrap())
}

fn close(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-12 * b.abs().max(1.0), "{a} is not {b}");
}

#[test]
fn two_shards_are_one_experiment_and_its_numbers_are_right() {
    let [a, b] = ["shards-a", "shards-b"].map(folder);
    File::new("bp", 1).losses(&[9.0, 4.0, 6.0]).finished().put(&a, "bp", 1);
    File::new("bp", 2).losses(&[9.0, 7.0, 7.0]).finished().put(&b, "bp", 2);
    File::new("bp", 3).losses(&[9.0, 8.0, 7.0]).finished().put(&b, "bp", 3);
    let (numbers, _) = numbers_of(&[a, b]).unwrap();
    let (best, last) = loss(&numbers, 0);
    // best rows 4, 7, 7: mean 6, squares 4 + 1 + 1 = 6; s.e. sqrt(6/2/3) = 1, population sqrt(6/3/3)
    assert_eq!((best.n, last.n), (3, 3));
    close(best.mean, 6.0);
    close(best.se.unwrap(), 1.0);
    close(best.se_population.unwrap(), (2.0_f64 / 3.0).sqrt());
    // last rows 6, 7, 7: mean 20/3
    close(last.mean, 20.0 / 3.0);
    assert_eq!(numbers.arms[0].state, "300 steps, 3 seeds");
    close(numbers.arms[0].seconds, 3.0 * 360.0);
    // Table 9 has 9 +/- 0.4: (6 - 9) / sqrt(1 + 0.16)
    let beside = numbers.comparisons.iter().find(|c| c.arm == "bp").unwrap();
    close(beside.in_errors.unwrap(), -3.0 / 1.16_f64.sqrt());
}

#[test]
fn of_a_seed_that_was_run_twice_the_one_that_got_further_counts() {
    let [a, b] = ["twice-a", "twice-b"].map(folder);
    let short = File::new("bp", 1).losses(&[3.0]).put(&a, "bp", 1);
    File::new("bp", 1).losses(&[9.0, 5.0, 5.0]).finished().put(&b, "bp", 1);
    let (numbers, runs) = numbers_of(&[a, b]).unwrap();
    let (best, _) = loss(&numbers, 0);
    assert_eq!((best.n, best.mean, best.se), (1, 5.0, None));
    assert_eq!(runs.left_out.len(), 1);
    assert_eq!(runs.left_out[0].0, short);
}

#[test]
fn a_truncated_last_line_is_ignored_and_the_run_is_labelled() {
    let out = folder("truncated");
    let mut text = File::new("bp", 1).losses(&[9.0, 4.0]).text();
    text.push_str("{\"step\":300,\"test_lo");
    put(&out, "bp", 1, &text);
    put(&out, "np", 1, "{\"credit_lab\":1,\"pre");
    let (numbers, runs) = numbers_of(&[out]).unwrap();
    assert_eq!(loss(&numbers, 0).1.mean, 4.0);
    assert_eq!(numbers.arms[0].state, "200 of 300 steps, 1 of 3 seeds");
    assert!(numbers.arms[0].partial);
    assert_eq!(numbers.arms[1].state, "not run");
    assert_eq!(runs.left_out.len(), 1, "a file without a header is listed");
}

#[test]
fn garbage_elsewhere_is_refused_with_file_and_line() {
    let good = File::new("bp", 1).losses(&[9.0, 4.0]).text();
    let lines: Vec<&str> = good.lines().collect();
    let cases = [
        ("middle", [lines[0], "{\"step\":1", lines[2], ""].join("\n"), 2),
        ("whole-last-line", [lines[0], lines[1], "garbage", ""].join("\n"), 3),
        ("no-header", [lines[1], lines[2], ""].join("\n"), 1),
        ("backwards", [lines[0], lines[2], lines[1], ""].join("\n"), 3),
        ("after-end", [lines[0], "{\"finished\":true}", lines[1], ""].join("\n"), 3),
        ("neither", [lines[0], "{\"steps\":1}", ""].join("\n"), 2),
    ];
    for (name, text, line) in cases {
        let out = folder(&format!("garbage-{name}"));
        let path = put(&out, "bp", 1, &text);
        let Err(Error::Data { file, .. }) = numbers_of(&[out]) else { panic!("{name} was read") };
        assert_eq!(file, format!("{}, line {line}", path.display()), "{name}");
    }
}

#[test]
fn runs_of_one_arm_with_other_settings_or_data_are_refused_with_both_names() {
    let mut config = serde_json::to_value(&preset().arms[0].config).unwrap();
    config["eta_w"] = 0.5.into();
    let mut other_data = File::new("bp", 2).losses(&[1.0]);
    other_data.lines[0] = other_data.lines[0].replace("digits", "letters");
    let others = [(File::with("bp", 2, config).losses(&[1.0]), "eta_w"), (other_data, "data")];
    for (i, (other, what)) in others.into_iter().enumerate() {
        let out = folder(&format!("differing-{i}"));
        let first = File::new("bp", 1).losses(&[1.0]).put(&out, "bp", 1);
        let second = other.put(&out, "bp", 2);
        let Err(error) = numbers_of(&[out]) else { panic!("differing {what} was merged") };
        let error = error.to_string();
        for part in [&first.display().to_string(), &second.display().to_string(), what] {
            assert!(error.contains(part), "{error} does not name {part}");
        }
    }
}

#[test]
fn diverged_runs_are_listed_and_do_not_count_at_the_end() {
    let out = folder("diverged");
    let lost = json!({ "diverged": "layer 1 is no number", "step": 250 });
    File::new("bp", 1).losses(&[2.0, 1.0]).end(&lost).put(&out, "bp", 1);
    File::new("bp", 2).losses(&[9.0, 6.0, 5.0]).finished().put(&out, "bp", 2);
    let (numbers, runs) = numbers_of(&[out]).unwrap();
    assert_eq!(loss(&numbers, 0).0.mean, 5.0);
    assert_eq!(numbers.arms[0].diverged, [(1, 250, "layer 1 is no number".to_string())]);
    assert_eq!(numbers.arms[0].state, "300 steps, 2 of 3 seeds, 1 diverged");
    // its curve takes part as long as it has rows: means 5.5, 3.5, then 5 alone
    let preset = preset();
    let curve = numbers::arms(&preset, &runs)[0].curve(Metric::TestLoss, None, 1);
    let means: Vec<f64> = curve.iter().map(|p| p.mean).collect();
    assert_eq!(means, [5.5, 3.5, 5.0]);
    // 9 and 2: s.e. = half their distance
    close(curve[0].se, 3.5);
    // averaged over two rows first: (2, 1.5), (9, 7.5, 5.5)
    let smooth = numbers::arms(&preset, &runs)[0].curve(Metric::TestLoss, None, 2);
    assert_eq!(smooth.iter().map(|p| p.mean).collect::<Vec<_>>(), [5.5, 4.5, 5.5]);
}

#[test]
fn reversed_pairs_are_found() {
    let out = folder("order");
    for seed in 1..=2 {
        let off = seed as f64 / 10.0;
        File::new("bp", seed).losses(&[4.0 + off]).finished().put(&out, "bp", seed);
        File::new("np", seed).losses(&[8.0 + off]).finished().put(&out, "np", seed);
        File::new("fa", seed).losses(&[9.0 + off]).finished().put(&out, "fa", seed);
    }
    let (numbers, _) = numbers_of(&[out]).unwrap();
    // theirs np 5 < bp 9 < fa 11, ours bp < np < fa: one of three pairs
    let order = numbers.orders.iter().find(|o| o.source == "Table 9").unwrap();
    assert_eq!((order.pairs, order.reversed.len()), (3, 1));
    let pair = &order.reversed[0];
    assert_eq!((pair.lower.0.as_str(), pair.higher.0.as_str()), ("NP", "BP"));
    // each pair of seeds has s.e. 0.05; the difference is 4
    close((pair.in_errors.unwrap() * 0.05 * 2.0_f64.sqrt() * 1e9).round() / 1e9, 4.0);
    assert!(numbers.orders.iter().all(|o| o.source != "notebook"), "one number has no order");
}

/// Everything in one folder, with pictures and notes.
fn full(name: &str) -> (PathBuf, Vec<PathBuf>) {
    let out = folder(name);
    for seed in 1..=2 {
        let off = seed as f64;
        File::new("bp", seed)
            .losses(&[60.0, 9.0 + off, 8.0 + off])
            .finished()
            .put(&out, "bp", seed);
        File::new("np", seed).losses(&[60.0, 6.0 + off, 5.0 + off]).put(&out, "np", seed);
    }
    let beside = out.join("demo").join("np");
    std::fs::write(beside.join("seed-1.latent.csv"), "label,x,y\n3,0.5,-1\n7,2,1\n9,1,1\n")
        .unwrap();
    let (black, white) = (vec![0.0; 12], vec![1.0; 12]);
    let samples =
        json!({ "rows": 4, "cols": 3, "inputs": [black, white], "outputs": [white, black] });
    std::fs::write(beside.join("seed-1.samples.json"), samples.to_string()).unwrap();
    let notes = out.join("notes.md");
    std::fs::write(&notes, "# Notes\n\n## other\n\nnot this\n\n## demo\n\nBecause *so*.\n")
        .unwrap();
    let request = Request {
        folders: vec![out.clone()],
        out: out.join("report"),
        only: vec![],
        keep: false,
        title: "Runs".into(),
        notes: Some(notes),
    };
    let files = write(&[preset()], &request).unwrap();
    (out.join("report"), files)
}

#[test]
fn figures_are_well_formed_and_pngs_have_twice_their_size() {
    let (report, _) = full("figures");
    for name in ["demo", "demo-pictures"] {
        let text = std::fs::read_to_string(report.join(format!("{name}.svg"))).unwrap();
        let tree = png::parse(&text).unwrap();
        let file = std::fs::read(report.join(format!("{name}.png"))).unwrap();
        assert_eq!(&file[1..4], b"PNG");
        let decoded = resvg::tiny_skia::Pixmap::decode_png(&file).unwrap();
        let size = tree.size();
        assert_eq!(decoded.width() as f32, 2.0 * size.width(), "{name}");
        assert_eq!(decoded.height() as f32, 2.0 * size.height(), "{name}");
        // white paper in the corners, something on it
        let white = |p: &resvg::tiny_skia::PremultipliedColorU8| {
            (p.red(), p.green(), p.blue()) == (255, 255, 255)
        };
        assert!(white(&decoded.pixels()[0]) && decoded.pixels().iter().any(|p| !white(p)));
    }
    // and the samples
    let pictures = std::fs::read_to_string(report.join("demo-pictures.svg")).unwrap();
    assert!(pictures.contains("data:image/png;base64,"));
}

#[test]
fn the_report_says_what_the_numbers_say() {
    let (report, files) = full("text");
    let text = std::fs::read_to_string(report.join("report.md")).unwrap();
    for part in [
        "# Runs\n",
        "## Figure 9: A demonstration < of & characters",
        "Because *so*.",
        "![Figure 9: A demonstration < of & characters](demo.svg)",
        // 9 and 10: mean 9.5, s.e. 0.5; np 6 and 7
        "| BP | – | – | – | 9.50 ± 0.50 | 9.0 ± 0.4 |",
        "| NP | **6.50 ± 0.50** | 5.0 ± 0.3 | 6 | – | – |",
        "the one pair of arms comes in the same order as in Table 9",
        "300 steps, 2 of 3 seeds",
        "not run",
        "digits (60,000 training, 10,000 test samples)",
        "`credit-lab run demo`",
    ] {
        assert!(text.contains(part), "`{part}` is not in\n{text}");
    }
    assert!(!text.contains("not this"), "a note on another experiment");
    // np 6.5 +/- 0.5 and 5 +/- 0.3 are 1.5 / sqrt(0.34) = 2.57 apart; bp 9.5 and 9 by 0.5 / sqrt(0.41) = 0.78
    let differs = text.split("**Differs**").nth(1).unwrap();
    assert!(
        differs.contains("NP: 6.50 ± 0.50 (n = 2), Table 9: 5.0 ± 0.3; +2.6 s.e."),
        "{differs}"
    );
    assert!(text.contains("BP: 9.50 ± 0.50 (n = 2), Table 9: 9.0 ± 0.4; +0.8 s.e."));

    let json: Value =
        serde_json::from_str(&std::fs::read_to_string(report.join("demo.json")).unwrap()).unwrap();
    assert_eq!(json["arms"][0]["values"][0]["best"]["mean"], 9.5);
    let csv = std::fs::read_to_string(report.join("demo.csv")).unwrap();
    assert!(
        csv.lines().any(|l| l.starts_with("demo,np,NP,test_loss,,best,2,6.5,0.5,")
            && l.ends_with(",6,,notebook,false,")),
        "{csv}"
    );

    let again = full("text-again").0;
    for file in files {
        let other = again.join(file.file_name().unwrap());
        // paths are in no figure and no table
        assert_eq!(
            std::fs::read(&file).unwrap(),
            std::fs::read(other).unwrap(),
            "{}",
            file.display()
        );
    }
}

#[test]
fn standard_errors_that_admit_anything_are_no_agreement() {
    let out = folder("loose");
    // 5 and 15: mean 10, s.e. 5; Table 9 has 9 +/- 0.4, which is 0.2 of 5.02 away, and 5.02 is more than half of 9
    for (seed, loss) in [(1, 5.0), (2, 15.0)] {
        File::new("bp", seed).losses(&[loss]).finished().put(&out, "bp", seed);
    }
    let (numbers, _) = numbers_of(&[out]).unwrap();
    let beside = numbers.comparisons.iter().find(|c| c.arm == "bp").unwrap();
    assert_eq!(beside.verdict(), Verdict::Loose);
    let said = statements(&preset(), &numbers);
    assert!(said.agrees.is_empty(), "{:?}", said.agrees);
    assert!(said.open.iter().any(|s| s.contains("BP: 10.0 ± 5.0")), "{:?}", said.open);
}

/// A second experiment, on other runs.
fn other() -> Preset {
    Preset { id: "other", runs: "other", source: "Figure 8", width: Some(1.0), ..preset() }
}

#[test]
fn a_report_that_is_there_keeps_what_these_runs_say_nothing_of() {
    let [first, second, at] = ["keep-1", "keep-2", "keep-out"].map(folder);
    let presets = [other(), preset()];
    let report = at.join("paper.md");
    let request = |folder: &PathBuf, keep| Request {
        folders: vec![folder.clone()],
        out: report.clone(),
        only: vec![],
        keep,
        title: "Runs".into(),
        notes: None,
    };
    File::new("bp", 1).losses(&[4.0]).finished().put(&first, "bp", 1);
    assert!(write(&presets, &request(&first, true)).is_err(), "there is nothing to keep");
    write(&presets, &request(&first, false)).unwrap();
    let before = std::fs::read_to_string(&report).unwrap();
    assert!(before.contains("](paper/demo.svg)") && at.join("paper/demo.svg").is_file());

    let mut narrow = File::new("np", 1).losses(&[7.0]).finished();
    narrow.lines[0] =
        narrow.lines[0].replace("\"preset\":\"demo\"", "\"preset\":\"other\",\"width\":0.25");
    let place = second.join("other").join("np");
    std::fs::create_dir_all(&place).unwrap();
    std::fs::write(place.join("seed-1.jsonl"), narrow.text()).unwrap();
    write(&presets, &request(&second, true)).unwrap();
    let after = std::fs::read_to_string(&report).unwrap();
    let (opening, demo) = before.split_once("\n## Figure 9").unwrap();
    assert!(after.starts_with(opening) && after.ends_with(demo), "Figure 9 stays as it was");
    let (_, new) = after.split_once("\n## Figure 8").unwrap();
    assert!(new.contains("| NP, width 0.25 | 7 |"), "{new}");
    assert!(new.find("## Figure 9").is_some(), "in the order of the experiments");

    // both have runs here, one is wanted
    let both =
        Request { folders: vec![first, second], only: vec!["other".into()], ..request(&at, false) };
    write(&presets, &both).unwrap();
    assert!(!std::fs::read_to_string(&report).unwrap().contains("## Figure 9"));
}

#[test]
fn a_folder_without_runs_is_an_error() {
    let out = folder("empty");
    let request = Request {
        folders: vec![out.clone()],
        out: out.join("r"),
        only: vec![],
        keep: false,
        title: String::new(),
        notes: None,
    };
    assert!(matches!(write(&[preset()], &request), Err(Error::Data { .. })));
}

#[test]
fn ticks_are_round_numbers_and_labels_can_be_read() {
    let labels = |scale: Scale, n| -> Vec<String> {
        scale.ticks(n).into_iter().filter_map(|t| t.label).collect()
    };
    assert_eq!(
        labels(Scale::nice(512.0, 968.0, false, 5), 5),
        ["500", "600", "700", "800", "900", "1000"]
    );
    assert_eq!(labels(Scale::new(0.0, 2_001_000.0, false), 4), ["0", "500k", "1M", "1.5M", "2M"]);
    assert_eq!(labels(Scale::nice(0.004, 1.3, true, 4), 4), ["0.01", "0.1", "1"]);
    assert_eq!(labels(Scale::nice(2.6, 16.0, true, 4), 4), ["2", "5", "10", "20"]);
    let scale = Scale::new(1.0, 100.0, true).onto(0.0, 200.0);
    close(scale.at(10.0), 100.0);
}

#[test]
fn panels_of_a_letter_stand_above_each_other() {
    let places = grid(&["A", "A", "B", "B", "C", "C", "D", "E"]);
    assert_eq!(places, [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1), (3, 0), (3, 1)]);
    assert_eq!(grid(&["A", "A"]), [(0, 0), (1, 0)]);
    assert_eq!(grid(&["", "", ""]), [(0, 0), (1, 0), (2, 0)]);
}

#[test]
fn numbers_are_short_and_text_is_escaped() {
    assert_eq!(format::with_error(515.26, Some(4.13)), "515.3 ± 4.1");
    assert_eq!(format::with_error(0.12343, Some(0.0012)), "0.1234 ± 0.0012");
    assert_eq!(format::with_error(2.6e-7, Some(8.4e-9)), "2.6e-7 ± 8.4e-9");
    assert_eq!(format::with_error(0.0, Some(0.0)), "0 ± 0");
    assert_eq!(format::number(1234.5), "1234");
    assert_eq!(format::count(2_001_000), "2,001,000");
    assert_eq!(svg::escape("a<b & \"c\""), "a&lt;b &amp; &quot;c&quot;");
}
