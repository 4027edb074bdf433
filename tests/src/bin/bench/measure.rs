//! What is measured, and how often. Programs that are compared take turns, so that the machine's noise hits them alike.

use std::array;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use defsg_e2e::paths;

use crate::Result;
use crate::endpoint::Endpoint;
use crate::figures::{Figure, Reach, Samples};
use crate::function::{Function, Program};
use crate::trust;

const COLD_RUNS: usize = 60;
const PYTHON_RUNS: usize = 9;
const WARM_UPS: usize = 50;
const WARM_RUNS: usize = 1000;
const SCHEDULED_RUNS: usize = 3;

/// Starts from process start, in milliseconds, and the peak memory of the process after the answer, in MiB.
#[derive(Default)]
struct Cold {
    time: Samples,
    memory: Samples,
}

/// Measures every figure.
pub(crate) fn all() -> Result<Vec<Figure>> {
    let root = paths::repository();
    let scratch = root.join(".work/bench");
    let _ = fs::remove_dir_all(&scratch);
    fs::create_dir_all(&scratch)?;

    let trust = trust::make(&scratch)?;
    let endpoint = Endpoint::start(trust.server)?;
    let environment = |url: &str| {
        vec![("AWS_ENDPOINT_URL", url.to_owned()), ("SSL_CERT_FILE", trust.store.display().to_string())]
    };
    let plain = environment(&endpoint.http);
    let floor = Program { bootstrap: root.join("target/lambda/floor/bootstrap"), environment: plain.clone() };
    let http = Program { bootstrap: paths::evaluator(), environment: plain.clone() };
    let tls = Program { environment: environment(&endpoint.https), ..http.clone() };
    let rdklib = Program {
        bootstrap: root.join("tests/bench/python-bootstrap.sh"),
        environment: [plain, vec![("DEFSG_VENV", paths::venv().display().to_string())]].concat(),
    };
    let change = fs::read_to_string(root.join("events/open-stock.json"))?;
    let scheduled = fs::read_to_string(root.join("events/scheduled.json"))?;

    let turns = Turns { scratch: &scratch, endpoint: &endpoint, event: &change };
    let [floor_cold, http_cold, tls_cold] = turns.cold([(&floor, 0), (&http, 1), (&tls, 1)], COLD_RUNS)?;
    let [rdklib_cold, ours_cold] = turns.cold([(&rdklib, 1), (&http, 1)], PYTHON_RUNS)?;
    let [floor_warm, http_warm] = turns.warm([(&floor, 0), (&http, 1)])?;
    let turns = Turns { event: &scheduled, ..turns };
    let [few, many] = turns.memory(&http, [100, 10_000])?;
    let zipped = zipped_megabytes(&http.bootstrap, &scratch)?;

    let (at_most, at_least) = (Reach::AtMost, Reach::AtLeast);
    Ok(vec![
        ratio("cold over plain HTTP / floor", &http_cold.time, &floor_cold.time, " ms", at_most(3.0)),
        ratio("cold over TLS / floor", &tls_cold.time, &floor_cold.time, " ms", at_most(3.5)),
        ratio("rdklib cold / ours, plain HTTP", &rdklib_cold.time, &ours_cold.time, " ms", at_least(25.0)),
        ratio("warm / floor", &http_warm, &floor_warm, " ms", at_most(2.0)),
        memory("peak memory, 1 event, plain HTTP", &http_cold.memory, 10.0),
        memory("peak memory, 1 event, TLS", &tls_cold.memory, 10.0),
        ratio("peak memory, 10,000 groups / 100 groups", &many, &few, " MiB", at_most(1.5)),
        Figure {
            name: "bootstrap, zipped",
            measured: zipped,
            unit: " MB",
            reach: at_most(4.0),
            from: format!("{:.2} MB unzipped", megabytes(&http.bootstrap)?),
        },
    ])
}

/// Programs that take turns at one event.
#[derive(Clone, Copy)]
struct Turns<'a> {
    scratch: &'a Path,
    endpoint: &'a Endpoint,
    event: &'a str,
}

impl Turns<'_> {
    /// Each program from cold, once a round, and how many evaluations each must have put. The first round is not
    /// counted: it brings the files into the machine's cache, and Python's compiled modules onto the disk.
    fn cold<const N: usize>(self, programs: [(&Program, usize); N], runs: usize) -> Result<[Cold; N]> {
        let mut all = array::from_fn(|_| Cold::default());
        for round in 0..=runs {
            for ((program, evaluations), cold) in programs.iter().zip(&mut all) {
                let function = Function::start(program, self.scratch)?;
                function.invoke(self.event)?;
                let age = function.age()?;
                self.expect(*evaluations)?;
                if round > 0 {
                    cold.time.add(age.as_secs_f64() * 1e3);
                    cold.memory.add(function.peak_mib()?);
                }
            }
        }
        Ok(all)
    }

    /// Each program kept running and invoked again and again, in milliseconds.
    fn warm<const N: usize>(self, programs: [(&Program, usize); N]) -> Result<[Samples; N]> {
        let mut all = array::from_fn(|_| Samples::default());
        let mut functions = Vec::new();
        for (program, evaluations) in programs {
            functions.push((Function::start(program, self.scratch)?, evaluations));
        }
        for round in 0..WARM_UPS + WARM_RUNS {
            for ((function, evaluations), samples) in functions.iter().zip(&mut all) {
                let start = Instant::now();
                function.invoke(self.event)?;
                let took = start.elapsed();
                self.expect(*evaluations)?;
                if round >= WARM_UPS {
                    samples.add(took.as_secs_f64() * 1e3);
                }
            }
        }
        Ok(all)
    }

    /// The peak memory of a new process that meets so many groups, in MiB.
    fn memory<const N: usize>(self, program: &Program, groups: [usize; N]) -> Result<[Samples; N]> {
        let mut all = array::from_fn(|_| Samples::default());
        for _ in 0..SCHEDULED_RUNS {
            for (count, samples) in groups.iter().zip(&mut all) {
                self.endpoint.set_groups(*count);
                let function = Function::start(program, self.scratch)?;
                function.invoke(self.event)?;
                self.expect(*count)?;
                samples.add(function.peak_mib()?);
            }
        }
        Ok(all)
    }

    /// A program that did not do its work would win every race.
    fn expect(self, evaluations: usize) -> Result<()> {
        match self.endpoint.take_evaluations() {
            put if put == evaluations => Ok(()),
            put => Err(format!("{evaluations} evaluations were due and {put} were put").into()),
        }
    }
}

fn ratio(name: &'static str, above: &Samples, below: &Samples, unit: &str, reach: Reach) -> Figure {
    let measured = above.median() / below.median();
    Figure { name, measured, unit: "", reach, from: format!("{above}{unit} / {below}{unit}") }
}

fn memory(name: &'static str, samples: &Samples, most: f64) -> Figure {
    let measured = samples.median();
    Figure { name, measured, unit: " MiB", reach: Reach::AtMost(most), from: format!("{samples} MiB") }
}

fn megabytes(file: &Path) -> Result<f64> {
    Ok(fs::metadata(file)?.len() as f64 / 1e6)
}

/// The size of the package that is uploaded, made by Python's own zipfile as sam makes it.
fn zipped_megabytes(bootstrap: &Path, scratch: &Path) -> Result<f64> {
    let package = scratch.join("evaluator.zip");
    let done = Command::new(paths::venv().join("bin/python"))
        .args(["-m", "zipfile", "-c"])
        .args([&package, bootstrap])
        .status()?;
    if done.success() { megabytes(&package) } else { Err("the bootstrap cannot be zipped".into()) }
}
