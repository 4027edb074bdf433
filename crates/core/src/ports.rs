//! What defsg needs of AWS, one capability a trait, and the one error they all answer with.
//!
//! `defsg-aws` implements them over the SDK; [`memory`] implements them in memory, for tests and runs with no AWS.

use std::fmt;

use time::OffsetDateTime;

use crate::evaluation::{Batch, Evaluation};
use crate::ids::{AccountId, SecurityGroupId};
use crate::item::Item;
use crate::security_group::SecurityGroup;

pub mod memory;
pub mod memory_remediation;
pub mod remediation;

/// The secret that says which invocation results belong to. Its debug form never shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct ResultToken(String);

impl ResultToken {
    /// The token that asks for a dry run: Config checks the call and keeps nothing (a convention of AWS's rule kit).
    pub const TEST_MODE: &'static str = "TESTMODE";

    /// Takes the token from an event.
    #[must_use]
    pub fn new(token: String) -> Self {
        Self(token)
    }

    /// The token itself, for the call that needs it and nothing else.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether the results are a dry run's.
    #[must_use]
    pub fn is_test_mode(&self) -> bool {
        self.0 == Self::TEST_MODE
    }
}

impl fmt::Debug for ResultToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResultToken(…)")
    }
}

/// A call to AWS that failed, after the SDK's own retries.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation} failed in account {account}: {detail}")]
pub struct ApiError {
    /// The API operation, such as `PutEvaluations`.
    pub operation: &'static str,
    /// The account that was asked.
    pub account: AccountId,
    /// The kind of failure.
    pub kind: ApiErrorKind,
    /// AWS's error code and message, or what went wrong on the way.
    pub detail: String,
}

/// The kinds of failure that call for different mends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// One page of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// What the page holds.
    pub items: Vec<T>,
    /// The token of the next page; none on the last.
    pub next: Option<String>,
}

/// A security group that AWS described in a way that cannot be judged. Never taken for closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableGroup {
    /// The group's ID, or what AWS gave in its place.
    pub id: String,
    /// What is wrong.
    pub problem: String,
}

/// A result that Config holds for a security group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedResult {
    /// The group.
    pub group: SecurityGroupId,
    /// The time of the state that was judged.
    pub ordering: OffsetDateTime,
}

/// Lists the security groups named `default` that an account owns, as EC2 has them now.
pub trait DefaultGroups {
    /// One page, the first with no token.
    fn default_groups(
        &self,
        page: Option<&str>,
    ) -> impl Future<Output = Result<Page<Result<SecurityGroup, UnreadableGroup>>, ApiError>> + Send;
}

/// Reads the past of a resource that Config recorded.
pub trait ItemHistory {
    /// The newest item at or before `at`; none where Config has none.
    fn item_at(
        &self,
        resource_type: &str,
        resource_id: &str,
        at: OffsetDateTime,
    ) -> impl Future<Output = Result<Option<Item>, ApiError>> + Send;
}

/// Takes evaluations.
pub trait PutEvaluations {
    /// Puts one batch and answers with those that Config refused.
    fn put_evaluations(
        &self,
        token: &ResultToken,
        batch: Batch<'_>,
    ) -> impl Future<Output = Result<Vec<Evaluation>, ApiError>> + Send;
}

/// Lists the results that Config holds of a rule.
pub trait RecordedResults {
    /// One page of the COMPLIANT and NON_COMPLIANT results for security groups, the first with no token.
    fn recorded_results(
        &self,
        rule_name: &str,
        page: Option<&str>,
    ) -> impl Future<Output = Result<Page<RecordedResult>, ApiError>> + Send;
}
