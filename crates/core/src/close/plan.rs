//! The plan of a close: what stands, who depends on it, and the decision. Made before anything changes.

use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZeroU16;

use time::{Date, Duration};

use super::dependent::Dependent;
use super::past::Past;
use super::reference::Reference;
use super::source::{RequiredSources, Source};
use super::survey::{Survey, Unsure};
use crate::group::{DEFAULT_GROUP_NAME, Fingerprint, GroupState, NotDefaultGroup};
use crate::judge::exemption::{Exempt, Exemptions, Lapsed, Standing};
use crate::place::Place;

/// What an operator decided once for all closes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where the groups are that are closed.
    pub place: Place,
    /// Which groups are left alone.
    pub exemptions: Exemptions,
    /// Which sources of dependents must be readable. The others are asked, too, and what they say counts.
    pub required: RequiredSources,
    /// How often a group may be closed.
    pub reopening: ReopeningLimit,
}

/// How often a group may be closed before it counts as reopened by somebody who will do it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReopeningLimit {
    /// This many closes …
    pub closes: NonZeroU16,
    /// … within this many hours are enough.
    pub hours: NonZeroU16,
}

impl Default for ReopeningLimit {
    fn default() -> Self {
        const THREE: NonZeroU16 = NonZeroU16::new(3).unwrap();
        const DAY: NonZeroU16 = NonZeroU16::new(24).unwrap();
        Self { closes: THREE, hours: DAY }
    }
}

impl ReopeningLimit {
    /// The span in which closes count.
    #[must_use]
    pub fn window(&self) -> Duration {
        Duration::hours(self.hours.get().into())
    }
}

/// What is asked for this time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// Close even if the group is in use, or nobody knows. Overrides nothing else.
    pub force: bool,
    /// The rules' fingerprint in the plan that this close carries out; none where no plan was made before.
    pub planned: Option<Fingerprint>,
}

/// What will be done to a group, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosePlan {
    /// The group, with its rules by rule ID.
    pub group: GroupState,
    /// The fingerprint of those rules.
    pub fingerprint: Fingerprint,
    /// What uses the group, sorted. Empty where the decision did not need it.
    pub dependents: Vec<Learnt<Dependent>>,
    /// Rules of other groups that refer to the group, sorted. Empty where the decision did not need it.
    pub references: Vec<Learnt<Reference>>,
    /// The sources that could not tell.
    pub unknown: Vec<Unknown>,
    /// An exemption that was meant for the group but does not hold.
    pub lapsed: Option<Lapsed>,
    /// The decision.
    pub decision: Decision,
}

/// Something that was learnt, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Learnt<T> {
    /// What was learnt.
    pub what: T,
    /// Who told it.
    pub source: Source,
}

impl<T: fmt::Display> fmt::Display for Learnt<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.what.fmt(f)
    }
}

/// A source that could not tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// The source.
    pub source: Source,
    /// Why.
    pub why: Unsure,
    /// Whether the source had to be readable.
    pub required: bool,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Take all rules away.
    Close,
    /// Nothing: there are no rules.
    AlreadyClosed,
    /// Nothing, for this reason.
    Refuse(Refusal),
}

/// Why a group is not closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The group is not the default one of a VPC of this account.
    NotDefaultGroup(NotDefaultGroup),
    /// An exemption holds.
    Exempt(Exempt),
    /// Something uses the group, or refers to it.
    InUse,
    /// A required source could not tell whether something does.
    Unknown,
    /// It was closed so often that somebody, or some template, must be opening it again and again.
    ReopenedTooOften {
        /// How often it was closed within the hours of the limit.
        closes: usize,
        /// Those hours.
        hours: u16,
    },
    /// The rules are not those of the plan.
    ChangedSincePlan {
        /// The plan's fingerprint.
        planned: Fingerprint,
    },
}

impl Refusal {
    /// Every name that [`Refusal::name`] gives.
    pub const NAMES: [&'static str; 8] = [
        "not_default",
        "other_owner",
        "no_vpc",
        "exempt",
        "in_use",
        "unknown",
        "reopened_too_often",
        "changed_since_plan",
    ];

    /// The refusal's name in documents.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::NotDefaultGroup(NotDefaultGroup::OtherName { .. }) => "not_default",
            Self::NotDefaultGroup(NotDefaultGroup::OtherOwner { .. }) => "other_owner",
            Self::NotDefaultGroup(NotDefaultGroup::NoVpc) => "no_vpc",
            Self::Exempt(_) => "exempt",
            Self::InUse => "in_use",
            Self::Unknown => "unknown",
            Self::ReopenedTooOften { .. } => "reopened_too_often",
            Self::ChangedSincePlan { .. } => "changed_since_plan",
        }
    }
}

impl ClosePlan {
    /// Decides what can be decided from the group alone, in which case nobody needs to be asked who uses it.
    /// `today` is in UTC.
    #[must_use]
    pub fn screen(group: &GroupState, settings: &Settings, today: Date) -> Option<Decision> {
        let refuse = |refusal| Some(Decision::Refuse(refusal));
        if let Err(reason) = group.identity.default_group_of(&settings.place.account) {
            return refuse(Refusal::NotDefaultGroup(reason));
        }
        if group.rules.is_empty() {
            return Some(Decision::AlreadyClosed);
        }
        match settings.exemptions.standing(&group.identity, today) {
            Standing::Exempt(exempt) => refuse(Refusal::Exempt(exempt)),
            Standing::Lapsed(_) | Standing::None => None,
        }
    }

    /// The plan where the group alone decided.
    #[must_use]
    pub fn screened(group: GroupState, decision: Decision) -> Self {
        let fingerprint = Fingerprint::of(&group.rules);
        let (dependents, references, unknown, lapsed) = Default::default();
        Self { group, fingerprint, dependents, references, unknown, lapsed, decision }
    }

    /// The plan of a group that [`ClosePlan::screen`] lets through, from what the sources say and from the past. `today` is in
    /// UTC.
    #[must_use]
    pub fn new(
        group: GroupState,
        survey: Survey,
        past: &Past,
        settings: &Settings,
        request: &Request,
        today: Date,
    ) -> Self {
        let standing = settings.exemptions.standing(&group.identity, today);
        let Told { dependents, references, unknown } = Told::by(survey, &settings.required);
        let closes = past.closes(&group.rules);
        let limit = settings.reopening;
        let mut plan = Self::screened(group, Decision::Close);
        let in_use = !(dependents.is_empty() && references.is_empty());
        let refusal = if in_use && !request.force {
            Some(Refusal::InUse)
        } else if unknown.iter().any(|unknown| unknown.required) && !request.force {
            Some(Refusal::Unknown)
        } else if closes >= limit.closes.get().into() {
            Some(Refusal::ReopenedTooOften { closes, hours: limit.hours.get() })
        } else {
            let changed = |planned: &&Fingerprint| {
                **planned != plan.fingerprint && !past.began(planned, &plan.group.rules)
            };
            let planned = request.planned.as_ref().filter(changed).cloned();
            planned.map(|planned| Refusal::ChangedSincePlan { planned })
        };
        if let Some(refusal) = refusal {
            plan.decision = Decision::Refuse(refusal);
        }
        plan.dependents = dependents;
        plan.references = references;
        plan.unknown = unknown;
        plan.lapsed = if let Standing::Lapsed(lapsed) = standing { Some(lapsed) } else { None };
        plan
    }
}

/// What a survey comes to, over all sources.
struct Told {
    dependents: Vec<Learnt<Dependent>>,
    references: Vec<Learnt<Reference>>,
    unknown: Vec<Unknown>,
}

impl Told {
    fn by(mut survey: Survey, required: &RequiredSources) -> Self {
        let (mut dependents, mut references, mut unknown) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
        for source in required.all().iter().copied() {
            match survey.remove(&source).unwrap_or(Err(Unsure::NotAsked)) {
                Ok(found) => {
                    dependents.extend(found.dependents.into_iter().map(|what| Learnt { what, source }));
                    references.extend(found.references.into_iter().map(|what| Learnt { what, source }));
                }
                Err(why) => unknown.push(Unknown { source, why, required: required.contains(source) }),
            }
        }
        let (dependents, references) = (dependents.into_iter().collect(), references.into_iter().collect());
        Self { dependents, references, unknown }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotDefaultGroup(NotDefaultGroup::OtherName { name }) => {
                write!(f, "its name is {name}, not {DEFAULT_GROUP_NAME}")
            }
            Self::NotDefaultGroup(NotDefaultGroup::OtherOwner { owner }) => {
                write!(f, "account {owner} owns it (shared VPC)")
            }
            Self::NotDefaultGroup(NotDefaultGroup::NoVpc) => f.write_str("it is in no VPC (EC2-Classic)"),
            Self::Exempt(exempt) => exempt.fmt(f),
            Self::InUse => f.write_str("it is in use"),
            Self::Unknown => f.write_str("nobody knows whether it is in use"),
            Self::ReopenedTooOften { closes, hours } => {
                write!(f, "it was closed {closes} times within {hours} hours and opened again each time")
            }
            Self::ChangedSincePlan { planned } => {
                write!(f, "its rules are not those of the plan ({planned})")
            }
        }
    }
}
