//! What can go wrong with a call, and with which one.

use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use hyper::body::Bytes;
use serde_json::Value;

use super::call::Call;
use super::server::Reply;
use super::wire::{ApiError, Protocol};

/// Something that happens to a call.
#[derive(Clone)]
pub enum Fault {
    /// The caller lacks the permission.
    Denied,
    /// The service throttles.
    Throttled,
    /// The service fails with a 500.
    ServerError,
    /// The service answers with this status, error code and message.
    Error(u16, &'static str, String),
    /// The call is carried out and answered, but only after this time.
    Late(Duration),
    /// The connection is closed. The call is not carried out.
    Cut,
    /// The call is carried out. The connection is closed in the middle of the answer.
    CutMidway,
    /// The call is carried out. The connection is closed instead of the answer.
    Lost,
    /// The call is not carried out. This is the answer, with status 200.
    Lie(String),
    /// The call is carried out, and its answer is changed.
    Altered(Arc<dyn Fn(String) -> String + Send + Sync>),
    /// This happens before the call is carried out.
    Before(Arc<dyn Fn() + Send + Sync>),
    /// This happens after the call was carried out and before it is answered.
    After(Arc<dyn Fn() + Send + Sync>),
    /// `PutEvaluations` answers all evaluations back as failed.
    RefuseAll,
    /// `PutEvaluations` answers the evaluations of these resources back as failed.
    Refuse(Vec<String>),
}

impl Fault {
    /// [`Fault::Error`] with a message that nothing depends on.
    pub fn error(status: u16, code: &'static str) -> Self {
        Self::Error(status, code, "a fault of the test's".to_owned())
    }

    /// [`Fault::Lie`].
    pub fn lie(answer: impl Into<String>) -> Self {
        Self::Lie(answer.into())
    }

    /// [`Fault::Altered`].
    pub fn altered(change: impl Fn(String) -> String + Send + Sync + 'static) -> Self {
        Self::Altered(Arc::new(change))
    }

    /// [`Fault::Before`].
    pub fn before(action: impl Fn() + Send + Sync + 'static) -> Self {
        Self::Before(Arc::new(action))
    }

    /// [`Fault::After`].
    pub fn after(action: impl Fn() + Send + Sync + 'static) -> Self {
        Self::After(Arc::new(action))
    }

    /// Plays what comes before the call is carried out. With an answer, the call is not carried out.
    pub(super) fn play_before(&self, protocol: Protocol) -> Option<Reply> {
        match self {
            Self::Before(action) => action(),
            Self::Late(delay) => thread::sleep(*delay),
            Self::Cut => return Some(Reply::Cut),
            Self::Lie(answer) => return Some(protocol.succeed(answer.clone())),
            _ => return Some(protocol.refuse(&self.as_error(protocol)?)),
        }
        None
    }

    /// Plays what comes after the call was carried out, and gives what is answered then.
    pub(super) fn play_after(&self, reply: Reply) -> Reply {
        match (self, reply) {
            (Self::After(action), reply) => {
                action();
                reply
            }
            (Self::Lost, _) => Reply::Cut,
            // Of an empty answer there is no half.
            (Self::CutMidway, Reply::Whole(response)) if response.body().is_empty() => Reply::Cut,
            (Self::CutMidway, Reply::Whole(response)) => Reply::Half(response),
            (Self::Altered(change), Reply::Whole(response)) => Reply::Whole(response.map(|body| {
                let body = String::from_utf8(body.into()).expect("AWS answers UTF-8");
                Bytes::from(change(body))
            })),
            (_, reply) => reply,
        }
    }

    /// The error that the service answers with; none for a fault that is no error.
    fn as_error(&self, protocol: Protocol) -> Option<ApiError> {
        use Protocol::{Ec2, Json, Query, RestJson, RestXml};
        let (status, code, message) = match (self, protocol) {
            (Self::Throttled, Json) => (400, "ThrottlingException", "Rate exceeded"),
            (Self::Throttled, Ec2) => (503, "RequestLimitExceeded", "Request limit exceeded."),
            (Self::Throttled, Query) => (400, "Throttling", "Rate exceeded"),
            (Self::Throttled, RestJson) => (429, "ThrottlingException", "Rate exceeded"),
            (Self::Throttled, RestXml) => (503, "SlowDown", "Please reduce your request rate."),
            (Self::ServerError, Json) => (500, "InternalServerException", "Internal failure"),
            (Self::ServerError, Ec2) => (500, "InternalError", "An internal error has occurred"),
            (Self::ServerError, Query) => (500, "InternalFailure", "Internal failure"),
            (Self::ServerError, RestJson) => (500, "InternalServerException", "Internal failure"),
            (Self::ServerError, RestXml) => (500, "InternalError", "We encountered an internal error."),
            (Self::Denied, Json) => (400, "AccessDeniedException", "User is not authorized"),
            (Self::Denied, Ec2) => (403, "UnauthorizedOperation", "You are not authorized"),
            (Self::Denied, Query) => (403, "AccessDenied", "User is not authorized"),
            (Self::Denied, RestJson) => (403, "AccessDeniedException", "User is not authorized"),
            (Self::Denied, RestXml) => (403, "AccessDenied", "Access Denied"),
            (Self::Error(status, code, message), _) => (*status, *code, message.as_str()),
            _ => return None,
        };
        Some(ApiError::new(status, code, message))
    }

    /// Whether `PutEvaluations` is to answer the evaluation of this resource back as failed.
    pub(super) fn refuses(&self, resource: &str) -> bool {
        match self {
            Self::RefuseAll => true,
            Self::Refuse(resources) => resources.iter().any(|refused| refused == resource),
            _ => false,
        }
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(status, code, message) => write!(f, "Error({status}, {code}, {message:?})"),
            Self::Late(delay) => write!(f, "Late({delay:?})"),
            Self::Lie(answer) => write!(f, "Lie({answer:?})"),
            Self::Refuse(resources) => write!(f, "Refuse({resources:?})"),
            Self::Denied => f.write_str("Denied"),
            Self::Throttled => f.write_str("Throttled"),
            Self::ServerError => f.write_str("ServerError"),
            Self::Cut => f.write_str("Cut"),
            Self::CutMidway => f.write_str("CutMidway"),
            Self::Lost => f.write_str("Lost"),
            Self::Altered(_) => f.write_str("Altered"),
            Self::Before(_) => f.write_str("Before"),
            Self::After(_) => f.write_str("After"),
            Self::RefuseAll => f.write_str("RefuseAll"),
        }
    }
}

/// Which calls of an operation a fault is played for. They count from 1 at the moment when the fault is set.
#[derive(Clone)]
pub enum Occurrence {
    /// All of them.
    Every,
    /// The one with this number.
    Nth(usize),
    /// The first one up to the one with this number.
    First(usize),
    /// The one with this number and all that follow.
    FromNth(usize),
    /// Those whose parameters are such.
    With(Arc<dyn Fn(&Value) -> bool + Send + Sync>),
}

impl Occurrence {
    /// [`Occurrence::With`].
    pub fn with(parameters: impl Fn(&Value) -> bool + Send + Sync + 'static) -> Self {
        Self::With(Arc::new(parameters))
    }
}

/// A fault that was set.
pub(super) struct Plan {
    operation: String,
    occurrence: Occurrence,
    fault: Fault,
    /// How many calls of the operation came since.
    seen: usize,
}

impl Plan {
    pub(super) fn new(operation: &str, occurrence: Occurrence, fault: Fault) -> Self {
        Self { operation: operation.to_owned(), occurrence, fault, seen: 0 }
    }

    /// Counts the call, and gives the fault if it is played for this one.
    pub(super) fn meet(&mut self, call: &Call) -> Option<Fault> {
        if call.operation != self.operation {
            return None;
        }
        self.seen += 1;
        let is_due = match &self.occurrence {
            Occurrence::Every => true,
            Occurrence::Nth(nth) => self.seen == *nth,
            Occurrence::First(last) => self.seen <= *last,
            Occurrence::FromNth(first) => self.seen >= *first,
            Occurrence::With(is_such) => is_such(&call.parameters),
        };
        is_due.then(|| self.fault.clone())
    }
}
