//! How a failure becomes a Lambda function error: a stable `errorType` for programs, and a message for people.

use std::fmt::Display;

use defsg_core::ports::ApiErrorKind;
use lambda_runtime::Diagnostic;

/// The most characters of a message. defsg's own messages stay below it; what AWS quotes in one may not. It leaves room for
/// the event beside it: a line of CloudWatch Logs and a message of SQS take 256 KiB each.
pub const MAX_MESSAGE_CHARS: usize = 2000;

/// How much is kept of the end of a message that is cut. What to do, and where the newest backup is, stands there.
const KEPT_OF_THE_END: usize = 500;

/// The `errorType` of a failed call to AWS. docs/errors.md and docs/remediation.md explain each.
#[must_use]
pub fn error_type(kind: ApiErrorKind) -> &'static str {
    match kind {
        ApiErrorKind::AccessDenied => "AccessDenied",
        ApiErrorKind::Throttled => "Throttled",
        ApiErrorKind::TimedOut => "Timeout",
        ApiErrorKind::InvalidResultToken => "InvalidResultToken",
        ApiErrorKind::Unreadable | ApiErrorKind::Other => "AwsApi",
    }
}

/// The message of a failure. One of more than [`MAX_MESSAGE_CHARS`] characters loses its middle: `…` stands for that.
#[must_use]
pub fn message(failure: &impl Display) -> String {
    let message = failure.to_string();
    let length = message.chars().count();
    if length <= MAX_MESSAGE_CHARS {
        return message;
    }
    let begin = message.chars().take(MAX_MESSAGE_CHARS - KEPT_OF_THE_END - 1);
    let end = message.chars().skip(length - KEPT_OF_THE_END);
    begin.chain(['…']).chain(end).collect()
}

/// What the runtime answers with.
#[must_use]
pub fn diagnostic(error_type: &'static str, failure: &impl Display) -> Diagnostic {
    Diagnostic { error_type: error_type.to_owned(), error_message: message(failure) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_2000_characters_stays_and_a_longer_one_keeps_its_beginning_and_its_end() {
        let fits = "界".repeat(MAX_MESSAGE_CHARS);
        assert_eq!(message(&fits), fits);
        let long = message(&format!("begins {} ends", "界".repeat(MAX_MESSAGE_CHARS)));
        assert_eq!(long.chars().count(), MAX_MESSAGE_CHARS);
        assert!(
            long.starts_with("begins 界") && long.ends_with("界 ends") && long.contains("界…界"),
            "{long}"
        );
    }

    #[test]
    fn a_function_error_has_a_type_and_a_message() {
        let error = diagnostic("Timeout", &"too late");
        assert_eq!((error.error_type.as_str(), error.error_message.as_str()), ("Timeout", "too late"));
    }
}
