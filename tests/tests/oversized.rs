//! A change too large for its notification is fetched from AWS Config's history.

use defsg_e2e::events::Event;
use defsg_e2e::fake::{Data, Fake, Group, TOKEN};
use defsg_e2e::rie::{Answer, Rie};
use serde_json::{Value, json};

/// The sample's group and its capture time, 2026-11-20T08:15:27.412Z.
const GROUP: &str = "sg-0f1e2d3c4b5a69788";
const CAPTURED: f64 = 1_795_162_527.412;

fn invoke(history: Vec<Value>, event: &Event) -> (Fake, Answer) {
    let aws = Fake::start(Data { history, ..Data::default() });
    let answer = Rie::evaluator(&aws.url(), &[]).invoke(&event.clone().token(TOKEN).payload());
    (aws, answer)
}

#[test]
fn an_oversized_item_is_fetched_at_its_capture_time() {
    let newer = Group::stock(GROUP).history_item(CAPTURED + 60.0);
    let older = Group::stock(GROUP).history_item(CAPTURED - 60.0);
    let history = vec![newer, Group::closed(GROUP).history_item(CAPTURED), older];
    let (aws, answer) = invoke(history, &Event::sample("oversized"));

    let fetches = aws.calls_of("GetResourceConfigHistory");
    assert_eq!(fetches.len(), 1, "{answer:?}");
    assert_eq!(fetches[0].parameters["resourceType"], "AWS::EC2::SecurityGroup");
    assert_eq!(fetches[0].parameters["resourceId"], GROUP);
    assert_eq!(fetches[0].parameters["laterTime"].as_f64(), Some(CAPTURED));
    assert_eq!(fetches[0].parameters["limit"], 1);
    let evaluations = aws.evaluations();
    assert_eq!(evaluations.len(), 1, "{answer:?}");
    assert_eq!(evaluations[0]["ComplianceType"], "COMPLIANT", "the item at the capture time, not the newest");
    assert_eq!(evaluations[0]["ComplianceResourceId"], GROUP);
    assert_eq!(evaluations[0]["OrderingTimestamp"].as_f64(), Some(CAPTURED));
}

#[test]
fn an_oversized_open_group_is_non_compliant() {
    let (aws, answer) = invoke(vec![Group::stock(GROUP).history_item(CAPTURED)], &Event::sample("oversized"));
    assert_eq!(aws.evaluations()[0]["ComplianceType"], "NON_COMPLIANT", "{answer:?}");
}

#[test]
fn a_deleted_oversized_item_is_not_applicable_without_a_fetch() {
    let mut event = Event::sample("oversized");
    event.message["configurationItemSummary"]["configurationItemStatus"] = json!("ResourceDeleted");
    event.message["configurationItemSummary"]["changeType"] = json!("DELETE");
    let (aws, answer) = invoke(vec![Group::stock(GROUP).history_item(CAPTURED)], &event);
    assert_eq!(aws.calls_of("GetResourceConfigHistory").len(), 0);
    assert_eq!(aws.evaluations()[0]["ComplianceType"], "NOT_APPLICABLE", "{answer:?}");
}

#[test]
fn what_a_summary_may_lack_is_not_missed() {
    let mut event = Event::sample("oversized");
    for optional in ["notificationCreationTime", "recordVersion", "s3DeliverySummary"] {
        event.message.as_object_mut().unwrap().remove(optional);
    }
    let (aws, answer) = invoke(vec![Group::closed(GROUP).history_item(CAPTURED)], &event);
    assert_eq!(aws.evaluations().len(), 1, "{answer:?}");
}

#[test]
fn an_empty_history_is_an_error_that_names_the_resource() {
    let later = vec![Group::closed(GROUP).history_item(CAPTURED + 60.0)];
    let (aws, answer) = invoke(later, &Event::sample("oversized"));
    assert_eq!(answer.error_type(), Some("UnreadableItem"), "{answer:?}");
    assert!(answer.error_message().contains(GROUP), "{answer:?}");
    assert_eq!(aws.calls_of("PutEvaluations").len(), 0);
}

#[test]
fn a_resource_that_config_does_not_know_is_an_error() {
    let (aws, answer) = invoke(Vec::new(), &Event::sample("oversized"));
    assert_eq!(answer.error_type(), Some("UnreadableItem"), "{answer:?}");
    assert!(answer.error_message().contains(GROUP), "{answer:?}");
    assert_eq!(aws.calls_of("PutEvaluations").len(), 0);
}

#[test]
fn a_fetched_item_whose_rules_cannot_be_read_is_an_error() {
    for configuration in ["{}", "not JSON", "null", r#"{"ipPermissions":[],"ipPermissionsEgress":null}"#] {
        let mut item = Group::closed(GROUP).history_item(CAPTURED);
        item["configuration"] = json!(configuration);
        let (aws, answer) = invoke(vec![item], &Event::sample("oversized"));
        assert_eq!(answer.error_type(), Some("UnreadableItem"), "{configuration}: {answer:?}");
        assert_eq!(aws.calls_of("PutEvaluations").len(), 0);
    }
}
