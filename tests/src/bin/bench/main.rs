//! `make bench`: how fast and how small the built evaluator is, beside a hello-world on the same runtime crate
//! and the same rule on AWS's rdklib, all three under AWS's Runtime Interface Emulator.
//!
//! What each figure means, and why it is measured this way, stands in docs/benchmark.md.

mod endpoint;
mod figures;
mod function;
mod measure;
mod trust;

use std::error::Error;
use std::process::ExitCode;

/// Every step here either works or ends the benchmark with a sentence; nobody tells the errors apart.
type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    if let Some(failure) = function::become_the_function() {
        eprintln!("bench: the function cannot be started: {failure}");
        return ExitCode::FAILURE;
    }
    let figures = match measure::all() {
        Ok(figures) => figures,
        Err(error) => {
            eprintln!("bench: {error}");
            return ExitCode::FAILURE;
        }
    };
    print!("{}", figures::table(&figures));
    match figures::misses(&figures) {
        None => ExitCode::SUCCESS,
        Some(sentence) => {
            eprintln!("bench: {sentence}");
            ExitCode::FAILURE
        }
    }
}
