//! Version 1 of the answer.

use serde::{Deserialize, Deserializer, Serialize};

use crate::close::answer::{self, Closed, Outcome, Planned, Restored};
use crate::close::plan::{ClosePlan, Decision, Refusal};
use crate::documents::shared::v1::{Dependent, Rule, Unknown, dependents, rules, unknown};
use crate::group::Fingerprint;
use crate::ids::{SecurityGroupId, VpcId};

/// The answer as JSON. Every field is always there: lists may be empty; `refusal`, `vpcId` and `backup` may be null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// What became of it.
    pub status: Status,
    /// Which refusal it is: one of [`Refusal::NAMES`].
    #[serde(deserialize_with = "refusal")]
    pub refusal: Option<RefusalName>,
    /// Why, in a sentence for people. Its wording may change.
    pub reason: String,
    /// The group.
    pub group_id: SecurityGroupId,
    /// The group's VPC.
    pub vpc_id: Option<VpcId>,
    /// The fingerprint of the group's rules: after a restore of those that stand then, else of `rules`.
    pub fingerprint: Fingerprint,
    /// The rules that stood when it began; where it was refused later on, those that stood then.
    pub rules: Vec<Rule>,
    /// What uses the group. Empty where nobody was asked, because it did not matter.
    pub dependents: Vec<Dependent>,
    /// Sources that could not tell.
    pub unknown: Vec<Unknown>,
    /// The rules that were taken away.
    pub removed_rules: Vec<Rule>,
    /// The rules that were put back, as they are in the backup (EC2 gave them new IDs).
    pub restored_rules: Vec<Rule>,
    /// The rules of the backup that could not be put back.
    pub not_restored: Vec<NotRestored>,
    /// The backup: of this close, with every rule that it took away; of a close that was interrupted and that this plan
    /// or refusal finds half done; or the one that was restored.
    pub backup: Option<String>,
}

/// One of [`Refusal::NAMES`].
pub type RefusalName = &'static str;

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotRestored {
    /// The rule, as it is in the backup.
    pub rule: Rule,
    /// Why.
    pub why: String,
}

impl From<&answer::Answer> for Answer {
    fn from(answer: &answer::Answer) -> Self {
        let reason = answer.reason();
        match answer {
            answer::Answer::Plan(Planned { plan, interrupted }) => Self::planned(plan, interrupted, reason),
            answer::Answer::Close(Closed { plan, outcome }) => match outcome {
                Outcome::Untouched { interrupted } => Self::planned(plan, interrupted, reason),
                Outcome::Closed(removed) => Self {
                    status: Status::Closed,
                    removed_rules: rules(&removed.rules),
                    ..Self::planned(plan, &Some(removed.backup.clone()), reason)
                },
                Outcome::Stopped(removed) => Self {
                    removed_rules: rules(&removed.rules),
                    ..Self::planned(plan, &Some(removed.backup.clone()), reason)
                },
            },
            answer::Answer::Restore(restored) => Self::restored(restored, reason),
        }
    }
}

impl Answer {
    fn planned(plan: &ClosePlan, backup: &Option<String>, reason: String) -> Self {
        let (status, refusal) = match &plan.decision {
            Decision::Close => (Status::Planned, None),
            Decision::AlreadyClosed => (Status::AlreadyClosed, None),
            Decision::Refuse(refusal) => (Status::Refused, Some(refusal.name())),
        };
        Self {
            status,
            refusal,
            reason,
            group_id: plan.group.identity.id.clone(),
            vpc_id: plan.group.identity.vpc.clone(),
            fingerprint: plan.fingerprint.clone(),
            rules: rules(&plan.group.rules),
            dependents: dependents(plan),
            unknown: unknown(plan),
            removed_rules: Vec::new(),
            restored_rules: Vec::new(),
            not_restored: Vec::new(),
            backup: backup.clone(),
        }
    }

    fn restored(restored: &Restored, reason: String) -> Self {
        let status = if restored.not_restored.is_empty() { Status::Restored } else { Status::PartlyRestored };
        let not_restored = restored.not_restored.iter();
        Self {
            status,
            refusal: None,
            reason,
            group_id: restored.before.identity.id.clone(),
            vpc_id: restored.before.identity.vpc.clone(),
            fingerprint: restored.fingerprint(),
            rules: rules(&restored.before.rules),
            dependents: Vec::new(),
            unknown: Vec::new(),
            removed_rules: Vec::new(),
            restored_rules: rules(&restored.restored),
            not_restored: not_restored
                .map(|missing| NotRestored { rule: Rule::from(&missing.rule), why: missing.why.clone() })
                .collect(),
            backup: Some(restored.uri.clone()),
        }
    }
}

fn refusal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<RefusalName>, D::Error> {
    let Some(name) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    let known = Refusal::NAMES.into_iter().find(|known| *known == name);
    known.map(Some).ok_or_else(|| serde::de::Error::custom(format!("{name:?} is no refusal")))
}
