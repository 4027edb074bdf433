//! A permission: how EC2 and AWS Config write the rules of one direction, protocol and port range together. This is the one
//! place that takes permissions apart into rules.

use std::collections::BTreeSet;

use super::traffic::{Direction, Peer, Ports, Protocol, Traffic};
use crate::ids::AccountId;

/// One entry of a group's list of permissions, whichever API wrote it. A field that AWS left out is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permission {
    /// `IpProtocol`.
    pub protocol: Option<String>,
    /// `FromPort`.
    pub from_port: Option<i32>,
    /// `ToPort`.
    pub to_port: Option<i32>,
    /// The CIDR of each IPv4 range. AWS Config may give a range twice.
    pub ipv4: Vec<Option<String>>,
    /// The CIDR of each IPv6 range.
    pub ipv6: Vec<Option<String>>,
    /// The ID of each prefix list.
    pub prefix_lists: Vec<Option<String>>,
    /// Each referenced group.
    pub groups: Vec<GroupPair>,
}

/// A referenced group, as `UserIdGroupPair` names it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupPair {
    /// `GroupId`.
    pub id: Option<String>,
    /// `GroupName`, which stands for the ID in old rules.
    pub name: Option<String>,
    /// `UserId`: the account that owns the group. Where that is no account ID, it is passed over.
    pub owner: Option<String>,
}

impl Permission {
    /// The rules of the permission: one for each peer, each once, in the order that AWS lists peers in. A permission that
    /// names no peer that defsg knows is one rule all the same.
    #[must_use]
    pub fn into_traffic(self, direction: Direction) -> Vec<Traffic> {
        let protocol = Protocol::from(self.protocol.as_deref().unwrap_or("unknown protocol"));
        let ports = Ports::as_far_as_known(&protocol, self.from_port, self.to_port);
        let ipv4 = self.ipv4.into_iter().map(|cidr| cidr.map(Peer::Ipv4));
        let ipv6 = self.ipv6.into_iter().map(|cidr| cidr.map(Peer::Ipv6));
        let lists = self.prefix_lists.into_iter().map(|id| id.map(Peer::PrefixList));
        let groups = self.groups.into_iter().map(GroupPair::into_peer);
        let peers = ipv4.chain(ipv6).chain(lists).chain(groups);
        let mut seen = BTreeSet::new();
        let mut peers: Vec<_> = peers
            .map(|peer| peer.unwrap_or(Peer::Unspecified))
            .filter(|peer| seen.insert(peer.clone()))
            .collect();
        if peers.is_empty() {
            peers.push(Peer::Unspecified);
        }
        let rule = |peer| Traffic { direction, protocol: protocol.clone(), ports, peer };
        peers.into_iter().map(rule).collect()
    }
}

impl GroupPair {
    fn into_peer(self) -> Option<Peer> {
        let is_there = |name: &String| !name.is_empty();
        let group = self.id.filter(is_there).or(self.name.filter(is_there))?;
        let owner = self.owner.and_then(|id| id.parse::<AccountId>().ok());
        Some(Peer::SecurityGroup { group: group.into(), owner, vpc: None, peering_connection: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_peer_is_a_rule_once_and_a_permission_without_one_is_too() {
        let some = |text: &str| Some(text.to_owned());
        let permission = Permission {
            protocol: some("tcp"),
            from_port: Some(22),
            to_port: Some(22),
            ipv4: vec![some("10.0.0.0/8"), some("10.0.0.0/8")],
            ipv6: vec![some("::/0")],
            prefix_lists: vec![some("pl-6da54004")],
            groups: vec![
                GroupPair { id: some("sg-99999999"), name: None, owner: some("999999999999") },
                GroupPair { id: None, name: some("old"), owner: some("amazon-elb") },
                GroupPair::default(),
                GroupPair { name: some(""), ..GroupPair::default() },
                GroupPair { id: some(""), name: some("older"), owner: None },
            ],
        };
        let text = |rules: Vec<Traffic>| rules.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            text(permission.into_traffic(Direction::Inbound)),
            [
                "tcp 22 from 10.0.0.0/8",
                "tcp 22 from ::/0",
                "tcp 22 from pl-6da54004",
                "tcp 22 from 999999999999/sg-99999999",
                "tcp 22 from old",
                "tcp 22 from an unspecified peer",
                "tcp 22 from older",
            ]
        );
        assert_eq!(
            text(Permission::default().into_traffic(Direction::Outbound)),
            ["unknown protocol to an unspecified peer"]
        );
    }
}
