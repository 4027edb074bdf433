//! Where the tests find what `make` built and installed.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// The root of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the repository").to_owned()
}

/// The Python environment that make fills from `tests/requirements.txt`; `DEFSG_VENV` names another one.
pub fn venv() -> PathBuf {
    let venv = env::var_os("DEFSG_VENV").map_or_else(|| repository().join(".venv"), PathBuf::from);
    assert!(venv.is_dir(), "no Python environment at {}: run `make tools`", venv.display());
    venv
}

/// AWS's Runtime Interface Emulator, which the `aws-sam-cli` wheel carries.
pub fn emulator() -> PathBuf {
    let lib = venv().join("lib");
    let inside = "site-packages/samcli/local/rapid/aws-lambda-rie-x86_64";
    fs::read_dir(&lib)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", lib.display()))
        .filter_map(|python| Some(python.ok()?.path().join(inside)))
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("no {inside} under {}: run `make tools`", lib.display()))
}

/// The built floor, the least function there is; `DEFSG_FLOOR` names another build of it.
pub fn floor() -> PathBuf {
    built("floor", "DEFSG_FLOOR")
}

/// The built evaluator; `DEFSG_EVALUATOR` names another build of it.
pub fn evaluator() -> PathBuf {
    built("evaluator", "DEFSG_EVALUATOR")
}

/// The built remediator; `DEFSG_REMEDIATOR` names another build of it.
pub fn remediator() -> PathBuf {
    built("remediator", "DEFSG_REMEDIATOR")
}

fn built(function: &str, variable: &str) -> PathBuf {
    let built = repository().join("target/lambda").join(function).join("bootstrap");
    let path = env::var_os(variable).map_or(built, PathBuf::from);
    assert!(path.exists(), "no {function} at {}: run `make build`", path.display());
    path
}
