//! `credit-lab run` as people use it: killed and begun again, made longer, shared between machines.

#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, reason = "tests")]

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A folder of its own for each test, removed with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("credit-lab-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// An experiment that needs no data and no time.
fn command(out: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_credit-lab"));
    command.args(["run", "theorem2", "--snapshots", "0", "--out"]).arg(out).args(more);
    command
}

fn run(out: &Path, more: &[&str]) -> Output {
    command(out, more).output().unwrap()
}

fn succeed(out: &Path, more: &[&str]) {
    let output = run(out, more);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn message(output: &Output) -> String {
    assert!(!output.status.success(), "it should have refused");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn file(out: &Path, arm: &str, seed: u64) -> PathBuf {
    out.join(format!("theorem2/{arm}/seed-{seed}.jsonl"))
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The rows without what depends on the machine.
fn rows(path: &Path) -> Vec<Value> {
    let mut rows: Vec<Value> =
        lines(path).into_iter().filter(|line| line.get("step").is_some()).collect();
    for row in &mut rows {
        row.as_object_mut().unwrap().retain(|key, _| !key.contains("second"));
    }
    rows
}

const ONE: [&str; 4] = ["--seeds", "1", "--arms", "c-0.01"];

#[test]
fn a_killed_run_goes_on_as_if_nothing_had_been() {
    let folder = Folder::new("killed");
    let (cut, whole) = (folder.0.join("cut"), folder.0.join("whole"));
    let steps = [&ONE[..], &["--steps", "8000"]].concat();
    let path = file(&cut, "c-0.01", 1);
    let mut child = command(&cut, &steps).stderr(Stdio::null()).spawn().unwrap();
    let begin = Instant::now();
    // a header, the row of step 0 and two more, with a snapshot
    while fs::read_to_string(&path).map_or(0, |text| text.lines().count()) < 4 {
        assert!(begin.elapsed() < Duration::from_secs(60), "no rows in a minute");
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let left = rows_there(&path);
    assert!(left < 9, "it had finished before it was killed");
    // what a write that was cut short leaves behind
    let mut text = fs::read_to_string(&path).unwrap();
    text.push_str("{\"step\":7");
    fs::write(&path, text).unwrap();

    succeed(&cut, &steps);
    succeed(&whole, &steps);
    assert_eq!(rows(&path), rows(&file(&whole, "c-0.01", 1)));
    let steps: Vec<u64> = rows(&path).iter().map(|row| row["step"].as_u64().unwrap()).collect();
    assert_eq!(steps, (0..=8).map(|i| 1000 * i).collect::<Vec<_>>());
    assert_eq!(lines(&path).last().unwrap()["finished"], true);
}

fn rows_there(path: &Path) -> usize {
    fs::read_to_string(path).unwrap().matches("\"test_loss\"").count()
}

#[test]
fn a_finished_run_is_left_alone_and_can_be_made_longer() {
    let folder = Folder::new("longer");
    let (grown, whole) = (folder.0.join("grown"), folder.0.join("whole"));
    let with = |steps: &'static str| [&ONE[..], &["--steps", steps]].concat();
    succeed(&grown, &with("2000"));
    let path = file(&grown, "c-0.01", 1);
    let before = fs::read_to_string(&path).unwrap();
    succeed(&grown, &with("2000"));
    assert_eq!(fs::read_to_string(&path).unwrap(), before);
    succeed(&grown, &with("5000"));
    succeed(&whole, &with("5000"));
    assert_eq!(rows(&path), rows(&file(&whole, "c-0.01", 1)));
    assert_eq!(lines(&path)[0]["steps"], 5000);
    assert_eq!(lines(&path).iter().filter(|line| line["finished"] == true).count(), 1);
}

#[test]
fn shards_are_disjoint_and_together_everything() {
    let folder = Folder::new("shards");
    let list = |shard: Option<&str>| {
        let mut args = vec!["--seeds", "3", "--steps", "10", "--list"];
        args.extend(shard.iter().flat_map(|s| ["--shard", s]));
        let output = run(&folder.0, &args);
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(str::to_string).collect::<Vec<_>>()
    };
    let all = list(None);
    assert_eq!(all.len(), 6, "two arms, three seeds");
    let mut parts: Vec<String> = ["0/4", "1/4", "2/4", "3/4"].map(|s| list(Some(s))).concat();
    assert_eq!(parts.len(), 6);
    let mut wanted = all;
    wanted.sort();
    parts.sort();
    assert_eq!(parts, wanted);
    for bad in ["4/4", "1", "a/2", "0/0"] {
        let args = ["--list", "--shard", bad];
        assert!(message(&run(&folder.0, &args)).contains("I/N"), "{bad}");
    }
}

#[test]
fn seeds_are_what_the_run_with_that_seed_alone_gives() {
    let folder = Folder::new("seeds");
    let (many, one) = (folder.0.join("many"), folder.0.join("one"));
    succeed(&many, &["--seeds", "2", "--steps", "1000", "--jobs", "2"]);
    succeed(&one, &["--seeds", "2", "--steps", "1000", "--jobs", "1", "--shard", "3/4"]);
    let path = file(&one, "c-0.01", 2);
    assert_eq!(rows(&path), rows(&file(&many, "c-0.01", 2)));
    assert_ne!(rows(&path), rows(&file(&many, "c-0.01", 1)), "seeds differ");
}

#[test]
fn another_run_in_the_same_place_is_refused_and_kept() {
    let folder = Folder::new("other");
    let steps = [&ONE[..], &["--steps", "1000"]].concat();
    succeed(&folder.0, &steps);
    let path = file(&folder.0, "c-0.01", 1);
    let before = fs::read_to_string(&path).unwrap();
    let other = [&steps[..], &["--set", "gamma=2"]].concat();
    let refusal = message(&run(&folder.0, &other));
    assert!(refusal.contains("seed-1.jsonl") && refusal.contains("--out"), "{refusal}");
    assert_eq!(fs::read_to_string(&path).unwrap(), before);
    fs::write(&path, before.replacen("{\"step\"", "{step", 1)).unwrap();
    let refusal = message(&run(&folder.0, &steps));
    assert!(refusal.contains("line 2"), "{refusal}");
}

#[test]
fn what_does_not_exist_is_named() {
    let folder = Folder::new("names");
    let refusal = message(&run(&folder.0, &["--arms", "c-7"]));
    assert!(refusal.contains("c-0.01"), "{refusal}");
    let refusal = message(&run(&folder.0, &["--set", "eta=1"]));
    assert!(refusal.contains("eta"), "{refusal}");
    let output = Command::new(env!("CARGO_BIN_EXE_credit-lab"))
        .args(["run", "fig9", "--out"])
        .arg(&folder.0)
        .output()
        .unwrap();
    assert!(message(&output).contains("fig2"));
}

#[test]
fn a_search_ranks_its_draws_and_repeats_them() {
    let folder = Folder::new("search");
    let search = || {
        let output = Command::new(env!("CARGO_BIN_EXE_credit-lab"))
            .args(["search", "theorem2", "--arm", "c-0.01", "--trials", "3", "--steps", "1000"])
            .args(["--range", "c_h=1e-3..1e-1", "--out"])
            .arg(&folder.0)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let first = search();
    assert_eq!(first.lines().count(), 4, "a heading and three draws");
    assert_eq!(search(), first, "finished draws are not run again");
    let text = fs::read_to_string(folder.0.join("theorem2-search/c-0.01.json")).unwrap();
    let ranking: Vec<Value> = serde_json::from_str(&text).unwrap();
    let best: Vec<f64> = ranking.iter().map(|r| r["best"].as_f64().unwrap()).collect();
    assert!(best.is_sorted(), "{best:?}");
    for entry in &ranking {
        let c_h = entry["settings"]["c_h"].as_f64().unwrap();
        let own = lines(Path::new(entry["run"].as_str().unwrap()))[0]["config"]["c_h"].clone();
        assert!((1e-3..=1e-1).contains(&c_h) && own == c_h);
    }
}

/// The commands of docs/runs.md, as a shell would hand them over.
#[test]
fn the_documented_commands_are_understood() {
    let text = include_str!("../../docs/runs.md");
    let mut seen = 0;
    for line in text.lines().filter(|line| line.contains("credit-lab run ")) {
        if line.starts_with('`') {
            continue;
        }
        seen += 1;
        let line = line
            .replace("\"$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT\"", "3/16")
            .replace("\"$JOB_COMPLETION_INDEX/16\"", "15/16");
        let args = line.split_whitespace().skip_while(|word| !word.ends_with("credit-lab")).skip(1);
        // the data are not here, and listing does not need them to be the official ones
        let args: Vec<&str> = args.filter(|word| *word != "--data" && *word != "mnist").collect();
        let output = Command::new(env!("CARGO_BIN_EXE_credit-lab"))
            .args(&args)
            .args(["--list"])
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        let understood = output.status.success() || said.contains("npm run build");
        assert!(understood, "{line}: {said}");
        if output.status.success() {
            assert!(!output.stdout.is_empty(), "{line} would run nothing");
        }
    }
    assert_eq!(seen, 4);
}
