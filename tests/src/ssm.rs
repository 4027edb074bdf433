//! The Automation document of template.yaml in the SSM simulator, through the driver in `tests/ssm`.

use std::env;
use std::process::Command;

use serde_json::Value;

use crate::paths;

/// How an automation ended.
#[derive(Debug)]
pub struct Run {
    /// `Success`, `Failed` or, where a parameter breaks the document's rules, `Rejected`.
    pub status: String,
    /// The steps that ran, the failed one included.
    pub steps: Vec<String>,
    /// The document's outputs by name.
    pub outputs: Value,
    /// Why it failed; empty where it did not.
    pub failure: String,
    /// What the simulator said meanwhile.
    pub log: String,
}

/// Why the simulator cannot be used here; none where it can.
///
/// Panics where it cannot and `CI` is `true`: there the tests that need it must run.
pub fn simulator_missing() -> Option<&'static str> {
    let node = Command::new("node").arg("--version").output().is_ok_and(|output| output.status.success());
    let packages = paths::repository().join("tests/ssm/node_modules/@cdklabs/cdk-ssm-documents").is_dir();
    let reason = match (node, packages) {
        (true, true) => return None,
        (false, _) => "Node.js is not there (`node --version`); install it, 18 or later",
        (true, false) => "the simulator is not there; run `make simulator`",
    };
    assert!(env::var("CI").as_deref() != Ok("true"), "{reason}");
    Some(reason)
}

/// Runs the document for a group. Its API calls go to the AWS at `ec2`, its function calls to the emulator at
/// `lambda`.
pub fn run(group: &str, ec2: &str, lambda: &str, more: &[&str]) -> Run {
    let output = Command::new("node")
        .arg("tests/ssm/simulate.mjs")
        .args(["--group", group, "--ec2", ec2, "--lambda", lambda])
        .args(more)
        .current_dir(paths::repository())
        .output()
        .unwrap_or_else(|error| panic!("cannot run node: {error}"));
    let (stdout, log) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "it could not be simulated:\n{log}");
    let outcome: Value =
        serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}\n{log}"));
    let steps = outcome["steps"].as_array().into_iter().flatten();
    Run {
        status: outcome["status"].as_str().unwrap_or_default().to_owned(),
        steps: steps.map(|step| step.as_str().unwrap_or_default().to_owned()).collect(),
        outputs: outcome["outputs"].clone(),
        failure: outcome["failureMessage"].as_str().unwrap_or_default().to_owned(),
        log: log.into_owned(),
    }
}
