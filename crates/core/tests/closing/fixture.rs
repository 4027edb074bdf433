//! Rules for the tests.

use defsg_core::group::{GroupName, Ports, Protocol};
use defsg_core::{Direction, Peer, SecurityGroupRule, Traffic};

pub(crate) fn traffic(direction: Direction, peer: Peer) -> Traffic {
    let ports = Some(Ports { from: 443, to: 443 });
    Traffic { direction, protocol: Protocol::from("tcp"), ports, peer }
}

pub(crate) fn rule(number: u64, traffic: Traffic) -> SecurityGroupRule {
    SecurityGroupRule::new(format!("sgr-{number:017x}").parse().unwrap(), traffic).unwrap()
}

pub(crate) fn ipv4(cidr: &str) -> Peer {
    Peer::Ipv4(cidr.to_owned())
}

/// Rules of every kind, with everything that a rule can have.
pub(crate) fn rules() -> Vec<SecurityGroupRule> {
    let peered = Peer::SecurityGroup {
        group: GroupName::Id("sg-0123456789abcdef0".parse().unwrap()),
        owner: Some("111122223333".parse().unwrap()),
        vpc: Some("vpc-0fedcba9876543210".parse().unwrap()),
        peering_connection: Some("pcx-0a1b2c3d4e5f60718".to_owned()),
    };
    let icmp = Traffic {
        protocol: Protocol::from("icmp"),
        ports: Some(Ports { from: -1, to: -1 }),
        ..traffic(Direction::Inbound, Peer::Ipv6("2001:db8::/32".to_owned()))
    };
    let all = Traffic {
        protocol: Protocol::All,
        ports: None,
        ..traffic(Direction::Outbound, Peer::PrefixList("pl-6da54004".to_owned()))
    };
    vec![
        SecurityGroupRule {
            description: Some("本社 \"HQ\" \\ 1".to_owned()),
            tags: [("team", "platform"), ("aws:cloudformation:stack-name", "net")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
            ..rule(1, traffic(Direction::Inbound, ipv4("203.0.113.0/24")))
        },
        rule(2, traffic(Direction::Inbound, peered)),
        rule(3, icmp),
        rule(4, all),
    ]
}
