//! AWS's Runtime Interface Emulator around a built `bootstrap`: invoke it, read its answer and its logs.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::process::{Process, free_port, kill_group};
use crate::{REGION, paths};

/// The access key that the function finds in its environment: its own role's.
pub const OWN_ACCESS_KEY: &str = "ASIAOWNROLEOWNROLE00";

/// The longest that an invocation may take before the harness gives up on the emulator.
const PATIENCE: Duration = Duration::from_secs(120);

/// A function under the emulator. Dropping it ends both.
pub struct Rie {
    process: Process,
    url: String,
    agent: ureq::Agent,
}

/// What one invocation gave.
#[derive(Debug)]
pub struct Answer {
    /// The function's answer, or its error as `{"errorType", "errorMessage"}`. A text that is no JSON, such
    /// as the emulator's own "Task timed out", is a JSON string.
    pub payload: Value,
    /// The invocation's request id.
    pub request_id: String,
    /// The lines that the function wrote during the invocation; the first invocation's hold the start's too.
    pub logs: Vec<String>,
}

impl Answer {
    /// The function error's type, when the invocation failed.
    pub fn error_type(&self) -> Option<&str> {
        self.payload["errorType"].as_str()
    }

    /// The function error's message; empty when the invocation did not fail.
    pub fn error_message(&self) -> &str {
        self.payload["errorMessage"].as_str().unwrap_or_default()
    }
}

impl Rie {
    /// Puts the emulator around the bootstrap. The function's environment holds `env`, a Region, credentials,
    /// and nothing of the caller's. The function's process itself starts with the first invocation.
    pub fn start(bootstrap: &Path, env: &[(&str, &str)]) -> Self {
        for _ in 0..3 {
            let (port, runtime_port) = (free_port(), free_port());
            let mut command = Command::new(paths::emulator());
            command
                .env_clear()
                .envs([
                    ("PATH", "/usr/bin:/bin"),
                    ("AWS_REGION", REGION),
                    ("AWS_SECRET_ACCESS_KEY", "secret"),
                ])
                .envs([("AWS_ACCESS_KEY_ID", OWN_ACCESS_KEY), ("AWS_SESSION_TOKEN", "session")])
                .envs(env.iter().copied())
                .args(["--runtime-interface-emulator-address", &format!("127.0.0.1:{port}")])
                .args(["--runtime-api-address", &format!("127.0.0.1:{runtime_port}")])
                .args(["--log-level", "error"])
                .arg(bootstrap);
            let mut process = Process::start(command);
            // The emulator takes invocations before its Runtime API listens, and a function that comes too
            // early ends.
            if [runtime_port, port].iter().all(|port| process.listens(*port, Duration::from_secs(10))) {
                let url = format!("http://127.0.0.1:{port}/2015-03-31/functions/function/invocations");
                let agent = ureq::Agent::config_builder()
                    .http_status_as_error(false)
                    .timeout_global(Some(PATIENCE))
                    .build()
                    .into();
                return Self { process, url, agent };
            }
        }
        panic!("the emulator did not start three times over");
    }

    /// The built evaluator, with every AWS endpoint at `endpoint`.
    pub fn evaluator(endpoint: &str, env: &[(&str, &str)]) -> Self {
        let endpoint = [("AWS_ENDPOINT_URL", endpoint)];
        Self::start(&paths::evaluator(), &[endpoint.as_slice(), env].concat())
    }

    /// The emulator's address, for `AWS_ENDPOINT_URL_LAMBDA`: its one function is named `function`.
    pub fn address(&self) -> &str {
        self.url.split_once("/2015-03-31/").map_or(self.url.as_str(), |(address, _)| address)
    }

    /// Invokes the function and waits for its answer and the end of its log.
    pub fn invoke(&self, event: &Value) -> Answer {
        let lines = self.process.stdout().count();
        let body = self.post(event);
        let written = self
            .process
            .stdout()
            .until(lines, Duration::from_secs(10), |line| line.starts_with("REPORT RequestId:"));
        let request_id =
            written.iter().find_map(|line| line.strip_prefix("START RequestId: ")?.split(' ').next());
        Answer {
            request_id: request_id.unwrap_or_default().to_owned(),
            payload: serde_json::from_str(&body).unwrap_or(Value::String(body)),
            logs: written.into_iter().filter(|line| !is_platform_line(line)).collect(),
        }
    }

    /// Invokes a function that dies meanwhile, of which the emulator writes no end to its log, and gives what
    /// it answers.
    pub fn invoke_dying(&self, event: &Value) -> String {
        self.post(event)
    }

    fn post(&self, event: &Value) -> String {
        self.agent
            .post(&self.url)
            .content_type("application/json")
            .send(event.to_string())
            .and_then(|mut answer| answer.body_mut().read_to_string())
            .unwrap_or_else(|error| panic!("the emulator did not answer: {error}\n{}", self.output()))
    }

    /// The id of the function's own process, which exists from the first invocation on.
    pub fn function_pid(&self) -> u32 {
        self.child().expect("the function's process has started: it was invoked")
    }

    /// The emulator's child.
    fn child(&self) -> Option<u32> {
        let threads = fs::read_dir(format!("/proc/{}/task", self.process.id())).ok()?;
        threads
            .filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("children")).ok())
            .find_map(|children| children.split_whitespace().next()?.parse().ok())
    }

    /// Everything the function and the emulator have written, for a failing test's message.
    pub fn output(&self) -> String {
        [self.process.stdout().all(), self.process.stderr().all()].concat().join("\n")
    }
}

impl Drop for Rie {
    fn drop(&mut self) {
        // The emulator starts the function in a process group of its own.
        if let Some(function) = self.child() {
            kill_group(function);
        }
    }
}

/// Whether the emulator wrote the line, as Lambda itself does, and not the function.
fn is_platform_line(line: &str) -> bool {
    ["START RequestId:", "END RequestId:", "REPORT RequestId:"].iter().any(|start| line.starts_with(start))
}
