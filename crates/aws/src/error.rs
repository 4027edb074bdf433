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
    let (kind, detail) = describe(error);
    ApiError { operation, account: account.clone(), kind, detail: cut(&detail) }
}

/// Describes a failed call that carried a secret. An error message of AWS may quote what it complains of: the secret is
/// taken out of the whole text, before that is cut.
pub(crate) fn api_error_without<E>(
    secret: &str,
    operation: &'static str,
    account: &AccountId,
    error: &SdkError<E>,
) -> ApiError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let (kind, detail) = describe(error);
    ApiError { operation, account: account.clone(), kind, detail: cut(&detail.replace(secret, "…")) }
}

fn cut(detail: &str) -> String {
    detail.chars().take(MAX_DETAIL_CHARS).collect()
}

fn describe<E>(error: &SdkError<E>) -> (ApiErrorKind, String)
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match error {
        SdkError::ServiceError(context) => of_service(context.err().meta(), context.raw().status().as_u16()),
        SdkError::TimeoutError(_) => (ApiErrorKind::TimedOut, "no answer in time".to_owned()),
        SdkError::ResponseError(context) => {
            let status = context.raw().status().as_u16();
            (
                of_status(status),
                format!("an answer with HTTP status {status} that cannot be read: {}", chain(error)),
            )
        }
        SdkError::DispatchFailure(failure) if failure.is_timeout() => (ApiErrorKind::TimedOut, chain(error)),
        _ => of_assume_role(error).unwrap_or_else(|| (ApiErrorKind::Other, chain(error))),
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

fn of_service(meta: &ErrorMetadata, status: u16) -> (ApiErrorKind, String) {
    let Some(code) = meta.code() else {
        return (of_status(status), format!("HTTP status {status}, and no error code"));
    };
    let message = meta.message().unwrap_or("no message").trim_end_matches('.');
    (kind_of(code), format!("{code}: {message}"))
}

/// What an HTTP status says where nothing else does.
fn of_status(status: u16) -> ApiErrorKind {
    match status {
        401 | 403 => ApiErrorKind::AccessDenied,
        429 => ApiErrorKind::Throttled,
        200..=299 => ApiErrorKind::Unreadable,
        _ => ApiErrorKind::Other,
    }
}

/// By error code. Sources: the common errors of the Config, EC2 and STS API references; the SDK's own throttling codes.
fn kind_of(code: &str) -> ApiErrorKind {
    match code {
        "AccessDenied"
        | "AccessDeniedException"
        | "AuthFailure"
        | "Blocked"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "IncompleteSignature"
        | "InsufficientPermissionsException"
        | "InvalidClientTokenId"
        | "MissingAuthenticationToken"
        | "OptInRequired"
        | "PendingVerification"
        | "RequestExpired"
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
    let (kind, detail) = of_service(denied.meta(), 0);
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
        assert_eq!(kind_of("RequestExpired"), ApiErrorKind::AccessDenied);
        assert_eq!(kind_of("RequestLimitExceeded"), ApiErrorKind::Throttled);
        assert_eq!(kind_of("InternalError"), ApiErrorKind::Other);
    }
}
