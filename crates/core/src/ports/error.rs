//! The one error of every call to AWS.

use std::fmt;

use crate::place::Place;

/// A call to AWS that failed, after the SDK's own retries.
///
/// `Display` puts the parts together for a person. A program looks at the parts, never at that text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ApiError {
    /// The API operation, such as `PutEvaluations`.
    pub operation: &'static str,
    /// Where it was called.
    pub place: Box<Place>,
    /// The ARN of the role that it was called as, where one was assumed for it.
    pub role: Option<Box<str>>,
    /// The kind of failure.
    pub kind: ApiErrorKind,
    /// AWS's error code, such as `RequestLimitExceeded`; none where no answer of AWS's was read.
    pub code: Option<Box<str>>,
    /// AWS's own words, or what went wrong on the way. At most 600 characters.
    pub message: Box<str>,
}

/// The kinds of failure that call for different mends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ApiErrorKind {
    /// AWS said no, or did not know the credentials.
    AccessDenied,
    /// Too many calls.
    Throttled,
    /// No answer in time.
    TimedOut,
    /// Config does not take the result token.
    InvalidResultToken,
    /// The answer lacks what it must have, or cannot be parsed.
    Unreadable,
    /// Anything else: AWS's internal errors, a broken connection, a missing rule.
    Other,
}

impl ApiError {
    /// The most characters of [`ApiError::message`]: enough for AWS's longest messages, not for a payload.
    pub const MAX_MESSAGE_CHARS: usize = 600;

    /// A failure with no code of AWS's.
    #[must_use]
    pub fn new(operation: &'static str, place: &Place, kind: ApiErrorKind, message: &str) -> Self {
        let message = message.chars().take(Self::MAX_MESSAGE_CHARS).collect::<String>().into();
        Self { operation, place: Box::new(place.clone()), role: None, kind, code: None, message }
    }

    /// An answer that arrived and lacks what it must have.
    #[must_use]
    pub fn unreadable(operation: &'static str, place: &Place, problem: impl AsRef<str>) -> Self {
        Self::new(operation, place, ApiErrorKind::Unreadable, problem.as_ref())
    }

    /// Whether AWS's code is this one.
    #[must_use]
    pub fn has_code(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    /// What AWS said: `CODE: message`, or the message alone.
    #[must_use]
    pub fn detail(&self) -> String {
        match &self.code {
            Some(code) => format!("{code}: {}", self.message),
            None => self.message.to_string(),
        }
    }
}

/// `PutEvaluations failed in account 012345678912, Region eu-west-1: ThrottlingException: Rate exceeded`
impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed in {}: ", self.operation, self.place)?;
        if let Some(role) = &self.role {
            write!(f, "as {role}: ")?;
        }
        f.write_str(&self.detail())
    }
}
