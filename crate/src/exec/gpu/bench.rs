//! How fast products run, as a share of what the adapter can do.

use super::template::expand;
use super::{Executor, Gpu};
use crate::base::{Error, Result};
use crate::data::{Dataset, Split};
use crate::kernels::activation::Activation;
use crate::kernels::{adjoint, dense, outer};
use crate::plan::{Clock, Env, Hyper, Init, Moment, PlanId, Role, Source, Tape};
use std::rc::Rc;
use std::sync::Arc;
use web_time::Instant;

/// GFLOP/s, a multiply-add counted as two.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Products {
    /// Independent multiply-adds in registers, nothing else.
    pub peak: f64,
    /// `E B`
    pub nn: f64,
    /// `act(X W^T + b)`
    pub nt: f64,
    /// `W += alpha E^T H`
    pub tn: f64,
}

/// Multiply-adds of every invocation of the peak shader.
const ROUNDS: u32 = 4096;
/// Independent chains of four: as many as stay in registers where a processor pretends to be a GPU.
const CHAINS: u32 = 3;
/// Invocations of the peak shader.
const INVOCATIONS: u32 = 4096;
/// Seconds a measurement takes at least.
const WINDOW: f64 = 0.3;

/// Times products of `size` x `size` matrices, each the best of three.
///
/// # Errors
/// [`Error::Gpu`]
pub async fn products(gpu: &Rc<Gpu>, size: usize) -> Result<Products> {
    let mut tape = Tape::new();
    let mut matrix = |label: &str| tape.declare(label, size, size, Role::Weight, Init::Zero);
    let [a, b, out] = ["a", "b", "out"].map(&mut matrix);
    let bias = tape.declare("bias", size, 1, Role::Weight, Init::Zero);
    adjoint::record(&mut tape, "nn", out, a, b);
    let nn = tape.end_plan();
    dense::record(&mut tape, "nt", (out, a), (b, bias), Activation::Identity, None);
    let nt = tape.end_plan();
    let one = tape.scalar("1", |_, _| 1.0);
    outer::record(&mut tape, "tn", out, (a, b), one, one);
    let tn = tape.end_plan();
    let program = Arc::new(tape.finish()?);
    let split = || Split { images: vec![0; 4], labels: vec![0] };
    let data = Arc::new(Dataset::new("none", 2, 2, 1, 1, split(), split())?);
    let work = gpu.clone();
    let mut exec = gpu
        .checked(|| {
            let mut exec = Executor::new(work, program, &data, None, &[])?;
            [nn, nt, tn].into_iter().try_for_each(|plan| exec.prepare(plan, true))?;
            Ok(exec)
        })
        .await?;
    let values: Vec<f32> = (0..size * size).map(|i| (i % 7) as f32 * 1e-3).collect();
    exec.write(a, &values);
    exec.write(b, &values);
    let flops = 2.0 * (size as f64).powi(3);
    Ok(Products {
        peak: peak(gpu).await?,
        nn: best(&mut exec, nn, flops).await?,
        nt: best(&mut exec, nt, flops).await?,
        tn: best(&mut exec, tn, flops).await?,
    })
}

async fn best(exec: &mut Executor, plan: PlanId, flops: f64) -> Result<f64> {
    let hyper = Hyper { eta_w: 0.0, eta_b: 0.0, c_h: 0.0, kappa: 0.0, input_noise: 0.0 };
    let env = Env { seed: 0, step: 0, source: Source::Train, offset: 0 };
    let moment = Moment { env, clock: Clock { step: 0, updates: 0, batch: 1 } };
    let mut time = async |count: usize| -> Result<f64> {
        let begin = Instant::now();
        let flight = exec.submit(plan, &vec![moment; count], &hyper)?;
        exec.landed(flight).await?;
        Ok(begin.elapsed().as_secs_f64())
    };
    let once = time(1).await?.min(time(1).await?);
    let fits = |count: &usize| *count as f64 * once >= WINDOW;
    let count = (1..200usize).find(fits).unwrap_or(200);
    let mut fastest = f64::INFINITY;
    for _ in 0..3 {
        fastest = fastest.min(time(count).await?);
    }
    Ok(flops * count as f64 / fastest / 1e9)
}

/// The peak shader's best time.
async fn peak(gpu: &Rc<Gpu>) -> Result<f64> {
    let source = expand(include_str!("wgsl/peak.wgsl"), &[("chains", CHAINS)])
        .replace("ROUNDS", &format!("{ROUNDS}u"));
    let flops = 8.0 * f64::from(CHAINS) * f64::from(ROUNDS) * f64::from(INVOCATIONS);
    let mut fastest = f64::INFINITY;
    let out = gpu.scratch(&source, 64)?;
    for _ in 0..4 {
        let begin = Instant::now();
        gpu.run_scratch(&out, INVOCATIONS / 64).await?;
        fastest = fastest.min(begin.elapsed().as_secs_f64());
    }
    if !fastest.is_finite() {
        return Err(Error::internal("no time was measured"));
    }
    Ok(flops / fastest / 1e9)
}
