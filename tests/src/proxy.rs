//! A proxy before moto. It answers the calls that moto lacks, passes all others on, records each, and lets a test step
//! in between any two of them: deny, throttle, cut, alter an answer, or change the account behind the function's back.

mod account;
mod service;

use std::net::Ipv4Addr;
use std::ops::{Bound, RangeBounds};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

pub use self::account::{Account, Reference};
use crate::http::{Reply, Request, Server};
use crate::moto::turn;

/// The proxy, running. Dropping it closes its port.
pub struct Proxy {
    server: Server,
    state: Arc<Mutex<State>>,
}

/// One call that was made, whether it was answered or not.
#[derive(Clone, Debug)]
pub struct Call {
    /// The operation, e.g. `PutObject`.
    pub operation: String,
    /// The request's members; for S3 its path and its `if-none-match`.
    pub body: Value,
}

/// Something that a test does to a call.
#[derive(Clone)]
pub enum Fault {
    /// The caller lacks the permission.
    Denied,
    /// The service throttles.
    Throttled,
    /// The service fails with a 500.
    ServerError,
    /// The service answers with this status and error code.
    Error(u16, &'static str),
    /// The connection is closed, and AWS is not asked.
    Cut,
    /// AWS does what it is asked, and the connection is closed instead of its answer.
    CutAfter,
    /// AWS is not asked; this is its answer, with status 200.
    Instead(&'static str),
    /// AWS's answer, changed.
    Alter(Arc<dyn Fn(String) -> String + Send + Sync>),
    /// This happens before AWS is asked, and the call goes on.
    Before(Arc<dyn Fn() + Send + Sync>),
    /// This happens after AWS was asked, and its answer goes back.
    After(Arc<dyn Fn() + Send + Sync>),
}

impl Fault {
    /// [`Fault::Before`].
    pub fn before(action: impl Fn() + Send + Sync + 'static) -> Self {
        Self::Before(Arc::new(action))
    }

    /// [`Fault::After`].
    pub fn after(action: impl Fn() + Send + Sync + 'static) -> Self {
        Self::After(Arc::new(action))
    }

    /// [`Fault::Alter`].
    pub fn alter(change: impl Fn(String) -> String + Send + Sync + 'static) -> Self {
        Self::Alter(Arc::new(change))
    }
}

#[derive(Default)]
struct State {
    account: Account,
    plans: Vec<Plan>,
    calls: Vec<Call>,
}

/// A fault and the calls that it is played for.
struct Plan {
    /// None for every operation.
    operation: Option<String>,
    calls: (Bound<usize>, Bound<usize>),
    fault: Fault,
}

impl Proxy {
    /// Starts it before the AWS at `url`.
    pub fn start(url: &str) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let (shared, url) = (Arc::clone(&state), url.to_owned());
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let server = Server::start(Ipv4Addr::LOCALHOST.into(), move |request| {
            answer(&shared, request, |request| pass_on(&agent, &url, request))
        });
        Self { server, state }
    }

    /// Its URL, for `AWS_ENDPOINT_URL`.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Changes what it answers itself.
    pub fn account(&self, change: impl FnOnce(&mut Account)) {
        change(&mut self.state().account);
    }

    /// Plays a fault for the given calls of an operation, counted from 1: `1..=2`, `2..`, `..`.
    pub fn fault(&self, operation: &str, calls: impl RangeBounds<usize>, fault: Fault) {
        self.plan(Some(operation.to_owned()), calls, fault);
    }

    /// Plays a fault for the given calls of all, counted from 1.
    pub fn fault_any(&self, calls: impl RangeBounds<usize>, fault: Fault) {
        self.plan(None, calls, fault);
    }

    fn plan(&self, operation: Option<String>, calls: impl RangeBounds<usize>, fault: Fault) {
        let calls = (calls.start_bound().cloned(), calls.end_bound().cloned());
        self.state().plans.push(Plan { operation, calls, fault });
    }

    /// Ends all faults, forgets the calls so far, and counts from 1 again.
    pub fn reset(&self) {
        let mut state = self.state();
        state.plans.clear();
        state.calls.clear();
    }

    /// Every call so far, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    /// The calls of one operation, in order.
    pub fn calls_of(&self, operation: &str) -> Vec<Call> {
        self.state().calls.iter().filter(|call| call.operation == operation).cloned().collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Drop for Proxy {
    /// Lets go of whatever the faults hold on to, though a connection may outlive the proxy for a moment.
    fn drop(&mut self) {
        self.reset();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Records the call, plays its faults, and answers it or passes it on.
fn answer(state: &Mutex<State>, request: Request, pass_on: impl Fn(Request) -> Reply) -> Reply {
    let (service, call) = service::parse(&request);
    let faults = {
        let mut state = lock(state);
        state.calls.push(call.clone());
        state.faults(&call.operation)
    };
    for fault in &faults {
        match fault {
            Fault::Before(action) => action(),
            Fault::Cut => return Reply::Cut,
            Fault::Instead(text) => return service.succeed((*text).to_owned()),
            fault => {
                if let Some(error) = service.error(fault) {
                    return error;
                }
            }
        }
    }
    // The lock is not held while the AWS behind is asked.
    let own = lock(state).account.answer(&call);
    let mut reply = match own {
        Some(Ok(body)) => service.succeed(body),
        Some(Err((code, message))) => service.refuse(400, code, &message),
        None => pass_on(request),
    };
    for fault in &faults {
        match fault {
            Fault::After(action) => action(),
            Fault::CutAfter => return Reply::Cut,
            Fault::Alter(change) => reply = altered(reply, change.as_ref()),
            _ => {}
        }
    }
    reply
}

impl State {
    /// The faults of the call that was just recorded.
    fn faults(&self, operation: &str) -> Vec<Fault> {
        let of_operation = self.calls.iter().filter(|call| call.operation == operation).count();
        let planned = self.plans.iter().filter(|plan| match &plan.operation {
            None => plan.calls.contains(&self.calls.len()),
            Some(of) => of == operation && plan.calls.contains(&of_operation),
        });
        planned.map(|plan| plan.fault.clone()).collect()
    }
}

fn altered(reply: Reply, change: &dyn Fn(String) -> String) -> Reply {
    match reply {
        Reply::Answer(status, content_type, body) => Reply::Answer(status, content_type, change(body)),
        Reply::Whole(status, headers, body) => {
            let body = change(String::from_utf8(body).expect("AWS answers UTF-8"));
            Reply::Whole(status, headers, body.into_bytes())
        }
        Reply::Cut => Reply::Cut,
    }
}

/// Headers that belong to one connection and not to the message.
const OF_CONNECTION: [&str; 3] = ["connection", "content-length", "transfer-encoding"];

/// Asks the AWS at `url`.
fn pass_on(agent: &ureq::Agent, url: &str, request: Request) -> Reply {
    let mut passed =
        ureq::http::Request::builder().method(request.method.as_str()).uri(format!("{url}{}", request.path));
    for (name, value) in request.headers.iter().filter(|(name, _)| !OF_CONNECTION.contains(&name.as_str())) {
        passed = passed.header(name, value);
    }
    let _turn = turn();
    let answer = if request.body.is_empty() {
        agent.run(passed.body(()).expect("what came can be passed on"))
    } else {
        agent.run(passed.body(request.body).expect("what came can be passed on"))
    };
    // moto ends before the function where a test is over.
    let Ok(mut answer) = answer else { return Reply::Cut };
    let headers = answer.headers().iter().filter(|(name, _)| !OF_CONNECTION.contains(&name.as_str()));
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap_or("").to_owned()));
    let headers = headers.collect();
    let Ok(body) = answer.body_mut().read_to_vec() else { return Reply::Cut };
    Reply::Whole(answer.status().as_u16(), headers, body)
}
