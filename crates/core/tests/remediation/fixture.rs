//! Rules and a backup for the tests.

use defsg_core::backup::{Backup, BackupKey, Forced};
use defsg_core::dependent::{Dependent, Unknown};
use defsg_core::fingerprint::Fingerprint;
use defsg_core::rule_set::{Ports, RulePeer, SecurityGroupRule};
use defsg_core::security_group::{Direction, Protocol};
use time::macros::datetime;

pub(crate) fn rule(number: u64, direction: Direction, peer: RulePeer) -> SecurityGroupRule {
    SecurityGroupRule {
        rule_id: format!("sgr-{number:017x}").parse().unwrap(),
        direction,
        protocol: Protocol::from("tcp"),
        ports: Some(Ports { from: 443, to: 443 }),
        peer,
        description: None,
        tags: [].into(),
    }
}

pub(crate) fn ipv4(cidr: &str) -> RulePeer {
    RulePeer::Ipv4 { cidr: cidr.to_owned() }
}

/// Rules of every kind, with everything that a rule can have.
pub(crate) fn rules() -> Vec<SecurityGroupRule> {
    let peered = RulePeer::SecurityGroup {
        group_id: "sg-0123456789abcdef0".parse().unwrap(),
        owner: Some("111122223333".parse().unwrap()),
        vpc_id: Some("vpc-0fedcba9876543210".parse().unwrap()),
        peering_connection_id: Some("pcx-0a1b2c3d4e5f60718".to_owned()),
    };
    vec![
        SecurityGroupRule {
            description: Some("本社 \"HQ\" \\ 1".to_owned()),
            tags: [("team", "platform"), ("aws:cloudformation:stack-name", "net")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
            ..rule(1, Direction::Inbound, ipv4("203.0.113.0/24"))
        },
        rule(2, Direction::Inbound, peered),
        SecurityGroupRule {
            protocol: Protocol::from("icmp"),
            ports: Some(Ports { from: -1, to: -1 }),
            ..rule(3, Direction::Inbound, RulePeer::Ipv6 { cidr: "2001:db8::/32".to_owned() })
        },
        SecurityGroupRule {
            protocol: Protocol::All,
            ports: None,
            ..rule(4, Direction::Outbound, RulePeer::PrefixList { prefix_list_id: "pl-6da54004".to_owned() })
        },
    ]
}

/// A backup with every field.
pub(crate) fn backup() -> Backup {
    let user = Dependent::launch_template("lt-0123456789abcdef0", "web", 3, "default");
    let unknown =
        Unknown { source: "config-relationships".to_owned(), why: "denied".to_owned(), required: true };
    Backup {
        account: "012345678912".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
        vpc_id: "vpc-0123456789abcdef0".parse().unwrap(),
        group_id: "sg-0a1b2c3d4e5f60718".parse().unwrap(),
        group_name: "default".to_owned(),
        group_description: "default VPC security group".to_owned(),
        group_tags: [("Name".to_owned(), "shared".to_owned())].into(),
        taken: datetime!(2026-11-22 06:51:00.120 UTC),
        fingerprint: Fingerprint::of(&rules()),
        rules: rules(),
        reason: "sg-0a1b2c3d4e5f60718 has 3 inbound and 1 outbound rules.".to_owned(),
        continues: Some(BackupKey::new("012345678912/eu-west-1/sg-0a1b2c3d4e5f60718/x.json".to_owned())),
        forced: Some(Forced { dependents: vec![user], unknown: vec![unknown] }),
    }
}
