//! What goes wrong with a GPU becomes a sentence, and the run goes on.

use super::bench::{Bench, Scalars};
use super::functions::compute;
use super::host::{pause, sleep, soon};
use super::runs::{on_gpu, train};
use super::sessions::{same_row, uninterrupted};
use super::steps::smooth_autoencoder;
use crate::common::{small, small_data, trainer};
use credit_lab::base::Error;
use credit_lab::config::{FeedbackLearner, RunConfig};
use credit_lab::exec::gpu::{Executor, Gpu};
use credit_lab::kernels::{add_scaled, ridge};
use credit_lab::plan::Tape;
use credit_lab::session::{Device, Session};
use std::rc::Rc;
use std::sync::Arc;

/// Steps of a trainer that stands for the run while the GPU has it.
fn saved(session: &Session) -> u64 {
    session.with(credit_lab::trainer::Trainer::step)
}

pub async fn a_lost_gpu_costs_the_steps_since_the_last_checkpoint(gpu: &Rc<Gpu>) {
    let config = smooth_autoencoder("np");
    let session = on_gpu(gpu, &config, &small_data()).await;
    train(&session, 20).await;
    assert_eq!(saved(&session), 0, "no checkpoint yet");
    // the pause between checkpoints
    sleep(800).await;
    train(&session, 30).await;
    session.buffer("b1").await.unwrap();
    session.poll().unwrap();
    let checkpoint = saved(&session);
    assert!(checkpoint > 20 && checkpoint <= 30, "checkpoint of step {checkpoint}");
    train(&session, 40).await;
    // in the middle of a submission
    session.advance(100).unwrap();
    gpu.destroy();
    assert!(gpu.fault().is_some());
    let note = async {
        loop {
            if let Some(note) = session.poll().unwrap().note {
                return note;
            }
            pause().await;
        }
    };
    let note = soon("the loss of the GPU", note).await;
    assert!(note.contains("lost"), "{note}");
    assert!(note.contains(&format!("from step {checkpoint}")), "{note}");
    assert_eq!((session.device(), session.step()), (Device::Cpu, checkpoint));
    assert_eq!(session.poll().unwrap().note, None, "said once");
    // what is repeated is what was lost: the curve goes on as if nothing had been
    let wanted = uninterrupted(&config, &[checkpoint, 60]);
    let here = session.metrics().await.unwrap();
    same_row(&here, &wanted[0]);
    train(&session, 60).await;
    same_row(&session.metrics().await.unwrap(), &wanted[1]);
}

pub async fn questions_to_a_lost_gpu_are_answered_with_an_error(gpu: &Rc<Gpu>) {
    let session = on_gpu(gpu, &smooth_autoencoder("np"), &small_data()).await;
    train(&session, 5).await;
    let (metrics, buffer) = (session.metrics(), session.buffer("W1"));
    session.advance(100).unwrap();
    gpu.destroy();
    let metrics = soon("a question about metrics", metrics).await;
    // unless the answer was there before the GPU was lost
    if let Err(error) = metrics {
        assert_eq!(error.code(), "gpu", "{error}");
    }
    let buffer = soon("a question about a buffer", buffer).await;
    if let Err(error) = buffer {
        assert_eq!(error.code(), "gpu", "{error}");
    }
    // asked when it is known to be lost: the processor answers
    let later = soon("a question asked later", session.metrics()).await.unwrap();
    assert_eq!((later.step, session.device()), (session.step(), Device::Cpu));
}

pub async fn runs_move_off_a_lost_gpu(gpu: &Rc<Gpu>) {
    let np = smooth_autoencoder("np");
    // the second in the middle of a step, a part of which is the processor's
    let ridge = RunConfig { feedback: FeedbackLearner::Ridge, ..np.clone() };
    let configs = [np, ridge];
    let mut sessions = Vec::new();
    for config in &configs {
        let session = on_gpu(gpu, config, &small_data()).await;
        session.advance(3).unwrap();
        sessions.push(session);
    }
    gpu.destroy();
    for (session, config) in sessions.iter().zip(&configs) {
        soon("moving off a lost GPU", session.to_cpu()).await.unwrap();
        assert_eq!(session.device(), Device::Cpu);
        let step = session.step();
        assert!(step <= 3, "at step {step}");
        assert_eq!(session.poll().unwrap().note.is_some(), step == 0, "told what is repeated");
        train(session, 10).await;
        same_row(&session.metrics().await.unwrap(), &uninterrupted(config, &[10])[0]);
    }
}

pub async fn a_lost_gpu_takes_no_run(gpu: &Rc<Gpu>) {
    gpu.destroy();
    let config = smooth_autoencoder("np");
    let session = Session::new(trainer(&config, &small_data()));
    session.advance(4).unwrap();
    let error = soon("moving to a lost GPU", session.to_gpu(gpu.clone())).await.unwrap_err();
    assert!(matches!(&error, Error::Gpu { message } if message.contains("lost")), "{error}");
    assert_eq!((session.device(), session.step()), (Device::Cpu, 4));
    assert_eq!(
        soon("timing a lost GPU", session.calibrate(gpu.clone())).await.unwrap_err().code(),
        "gpu"
    );
    session.advance(6).unwrap();
    let wanted = uninterrupted(&config, &[10]);
    assert_eq!(session.metrics().await.unwrap().train_loss, wanted[0].train_loss, "to the bit");
}

pub async fn what_does_not_fit_is_refused_in_a_sentence(gpu: &Rc<Gpu>) {
    // a matrix of 16 GiB, of which the processor has no memory either: only the GPU is asked
    let mut tape = Tape::new();
    let side = 65_535;
    tape.temporary("e2^T h1 of a giant", side, side);
    tape.end_plan();
    let program = Arc::new(tape.finish().unwrap());
    let made = gpu.checked(|| Executor::new(gpu.clone(), program, &small_data(), None, &[])).await;
    let error = made.err().unwrap();
    assert!(matches!(error, Error::Gpu { .. }));
    let text = error.to_string();
    assert!(text.contains("e2^T h1 of a giant") && text.contains("MiB"), "{text}");

    // a step that would have to wait for the processor in its middle
    let mut b = Bench::new(Scalars(1.0, 0.0));
    b.unwritten(2, 3).random(2, 2).random(2, 3).unwritten(2, 3);
    let (program, plan, _) = b.program(0, &|tape, bufs, [one, _]| {
        ridge::record(tape, "B = V^-1 S", bufs[0], bufs[1], bufs[2]);
        add_scaled::record(tape, "what follows from B", bufs[3], None, bufs[0], one);
    });
    let made = gpu.checked(|| {
        let mut exec = Executor::new(gpu.clone(), program, &b.data, None, &[])?;
        exec.prepare(plan, true)
    });
    let error = made.await.unwrap_err();
    assert_eq!(error.code(), "gpu");
    assert!(error.to_string().contains("processor"), "{error}");
    assert_eq!(gpu.fault(), None, "told to who asked, and the GPU is well");

    // and the GPU takes the next run
    let session = on_gpu(gpu, &small("np"), &small_data()).await;
    train(&session, 3).await;
    assert_eq!(session.device(), Device::Gpu);
}

pub async fn a_broken_shader_is_an_error(gpu: &Rc<Gpu>) {
    for broken in [
        "let x: f32 = 1u;",
        "this is not WGSL",
        // valid by itself, and no entry point
        "} fn other() {",
    ] {
        let functions = if broken.starts_with('}') { "override SIZE: u32;" } else { "" };
        let body = if functions.is_empty() { broken } else { "OUT[SIZE] = 1u;" };
        let error = compute(gpu, functions, body, 1, (&[0], 1)).await.unwrap_err();
        assert_eq!(error.code(), "gpu", "{error}");
    }
    assert_eq!(gpu.fault(), None, "told to who asked, and the GPU is well");
    let mut b = Bench::new(Scalars(0.5, 0.0));
    b.unwritten(1, 3).random(1, 3);
    let found = b
        .on_gpu(gpu, &|tape, bufs, [s, _]| {
            add_scaled::record(tape, "add", bufs[0], None, bufs[1], s);
        })
        .await;
    assert!(found[0].iter().all(|x| x.is_finite()));
}

pub async fn divergence_names_the_step(gpu: &Rc<Gpu>) {
    let config = RunConfig { eta_w: 90.0, ..small("bp") };
    let Err(Error::Diverged { step: wanted, .. }) = trainer(&config, &small_data()).advance(500)
    else {
        panic!("the processor's run has not diverged")
    };
    let session = on_gpu(gpu, &config, &small_data()).await;
    let diverge = async {
        loop {
            if let Err(error) = session.advance(20) {
                return error;
            }
            assert!(session.step() < 500, "has not diverged");
            pause().await;
        }
    };
    let error = soon("divergence", diverge).await;
    let Error::Diverged { step, ref what } = error else { panic!("{error}") };
    // counted from 1, as the processor does; another rounding may overflow a step earlier or later
    assert!(step.abs_diff(wanted) <= 1, "at step {step}, on the processor at {wanted}");
    assert!(what.contains("layer 3"), "{what}");
    assert_eq!(gpu.fault(), None);
    // later questions end, whatever they say
    let _ = soon("metrics of a diverged run", session.metrics()).await;
    let _ = soon("moving a diverged run", session.to_cpu()).await;
    // and the GPU is well
    let session = on_gpu(gpu, &small("bp"), &small_data()).await;
    train(&session, 3).await;
    session.metrics().await.unwrap();
}
