//! `sam build` and `sam local invoke`, through the script behind `make invoke`.

use std::env;
use std::process::Command;

use serde_json::Value;

use crate::fake::Fake;
use crate::paths;

/// The access key that `tests/image/invoke` gives the function.
pub const ACCESS_KEY: &str = "local";

/// Why Docker, which `sam local invoke` needs, cannot be used here; none where it can.
///
/// Panics where it cannot and `CI` is `true`: there the tests that need it must run.
pub fn docker_missing() -> Option<&'static str> {
    let answers = Command::new("docker").arg("info").output().is_ok_and(|output| output.status.success());
    if answers {
        return None;
    }
    let reason = "Docker does not answer (`docker info`); start its daemon, and see that you may use it";
    assert!(env::var("CI").as_deref() != Ok("true"), "{reason}");
    Some(reason)
}

/// Builds with sam, invokes the function with a sample of `events/` in a container that finds AWS at the
/// fake, and gives the function's answer and sam's whole output.
pub fn invoke(sample: &str, aws: &Fake) -> (Value, String) {
    let path = env::var("PATH").unwrap_or_default();
    let mut command = Command::new("tests/image/invoke");
    // Cargo's variables for this test would make sam's cargo build everything anew, and for somewhere else.
    for (name, _) in env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"CARGO")) {
        if name != "CARGO_HOME" {
            command.env_remove(name);
        }
    }
    let output = command
        .arg(format!("events/{sample}.json"))
        .arg(format!("http://host.docker.internal:{}", aws.port()))
        .current_dir(paths::repository())
        .env("PATH", format!("{}/bin:{path}", paths::venv().display()))
        .env("SAM_CLI_TELEMETRY", "0")
        .output()
        .unwrap_or_else(|error| panic!("cannot run tests/image/invoke: {error}"));
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let answer = stdout.lines().rev().find_map(|line| serde_json::from_str(line).ok());
    let answer = answer.unwrap_or_else(|| panic!("no answer to {sample}:\n{stdout}\n{stderr}"));
    (answer, format!("{stdout}\n{stderr}"))
}
