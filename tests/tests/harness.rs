//! The harness itself: the stand-in refuses what AWS refuses, plays its faults, and the samples are what they say.

use defsg_e2e::events::{Event, SAMPLES};
use defsg_e2e::rie::OWN_ACCESS_KEY;
use defsg_e2e::standin::{Data, Fault, Group, OldResult, RULE, StandIn, TOKEN};
use serde_json::{Value, json};

/// Sends a request of AWS Config's and gives the error's type, or the answer.
fn config(aws: &StandIn, operation: &str, body: &Value) -> Result<Value, String> {
    let signature =
        format!("AWS4-HMAC-SHA256 Credential={OWN_ACCESS_KEY}/20261120/eu-west-1/config/aws4_request, x");
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let sent = agent
        .post(aws.url())
        .header("Authorization", signature)
        .header("X-Amz-Target", format!("StarlingDoveService.{operation}"))
        .send(body.to_string());
    let mut answer = sent.map_err(|error| error.to_string())?;
    let text = answer.body_mut().read_to_string().unwrap();
    let body: Value = serde_json::from_str(&text).unwrap();
    body["__type"].as_str().map_or(Ok(body.clone()), |error| Err(error.to_owned()))
}

fn evaluation() -> Value {
    json!({
        "ComplianceResourceType": "AWS::EC2::SecurityGroup", "ComplianceResourceId": "sg-1",
        "ComplianceType": "COMPLIANT", "OrderingTimestamp": 1_795_162_527.412,
    })
}

fn put(aws: &StandIn, evaluations: &[Value]) -> Result<Value, String> {
    config(aws, "PutEvaluations", &json!({"Evaluations": evaluations, "ResultToken": TOKEN}))
}

#[test]
fn the_stand_in_takes_a_hundred_evaluations_and_not_one_more() {
    let aws = StandIn::start(Data::default());
    assert_eq!(put(&aws, &vec![evaluation(); 100]), Ok(json!({"FailedEvaluations": []})));
    assert_eq!(put(&aws, &vec![evaluation(); 101]), Err("ValidationException".to_owned()));
    assert_eq!(aws.evaluations().len(), 100);
}

#[test]
fn the_stand_in_refuses_an_evaluation_that_breaks_a_limit() {
    let aws = StandIn::start(Data::default());
    let broken = [
        ("Annotation", json!("")),
        ("Annotation", json!("x".repeat(257))),
        ("ComplianceType", json!("OPEN")),
        ("ComplianceType", json!("INSUFFICIENT_DATA")),
        ("ComplianceResourceId", Value::Null),
        ("ComplianceResourceType", json!("")),
        ("OrderingTimestamp", json!("2026-11-20T08:15:27Z")),
    ];
    for (member, value) in broken {
        let mut evaluation = evaluation();
        evaluation[member] = value.clone();
        assert_eq!(put(&aws, &[evaluation]), Err("ValidationException".to_owned()), "{member} {value}");
    }
    let longest = "ü".repeat(256);
    let mut evaluation = evaluation();
    evaluation["Annotation"] = json!(longest);
    assert!(put(&aws, &[evaluation]).is_ok(), "the limit counts characters, not bytes");
}

#[test]
fn the_stand_in_knows_its_result_token_and_test_mode() {
    let aws = StandIn::start(Data::default());
    let put = |token: &str, test_mode: bool| {
        let body = json!({"Evaluations": [evaluation()], "ResultToken": token, "TestMode": test_mode});
        config(&aws, "PutEvaluations", &body).is_ok()
    };
    assert!(put(TOKEN, false));
    assert!(put("TESTMODE", true));
    assert!(!put("TESTMODE", false));
    assert!(!put("another", false));
}

#[test]
fn the_stand_in_gives_results_in_pages_by_its_own_tokens_only() {
    let results = (0..150).map(|n| OldResult::new(format!("sg-{n}"), "COMPLIANT")).collect();
    let aws = StandIn::start(Data { results, ..Data::default() });
    let page = |extra: Value| {
        let mut body = json!({"ConfigRuleName": RULE, "Limit": 100});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        config(&aws, "GetComplianceDetailsByConfigRule", &body)
    };
    let first = page(json!({})).unwrap();
    assert_eq!(first["EvaluationResults"].as_array().unwrap().len(), 100);
    let second = page(json!({"NextToken": first["NextToken"]})).unwrap();
    assert_eq!(second["EvaluationResults"].as_array().unwrap().len(), 50);
    assert_eq!(second["NextToken"], Value::Null);
    assert_eq!(page(json!({"NextToken": "made up"})), Err("InvalidNextTokenException".to_owned()));
    assert_eq!(page(json!({"Limit": 101})), Err("ValidationException".to_owned()));
    assert_eq!(page(json!({"ConfigRuleName": "another"})), Err("NoSuchConfigRuleException".to_owned()));
}

#[test]
fn the_stand_in_gives_the_newest_item_that_is_not_later_than_asked() {
    let history = vec![Group::closed("sg-1").history_item(300.0), Group::stock("sg-1").history_item(200.5)];
    let aws = StandIn::start(Data { history, ..Data::default() });
    let at = |later: f64| {
        let body = json!({"resourceType": "AWS::EC2::SecurityGroup", "resourceId": "sg-1", "laterTime": later, "limit": 1});
        let answer = config(&aws, "GetResourceConfigHistory", &body).unwrap();
        answer["configurationItems"][0]["configurationItemCaptureTime"].as_f64()
    };
    assert_eq!(at(300.0), Some(300.0));
    assert_eq!(at(299.9), Some(200.5));
    assert_eq!(at(100.0), None);
}

#[test]
fn a_fault_is_played_for_its_calls_only() {
    let aws = StandIn::start(Data::default());
    aws.fault("PutEvaluations", 2..=2, Fault::Throttled);
    aws.fault("PutEvaluations", 3..4, Fault::Cut);
    aws.fault("PutEvaluations", 4.., Fault::RefuseAll);
    assert!(put(&aws, &[evaluation()]).is_ok());
    assert_eq!(put(&aws, &[evaluation()]), Err("ThrottlingException".to_owned()));
    assert!(put(&aws, &[evaluation()]).is_err());
    assert_eq!(put(&aws, &[evaluation()]), Ok(json!({"FailedEvaluations": [evaluation()]})));
    assert_eq!((aws.calls().len(), aws.evaluations().len()), (4, 1));
}

#[test]
fn every_sample_is_of_the_emulators_account_and_in_test_mode() {
    for name in SAMPLES {
        let event = Event::sample(name);
        assert_eq!(event.envelope["resultToken"], "TESTMODE", "{name}");
        assert_eq!(event.envelope["accountId"], defsg_e2e::ACCOUNT, "{name}");
        assert_eq!(event.envelope["configRuleName"], RULE, "{name}");
    }
}
