//! The score of an invocation: its answer, and its CloudWatch metrics, one line an invocation.
//!
//! Config's own status API reports nothing for a rule backed by Lambda, so these lines are how an operator sees it work.

use defsg_core::{ComplianceType, Evaluation};
use defsg_lambda::metrics::MetricLine;
use serde::Serialize;
use time::OffsetDateTime;

/// How many evaluations Config took, by compliance type. The function's answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Closed groups.
    #[serde(rename = "COMPLIANT")]
    pub compliant: usize,
    /// Open groups.
    #[serde(rename = "NON_COMPLIANT")]
    pub non_compliant: usize,
    /// Resources that the rule does not apply to, and groups that are gone.
    #[serde(rename = "NOT_APPLICABLE")]
    pub not_applicable: usize,
}

impl Summary {
    /// The sum.
    #[must_use]
    pub fn total(&self) -> usize {
        self.compliant + self.non_compliant + self.not_applicable
    }

    pub(crate) fn count(&mut self, evaluation: &Evaluation) {
        *match evaluation.compliance {
            ComplianceType::Compliant => &mut self.compliant,
            ComplianceType::NonCompliant => &mut self.non_compliant,
            ComplianceType::NotApplicable => &mut self.not_applicable,
        } += 1;
    }
}

/// What one invocation did, kept up to date while it runs.
#[derive(Debug)]
pub struct Metrics {
    request_id: String,
    /// The rule, the metrics' only dimension; `unknown` where the event does not say.
    pub rule_name: String,
    /// The evaluations that Config took.
    pub summary: Summary,
    /// How many evaluations were put again because Config had refused them.
    pub retried: usize,
    /// Whether the invocation ended as an error.
    pub failed: bool,
}

impl Metrics {
    /// The metrics of an invocation that has done nothing yet.
    #[must_use]
    pub fn new(request_id: &str) -> Self {
        Self {
            request_id: request_id.to_owned(),
            rule_name: "unknown".to_owned(),
            summary: Summary::default(),
            retried: 0,
            failed: false,
        }
    }

    /// The line of metrics, with no line break.
    #[must_use]
    pub fn line(&self, namespace: &str, now: OffsetDateTime) -> String {
        let line = MetricLine {
            namespace,
            dimension: ("RuleName", &self.rule_name),
            properties: &[("requestId", &self.request_id)],
            counts: &[
                ("Evaluated", self.summary.total()),
                ("Open", self.summary.non_compliant),
                ("Retried", self.retried),
                ("Failed", self.failed.into()),
            ],
        };
        line.to_json(now)
    }
}
