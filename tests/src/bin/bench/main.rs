//! `make bench`: how fast and how small the built evaluator is, beside a hello-world on the same runtime crate
//! and the same rule on AWS's rdklib, all three under AWS's Runtime Interface Emulator.
//!
//! `DEFSG_BASELINE=path/to/another/bootstrap make bench` compares the built evaluator with another build of it instead.
//!
//! What each figure means, and why it is measured this way, stands in docs/benchmark.md.

mod endpoint;
mod figures;
mod function;
mod measure;
mod trust;
mod turns;

use std::env;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

/// Every step here either works or ends the benchmark with a sentence; nobody tells the errors apart.
type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    if let Some(failure) = function::become_the_function() {
        eprintln!("bench: the function cannot be started: {failure}");
        return ExitCode::FAILURE;
    }
    let outcome = match env::var_os("DEFSG_BASELINE") {
        None => measure::all().map(|figures| (figures::table(&figures), figures::misses(&figures))),
        Some(baseline) => measure::changes_since(Path::new(&baseline))
            .map(|changes| (figures::table_of_changes(&changes), figures::worse(&changes))),
    };
    let complaint = match outcome {
        Ok((table, complaint)) => {
            print!("{table}");
            complaint
        }
        Err(error) => Some(error.to_string()),
    };
    match complaint {
        None => ExitCode::SUCCESS,
        Some(sentence) => {
            eprintln!("bench: {sentence}");
            ExitCode::FAILURE
        }
    }
}
