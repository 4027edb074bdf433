//! A security group with its rules by rule ID and everything needed to make each rule again, exactly as it was.
//!
//! [`crate::security_group`] is what a verdict needs; this is what a close and a restore need.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, SecurityGroupId, SecurityGroupRuleId, VpcId};
use crate::security_group::{Direction, Peer, Protocol, Rule, SecurityGroup};

/// The prefix of tags that AWS alone can set. Source: Tagging AWS Resources, "Tag naming limits and requirements".
const RESERVED_TAG_PREFIX: &str = "aws:";

/// A security group as EC2 has it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupState {
    /// The group's ID.
    pub id: SecurityGroupId,
    /// The group's name.
    pub name: String,
    /// The group's description; EC2 never changes it.
    pub description: String,
    /// The account that owns the group.
    pub owner: AccountId,
    /// The VPC; none for what is left of EC2-Classic.
    pub vpc: Option<VpcId>,
    /// The group's tags by key.
    pub tags: BTreeMap<String, String>,
    /// Every rule of both directions.
    pub rules: Vec<SecurityGroupRule>,
}

impl GroupState {
    /// The group as verdicts and exemptions know it.
    #[must_use]
    pub fn security_group(&self) -> SecurityGroup {
        SecurityGroup {
            id: self.id.clone(),
            name: self.name.clone(),
            owner: self.owner.clone(),
            vpc: self.vpc.clone(),
            tags: self.tags.clone(),
            rules: self.rules.iter().map(Rule::from).collect(),
        }
    }
}

/// One rule of a security group. Source: EC2 API Reference, `SecurityGroupRule`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecurityGroupRule {
    /// The rule's ID.
    pub rule_id: SecurityGroupRuleId,
    /// Inbound or outbound.
    pub direction: Direction,
    /// The IP protocol.
    pub protocol: Protocol,
    /// First and last port, or ICMP type and code; none where the protocol has none. See [`SecurityGroupRule::ports`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ports: Option<Ports>,
    /// The other side.
    pub peer: RulePeer,
    /// The rule's description, up to 255 characters; none where it has none, never empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The rule's tags by key, those of AWS's own (`aws:…`) included.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

/// First and last port, or ICMP type and code (-1 for all).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ports {
    /// `FromPort`.
    pub from: i32,
    /// `ToPort`.
    pub to: i32,
}

/// A rule that lacks its range of ports, or a half of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it has no whole range of ports")]
pub struct NoRange;

/// The other side of a rule, as much of it as EC2 wants to make the rule again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind", deny_unknown_fields)]
pub enum RulePeer {
    /// An IPv4 CIDR block, as EC2 writes it.
    Ipv4 {
        /// Such as `10.0.0.0/8`.
        cidr: String,
    },
    /// An IPv6 CIDR block, as EC2 writes it.
    Ipv6 {
        /// Such as `2001:db8::/32`.
        cidr: String,
    },
    /// A prefix list.
    PrefixList {
        /// Such as `pl-6da54004`.
        prefix_list_id: String,
    },
    /// A security group: this one, another, or one over a peering connection.
    SecurityGroup {
        /// The group that is referenced.
        group_id: SecurityGroupId,
        /// The account that owns it, where EC2 named it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<AccountId>,
        /// Its VPC, where EC2 named it (references over a peering connection).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        vpc_id: Option<VpcId>,
        /// The peering connection, where EC2 named it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        peering_connection_id: Option<String>,
    },
}

impl SecurityGroupRule {
    /// The ports that a rule of this protocol has, from what EC2 says: -1 to -1 means none, but for ICMP, where it means
    /// every type.
    ///
    /// # Errors
    /// Where one half of the range is missing, or the whole of it for TCP and UDP, which have ports.
    pub fn ports(protocol: &Protocol, from: Option<i32>, to: Option<i32>) -> Result<Option<Ports>, NoRange> {
        let icmp = matches!(protocol.as_str(), "icmp" | "icmpv6" | "1" | "58");
        let has_ports = matches!(protocol.as_str(), "tcp" | "udp" | "6" | "17");
        match (protocol, from, to) {
            (_, Some(_), None) | (_, None, Some(_)) => Err(NoRange),
            (_, None, None) | (_, Some(-1), Some(-1)) if has_ports => Err(NoRange),
            (Protocol::All, _, _) | (_, None, None) => Ok(None),
            (_, Some(-1), Some(-1)) if !icmp => Ok(None),
            (_, Some(from), Some(to)) => Ok(Some(Ports { from, to })),
        }
    }

    /// The tags that anybody but AWS can set.
    pub fn own_tags(&self) -> impl Iterator<Item = (&str, &str)> {
        let own = self.tags.iter().filter(|(key, _)| !key.starts_with(RESERVED_TAG_PREFIX));
        own.map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Whether both let the same traffic through. EC2 takes no second such rule into a group, whatever its description.
    #[must_use]
    pub fn is_same_traffic(&self, other: &Self) -> bool {
        self.direction == other.direction
            && self.protocol == other.protocol
            && self.ports == other.ports
            && self.peer.identity() == other.peer.identity()
    }

    /// Whether both are the same but for the rule's ID, and for what AWS alone can set: a restored rule is so.
    #[must_use]
    pub fn is_equivalent(&self, other: &Self) -> bool {
        self.is_same_traffic(other)
            && self.description == other.description
            && self.own_tags().eq(other.own_tags())
    }
}

impl RulePeer {
    /// The kind and the ID that tell this peer from all others. The account, the VPC and the peering connection of a
    /// referenced group follow from the group's ID and from how the networks are joined: they do not tell rules apart.
    #[must_use]
    pub fn identity(&self) -> (&'static str, &str) {
        match self {
            Self::Ipv4 { cidr } => ("ipv4", cidr),
            Self::Ipv6 { cidr } => ("ipv6", cidr),
            Self::PrefixList { prefix_list_id } => ("prefixList", prefix_list_id),
            Self::SecurityGroup { group_id, .. } => ("securityGroup", group_id.as_str()),
        }
    }
}

impl From<&SecurityGroupRule> for Rule {
    fn from(rule: &SecurityGroupRule) -> Self {
        let peer = match &rule.peer {
            RulePeer::Ipv4 { cidr } => Peer::Ipv4(cidr.clone()),
            RulePeer::Ipv6 { cidr } => Peer::Ipv6(cidr.clone()),
            RulePeer::PrefixList { prefix_list_id } => Peer::PrefixList(prefix_list_id.clone()),
            RulePeer::SecurityGroup { group_id, owner, .. } => {
                Peer::SecurityGroup { group: group_id.to_string(), owner: owner.clone() }
            }
        };
        let ports = rule.ports.map(|ports| (ports.from, ports.to));
        Self { direction: rule.direction, protocol: rule.protocol.clone(), ports, peer }
    }
}

/// `older`, with the rules of `newer` in the place of those that they replace: the same rule, or one that lets the same
/// traffic through.
#[must_use]
pub fn merge(older: &[SecurityGroupRule], newer: &[SecurityGroupRule]) -> Vec<SecurityGroupRule> {
    let replaced = |old: &SecurityGroupRule| {
        newer.iter().any(|new| new.rule_id == old.rule_id || new.is_same_traffic(old))
    };
    older.iter().filter(|old| !replaced(old)).chain(newer).cloned().collect()
}

/// For a person: `sgr-0123456789abcdef0 (inbound tcp 22 from 10.0.0.0/8)`
impl fmt::Display for SecurityGroupRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} {})", self.rule_id, self.direction, Rule::from(self))
    }
}
