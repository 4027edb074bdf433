//! AWS as far as the evaluator knows it: AWS Config, EC2 and STS over plain HTTP, for tests.
//!
//! It answers from [`Data`], checks each request against the API's limits and answers a broken one as AWS does,
//! plays the [`Fault`]s a test asks for, and records every request in order. Signatures are not verified, but a
//! request must be signed with the function's own access key or with one that `AssumeRole` gave out.

pub(crate) mod api;
mod config;
mod data;
mod ec2;
mod fault;
mod sts;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::{Bound, RangeBounds};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use serde_json::Value;

pub use self::data::{Data, Group, OldResult, RULE, TOKEN};
pub use self::fault::Fault;

use self::api::ApiError;
use crate::http::{Reply, Request, Server};
use crate::rie::OWN_ACCESS_KEY;
use crate::{ACCOUNT, sam};

/// One request that the function made.
#[derive(Clone, Debug)]
pub struct Call {
    /// The operation, e.g. `PutEvaluations`.
    pub operation: String,
    /// The request's members: the JSON body, or a query's parameters as an object of strings.
    pub body: Value,
    /// The account whose credentials signed the request.
    pub account: String,
    /// The access key that signed it.
    pub access_key: String,
    /// The Region in its signature's scope.
    pub region: String,
    /// When it came.
    pub at: Instant,
}

/// The stand-in, running. Dropping it closes its port.
pub struct StandIn {
    server: Server,
    state: Arc<Mutex<State>>,
}

/// All that the stand-in knows and has seen.
#[derive(Default)]
struct State {
    data: Data,
    faults: Vec<Plan>,
    calls: Vec<Call>,
    accepted: Vec<Value>,
    /// Page tokens that were given out, with the index at which their page starts.
    pages: BTreeMap<String, usize>,
    /// Access keys that were given out, with their account.
    sessions: BTreeMap<String, String>,
}

/// A fault and the calls that it is played for.
struct Plan {
    operation: String,
    calls: (Bound<usize>, Bound<usize>),
    fault: Fault,
}

impl StandIn {
    /// Starts it on a free port of this machine.
    pub fn start(data: Data) -> Self {
        Self::listen(data, Ipv4Addr::LOCALHOST.into())
    }

    /// Starts it on a free port that containers can reach, too.
    pub fn start_for_containers(data: Data) -> Self {
        Self::listen(data, Ipv4Addr::UNSPECIFIED.into())
    }

    fn listen(data: Data, address: IpAddr) -> Self {
        let sessions =
            BTreeMap::from([OWN_ACCESS_KEY, sam::ACCESS_KEY].map(|key| (key.to_owned(), ACCOUNT.to_owned())));
        let state = Arc::new(Mutex::new(State { data, sessions, ..State::default() }));
        let shared = Arc::clone(&state);
        let server = Server::start(address, move |request| answer(&shared, &request));
        Self { server, state }
    }

    /// Its URL, for `AWS_ENDPOINT_URL`.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Its port, for a container that reaches this machine by another name.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// Plays a fault for the given calls of an operation, counted from 1: `1..=2`, `2..`, `..`.
    pub fn fault(&self, operation: &str, calls: impl RangeBounds<usize>, fault: Fault) {
        let calls = (calls.start_bound().cloned(), calls.end_bound().cloned());
        self.state().faults.push(Plan { operation: operation.to_owned(), calls, fault });
    }

    /// Ends all faults.
    pub fn heal(&self) {
        self.state().faults.clear();
    }

    /// Every request so far, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    /// The requests of one operation, in order.
    pub fn calls_of(&self, operation: &str) -> Vec<Call> {
        self.state().calls.iter().filter(|call| call.operation == operation).cloned().collect()
    }

    /// The evaluations that were put and not refused, in order.
    pub fn evaluations(&self) -> Vec<Value> {
        self.state().accepted.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Records the request, plays its fault if there is one, and answers.
fn answer(state: &Mutex<State>, request: &Request) -> Reply {
    let (protocol, operation, body) = api::parse(request);
    let fault = {
        let mut state = lock(state);
        let (access_key, region) = api::signer(request);
        let account = state.sessions.get(&access_key).cloned().unwrap_or_default();
        let call = Call {
            operation: operation.clone(),
            body: body.clone(),
            account: account.clone(),
            access_key,
            region,
            at: Instant::now(),
        };
        state.calls.push(call);
        if account.is_empty() {
            return protocol.refuse(&ApiError::unknown_key(protocol));
        }
        let nth = state.calls.iter().filter(|call| call.operation == operation).count();
        let planned =
            state.faults.iter().find(|plan| plan.operation == operation && plan.calls.contains(&nth));
        planned.map(|plan| plan.fault.clone())
    };
    match fault.as_ref() {
        Some(Fault::Cut) => return Reply::Cut,
        Some(Fault::Slow(delay)) => thread::sleep(*delay),
        Some(Fault::Lie(text)) => return protocol.succeed((*text).to_owned()),
        Some(fault) => {
            if let Some(error) = fault.error(protocol) {
                return protocol.refuse(&error);
            }
        }
        None => {}
    }
    let mut state = lock(state);
    let answered = match operation.as_str() {
        "PutEvaluations" => config::put_evaluations(&mut state, &body, fault.as_ref()),
        "GetResourceConfigHistory" => config::resource_history(&state, &body),
        "GetComplianceDetailsByConfigRule" => config::compliance_details(&mut state, &body),
        "DescribeSecurityGroups" => ec2::describe_security_groups(&mut state, &body),
        "AssumeRole" => sts::assume_role(&mut state, &body),
        _ => Err(ApiError::new(400, "UnknownOperationException", format!("no operation {operation:?}"))),
    };
    answered.map_or_else(|error| protocol.refuse(&error), |body| protocol.succeed(body))
}
