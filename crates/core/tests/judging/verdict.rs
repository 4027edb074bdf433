//! The table of docs/evaluation.md, case by case, and what must hold for any group.

use crate::common::*;
use defsg_core::group::Family;
use defsg_core::{
    ComplianceType, Direction, Exemptions, GroupIdentity, NotApplicable, Parameters, Peer, SecurityGroup,
    Traffic, Verdict, evaluate,
};
use proptest::prelude::*;

fn judge(group: &SecurityGroup) -> Verdict {
    evaluate(group, &account(), &Exemptions::default(), day("2026-11-22"))
}

fn annotation(rules: Vec<Traffic>) -> String {
    judge(&group(rules)).annotation().as_str().to_owned()
}

#[test]
fn a_default_group_without_rules_is_closed() {
    let verdict = judge(&group(vec![]));
    assert_eq!(verdict, Verdict::Closed);
    assert_eq!(ComplianceType::from(&verdict), ComplianceType::Compliant);
    assert_eq!(verdict.annotation().as_str(), "Closed: no inbound and no outbound rule.");
}

#[test]
fn one_rule_of_any_kind_makes_it_open() {
    let peers = [
        ipv4("10.0.0.1/32"),
        ipv6("fd00::/8"),
        Peer::PrefixList("pl-6da54004".to_owned()),
        reference("sg-99999999"),
        reference(id().as_str()),
        Peer::Unspecified,
    ];
    for peer in peers {
        for direction in [Direction::Inbound, Direction::Outbound] {
            let verdict = judge(&group(vec![rule(direction, "tcp", Some((22, 22)), peer.clone())]));
            let Verdict::Open(open) = &verdict else { panic!("{direction} {peer}: {verdict:?}") };
            assert_eq!(open.rules.keys().collect::<Vec<_>>(), [&(direction, peer.family())]);
            assert_eq!(ComplianceType::from(&verdict), ComplianceType::NonCompliant);
        }
    }
}

#[test]
fn the_annotation_counts_says_what_is_widest_and_whether_somebody_added_rules() {
    assert_eq!(
        annotation(stock()),
        "Open: 1 inbound and 2 outbound rules. Widest: all traffic from 012345678912/sg-0a1b2c3d4e5f60718; \
         all traffic to 0.0.0.0/0. Stock rules only."
    );
    assert_eq!(
        annotation(stock()[1..2].to_vec()),
        "Open: 1 outbound rule. Widest: all traffic to 0.0.0.0/0. Stock rules only."
    );
    let mut rules = stock();
    rules.push(rule(Direction::Inbound, "tcp", Some((22, 22)), ipv4("0.0.0.0/0")));
    rules.push(rule(Direction::Inbound, "tcp", Some((8000, 8999)), ipv6("2001:db8::/32")));
    assert_eq!(
        annotation(rules),
        "Open: 3 inbound and 2 outbound rules. Widest: tcp 22 from 0.0.0.0/0; all traffic to 0.0.0.0/0. \
         2 added to the stock rules."
    );
}

#[test]
fn the_widest_rule_is_the_one_that_lets_the_most_addresses_through_then_the_most_ports() {
    let inbound = |protocol, ports, peer| rule(Direction::Inbound, protocol, ports, peer);
    let from_widest = [
        inbound("-1", None, ipv4("0.0.0.0/0")),
        inbound("tcp", Some((0, 65535)), ipv4("0.0.0.0/0")),
        inbound("tcp", Some((22, 22)), ipv4("0.0.0.0/0")),
        inbound("-1", None, ipv6("::/0")),
        inbound("-1", None, ipv4("10.0.0.0/8")),
        inbound("-1", None, ipv6("2001:db8::/32")),
        inbound("-1", None, ipv4("192.0.2.1")),
        inbound("-1", None, ipv4("not a CIDR")),
        inbound("-1", None, Peer::PrefixList("pl-6da54004".to_owned())),
        inbound("-1", None, reference("sg-99999999")),
        inbound("-1", None, Peer::Unspecified),
    ];
    for pair in from_widest.windows(2) {
        assert_eq!(
            pair[0].by_breadth(&pair[1]),
            std::cmp::Ordering::Less,
            "{} is wider than {}",
            pair[0],
            pair[1]
        );
    }
}

#[test]
fn a_group_that_the_rule_is_not_about_is_not_applicable_and_says_why() {
    let named = GroupIdentity { name: "web".to_owned(), ..identity() };
    let classic = GroupIdentity { vpc: None, ..identity() };
    let shared = GroupIdentity { owner: "999999999999".parse().unwrap(), ..identity() };
    let cases = [
        (named, "Not a default security group: its name is web."),
        (classic, "The security group is in no VPC (EC2-Classic)."),
        (shared, "Account 999999999999 owns the security group (shared VPC)."),
    ];
    for (identity, why) in cases {
        let verdict = judge(&SecurityGroup { identity, ..group(stock()) });
        assert_eq!(ComplianceType::from(&verdict), ComplianceType::NotApplicable);
        assert_eq!(verdict.annotation().as_str(), why);
    }
}

#[test]
fn a_closed_group_is_closed_whatever_exempts_it() {
    let parameters = Parameters::parse([("exemptions", "012345678912 never sandbox")]).unwrap();
    assert_eq!(
        evaluate(&group(vec![]), &account(), &parameters.exemptions, day("2026-11-22")),
        Verdict::Closed
    );
    let open = evaluate(&group(stock()), &account(), &parameters.exemptions, day("2026-11-22"));
    assert!(matches!(open, Verdict::NotApplicable(NotApplicable::Exempt(_))), "{open:?}");
}

/// ICMP has types and codes, not ports.
#[test]
fn icmp_is_told_by_type_and_code_and_is_widest_where_it_is_all() {
    let icmp = |protocol, ports| rule(Direction::Inbound, protocol, ports, ipv4("0.0.0.0/0"));
    let from_widest = [
        (icmp("icmp", None), "icmp from 0.0.0.0/0"),
        (icmp("icmp", Some((-1, -1))), "icmp from 0.0.0.0/0"),
        (icmp("icmpv6", Some((-1, -1))), "icmpv6 from 0.0.0.0/0"),
        (icmp("icmp", Some((8, -1))), "icmp type 8 from 0.0.0.0/0"),
        (icmp("icmp", Some((3, 4))), "icmp type 3 code 4 from 0.0.0.0/0"),
    ];
    for pair in from_widest.windows(2) {
        assert_eq!(pair[0].0.by_breadth(&pair[1].0), std::cmp::Ordering::Less, "{:?}", pair[0]);
    }
    for (rule, text) in from_widest {
        assert_eq!(rule.to_string(), text);
    }
}

fn any_peer() -> impl Strategy<Value = Peer> {
    prop_oneof![
        any::<String>().prop_map(Peer::Ipv4),
        any::<String>().prop_map(Peer::Ipv6),
        any::<String>().prop_map(Peer::PrefixList),
        any::<String>().prop_map(|group| Peer::SecurityGroup {
            group: group.into(),
            owner: None,
            vpc: None,
            peering_connection: None,
        }),
        Just(Peer::Unspecified),
    ]
}

fn any_rule() -> impl Strategy<Value = Traffic> {
    let direction = prop_oneof![Just(Direction::Inbound), Just(Direction::Outbound)];
    (direction, any::<String>(), any::<Option<(i32, i32)>>(), any_peer())
        .prop_map(|(direction, protocol, ports, peer)| rule(direction, &protocol, ports, peer))
}

proptest! {
    #[test]
    fn any_rule_of_any_kind_is_never_closed(rules in prop::collection::vec(any_rule(), 1..20)) {
        let Verdict::Open(open) = judge(&group(rules.clone())) else { panic!("not open") };
        prop_assert_eq!(open.rules.values().map(Vec::len).sum::<usize>(), rules.len());
        prop_assert_eq!(open.count(Direction::Inbound) + open.count(Direction::Outbound), rules.len());
    }

    #[test]
    fn the_annotation_fits_whatever_the_rules_and_does_not_depend_on_their_order(
        rules in prop::collection::vec(any_rule(), 0..20),
    ) {
        let verdict = judge(&group(rules.clone()));
        prop_assert!((1..=256).contains(&verdict.annotation().as_str().chars().count()));
        let mut reversed = rules;
        reversed.reverse();
        prop_assert_eq!(judge(&group(reversed)).annotation(), verdict.annotation());
    }

    #[test]
    fn rules_are_counted_under_their_own_family(peer in any_peer()) {
        let family: Family = peer.family();
        let Verdict::Open(open) = judge(&group(vec![rule(Direction::Inbound, "-1", None, peer)])) else { panic!("not open") };
        prop_assert_eq!(open.rules.keys().next(), Some(&(Direction::Inbound, family)));
    }
}
