//! A schedule's notification: every default group is judged, and results of groups that are gone are taken
//! back.

use std::collections::BTreeMap;

use defsg_e2e::events::Event;
use defsg_e2e::fake::{Data, Fake, Group, OldResult, Permission, RULE, TOKEN};
use defsg_e2e::rie::{Answer, Rie};
use serde_json::{Value, json};

/// The sample's notification time, 2026-11-20T09:00:05.731Z.
const NOTIFIED: f64 = 1_795_165_205.731;

fn sweep(data: Data, event: Event) -> (Fake, Answer) {
    let aws = Fake::start(data);
    let answer = Rie::evaluator(&aws.url(), &[]).invoke(&event.token(TOKEN).payload());
    (aws, answer)
}

/// The compliance type by resource; a resource that was put twice fails the test.
fn by_resource(evaluations: &[Value]) -> BTreeMap<String, String> {
    let text = |evaluation: &Value, member: &str| evaluation[member].as_str().unwrap_or_default().to_owned();
    let map: BTreeMap<_, _> = evaluations
        .iter()
        .map(|evaluation| (text(evaluation, "ComplianceResourceId"), text(evaluation, "ComplianceType")))
        .collect();
    assert_eq!(map.len(), evaluations.len(), "a resource was put twice");
    map
}

#[test]
fn all_of_2300_groups_on_three_pages_are_judged_and_put_page_by_page() {
    let groups = Group::many(2300);
    let (aws, answer) = sweep(Data { groups: groups.clone(), ..Data::default() }, Event::sample("scheduled"));
    assert_eq!(answer.payload, json!({"COMPLIANT": 1150, "NON_COMPLIANT": 1150, "NOT_APPLICABLE": 0}));

    let evaluations = aws.evaluations();
    let judged = by_resource(&evaluations);
    assert_eq!(judged.len(), 2300);
    for group in &groups {
        let expected = if group.inbound.is_empty() { "COMPLIANT" } else { "NON_COMPLIANT" };
        assert_eq!(judged[&group.id], expected, "{}", group.id);
    }
    assert!(evaluations.iter().all(|evaluation| evaluation["OrderingTimestamp"].as_f64() == Some(NOTIFIED)));

    // Each page's groups are put before the next page is read: pages are held, not the world.
    let calls = aws.calls();
    let order: Vec<_> = calls
        .chunk_by(|a, b| a.operation == b.operation)
        .map(|run| (&*run[0].operation, run.len()))
        .collect();
    let (describe, put) = ("DescribeSecurityGroups", "PutEvaluations");
    let expected = [(describe, 1), (put, 8), (describe, 1), (put, 8), (describe, 1), (put, 7)];
    assert_eq!(order[..6], expected);
    assert_eq!(order[6..], [("GetComplianceDetailsByConfigRule", 1)]);
    for call in aws.calls_of(put) {
        assert_eq!(call.parameters["Evaluations"].as_array().unwrap().len(), 100);
        assert_eq!(call.parameters["ResultToken"], TOKEN);
        assert_ne!(call.parameters["TestMode"], true);
    }
}

#[test]
fn the_default_groups_of_the_account_are_asked_for_and_no_others() {
    let theirs = Group { owner: "444455556666", ..Group::stock("sg-00000002") };
    let named = Group { name: "web", ..Group::stock("sg-00000003") };
    let groups = vec![Group::closed("sg-00000001"), theirs, named];
    let (aws, answer) = sweep(Data { groups, ..Data::default() }, Event::sample("scheduled"));
    let judged = by_resource(&aws.evaluations());
    assert_eq!(judged.into_keys().collect::<Vec<_>>(), ["sg-00000001"], "{answer:?}");

    let body = &aws.calls_of("DescribeSecurityGroups")[0].parameters;
    assert_eq!(body["MaxResults"], "800");
    let filters: BTreeMap<_, _> = [1, 2]
        .map(|n| (body[format!("Filter.{n}.Name")].as_str(), body[format!("Filter.{n}.Value.1")].as_str()))
        .into();
    let expected = [(Some("group-name"), Some("default")), (Some("owner-id"), Some(defsg_e2e::ACCOUNT))];
    assert_eq!(filters, expected.into());
}

#[test]
fn every_kind_of_rule_that_ec2_describes_is_open() {
    let groups =
        ["10.0.0.0/8", "::/0", "pl-6da54004", "sg-00000009"].into_iter().enumerate().flat_map(|(n, rule)| {
            let inbound =
                Group { inbound: vec![Permission::all(rule)], ..Group::closed(format!("sg-0000001{n}")) };
            let outbound =
                Group { outbound: vec![Permission::all(rule)], ..Group::closed(format!("sg-0000002{n}")) };
            [inbound, outbound]
        });
    let (_, answer) = sweep(Data { groups: groups.collect(), ..Data::default() }, Event::sample("scheduled"));
    assert_eq!(answer.payload, json!({"COMPLIANT": 0, "NON_COMPLIANT": 8, "NOT_APPLICABLE": 0}));
}

#[test]
fn results_of_groups_that_are_gone_are_taken_back_over_all_pages() {
    // 150 results on two pages: of the groups that exist, and of as many that do not.
    let exist = Group::many(75);
    let gone = (1..=75).map(|n| format!("sg-dead{n:04x}"));
    let existing = exist.iter().map(|group| OldResult::new(&group.id, "NON_COMPLIANT"));
    let results =
        existing.zip(gone.map(|id| OldResult::new(id, "COMPLIANT"))).flat_map(|(a, b)| [a, b]).collect();
    let (aws, answer) = sweep(Data { groups: exist, results, ..Data::default() }, Event::sample("scheduled"));
    assert_eq!(answer.payload, json!({"COMPLIANT": 37, "NON_COMPLIANT": 38, "NOT_APPLICABLE": 75}));

    let judged = by_resource(&aws.evaluations());
    assert_eq!(judged.len(), 150);
    for (id, compliance) in judged {
        assert_eq!(compliance == "NOT_APPLICABLE", id.starts_with("sg-dead"), "{id} {compliance}");
    }
    let asked = aws.calls_of("GetComplianceDetailsByConfigRule");
    assert_eq!(asked.len(), 2);
    for call in asked {
        assert_eq!(call.parameters["ConfigRuleName"], RULE);
        assert_eq!(call.parameters["Limit"], 100);
        let mut types: Vec<_> =
            call.parameters["ComplianceTypes"].as_array().unwrap().iter().map(Value::as_str).collect();
        types.sort_unstable();
        assert_eq!(
            types,
            [Some("COMPLIANT"), Some("NON_COMPLIANT")],
            "what is NOT_APPLICABLE already stays so"
        );
    }
}

#[test]
fn the_result_of_a_group_too_new_for_ec2_to_list_is_left_alone() {
    let result = |id: &str, minutes: f64| OldResult {
        ordering: NOTIFIED - 60.0 * minutes,
        ..OldResult::new(id, "COMPLIANT")
    };
    let results = vec![result("sg-dead0014", 14.0), result("sg-dead0016", 16.0)];
    let (aws, answer) = sweep(Data { results, ..Data::default() }, Event::sample("scheduled"));
    assert_eq!(answer.payload["NOT_APPLICABLE"], 1, "{answer:?}");
    assert_eq!(aws.evaluations()[0]["ComplianceResourceId"], "sg-dead0016");
}

#[test]
fn an_account_without_groups_and_results_is_put_nothing() {
    let (aws, answer) = sweep(Data::default(), Event::sample("scheduled"));
    assert_eq!(answer.payload, json!({"COMPLIANT": 0, "NON_COMPLIANT": 0, "NOT_APPLICABLE": 0}));
    assert_eq!(aws.calls_of("PutEvaluations").len(), 0);
}

#[test]
fn a_snapshot_delivery_is_served_like_a_schedule() {
    let mut event = Event::sample("scheduled");
    event.message = json!({
        "configSnapshotId": "7f3c2b1a-0d9e-4c8b-a7f6-5e4d3c2b1a09", "s3ObjectKey": "AWSLogs/012345678912/Config/x.json.gz",
        "s3Bucket": "config-bucket", "notificationCreationTime": "2026-11-20T09:00:05.731Z",
        "messageType": "ConfigurationSnapshotDeliveryCompleted", "recordVersion": "1.1",
    });
    let (aws, answer) = sweep(Data { groups: Group::many(3), ..Data::default() }, event);
    assert_eq!(answer.payload, json!({"COMPLIANT": 1, "NON_COMPLIANT": 2, "NOT_APPLICABLE": 0}));
    assert_eq!(aws.evaluations()[0]["OrderingTimestamp"].as_f64(), Some(NOTIFIED));
}

#[test]
fn exemptions_hold_on_a_schedule_too() {
    let tagged = Group { tags: vec![("defsg:exempt", "2031-12-31 why")], ..Group::stock("sg-00000001") };
    let groups = vec![tagged, Group::stock("sg-00000002"), Group::stock("sg-00000003")];
    let parameters = json!({
        "exemptionTagKey": "defsg:exempt", "maxExemptionDays": "3650", "exemptions": "sg-00000003 never",
    });
    let (aws, _) =
        sweep(Data { groups, ..Data::default() }, Event::sample("scheduled").parameters(&parameters));
    let judged = by_resource(&aws.evaluations());
    assert_eq!(
        judged.into_values().collect::<Vec<_>>(),
        ["NOT_APPLICABLE", "NON_COMPLIANT", "NOT_APPLICABLE"]
    );
}

#[test]
fn a_schedule_without_its_time_is_an_invalid_event() {
    for value in [None, Some(json!("now")), Some(json!(5))] {
        let mut event = Event::sample("scheduled");
        match value {
            Some(value) => event.message["notificationCreationTime"] = value,
            None => drop(event.message.as_object_mut().unwrap().remove("notificationCreationTime")),
        }
        let (aws, answer) = sweep(Data { groups: Group::many(3), ..Data::default() }, event);
        assert_eq!(answer.error_type(), Some("InvalidEvent"), "{answer:?}");
        assert_eq!(aws.calls().len(), 0);
    }
}
