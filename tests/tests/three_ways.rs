//! The same group gets the same result on a change, on a change that is too large for its notification, and
//! on a schedule. The first two read it as AWS Config writes it, in any of its ways, and the third as EC2
//! does.

use defsg_e2e::ACCOUNT;
use defsg_e2e::events::Event;
use defsg_e2e::fake::{Data, Fake, Group, Pair, Permission, Shape, TOKEN};
use defsg_e2e::rie::Rie;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

/// The group of the sample of an oversized change, and its capture time as a text and in epoch seconds.
const GROUP: &str = "sg-0f1e2d3c4b5a69788";
const CAPTURED: &str = "2026-11-20T08:15:27.412Z";
const CAPTURED_SECONDS: f64 = 1_795_162_527.412;

/// The key of the tag that exempts.
const TAG: &str = "defsg:exempt";

const PROTOCOLS: [&str; 8] = ["-1", "tcp", "udp", "icmp", "icmpv6", "6", "47", "58"];
const IPV4: [&str; 5] = ["0.0.0.0/0", "10.0.0.0/8", "203.0.113.0/24", "192.0.2.7/32", "128.0.0.0/1"];
const IPV6: [&str; 4] = ["::/0", "2001:db8::/32", "fd00::/8", "2001:db8::1/128"];
const PREFIX_LISTS: [&str; 2] = ["pl-6da54004", "pl-0123456789abcdef0"];
const GROUPS: [&str; 2] = [GROUP, "sg-0123456789abcdef0"];
const OWNERS: [&str; 2] = [ACCOUNT, "111122223333"];

fn some(of: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    subsequence(of, 0..=of.len().min(3)).prop_map(|some| some.into_iter().map(str::to_owned).collect())
}

fn maybe(of: &'static [&'static str]) -> impl Strategy<Value = Option<String>> {
    option::of(select(of).prop_map(str::to_owned))
}

fn ports() -> impl Strategy<Value = Option<(i32, i32)>> {
    let any = (0..=65_535, 0..=65_535).prop_map(|(a, b): (i32, i32)| (a.min(b), a.max(b)));
    let one = (0..=65_535).prop_map(|port| (port, port));
    option::of(prop_oneof![Just((-1, -1)), Just((0, 65_535)), Just((8, -1)), Just((3, 4)), one, any])
}

/// A pair with an id, a name, both or neither.
fn pair() -> impl Strategy<Value = Pair> {
    (maybe(&GROUPS), maybe(&["web"]), maybe(&OWNERS)).prop_map(|(id, name, owner)| Pair { id, name, owner })
}

/// A permission with peers of every kind, of one kind, or of none.
fn permission() -> impl Strategy<Value = Permission> {
    let peers = (some(&IPV4), some(&IPV6), some(&PREFIX_LISTS), vec(pair(), 0..=2));
    (select(&PROTOCOLS), ports(), peers, 0..=5).prop_map(|(protocol, ports, peers, kind)| {
        let (ipv4, ipv6, prefix_lists, pairs) = peers;
        let none = Permission { protocol: protocol.to_owned(), ports, ..Permission::default() };
        match kind {
            0 => none,
            1 => Permission { ipv4, ..none },
            2 => Permission { ipv6, ..none },
            3 => Permission { prefix_lists, ..none },
            4 => Permission { pairs, ..none },
            _ => Permission { ipv4, ipv6, prefix_lists, pairs, ..none },
        }
    })
}

fn group() -> impl Strategy<Value = Group> {
    let exemption = option::weighted(0.3, select(&["2031-12-31 why", "2020-01-31 over", "soon"]));
    let tags = (any::<bool>(), exemption).prop_map(|(named, exemption)| {
        let name = named.then_some(("Name", "shared"));
        name.into_iter().chain(exemption.map(|value| (TAG, value))).collect()
    });
    // The annotation names the widest rule of each direction only: few permissions show more of each.
    let permission = || (any::<bool>(), permission());
    let permissions = prop_oneof![vec(permission(), 0..=2), vec(permission(), 0..=8)];
    (permissions, tags).prop_map(|(permissions, tags)| {
        let mut group = Group { tags, ..Group::closed(GROUP) };
        for (is_inbound, permission) in permissions {
            let list = if is_inbound { &mut group.inbound } else { &mut group.outbound };
            list.push(permission);
        }
        group
    })
}

fn shape() -> impl Strategy<Value = Shape> {
    any::<[bool; 4]>().prop_map(|[float_ports, nulls, ipv4_ranges, prefix_list_objects]| Shape {
        float_ports,
        nulls,
        ipv4_ranges,
        prefix_list_objects,
    })
}

/// The event of a change to the group as AWS Config writes it.
fn change(group: &Group, shape: Shape) -> Event {
    let mut event = Event::sample("closed").group(&group.configuration(shape), CAPTURED);
    event.item()["tags"] = group.tags.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
    event
}

/// The compliance type and the annotation that AWS Config was sent of the one group.
fn judge(aws: &Fake, function: &Rie, event: Event) -> Result<(String, String), TestCaseError> {
    let parameters = json!({"exemptionTagKey": TAG, "maxExemptionDays": "3650"});
    aws.reset();
    let answer = function.invoke(&event.token(TOKEN).parameters(&parameters).payload());
    match aws.evaluations().as_slice() {
        [put] if put["ComplianceResourceId"] == GROUP => {
            let text = |member: &str| put[member].as_str().unwrap_or_default().to_owned();
            Ok((text("ComplianceType"), text("Annotation")))
        }
        other => Err(TestCaseError::fail(format!("not one evaluation of the group: {other:?} {answer:?}"))),
    }
}

#[test]
fn a_group_is_judged_alike_on_a_change_on_an_oversized_change_and_on_a_schedule() {
    let aws = Fake::start(Data::default());
    let function = Rie::evaluator(&aws.url(), &[]);
    let cases = Config { cases: 200, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(cases).run(&(group(), shape(), shape()), |(group, shape, other)| {
        aws.data(|data| {
            data.history = vec![group.history_item_as(CAPTURED_SECONDS, other)];
            data.groups = vec![group.clone()];
        });
        let on_change = judge(&aws, &function, change(&group, shape))?;
        let on_oversized_change = judge(&aws, &function, Event::sample("oversized"))?;
        let on_schedule = judge(&aws, &function, Event::sample("scheduled"))?;
        prop_assert_eq!(&on_change, &on_oversized_change, "a change, an oversized change");
        prop_assert_eq!(&on_change, &on_schedule, "a change, a schedule");
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}
