//! From the SDK's errors to the one error of the ports.

use std::error::Error;

use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};
use defsg_core::AccountId;
use defsg_core::ports::{ApiError, ApiErrorKind};

type SdkError<E> = aws_sdk_config::error::SdkError<E>;

/// The most characters of an error's detail: enough for AWS's longest messages, not for a payload.
const MAX_DETAIL_CHARS: usize = 600;

/// Describes a failed call.
pub(crate) fn api_error<E>(operation: &'static str, account: &AccountId, error: &SdkError<E>) -> ApiError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let (kind, detail) = match error {
        SdkError::ServiceError(context) => of_service(context.err().meta()),
        SdkError::TimeoutError(_) => (ApiErrorKind::TimedOut, "no answer in time".to_owned()),
        SdkError::ResponseError(_) => (ApiErrorKind::Unreadable, chain(error)),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => (ApiErrorKind::TimedOut, chain(error)),
        _ => of_assume_role(error).unwrap_or_else(|| (ApiErrorKind::Other, chain(error))),
    };
    ApiError {
        operation,
        account: account.clone(),
        kind,
        detail: detail.chars().take(MAX_DETAIL_CHARS).collect(),
    }
}

/// An answer that arrived but lacks what it must have.
pub(crate) fn unreadable(
    operation: &'static str,
    account: &AccountId,
    detail: impl Into<String>,
) -> ApiError {
    ApiError { operation, account: account.clone(), kind: ApiErrorKind::Unreadable, detail: detail.into() }
}

fn of_service(meta: &ErrorMetadata) -> (ApiErrorKind, String) {
    let code = meta.code().unwrap_or("no error code");
    (kind_of(code), format!("{code}: {}", meta.message().unwrap_or("no message")))
}

/// By error code. Sources: the common errors of the Config, EC2 and STS API references; the SDK's own throttling codes.
fn kind_of(code: &str) -> ApiErrorKind {
    match code {
        "AccessDenied"
        | "AccessDeniedException"
        | "AuthFailure"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "IncompleteSignature"
        | "InsufficientPermissionsException"
        | "InvalidClientTokenId"
        | "MissingAuthenticationToken"
        | "OptInRequired"
        | "SignatureDoesNotMatch"
        | "UnauthorizedOperation"
        | "UnrecognizedClientException" => ApiErrorKind::AccessDenied,
        "BandwidthLimitExceeded"
        | "EC2ThrottledException"
        | "PriorRequestNotComplete"
        | "RequestLimitExceeded"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "SlowDown"
        | "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "TooManyRequestsException" => ApiErrorKind::Throttled,
        "InvalidResultTokenException" => ApiErrorKind::InvalidResultToken,
        "RequestTimeout" | "RequestTimeoutException" => ApiErrorKind::TimedOut,
        _ => ApiErrorKind::Other,
    }
}

/// A call that failed because the role of another account could not be assumed says so deep in its sources.
fn of_assume_role(error: &(dyn Error + 'static)) -> Option<(ApiErrorKind, String)> {
    let denied = sources(error).find_map(|source| {
        source.downcast_ref::<AssumeRoleError>().or_else(|| {
            source
                .downcast_ref::<SdkError<AssumeRoleError>>()
                .and_then(aws_sdk_config::error::SdkError::as_service_error)
        })
    })?;
    let (kind, detail) = of_service(denied.meta());
    Some((kind, format!("the role of the account could not be assumed: {detail}")))
}

fn chain(error: &(dyn Error + 'static)) -> String {
    sources(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn sources<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_says_what_mend_is_called_for() {
        assert_eq!(kind_of("UnauthorizedOperation"), ApiErrorKind::AccessDenied);
        assert_eq!(kind_of("RequestLimitExceeded"), ApiErrorKind::Throttled);
        assert_eq!(kind_of("InternalError"), ApiErrorKind::Other);
    }
}
