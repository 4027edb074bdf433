//! Exemptions: who need not be closed, until when and why. One model for the rule, the remediation and the command line.
//!
//! An exemption comes from a parameter (by account, VPC or group) or, when the operator turned that on, from a tag on
//! the group. The syntax of both is in docs/parameters.md.

use std::fmt;

use time::{Date, Duration};

use crate::ids::{AccountId, SecurityGroupId, VpcId};
use crate::security_group::SecurityGroup;

/// What an exemption of the parameter covers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// One security group.
    SecurityGroup(SecurityGroupId),
    /// The default group of one VPC.
    Vpc(VpcId),
    /// Every default group that an account owns.
    Account(AccountId),
}

/// One exemption of the parameter `exemptions`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exemption {
    /// What it covers.
    pub target: Target,
    /// The last day on which it holds (UTC, inclusive); none holds for ever.
    pub until: Option<Date>,
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
    /// Those of the parameter.
    pub entries: Vec<Exemption>,
    /// The tag, where the operator turned it on. Whoever may tag a group may then exempt it.
    pub tag: Option<ExemptionTag>,
}

/// An exemption that holds today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exempt {
    /// Whose words these are.
    pub by: Source,
    /// The last day on which it holds; none holds for ever.
    pub until: Option<Date>,
    /// Why; may be empty.
    pub reason: String,
}

/// Where an exemption was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The parameter `exemptions`, in the entry for this target.
    Parameter(Target),
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
    pub fn standing(&self, group: &SecurityGroup, today: Date) -> Standing {
        let mut lapsed = None;
        let claims = self.of_parameter(group).map(Ok).chain(self.of_tag(group, today));
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

    fn of_parameter(&self, group: &SecurityGroup) -> impl Iterator<Item = Exempt> {
        let mut found: Vec<_> = self.entries.iter().filter(|entry| entry.target.covers(group)).collect();
        found.sort_by_key(|entry| &entry.target);
        found.into_iter().map(|entry| Exempt {
            by: Source::Parameter(entry.target.clone()),
            until: entry.until,
            reason: entry.reason.clone(),
        })
    }

    fn of_tag(&self, group: &SecurityGroup, today: Date) -> Option<Result<Exempt, Lapsed>> {
        let tag = self.tag.as_ref()?;
        let value = group.tags.get(&tag.key)?;
        let (date, reason) = value.trim().split_once(' ').unwrap_or((value.trim(), ""));
        let key = tag.key.clone();
        Some(match parse_date(date) {
            None => Err(Lapsed::NoDate { key }),
            Some(until) if until - today > Duration::days(tag.max_days.into()) => {
                Err(Lapsed::TooFar { key, until, max_days: tag.max_days })
            }
            Some(until) => {
                Ok(Exempt { by: Source::Tag(key), until: Some(until), reason: reason.trim().to_owned() })
            }
        })
    }
}

impl Target {
    fn covers(&self, group: &SecurityGroup) -> bool {
        match self {
            Self::SecurityGroup(id) => *id == group.id,
            Self::Vpc(id) => group.vpc.as_ref() == Some(id),
            Self::Account(id) => *id == group.owner,
        }
    }
}

/// A date as `YYYY-MM-DD` and no other way.
pub(crate) fn parse_date(text: &str) -> Option<Date> {
    let format = time::macros::format_description!("[year]-[month]-[day]");
    // Ten bytes: the format alone would take a sign before the year.
    if text.len() == 10 && text.as_bytes()[0].is_ascii_digit() {
        Date::parse(text, format).ok()
    } else {
        None
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

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parameter(target) => write!(f, "parameter exemptions, {target}"),
            Self::Tag(key) => write!(f, "tag {key}"),
        }
    }
}

/// `Exempt until 2027-01-31 by tag defsg-exempt: legacy ERP`
impl fmt::Display for Exempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.until {
            Some(last) => write!(f, "Exempt until {last}")?,
            None => f.write_str("Exempt with no end date")?,
        }
        write!(f, " by {}: {}", self.by, reason_or_none(&self.reason))
    }
}

/// `Exemption expired on 2026-01-31 (tag defsg-exempt: legacy ERP).`
impl fmt::Display for Lapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired(Exempt { by, until: Some(last), reason }) => {
                write!(f, "Exemption expired after {last} ({by}: {}).", reason_or_none(reason))
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

fn reason_or_none(reason: &str) -> &str {
    if reason.is_empty() { "no reason given" } else { reason }
}
