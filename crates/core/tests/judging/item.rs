//! Configuration items as Config has written them over the years, and garbage.

use crate::common::{account, day};
use defsg_core::judge::item::{Item, ItemStatus};
use defsg_core::{ComplianceType, Direction, Exemptions, SecurityGroup, Verdict};
use proptest::prelude::*;
use serde_json::{Value, json};
use time::macros::datetime;

fn item(configuration: Value) -> Item {
    Item {
        resource_type: "AWS::EC2::SecurityGroup".to_owned(),
        resource_id: "sg-6c7fa917".to_owned(),
        account: account(),
        captured: datetime!(2026-11-22 06:00 UTC),
        status: ItemStatus::Existing,
        configuration,
    }
}

fn closed() -> Value {
    json!({
        "groupName": "default", "groupId": "sg-6c7fa917", "ownerId": "012345678912", "vpcId": "vpc-d2d616b5",
        "description": "default VPC security group", "tags": [], "ipPermissions": [], "ipPermissionsEgress": [],
    })
}

fn with(field: &str, value: Value) -> Value {
    let mut configuration = closed();
    configuration[field] = value;
    configuration
}

fn group(configuration: Value) -> SecurityGroup {
    item(configuration).security_group().unwrap()
}

fn inbound(permission: Value) -> Vec<String> {
    group(with("ipPermissions", json!([permission]))).rules.iter().map(ToString::to_string).collect()
}

fn compliance(item: &Item, left_scope: bool) -> ComplianceType {
    let verdict: Verdict = item.judge(left_scope, &Exemptions::default(), day("2026-11-22")).unwrap();
    ComplianceType::from(&verdict)
}

#[test]
fn the_configuration_may_be_an_object_or_a_json_string() {
    assert_eq!(group(closed()), group(Value::String(closed().to_string())));
    assert!(item(Value::String(format!("{} x", closed()))).security_group().is_err());
}

#[test]
fn ports_may_be_absent_null_integers_or_floats() {
    let tcp = |from: Value, to: Value| json!({"ipProtocol": "tcp", "fromPort": from, "toPort": to, "ipRanges": ["10.0.0.0/8"]});
    assert_eq!(inbound(tcp(json!(22), json!(22.0))), ["tcp 22 from 10.0.0.0/8"]);
    assert_eq!(inbound(tcp(Value::Null, Value::Null)), ["tcp from 10.0.0.0/8"]);
    assert_eq!(
        inbound(json!({"ipProtocol": "-1", "ipRanges": ["10.0.0.0/8"]})),
        ["all traffic from 10.0.0.0/8"]
    );
    assert_eq!(inbound(tcp(json!(-1), json!(-1))), ["tcp -1 from 10.0.0.0/8"]);
    for bad in [json!("22"), json!(22.5), json!(65536), json!(-2), json!([22]), json!(1e300)] {
        assert!(
            item(with("ipPermissions", json!([tcp(bad.clone(), json!(22))]))).security_group().is_err(),
            "{bad}"
        );
    }
}

#[test]
fn every_kind_of_peer_is_one_rule_and_the_two_ways_to_write_an_ipv4_range_are_one() {
    let rules = inbound(json!({
        "ipProtocol": "udp", "fromPort": 53, "toPort": 54,
        "ipRanges": ["10.0.0.0/8", "192.0.2.0/24"],
        "ipv4Ranges": [{"cidrIp": "10.0.0.0/8", "description": "office"}],
        "ipv6Ranges": [{"cidrIpv6": "::/0"}],
        "prefixListIds": [{"prefixListId": "pl-6da54004"}, "pl-63a5400a"],
        "userIdGroupPairs": [
            {"groupId": "sg-99999999", "userId": "999999999999", "groupName": null, "vpcPeeringConnectionId": null},
            {"groupId": null, "groupName": "old", "userId": null},
            {"groupId": null},
        ],
    }));
    assert_eq!(
        rules,
        [
            "udp 53-54 from 10.0.0.0/8",
            "udp 53-54 from 192.0.2.0/24",
            "udp 53-54 from ::/0",
            "udp 53-54 from pl-6da54004",
            "udp 53-54 from pl-63a5400a",
            "udp 53-54 from 999999999999/sg-99999999",
            "udp 53-54 from old",
            "udp 53-54 from an unspecified peer",
        ]
    );
}

#[test]
fn a_permission_that_names_no_peer_is_a_rule_all_the_same() {
    assert_eq!(inbound(json!({"ipProtocol": "-1"})), ["all traffic from an unspecified peer"]);
    assert_eq!(inbound(json!({"ipProtocol": "-1", "ipRanges": null, "futureRanges": ["x"]})).len(), 1);
}

#[test]
fn an_absent_null_or_mistyped_rule_list_is_an_error_and_never_closed() {
    for field in ["ipPermissions", "ipPermissionsEgress"] {
        let mut absent = closed();
        absent.as_object_mut().unwrap().remove(field);
        let mistyped = [
            Value::Null,
            json!({}),
            json!("[]"),
            json!(0),
            json!(false),
            json!([null]),
            json!([[]]),
            json!([{}]),
        ];
        for configuration in mistyped.into_iter().map(|value| with(field, value)).chain([absent]) {
            let error = item(configuration.clone())
                .judge(false, &Exemptions::default(), day("2026-11-22"))
                .unwrap_err();
            assert_eq!(error.resource_id, "sg-6c7fa917");
            assert!(error.problem.contains(field), "{configuration}: {error}");
        }
    }
}

#[test]
fn every_other_field_that_decides_must_be_there_and_of_its_type() {
    for field in ["groupName", "groupId", "ownerId", "vpcId"] {
        let mut absent = closed();
        absent.as_object_mut().unwrap().remove(field);
        assert!(item(absent).security_group().is_err(), "{field} absent");
        assert!(item(with(field, json!(1))).security_group().is_err(), "{field} a number");
        assert!(
            item(with(field, json!(""))).security_group().is_err() || field == "groupName",
            "{field} empty"
        );
    }
    assert_eq!(group(with("vpcId", Value::Null)).identity.vpc, None);
    let list = json!(["default", "sg-6c7fa917", "012345678912", "vpc-d2d616b5", null, [], []]);
    let in_a_string = Value::String(list.to_string());
    for configuration in [Value::Null, json!([]), json!("null"), json!(""), json!(true), list, in_a_string] {
        assert!(item(configuration).security_group().is_err());
    }
}

#[test]
fn the_configuration_of_another_group_is_an_error() {
    let error = item(with("groupId", json!("sg-99999999"))).security_group().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the configuration of sg-6c7fa917 cannot be read: it is that of sg-99999999"
    );
}

#[test]
fn what_is_gone_or_out_of_scope_is_not_applicable_and_its_configuration_is_not_looked_at() {
    let gone = |status| Item { status, ..item(Value::Null) };
    assert_eq!(compliance(&gone(ItemStatus::Deleted), false), ComplianceType::NotApplicable);
    assert_eq!(compliance(&gone(ItemStatus::NotRecorded), false), ComplianceType::NotApplicable);
    assert_eq!(compliance(&gone(ItemStatus::Existing), true), ComplianceType::NotApplicable);
    let instance = Item { resource_type: "AWS::EC2::Instance".to_owned(), ..item(Value::Null) };
    assert_eq!(compliance(&instance, false), ComplianceType::NotApplicable);
}

#[test]
fn each_status_of_an_item_means_one_thing() {
    for (name, status) in [
        ("OK", Some(ItemStatus::Existing)),
        ("ResourceDiscovered", Some(ItemStatus::Existing)),
        ("ResourceDeleted", Some(ItemStatus::Deleted)),
        ("ResourceDeletedNotRecorded", Some(ItemStatus::Deleted)),
        ("ResourceNotRecorded", Some(ItemStatus::NotRecorded)),
        ("ok", None),
        ("", None),
    ] {
        assert_eq!(name.parse::<ItemStatus>().ok(), status, "{name}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map("[a-zA-Z]{1,12}", inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn unknown_fields_change_no_verdict(name in "x[a-zA-Z]{1,12}", value in any_json()) {
        let mut configuration = with("ipPermissions", json!([{"ipProtocol": "-1", "ipRanges": ["10.0.0.0/8"], &name: value.clone()}]));
        configuration[&name] = value.clone();
        prop_assert_eq!(compliance(&item(configuration), false), ComplianceType::NonCompliant);
        let mut configuration = closed();
        configuration[&name] = value;
        prop_assert_eq!(compliance(&item(configuration), false), ComplianceType::Compliant);
    }

    #[test]
    fn garbage_is_never_closed(garbage in any_json(), field in "ipPermissions|ipPermissionsEgress|groupName|groupId|ownerId|vpcId|") {
        let configuration = if field.is_empty() { garbage.clone() } else { with(&field, garbage.clone()) };
        let verdict = item(configuration).judge(false, &Exemptions::default(), day("2026-11-22"));
        if let Ok(verdict) = verdict {
            let honest = garbage == json!([]) || verdict != Verdict::Closed;
            prop_assert!(honest, "{field} = {garbage} was taken for closed");
        }
    }

    #[test]
    fn any_rule_in_any_direction_is_never_closed(
        protocol in any::<String>(), cidr in any::<String>(), inbound in any::<bool>(), extra in any_json(),
    ) {
        let field = if inbound { "ipPermissions" } else { "ipPermissionsEgress" };
        let configuration = with(field, json!([{"ipProtocol": protocol, "ipRanges": [cidr], "xExtra": extra}]));
        let group = item(configuration).security_group().unwrap();
        let direction = if inbound { Direction::Inbound } else { Direction::Outbound };
        prop_assert!(group.rules.iter().all(|rule| rule.direction == direction) && group.rules.len() == 1);
    }
}
