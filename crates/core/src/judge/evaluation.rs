//! What Config is sent: evaluations, in batches that it takes.

use std::fmt;

use time::OffsetDateTime;

use super::annotation::Annotation;
use super::verdict::{NotApplicable, Verdict};
use crate::group::RESOURCE_TYPE;
use crate::ids::SecurityGroupId;

/// Config's three answers. `INSUFFICIENT_DATA` is not for `PutEvaluations`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ComplianceType {
    /// The group is closed.
    Compliant,
    /// The group has a rule.
    NonCompliant,
    /// The rule does not apply to the resource.
    NotApplicable,
}

impl ComplianceType {
    /// The name in Config's API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Compliant => "COMPLIANT",
            Self::NonCompliant => "NON_COMPLIANT",
            Self::NotApplicable => "NOT_APPLICABLE",
        }
    }
}

impl From<&Verdict> for ComplianceType {
    fn from(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Closed => Self::Compliant,
            Verdict::Open(_) => Self::NonCompliant,
            Verdict::NotApplicable(_) => Self::NotApplicable,
        }
    }
}

impl fmt::Display for ComplianceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One result for one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// The resource's type, such as `AWS::EC2::SecurityGroup`.
    pub resource_type: String,
    /// The resource's ID, 1 to 768 characters.
    pub resource_id: String,
    /// The result.
    pub compliance: ComplianceType,
    /// Why.
    pub annotation: Annotation,
    /// The time of the state that was judged: the item's capture time, or the schedule's notification.
    pub ordering: OffsetDateTime,
}

impl Evaluation {
    /// The evaluation that tells Config this verdict.
    #[must_use]
    pub fn new(resource_type: &str, resource_id: &str, verdict: &Verdict, ordering: OffsetDateTime) -> Self {
        Self {
            resource_type: resource_type.to_owned(),
            resource_id: resource_id.to_owned(),
            compliance: verdict.into(),
            annotation: verdict.annotation(),
            ordering,
        }
    }

    /// The evaluation that takes back the results of a group that is gone.
    #[must_use]
    pub fn gone(id: &SecurityGroupId, ordering: OffsetDateTime) -> Self {
        Self::new(RESOURCE_TYPE, id.as_str(), &Verdict::NotApplicable(NotApplicable::Deleted), ordering)
    }
}

/// At most 100 evaluations, the most that one `PutEvaluations` takes.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a>(&'a [Evaluation]);

impl<'a> Batch<'a> {
    /// The most evaluations in a batch. Source: AWS Config API Reference, `PutEvaluations`.
    pub const MAX: usize = 100;

    /// Cuts any number of evaluations into batches, in order.
    pub fn cut(evaluations: &'a [Evaluation]) -> impl Iterator<Item = Self> {
        evaluations.chunks(Self::MAX).map(Self)
    }

    /// The evaluations of the batch.
    #[must_use]
    pub fn evaluations(&self) -> &'a [Evaluation] {
        self.0
    }
}
