//! Rules, dependents and sources that could not tell, as version 1 of the documents writes them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::close::backup::{Note, UnknownNote};
use crate::close::plan::ClosePlan;
use crate::group::{self, Direction, GroupName, NotRepeatable, Protocol, SecurityGroupRule, Traffic};
use crate::ids::{AccountId, SecurityGroupId, SecurityGroupRuleId, VpcId};

/// One rule of a security group, with everything that makes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// The rule's ID.
    pub rule_id: SecurityGroupRuleId,
    /// `inbound` or `outbound`.
    pub direction: Direction,
    /// The IP protocol as EC2 names it; `-1` for all.
    pub protocol: String,
    /// First and last port, or ICMP type and code; absent where the protocol has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ports: Option<Ports>,
    /// The other side.
    pub peer: Peer,
    /// The description; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The tags; absent where there are none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

/// First and last port, or ICMP type and code, where -1 means all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ports {
    /// `FromPort`.
    pub from: i32,
    /// `ToPort`.
    pub to: i32,
}

/// The other side of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind", deny_unknown_fields)]
pub enum Peer {
    /// An IPv4 CIDR block.
    Ipv4 {
        /// Such as `10.0.0.0/8`.
        cidr: String,
    },
    /// An IPv6 CIDR block.
    Ipv6 {
        /// Such as `2001:db8::/32`.
        cidr: String,
    },
    /// A prefix list.
    PrefixList {
        /// Such as `pl-6da54004`.
        prefix_list_id: String,
    },
    /// A security group.
    SecurityGroup {
        /// The group that is referenced.
        group_id: SecurityGroupId,
        /// The account that owns it, where EC2 named it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<AccountId>,
        /// Its VPC, where EC2 named it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        vpc_id: Option<VpcId>,
        /// The peering connection, where EC2 named it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        peering_connection_id: Option<String>,
    },
    /// A peer that cannot be written down. A rule with one is read by nobody.
    Unspecified {},
}

/// A dependent or a reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependent {
    /// Its kind, such as `network-interface`.
    pub kind: String,
    /// Its ID.
    pub id: String,
    /// What it is, in words a person knows.
    pub name: String,
    /// The source that told it.
    pub source: String,
}

/// A source that could not tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unknown {
    /// The source's name.
    pub source: String,
    /// Why.
    pub why: String,
    /// Whether the source had to be readable.
    pub required: bool,
}

impl From<&SecurityGroupRule> for Rule {
    fn from(rule: &SecurityGroupRule) -> Self {
        let traffic = &rule.traffic;
        Self {
            rule_id: rule.id.clone(),
            direction: traffic.direction,
            protocol: traffic.protocol.as_str().to_owned(),
            ports: traffic.ports.map(|group::Ports { from, to }| Ports { from, to }),
            peer: Peer::from(&traffic.peer),
            description: rule.description.clone(),
            tags: rule.tags.clone(),
        }
    }
}

impl From<&group::Peer> for Peer {
    fn from(peer: &group::Peer) -> Self {
        match peer {
            group::Peer::Ipv4(cidr) => Self::Ipv4 { cidr: cidr.clone() },
            group::Peer::Ipv6(cidr) => Self::Ipv6 { cidr: cidr.clone() },
            group::Peer::PrefixList(id) => Self::PrefixList { prefix_list_id: id.clone() },
            group::Peer::SecurityGroup { group: GroupName::Id(id), owner, vpc, peering_connection } => {
                Self::SecurityGroup {
                    group_id: id.clone(),
                    owner: owner.clone(),
                    vpc_id: vpc.clone(),
                    peering_connection_id: peering_connection.clone(),
                }
            }
            group::Peer::SecurityGroup { group: GroupName::Other(_), .. } | group::Peer::Unspecified => {
                Self::Unspecified {}
            }
        }
    }
}

impl From<Peer> for group::Peer {
    fn from(peer: Peer) -> Self {
        match peer {
            Peer::Ipv4 { cidr } => Self::Ipv4(cidr),
            Peer::Ipv6 { cidr } => Self::Ipv6(cidr),
            Peer::PrefixList { prefix_list_id } => Self::PrefixList(prefix_list_id),
            Peer::SecurityGroup { group_id, owner, vpc_id, peering_connection_id } => Self::SecurityGroup {
                group: GroupName::Id(group_id),
                owner,
                vpc: vpc_id,
                peering_connection: peering_connection_id,
            },
            Peer::Unspecified {} => Self::Unspecified,
        }
    }
}

/// A rule that EC2 would not make as it stands in a document. defsg writes no such rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRule {
    /// It cannot be made again.
    #[error(transparent)]
    NotRepeatable(#[from] NotRepeatable),
    /// The protocol is empty.
    #[error("its protocol is empty")]
    NoProtocol,
    /// EC2 would pass over the ports, or refuse the rule without them.
    #[error("its ports are not those of a rule of its protocol")]
    Ports,
    /// The description is empty: EC2 has none then.
    #[error("its description is empty; where there is none, the field is absent")]
    EmptyDescription,
}

impl TryFrom<Rule> for SecurityGroupRule {
    type Error = InvalidRule;

    fn try_from(rule: Rule) -> Result<Self, InvalidRule> {
        let protocol = Protocol::from(rule.protocol.as_str());
        let (from, to) = rule.ports.map(|Ports { from, to }| (from, to)).unzip();
        let ports = rule.ports.map(|Ports { from, to }| group::Ports { from, to });
        if rule.protocol.is_empty() {
            return Err(InvalidRule::NoProtocol);
        }
        if group::Ports::whole(&protocol, from, to) != Ok(ports) {
            return Err(InvalidRule::Ports);
        }
        if rule.description.as_deref() == Some("") {
            return Err(InvalidRule::EmptyDescription);
        }
        let traffic = Traffic { direction: rule.direction, protocol, ports, peer: rule.peer.into() };
        let made = Self::new(rule.rule_id, traffic)?;
        Ok(Self { description: rule.description, tags: rule.tags, ..made })
    }
}

impl From<Note> for Dependent {
    fn from(Note { kind, id, name, source }: Note) -> Self {
        Self { kind, id, name, source }
    }
}

impl From<Dependent> for Note {
    fn from(Dependent { kind, id, name, source }: Dependent) -> Self {
        Self { kind, id, name, source }
    }
}

impl From<UnknownNote> for Unknown {
    fn from(UnknownNote { source, why, required }: UnknownNote) -> Self {
        Self { source, why, required }
    }
}

impl From<Unknown> for UnknownNote {
    fn from(Unknown { source, why, required }: Unknown) -> Self {
        Self { source, why, required }
    }
}

/// The rules of a list.
#[must_use]
pub fn rules(rules: &[SecurityGroupRule]) -> Vec<Rule> {
    rules.iter().map(Rule::from).collect()
}

/// Kinds of notes that are references. Version 1 keeps them among the dependents.
pub const REFERENCES: [&str; 2] = ["security-group-rule", "referencing-vpc"];

/// Dependents and references as one list, in the order of version 1: interfaces, references, and all others.
#[must_use]
pub fn notes(dependents: Vec<Note>, references: Vec<Note>) -> Vec<Dependent> {
    let rank = |note: &Dependent| match note.kind.as_str() {
        "network-interface" => 0,
        kind => 1 + u8::from(!REFERENCES.contains(&kind)),
    };
    let mut notes: Vec<_> = dependents.into_iter().chain(references).map(Dependent::from).collect();
    notes.sort_by_key(rank);
    notes
}

/// What stands in the way of a close: its dependents, and the references to the group.
#[must_use]
pub fn dependents(plan: &ClosePlan) -> Vec<Dependent> {
    notes(plan.dependents.iter().map(Note::from).collect(), plan.references.iter().map(Note::from).collect())
}

/// The sources that could not tell.
#[must_use]
pub fn unknown(plan: &ClosePlan) -> Vec<Unknown> {
    plan.unknown.iter().map(|unknown| UnknownNote::from(unknown).into()).collect()
}
