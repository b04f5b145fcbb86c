//! The native command line: trains, traces and measures with the same core as the page.

mod cli;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::run(cli::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("credit-lab: {error}");
            ExitCode::FAILURE
        }
    }
}
