//! Everything that can end an invocation as a Lambda function error, and its `errorType`. docs/remediation.md explains
//! each.

use std::time::Duration;

use defsg_remediation::RemediationError;
use lambda_runtime::Diagnostic;

use crate::request::InvalidRequest;
use crate::settings::InvalidSetting;

/// Why an invocation failed.
#[derive(Debug, thiserror::Error)]
pub enum RemediatorError {
    /// The request is none.
    #[error(transparent)]
    Request(#[from] InvalidRequest),
    /// A setting is wrong or missing.
    #[error(transparent)]
    Setting(#[from] InvalidSetting),
    /// The function's ARN does not say whose it is.
    #[error("the invoked function's ARN names no account: {0:?}")]
    NoIdentity(String),
    /// What was asked for could not be done.
    #[error(transparent)]
    Remediation(#[from] RemediationError),
    /// The function's time ran out.
    #[error(
        "not done within {0:?}, the time that the function has. Invoke it again: it goes on from where it is, and no rule \
         is taken away that is not in a backup. Raise the function's timeout if this happens again"
    )]
    OutOfTime(Duration),
}

impl RemediatorError {
    /// The stable `errorType` of the Lambda function error.
    #[must_use]
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::Request(_) | Self::NoIdentity(_) => "InvalidRequest",
            Self::Setting(_) => "InvalidSettings",
            Self::Remediation(error) => error.error_type(),
            Self::OutOfTime(_) => "Timeout",
        }
    }
}

impl From<RemediatorError> for Diagnostic {
    fn from(error: RemediatorError) -> Self {
        Self { error_type: error.error_type().to_owned(), error_message: error.to_string() }
    }
}
