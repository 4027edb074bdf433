//! A group, its rules, and the operator's settings.

use std::collections::BTreeMap;

use defsg_core::close::backup::Backup;
use defsg_core::close::dependent::{Dependent, LaunchTemplateVersion, Role};
use defsg_core::close::plan::{Request, Settings};
use defsg_core::close::source::{RequiredSources, Source};
use defsg_core::close::survey::{Found, Unsure};
use defsg_core::documents;
use defsg_core::documents::answer::v1::Answer;
use defsg_core::documents::shared::v1::{self, Rule};
use defsg_core::group::{
    Direction, Fingerprint, GroupState, Peer, Ports, Protocol, SecurityGroupRule, Traffic,
};
use defsg_core::group::{GroupIdentity, GroupName};
use defsg_core::ports::memory::MemoryGroup;
use defsg_core::ports::memory::group::{SOURCES, World};
use defsg_core::{Place, SecurityGroupId};
use defsg_remediation::{RemediationError, close, plan, restore};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::faulty::Faulty;

pub(crate) const NOW: OffsetDateTime = datetime!(2026-11-22 06:51:00.123 UTC);

pub(crate) const NETWORK_INTERFACES: Source = Source::new("network-interfaces");
pub(crate) const SECURITY_GROUP_RULES: Source = Source::new("security-group-rules");
pub(crate) const LAUNCH_TEMPLATES: Source = Source::new("launch-templates");
pub(crate) const RELATIONSHIPS: Source = Source::new("config-relationships");
pub(crate) const CODE_BUILD: Source = Source::new("config:AWS::CodeBuild::Project");

pub(crate) fn id() -> SecurityGroupId {
    "sg-0a1b2c3d4e5f60718".parse().unwrap()
}

pub(crate) fn place() -> Place {
    Place::parse("aws", "012345678912", "eu-west-1").unwrap()
}

pub(crate) fn settings() -> Settings {
    Settings {
        place: place(),
        exemptions: Default::default(),
        required: RequiredSources::every(&SOURCES),
        reopening: Default::default(),
    }
}

pub(crate) fn group(rules: Vec<SecurityGroupRule>) -> GroupState {
    let identity = GroupIdentity {
        id: id(),
        name: "default".to_owned(),
        description: "default VPC security group".to_owned(),
        owner: "012345678912".parse().unwrap(),
        vpc: Some("vpc-0123456789abcdef0".parse().unwrap()),
        tags: [("Name".to_owned(), "shared".to_owned())].into(),
    };
    GroupState { identity, rules }
}

pub(crate) fn ipv4(cidr: &str) -> Peer {
    Peer::Ipv4(cidr.to_owned())
}

pub(crate) fn reference(group: &str) -> Peer {
    Peer::group(group.parse().unwrap(), Some("012345678912".parse().unwrap()))
}

pub(crate) fn rule(number: u64, direction: Direction, peer: Peer) -> SecurityGroupRule {
    SecurityGroupRule {
        id: format!("sgr-{number:017x}").parse().unwrap(),
        traffic: Traffic {
            direction,
            protocol: Protocol::from("tcp"),
            ports: Some(Ports { from: 443, to: 443 }),
            peer,
        },
        description: None,
        tags: BTreeMap::new(),
    }
}

/// Rules of every kind: the stock ones, and those that people add.
pub(crate) fn rules() -> Vec<SecurityGroupRule> {
    let stock = |number, direction, peer| {
        let rule = rule(number, direction, peer);
        let traffic = Traffic { protocol: Protocol::All, ports: None, ..rule.traffic };
        SecurityGroupRule { traffic, ..rule }
    };
    let peered = Peer::SecurityGroup {
        group: GroupName::Id("sg-0123456789abcdef0".parse().unwrap()),
        owner: Some("111122223333".parse().unwrap()),
        vpc: Some("vpc-0fedcba9876543210".parse().unwrap()),
        peering_connection: Some("pcx-0a1b2c3d4e5f60718".to_owned()),
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
        stock(5, Direction::Outbound, Peer::Ipv6("::/0".to_owned())),
        rule(6, Direction::Outbound, Peer::PrefixList("pl-6da54004".to_owned())),
    ]
}

pub(crate) fn ssh() -> SecurityGroupRule {
    rule(99, Direction::Inbound, ipv4("198.51.100.7/32"))
}

pub(crate) fn template() -> Dependent {
    Dependent::LaunchTemplate(LaunchTemplateVersion {
        template: "lt-0123456789abcdef0".to_owned(),
        name: "web".to_owned(),
        version: 3,
        role: Role::Default,
    })
}

/// Lets a source tell of this.
pub(crate) fn tell(world: &mut World, source: Source, found: impl Into<Found>) {
    world.survey.insert(source, Ok(found.into()));
}

/// Lets a source not be able to tell, for this reason.
pub(crate) fn unsure(world: &mut World, source: Source, why: &str) {
    world.survey.insert(source, Err(Unsure::NotRecording(why.to_owned())));
}

/// Rules as an answer has them.
pub(crate) fn written(rules: &[SecurityGroupRule]) -> Vec<Rule> {
    v1::rules(rules)
}

/// Something that uses the group, as an answer has it.
pub(crate) fn told(kind: &str, id: &str, name: &str, source: Source) -> v1::Dependent {
    let (kind, id, name) = (kind.to_owned(), id.to_owned(), name.to_owned());
    v1::Dependent { kind, id, name, source: source.to_string() }
}

/// [`template`] as an answer has it.
pub(crate) fn told_template() -> v1::Dependent {
    let name = "launch template web, version 3 (default)";
    told("launch-template", "lt-0123456789abcdef0", name, LAUNCH_TEMPLATES)
}

/// An AWS with one open group that nothing uses.
pub(crate) fn open() -> Faulty {
    Faulty::new(MemoryGroup::new(group(rules())))
}

pub(crate) type Outcome = Result<Answer, RemediationError>;

pub(crate) async fn close_as(
    aws: &Faulty,
    request: &Request,
    settings: &Settings,
    now: OffsetDateTime,
) -> Outcome {
    close(aws, aws, &id(), request, settings, now).await.map(|answer| Answer::from(&answer))
}

pub(crate) async fn close_at(aws: &Faulty, now: OffsetDateTime) -> Outcome {
    close_as(aws, &Request::default(), &settings(), now).await
}

pub(crate) async fn close_now(aws: &Faulty) -> Outcome {
    close_at(aws, NOW).await
}

pub(crate) async fn close_by_force(aws: &Faulty) -> Outcome {
    close_as(aws, &Request { force: true, planned: None }, &settings(), NOW).await
}

pub(crate) async fn close_planned(aws: &Faulty, planned: Fingerprint) -> Outcome {
    let request = Request { force: false, planned: Some(planned) };
    close_as(aws, &request, &settings(), NOW + Duration::minutes(1)).await
}

pub(crate) async fn plan_with(aws: &Faulty, settings: &Settings, now: OffsetDateTime) -> Answer {
    let answer = plan(aws, Some(aws), &id(), &Request::default(), settings, now).await.unwrap();
    Answer::from(&answer)
}

pub(crate) async fn plan_now(aws: &Faulty) -> Answer {
    plan_with(aws, &settings(), NOW).await
}

pub(crate) async fn restore_from(aws: &Faulty, uri: &str) -> Outcome {
    restore(aws, aws, &id(), uri, &settings()).await.map(|answer| Answer::from(&answer))
}

/// The backups in the store, from the oldest to the newest, by their URIs.
pub(crate) fn backups(aws: &Faulty) -> Vec<(String, Backup)> {
    let world = aws.world();
    let read = |(key, bytes): (&String, &Vec<u8>)| {
        (format!("s3://memory/{key}"), documents::backup::read(bytes).unwrap().1)
    };
    world.objects.iter().map(read).collect()
}

pub(crate) fn standing(aws: &Faulty) -> Vec<SecurityGroupRule> {
    aws.world().group.as_ref().unwrap().rules.clone()
}

/// The group itself, to change it.
pub(crate) fn identity(world: &mut World) -> &mut GroupIdentity {
    &mut world.group.as_mut().unwrap().identity
}

/// Asserts that nothing was changed: no rule gone, no backup made.
pub(crate) fn assert_untouched(aws: &Faulty) {
    assert_eq!(standing(aws), rules());
    assert!(aws.world().objects.is_empty(), "a backup was made");
    assert!(!aws.calls().contains(&"revoke_rules"), "{:?}", aws.calls());
}
