//! Exemptions: which groups may stay open, until when, why, and on whose word. One model for the rule, the remediation and
//! the command line.
//!
//! An exemption stands in a list (by account, VPC or group) or, where the operator turned that on, in a tag on the group.
//! [`syntax`] reads both; it does not matter whether a parameter, a variable, a flag or a file carries the text.

use std::fmt;

use time::{Date, Duration};

use crate::group::GroupIdentity;
use crate::ids::{AccountId, SecurityGroupId, VpcId};

pub mod syntax;

/// What an exemption of a list covers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// One security group.
    SecurityGroup(SecurityGroupId),
    /// The default group of one VPC.
    Vpc(VpcId),
    /// Every default group that an account owns.
    Account(AccountId),
}

/// One entry of a list of exemptions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exemption {
    /// What it covers.
    pub target: Target,
    /// The last day on which it holds (UTC, inclusive); none holds for ever.
    pub until: Option<Date>,
    /// Who answers for it: a person or a team.
    pub owner: Option<String>,
    /// Why; may be empty.
    pub reason: String,
}

/// The tag that exempts a group, and how far ahead it may reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExemptionTag {
    /// The tag's key.
    pub key: String,
    /// The most days from today that the tag's date may lie ahead. A tag that reaches further does not exempt.
    pub max_days: u16,
}

/// Every exemption that an operator gave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exemptions {
    /// Those of the list.
    pub entries: Vec<Exemption>,
    /// The tag, where the operator turned it on. Whoever may tag a group may then exempt it.
    pub tag: Option<ExemptionTag>,
}

/// An exemption that holds today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exempt {
    /// Where it stands.
    pub by: StandsIn,
    /// The last day on which it holds; none holds for ever.
    pub until: Option<Date>,
    /// Who answers for it: a person or a team.
    pub owner: Option<String>,
    /// Why; may be empty.
    pub reason: String,
}

/// Where an exemption was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StandsIn {
    /// The list, in the entry for this target.
    List(Target),
    /// The group's tag with this key.
    Tag(String),
}

/// An exemption that was meant for the group but does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lapsed {
    /// Its last day is over.
    Expired(Exempt),
    /// The tag's value does not begin with a date.
    NoDate {
        /// The tag's key.
        key: String,
    },
    /// The tag's date lies further ahead than allowed.
    TooFar {
        /// The tag's key.
        key: String,
        /// The tag's date.
        until: Date,
        /// The most days ahead.
        max_days: u16,
    },
}

/// What the exemptions say of one group on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// The group is exempt.
    Exempt(Exempt),
    /// Nobody meant to exempt the group.
    None,
    /// Somebody meant to, but it does not hold.
    Lapsed(Lapsed),
}

impl Exemptions {
    /// What holds for `group` on `today` (UTC). The first that holds counts: by group, by VPC, by account, by tag.
    /// Where none holds, the first in that order that was meant to is reported.
    #[must_use]
    pub fn standing(&self, group: &GroupIdentity, today: Date) -> Standing {
        let mut lapsed = None;
        let claims = self.in_list(group).map(Ok).chain(self.in_tag(group, today));
        for claim in claims {
            match claim {
                Ok(exempt) if exempt.until.is_none_or(|last| today <= last) => {
                    return Standing::Exempt(exempt);
                }
                Ok(exempt) => lapsed.get_or_insert(Lapsed::Expired(exempt)),
                Err(problem) => lapsed.get_or_insert(problem),
            };
        }
        lapsed.map_or(Standing::None, Standing::Lapsed)
    }

    fn in_list(&self, group: &GroupIdentity) -> impl Iterator<Item = Exempt> {
        let mut found: Vec<_> = self.entries.iter().filter(|entry| entry.target.covers(group)).collect();
        found.sort_by_key(|entry| &entry.target);
        found.into_iter().map(|entry| Exempt {
            by: StandsIn::List(entry.target.clone()),
            until: entry.until,
            owner: entry.owner.clone(),
            reason: entry.reason.clone(),
        })
    }

    fn in_tag(&self, group: &GroupIdentity, today: Date) -> Option<Result<Exempt, Lapsed>> {
        let tag = self.tag.as_ref()?;
        let value = group.tags.get(&tag.key)?;
        let key = tag.key.clone();
        Some(match syntax::tag_value(value) {
            None => Err(Lapsed::NoDate { key }),
            Some((until, _)) if until - today > Duration::days(tag.max_days.into()) => {
                Err(Lapsed::TooFar { key, until, max_days: tag.max_days })
            }
            Some((until, words)) => {
                let by = StandsIn::Tag(key);
                Ok(Exempt { by, until: Some(until), owner: words.owner, reason: words.reason })
            }
        })
    }
}

impl Target {
    fn covers(&self, group: &GroupIdentity) -> bool {
        match self {
            Self::SecurityGroup(id) => *id == group.id,
            Self::Vpc(id) => group.vpc.as_ref() == Some(id),
            Self::Account(id) => *id == group.owner,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SecurityGroup(id) => id.fmt(f),
            Self::Vpc(id) => id.fmt(f),
            Self::Account(id) => id.fmt(f),
        }
    }
}

impl fmt::Display for StandsIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List(target) => write!(f, "parameter exemptions, {target}"),
            Self::Tag(key) => write!(f, "tag {key}"),
        }
    }
}

/// `Exempt until 2027-01-31 by tag defsg-exempt: legacy ERP (owner: erp-team)`
impl fmt::Display for Exempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.until {
            Some(last) => write!(f, "Exempt until {last}")?,
            None => f.write_str("Exempt with no end date")?,
        }
        write!(f, " by {}: {}", self.by, self.words())
    }
}

/// `Exemption expired on 2026-01-31 (tag defsg-exempt: legacy ERP).`
impl fmt::Display for Lapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired(exempt @ Exempt { by, until: Some(last), .. }) => {
                write!(f, "Exemption expired after {last} ({by}: {}).", exempt.words())
            }
            Self::Expired(Exempt { by, until: None, .. }) => write!(f, "Exemption expired ({by})."),
            Self::NoDate { key } => {
                write!(f, "Tag {key} does not exempt: its value must begin with a date, YYYY-MM-DD.")
            }
            Self::TooFar { key, until, max_days } => {
                write!(f, "Tag {key} does not exempt: {until} is more than {max_days} days ahead.")
            }
        }
    }
}

impl Exempt {
    /// The reason, and the owner where there is one: `legacy ERP (owner: erp-team)`.
    fn words(&self) -> String {
        let reason = if self.reason.is_empty() { "no reason given" } else { &self.reason };
        match &self.owner {
            None => reason.to_owned(),
            Some(owner) => format!("{reason} (owner: {owner})"),
        }
    }
}
