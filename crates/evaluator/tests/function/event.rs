//! The envelope and the four message types.

use defsg_core::judge::item::ItemStatus;
use defsg_evaluator::error::EvaluatorError;
use defsg_evaluator::event::{Event, Invocation};
use serde_json::{Value, json};
use time::macros::datetime;

use crate::fixture::{change_message, envelope, parse};

fn refusal(event: Value) -> (&'static str, String) {
    let error = EvaluatorError::from(parse(event).unwrap_err());
    (error.error_type(), error.to_string())
}

fn without(mut event: Value, field: &str) -> Value {
    event.as_object_mut().unwrap().remove(field);
    event
}

#[test]
fn a_change_carries_its_item() {
    let event = parse(envelope(&change_message())).unwrap();
    let Invocation::Change { item, left_scope } = event.invocation else { panic!("{event:?}") };
    assert_eq!(
        (item.resource_id.as_str(), item.status, left_scope),
        ("sg-6c7fa917", ItemStatus::Existing, false)
    );
    assert_eq!(item.captured, datetime!(2026-11-22 05:59:00.123 UTC));
    assert_eq!(event.rule_name, "vpc-default-security-group-closed");
}

#[test]
fn an_oversized_notification_may_lack_its_creation_time_and_record_version() {
    let summary = without(change_message()["configurationItem"].clone(), "configuration");
    let message = json!({"messageType": "OversizedConfigurationItemChangeNotification", "configurationItemSummary": summary});
    let event = parse(envelope(&message)).unwrap();
    let Invocation::Oversized { summary, .. } = event.invocation else { panic!("{event:?}") };
    assert_eq!(summary.configuration, Value::Null);
}

#[test]
fn a_snapshot_delivery_is_worked_on_like_a_schedule() {
    for message_type in ["ScheduledNotification", "ConfigurationSnapshotDeliveryCompleted"] {
        let message = json!({"messageType": message_type, "notificationCreationTime": "2026-11-22T06:00:00Z", "s3Bucket": "b"});
        let event = parse(envelope(&message)).unwrap();
        let Invocation::Scheduled { notified } = event.invocation else { panic!("{event:?}") };
        assert_eq!(notified, datetime!(2026-11-22 06:00 UTC));
    }
}

#[test]
fn what_aws_sometimes_leaves_out_and_what_is_new_is_tolerated() {
    let event = envelope(&change_message());
    for field in
        ["version", "eventLeftScope", "ruleParameters", "executionRoleArn", "configRuleId", "configRuleArn"]
    {
        parse(without(event.clone(), field)).unwrap_or_else(|error| panic!("{field}: {error}"));
    }
    let mut with_news = event;
    with_news["evaluationMode"] = json!({"new": true});
    parse(with_news).unwrap();
}

#[test]
fn everything_else_that_is_missing_is_refused_by_name() {
    for field in ["accountId", "invokingEvent", "configRuleName", "resultToken"] {
        for event in [without(envelope(&change_message()), field), {
            let mut empty = envelope(&change_message());
            empty[field] = json!("");
            empty
        }] {
            let (error_type, message) = refusal(event);
            assert_eq!(error_type, "InvalidEvent");
            assert!(message.contains(&format!("{field}: is missing")), "{message}");
        }
    }
    for field in [
        "resourceType",
        "resourceId",
        "awsAccountId",
        "configurationItemStatus",
        "configurationItemCaptureTime",
    ] {
        let mut message = change_message();
        message["configurationItem"] = without(message["configurationItem"].take(), field);
        let (error_type, message) = refusal(envelope(&message));
        assert_eq!(error_type, "InvalidEvent");
        assert!(message.contains(field), "{message}");
    }
}

#[test]
fn everything_that_is_mistyped_is_refused() {
    let events = [
        json!(null),
        json!([]),
        json!("event"),
        {
            let mut e = envelope(&change_message());
            e["eventLeftScope"] = json!("no");
            e
        },
        {
            let mut e = envelope(&change_message());
            e["accountId"] = json!(12_345_678_912_i64);
            e
        },
        {
            let mut e = envelope(&change_message());
            e["accountId"] = json!("1234");
            e
        },
        {
            let mut e = envelope(&change_message());
            e["resultToken"] = json!(7);
            e
        },
        {
            let mut e = envelope(&change_message());
            e["invokingEvent"] = change_message();
            e
        },
        {
            let mut e = envelope(&change_message());
            e["invokingEvent"] = json!("{");
            e
        },
        {
            let mut e = envelope(&change_message());
            e["invokingEvent"] = json!(format!("{} {{}}", change_message()));
            e
        },
        {
            let mut e = envelope(&change_message());
            e["ruleParameters"] = json!("[]");
            e
        },
        envelope(&json!({"messageType": "Unheard"})),
        envelope(&json!({"notificationCreationTime": "2026-11-22T06:00:00Z"})),
        envelope(&json!({"messageType": "ScheduledNotification"})),
        envelope(&json!({"messageType": "ScheduledNotification", "notificationCreationTime": 1_700_000_000})),
        envelope(&json!({"messageType": "ScheduledNotification", "notificationCreationTime": "yesterday"})),
        envelope(&json!({"messageType": "ConfigurationItemChangeNotification", "configurationItem": null})),
        {
            let mut m = change_message();
            m["configurationItem"]["resourceId"] = json!("");
            envelope(&m)
        },
        {
            let mut m = change_message();
            m["configurationItem"]["resourceId"] = json!("x".repeat(769));
            envelope(&m)
        },
        {
            let mut m = change_message();
            m["configurationItem"]["configurationItemStatus"] = json!("Fine");
            envelope(&m)
        },
    ];
    for event in events {
        let (error_type, message) = refusal(event.clone());
        assert_eq!(error_type, "InvalidEvent", "{event}: {message}");
        assert!(!message.contains("a-secret-token"), "{message}");
    }
}

#[test]
fn a_bad_parameter_is_refused_by_name_with_the_mend() {
    for (parameters, named) in [
        (r#"{"exemptions": "web"}"#, "parameter exemptions"),
        (r#"{"maxExemptionDays": "30"}"#, "parameter maxExemptionDays"),
        (r#"{"maxExemptionDays": 30, "exemptionTagKey": "k"}"#, "parameter maxExemptionDays: is no string"),
        (r#"{"allowedPorts": "22"}"#, "parameter allowedPorts: is not known"),
    ] {
        let mut event = envelope(&change_message());
        event["ruleParameters"] = json!(parameters);
        let (error_type, message) = refusal(event);
        assert_eq!(error_type, "InvalidParameters");
        assert!(message.contains(named), "{message}");
    }
}

#[test]
fn a_key_that_stands_twice_is_refused_wherever_it_stands() {
    let twice = |text: String, key: &str, second: &str| {
        text.replacen(&format!("{key}:"), &format!("{key}:{second},{key}:"), 1)
    };
    let hidden = twice(change_message().to_string(), "\"ipPermissions\"", "[{\"ipProtocol\":\"-1\"}]");
    let mut event = envelope(&change_message());
    event["invokingEvent"] = json!(hidden);
    assert!(refusal(event).1.contains("\"ipPermissions\" stands in it twice"));
    let event = twice(envelope(&change_message()).to_string(), "\"eventLeftScope\"", "true");
    assert!(Event::parse(&event).is_err());
}

#[test]
fn an_item_of_another_account_than_the_rule_s_is_refused() {
    let mut message = change_message();
    message["configurationItem"]["awsAccountId"] = json!("111122223333");
    let (error_type, message) = refusal(envelope(&message));
    assert_eq!(error_type, "InvalidEvent");
    assert!(message.contains("111122223333 is not the rule's account"), "{message}");
}

#[test]
fn a_token_that_is_no_string_is_not_quoted() {
    let mut event = envelope(&change_message());
    event["resultToken"] = json!(98_765_432_101_234_i64);
    assert!(!refusal(event).1.contains("98765432101234"));
}

#[test]
fn an_object_written_as_a_list_is_refused() {
    for place in ["/configurationItem", ""] {
        let mut message = change_message();
        let object = message.pointer_mut(place).unwrap();
        *object = object.as_object().unwrap().values().cloned().collect::<Vec<_>>().into();
        assert_eq!(refusal(envelope(&message)).0, "InvalidEvent");
    }
}
