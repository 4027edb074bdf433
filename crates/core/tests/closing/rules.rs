//! Rules and their fingerprint.

use defsg_core::group::traffic::NoRange;
use defsg_core::group::{Fingerprint, GroupName, NotRepeatable, Ports, Protocol, merge};
use defsg_core::{Direction, Peer, SecurityGroupRule, Traffic};
use proptest::prelude::*;

use crate::fixture::*;

/// Keeps the canonical form what it is: a fingerprint of last year must still be one. Made by hand, as docs/backup.md
/// says:
/// `printf '%s' '["inbound","tcp",443,443,"ipv4","10.0.0.0/8","",[]]' | sha256sum`
#[test]
fn the_fingerprint_is_the_sha_256_that_the_docs_describe() {
    let of = |rules: &[SecurityGroupRule]| Fingerprint::of(rules).to_string();
    assert_eq!(
        of(&[rule(1, traffic(Direction::Inbound, ipv4("10.0.0.0/8")))]),
        "v1:e78665051dacb9bb2af8be04328f5c2ca36171308322d10b84f7588aa6f55426"
    );
    assert_eq!(of(&rules()), "v1:54af10d17a0dc8693605b669e9cf2a85c452c82e2d02e9022c1ad53b2837af18");
    assert_eq!(of(&[]), "v1:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

#[test]
fn a_fingerprint_tells_apart_whatever_a_restore_brings_back_and_nothing_else() {
    let before =
        rule(1, traffic(Direction::Inbound, Peer::group("sg-0123456789abcdef0".parse().unwrap(), None)));
    let same: [fn(&mut SecurityGroupRule); 3] = [
        |rule| rule.id = "sgr-0123456789abcdef0".parse().unwrap(),
        |rule| rule.tags = [("aws:cloudformation:stack-id".to_owned(), "x".to_owned())].into(),
        |rule| {
            let Peer::SecurityGroup { owner, vpc, peering_connection, .. } = &mut rule.traffic.peer else {
                return;
            };
            *owner = Some("111122223333".parse().unwrap());
            *vpc = Some("vpc-0fedcba9876543210".parse().unwrap());
            *peering_connection = Some("pcx-1".to_owned());
        },
    ];
    let other: [fn(&mut SecurityGroupRule); 8] = [
        |rule| rule.traffic.direction = Direction::Outbound,
        |rule| rule.traffic.protocol = Protocol::from("udp"),
        |rule| rule.traffic.protocol = Protocol::All,
        |rule| rule.traffic.ports = None,
        |rule| rule.traffic.ports = Some(Ports { from: 443, to: 444 }),
        |rule| rule.traffic.peer = Peer::PrefixList("sg-0123456789abcdef0".to_owned()),
        |rule| rule.description = Some("x".to_owned()),
        |rule| rule.tags = [("team".to_owned(), "x".to_owned())].into(),
    ];
    let changed = |change: &fn(&mut SecurityGroupRule)| {
        let mut after = before.clone();
        change(&mut after);
        assert_eq!(
            Fingerprint::of([&before]) == Fingerprint::of([&after]),
            before.is_equivalent(&after),
            "{after:?}"
        );
        Fingerprint::of([&before]) != Fingerprint::of([&after])
    };
    assert!(!same.iter().any(changed));
    assert!(other.iter().all(changed));
}

#[test]
fn a_fingerprint_that_is_none_is_refused() {
    let fingerprint = Fingerprint::of(&rules());
    assert_eq!(fingerprint.as_str().parse(), Ok(fingerprint.clone()));
    for text in ["", "v1:", "v2:", &fingerprint.as_str()[3..], &fingerprint.as_str()[..66]] {
        assert!(text.parse::<Fingerprint>().is_err(), "{text}");
    }
    assert!(fingerprint.as_str().to_uppercase().parse::<Fingerprint>().is_err());
}

#[test]
fn ports_are_what_the_protocol_has() {
    for (protocol, from, to, ports) in [
        ("tcp", Some(22), Some(22), Some((22, 22))),
        ("tcp", Some(0), Some(65_535), Some((0, 65_535))),
        ("-1", Some(-1), Some(-1), None),
        ("-1", Some(0), Some(65_535), None),
        ("50", Some(-1), Some(-1), None),
        ("icmp", Some(-1), Some(-1), Some((-1, -1))),
        ("icmp", Some(8), Some(-1), Some((8, -1))),
        ("icmpv6", Some(-1), Some(-1), Some((-1, -1))),
        ("50", None, None, None),
        ("-1", None, None, None),
    ] {
        let found = Ports::whole(&Protocol::from(protocol), from, to).unwrap();
        assert_eq!(found.map(|ports| (ports.from, ports.to)), ports, "{protocol} {from:?} {to:?}");
    }
}

#[test]
fn half_a_range_of_ports_and_none_at_all_where_there_must_be_one_are_errors() {
    for (protocol, from, to) in [
        ("tcp", None, None),
        ("udp", None, None),
        ("6", None, None),
        ("17", None, None),
        ("tcp", Some(-1), Some(-1)),
        ("tcp", Some(22), None),
        ("-1", None, Some(22)),
        ("icmp", Some(8), None),
    ] {
        let found = Ports::whole(&Protocol::from(protocol), from, to);
        assert_eq!(found, Err(NoRange), "{protocol} {from:?} {to:?}");
    }
}

/// What is only judged is shown as far as it is known.
#[test]
fn ports_that_are_not_whole_are_judged_as_far_as_they_go() {
    for (protocol, from, to, ports) in [
        ("tcp", Some(22), Some(22), Some((22, 22))),
        ("tcp", Some(-1), Some(-1), Some((-1, -1))),
        ("tcp", None, None, None),
        ("tcp", Some(22), None, None),
        ("-1", Some(-1), Some(-1), None),
        ("icmp", Some(8), Some(-1), Some((8, -1))),
    ] {
        let found = Ports::as_far_as_known(&Protocol::from(protocol), from, to);
        assert_eq!(found.map(|ports| (ports.from, ports.to)), ports, "{protocol} {from:?} {to:?}");
    }
}

#[test]
fn traffic_that_no_call_would_make_again_makes_no_rule() {
    let id = || "sgr-0123456789abcdef0".parse().unwrap();
    let unnamed = Peer::SecurityGroup {
        group: GroupName::Other("old".to_owned()),
        owner: None,
        vpc: None,
        peering_connection: None,
    };
    for (peer, why) in [(Peer::Unspecified, NotRepeatable::Peer), (unnamed, NotRepeatable::GroupId)] {
        let traffic: Traffic = traffic(Direction::Inbound, peer);
        assert_eq!(SecurityGroupRule::new(id(), traffic), Err(why));
    }
}

#[test]
fn the_newer_of_two_rules_for_the_same_traffic_or_with_the_same_id_counts() {
    let old = rule(1, traffic(Direction::Inbound, ipv4("10.0.0.0/8")));
    let other = rule(2, traffic(Direction::Inbound, ipv4("192.0.2.0/24")));
    let altered = rule(1, traffic(Direction::Inbound, ipv4("10.0.0.0/16")));
    let again = rule(3, traffic(Direction::Inbound, ipv4("10.0.0.0/8")));
    let older = [old, other.clone()];
    assert_eq!(merge(&older, std::slice::from_ref(&altered)), [other.clone(), altered]);
    assert_eq!(merge(&older, std::slice::from_ref(&again)), [other, again]);
    assert_eq!(merge(&older, &[]), older);
}

proptest! {
    #[test]
    fn the_order_of_the_rules_does_not_matter(shuffled in Just(rules()).prop_shuffle()) {
        prop_assert_eq!(Fingerprint::of(&shuffled), Fingerprint::of(&rules()));
    }
}
