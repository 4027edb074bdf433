//! Rule parameters that do not parse are an error that names the parameter, and nothing is called.

use defsg_e2e::events::Event;
use defsg_e2e::fake::{Data, Fake, TOKEN};
use defsg_e2e::rie::Rie;
use serde_json::{Value, json};

fn start() -> (Fake, Rie) {
    let aws = Fake::start(Data::default());
    let function = Rie::evaluator(&aws.url(), &[]);
    (aws, function)
}

#[test]
fn a_bad_parameter_is_named_and_nothing_is_called() {
    let (aws, function) = start();
    let cases: Vec<(&str, Value)> = vec![
        ("exemptions", json!({"exemptions": "vpc-xyz never"})),
        ("exemptions", json!({"exemptions": "default never"})),
        ("exemptions", json!({"exemptions": "12345678912 never"})),
        ("exemptions", json!({"exemptions": "vpc-0abc12345 2027-02-30"})),
        ("exemptions", json!({"exemptions": "vpc-0abc12345 27-01-31"})),
        ("exemptions", json!({"exemptions": "vpc-0abc12345 legacy ERP"})),
        ("exemptions", json!({"exemptions": "vpc-0abc12345 never, "})),
        ("exemptions", json!({"exemptions": ["vpc-0abc12345 never"]})),
        ("exemptionTagKey", json!({"exemptionTagKey": ""})),
        ("exemptionTagKey", json!({"exemptionTagKey": "k".repeat(129)})),
        ("maxExemptionDays", json!({"exemptionTagKey": "k", "maxExemptionDays": "0"})),
        ("maxExemptionDays", json!({"exemptionTagKey": "k", "maxExemptionDays": "3651"})),
        ("maxExemptionDays", json!({"exemptionTagKey": "k", "maxExemptionDays": "-1"})),
        ("maxExemptionDays", json!({"exemptionTagKey": "k", "maxExemptionDays": "30.5"})),
        ("maxExemptionDays", json!({"exemptionTagKey": "k", "maxExemptionDays": "a month"})),
        ("maxExemptionDays", json!({"maxExemptionDays": "30"})),
        ("exemptionTagKey", json!({"exemptionTagKey": " defsg-exempt"})),
        ("exemptionTagKey", json!({"exemptionTagKey": "defsg-exempt "})),
        ("executionRoleName", json!({"executionRoleName": ""})),
        ("executionRoleName", json!({"executionRoleName": "a role"})),
        ("executionRoleName", json!({"executionRoleName": "path/role"})),
        ("executionRoleName", json!({"executionRoleName": "r".repeat(65)})),
        ("exemption", json!({"exemption": "vpc-0abc12345 never"})),
        ("ExemptionTagKey", json!({"ExemptionTagKey": "k"})),
    ];
    for (name, parameters) in cases {
        for sample in ["closed", "scheduled", "left-scope"] {
            let answer =
                function.invoke(&Event::sample(sample).token(TOKEN).parameters(&parameters).payload());
            assert_eq!(answer.error_type(), Some("InvalidParameters"), "{sample} {parameters}: {answer:?}");
            assert!(answer.error_message().contains(name), "{parameters}: {answer:?}");
        }
    }
    assert_eq!(aws.calls().len(), 0);
}

#[test]
fn parameters_that_are_no_json_object_make_an_invalid_event() {
    let (aws, function) = start();
    for text in ["{", "[]", "exemptions=none", "7"] {
        let mut event = Event::sample("closed").token(TOKEN);
        event.envelope["ruleParameters"] = json!(text);
        let answer = function.invoke(&event.payload());
        assert_eq!(answer.error_type(), Some("InvalidEvent"), "{text}: {answer:?}");
        assert!(answer.error_message().contains("ruleParameters"), "{text}: {answer:?}");
    }
    assert_eq!(aws.calls().len(), 0);
}

#[test]
fn good_parameters_at_their_limits_are_taken() {
    let (_aws, function) = start();
    let cases = [
        json!({}),
        json!({"exemptions": "vpc-0abc12345 2027-01-31 legacy ERP, 111122223333 never sandbox"}),
        json!({"exemptionTagKey": "k".repeat(128), "maxExemptionDays": "1"}),
        json!({"exemptionTagKey": "team:exempt until", "maxExemptionDays": "3650"}),
        json!({"executionRoleName": "r".repeat(64)}),
        json!({"executionRoleName": "Role_1+=,.@-"}),
    ];
    for parameters in cases {
        let answer = function.invoke(&Event::sample("closed").token(TOKEN).parameters(&parameters).payload());
        assert_eq!(answer.payload["COMPLIANT"], 1, "{parameters}: {answer:?}");
    }
}
