//! What a rule lets through, the way EC2 counts rules: one for each direction, protocol, port range and peer.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, SecurityGroupId, VpcId};

/// Traffic of a protocol and port range, between a group's members and a peer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Traffic {
    /// Inbound or outbound.
    pub direction: Direction,
    /// The IP protocol.
    pub protocol: Protocol,
    /// The ports, or the ICMP type and code; none where the protocol has none.
    pub ports: Option<Ports>,
    /// The other side.
    pub peer: Peer,
}

/// Which way the traffic goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Into the group's members (`ingress` in the EC2 API).
    Inbound,
    /// Out of the group's members (`egress` in the EC2 API).
    Outbound,
}

/// An IP protocol as EC2 names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// `-1`: every protocol and port.
    All,
    /// `tcp`, `udp`, `icmp`, `icmpv6` or a protocol number.
    Named(String),
}

/// First and last port, or ICMP type and code, where -1 means all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ports {
    /// `FromPort`.
    pub from: i32,
    /// `ToPort`.
    pub to: i32,
}

/// A range of ports that lacks a half, or that is missing where the protocol has ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it has no whole range of ports")]
pub struct NoRange;

/// The other side of a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Peer {
    /// An IPv4 CIDR block, as EC2 writes it.
    Ipv4(String),
    /// An IPv6 CIDR block, as EC2 writes it.
    Ipv6(String),
    /// A prefix list, by ID.
    PrefixList(String),
    /// The members of a security group: this one, another, or one over a peering connection.
    SecurityGroup {
        /// The group that is referenced.
        group: GroupName,
        /// The account that owns it, where AWS named it.
        owner: Option<AccountId>,
        /// Its VPC, where AWS named it (references over a peering connection).
        vpc: Option<VpcId>,
        /// The peering connection, where AWS named it.
        peering_connection: Option<String>,
    },
    /// The rule names no peer that defsg knows. It is a rule all the same.
    Unspecified,
}

/// What AWS calls a referenced group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupName {
    /// Its ID.
    Id(SecurityGroupId),
    /// Anything else: a name, in old rules.
    Other(String),
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

impl From<&str> for Protocol {
    fn from(name: &str) -> Self {
        if name == "-1" { Self::All } else { Self::Named(name.to_owned()) }
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

    /// Whether its ports are ICMP types and codes. Source: IANA, "Protocol Numbers".
    #[must_use]
    pub fn is_icmp(&self) -> bool {
        matches!(self.as_str(), "icmp" | "icmpv6" | "1" | "58")
    }

    /// Whether a rule of it must have ports.
    fn has_ports(&self) -> bool {
        matches!(self.as_str(), "tcp" | "udp" | "6" | "17")
    }
}

impl Ports {
    /// The ports that a rule of this protocol has, from what EC2 says. -1 to -1 means none, but for ICMP, where it means
    /// every type.
    ///
    /// # Errors
    /// Where one half of the range is missing, or the whole of it for TCP and UDP, which have ports. Such a rule can be
    /// judged, with [`Ports::as_far_as_known`], and cannot be made again.
    pub fn whole(protocol: &Protocol, from: Option<i32>, to: Option<i32>) -> Result<Option<Self>, NoRange> {
        match (protocol, from, to) {
            (_, Some(_), None) | (_, None, Some(_)) => Err(NoRange),
            (_, None, None) | (_, Some(-1), Some(-1)) if protocol.has_ports() => Err(NoRange),
            (Protocol::All, _, _) | (_, None, None) => Ok(None),
            (_, Some(-1), Some(-1)) if !protocol.is_icmp() => Ok(None),
            (_, Some(from), Some(to)) => Ok(Some(Self { from, to })),
        }
    }

    /// The ports of a rule that is only judged: as [`Ports::whole`], and what that refuses as far as it goes.
    #[must_use]
    pub fn as_far_as_known(protocol: &Protocol, from: Option<i32>, to: Option<i32>) -> Option<Self> {
        let whole = Self::whole(protocol, from, to);
        whole.unwrap_or_else(|NoRange| from.zip(to).map(|(from, to)| Self { from, to }))
    }
}

impl GroupName {
    /// The ID or the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Id(id) => id.as_str(),
            Self::Other(name) => name,
        }
    }
}

impl From<String> for GroupName {
    fn from(name: String) -> Self {
        name.parse().map_or(Self::Other(name), Self::Id)
    }
}

impl Peer {
    /// The members of a group of which AWS says no more than the ID, and perhaps the owner.
    #[must_use]
    pub fn group(id: SecurityGroupId, owner: Option<AccountId>) -> Self {
        Self::SecurityGroup { group: GroupName::Id(id), owner, vpc: None, peering_connection: None }
    }

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
        matches!(self, Self::SecurityGroup { group: GroupName::Id(group), .. } if group == id)
    }

    /// The kind and the ID that tell this peer from all others. The account, the VPC and the peering connection of a
    /// referenced group follow from the group's ID and from how the networks are joined: they do not tell rules apart.
    #[must_use]
    pub fn identity(&self) -> (Family, &str) {
        let id = match self {
            Self::Ipv4(id) | Self::Ipv6(id) | Self::PrefixList(id) => id,
            Self::SecurityGroup { group, .. } => group.as_str(),
            Self::Unspecified => "",
        };
        (self.family(), id)
    }

    /// How many leading bits of an address the peer fixes, scaled to 128: 0 for the whole Internet. None where the
    /// addresses are not known.
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

impl Traffic {
    /// Whether both let the same traffic through. EC2 takes no second such rule into a group, whatever its description.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.direction == other.direction
            && self.protocol == other.protocol
            && self.ports == other.ports
            && self.peer.identity() == other.peer.identity()
    }

    /// Orders rules from the widest to the narrowest: CIDR blocks by size (IPv4 first among equals), prefix lists,
    /// security groups, the rest; then all protocols before one, then more ports before fewer.
    ///
    /// Equal only for equal rules, so that a sort is the same on every run.
    #[must_use]
    pub fn by_breadth(&self, other: &Self) -> std::cmp::Ordering {
        self.breadth().cmp(&other.breadth()).then_with(|| self.cmp(other))
    }

    fn breadth(&self) -> (u32, Family, bool, i64) {
        const ALL_PORTS: i64 = -(u16::MAX as i64) - 2;
        let ports = match self.ports {
            None => ALL_PORTS,
            Some(Ports { from: -1, .. }) if self.protocol.is_icmp() => ALL_PORTS,
            // All of a type's 256 codes.
            Some(Ports { to: -1, .. }) if self.protocol.is_icmp() => -255,
            Some(_) if self.protocol.is_icmp() => 0,
            Some(Ports { from, to }) => i64::from(from) - i64::from(to),
        };
        let fixed = self.peer.fixed_bits().unwrap_or(u32::MAX);
        (fixed, self.peer.family(), self.protocol != Protocol::All, ports)
    }
}

impl AsRef<Self> for Traffic {
    fn as_ref(&self) -> &Self {
        self
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
            Self::SecurityGroup { group, owner: None, .. } => f.write_str(group.as_str()),
            Self::SecurityGroup { group, owner: Some(owner), .. } => {
                write!(f, "{owner}/{}", group.as_str())
            }
            Self::Unspecified => f.write_str("an unspecified peer"),
        }
    }
}

/// For a person: `all traffic from 0.0.0.0/0`, `tcp 22 from 10.0.0.0/8`, `tcp 8000-8999 to ::/0`, `icmp type 8 from ::/0`.
impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.protocol, self.ports) {
            (Protocol::All, _) => f.write_str("all traffic")?,
            (Protocol::Named(name), None) => f.write_str(name)?,
            (Protocol::Named(name), Some(Ports { from, to })) if self.protocol.is_icmp() => {
                match (from, to) {
                    (-1, _) => f.write_str(name)?,
                    (of, -1) => write!(f, "{name} type {of}")?,
                    (of, code) => write!(f, "{name} type {of} code {code}")?,
                }
            }
            (Protocol::Named(name), Some(Ports { from, to })) if from == to => write!(f, "{name} {from}")?,
            (Protocol::Named(name), Some(Ports { from, to })) => write!(f, "{name} {from}-{to}")?,
        }
        let preposition = if self.direction == Direction::Inbound { "from" } else { "to" };
        write!(f, " {preposition} {}", self.peer)
    }
}
