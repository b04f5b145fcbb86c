//! What an autoencoder's runs leave beside their rows: `seed-1.latent.csv` and `seed-1.samples.json`.

use super::chart::pictures::{Code, Method, Samples};
use super::runs::Run;
use super::stats::ArmRuns;
use crate::base::{Error, Result};
use serde::Deserialize;
use std::path::Path;

#[derive(Deserialize)]
struct File {
    rows: usize,
    cols: usize,
    inputs: Vec<Vec<f64>>,
    outputs: Vec<Vec<f64>>,
}

/// Pictures of every arm that has any, each from its run with the lowest seed that has them.
pub fn methods(arms: &[ArmRuns]) -> Result<Vec<Method>> {
    let mut methods = Vec::new();
    for arm in arms {
        let has =
            |run: &&Run| ["latent.csv", "samples.json"].iter().any(|e| run.beside(e).exists());
        let Some(run) = arm.runs.iter().find(has) else { continue };
        methods.push(Method {
            label: arm.arm.label.clone(),
            codes: codes(&run.beside("latent.csv"))?,
            samples: samples(&run.beside("samples.json"))?,
        });
    }
    Ok(methods)
}

fn read(path: &Path) -> Result<Option<String>> {
    if !path.exists() {
        return Ok(None);
    }
    std::fs::read_to_string(path).map(Some).map_err(|e| Error::io(path.display().to_string(), &e))
}

/// Lines `label,x,y`, with or without a header.
fn codes(path: &Path) -> Result<Vec<Code>> {
    let Some(text) = read(path)? else { return Ok(Vec::new()) };
    let mut codes = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        let code = match cells[..] {
            [label, x, y] => label.parse().ok().zip(x.parse().ok()).zip(y.parse().ok()),
            _ => None,
        };
        match code {
            Some(((label, x), y)) => codes.push(Code { label, x, y }),
            None if i == 0 && line.starts_with("label") => {}
            None => {
                let file = format!("{}, line {}", path.display(), i + 1);
                return Err(Error::data(file, "not `label,x,y`"));
            }
        }
    }
    Ok(codes)
}

fn samples(path: &Path) -> Result<Option<Samples>> {
    let Some(text) = read(path)? else { return Ok(None) };
    let bad = |message: String| Error::data(path.display().to_string(), message);
    let file: File = serde_json::from_str(&text).map_err(|e| bad(e.to_string()))?;
    let pixels = file.rows * file.cols;
    if pixels == 0 || file.inputs.len() != file.outputs.len() {
        return Err(bad(format!(
            "{} inputs and {} outputs of {} by {} pixels",
            file.inputs.len(),
            file.outputs.len(),
            file.rows,
            file.cols
        )));
    }
    if let Some(odd) = file.inputs.iter().chain(&file.outputs).find(|p| p.len() != pixels) {
        return Err(bad(format!("a picture of {} pixels, expected {pixels}", odd.len())));
    }
    let File { rows, cols, inputs, outputs } = file;
    Ok(Some(Samples { rows, cols, inputs, outputs }))
}
