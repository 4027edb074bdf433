//! Security groups for the tests.

use defsg_core::group::{Ports, Protocol};
use defsg_core::ids::{AccountId, SecurityGroupId, VpcId};
use defsg_core::{Direction, GroupIdentity, Peer, SecurityGroup, Traffic};
use time::Date;

pub(crate) fn account() -> AccountId {
    "012345678912".parse().unwrap()
}

pub(crate) fn id() -> SecurityGroupId {
    "sg-0a1b2c3d4e5f60718".parse().unwrap()
}

pub(crate) fn vpc() -> VpcId {
    "vpc-0123456789abcdef0".parse().unwrap()
}

pub(crate) fn day(text: &str) -> Date {
    Date::parse(text, time::macros::format_description!("[year]-[month]-[day]")).unwrap()
}

pub(crate) fn identity() -> GroupIdentity {
    GroupIdentity {
        id: id(),
        name: "default".to_owned(),
        description: "default VPC security group".to_owned(),
        owner: account(),
        vpc: Some(vpc()),
        tags: [].into(),
    }
}

/// A default group with these rules.
pub(crate) fn group(rules: Vec<Traffic>) -> SecurityGroup {
    SecurityGroup { identity: identity(), rules }
}

pub(crate) fn rule(direction: Direction, protocol: &str, ports: Option<(i32, i32)>, peer: Peer) -> Traffic {
    let ports = ports.map(|(from, to)| Ports { from, to });
    Traffic { direction, protocol: Protocol::from(protocol), ports, peer }
}

pub(crate) fn ipv4(cidr: &str) -> Peer {
    Peer::Ipv4(cidr.to_owned())
}

pub(crate) fn ipv6(cidr: &str) -> Peer {
    Peer::Ipv6(cidr.to_owned())
}

pub(crate) fn reference(group: &str) -> Peer {
    Peer::group(group.parse().unwrap(), Some(account()))
}

/// The rules that EC2 makes a default group with, in a VPC with IPv6.
pub(crate) fn stock() -> Vec<Traffic> {
    vec![
        rule(Direction::Inbound, "-1", None, reference(id().as_str())),
        rule(Direction::Outbound, "-1", None, ipv4("0.0.0.0/0")),
        rule(Direction::Outbound, "-1", None, ipv6("::/0")),
    ]
}
