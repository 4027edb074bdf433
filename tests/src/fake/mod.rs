//! A fake of AWS over plain HTTP, for tests: the APIs that the functions call, with faults where a test wants
//! them.
//!
//! It answers from [`Data`], checks each request against the API's limits, refuses a broken one as AWS does,
//! and records every request in order. It can stand in front of moto: then moto answers what it can, and the
//! fake the rest. A [`Fault`] is played for the calls of an operation that an [`Occurrence`] names.
//! Signatures are not verified, but what is answered here must be signed with the function's own access key
//! or with one that `AssumeRole` gave out.
//!
//! A service is one file in `services` and one line in its list.

mod call;
mod data;
mod fault;
mod forward;
mod group;
mod server;
mod services;
mod wire;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use hyper::body::Bytes;
use hyper::http::Response;
use serde_json::Value;

pub use self::call::Call;
pub use self::data::{Data, OldResult, RULE, Reference, TOKEN};
pub use self::fault::{Fault, Occurrence};
pub use self::group::{Group, Pair, Permission, Shape};
pub(crate) use self::server::Request;
pub(crate) use self::services::read;

use self::fault::Plan;
use self::forward::Forward;
use self::server::{Reply, Server};
use self::services::Service;
use self::wire::{ApiError, Signer};
use crate::rie::OWN_ACCESS_KEY;
use crate::{ACCOUNT, sam};

/// The fake, running. Dropping it closes its port.
pub struct Fake {
    server: Server,
    state: Arc<Mutex<State>>,
}

/// All that the fake knows and has seen.
#[derive(Default)]
struct State {
    data: Data,
    plans: Vec<Plan>,
    calls: Vec<Call>,
    /// The evaluations that were put and not refused.
    accepted: Vec<Value>,
    /// Access keys that were given out, with their account.
    sessions: BTreeMap<String, String>,
}

impl Fake {
    /// Starts it on a free port of this machine. It answers all calls itself.
    pub fn start(data: Data) -> Self {
        Self::listen(Ipv4Addr::LOCALHOST.into(), data, None)
    }

    /// Starts it on a free port that containers can reach, too.
    pub fn start_for_containers(data: Data) -> Self {
        Self::listen(Ipv4Addr::UNSPECIFIED.into(), data, None)
    }

    /// Starts it in front of the moto at `url`, which answers all that it can.
    pub fn in_front_of(url: &str, data: Data) -> Self {
        Self::listen(Ipv4Addr::LOCALHOST.into(), data, Some(Forward::to(url)))
    }

    fn listen(address: IpAddr, data: Data, behind: Option<Forward>) -> Self {
        let keys = [OWN_ACCESS_KEY, sam::ACCESS_KEY].map(|key| (key.to_owned(), ACCOUNT.to_owned()));
        let state = Arc::new(Mutex::new(State { data, sessions: keys.into(), ..State::default() }));
        let shared = Arc::clone(&state);
        let server = Server::start(address, move |request| answer(&shared, behind.as_ref(), request));
        Self { server, state }
    }

    /// Its URL, for `AWS_ENDPOINT_URL`.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// Its port, for a container that reaches this machine by another name.
    pub fn port(&self) -> u16 {
        self.server.address().port()
    }

    /// Changes what it answers from.
    pub fn data(&self, change: impl FnOnce(&mut Data)) {
        change(&mut self.state().data);
    }

    /// Plays a fault for calls of an operation. Where several faults meet in one call, all are played, in the
    /// order in which they were set; the first one that answers instead of AWS ends it.
    pub fn fault(&self, operation: &str, occurrence: Occurrence, fault: Fault) {
        self.state().plans.push(Plan::new(operation, occurrence, fault));
    }

    /// Ends all faults.
    pub fn heal(&self) {
        self.state().plans.clear();
    }

    /// Ends all faults, and forgets the calls and the evaluations so far.
    pub fn reset(&self) {
        let mut state = self.state();
        state.plans.clear();
        state.calls.clear();
        state.accepted.clear();
    }

    /// Every call so far, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    /// The calls of one operation, in order.
    pub fn calls_of(&self, operation: &str) -> Vec<Call> {
        self.state().calls.iter().filter(|call| call.operation == operation).cloned().collect()
    }

    /// Every call so far by its operation and by which one of these it was, counted from 1: what
    /// [`Fake::fault`] takes with [`Occurrence::Nth`].
    pub fn occurrences(&self) -> Vec<(String, usize)> {
        call::occurrences(&self.state().calls)
    }

    /// The evaluations that were put and not refused, in order.
    pub fn evaluations(&self) -> Vec<Value> {
        self.state().accepted.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Drop for Fake {
    /// Lets go of what the faults hold on to, although a call may still be on its way.
    fn drop(&mut self) {
        self.reset();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Records the call, plays its faults, and carries it out in between.
fn answer(state: &Mutex<State>, behind: Option<&Forward>, request: Request) -> Reply {
    let signer = Signer::of(&request);
    let Some(service) = services::by_name(&signer.service) else {
        let text = format!("The fake has no service {:?}: add it to its list.", signer.service);
        return Reply::Whole(Response::builder().status(501).body(Bytes::from(text)).expect("a response"));
    };
    let (operation, parameters) = (service.read)(&request);
    let (call, faults) = lock(state).record(signer, operation, parameters);
    for fault in &faults {
        if let Some(reply) = fault.play_before(service.protocol) {
            return reply;
        }
    }
    // The state is not locked while the AWS behind is asked.
    let reply = match behind.filter(|_| (service.passed_on)(&call.operation)) {
        Some(behind) => behind.pass_on(request),
        None => match lock(state).carry_out(service, &call, &faults) {
            Ok(body) => service.protocol.succeed(body),
            Err(error) => service.protocol.refuse(&error),
        },
    };
    faults.iter().fold(reply, |reply, fault| fault.play_after(reply))
}

impl State {
    /// Records the call, and gives the faults that meet it.
    fn record(&mut self, signer: Signer, operation: String, parameters: Value) -> (Call, Vec<Fault>) {
        let Signer { access_key, region, .. } = signer;
        let account = self.sessions.get(&access_key).cloned().unwrap_or_default();
        let call = Call { operation, parameters, account, access_key, region, at: Instant::now() };
        self.calls.push(call.clone());
        let faults = self.plans.iter_mut().filter_map(|plan| plan.meet(&call)).collect();
        (call, faults)
    }

    fn carry_out(&mut self, service: &Service, call: &Call, faults: &[Fault]) -> Result<String, ApiError> {
        if call.account.is_empty() {
            return Err(ApiError::unknown_key(service.protocol));
        }
        (service.answer)(self, call, faults)
    }
}
