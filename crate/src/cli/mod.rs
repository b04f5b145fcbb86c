//! Subcommands of `credit-lab`.

mod bench;
mod input;
mod job;
mod report;
mod row;
mod run;
mod search;
mod train;

use clap::{Parser, Subcommand};
use credit_lab::base::{Error, Result};
use credit_lab::config::Task;
use credit_lab::exec::gpu::executor;
use credit_lab::trainer::compile;
use credit_lab::{experiments, trace};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Learning without weight transport: train networks by node perturbation, backpropagation, feedback
/// alignment and their kin, and measure how well feedback weights match.
#[derive(Parser)]
#[command(version, about)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Trains a network and writes one JSON object of metrics a line.
    Train(Box<train::Options>),
    /// Runs exactly one step from given numbers and prints every intermediate as JSON.
    Trace {
        /// JSON file: network, rule, weights, feedback weights, inputs, targets, noise (see the README).
        spec: PathBuf,
        /// Compute in f64 with the reference kernels instead of the fast f32 ones.
        #[arg(long)]
        reference: bool,
    },
    /// Prints the recorded training step of a rule as a table.
    Plan {
        /// autoencoder or classifier
        #[arg(long, default_value = "autoencoder", value_parser = input::task)]
        task: Task,
        /// A rule's id.
        #[arg(long, default_value = "np")]
        rule: String,
        /// Print the dispatches that a GPU runs instead of the recorded operations
        #[arg(long)]
        gpu: bool,
    },
    /// Runs an experiment of the paper: every arm from several seeds, side by side on all cores. A run that was cut
    /// short goes on where it stopped.
    Run(Box<run::Options>),
    /// Random search for settings that the paper leaves open, as its authors did.
    Search(Box<search::Options>),
    /// Draws figures and tables of runs and holds them against the paper's numbers.
    Report(report::Options),
    /// Measures steps a second and the share of this machine's arithmetic peak.
    Bench(bench::Options),
}

/// Runs the command line.
pub fn run(cli: Cli) -> Result<()> {
    match cli.command {
        Command::Train(options) => train::run(&options),
        Command::Trace { spec, reference } => {
            let text = read(&spec)?;
            let spec = trace::Spec::parse(&text)?;
            let report =
                if reference { trace::run::<f64>(&spec)? } else { trace::run::<f32>(&spec)? };
            let json = serde_json::to_string_pretty(&report)
                .map_err(|e| Error::internal(e.to_string()))?;
            print(&json)
        }
        Command::Plan { task, rule, gpu } => {
            let config =
                experiments::default_config(task, &rule, credit_lab::config::Optimizer::Sgd)?;
            let compiled = compile(&config, false)?;
            let plan = &compiled.program.plans[compiled.step.index()];
            if gpu {
                let (program, observed) = (&compiled.program, compiled.observed());
                return print(&executor::describe(program, compiled.step, u64::MAX, &observed));
            }
            print(&format!(
                "{}{} ops, {:.2} MFLOP a step",
                compiled.program.describe(compiled.step),
                plan.ops.len(),
                plan.flops() as f64 / 1e6
            ))
        }
        Command::Run(options) => run::run(&options),
        Command::Search(options) => search::run(&options),
        Command::Report(options) => report::run(&options),
        Command::Bench(options) => bench::run(&options),
    }
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|e| Error::io(path.display().to_string(), &e))
}

fn print(text: &str) -> Result<()> {
    writeln!(std::io::stdout(), "{text}").map_err(|e| Error::io("standard output", &e))
}
