//! A group, its rules, and the operator's settings.

use std::collections::BTreeMap;

use defsg_core::SecurityGroupId;
use defsg_core::backup::Backup;
use defsg_core::fingerprint::Fingerprint;
use defsg_core::plan::{Request, Settings};
use defsg_core::ports::memory_remediation::MemoryGroup;
use defsg_core::rule_set::{GroupState, Ports, RulePeer, SecurityGroupRule};
use defsg_core::security_group::{Direction, Protocol};
use defsg_remediation::{Answer, RemediationError, close, plan, restore};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::faulty::Faulty;

pub(crate) const NOW: OffsetDateTime = datetime!(2026-11-22 06:51:00.123 UTC);

pub(crate) fn id() -> SecurityGroupId {
    "sg-0a1b2c3d4e5f60718".parse().unwrap()
}

pub(crate) fn settings() -> Settings {
    Settings {
        account: "012345678912".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
        exemptions: Default::default(),
        required: Default::default(),
        reopening: Default::default(),
    }
}

pub(crate) fn group(rules: Vec<SecurityGroupRule>) -> GroupState {
    GroupState {
        id: id(),
        name: "default".to_owned(),
        description: "default VPC security group".to_owned(),
        owner: "012345678912".parse().unwrap(),
        vpc: Some("vpc-0123456789abcdef0".parse().unwrap()),
        tags: [("Name".to_owned(), "shared".to_owned())].into(),
        rules,
    }
}

pub(crate) fn ipv4(cidr: &str) -> RulePeer {
    RulePeer::Ipv4 { cidr: cidr.to_owned() }
}

pub(crate) fn reference(group: &str) -> RulePeer {
    RulePeer::SecurityGroup {
        group_id: group.parse().unwrap(),
        owner: Some("012345678912".parse().unwrap()),
        vpc_id: None,
        peering_connection_id: None,
    }
}

pub(crate) fn rule(number: u64, direction: Direction, peer: RulePeer) -> SecurityGroupRule {
    SecurityGroupRule {
        rule_id: format!("sgr-{number:017x}").parse().unwrap(),
        direction,
        protocol: Protocol::from("tcp"),
        ports: Some(Ports { from: 443, to: 443 }),
        peer,
        description: None,
        tags: BTreeMap::new(),
    }
}

/// Rules of every kind: the stock ones, and those that people add.
pub(crate) fn rules() -> Vec<SecurityGroupRule> {
    let stock = |number, direction, peer| SecurityGroupRule {
        protocol: Protocol::All,
        ports: None,
        ..rule(number, direction, peer)
    };
    let peered = RulePeer::SecurityGroup {
        group_id: "sg-0123456789abcdef0".parse().unwrap(),
        owner: Some("111122223333".parse().unwrap()),
        vpc_id: Some("vpc-0fedcba9876543210".parse().unwrap()),
        peering_connection_id: Some("pcx-0a1b2c3d4e5f60718".to_owned()),
    };
    vec![
        stock(1, Direction::Inbound, reference("sg-0a1b2c3d4e5f60718")),
        SecurityGroupRule {
            description: Some("本社の事務所".to_owned()),
            tags: [("team".to_owned(), "platform".to_owned())].into(),
            ..rule(2, Direction::Inbound, ipv4("203.0.113.0/24"))
        },
        rule(3, Direction::Inbound, peered),
        stock(4, Direction::Outbound, ipv4("0.0.0.0/0")),
        stock(5, Direction::Outbound, RulePeer::Ipv6 { cidr: "::/0".to_owned() }),
        rule(6, Direction::Outbound, RulePeer::PrefixList { prefix_list_id: "pl-6da54004".to_owned() }),
    ]
}

/// An AWS with one open group that nothing uses.
pub(crate) fn open() -> Faulty {
    Faulty::new(MemoryGroup::new(group(rules())))
}

pub(crate) type Outcome = Result<Answer, RemediationError>;

pub(crate) async fn close_at(aws: &Faulty, now: OffsetDateTime) -> Outcome {
    close(aws, aws, &id(), &Request::default(), &settings(), now).await
}

pub(crate) async fn close_now(aws: &Faulty) -> Outcome {
    close_at(aws, NOW).await
}

pub(crate) async fn close_by_force(aws: &Faulty) -> Outcome {
    close(aws, aws, &id(), &Request { force: true, planned: None }, &settings(), NOW).await
}

pub(crate) async fn close_planned(aws: &Faulty, planned: Fingerprint) -> Outcome {
    let request = Request { force: false, planned: Some(planned) };
    close(aws, aws, &id(), &request, &settings(), NOW + Duration::minutes(1)).await
}

pub(crate) async fn plan_now(aws: &Faulty) -> Answer {
    plan(aws, Some(aws), &id(), &Request::default(), &settings(), NOW).await.unwrap()
}

pub(crate) async fn restore_from(aws: &Faulty, uri: &str) -> Outcome {
    restore(aws, aws, &id(), uri, &settings()).await
}

/// The backups in the store, from the oldest to the newest, by their URIs.
pub(crate) fn backups(aws: &Faulty) -> Vec<(String, Backup)> {
    let world = aws.world();
    let read =
        |(key, bytes): (&String, &Vec<u8>)| (format!("s3://memory/{key}"), Backup::read(bytes).unwrap());
    world.objects.iter().map(read).collect()
}

pub(crate) fn standing(aws: &Faulty) -> Vec<SecurityGroupRule> {
    aws.world().group.as_ref().unwrap().rules.clone()
}

/// Asserts that nothing was changed: no rule gone, no backup made.
pub(crate) fn assert_untouched(aws: &Faulty) {
    assert_eq!(standing(aws), rules());
    assert!(aws.world().objects.is_empty(), "a backup was made");
    assert!(!aws.calls().contains(&"revoke_rules"), "{:?}", aws.calls());
}
