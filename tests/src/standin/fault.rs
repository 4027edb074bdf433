//! What can go wrong with a call.

use std::time::Duration;

use super::api::{ApiError, Protocol};

/// A fault that the stand-in plays instead of the right answer.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The service throttles.
    Throttled,
    /// The service fails with a 500.
    ServerError,
    /// The caller lacks the permission.
    AccessDenied,
    /// Config does not know the result token, e.g. since it has expired.
    InvalidResultToken,
    /// The service finds the request invalid, with this message.
    Invalid(String),
    /// `PutEvaluations` answers all evaluations back as failed.
    RefuseAll,
    /// `PutEvaluations` answers the evaluations of these resources back as failed.
    Refuse(Vec<String>),
    /// The connection is closed without an answer.
    Cut,
    /// The right answer, late.
    Slow(Duration),
    /// Status 200 with this text, which is not what the API answers.
    Lie(&'static str),
}

impl Fault {
    /// The error that the service answers with; none for a fault that is no error.
    pub(super) fn error(&self, protocol: Protocol) -> Option<ApiError> {
        let (status, code, message) = match (self, protocol) {
            (Self::Throttled, Protocol::Json) => (400, "ThrottlingException", "Rate exceeded"),
            (Self::Throttled, Protocol::Ec2) => (503, "RequestLimitExceeded", "Request limit exceeded."),
            (Self::Throttled, Protocol::Sts) => (400, "Throttling", "Rate exceeded"),
            (Self::ServerError, Protocol::Json) => (500, "InternalServerException", "Internal failure"),
            (Self::ServerError, Protocol::Ec2) => (500, "InternalError", "An internal error has occurred"),
            (Self::ServerError, Protocol::Sts) => (500, "InternalFailure", "Internal failure"),
            (Self::AccessDenied, Protocol::Json) => (400, "AccessDeniedException", "User is not authorized"),
            (Self::AccessDenied, Protocol::Ec2) => (403, "UnauthorizedOperation", "You are not authorized"),
            (Self::AccessDenied, Protocol::Sts) => (403, "AccessDenied", "User is not authorized"),
            (Self::Invalid(message), Protocol::Json) => (400, "ValidationException", message.as_str()),
            (Self::Invalid(message), Protocol::Ec2) => (400, "InvalidParameterValue", message.as_str()),
            (Self::Invalid(message), Protocol::Sts) => (400, "ValidationError", message.as_str()),
            (Self::InvalidResultToken, _) => {
                (400, "InvalidResultTokenException", "The result token is invalid.")
            }
            _ => return None,
        };
        Some(ApiError::new(status, code, message))
    }

    /// Whether `PutEvaluations` is to answer this resource's evaluation back as failed.
    pub(super) fn refuses(&self, resource_id: &str) -> bool {
        match self {
            Self::RefuseAll => true,
            Self::Refuse(resources) => resources.iter().any(|resource| resource == resource_id),
            _ => false,
        }
    }
}
