//! What is measured, how often, and against what reach.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use defsg_e2e::paths;

use crate::Result;
use crate::endpoint::Endpoint;
use crate::figures::{Change, Figure, Reach, Samples};
use crate::function::Program;
use crate::trust;
use crate::turns::Turns;

const COLD_RUNS: usize = 60;
const PYTHON_RUNS: usize = 9;
const WARM_RUNS: usize = 1000;
const SCHEDULED_RUNS: usize = 3;

/// An old build and a new one are closer together than what is compared otherwise.
const COLD_PAIRS: usize = 200;
const SCHEDULED_PAIRS: usize = 15;

/// The local AWS, the events, and what each function finds in its environment.
struct Setup {
    scratch: PathBuf,
    endpoint: Endpoint,
    change: String,
    scheduled: String,
    trusted: PathBuf,
}

impl Setup {
    fn make() -> Result<Self> {
        let root = paths::repository();
        let scratch = root.join(".work/bench");
        let _ = fs::remove_dir_all(&scratch);
        fs::create_dir_all(&scratch)?;
        let trust = trust::make(&scratch)?;
        Ok(Self {
            endpoint: Endpoint::start(trust.server)?,
            change: fs::read_to_string(root.join("events/open-stock.json"))?,
            scheduled: fs::read_to_string(root.join("events/scheduled.json"))?,
            trusted: trust.file,
            scratch,
        })
    }

    fn over_http(&self, bootstrap: &Path) -> Program {
        self.program(bootstrap, &self.endpoint.http)
    }

    fn over_tls(&self, bootstrap: &Path) -> Program {
        self.program(bootstrap, &self.endpoint.https)
    }

    fn program(&self, bootstrap: &Path, endpoint: &str) -> Program {
        Program {
            bootstrap: bootstrap.to_owned(),
            environment: vec![
                ("AWS_ENDPOINT_URL", endpoint.to_owned()),
                ("SSL_CERT_FILE", self.trusted.display().to_string()),
            ],
        }
    }

    fn turns_at<'a>(&'a self, event: &'a str) -> Turns<'a> {
        Turns { scratch: &self.scratch, endpoint: &self.endpoint, event }
    }
}

/// Measures every figure.
pub(crate) fn all() -> Result<Vec<Figure>> {
    let setup = Setup::make()?;
    let (http, tls) = (setup.over_http(&paths::evaluator()), setup.over_tls(&paths::evaluator()));
    let floor = setup.over_http(&paths::floor());
    let mut rdklib = setup.over_http(&paths::repository().join("tests/bench/python-bootstrap.sh"));
    rdklib.environment.push(("DEFSG_VENV", paths::venv().display().to_string()));

    let turns = setup.turns_at(&setup.change);
    let [floor_cold, http_cold, tls_cold] = turns.cold([(&floor, 0), (&http, 1), (&tls, 1)], COLD_RUNS)?;
    let [rdklib_cold, ours_cold] = turns.cold([(&rdklib, 1), (&http, 1)], PYTHON_RUNS)?;
    let [floor_warm, http_warm] = turns.warm([(&floor, 0), (&http, 1)], WARM_RUNS)?;
    let turns = setup.turns_at(&setup.scheduled);
    let [few, many] = turns.memory([(&http, 100), (&http, 10_000)], SCHEDULED_RUNS)?;
    let zipped = zipped_megabytes(&http.bootstrap, &setup.scratch)?;

    let (at_most, at_least) = (Reach::AtMost, Reach::AtLeast);
    Ok(vec![
        ratio("cold over plain HTTP / floor", &http_cold.time, &floor_cold.time, " ms", at_most(1.9)),
        ratio("cold over TLS / floor", &tls_cold.time, &floor_cold.time, " ms", at_most(2.5)),
        ratio("rdklib cold / ours, plain HTTP", &rdklib_cold.time, &ours_cold.time, " ms", at_least(25.0)),
        ratio("warm / floor", &http_warm, &floor_warm, " ms", at_most(2.0)),
        memory("peak memory, 1 event, plain HTTP", &http_cold.memory, 8.5),
        memory("peak memory, 1 event, TLS", &tls_cold.memory, 8.5),
        ratio("peak memory, 10,000 groups / 100 groups", &many, &few, " MiB", at_most(1.5)),
        Figure {
            name: "bootstrap, zipped",
            measured: zipped,
            unit: " MB",
            reach: at_most(3.0),
            from: format!("{:.2} MB unzipped", megabytes(&http.bootstrap)?),
        },
    ])
}

/// How each figure of ours changed since another build, run by run in pairs.
pub(crate) fn changes_since(baseline: &Path) -> Result<Vec<Change>> {
    let setup = Setup::make()?;
    let (old, new) = (baseline, &paths::evaluator());
    let (old_http, new_http) = (setup.over_http(old), setup.over_http(new));
    let (old_tls, new_tls) = (setup.over_tls(old), setup.over_tls(new));

    let turns = setup.turns_at(&setup.change);
    let [http_before, http] = turns.cold([(&old_http, 1), (&new_http, 1)], COLD_PAIRS)?;
    let [tls_before, tls] = turns.cold([(&old_tls, 1), (&new_tls, 1)], COLD_PAIRS)?;
    let [warm_before, warm] = turns.warm([(&old_http, 1), (&new_http, 1)], WARM_RUNS)?;
    let turns = setup.turns_at(&setup.scheduled);
    let groups = [(&old_http, 10_000), (&new_http, 10_000)];
    let [scheduled_before, scheduled] = turns.memory(groups, SCHEDULED_PAIRS)?;
    let [mut zipped_before, mut zipped] = [Samples::default(), Samples::default()];
    zipped_before.add(zipped_megabytes(old, &setup.scratch)?);
    zipped.add(zipped_megabytes(new, &setup.scratch)?);

    Ok(vec![
        Change::new("cold over plain HTTP", &http_before.time, &http.time, " ms"),
        Change::new("cold over TLS", &tls_before.time, &tls.time, " ms"),
        Change::new("warm", &warm_before, &warm, " ms"),
        Change::new("peak memory, 1 event, plain HTTP", &http_before.memory, &http.memory, " MiB"),
        Change::new("peak memory, 1 event, TLS", &tls_before.memory, &tls.memory, " MiB"),
        Change::new("peak memory, 10,000 groups", &scheduled_before, &scheduled, " MiB"),
        Change::new("bootstrap, zipped", &zipped_before, &zipped, " MB"),
    ])
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
