//! Everything that can end an invocation as a Lambda function error, and its `errorType`. docs/remediation.md explains
//! each.

use defsg_lambda::failure;
use defsg_lambda::limit::OutOfTime;
use defsg_lambda::place::NoPlace;
use defsg_remediation::RemediationError;
use lambda_runtime::Diagnostic;

use crate::request::InvalidRequest;
use crate::settings::InvalidSetting;

/// Why an invocation failed. A message says what happened, to which group, what was changed and what to do.
#[derive(Debug, thiserror::Error)]
pub enum RemediatorError {
    /// The request is malformed.
    #[error(transparent)]
    Request(#[from] InvalidRequest),
    /// A setting is wrong or missing.
    #[error(transparent)]
    Setting(#[from] InvalidSetting),
    /// It is not known where the function runs.
    #[error("{0}; nothing was changed")]
    Place(#[from] NoPlace),
    /// What was asked for could not be done.
    #[error(transparent)]
    Remediation(#[from] RemediationError),
    /// The function's time ran out.
    #[error(
        "{0}. Invoke it again: it goes on from where it is, and no rule is taken away that is not in a backup. Raise the \
         function's timeout if this happens again"
    )]
    OutOfTime(#[from] OutOfTime),
}

impl RemediatorError {
    /// The stable `errorType` of the Lambda function error.
    #[must_use]
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::Request(_) | Self::Place(NoPlace::Arn(_)) => "InvalidRequest",
            Self::Setting(_) | Self::Place(NoPlace::Region(_)) => "InvalidSettings",
            Self::Remediation(RemediationError::Api { source, .. }) => failure::error_type(source.kind),
            Self::Remediation(error) => error.error_type(),
            Self::OutOfTime(_) => "Timeout",
        }
    }
}

impl From<RemediatorError> for Diagnostic {
    fn from(error: RemediatorError) -> Self {
        failure::diagnostic(error.error_type(), &error)
    }
}
