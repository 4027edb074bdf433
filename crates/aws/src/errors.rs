//! From the SDK's errors to the one error of the ports.

use std::error::Error;

use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};
use defsg_core::Place;
use defsg_core::ports::{ApiError, ApiErrorKind};
use defsg_core::ports::{Page, pages};

pub(crate) type SdkError<E> = aws_sdk_config::error::SdkError<E>;

/// Whose calls they are, and where they are made. Every error says both.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Where.
    pub(crate) place: Place,
    /// The ARN of the role that was assumed for it, if any.
    pub(crate) role: Option<Box<str>>,
}

/// What went wrong, in parts.
struct Failure {
    kind: ApiErrorKind,
    code: Option<String>,
    message: String,
}

impl Caller {
    /// Describes a failed call.
    pub(crate) fn error<E>(&self, operation: &'static str, error: &SdkError<E>) -> ApiError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        self.failed(operation, Failure::of(error))
    }

    /// Describes a failed call that carried a secret. An error of AWS may quote what it complains of: the
    /// secret is taken out of the whole code and the whole message, before they are cut.
    pub(crate) fn error_without<E>(
        &self,
        secret: &str,
        operation: &'static str,
        error: &SdkError<E>,
    ) -> ApiError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let Failure { kind, code, message } = Failure::of(error);
        let code = code.map(|code| code.replace(secret, "…"));
        self.failed(operation, Failure { kind, code, message: message.replace(secret, "…") })
    }

    /// An answer that arrived but lacks what it must have.
    pub(crate) fn unreadable(&self, operation: &'static str, problem: impl AsRef<str>) -> ApiError {
        self.signed(ApiError::unreadable(operation, &self.place, problem))
    }

    /// Reads every page of a listing by `read`, the first with no token.
    pub(crate) async fn every_page<T, Read, Reading>(
        &self,
        operation: &'static str,
        read: Read,
    ) -> Result<Vec<T>, ApiError>
    where
        Read: FnMut(Option<String>) -> Reading,
        Reading: Future<Output = Result<Page<T>, ApiError>>,
    {
        pages::every(operation, &self.place, read).await.map_err(|error| self.signed(error))
    }

    fn failed(&self, operation: &'static str, failure: Failure) -> ApiError {
        let mut error = ApiError::new(operation, &self.place, failure.kind, &failure.message);
        let cut = |code: String| code.chars().take(ApiError::MAX_MESSAGE_CHARS).collect::<String>();
        error.code = failure.code.map(|code| cut(code).into());
        self.signed(error)
    }

    fn signed(&self, mut error: ApiError) -> ApiError {
        error.role.clone_from(&self.role);
        error
    }
}

impl Failure {
    fn of<E>(error: &SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        match error {
            SdkError::ServiceError(context) => {
                Self::of_service(context.err().meta(), context.raw().status().as_u16())
            }
            SdkError::TimeoutError(_) => {
                Self::uncoded(ApiErrorKind::TimedOut, "no answer in time".to_owned())
            }
            SdkError::ResponseError(context) => {
                let status = context.raw().status().as_u16();
                let why = chain(error);
                Self::uncoded(
                    kind_of_status(status),
                    format!("an answer with HTTP status {status} that cannot be read: {why}"),
                )
            }
            SdkError::DispatchFailure(failure) if failure.is_timeout() => {
                Self::uncoded(ApiErrorKind::TimedOut, chain(error))
            }
            _ => Self::of_assume_role(error)
                .unwrap_or_else(|| Self::uncoded(ApiErrorKind::Other, chain(error))),
        }
    }

    fn uncoded(kind: ApiErrorKind, message: String) -> Self {
        Self { kind, code: None, message }
    }

    fn of_service(meta: &ErrorMetadata, status: u16) -> Self {
        let Some(code) = meta.code() else {
            let kind = kind_of_status(status);
            let message = match kind {
                ApiErrorKind::Unreadable => {
                    format!("an answer with HTTP status {status} that cannot be read")
                }
                _ => format!("HTTP status {status}, and no error code"),
            };
            return Self::uncoded(kind, message);
        };
        let message = meta.message().unwrap_or("no message").trim_end_matches('.').to_owned();
        Self { kind: kind_of_code(code), code: Some(code.to_owned()), message }
    }

    /// A call that failed because the role of another account could not be assumed says so deep in its
    /// sources.
    fn of_assume_role(error: &(dyn Error + 'static)) -> Option<Self> {
        let denied = sources(error).find_map(|source| {
            source.downcast_ref::<AssumeRoleError>().or_else(|| {
                source.downcast_ref::<SdkError<AssumeRoleError>>().and_then(SdkError::as_service_error)
            })
        })?;
        let failure = Self::of_service(denied.meta(), 0);
        let message = format!("the role of the account could not be assumed: {}", failure.message);
        Some(Self { message, ..failure })
    }
}

/// What an HTTP status says where nothing else does.
fn kind_of_status(status: u16) -> ApiErrorKind {
    match status {
        401 | 403 => ApiErrorKind::AccessDenied,
        429 => ApiErrorKind::Throttled,
        200..=299 => ApiErrorKind::Unreadable,
        _ => ApiErrorKind::Other,
    }
}

/// By error code. Sources: the common errors of the Config, EC2 and STS API references; the SDK's own
/// throttling codes.
fn kind_of_code(code: &str) -> ApiErrorKind {
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

fn chain(error: &(dyn Error + 'static)) -> String {
    sources(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn sources<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

#[cfg(test)]
mod tests {
    use defsg_core::ports::{PutEvaluations as _, ResultToken};
    use defsg_core::{Batch, Evaluation, Verdict};
    use time::OffsetDateTime;

    use super::*;
    use crate::recorded_answers::{Answer, Aws, place};

    #[test]
    fn a_code_says_what_mend_is_called_for() {
        assert_eq!(kind_of_code("UnauthorizedOperation"), ApiErrorKind::AccessDenied);
        assert_eq!(kind_of_code("RequestExpired"), ApiErrorKind::AccessDenied);
        assert_eq!(kind_of_code("RequestLimitExceeded"), ApiErrorKind::Throttled);
        assert_eq!(kind_of_code("InternalError"), ApiErrorKind::Other);
    }

    async fn put(answer: Answer) -> ApiError {
        let aws = Aws::new(move |_| answer.clone());
        let evaluations = [Evaluation::new("t", "r", &Verdict::Closed, OffsetDateTime::UNIX_EPOCH)];
        let batch = Batch::cut(&evaluations).next().unwrap();
        let token = ResultToken::new("s3cret".to_owned());
        aws.clients().await.put_evaluations(&token, batch).await.unwrap_err()
    }

    #[tokio::test]
    async fn an_error_has_its_parts_apart() {
        let body = r#"{"__type": "InvalidResultTokenException", "message": "No such token."}"#;
        let error = put((400, body.to_owned())).await;
        assert_eq!((error.operation, error.kind), ("PutEvaluations", ApiErrorKind::InvalidResultToken));
        assert!(error.has_code("InvalidResultTokenException"));
        assert_eq!((&*error.message, &*error.place, error.role), ("No such token", &place(), None));
    }

    #[tokio::test]
    async fn what_is_no_code_of_aws_s_is_not_given_as_one() {
        for (answer, kind) in [
            ((403, "{}".to_owned()), ApiErrorKind::AccessDenied),
            ((200, "{".to_owned()), ApiErrorKind::Unreadable),
        ] {
            let error = put(answer).await;
            assert_eq!((error.code, error.kind), (None, kind));
        }
    }

    #[tokio::test]
    async fn the_result_token_is_taken_out_of_code_and_message_before_they_are_cut() {
        let message = format!("{}s3cret", "x".repeat(ApiError::MAX_MESSAGE_CHARS - 3));
        let body = serde_json::json!({ "__type": "Bads3cretException", "message": message });
        let error = put((400, body.to_string())).await;
        assert_eq!(error.code.as_deref(), Some("Bad…Exception"));
        assert_eq!(error.message.chars().count(), ApiError::MAX_MESSAGE_CHARS - 2);
        assert!(!error.to_string().contains("s3c"), "{error}");
    }
}
