//! A rule with everything that EC2 needs to make it again, exactly as it was.

use std::collections::BTreeMap;
use std::fmt;

use super::traffic::{GroupName, Peer, Traffic};
use crate::ids::SecurityGroupRuleId;

/// The prefix of tags that AWS alone can set. Source: Tagging AWS Resources, "Tag naming limits and requirements".
const RESERVED_TAG_PREFIX: &str = "aws:";

/// One rule of a security group that can be made again: its peer is named, and its range of ports is whole.
///
/// Source: EC2 API Reference, `SecurityGroupRule`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityGroupRule {
    /// The rule's ID.
    pub id: SecurityGroupRuleId,
    /// What it lets through.
    pub traffic: Traffic,
    /// The rule's description, up to 255 characters; none where it has none, never empty.
    pub description: Option<String>,
    /// The rule's tags by key, those of AWS's own (`aws:…`) included.
    pub tags: BTreeMap<String, String>,
}

/// Traffic that no call to EC2 would make again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotRepeatable {
    /// It names no peer.
    #[error("it names no peer that defsg knows")]
    Peer,
    /// It refers to a group that has no ID.
    #[error("it refers to a security group and does not give its ID")]
    GroupId,
}

impl SecurityGroupRule {
    /// A rule with no description and no tags.
    ///
    /// # Errors
    /// Where EC2 could not be told to make the rule again.
    pub fn new(id: SecurityGroupRuleId, traffic: Traffic) -> Result<Self, NotRepeatable> {
        match &traffic.peer {
            Peer::Unspecified => Err(NotRepeatable::Peer),
            Peer::SecurityGroup { group: GroupName::Other(_), .. } => Err(NotRepeatable::GroupId),
            _ => Ok(Self { id, traffic, description: None, tags: BTreeMap::new() }),
        }
    }

    /// The tags that anybody but AWS can set.
    pub fn own_tags(&self) -> impl Iterator<Item = (&str, &str)> {
        let own = self.tags.iter().filter(|(key, _)| !key.starts_with(RESERVED_TAG_PREFIX));
        own.map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Whether both are the same but for the rule's ID, and for what AWS alone can set: a restored rule is so.
    #[must_use]
    pub fn is_equivalent(&self, other: &Self) -> bool {
        self.traffic.is_same(&other.traffic)
            && self.description == other.description
            && self.own_tags().eq(other.own_tags())
    }
}

impl AsRef<Traffic> for SecurityGroupRule {
    fn as_ref(&self) -> &Traffic {
        &self.traffic
    }
}

/// `older`, with the rules of `newer` in the place of those that they replace: the same rule, or one that lets the same
/// traffic through.
#[must_use]
pub fn merge(older: &[SecurityGroupRule], newer: &[SecurityGroupRule]) -> Vec<SecurityGroupRule> {
    let replaced = |old: &SecurityGroupRule| {
        newer.iter().any(|new| new.id == old.id || new.traffic.is_same(&old.traffic))
    };
    older.iter().filter(|old| !replaced(old)).chain(newer).cloned().collect()
}

/// For a person: `sgr-0123456789abcdef0 (inbound tcp 22 from 10.0.0.0/8)`
impl fmt::Display for SecurityGroupRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} {})", self.id, self.traffic.direction, self.traffic)
    }
}
