//! A change notification goes in, one evaluation comes out.

use defsg_e2e::events::Event;
use defsg_e2e::fake::{Data, Fake, TOKEN};
use defsg_e2e::rie::Rie;
use serde_json::{Value, json};

/// The samples' capture time, 2026-11-20T08:15:27.412Z, in epoch seconds.
const CAPTURED: f64 = 1_795_162_527.412;

fn start() -> (Fake, Rie) {
    let aws = Fake::start(Data::default());
    let function = Rie::evaluator(&aws.url(), &[]);
    (aws, function)
}

/// Invokes with a change that must be judged, and gives its compliance type and annotation.
fn judge(aws: &Fake, function: &Rie, event: &Event) -> (String, String) {
    let before = aws.evaluations().len();
    let answer = function.invoke(&event.clone().token(TOKEN).payload());
    let put = &aws.evaluations()[before..];
    assert_eq!(put.len(), 1, "{answer:?}");
    let text = |member: &str| put[0][member].as_str().unwrap_or_default().to_owned();
    (text("ComplianceType"), text("Annotation"))
}

/// Invokes with an event that must fail, and gives the error's type and message. Nothing may be put.
fn reject(aws: &Fake, function: &Rie, payload: &Value) -> (String, String) {
    let before = aws.calls().len();
    let answer = function.invoke(payload);
    assert_eq!(aws.calls().len(), before, "a bad event calls nothing: {payload}");
    let error = answer.error_type().unwrap_or_else(|| panic!("no error for {payload}: {answer:?}"));
    (error.to_owned(), answer.error_message().to_owned())
}

#[test]
fn each_sample_of_a_change_is_judged_and_put_as_one_evaluation() {
    let (aws, function) = start();
    let samples = [
        ("open-stock", "NON_COMPLIANT", &["Stock rules only"][..]),
        ("open-customised", "NON_COMPLIANT", &["0.0.0.0/0"]),
        ("closed", "COMPLIANT", &["Closed: no inbound and no outbound rule."]),
        ("not-default", "NOT_APPLICABLE", &["default"]),
        ("deleted", "NOT_APPLICABLE", &["eleted"]),
        ("left-scope", "NOT_APPLICABLE", &["scope"]),
        ("exempt-by-tag", "NOT_APPLICABLE", &["2031-12-31", "moves with the data centre"]),
    ];
    for (n, (sample, compliance, words)) in samples.into_iter().enumerate() {
        let event = Event::sample(sample);
        let answer = function.invoke(&event.payload());
        let mut summary = json!({"COMPLIANT": 0, "NON_COMPLIANT": 0, "NOT_APPLICABLE": 0});
        summary[compliance] = json!(1);
        assert_eq!(answer.payload, summary, "{sample}");

        let calls = aws.calls();
        assert_eq!(calls.len(), n + 1, "{sample} takes one call");
        let put = &calls[n];
        assert_eq!(put.operation, "PutEvaluations");
        assert_eq!((put.account.as_str(), put.region.as_str()), (defsg_e2e::ACCOUNT, defsg_e2e::REGION));
        let evaluations = put.parameters["Evaluations"].as_array().unwrap();
        assert_eq!(evaluations.len(), 1, "{sample}");
        let evaluation = &evaluations[0];
        assert_eq!(evaluation["ComplianceType"], compliance, "{sample}");
        assert_eq!(evaluation["ComplianceResourceType"], "AWS::EC2::SecurityGroup");
        let resource = &event.message["configurationItem"]["resourceId"];
        assert_eq!(evaluation["ComplianceResourceId"], *resource);
        assert_eq!(evaluation["OrderingTimestamp"].as_f64(), Some(CAPTURED), "{sample}");
        let annotation = evaluation["Annotation"].as_str().unwrap();
        for word in words {
            assert!(annotation.contains(word), "{sample} says {annotation:?}, not {word:?}");
        }
    }
}

#[test]
fn customised_rules_are_not_called_stock_and_the_widest_source_comes_first() {
    let (aws, function) = start();
    let (_, annotation) = judge(&aws, &function, &Event::sample("open-customised"));
    assert!(!annotation.contains("Stock rules only"), "{annotation}");
    let office = annotation.find("203.0.113.0/24").unwrap_or(usize::MAX);
    assert!(annotation.find("0.0.0.0/0").unwrap() < office, "{annotation}");
}

#[test]
fn a_malformed_item_is_an_error_that_names_its_resource() {
    let (aws, function) = start();
    let (error, message) = reject(&aws, &function, &Event::sample("malformed").payload());
    assert_eq!(error, "UnreadableItem");
    assert!(message.contains("sg-0f1e2d3c4b5a69788"), "{message}");
    assert!(message.contains("ipPermissions"), "{message}");
}

#[test]
fn a_rule_list_that_is_absent_or_mistyped_is_an_error_and_never_closed() {
    let (aws, function) = start();
    for list in ["ipPermissions", "ipPermissionsEgress"] {
        for value in
            [None, Some(Value::Null), Some(json!("")), Some(json!(0)), Some(json!({})), Some(json!([1]))]
        {
            let mut event = Event::sample("closed").token(TOKEN);
            let configuration = event.item()["configuration"].as_object_mut().unwrap();
            match value {
                Some(value) => configuration.insert(list.to_owned(), value),
                None => configuration.remove(list),
            };
            let (error, _) = reject(&aws, &function, &event.payload());
            assert_eq!(error, "UnreadableItem", "{}", event.message);
        }
    }
}

#[test]
fn an_existing_group_without_a_configuration_is_an_error() {
    let (aws, function) = start();
    for configuration in [Value::Null, json!("not JSON"), json!([])] {
        let mut event = Event::sample("closed").token(TOKEN);
        event.item()["configuration"] = configuration;
        assert_eq!(reject(&aws, &function, &event.payload()).0, "UnreadableItem", "{}", event.message);
    }
}

#[test]
fn a_configuration_that_is_itself_a_json_text_is_read() {
    let (aws, function) = start();
    for (sample, compliance) in [("closed", "COMPLIANT"), ("open-stock", "NON_COMPLIANT")] {
        let mut event = Event::sample(sample);
        let text = event.item()["configuration"].to_string();
        event.item()["configuration"] = json!(text);
        assert_eq!(judge(&aws, &function, &event).0, compliance);
    }
}

#[test]
fn the_shapes_of_older_items_are_read() {
    let (aws, function) = start();
    let permissions = [
        json!({"ipProtocol": "-1", "ipRanges": ["10.0.0.0/8"]}),
        json!({"ipProtocol": "tcp", "fromPort": null, "toPort": null, "ipRanges": ["10.0.0.0/8"]}),
        json!({"ipProtocol": "tcp", "fromPort": 22.0, "toPort": 22, "ipv4Ranges": [{"cidrIp": "10.0.0.0/8"}]}),
        json!({"ipProtocol": "-1", "ipRanges": [], "prefixListIds": ["pl-6da54004"], "userIdGroupPairs": []}),
        json!({"ipProtocol": "-1", "userIdGroupPairs": [{"groupId": null, "groupName": null, "userId": null}]}),
    ];
    for permission in permissions {
        for list in ["ipPermissions", "ipPermissionsEgress"] {
            let mut event = Event::sample("closed");
            event.item()["configuration"][list] = json!([permission]);
            assert_eq!(judge(&aws, &function, &event).0, "NON_COMPLIANT", "{permission} in {list}");
        }
    }
}

#[test]
fn what_is_no_default_group_of_the_account_in_a_vpc_is_not_applicable() {
    let (aws, function) = start();
    type Change = (&'static str, fn(&mut Event));
    let changes: [Change; 6] = [
        ("another type of resource", |event| {
            event.item()["resourceType"] = json!("AWS::EC2::NetworkInterface")
        }),
        ("no VPC", |event| event.item()["configuration"]["vpcId"] = Value::Null),
        ("another owner", |event| event.item()["configuration"]["ownerId"] = json!("444455556666")),
        ("not recorded", |event| event.item()["configurationItemStatus"] = json!("ResourceNotRecorded")),
        ("deleted, not recorded", |event| {
            event.item()["configurationItemStatus"] = json!("ResourceDeletedNotRecorded")
        }),
        ("left scope", |event| event.envelope["eventLeftScope"] = json!(true)),
    ];
    for (name, change) in changes {
        let mut event = Event::sample("open-stock");
        change(&mut event);
        let (compliance, annotation) = judge(&aws, &function, &event);
        assert_eq!(compliance, "NOT_APPLICABLE", "{name}: {annotation}");
    }
}

#[test]
fn what_aws_may_add_or_leave_out_is_tolerated() {
    let (aws, function) = start();
    let mut event = Event::sample("closed");
    event.envelope["aNewField"] = json!({"x": 1});
    event.message["aNewField"] = json!([]);
    event.item()["aNewField"] = json!(1.5);
    event.item()["configuration"]["aNewField"] = json!("x");
    for optional in ["version", "eventLeftScope", "ruleParameters"] {
        event.envelope.as_object_mut().unwrap().remove(optional);
    }
    assert_eq!(judge(&aws, &function, &event).0, "COMPLIANT");
}

#[test]
fn an_envelope_that_lacks_or_mistypes_what_is_needed_is_an_invalid_event() {
    let (aws, function) = start();
    for member in ["invokingEvent", "resultToken", "accountId"] {
        for value in [None, Some(Value::Null), Some(json!(1)), Some(json!({}))] {
            let mut payload = Event::sample("closed").token(TOKEN).payload();
            match value {
                Some(value) => payload[member] = value,
                None => drop(payload.as_object_mut().unwrap().remove(member)),
            }
            assert_eq!(reject(&aws, &function, &payload).0, "InvalidEvent", "{member} of {payload}");
        }
    }
    for message in
        ["", "{", "null", "[]", "{}", r#"{"messageType":"AnotherNotification"}"#, r#"{"messageType":1}"#]
    {
        let mut payload = Event::sample("closed").token(TOKEN).payload();
        payload["invokingEvent"] = json!(message);
        assert_eq!(reject(&aws, &function, &payload).0, "InvalidEvent", "{message}");
    }
    for payload in [json!(null), json!({}), json!([]), json!("closed")] {
        assert_eq!(reject(&aws, &function, &payload).0, "InvalidEvent", "{payload}");
    }
}

#[test]
fn an_item_that_lacks_what_is_needed_is_an_error() {
    let (aws, function) = start();
    let members = [
        "resourceType",
        "resourceId",
        "awsAccountId",
        "configurationItemStatus",
        "configurationItemCaptureTime",
    ];
    for member in members {
        let mut event = Event::sample("closed").token(TOKEN);
        event.item().as_object_mut().unwrap().remove(member);
        let (error, message) = reject(&aws, &function, &event.payload());
        assert!(["InvalidEvent", "UnreadableItem"].contains(&error.as_str()), "{member}: {error}");
        assert!(message.contains(member), "{member} is not named: {message}");
    }
    let mut event = Event::sample("closed").token(TOKEN);
    event.item()["configurationItemCaptureTime"] = json!("yesterday");
    reject(&aws, &function, &event.payload());
    let mut event = Event::sample("closed").token(TOKEN);
    event.item()["configurationItemStatus"] = json!("ANewStatus");
    reject(&aws, &function, &event.payload());
}

#[test]
fn an_exemption_by_parameter_holds_for_its_group_vpc_or_account_until_its_last_day() {
    let (aws, function) = start();
    let cases = [
        ("sg-0f1e2d3c4b5a69788", "NOT_APPLICABLE"),
        ("vpc-0a1b2c3d4e5f60718 2031-12-31 legacy ERP", "NOT_APPLICABLE"),
        ("012345678912 never sandbox", "NOT_APPLICABLE"),
        ("sg-0123456789abcdef0, vpc-0a1b2c3d4e5f60718 never", "NOT_APPLICABLE"),
        ("sg-0123456789abcdef0, 111122223333 never", "NON_COMPLIANT"),
        ("vpc-0a1b2c3d4e5f60718 2020-01-31 legacy ERP", "NON_COMPLIANT"),
    ];
    for (exemptions, compliance) in cases {
        let event = Event::sample("open-stock").parameters(&json!({"exemptions": exemptions}));
        let (judged, annotation) = judge(&aws, &function, &event);
        assert_eq!(judged, compliance, "{exemptions}: {annotation}");
        if exemptions.contains("2020") {
            assert!(annotation.contains("2020-01-31"), "an expired exemption is told: {annotation}");
        }
    }
}

#[test]
fn a_tag_exempts_only_by_a_valid_date_within_the_cap_and_when_it_is_turned_on() {
    let (aws, function) = start();
    let tagged = |value: &str, parameters: Value| {
        let mut event = Event::sample("exempt-by-tag").parameters(&parameters);
        event.item()["tags"] = json!({"defsg:exempt": value});
        event.item()["configuration"]["tags"] = json!([{"key": "defsg:exempt", "value": value}]);
        judge(&aws, &function, &event)
    };
    let on = json!({"exemptionTagKey": "defsg:exempt", "maxExemptionDays": "3650"});
    assert_eq!(tagged("2031-12-31 reason", on.clone()).0, "NOT_APPLICABLE");
    assert_eq!(tagged("2031-12-31", on.clone()).0, "NOT_APPLICABLE");
    for value in ["", "yes", "never", "2031-13-01", "31-12-2031", "2020-01-31 over"] {
        assert_eq!(tagged(value, on.clone()).0, "NON_COMPLIANT", "{value:?}");
    }
    assert!(tagged("2020-01-31 over", on).1.contains("2020-01-31"));
    let by_default = json!({"exemptionTagKey": "defsg:exempt"});
    assert_eq!(tagged("2031-12-31", by_default).0, "NON_COMPLIANT", "the cap is a year by default");
    assert_eq!(tagged("2031-12-31", json!({})).0, "NON_COMPLIANT", "off by default");
}

#[test]
fn the_process_goes_on_after_an_error() {
    let (aws, function) = start();
    reject(&aws, &function, &Event::sample("malformed").payload());
    let process = function.function_pid();
    assert_eq!(judge(&aws, &function, &Event::sample("closed")).0, "COMPLIANT");
    assert_eq!(function.function_pid(), process);
}
