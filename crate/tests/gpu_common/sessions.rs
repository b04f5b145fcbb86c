//! A run that moves between devices, and what may be asked of it meanwhile.

use super::host::{pause, together};
use super::runs::{on_gpu, relative, train};
use super::say;
use super::steps::smooth_autoencoder;
use crate::common::{digits, small, small_data, trainer};
use credit_lab::config::{FeedbackLearner, Optimizer, RunConfig, Task};
use credit_lab::data::SplitName;
use credit_lab::exec::gpu::Gpu;
use credit_lab::exec::gpu::assemble::Tuning;
use credit_lab::experiments;
use credit_lab::look::Look;
use credit_lab::metrics::Metrics;
use credit_lab::plan::{Arithmetic, Hyper};
use credit_lab::session::{Device, Session};
use credit_lab::trainer::{Part, Trainer};
use std::rc::Rc;
use web_time::Instant;

/// Rounding along some dozens of steps; see `runs.rs`, whose runs are longer.
pub const CLOSE: f64 = 1e-4;

/// Metrics of a run that was never interrupted, at each of these steps.
pub fn uninterrupted(config: &RunConfig, steps: &[u64]) -> Vec<Metrics> {
    let mut run = trainer(config, &small_data());
    let row = |until: &u64| {
        run.advance(until - run.step()).unwrap();
        run.metrics()
    };
    steps.iter().map(row).collect()
}

/// Losses of a row, where it is the row of a step, within rounding of another's.
#[track_caller]
pub fn same_row(found: &Metrics, wanted: &Metrics) {
    assert_eq!(found.step, wanted.step);
    let pairs = [
        (found.train_loss, wanted.train_loss),
        (found.test_loss, wanted.test_loss),
        (found.running_loss.unwrap_or(0.0), wanted.running_loss.unwrap_or(0.0)),
    ];
    for (a, b) in pairs {
        assert!(relative(a, b) < CLOSE, "step {}: {found:?}\nwanted {wanted:?}", found.step);
    }
}

/// Largest difference of two buffers beside their largest entry.
pub fn apart(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let size = b.iter().fold(f32::MIN_POSITIVE, |m, x| m.max(x.abs()));
    let most = a.iter().zip(b).fold(0.0f32, |m, (a, b)| m.max((a - b).abs()));
    f64::from(most / size)
}

/// The paper's rule in the ways that its plan can be recorded.
fn ways() -> [RunConfig; 3] {
    let np = || RunConfig { warmup: 12, ..smooth_autoencoder("np") };
    [
        np(),
        RunConfig { optimizer: Optimizer::Adam, ..np() },
        // a part of each step is the processor's
        RunConfig { feedback: FeedbackLearner::Ridge, ..np() },
    ]
}

// A step that was lost or booked twice would move the mean of the running loss by about a hundredth.
pub async fn a_run_that_moves_between_devices_loses_and_repeats_no_step(gpu: &Rc<Gpu>) {
    gpu.set_tuning(Tuning::SMALL);
    for config in ways() {
        let wanted = uninterrupted(&config, &[10, 31, 70, 80]);
        let session = Session::new(trainer(&config, &small_data()));
        train(&session, 10).await;
        same_row(&session.metrics().await.unwrap(), &wanted[0]);
        let moves = [
            (Device::Gpu, 31, Some(1)),
            (Device::Cpu, 40, None),
            (Device::Gpu, 70, Some(2)),
            (Device::Cpu, 80, Some(3)),
        ];
        for (device, until, row) in moves {
            let before = session.step();
            match device {
                Device::Gpu => session.to_gpu(gpu.clone()).await.unwrap(),
                Device::Cpu => session.to_cpu().await.unwrap(),
            }
            assert_eq!((session.device(), session.step()), (device, before));
            train(&session, until).await;
            assert_eq!(session.step(), until);
            if let Some(row) = row {
                same_row(&session.metrics().await.unwrap(), &wanted[row]);
            }
        }
        assert_eq!(session.poll().unwrap().note, None);
        // to a GPU it is on already: state goes through the trainer and nothing changes
        session.to_gpu(gpu.clone()).await.unwrap();
        session.to_gpu(gpu.clone()).await.unwrap();
        let checksum = session.current(Trainer::checksum).await.unwrap();
        session.to_cpu().await.unwrap();
        assert_eq!(session.with(Trainer::checksum), checksum, "moving is exact");
    }
}

// Moved, trained and asked side by side: errors, shaders, data and buffers to read back are the GPU's, not a run's.
pub async fn runs_share_a_gpu(gpu: &Rc<Gpu>) {
    gpu.set_tuning(Tuning::SMALL);
    let configs = ways();
    let sessions = [0, 1, 2].map(|i| Session::new(trainer(&configs[i], &small_data())));
    let [a, b, c] = &sessions;
    let moved = together([a, b, c].map(|s| s.to_gpu(gpu.clone()))).await;
    assert!(moved.iter().all(Result::is_ok), "{moved:?}");
    let mut ends = [17, 30, 12];
    while ends.iter().zip(&sessions).any(|(end, s)| s.step() < *end) {
        for (end, session) in ends.iter_mut().zip(&sessions) {
            session.advance((*end - session.step()).min(5)).unwrap();
        }
        pause().await;
    }
    let rows = together([a, b, c].map(Session::metrics)).await;
    for ((row, config), end) in rows.into_iter().zip(&configs).zip(ends) {
        same_row(&row.unwrap(), &uninterrupted(config, &[end])[0]);
    }
}

pub async fn a_run_saved_on_the_gpu_goes_on_on_the_processor(gpu: &Rc<Gpu>) {
    for config in ways() {
        let wanted = uninterrupted(&config, &[25, 50]);
        let session = on_gpu(gpu, &config, &small_data()).await;
        train(&session, 25).await;
        // under way while it is saved
        let saved = session.current(Trainer::save).await.unwrap();
        let mut restored =
            Trainer::restore(&saved, small_data(), Arithmetic::Reproducible).unwrap();
        assert_eq!((restored.step(), session.device()), (25, Device::Gpu));
        assert_eq!(saved, session.current(Trainer::save).await.unwrap(), "saving changes nothing");
        let row = restored.metrics();
        same_row(&Metrics { running_loss: wanted[0].running_loss, ..row }, &wanted[0]);
        restored.advance(25).unwrap();
        same_row(&restored.metrics(), &wanted[1]);
        // and the run itself goes on where it is
        session.metrics().await.unwrap();
        train(&session, 50).await;
        same_row(&session.metrics().await.unwrap(), &wanted[1]);
    }
}

pub async fn rates_change_between_submissions(gpu: &Rc<Gpu>) {
    let config = smooth_autoencoder("np");
    let mut cpu = trainer(&config, &small_data());
    let session = on_gpu(gpu, &config, &small_data()).await;
    let changed = Hyper { eta_w: 0.004, eta_b: 0.02, c_h: 0.1, ..config.hyper() };
    cpu.advance(15).unwrap();
    session.advance(15).unwrap();
    // while these steps are under way: they keep their rates
    session.set_hyper(&changed).unwrap();
    cpu.set_hyper(&changed).unwrap();
    train(&session, 40).await;
    cpu.advance(25).unwrap();
    same_row(&session.metrics().await.unwrap(), &cpu.metrics());
    let stopped = Hyper { eta_w: 0.0, eta_b: 0.0, ..changed };
    session.set_hyper(&stopped).unwrap();
    let before = session.current(Trainer::checksum).await.unwrap();
    train(&session, 60).await;
    assert_eq!(
        session.current(Trainer::checksum).await.unwrap(),
        before,
        "rates of 0 change nothing"
    );
    let refused = session.set_hyper(&Hyper { eta_w: f64::NAN, ..changed }).unwrap_err();
    assert_eq!(refused.code(), "config");
    assert_eq!(session.with(|t| t.config().hyper()), stopped);
}

pub async fn a_warm_up_ends_inside_a_submission(gpu: &Rc<Gpu>) {
    for optimizer in [Optimizer::Sgd, Optimizer::Adam] {
        let config = RunConfig { warmup: 7, optimizer, ..small("np") };
        let wanted = uninterrupted(&config, &[20]);
        let session = on_gpu(gpu, &config, &small_data()).await;
        let warming = session.poll().unwrap().dispatches;
        assert_eq!(session.advance(20).unwrap(), 20, "one submission");
        assert!(session.poll().unwrap().dispatches > warming, "W is not learned in a warm-up");
        same_row(&session.metrics().await.unwrap(), &wanted[0]);

        let session = on_gpu(gpu, &config, &small_data()).await;
        let of = async |label: &str| session.buffer(label).await.unwrap().unwrap();
        let (w, b) = (of("W2").await, of("B2").await);
        session.advance(7).unwrap();
        assert_eq!(of("W2").await, w, "no step of the warm-up changes W");
        assert_ne!(of("B2").await, b);
        session.advance(1).unwrap();
        assert_ne!(of("W2").await, w);
    }
}

// The paper's autoencoder, so that a submission takes a while.
pub async fn advancing_never_waits_and_never_piles_up(gpu: &Rc<Gpu>) {
    const STEPS: u64 = 16;
    let data = digits(64, 8);
    let config = experiments::default_config(Task::Autoencoder, "np", Optimizer::Sgd).unwrap();
    let session = on_gpu(gpu, &RunConfig { probe: 8, ..config }, &data).await;
    // drivers finish compiling in the first steps
    session.advance(2).unwrap();
    session.buffer("b1").await.unwrap();
    assert_eq!(session.poll().unwrap().confirmed, 2);
    let begin = Instant::now();
    for _ in 0..5 {
        session.advance(STEPS).unwrap();
        let progress = session.poll().unwrap();
        assert!(progress.step - progress.confirmed <= 2 * STEPS, "{progress:?}");
        assert_eq!(progress.busy, progress.step - progress.confirmed > STEPS, "{progress:?}");
    }
    let called = begin.elapsed().as_secs_f64();
    let submitted = session.step();
    session.buffer("b1").await.unwrap();
    let progress = session.poll().unwrap();
    assert_eq!((progress.confirmed, progress.busy), (submitted, false));
    let landed = begin.elapsed().as_secs_f64();
    say!("two submissions took {:.0} ms to make and {:.0} ms to run", 1e3 * called, 1e3 * landed);
    // lavapipe's own queue waits when it is given work before it has done with the last
    if cfg!(target_arch = "wasm32") {
        assert!(called < 0.5 * landed, "advance waits: {called} s of {landed} s");
    }
    let ms = progress.ms_per_step.unwrap();
    assert!(ms > 0.0 && ms < 2e3 * landed / STEPS as f64, "{ms} ms a step");
    assert!(progress.readback_bytes >= 4 * 32 * submitted);
    // more than a submission holds is cut
    let session = on_gpu(gpu, &small("bp"), &small_data()).await;
    let most = session.advance(1 << 40).unwrap();
    assert!(most > 0 && most <= 256, "{most}");
    session.buffer("b1").await.unwrap();
}

// Asked in the middle of what is under way, answered later: as of the question.
pub async fn answers_are_of_the_step_of_their_question(gpu: &Rc<Gpu>) {
    let config = smooth_autoencoder("np");
    let wanted = uninterrupted(&config, &[30, 60]);
    let session = on_gpu(gpu, &config, &small_data()).await;
    session.advance(30).unwrap();
    let (first, b) = (session.metrics(), session.buffer("B2"));
    session.advance(30).unwrap();
    let found = together([first, session.metrics()]).await.map(Result::unwrap);
    for (found, wanted) in found.iter().zip(&wanted) {
        // every loss is in exactly one row
        same_row(found, wanted);
        for (a, b) in found.layers.iter().zip(&wanted.layers) {
            assert!(relative(a.norm_w, b.norm_w) < CLOSE, "{found:?}\n{wanted:?}");
        }
    }
    let mut cpu = trainer(&config, &small_data());
    cpu.advance(30).unwrap();
    assert!(apart(&b.await.unwrap().unwrap(), cpu.buffer("B2").unwrap().0) < CLOSE);
}

// Of a step that ends on the processor, asked before it has ended.
pub async fn answers_wait_for_the_end_of_a_step(gpu: &Rc<Gpu>) {
    let config = RunConfig { feedback: FeedbackLearner::Ridge, ..smooth_autoencoder("np") };
    let mut cpu = trainer(&config, &small_data());
    let session = on_gpu(gpu, &config, &small_data()).await;
    for step in [5, 9] {
        train(&session, step).await;
        cpu.advance(step - cpu.step()).unwrap();
        let wanted = cpu.metrics();
        let rows = [session.metrics(), session.metrics()];
        let buffers = [session.buffer("B2"), session.buffer("B2")];
        for b in together(buffers).await {
            let off = apart(&b.unwrap().unwrap(), cpu.buffer("B2").unwrap().0);
            assert!(off < CLOSE, "B2 is off by {off:.1e}");
        }
        let rows = together(rows).await.map(Result::unwrap);
        assert_eq!(rows[0].layers, rows[1].layers, "asked at once, of the same weights");
        // every loss is in one of them
        same_row(rows.iter().find(|row| row.running_loss.is_some()).unwrap(), &wanted);
        let saved = session.current(Trainer::save).await.unwrap();
        let saved = Trainer::restore(&saved, small_data(), Arithmetic::Reproducible).unwrap();
        assert_eq!(saved.step(), step);
        let off = apart(saved.buffer("B2").unwrap().0, cpu.buffer("B2").unwrap().0);
        assert!(off < CLOSE, "saved B2 is off by {off:.1e}");
    }
}

pub async fn activities_and_buffers_are_the_processors(gpu: &Rc<Gpu>) {
    let data = small_data();
    for config in [small("np"), smooth_autoencoder("sign")] {
        let mut cpu = trainer(&config, &data);
        let session = on_gpu(gpu, &config, &data).await;
        train(&session, 10).await;
        cpu.advance(10).unwrap();
        // more samples than the probe has rows, out of order and with repetitions
        let samples: Vec<usize> = (0..91).map(|i| (i * 37) % 31).collect();
        for l in 0..config.sizes.len() {
            let found = session.activities(SplitName::Test, &samples, l).await.unwrap();
            let wanted = cpu.activities(SplitName::Test, &samples, l).unwrap();
            assert!(apart(&found, &wanted) < CLOSE, "layer {l}");
        }
        assert!(session.activities(SplitName::Train, &[], 1).await.unwrap().is_empty());
        let refused = session.activities(SplitName::Test, &[31], 0).await.unwrap_err();
        assert_eq!(refused.code(), "data");
        assert_eq!(
            session.activities(SplitName::Test, &[0], 9).await.unwrap_err().code(),
            "config"
        );
        for label in ["W1", "W2", "B2", "b3"] {
            let found = session.buffer(label).await.unwrap().unwrap();
            assert!(apart(&found, cpu.buffer(label).unwrap().0) < CLOSE, "{label}");
        }
        assert_eq!(session.buffer("W9").await.unwrap(), None);
        // questions do not disturb training
        train(&session, 30).await;
        cpu.advance(20).unwrap();
        session.metrics().await.unwrap();
        cpu.metrics();
        let found = session.buffer("W1").await.unwrap().unwrap();
        assert!(apart(&found, cpu.buffer("W1").unwrap().0) < CLOSE);
    }
}

pub async fn calibration_leaves_the_run_alone(gpu: &Rc<Gpu>) {
    let config = smooth_autoencoder("np");
    let session = Session::new(trainer(&config, &small_data()));
    for step in [3, 6] {
        train(&session, step).await;
        let before = session.current(Trainer::checksum).await.unwrap();
        let found = session.calibrate(gpu.clone()).await.unwrap();
        assert!(found.cpu_ms > 0.0 && found.gpu_ms > 0.0, "{found:?}");
        assert_eq!(session.step(), step);
        assert_eq!(session.current(Trainer::checksum).await.unwrap(), before);
        session.to_gpu(gpu.clone()).await.unwrap();
    }
    pause().await;
}

// Laid open beside the GPU: what a processor would say of the same state.
pub async fn a_run_on_the_gpu_is_laid_open(gpu: &Rc<Gpu>) {
    for config in ways() {
        let session = on_gpu(gpu, &config, &small_data()).await;
        train(&session, 25).await;
        let saved = session.current(Trainer::save).await.unwrap();
        let restored = Trainer::restore(&saved, small_data(), Arithmetic::Reproducible).unwrap();
        let mut wanted = Look::new(&restored).unwrap();
        wanted.follow(&restored).unwrap();
        let of = |look: &mut Look| {
            let view = look.next_step();
            let own = view.layers[0];
            (
                view.samples,
                view.loss.to_vec(),
                own.truth.unwrap().to_vec(),
                own.dw.unwrap().to_vec(),
            )
        };
        // asked while steps are under way, answered as of the call
        let asked = session.look(Box::new(move |look| Ok(of(look))));
        session.advance(1).unwrap();
        assert_eq!(asked.await.unwrap(), of(&mut wanted));
        session.to_cpu().await.unwrap();
        train(&session, 26).await;
        let image = vec![0.25; 12];
        let answer = session.respond(image.clone()).await.unwrap();
        session.to_gpu(gpu.clone()).await.unwrap();
        let on_gpu = session.respond(image.clone()).await.unwrap();
        assert!(answer.iter().zip(&on_gpu).all(|(a, b)| apart(a, b) < CLOSE));
        let code = answer[config.code_layer().unwrap() - 1].clone();
        let decoded = session.decode(code).await.unwrap();
        assert!(apart(&decoded, &answer[config.layers() - 1]) < CLOSE);
        let sized = session.respond(vec![0.0; 3]).await.unwrap_err();
        assert_eq!((sized.code(), session.device()), ("config", Device::Gpu));
    }
}

/// Steps of one part between others: the GPU goes on from where the processor left W, B and Adam's clock.
pub async fn steps_of_one_part_stand_between_others(gpu: &Rc<Gpu>) {
    gpu.set_tuning(Tuning::SMALL);
    for config in ways() {
        let mut wanted = trainer(&config, &small_data());
        let session = Session::new(trainer(&config, &small_data()));
        session.to_gpu(gpu.clone()).await.unwrap();
        for part in [Part::Feedback, Part::Forward, Part::Feedback] {
            // the last of these are under way when the steps of one part are asked for
            train(&session, wanted.advance(10).unwrap()).await;
            wanted.advance_only(part, 2).unwrap();
            assert_eq!(session.advance_only(part, 2).await.unwrap(), wanted.step());
            assert_eq!(session.step(), wanted.step());
        }
        train(&session, wanted.advance(10).unwrap()).await;
        assert_eq!(session.device(), Device::Gpu);
        same_row(&session.metrics().await.unwrap(), &wanted.metrics());
        assert_eq!(session.current(Trainer::held).await.unwrap(), wanted.held());
        for label in ["W1", "W2", "B2"] {
            let found = session.buffer(label).await.unwrap().unwrap();
            let off = apart(&found, wanted.buffer(label).unwrap().0);
            assert!(off < CLOSE, "{} {label}: {off}", config.rule);
        }
    }
}
