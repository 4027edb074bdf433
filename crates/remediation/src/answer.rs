//! What a plan, a close or a restore answers. docs/remediation.md shows examples.

use std::fmt::Write as _;

use defsg_core::dependent::{Dependent, Unknown};
use defsg_core::fingerprint::Fingerprint;
use defsg_core::plan::{ClosePlan, Decision, Refusal};
use defsg_core::rule_set::SecurityGroupRule;
use defsg_core::security_group::Direction;
use defsg_core::{SecurityGroupId, VpcId};
use serde::Serialize;

use crate::some_of;

/// The answer. As JSON it always has every field: lists may be empty, `refusal`, `vpcId` and `backup` may be null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// What became of it.
    pub status: Status,
    /// Which refusal it is: a name of [`Refusal::name`].
    pub refusal: Option<&'static str>,
    /// Why, in a sentence for people. Its wording may change.
    pub reason: String,
    /// The group.
    pub group_id: SecurityGroupId,
    /// The group's VPC.
    pub vpc_id: Option<VpcId>,
    /// The fingerprint of the group's rules: after a restore of those that stand then, else of `rules`.
    pub fingerprint: Fingerprint,
    /// The rules that stood when it began; where it was refused later on, those that stood then.
    pub rules: Vec<SecurityGroupRule>,
    /// What uses the group. Empty where nobody was asked, because it did not matter.
    pub dependents: Vec<Dependent>,
    /// Sources that could not tell.
    pub unknown: Vec<Unknown>,
    /// The rules that were taken away.
    pub removed_rules: Vec<SecurityGroupRule>,
    /// The rules that were put back, as they are in the backup (EC2 gave them new IDs).
    pub restored_rules: Vec<SecurityGroupRule>,
    /// The rules of the backup that could not be put back.
    pub not_restored: Vec<NotRestored>,
    /// The backup: of this close, with every rule that it took away; of a close that was interrupted and that this plan
    /// or refusal finds half done; or the one that was restored.
    pub backup: Option<String>,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// A plan: a close would take the rules away.
    Planned,
    /// No rule stands any more.
    Closed,
    /// No rule stood.
    AlreadyClosed,
    /// The group is not closed, for the reason given. Nothing was changed, unless `removedRules` says what was.
    Refused,
    /// Every rule of the backup stands.
    Restored,
    /// Some rules of the backup do not stand as they are in it.
    PartlyRestored,
}

/// A rule that could not be put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotRestored {
    /// The rule, as it is in the backup.
    pub rule: SecurityGroupRule,
    /// Why.
    pub why: String,
}

impl Answer {
    /// What a plan says, before anything was changed. `unfinished` is the backup of a close that was interrupted.
    pub(crate) fn of_plan(plan: ClosePlan, unfinished: Option<String>) -> Self {
        let (status, refusal) = match &plan.decision {
            Decision::Close => (Status::Planned, None),
            Decision::AlreadyClosed => (Status::AlreadyClosed, None),
            Decision::Refuse(refusal) => (Status::Refused, Some(refusal.name())),
        };
        let mut reason = reason(&plan);
        if let Some(backup) = &unfinished {
            let _ = write!(reason, " A close of it was interrupted; the rules as they were are in {backup}.");
        }
        Self {
            status,
            refusal,
            reason,
            group_id: plan.group.id,
            vpc_id: plan.group.vpc,
            fingerprint: plan.fingerprint,
            rules: plan.group.rules,
            dependents: plan.dependents,
            unknown: plan.unknown,
            removed_rules: Vec::new(),
            restored_rules: Vec::new(),
            not_restored: Vec::new(),
            backup: unfinished,
        }
    }
}

/// Why a plan decides what it decides.
pub(crate) fn reason(plan: &ClosePlan) -> String {
    let id = &plan.group.id;
    let mut reason = match &plan.decision {
        Decision::AlreadyClosed => format!("{id} has no rules."),
        Decision::Refuse(Refusal::InUse) => {
            let count = plan.dependents.len();
            format!(
                "{id} is not closed: it is in use by {count}: {}.{}",
                some_of(&plan.dependents),
                unknown(plan)
            )
        }
        Decision::Refuse(refusal) => {
            format!("{id} is not closed: {refusal}.{}{}", in_use(plan), unknown(plan))
        }
        Decision::Close => {
            let count =
                |direction| plan.group.rules.iter().filter(|rule| rule.direction == direction).count();
            let (inbound, outbound) = (count(Direction::Inbound), count(Direction::Outbound));
            format!(
                "{id} has {inbound} inbound and {outbound} outbound rules.{}{}",
                in_use(plan),
                unknown(plan)
            )
        }
    };
    if let Some(lapsed) = &plan.lapsed {
        let _ = write!(reason, " {lapsed}");
    }
    reason
}

fn in_use(plan: &ClosePlan) -> String {
    let mut text = String::new();
    if !plan.dependents.is_empty() {
        let _ = write!(text, " It is in use by {}: {}.", plan.dependents.len(), some_of(&plan.dependents));
    }
    text
}

/// Each reason once, with the sources that have it.
fn unknown(plan: &ClosePlan) -> String {
    let mut by_reason: Vec<(&str, Vec<&str>)> = Vec::new();
    for Unknown { source, why, .. } in &plan.unknown {
        match by_reason.iter_mut().find(|(other, _)| other == why) {
            Some((_, sources)) => sources.push(source),
            None => by_reason.push((why, vec![source])),
        }
    }
    let texts: Vec<_> =
        by_reason.iter().map(|(why, sources)| format!("{} ({why})", some_of(sources))).collect();
    if texts.is_empty() { String::new() } else { format!(" Could not tell: {}.", some_of(&texts)) }
}
