//! Everything that can end an invocation as a Lambda function error, and its `errorType`. docs/errors.md explains each.

use defsg_core::judge::item::UnreadableItem;
use defsg_core::ports::{ApiError, ApiErrorKind};
use defsg_lambda::failure;
use defsg_lambda::limit::OutOfTime;
use defsg_lambda::place::NoPlace;
use lambda_runtime::Diagnostic;

use crate::event::EventError;

/// Why an invocation failed. A message says what happened, to which resource, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum EvaluatorError {
    /// The event, or a parameter in it.
    #[error(transparent)]
    Event(#[from] EventError),
    /// It is not known where the function runs.
    #[error(transparent)]
    Place(#[from] NoPlace),
    /// The rule is in another account, and the parameter that names the role is missing.
    #[error(
        "parameter executionRoleName: is missing, and the rule belongs to account {account}, not to the function's own; \
         set it to the name of a role in that account that this function may assume"
    )]
    NoExecutionRole {
        /// The rule's account.
        account: String,
    },
    /// One resource cannot be judged.
    #[error("{0}; nothing was put for it, see the item in AWS Config")]
    UnreadableItem(#[from] UnreadableItem),
    /// Some of the groups that EC2 listed cannot be judged.
    #[error(
        "{count} security groups could not be judged ({examples}); the others were put, \
         and none was declared gone"
    )]
    UnreadableGroups {
        /// How many.
        count: usize,
        /// The first few, with what is wrong.
        examples: String,
    },
    /// Config has no item for the time of an oversized notification.
    #[error(
        "AWS Config has no item of {resource_id} at {captured}; is the recorder on, and its history kept?"
    )]
    NoHistory {
        /// The resource.
        resource_id: String,
        /// The capture time that was asked for.
        captured: String,
    },
    /// A call to AWS failed.
    #[error("{0}{mend}", mend = mend(.0.kind))]
    Api(#[from] ApiError),
    /// Config refused evaluations every time.
    #[error("AWS Config refused the evaluations of {count} resources {tries} times: {examples}")]
    Refused {
        /// How many.
        count: usize,
        /// How often they were put.
        tries: usize,
        /// The first few.
        examples: String,
    },
    /// The function's time ran out.
    #[error(
        "{0}; what was put stays put, and the next invocation starts anew. Raise the function's timeout if this happens \
         again"
    )]
    OutOfTime(#[from] OutOfTime),
}

impl EvaluatorError {
    /// The stable `errorType` of the Lambda function error.
    #[must_use]
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::Event(EventError::Invalid(_)) | Self::Place(NoPlace::Arn(_)) => "InvalidEvent",
            Self::Event(EventError::Parameter(_)) | Self::NoExecutionRole { .. } => "InvalidParameters",
            Self::Place(NoPlace::Region(_)) => "InvalidSettings",
            Self::UnreadableItem(_) | Self::UnreadableGroups { .. } | Self::NoHistory { .. } => {
                "UnreadableItem"
            }
            Self::Refused { .. } => "EvaluationsRefused",
            Self::OutOfTime(_) => "Timeout",
            Self::Api(error) => failure::error_type(error.kind),
        }
    }
}

fn mend(kind: ApiErrorKind) -> &'static str {
    match kind {
        ApiErrorKind::AccessDenied => "; check the role's policy against docs/permissions.md",
        ApiErrorKind::Throttled => {
            "; Lambda tries again, and if that is not enough, ask AWS for a higher request rate"
        }
        ApiErrorKind::InvalidResultToken => "; the token is too old or another rule's: start the rule again",
        ApiErrorKind::TimedOut => {
            "; if the function is in a VPC, check that it reaches the service's endpoint"
        }
        ApiErrorKind::Unreadable | ApiErrorKind::Other => "",
    }
}

impl From<EvaluatorError> for Diagnostic {
    fn from(error: EvaluatorError) -> Self {
        failure::diagnostic(error.error_type(), &error)
    }
}
