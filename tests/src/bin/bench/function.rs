//! One function under AWS's Runtime Interface Emulator, with a stamp of when its process started.
//!
//! The emulator starts the bootstrap at the first invocation. So that its own start is not counted, it is given this
//! very program as the bootstrap, which notes the time and its process id and then *becomes* the function (exec).

use std::env;
use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use defsg_e2e::process::{Process, free_port};
use defsg_e2e::{REGION, paths};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::Result;

const FUNCTION: &str = "BENCH_FUNCTION";
const STAMP: &str = "BENCH_STAMP";

/// For the emulator to be up, and for a function to answer.
const PATIENCE: Duration = Duration::from_secs(120);

/// Where this process is the emulator's child: notes the time, then turns into the function. Returns only when this is
/// the benchmark itself (`None`) or when the function cannot be started.
pub(crate) fn become_the_function() -> Option<io::Error> {
    let (function, stamp) = (env::var_os(FUNCTION)?, env::var_os(STAMP)?);
    let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    if let Err(error) = fs::write(stamp, format!("{} {}", process::id(), started.as_nanos())) {
        return Some(error);
    }
    Some(Command::new(function).env_remove(FUNCTION).env_remove(STAMP).exec())
}

/// What is run: a bootstrap, and what it finds in its environment beside what every function has.
#[derive(Clone)]
pub(crate) struct Program {
    pub(crate) bootstrap: PathBuf,
    pub(crate) environment: Vec<(&'static str, String)>,
}

/// A function under an emulator of its own, which ends with this value.
pub(crate) struct Function {
    emulator: Process,
    url: String,
    agent: ureq::Agent,
    stamp: PathBuf,
}

impl Function {
    /// Starts the emulator; the function's process starts with the first invocation. `scratch` keeps the stamp.
    pub(crate) fn start(program: &Program, scratch: &Path) -> Result<Self> {
        if !program.bootstrap.exists() {
            return Err(format!("no function at {}: run `make bench`", program.bootstrap.display()).into());
        }
        let (port, runtime_port) = (free_port(), free_port());
        let stamp = scratch.join(format!("{port}.stamp"));
        let mut command = Command::new(paths::emulator());
        command
            .env_clear()
            .envs([("PATH", "/usr/bin:/bin"), ("AWS_REGION", REGION), ("AWS_SECRET_ACCESS_KEY", "secret")])
            .envs([("AWS_ACCESS_KEY_ID", "ASIAEXAMPLE"), ("AWS_SESSION_TOKEN", "session")])
            .envs(program.environment.iter().map(|(name, value)| (name, value)))
            .env(FUNCTION, &program.bootstrap)
            .env(STAMP, &stamp)
            .args(["--runtime-interface-emulator-address", &format!("127.0.0.1:{port}")])
            .args(["--runtime-api-address", &format!("127.0.0.1:{runtime_port}")])
            .args(["--log-level", "error"])
            .arg(env::current_exe()?);
        let mut emulator = Process::start(command);
        // It takes invocations before it listens to its function, which would then find nobody.
        if ![runtime_port, port].iter().all(|port| emulator.listens(*port, PATIENCE)) {
            return Err(format!("the emulator ended: {}", emulator.stderr().all().join("\n")).into());
        }
        Ok(Self {
            emulator,
            url: format!("http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"),
            agent: ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).build().into(),
            stamp,
        })
    }

    /// Sends the event and waits for the answer, which must not be an error.
    pub(crate) fn invoke(&self, event: &str) -> Result<()> {
        let body = self.agent.post(&self.url).send(event)?.body_mut().read_to_string()?;
        match serde_json::from_str::<Value>(&body) {
            Ok(answer) if answer.get("errorType").is_none() => Ok(()),
            _ => Err(format!("{body}\n{}", self.emulator.stdout().all().join("\n")).into()),
        }
    }

    /// The time from the start of the function's process until now.
    pub(crate) fn age(&self) -> Result<Duration> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let (_, started) = self.stamp()?;
        Ok(now.saturating_sub(started))
    }

    /// The most memory that the function's process ever held at once, in MiB (the kernel's `VmHWM`).
    pub(crate) fn peak_mib(&self) -> Result<f64> {
        let (process, _) = self.stamp()?;
        let status = fs::read_to_string(format!("/proc/{process}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")).ok_or("no VmHWM in /proc")?;
        Ok(kib.parse::<f64>()? / 1024.0)
    }

    fn stamp(&self) -> Result<(i32, Duration)> {
        let text = fs::read_to_string(&self.stamp)?;
        let (process, nanos) = text.split_once(' ').ok_or("a broken stamp")?;
        Ok((process.parse()?, Duration::from_nanos(nanos.parse()?)))
    }
}

/// Without its emulator the function would end by itself, but while the next one is being measured.
impl Drop for Function {
    fn drop(&mut self) {
        let process = self.stamp().ok().and_then(|(process, _)| Pid::from_raw(process));
        // An error means that it has ended already.
        let _ = process.map(|process| kill_process(process, Signal::KILL));
    }
}
