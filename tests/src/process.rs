//! A child process whose whole group ends with the test that started it, and the lines it wrote.

use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio, id};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

/// A running child and its output so far. Dropping it kills its process group.
pub struct Process {
    child: Child,
    stdout: Arc<Lines>,
    stderr: Arc<Lines>,
}

impl Process {
    /// Starts the command in a process group of its own, with its output collected.
    pub fn start(mut command: Command) -> Self {
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let stdout = Lines::collect(child.stdout.take().expect("stdout is piped"));
        let stderr = Lines::collect(child.stderr.take().expect("stderr is piped"));
        Self { child, stdout, stderr }
    }

    /// Waits until the process listens on the port. False when it ended instead, e.g. since the port was
    /// taken.
    pub fn listens(&mut self, port: u16, timeout: Duration) -> bool {
        let end = Instant::now() + timeout;
        while Instant::now() < end {
            let connected = TcpStream::connect(("127.0.0.1", port)).is_ok();
            if self.child.try_wait().expect("the child can be waited for").is_some() {
                return false;
            }
            if connected {
                return true;
            }
            thread::sleep(Duration::from_millis(2));
        }
        false
    }

    /// The process's id, which is its group's too.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What the process wrote to standard output.
    pub fn stdout(&self) -> &Lines {
        &self.stdout
    }

    /// What the process wrote to standard error.
    pub fn stderr(&self) -> &Lines {
        &self.stderr
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        kill_group(self.child.id());
        let _ = self.child.wait();
    }
}

/// Kills a process group.
pub fn kill_group(leader: u32) {
    if let Some(group) = Pid::from_raw(leader.cast_signed()) {
        // An error means that the group has ended by itself.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// The lines of a stream, as they come.
#[derive(Default)]
pub struct Lines {
    lines: Mutex<Vec<String>>,
    more: Condvar,
}

impl Lines {
    /// How many lines there are so far.
    pub fn count(&self) -> usize {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn collect(stream: impl Read + Send + 'static) -> Arc<Self> {
        let lines = Arc::new(Self::default());
        let sink = Arc::clone(&lines);
        thread::spawn(move || {
            for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).into_owned();
                sink.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
                sink.more.notify_all();
            }
        });
        lines
    }

    /// Every line so far.
    pub fn all(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The lines from index `start` up to the first one that `is_last` holds for, which is waited for.
    ///
    /// Panics with what came instead when that line does not come in time.
    pub fn until(&self, start: usize, timeout: Duration, is_last: impl Fn(&str) -> bool) -> Vec<String> {
        let end = Instant::now() + timeout;
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let new = lines.get(start..).unwrap_or_default();
            if let Some(last) = new.iter().position(|line| is_last(line)) {
                return new[..=last].to_vec();
            }
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "the line waited for did not come; what came:\n{}", new.join("\n"));
            lines = self.more.wait_timeout(lines, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// A port that nothing listens on, and that neither another test nor an outgoing connection will take: it
/// lies below the kernel's ephemeral ports, and each test process counts from a place of its own.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let offset = id().wrapping_mul(61).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % 20_000;
        let port = 10_000 + u16::try_from(offset).expect("below 20,000");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
