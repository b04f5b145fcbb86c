//! A run that trains on the processor or on a GPU, and moves between them in the middle.
//!
//! The [`Trainer`] always stays: it is the run while the processor trains, and the last known state while a GPU
//! does. So a GPU that is lost costs the steps since the last checkpoint, which the processor repeats, and
//! nothing else. Checkpoints come back while training goes on.
//!
//! Nothing here waits. What must arrive first is a future: natively, [`Gpu::wait`] drives it; in a browser, the
//! event loop does.

use crate::base::future::ready;
use crate::base::{Error, Result};
use crate::data::SplitName;
use crate::exec::gpu::{Executor, Flight, Gpu, Reading};
use crate::look::Look;
use crate::metrics::Metrics;
use crate::plan::{Buf, Hyper, Lowered, Moment, Source};
use crate::trainer::{Measurement, Part, Pictures, Trainer};
use futures_channel::oneshot;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;
use web_time::Instant;

/// Submissions under way at once: one runs while the next is encoded.
const IN_FLIGHT: usize = 2;
/// Shortest time between checkpoints.
const CHECKPOINT: Duration = Duration::from_millis(500);
/// Checkpoints take at most one part in so many of the time.
const CHECKPOINT_SHARE: u32 = 50;
/// Weight of the newest measurement of a step's time.
const NEWEST: f64 = 0.25;

/// Where a run trains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// The processor.
    Cpu,
    /// A GPU.
    Gpu,
}

impl Device {
    /// As written in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Gpu => "gpu",
        }
    }
}

/// How far a run is.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// Steps done; on a GPU, submitted.
    pub step: u64,
    /// Steps whose losses have come back.
    pub confirmed: u64,
    /// As many submissions as allowed are under way.
    pub busy: bool,
    /// Measured GPU time of a step.
    pub ms_per_step: Option<f64>,
    /// Dispatches of a step, 0 on the processor.
    pub dispatches: usize,
    /// Bytes read back by all runs on the same GPU.
    pub readback_bytes: u64,
    /// Once, when the run has left the GPU by itself: why, in a sentence.
    pub note: Option<String>,
}

/// Milliseconds a step takes on either path.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibration {
    /// On the processor.
    pub cpu_ms: f64,
    /// On the GPU.
    pub gpu_ms: f64,
}

/// State on its way from the GPU to the trainer.
struct Checkpoint {
    step: u64,
    reading: Reading,
    asked: Instant,
}

/// The part of a step that the processor does: the solve of ridge regression, which needs f64. Steps are then
/// submitted one by one, so that every step has the B of the step before it, as on the processor.
struct Solver {
    /// Runs the ops; its other buffers mean nothing.
    twin: Box<Trainer>,
    operands: Vec<Buf>,
    results: Vec<Buf>,
    /// Operands on their way here, after a step of this number; taken by the first who waits for them.
    waiting: Option<(u64, Option<Reading>)>,
    /// The others who wait.
    others: Vec<oneshot::Sender<()>>,
}

/// What lives on the GPU.
struct Resident {
    exec: Executor,
    solver: Option<Solver>,
    /// Steps submitted.
    step: u64,
    /// Steps whose losses have come back.
    confirmed: u64,
    flights: VecDeque<Flight>,
    /// (steps done, loss of the last) of steps that came back and are in no row of metrics yet.
    losses: VecDeque<(u64, f64)>,
    ms_per_step: Option<f64>,
    /// The first flight has landed: drivers finish compiling in it, so its time says nothing.
    warm: bool,
    /// When the last flight landed, for GPUs without a clock of their own.
    landed: Instant,
    checkpoint: Option<Checkpoint>,
    last_checkpoint: Instant,
    /// How long the last one took.
    checkpoint_took: Duration,
    /// Step of the state that the trainer has.
    saved: u64,
}

struct Inner {
    trainer: Trainer,
    resident: Option<Resident>,
    /// Kept from one question to the next: what it needs is compiled once.
    look: Option<Box<Look>>,
    note: Option<String>,
}

/// Pictures to ask for. Boxed: whoever asks shares one copy of the code that waits for them.
type Wanted = Box<dyn FnOnce(&Trainer) -> Result<Pictures>>;

/// What to do at a twin of the run.
type Looking<R> = Box<dyn FnOnce(&mut Look) -> Result<R>>;

/// A run on either path. Clones are the same run.
#[derive(Clone)]
pub struct Session(Rc<RefCell<Inner>>);

impl Session {
    /// A run on the processor.
    pub fn new(trainer: Trainer) -> Self {
        Self(Rc::new(RefCell::new(Inner { trainer, resident: None, look: None, note: None })))
    }

    /// Where it trains now.
    pub fn device(&self) -> Device {
        if self.0.borrow().resident.is_some() { Device::Gpu } else { Device::Cpu }
    }

    /// Steps done; on a GPU, submitted.
    pub fn step(&self) -> u64 {
        let inner = self.0.borrow();
        inner.resident.as_ref().map_or(inner.trainer.step(), |r| r.step)
    }

    /// Looks at the trainer: its configuration and data. Its weights are the current ones on the processor only.
    pub fn with<R>(&self, look: impl FnOnce(&Trainer) -> R) -> R {
        look(&self.0.borrow().trainer)
    }

    /// Changes the rates from the next step on.
    pub fn set_hyper(&self, hyper: &Hyper) -> Result<()> {
        self.0.borrow_mut().trainer.set_hyper(hyper)
    }

    /// Processor: runs `steps` steps. GPU: submits that many (or as many as one submission holds) and returns at
    /// once; does nothing while two submissions are under way. Returns [`Session::step`].
    ///
    /// # Errors
    /// [`Error::Diverged`]
    pub fn advance(&self, steps: u64) -> Result<u64> {
        let mut inner = self.0.borrow_mut();
        inner.collect()?;
        inner.submit(steps)?;
        drop(inner);
        Ok(self.step())
    }

    /// Runs `steps` steps in which only the weights of `part` change ([`Trainer::advance_only`]), after everything
    /// submitted. On the processor in either case: they are few, for a reader who looks at each. Returns
    /// [`Session::step`].
    ///
    /// # Errors
    /// [`Error::Diverged`]; [`Error::Gpu`]: lost meanwhile, nothing was done.
    pub async fn advance_only(&self, part: Part, steps: u64) -> Result<u64> {
        loop {
            self.synchronise().await?;
            let mut inner = self.0.borrow_mut();
            // whatever was submitted while the state was on its way comes first
            if inner.resident.as_ref().is_some_and(|r| r.saved != r.step) {
                continue;
            }
            inner.book_until(u64::MAX);
            let Inner { trainer, resident, .. } = &mut *inner;
            let step = trainer.advance_only(part, steps)?;
            if let Some(r) = resident {
                upload(trainer, &r.exec);
                (r.step, r.confirmed, r.saved) = (step, step, step);
            }
            return Ok(step);
        }
    }

    /// Takes up what has come back.
    ///
    /// # Errors
    /// [`Error::Diverged`]
    pub fn poll(&self) -> Result<Progress> {
        let mut inner = self.0.borrow_mut();
        inner.collect()?;
        let note = inner.note.take();
        let Inner { trainer, resident, .. } = &mut *inner;
        let Some(r) = resident else {
            let step = trainer.step();
            return Ok(Progress {
                step,
                confirmed: step,
                busy: false,
                ms_per_step: None,
                dispatches: 0,
                readback_bytes: 0,
                note,
            });
        };
        Ok(Progress {
            step: r.step,
            confirmed: r.confirmed,
            busy: r.busy(),
            ms_per_step: r.ms_per_step,
            dispatches: r.exec.dispatches(trainer.compiled().step, r.step)?,
            readback_bytes: r.exec.gpu().bytes_read(),
            note,
        })
    }

    /// Moves the run to a GPU at the step where it stands.
    ///
    /// # Errors
    /// [`Error::Gpu`]: it cannot run there; it stays on the processor.
    pub async fn to_gpu(&self, gpu: Rc<Gpu>) -> Result<()> {
        self.to_cpu().await?;
        let work = gpu.clone();
        let made = gpu
            .checked(|| {
                let inner = self.0.borrow();
                let mut exec = executor(&inner.trainer, work)?;
                let compiled = inner.trainer.compiled();
                exec.prepare(compiled.step, true)?;
                for plan in [compiled.align, compiled.evaluate, compiled.infer] {
                    exec.prepare(plan, false)?;
                }
                Ok(exec)
            })
            .await?;
        let mut inner = self.0.borrow_mut();
        // Not before now: the processor may have gone on while shaders were compiled.
        upload(&inner.trainer, &made);
        let (operands, results) = made.host_operands(inner.trainer.compiled().step, u64::MAX);
        let solver = if operands.is_empty() {
            None
        } else {
            let twin = Box::new(inner.trainer.twin()?);
            Some(Solver { twin, operands, results, waiting: None, others: Vec::new() })
        };
        let now = Instant::now();
        let step = inner.trainer.step();
        inner.resident = Some(Resident {
            exec: made,
            solver,
            step,
            confirmed: step,
            flights: VecDeque::new(),
            losses: VecDeque::new(),
            ms_per_step: None,
            warm: false,
            landed: now,
            checkpoint: None,
            last_checkpoint: now,
            checkpoint_took: Duration::ZERO,
            saved: step,
        });
        Ok(())
    }

    /// Moves the run to the processor; what is under way is waited for. A GPU that is lost meanwhile leaves a note
    /// for [`Session::poll`] and the last checkpoint.
    ///
    /// # Errors
    /// [`Error::Diverged`]
    pub async fn to_cpu(&self) -> Result<()> {
        match self.synchronise().await {
            Ok(()) => {
                let mut inner = self.0.borrow_mut();
                inner.book_until(u64::MAX);
                inner.resident = None;
            }
            Err(Error::Gpu { message }) => self.0.borrow_mut().fall_back(&message),
            Err(other) => return Err(other),
        }
        Ok(())
    }

    /// Is the processor's part of the last step still to come?
    fn unsettled(&self) -> bool {
        let inner = self.0.borrow();
        let solver = inner.resident.as_ref().and_then(|r| r.solver.as_ref());
        solver.is_some_and(|s| s.waiting.is_some())
    }

    /// Who brings the processor's part of the last step to its end?
    fn claim(&self) -> Claim {
        let mut inner = self.0.borrow_mut();
        let solver = inner.resident.as_mut().and_then(|r| r.solver.as_mut());
        let Some(solver) = solver else { return Claim::Settled };
        let Some((step, reading)) = &mut solver.waiting else { return Claim::Settled };
        if let Some(reading) = reading.take() {
            return Claim::Mine(*step, reading);
        }
        let (settled, other) = oneshot::channel();
        solver.others.push(settled);
        Claim::Other(other)
    }

    /// Waits for the processor's part of the last step.
    async fn settle(&self) -> Result<()> {
        let (step, reading) = match self.claim() {
            Claim::Settled => return Ok(()),
            Claim::Other(settled) => {
                // an error means that the run has left the GPU: the next question goes to the processor
                let _ = settled.await;
                return Ok(());
            }
            Claim::Mine(step, reading) => (step, reading),
        };
        let values = reading.wait().await?;
        if let Some(r) = &mut self.0.borrow_mut().resident
            && let Some(solver) = &mut r.solver
        {
            solver.solve(&r.exec, step, &values);
        }
        Ok(())
    }

    /// What `ask` gives: asked now, or as soon as the last step is whole.
    fn ask<T: 'static>(
        &self,
        ask: impl FnOnce(&Self) -> Result<T> + 'static,
    ) -> impl Future<Output = Result<T>> + 'static {
        let run = self.clone();
        let (now, later) =
            if run.unsettled() { (None, Some(ask)) } else { (Some(ask(&run)), None) };
        async move {
            if let Some(ask) = later {
                run.settle().await?;
                return ask(&run);
            }
            now.unwrap_or_else(|| Err(Error::internal("nothing was asked")))
        }
    }

    /// Brings the trainer's state up to the last submitted step.
    async fn synchronise(&self) -> Result<()> {
        self.settle().await?;
        let Some((step, reading)) = self.0.borrow_mut().read_state() else { return Ok(()) };
        let values = reading.wait().await?;
        let mut inner = self.0.borrow_mut();
        // Submitted before it, so landed before it.
        inner.collect()?;
        inner.adopt(step, &values)
    }

    /// A row of metrics as of this call, on the first `train` and `test` samples.
    pub fn metrics_over(
        &self,
        train: usize,
        test: usize,
    ) -> impl Future<Output = Result<Metrics>> + 'static {
        let asked = self.ask(move |run| run.measure(train, test));
        let run = self.clone();
        async move {
            match asked.await? {
                Asked::Now(metrics) => Ok(*metrics),
                Asked::Later(wanted, reading) => {
                    let values = reading.wait().await?;
                    let mut inner = run.0.borrow_mut();
                    inner.collect()?;
                    let values: Vec<f64> = values.into_iter().map(f64::from).collect();
                    inner.book_until(wanted.step());
                    let running = inner.trainer.take_running();
                    Ok(wanted.measured(&values, running))
                }
            }
        }
    }

    /// A row of metrics as of this call, on the configured probe.
    pub fn metrics(&self) -> impl Future<Output = Result<Metrics>> + 'static {
        let probe = self.with(|t| t.config().probe);
        self.metrics_over(probe, probe)
    }

    fn measure(&self, train: usize, test: usize) -> Result<Asked> {
        let mut inner = self.0.borrow_mut();
        inner.collect()?;
        let Inner { trainer, resident, .. } = &mut *inner;
        let Some(r) = resident else {
            return Ok(Asked::Now(Box::new(trainer.metrics_over(train, test))));
        };
        let updates = trainer.updates_before(r.step);
        let wanted = Measurement::metrics(trainer, train, test).at_step(r.step, updates);
        let reading = r.exec.perform(wanted.tasks(), &trainer.config().hyper())?;
        Ok(Asked::Later(Box::new(wanted), reading))
    }

    /// Noise-free activities of layer `l` for the listed samples as of this call, row major.
    pub fn activities(
        &self,
        split: SplitName,
        samples: &[usize],
        l: usize,
    ) -> impl Future<Output = Result<Vec<f32>>> + 'static {
        let samples = samples.to_vec();
        self.pictures(false, Box::new(move |run| Pictures::of(run, split, &samples, l)))
    }

    /// Noise-free activities of all layers, first hidden to output, for one image of numbers in [0, 1].
    pub fn respond(
        &self,
        image: Vec<f32>,
    ) -> impl Future<Output = Result<Vec<Vec<f32>>>> + 'static {
        let sizes = self.with(|run| run.config().sizes.clone());
        let asked = self.pictures(true, Box::new(move |run| Pictures::response(run, &image)));
        async move {
            let values = asked.await?;
            let mut rest = &values[..];
            let layers = sizes[1..].iter().map(|units| {
                let (own, above) = rest.split_at(*units);
                rest = above;
                own.to_vec()
            });
            Ok(layers.collect())
        }
    }

    /// The output that the layers above the code layer make of an activity of it.
    pub fn decode(&self, code: Vec<f32>) -> impl Future<Output = Result<Vec<f32>>> + 'static {
        self.pictures(true, Box::new(move |run| Pictures::decoded(run, &code)))
    }

    /// `one`: of a single sample. The processor then asks the twin, whose probe has one row.
    fn pictures(
        &self,
        one: bool,
        wanted: Wanted,
    ) -> impl Future<Output = Result<Vec<f32>>> + 'static {
        let asked = self.ask(move |run| run.picture(one, wanted));
        async move {
            match asked.await? {
                Ok(values) => Ok(values),
                Err(reading) => reading.wait().await,
            }
        }
    }

    fn picture(&self, one: bool, wanted: Wanted) -> Result<std::result::Result<Vec<f32>, Reading>> {
        let mut inner = self.0.borrow_mut();
        inner.collect()?;
        if one && inner.resident.is_none() {
            return inner.look(Look::follow)?.pictures(wanted).map(Ok);
        }
        let Inner { trainer, resident, .. } = &mut *inner;
        let wanted = wanted(trainer)?;
        let Some(r) = resident else {
            return Ok(Ok(trainer.pictures(&wanted)));
        };
        Ok(Err(r.exec.perform(wanted.tasks(), &trainer.config().hyper())?))
    }

    /// What `look` finds at a twin of the run with the state as of this call. The run itself is not touched.
    pub fn look<R: 'static>(&self, look: Looking<R>) -> impl Future<Output = Result<R>> + 'static {
        let run = self.clone();
        let asked = self.ask(move |run| {
            let mut inner = run.0.borrow_mut();
            inner.collect()?;
            if let Some((step, reading)) = inner.read_state() {
                return Ok(Err((step, inner.trainer.config().hyper(), reading, look)));
            }
            look(inner.look(Look::follow)?).map(Ok)
        });
        async move {
            match asked.await? {
                Ok(found) => Ok(found),
                Err((step, hyper, reading, look)) => {
                    let values = reading.wait().await?;
                    let mut inner = run.0.borrow_mut();
                    look(inner.look(|at, _| at.set(step, &hyper, &values))?)
                }
            }
        }
    }

    /// Content of a persistent buffer as of this call; `None` where there is none of that label.
    pub fn buffer(&self, label: &str) -> impl Future<Output = Result<Option<Vec<f32>>>> + 'static {
        let label = label.to_string();
        let asked = self.ask(move |run| {
            let inner = run.0.borrow();
            Ok(match (&inner.resident, inner.trainer.buffer(&label)) {
                (Some(r), Some((_, buf))) => Err(r.exec.read(&[buf])),
                (_, found) => Ok(found.map(|(values, _)| values.to_vec())),
            })
        });
        async move {
            match asked.await? {
                Ok(values) => Ok(values),
                Err(reading) => reading.wait().await.map(Some),
            }
        }
    }

    /// The trainer with the state of this moment, for saving and checksums.
    pub async fn current<R>(&self, look: impl FnOnce(&Trainer) -> R) -> Result<R> {
        self.synchronise().await?;
        Ok(self.with(look))
    }

    /// Drives a future of this run to its end. For native programs: in a browser nothing may wait.
    pub fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        let gpu = self.0.borrow().resident.as_ref().map(|r| r.exec.gpu().clone());
        match gpu {
            Some(gpu) => gpu.wait(future),
            None => ready(future),
        }
    }

    /// Runs `steps` steps on either path and waits for their end. For native programs.
    ///
    /// # Errors
    /// [`Error::Diverged`]
    pub fn train(&self, steps: u64) -> Result<()> {
        let end = self.step() + steps;
        loop {
            let progress = self.poll()?;
            // A GPU that was lost has set the run back; the processor runs these steps again.
            if progress.step >= end && progress.confirmed >= end {
                return Ok(());
            }
            if let Some(note) = progress.note {
                self.0.borrow_mut().note = Some(note);
            }
            if progress.busy || progress.step >= end {
                if let Some(r) = &self.0.borrow().resident {
                    r.exec.gpu().block();
                }
            } else {
                self.advance(end - progress.step)?;
            }
        }
    }

    /// Times both paths on this configuration, a few milliseconds each after a first step that warms up. The run
    /// itself is not touched.
    ///
    /// # Errors
    /// [`Error::Gpu`]: it cannot run there.
    pub async fn calibrate(&self, gpu: Rc<Gpu>) -> Result<Calibration> {
        let (mut twin, compiled, hyper) = {
            let inner = self.0.borrow();
            let trainer = &inner.trainer;
            (trainer.twin()?, trainer.compiled().clone(), trainer.config().hyper())
        };
        let work = gpu.clone();
        let mut exec = gpu
            .checked(|| {
                let mut exec = executor(&twin, work)?;
                exec.prepare(compiled.step, true)?;
                Ok(exec)
            })
            .await?;
        upload(&twin, &exec);
        let mut steps = 0u64;
        let mut run = async |count: u64| -> Result<f64> {
            let begin = Instant::now();
            let moments: Vec<Moment> =
                (steps..steps + count).map(|step| moment(&twin, step)).collect();
            let flight = exec.submit(compiled.step, &moments, &hyper)?;
            exec.landed(flight).await?;
            steps += count;
            Ok(1e3 * begin.elapsed().as_secs_f64())
        };
        // The first step compiles what the driver has put off; then twice as many until the time counts.
        run(1).await?;
        let (mut count, mut took) = (1, run(1).await?);
        while took < CALIBRATE_MS && count < 64 {
            count *= 2;
            took = run(count).await?;
        }
        let gpu_ms = took.min(run(count).await?) / count as f64;
        let mut cpu = |count: u64| -> Result<f64> {
            let begin = Instant::now();
            twin.advance(count)?;
            Ok(1e3 * begin.elapsed().as_secs_f64())
        };
        // The first step fetches everything into the caches.
        cpu(1)?;
        let (mut count, mut took) = (1, cpu(1)?);
        while took < CALIBRATE_MS && count < 256 {
            count *= 2;
            took = cpu(count)?;
        }
        let cpu_ms = took.min(cpu(count)?) / count as f64;
        Ok(Calibration { cpu_ms, gpu_ms })
    }
}

/// How long a calibration measures either path at least.
const CALIBRATE_MS: f64 = 4.0;

/// Who brings the processor's part of a step to its end.
enum Claim {
    /// It is there.
    Settled,
    /// Whoever asks: these are its operands, after a step of this number.
    Mine(u64, Reading),
    /// Somebody who asked before, and tells.
    Other(oneshot::Receiver<()>),
}

/// A row of metrics, there or to come.
enum Asked {
    Now(Box<Metrics>),
    Later(Box<Measurement>, Reading),
}

/// A run's memory and plans on a GPU, without its state.
fn executor(trainer: &Trainer, gpu: Rc<Gpu>) -> Result<Executor> {
    let compiled = trainer.compiled();
    let observed = compiled.observed();
    Executor::new(gpu, compiled.program.clone(), trainer.data(), Some(compiled.loss), &observed)
}

/// The state, from the trainer to the GPU.
fn upload(trainer: &Trainer, exec: &Executor) {
    for decl in trainer.compiled().program.persistent() {
        if let Some((values, buf)) = trainer.buffer(&decl.label) {
            exec.write(buf, values);
        }
    }
}

/// The surroundings of training step number `step`.
fn moment(trainer: &Trainer, step: u64) -> Moment {
    let mut moment = trainer.moment(Source::Shuffled, 0);
    moment.env.step = step;
    moment.clock.step = step;
    moment.clock.updates = trainer.updates_before(step);
    moment
}

impl Resident {
    /// Can it take no submission now?
    fn busy(&self) -> bool {
        self.flights.len() >= IN_FLIGHT || self.solver.as_ref().is_some_and(|s| s.waiting.is_some())
    }
}

impl Solver {
    /// Runs the host's ops on what has come back, and sends what they write.
    fn solve(&mut self, exec: &Executor, step: u64, values: &[f32]) {
        let mut rest = values;
        for buf in &self.operands {
            let (own, others) = rest.split_at(buf.len());
            self.twin.executor().write(*buf).copy_from_slice(own);
            rest = others;
        }
        self.twin.set_step(step);
        self.twin.run_only(&|op| (op.kernel.gpu)(op).contains(&Lowered::Host));
        for buf in &self.results {
            exec.write(*buf, self.twin.executor().read(*buf));
        }
        self.waiting = None;
        for other in self.others.drain(..) {
            // who has stopped waiting need not know
            let _ = other.send(());
        }
    }
}

impl Inner {
    fn submit(&mut self, steps: u64) -> Result<()> {
        let Self { trainer, resident, .. } = self;
        let Some(r) = resident else {
            trainer.advance(steps)?;
            return Ok(());
        };
        if r.busy() || steps == 0 {
            return Ok(());
        }
        let most = if r.solver.is_some() { 1 } else { r.exec.slots() as u64 };
        let count = steps.min(most);
        let moments: Vec<Moment> = (r.step..r.step + count).map(|s| moment(trainer, s)).collect();
        let flight = r.exec.submit(trainer.compiled().step, &moments, &trainer.config().hyper())?;
        r.flights.push_back(flight);
        r.step += count;
        if let Some(solver) = &mut r.solver {
            solver.waiting = Some((r.step - 1, Some(r.exec.read(&solver.operands))));
            // a checkpoint now would have the W of this step and the B of the last
            return Ok(());
        }
        self.ask_for_checkpoint();
        Ok(())
    }

    /// Asks for the state as it is after everything submitted, if it is time for it.
    fn ask_for_checkpoint(&mut self) {
        let Self { trainer, resident, .. } = self;
        let Some(r) = resident else { return };
        let pause = CHECKPOINT.max(CHECKPOINT_SHARE * r.checkpoint_took);
        if r.checkpoint.is_none() && r.last_checkpoint.elapsed() >= pause {
            let reading = r.exec.read(&persistent(trainer));
            r.checkpoint = Some(Checkpoint { step: r.step, reading, asked: Instant::now() });
        }
    }

    /// The twin to look at, brought to a state.
    fn look(&mut self, bring: impl FnOnce(&mut Look, &Trainer) -> Result<()>) -> Result<&mut Look> {
        let look = match self.look.take() {
            Some(look) => look,
            None => Box::new(Look::new(&self.trainer)?),
        };
        let look = self.look.insert(look);
        bring(look, &self.trainer)?;
        look.hold(self.trainer.held());
        Ok(look)
    }

    /// Asks for the whole state.
    fn read_state(&mut self) -> Option<(u64, Reading)> {
        let r = self.resident.as_ref()?;
        Some((r.step, r.exec.read(&persistent(&self.trainer))))
    }

    /// Takes up what has come back: losses, then a checkpoint. A GPU that fails is left.
    fn collect(&mut self) -> Result<()> {
        match self.take_up() {
            Err(Error::Gpu { message }) => {
                self.fall_back(&message);
                Ok(())
            }
            other => other,
        }
    }

    fn take_up(&mut self) -> Result<()> {
        let Self { trainer, resident, .. } = self;
        let Some(r) = resident else { return Ok(()) };
        while let Some(landing) = r.flights.front_mut().and_then(|f| r.exec.land(f)) {
            let landing = landing?;
            let Some(flight) = r.flights.pop_front() else { break };
            let waited = landing.submitted.max(r.landed).elapsed().as_secs_f64() * 1e3;
            let ms = landing.gpu_ms.unwrap_or(waited) / flight.steps as f64;
            if r.warm {
                r.ms_per_step = Some(r.ms_per_step.map_or(ms, |old| old + NEWEST * (ms - old)));
            }
            r.warm = true;
            r.landed = Instant::now();
            for (step, loss) in (flight.first + 1..).zip(&landing.losses) {
                if !loss.is_finite() {
                    let top = trainer.config().layers();
                    let what = format!("layer {top} (loss of its output h{top})");
                    return Err(Error::Diverged { step, what });
                }
                r.losses.push_back((step, *loss));
            }
            r.confirmed = flight.first + flight.steps as u64;
        }
        if let Some(fault) = r.exec.gpu().fault() {
            return Err(Error::gpu(fault));
        }
        if let Some(solver) = &mut r.solver
            && let Some((step, Some(reading))) = &mut solver.waiting
            && let Some(values) = reading.poll()
        {
            let step = *step;
            solver.solve(&r.exec, step, &values?);
            self.ask_for_checkpoint();
        }
        let Some(r) = &mut self.resident else { return Ok(()) };
        let Some(arrived) = r.checkpoint.as_mut().and_then(|c| c.reading.poll()) else {
            return Ok(());
        };
        let Some(Checkpoint { step, asked, .. }) = r.checkpoint.take() else { return Ok(()) };
        r.checkpoint_took = asked.elapsed();
        r.last_checkpoint = Instant::now();
        let values = arrived?;
        self.adopt(step, &values)
    }

    /// Makes what came back the trainer's state.
    fn adopt(&mut self, step: u64, values: &[f32]) -> Result<()> {
        if self.resident.as_ref().is_none_or(|r| step < r.saved) {
            // Left, or overtaken by a later one.
            return Ok(());
        }
        let layout: Vec<(Buf, String)> = {
            let program = &self.trainer.compiled().program;
            program.persistent().map(|b| (b.buf, b.label.clone())).collect()
        };
        let mut rest = values;
        for (buf, label) in &layout {
            let (own, others) = rest.split_at(buf.len());
            rest = others;
            if own.iter().any(|x| !x.is_finite()) {
                return Err(Error::Diverged { step, what: label.clone() });
            }
        }
        let mut rest = values;
        for (buf, _) in layout {
            let (own, others) = rest.split_at(buf.len());
            self.trainer.executor().write(buf).copy_from_slice(own);
            rest = others;
        }
        self.trainer.set_step(step);
        if let Some(r) = &mut self.resident {
            r.saved = step;
        }
        Ok(())
    }

    /// Counts the losses of the steps up to this one towards the next row of metrics.
    fn book_until(&mut self, step: u64) {
        let Some(r) = &mut self.resident else { return };
        while let Some((_, loss)) = r.losses.front().copied().filter(|(at, _)| *at <= step) {
            self.trainer.book(loss);
            r.losses.pop_front();
        }
    }

    /// Goes on on the processor from the last state that came back.
    fn fall_back(&mut self, why: &str) {
        // The processor runs the steps after this one again.
        self.book_until(self.trainer.step());
        if self.resident.take().is_some() {
            let step = self.trainer.step();
            self.note = Some(format!("{why}; training goes on on the processor from step {step}"));
        }
    }
}

fn persistent(trainer: &Trainer) -> Vec<Buf> {
    trainer.compiled().program.persistent().map(|b| b.buf).collect()
}
