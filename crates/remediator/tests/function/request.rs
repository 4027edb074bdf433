//! What the function takes for a request.

use defsg_core::close::plan;
use defsg_remediator::request::{Action, Request};
use serde_json::{Value, json};

const GROUP: &str = "sg-6c7fa917";

fn fingerprint() -> String {
    format!("v1:{}", "0".repeat(64))
}

fn action(event: Value) -> Action {
    Request::parse(&event.to_string()).unwrap().action
}

fn refusal(event: Value) -> String {
    Request::parse(&event.to_string()).unwrap_err().to_string()
}

#[test]
fn a_plan_and_a_close_are_neither_forced_nor_bound_to_a_plan_unless_they_say_so() {
    let plain = plan::Request { force: false, planned: None };
    assert_eq!(action(json!({"action": "plan", "groupId": GROUP})), Action::Plan(plain.clone()));
    let nothing =
        json!({"action": "close", "groupId": GROUP, "force": null, "fingerprint": null, "backup": null});
    assert_eq!(action(nothing), Action::Close(plain));
}

#[test]
fn a_close_can_be_forced_and_bound_to_a_plan() {
    let event = json!({"action": "close", "groupId": GROUP, "force": true, "fingerprint": fingerprint()});
    let planned = Some(fingerprint().parse().unwrap());
    assert_eq!(action(event), Action::Close(plan::Request { force: true, planned }));
}

#[test]
fn a_restore_names_a_backup() {
    let event = json!({"action": "restore", "groupId": GROUP, "force": false, "backup": "s3://b/k"});
    assert_eq!(action(event), Action::Restore { backup: "s3://b/k".to_owned() });
}

#[test]
fn what_is_no_request_is_refused_and_the_message_names_the_field() {
    let cases = [
        (json!(null), "it is no JSON object"),
        (json!({"groupId": GROUP}), "`action`"),
        (json!({"action": "close"}), "`groupId`"),
        (json!({"action": "Close", "groupId": GROUP}), "action: unknown variant `Close`"),
        (json!({"action": "close", "groupId": "sg-?"}), "groupId: \"sg-?\" is not a security group ID"),
        (json!({"action": "close", "groupId": GROUP, "forse": true}), "`forse`"),
        (json!({"action": "close", "groupId": GROUP, "force": "true"}), "force: invalid type"),
        (
            json!({"action": "close", "groupId": GROUP, "fingerprint": ""}),
            "fingerprint: \"\" is no fingerprint",
        ),
        (json!({"action": "close", "groupId": GROUP, "backup": "s3://b/k"}), "backup: is for restore alone"),
        (json!({"action": "restore", "groupId": GROUP}), "backup: is missing"),
        (
            json!({"action": "restore", "groupId": GROUP, "backup": "s3://b/k", "force": true}),
            "force: is not for restore",
        ),
        (
            json!({"action": "restore", "groupId": GROUP, "backup": "s3://b/k", "fingerprint": fingerprint()}),
            "fingerprint: is not for restore",
        ),
    ];
    for (event, expected) in cases {
        let message = refusal(event.clone());
        assert!(message.contains(expected), "{event}: {message}");
        assert!(message.ends_with("nothing was changed"), "{message}");
    }
}

#[test]
fn a_field_that_stands_twice_and_an_object_written_as_a_list_are_refused() {
    for event in [
        r#"{"action":"close","groupId":"sg-6c7fa917","force":false,"force":true}"#,
        r#"["close","sg-6c7fa917",true,null,null]"#,
        r#"{"action":"close","groupId":"sg-6c7fa917"} {}"#,
    ] {
        assert!(Request::parse(event).is_err(), "{event}");
    }
}
