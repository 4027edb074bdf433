//! The plan: stored, read back, carried out.

use defsg_core::close::dependent::NetworkInterface;
use defsg_core::close::plan::{ClosePlan, Decision, Refusal, ReopeningLimit, Request, Settings};
use defsg_core::close::survey::Unsure;
use defsg_core::close::{Dependent, Past, Reference, RequiredSources, Source, Survey};
use defsg_core::documents::plan::v1::Plan;
use defsg_core::documents::plan::{InvalidPlan, read};
use defsg_core::group::Fingerprint;
use defsg_core::{Direction, GroupIdentity, GroupState, Place};
use serde_json::{Value, json};
use time::macros::{date, datetime};

use crate::fixture::rules;
use crate::golden;

const INTERFACES: Source = Source::new("network-interfaces");
const RULES: Source = Source::new("security-group-rules");
const RELATIONSHIPS: Source = Source::new("config-relationships");

fn place() -> Place {
    Place::parse("aws", "012345678912", "eu-west-1").unwrap()
}

fn group() -> GroupState {
    let identity = GroupIdentity {
        id: "sg-0a1b2c3d4e5f60718".parse().unwrap(),
        name: "default".to_owned(),
        description: "default VPC security group".to_owned(),
        owner: "012345678912".parse().unwrap(),
        vpc: Some("vpc-0123456789abcdef0".parse().unwrap()),
        tags: [].into(),
    };
    GroupState { identity, rules: rules() }
}

/// A plan of a group that a function uses, that another group refers to, and of which one source could not tell.
pub(crate) fn plan() -> ClosePlan {
    let interface = NetworkInterface {
        id: "eni-0123456789abcdef0".to_owned(),
        interface_type: "lambda".to_owned(),
        requester_managed: true,
        requester: None,
        description: "AWS Lambda VPC ENI-orders-9b0ce0a1-0f2f-4c0e-8b1a-7d3f5c1e2a34".to_owned(),
        instance: None,
    };
    let reference = Reference::Rule {
        group: "sg-0f1e2d3c4b5a69788".parse().unwrap(),
        rule: "sgr-0123456789abcdef0".parse().unwrap(),
        direction: Direction::Inbound,
    };
    let survey: Survey = [
        (INTERFACES, Ok(vec![Dependent::NetworkInterface(interface)].into())),
        (RULES, Ok(vec![reference].into())),
        (RELATIONSHIPS, Err(Unsure::ChosenTypesOnly)),
    ]
    .into();
    let settings = Settings {
        place: place(),
        exemptions: Default::default(),
        required: RequiredSources::every(&[INTERFACES, RULES, RELATIONSHIPS]),
        reopening: ReopeningLimit::default(),
    };
    let (past, request) = (Past::default(), Request::default());
    ClosePlan::new(group(), survey, &past, &settings, &request, date!(2026 - 11 - 22))
}

fn document() -> Plan {
    Plan::new(&plan(), &place(), datetime!(2026-11-22 06:51:00.12 UTC))
}

#[test]
fn a_plan_names_what_uses_the_group_and_what_refers_to_it() {
    let plan = plan();
    assert_eq!(plan.decision, Decision::Refuse(Refusal::InUse));
    assert_eq!(
        plan.reason(),
        "sg-0a1b2c3d4e5f60718 is not closed: it is in use by 2: Lambda function orders (eni-0123456789abcdef0), \
         inbound rule of sg-0f1e2d3c4b5a69788 (sgr-0123456789abcdef0). Could not tell: config-relationships \
         (AWS Config records chosen resource types only; others may use the group)."
    );
}

#[test]
fn a_plan_of_a_group_that_may_be_closed_is_golden_too() {
    let plan = ClosePlan { decision: Decision::Close, ..ClosePlan::screened(group(), Decision::Close) };
    let document = Plan::new(&plan, &place(), datetime!(2026-11-22 06:51 UTC));
    let value = serde_json::to_value(&document).unwrap();
    golden::assert_golden("plan-v1-close.json", &value, "plan.schema.json");
}

#[test]
fn a_plan_is_stored_and_read_back() {
    golden::assert_golden("plan-v1.json", &serde_json::to_value(document()).unwrap(), "plan.schema.json");
    assert_eq!(read(&document().to_bytes()), Ok(document()));
    let kept = read(&golden::read("plan-v1.json")).unwrap();
    assert_eq!(kept.place(), place());
    let planned = Some(Fingerprint::of(&rules()));
    assert_eq!(kept.request(), Request { force: false, planned });
}

#[test]
fn a_plan_that_was_changed_or_is_none_is_refused() {
    let changed = |change: fn(&mut Value)| {
        let mut value = serde_json::to_value(document()).unwrap();
        change(&mut value);
        read(value.to_string().as_bytes())
    };
    assert_eq!(changed(|plan| plan["newer"] = json!(1)), Ok(document()), "a field of a newer defsg");
    assert_eq!(changed(|plan| plan["rules"] = json!([])), Err(InvalidPlan::OtherRules));
    assert_eq!(
        changed(|plan| plan["rules"][0]["peer"]["cidr"] = "0.0.0.0/0".into()),
        Err(InvalidPlan::OtherRules)
    );
    type Change = fn(&mut Value);
    let others: [(&str, Change); 7] = [
        ("it is of version 2", |plan| plan["version"] = 2.into()),
        ("it has no version", |plan| drop(plan.as_object_mut().unwrap().remove("version"))),
        ("rules[0].extra: unknown field `extra`", |plan| plan["rules"][0]["extra"] = json!(1)),
        ("rules[0]: it names no peer", |plan| plan["rules"][0]["peer"] = json!({"kind": "unspecified"})),
        ("groupId: \"sg-x\" is not a security group ID", |plan| plan["groupId"] = "sg-x".into()),
        ("decision: unknown variant `open`", |plan| plan["decision"] = "open".into()),
        ("it is no JSON object", |plan| *plan = json!([])),
    ];
    for (problem, change) in others {
        let error = changed(change).unwrap_err().to_string();
        assert!(error.contains(problem), "{error}");
    }
    let other_forms: [fn(&mut Value); 4] = [
        |plan| plan["rules"][0]["ports"] = json!([443, 443]),
        |plan| plan["rules"][1]["description"] = Value::Null,
        |plan| plan["unknown"][0] = json!(["config-relationships", "denied", false]),
        |plan| plan["made"] = "2026-11-22T07:51:00.12+01:00".into(),
    ];
    for change in other_forms {
        let error = changed(change).unwrap_err().to_string();
        assert_eq!(error, "it is no plan of defsg: it is not written as defsg writes it");
    }
    let error = changed(|plan| plan["version"] = "9".repeat(100_000).into()).unwrap_err().to_string();
    assert!(error.len() < 1000, "{error:.200}");
    for text in ["", "{", "{\"version\": 1, \"version\": 1}"] {
        assert!(read(text.as_bytes()).is_err(), "{text}");
    }
}
