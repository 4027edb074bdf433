//! What judging needs of AWS, one capability a trait.

use std::fmt;

use time::OffsetDateTime;

use super::{ApiError, Page};
use crate::group::SecurityGroup;
use crate::ids::SecurityGroupId;
use crate::judge::evaluation::{Batch, Evaluation};
use crate::judge::item::Item;

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
