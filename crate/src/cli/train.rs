//! `credit-lab train`: one run, one JSON object of metrics a line.

use super::input;
use super::row::Row;
use clap::Args;
use credit_lab::base::future::ready;
use credit_lab::base::{Error, Result, rng};
use credit_lab::config::{
    Difference, Evaluate, FeedbackLearner, Initialisation, Noise, Optimizer, RunConfig, Task,
};
use credit_lab::exec::gpu::Gpu;
use credit_lab::experiments;
use credit_lab::kernels::activation::Activation;
use credit_lab::kernels::loss::Loss;
use credit_lab::metrics::Metrics;
use credit_lab::plan::Arithmetic;
use credit_lab::session::{Calibration, Session};
use credit_lab::trainer::Trainer;
use indicatif::{ProgressBar, ProgressStyle};
use std::fs::OpenOptions;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Instant;

/// Options of `train`. What is not given is the paper's value for the task and the rule.
#[derive(Args)]
pub struct Options {
    /// autoencoder (784-200-2-200-784) or classifier (784-50-20-10)
    #[arg(long, default_value = "autoencoder", value_parser = input::task)]
    task: Task,
    /// bp, fa, dfa, np, np-dfa, sg, matched, sign, mirror or perturb
    #[arg(long, default_value = "np")]
    rule: String,
    /// How learned feedback follows its target: sgd or ridge
    #[arg(long, value_parser = input::named::<FeedbackLearner>)]
    feedback: Option<FeedbackLearner>,
    /// sgd or adam
    #[arg(long, default_value = "sgd", value_parser = input::named::<Optimizer>)]
    optimizer: Optimizer,
    /// Noise of the training pass itself: none, activations or inputs (denoising autoencoder)
    #[arg(long, value_parser = input::named::<Noise>)]
    noise: Option<Noise>,
    /// Training steps
    #[arg(long, default_value_t = 20_000)]
    steps: u64,
    /// Seed of weights, batches and noise [default: drawn from the system]
    #[arg(long)]
    seed: Option<u64>,
    /// `eta_W`, learning rate of W (multiplies batch sums)
    #[arg(long, allow_negative_numbers = true)]
    lr: Option<f64>,
    /// `eta_B`, learning rate of B
    #[arg(long, allow_negative_numbers = true)]
    feedback_lr: Option<f64>,
    /// `c_h`, standard deviation of the noise on activities
    #[arg(long, allow_negative_numbers = true)]
    noise_std: Option<f64>,
    /// Standard deviation of the noise on inputs
    #[arg(long, allow_negative_numbers = true)]
    input_noise: Option<f64>,
    /// gamma of ridge feedback
    #[arg(long, allow_negative_numbers = true)]
    gamma: Option<f64>,
    /// kappa, weight decay of matched updates
    #[arg(long, allow_negative_numbers = true)]
    kappa: Option<f64>,
    /// Samples in a batch
    #[arg(long)]
    batch: Option<usize>,
    /// Hidden layer sizes, e.g. 200,2,200; other than the preset's number needs --activations
    #[arg(long, value_delimiter = ',')]
    hidden: Option<Vec<usize>>,
    /// Activation of every weight layer: identity, sigmoid, tanh, relu; softmax at the output brings
    /// cross-entropy with it
    #[arg(long, value_delimiter = ',', value_parser = input::named::<Activation>)]
    activations: Option<Vec<Activation>>,
    /// First steps in which only the feedback learns
    #[arg(long)]
    warmup: Option<u64>,
    /// Never change W and b
    #[arg(long)]
    freeze_forward: bool,
    /// Credit each sample with the whole batch's loss difference (the authors' early variant)
    #[arg(long)]
    per_batch_difference: bool,
    /// `gaussian` or `truncated_normal` (the authors' autoencoders)
    #[arg(long, value_parser = input::named::<Initialisation>)]
    init: Option<Initialisation>,
    /// Seed of the first weights alone, so that runs share them [default: that of --seed]
    #[arg(long)]
    init_seed: Option<u64>,
    /// Measure losses and errors on clean passes or, like the authors, on noisy ones
    #[arg(long, value_parser = input::named::<Evaluate>)]
    evaluate: Option<Evaluate>,
    /// Folder with the four MNIST files, plain or .gz [default: the packed 10,000 digits]
    #[arg(long)]
    data: Option<PathBuf>,
    /// Training samples, the first ones, that are not used; 5000 as in the authors' reader
    #[arg(long, default_value_t = 0)]
    leave_out: usize,
    /// Steps between rows of metrics
    #[arg(long, default_value_t = 1000)]
    eval_every: u64,
    /// Samples of a row, from the training and the test set each [default: 1000 and all]
    #[arg(long)]
    eval_samples: Option<usize>,
    /// File for the rows, - for standard output
    #[arg(long, default_value = "-")]
    out: PathBuf,
    /// Where to train: cpu, gpu (an error where there is none), or auto (both are timed, the faster one runs)
    #[arg(long, value_enum, default_value_t = Choice::Cpu)]
    device: Choice,
    /// Threads that share a step's large products; their number changes no bit
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// The same bits as in the browser: no fused multiply-add
    #[arg(long)]
    reproducible: bool,
    /// Save the run here at the end
    #[arg(long)]
    save: Option<PathBuf>,
    /// Go on from a saved run; --steps counts from its start, all settings are the saved ones and rows are
    /// added to --out
    #[arg(long, conflicts_with_all = [
        "task", "rule", "feedback", "optimizer", "noise", "seed", "lr", "feedback_lr", "noise_std",
        "input_noise", "gamma", "kappa", "batch", "hidden", "activations", "warmup", "freeze_forward",
        "per_batch_difference", "init", "init_seed", "evaluate",
    ])]
    resume: Option<PathBuf>,
}

/// Where to train.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Choice {
    /// The processor.
    Cpu,
    /// A GPU, or an error.
    Gpu,
    /// Whichever is faster.
    Auto,
}

/// Names the option instead of the setting.
fn as_option(error: Error) -> Error {
    let Error::Config { field, message } = error else { return error };
    let field = match field.as_str() {
        "eta_w" => "--lr",
        "eta_b" => "--feedback-lr",
        "c_h" => "--noise-std",
        "sizes" => "--hidden",
        other => return Error::config(format!("--{}", other.replace('_', "-")), message),
    };
    Error::config(field, message)
}

/// Puts what was given in place of a default.
fn set<T>(target: &mut T, given: Option<T>) {
    if let Some(value) = given {
        *target = value;
    }
}

impl Options {
    fn config(&self) -> Result<RunConfig> {
        let mut config = experiments::default_config(self.task, &self.rule, self.optimizer)?;
        config.seed = match self.seed {
            Some(seed) => seed,
            None => rng::random_seed()?,
        };
        set(&mut config.eta_w, self.lr);
        set(&mut config.eta_b, self.feedback_lr);
        set(&mut config.c_h, self.noise_std);
        set(&mut config.input_noise, self.input_noise);
        set(&mut config.gamma, self.gamma);
        set(&mut config.kappa, self.kappa);
        set(&mut config.batch, self.batch);
        set(&mut config.warmup, self.warmup);
        set(&mut config.feedback, self.feedback);
        set(&mut config.noise, self.noise);
        set(&mut config.init, self.init);
        set(&mut config.evaluate, self.evaluate);
        config.init_seed = self.init_seed;
        if config.noise == Noise::Inputs && self.lr.is_none() && self.optimizer == Optimizer::Sgd {
            config.eta_w = experiments::denoising_rate(&config);
        }
        if let Some(hidden) = &self.hidden {
            let (first, last) = (config.sizes[0], config.sizes[config.layers()]);
            config.sizes = [&[first], &hidden[..], &[last]].concat();
        }
        match &self.activations {
            Some(activations) => config.activations.clone_from(activations),
            None if config.activations.len() != config.layers() => {
                return Err(Error::config(
                    "--hidden",
                    format!(
                        "{} weight layers; name their activations with --activations",
                        config.layers()
                    ),
                ));
            }
            None => {}
        }
        if config.activations.last() == Some(&Activation::Softmax) {
            config.loss = Loss::CrossEntropy;
        }
        config.freeze_forward = self.freeze_forward;
        if self.per_batch_difference {
            config.difference = Difference::PerBatch;
        }
        config.check().map_err(as_option)?;
        Ok(config)
    }
}

fn writer(options: &Options) -> Result<Box<dyn Write>> {
    if options.out.as_os_str() == "-" {
        return Ok(Box::new(std::io::stdout()));
    }
    // A resumed run's rows follow those that are there.
    let resumes = options.resume.is_some();
    let file = OpenOptions::new()
        .create(true)
        .write(true)
        .append(resumes)
        .truncate(!resumes)
        .open(&options.out)
        .map_err(|e| Error::io(options.out.display().to_string(), &e))?;
    Ok(Box::new(BufWriter::new(file)))
}

/// A row of metrics; once more, on the processor, where the GPU is lost just then.
pub fn measure(run: &Session, train: usize, test: usize) -> Result<Metrics> {
    match run.wait(run.metrics_over(train, test)) {
        Err(Error::Gpu { .. }) => {
            run.advance(0)?;
            run.wait(run.metrics_over(train, test))
        }
        other => other,
    }
}

fn start(options: &Options) -> Result<Trainer> {
    let data = input::data(options.data.as_deref(), options.leave_out)?;
    let arithmetic = if options.reproducible { Arithmetic::Reproducible } else { Arithmetic::Fast };
    match &options.resume {
        None => Trainer::new(options.config()?, data, arithmetic),
        Some(path) => {
            let bytes =
                std::fs::read(path).map_err(|e| Error::io(path.display().to_string(), &e))?;
            Trainer::restore(&bytes, data, arithmetic)
        }
    }
}

/// Moves the run to the device that was asked for; says which it is, and why.
pub fn place(run: &Session, choice: Choice) -> Result<()> {
    let why = match choice {
        Choice::Cpu => return Ok(()),
        Choice::Gpu => {
            let gpu = ready(Gpu::request())?;
            gpu.wait(run.to_gpu(gpu.clone()))?;
            format!("GPU ({})", gpu.name())
        }
        Choice::Auto => match ready(Gpu::request()).and_then(|gpu| timed(run, &gpu)) {
            Ok(why) => why,
            Err(Error::Gpu { message }) => format!("processor: {message}"),
            Err(other) => return Err(other),
        },
    };
    eprintln!("trains on the {why}");
    Ok(())
}

/// Times both paths and takes the faster.
fn timed(run: &Session, gpu: &Rc<Gpu>) -> Result<String> {
    let Calibration { cpu_ms, gpu_ms } = gpu.wait(run.calibrate(gpu.clone()))?;
    let name = gpu.name();
    if gpu_ms < cpu_ms {
        gpu.wait(run.to_gpu(gpu.clone()))?;
        return Ok(format!("GPU ({name}): {gpu_ms:.2} ms a step, processor {cpu_ms:.2} ms"));
    }
    Ok(format!("processor: {cpu_ms:.2} ms a step, GPU ({name}) {gpu_ms:.2} ms"))
}

/// Runs the command.
pub fn run(options: &Options) -> Result<()> {
    if options.eval_every == 0 {
        return Err(Error::config("--eval-every", "0 steps between rows; give at least 1"));
    }
    if options.eval_samples == Some(0) {
        return Err(Error::config("--eval-samples", "0 samples; give at least 1"));
    }
    if let Some(path) = &options.save {
        // Found out now, not after hours of training.
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .map_err(|e| Error::io(path.display().to_string(), &e))?;
    }
    let mut trainer = start(options)?;
    trainer.set_threads(options.threads).map_err(as_option)?;
    let mut out = writer(options)?;
    let name = options.out.display().to_string();
    let bar = ProgressBar::new(options.steps);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} steps  {msg}  {eta} left")
    {
        bar.set_style(style);
    }
    // To the terminal or the log: everything needed to repeat the run.
    let config = serde_json::to_string(trainer.config()).unwrap_or_default();
    eprintln!("{} ({} parameters), {}", config, trainer.config().parameters(), trainer.data().name);
    let train_samples = options.eval_samples.unwrap_or(trainer.config().probe.max(1000));
    let test_samples = options.eval_samples.unwrap_or(usize::MAX);
    let run = Session::new(trainer);
    place(&run, options.device)?;
    let mut speed = 0.0;
    loop {
        let metrics = measure(&run, train_samples, test_samples)?;
        let accuracy = metrics.test_accuracy.map_or(String::new(), |a| format!(", {a:.2} % right"));
        bar.set_message(format!(
            "test loss {:.1}{accuracy}, {speed:.0} steps/s",
            metrics.test_loss
        ));
        let line = Row::new(&metrics, speed, None).line()?;
        writeln!(out, "{line}")
            .and_then(|()| out.flush())
            .map_err(|e| Error::io(name.as_str(), &e))?;
        bar.set_position(run.step());
        if run.step() >= options.steps {
            break;
        }
        let steps = options.eval_every.min(options.steps - run.step());
        let begin = Instant::now();
        run.train(steps)?;
        if let Some(note) = run.poll()?.note {
            bar.suspend(|| eprintln!("{note}"));
        }
        speed = steps as f64 / begin.elapsed().as_secs_f64();
    }
    bar.finish();
    if let Some(path) = &options.save {
        let blob = loop {
            match run.wait(run.current(Trainer::save)) {
                Err(Error::Gpu { .. }) => {
                    // Lost just now: the processor makes up for what is missing.
                    run.advance(0)?;
                    run.train(options.steps.saturating_sub(run.step()))?;
                }
                other => break other?,
            }
        };
        std::fs::write(path, blob).map_err(|e| Error::io(path.display().to_string(), &e))?;
    }
    Ok(())
}
