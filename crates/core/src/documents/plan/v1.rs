//! Version 1 of the plan.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

use super::InvalidPlan;
use crate::close::plan::{ClosePlan, Decision, Request};
use crate::documents::shared::v1::{Dependent, Rule, Unknown, dependents, rules, unknown};
use crate::documents::{is_written_in, quoted};
use crate::group::{Fingerprint, SecurityGroupRule};
use crate::ids::{AccountId, Partition, Region, SecurityGroupId, VpcId};
use crate::place::Place;

/// The version that stands in the document.
pub const VERSION: u64 = 1;

/// What a close would do, as it was when somebody asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Always [`VERSION`].
    pub version: u64,
    /// The partition that the account belongs to.
    pub partition: Partition,
    /// The account whose group it is.
    pub account: AccountId,
    /// The Region that the group is in.
    pub region: Region,
    /// The group.
    pub group_id: SecurityGroupId,
    /// The group's VPC.
    pub vpc_id: Option<VpcId>,
    /// When the plan was made, UTC.
    #[serde(with = "time::serde::rfc3339")]
    pub made: OffsetDateTime,
    /// What a close would do.
    pub decision: PlannedStep,
    /// Which refusal it is, where it is one.
    pub refusal: Option<String>,
    /// Why, in a sentence for people. Its wording may change.
    pub reason: String,
    /// The fingerprint of `rules`.
    pub fingerprint: Fingerprint,
    /// The rules that stood.
    pub rules: Vec<Rule>,
    /// What uses the group, and what refers to it.
    pub dependents: Vec<Dependent>,
    /// Sources that could not tell.
    pub unknown: Vec<Unknown>,
}

/// What a close would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlannedStep {
    /// Take all rules away.
    Close,
    /// Nothing: there are no rules.
    AlreadyClosed,
    /// Nothing, for the reason given.
    Refuse,
}

impl Plan {
    /// The document of a plan that was made in `place` at `made`.
    #[must_use]
    pub fn new(plan: &ClosePlan, place: &Place, made: OffsetDateTime) -> Self {
        let (decision, refusal) = match &plan.decision {
            Decision::Close => (PlannedStep::Close, None),
            Decision::AlreadyClosed => (PlannedStep::AlreadyClosed, None),
            Decision::Refuse(refusal) => (PlannedStep::Refuse, Some(refusal.name().to_owned())),
        };
        Self {
            version: VERSION,
            partition: place.partition.clone(),
            account: place.account.clone(),
            region: place.region.clone(),
            group_id: plan.group.identity.id.clone(),
            vpc_id: plan.group.identity.vpc.clone(),
            made: made.to_offset(time::UtcOffset::UTC),
            decision,
            refusal,
            reason: plan.reason(),
            fingerprint: plan.fingerprint.clone(),
            rules: rules(&plan.group.rules),
            dependents: dependents(plan),
            unknown: unknown(plan),
        }
    }

    /// The document's bytes, indented for people.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Nothing in it can fail to serialise; if it did, nobody could read the plan back.
        let document = serde_json::to_value(self).unwrap_or_default();
        format!("{document:#}\n").into_bytes()
    }

    /// Where the group is.
    #[must_use]
    pub fn place(&self) -> Place {
        Place {
            partition: self.partition.clone(),
            account: self.account.clone(),
            region: self.region.clone(),
        }
    }

    /// The request that carries the plan out: it is refused where the rules are not those of the plan any more.
    #[must_use]
    pub fn request(&self) -> Request {
        Request { force: false, planned: Some(self.fingerprint.clone()) }
    }
}

/// Reads a document of this version.
pub(super) fn read(document: Value) -> Result<Plan, InvalidPlan> {
    let unreadable = |problem: String| InvalidPlan::Unreadable(quoted(problem));
    let plan: Plan =
        serde_path_to_error::deserialize(&document).map_err(|error| unreadable(error.to_string()))?;
    let written = serde_json::to_value(&plan).unwrap_or_default();
    let as_written = is_written_in(&written, &document) && written["rules"] == document["rules"];
    if !as_written || !plan.made.offset().is_utc() {
        return Err(unreadable("it is not written as defsg writes it".to_owned()));
    }
    let mut rules = Vec::with_capacity(plan.rules.len());
    for (index, rule) in plan.rules.iter().cloned().enumerate() {
        let rule = SecurityGroupRule::try_from(rule);
        rules.push(rule.map_err(|problem| unreadable(format!("rules[{index}]: {problem}")))?);
    }
    if Fingerprint::of(&rules) == plan.fingerprint { Ok(plan) } else { Err(InvalidPlan::OtherRules) }
}
