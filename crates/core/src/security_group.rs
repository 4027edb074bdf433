//! A security group and its rules, the way EC2 counts them: one rule for each protocol, port range and peer.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, SecurityGroupId, VpcId};

/// The name that EC2 reserves for the group it makes with every VPC.
pub const DEFAULT_GROUP_NAME: &str = "default";

/// The resource type under which AWS Config records security groups.
pub const RESOURCE_TYPE: &str = "AWS::EC2::SecurityGroup";

/// A security group that exists, with every rule it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityGroup {
    /// The group's ID.
    pub id: SecurityGroupId,
    /// The group's name; `default` for the group that came with the VPC.
    pub name: String,
    /// The account that owns the group. In a shared VPC this is not the participant that sees it.
    pub owner: AccountId,
    /// The VPC; none for what is left of EC2-Classic.
    pub vpc: Option<VpcId>,
    /// The group's tags by key.
    pub tags: BTreeMap<String, String>,
    /// All rules of both directions.
    pub rules: Vec<Rule>,
}

impl SecurityGroup {
    /// Whether `rule` is one of those EC2 makes a default group with: all traffic in from the group itself, all out to
    /// 0.0.0.0/0 and, where the VPC has IPv6, to ::/0.
    ///
    /// Source: VPC User Guide, "Default security groups for your VPCs".
    #[must_use]
    pub fn is_stock_rule(&self, rule: &Rule) -> bool {
        rule.protocol == Protocol::All
            && match (rule.direction, &rule.peer) {
                (Direction::Inbound, peer) => peer.is_group(&self.id),
                (Direction::Outbound, Peer::Ipv4(cidr)) => cidr == "0.0.0.0/0",
                (Direction::Outbound, Peer::Ipv6(cidr)) => cidr == "::/0",
                (Direction::Outbound, _) => false,
            }
    }
}

/// Which way the traffic goes that a rule allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Into the group's members (`ingress` in the EC2 API).
    Inbound,
    /// Out of the group's members (`egress` in the EC2 API).
    Outbound,
}

/// One rule: traffic of a protocol and port range, between the group's members and a peer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rule {
    /// Inbound or outbound.
    pub direction: Direction,
    /// The IP protocol.
    pub protocol: Protocol,
    /// First and last port, or ICMP type and code; none where the protocol has none.
    pub ports: Option<(i32, i32)>,
    /// The other side.
    pub peer: Peer,
}

/// An IP protocol as EC2 names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Protocol {
    /// `-1`: every protocol and port.
    All,
    /// `tcp`, `udp`, `icmp`, `icmpv6` or a protocol number.
    Named(String),
}

impl From<&str> for Protocol {
    fn from(name: &str) -> Self {
        if name == "-1" { Self::All } else { Self::Named(name.to_owned()) }
    }
}

impl From<String> for Protocol {
    fn from(name: String) -> Self {
        Self::from(name.as_str())
    }
}

impl From<Protocol> for String {
    fn from(protocol: Protocol) -> Self {
        protocol.as_str().to_owned()
    }
}

impl Protocol {
    /// The protocol as EC2 writes it: `-1` for all.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::All => "-1",
            Self::Named(name) => name,
        }
    }
}

/// The other side of a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Peer {
    /// An IPv4 CIDR block.
    Ipv4(String),
    /// An IPv6 CIDR block.
    Ipv6(String),
    /// A prefix list, by ID.
    PrefixList(String),
    /// The members of a security group, perhaps another account's.
    SecurityGroup {
        /// The group's ID; its name, or `unknown`, where AWS gave no ID.
        group: String,
        /// The account that owns the group, where AWS named it.
        owner: Option<AccountId>,
    },
    /// The rule names no peer that defsg knows. It is a rule all the same.
    Unspecified,
}

/// The kinds of peer, to count rules by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4 CIDR blocks.
    Ipv4,
    /// IPv6 CIDR blocks.
    Ipv6,
    /// Prefix lists.
    PrefixList,
    /// References to security groups.
    SecurityGroup,
    /// Rules that name no known peer.
    Unspecified,
}

impl Peer {
    /// The kind of this peer.
    #[must_use]
    pub fn family(&self) -> Family {
        match self {
            Self::Ipv4(_) => Family::Ipv4,
            Self::Ipv6(_) => Family::Ipv6,
            Self::PrefixList(_) => Family::PrefixList,
            Self::SecurityGroup { .. } => Family::SecurityGroup,
            Self::Unspecified => Family::Unspecified,
        }
    }

    /// Whether this peer is the security group with that ID.
    #[must_use]
    pub fn is_group(&self, id: &SecurityGroupId) -> bool {
        matches!(self, Self::SecurityGroup { group, .. } if group == id.as_str())
    }

    /// The share of all addresses that this peer lets through, as the number of fixed leading bits scaled to 128:
    /// 0 for the whole Internet. None where the addresses are not known.
    fn fixed_bits(&self) -> Option<u32> {
        let (cidr, bits) = match self {
            Self::Ipv4(cidr) => (cidr, 32),
            Self::Ipv6(cidr) => (cidr, 128),
            _ => return None,
        };
        let prefix = match cidr.split_once('/') {
            Some((_, prefix)) => prefix.parse::<u32>().ok()?,
            None => bits,
        };
        Some(prefix.min(bits) * (128 / bits))
    }
}

impl Rule {
    /// Orders rules from the widest to the narrowest: CIDR blocks by size (IPv4 first among equals), prefix lists,
    /// security groups, the rest; then all protocols before one, then more ports before fewer.
    ///
    /// Equal only for equal rules' breadth and text, so that a sort is the same on every run.
    #[must_use]
    pub fn by_breadth(&self, other: &Self) -> std::cmp::Ordering {
        self.breadth().cmp(&other.breadth()).then_with(|| self.cmp(other))
    }

    fn breadth(&self) -> (u32, Family, bool, i64) {
        let ports = self.ports.map_or(-i64::from(u16::MAX) - 2, |(from, to)| i64::from(from) - i64::from(to));
        let fixed = self.peer.fixed_bits().unwrap_or(u32::MAX);
        (fixed, self.peer.family(), self.protocol != Protocol::All, ports)
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        })
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ipv4(cidr) | Self::Ipv6(cidr) => f.write_str(cidr),
            Self::PrefixList(id) => f.write_str(id),
            Self::SecurityGroup { group, owner: None } => f.write_str(group),
            Self::SecurityGroup { group, owner: Some(owner) } => write!(f, "{owner}/{group}"),
            Self::Unspecified => f.write_str("an unspecified peer"),
        }
    }
}

/// For a person: `all traffic from 0.0.0.0/0`, `tcp 22 from 10.0.0.0/8`, `tcp 8000-8999 to ::/0`.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.protocol, self.ports) {
            (Protocol::All, _) => f.write_str("all traffic")?,
            (Protocol::Named(name), None) => f.write_str(name)?,
            (Protocol::Named(name), Some((from, to))) if from == to => write!(f, "{name} {from}")?,
            (Protocol::Named(name), Some((from, to))) => write!(f, "{name} {from}-{to}")?,
        }
        let preposition = if self.direction == Direction::Inbound { "from" } else { "to" };
        write!(f, " {preposition} {}", self.peer)
    }
}
