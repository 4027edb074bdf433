//! Calls: each takes its time, may fail in every way, and is told.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use defsg_core::Place;
use defsg_core::ports::{ApiError, ApiErrorKind};
use fastrand::Rng;
use tokio::time::{Instant, sleep};

use crate::weather::{Fault, Weather};
use crate::world::{Ms, World};

/// The world, and its clock.
pub(crate) struct Sim {
    world: Mutex<World>,
    began: Instant,
}

impl Sim {
    pub(crate) fn new(verbose: bool) -> Arc<Self> {
        Arc::new(Self { world: Mutex::new(World::new(verbose)), began: Instant::now() })
    }

    /// The world, now.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        let mut world = self.world.lock().unwrap();
        world.now = Ms::try_from(self.began.elapsed().as_millis()).unwrap();
        world.tick += 1;
        world
    }
}

pub(crate) fn place() -> Place {
    Place::parse("aws", "012345678912", "eu-west-1").unwrap()
}

/// One run's way to AWS.
pub(crate) struct Caller {
    pub(crate) sim: Arc<Sim>,
    /// The run: an index of [`World::runs`].
    pub(crate) run: usize,
    pub(crate) weather: Weather,
    pub(crate) rng: Mutex<Rng>,
}

impl Caller {
    /// Makes a call. `whole` is its work, `half` half of it; what either gives is for the story.
    pub(crate) async fn call<T>(
        &self,
        name: &'static str,
        half: impl FnOnce(&mut World) -> String,
        whole: impl FnOnce(&mut World) -> (T, String),
    ) -> Result<T, ApiError> {
        let (there, back, fault) = {
            let mut rng = self.rng.lock().unwrap();
            let (there, back) = (self.weather.latency(&mut rng), self.weather.latency(&mut rng));
            (there, back, self.weather.fault(name, &mut rng))
        };
        sleep(Duration::from_millis(there)).await;
        let result = {
            let mut world = self.sim.world();
            let (result, done) = match fault {
                None => {
                    let (given, done) = whole(&mut world);
                    (Ok(given), done)
                }
                Some(Fault::Error(kind)) => (Err(failure(name, kind)), String::new()),
                Some(Fault::AnswerLost | Fault::CrashAfter) => (Err(lost(name)), whole(&mut world).1),
                Some(Fault::HalfDone | Fault::CrashHalfway) => (Err(lost(name)), half(&mut world)),
                Some(Fault::Crash) => (Err(lost(name)), String::new()),
                // The caller passes no answer but the one it makes itself; see `write_backup`.
                Some(Fault::Nothing) => (Err(failure(name, ApiErrorKind::Other)), String::new()),
            };
            world.counts.calls += 1;
            if let Some(fault) = fault {
                world.counts.faults += 1;
                world.counts.crashes += u64::from(fault.is_crash());
            }
            let who = world.runs[self.run].name.clone();
            world.tell(|| match fault {
                None => format!("{who}: {name}{done}"),
                Some(fault) => format!("{who}: {name}{done} [{fault:?}]"),
            });
            result
        };
        if fault.is_some_and(Fault::is_crash) {
            // Whoever waits gives up, and drops what was under way.
            std::future::pending::<()>().await;
        }
        sleep(Duration::from_millis(back)).await;
        let mut world = self.sim.world();
        world.runs[self.run].last_call = name;
        if fault == Some(Fault::Nothing) { Err(nothing_done()) } else { result }
    }
}

/// The failure that stands for a success without effect. [`is_nothing_done`] knows it again.
fn nothing_done() -> ApiError {
    ApiError::new("nothing was done", &place(), ApiErrorKind::Other, "")
}

pub(crate) fn is_nothing_done(error: &ApiError) -> bool {
    error.operation == "nothing was done"
}

fn failure(call: &'static str, kind: ApiErrorKind) -> ApiError {
    ApiError::new(call, &place(), kind, "as the story wants it")
}

fn lost(call: &'static str) -> ApiError {
    failure(call, ApiErrorKind::TimedOut)
}
