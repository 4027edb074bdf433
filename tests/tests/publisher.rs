//! How evaluations reach AWS Config: batches, the result token, and what Config refused.

use std::collections::BTreeSet;
use std::time::Duration;

use defsg_e2e::events::Event;
use defsg_e2e::fake::Occurrence::{Every, FromNth, Nth};
use defsg_e2e::fake::{Call, Data, Fake, Fault, Group, TOKEN};
use defsg_e2e::rie::{Answer, Rie};
use serde_json::json;

/// The group of the sample of a change.
const GROUP: &str = "sg-0f1e2d3c4b5a69788";

fn start(groups: usize) -> (Fake, Rie) {
    let aws = Fake::start(Data { groups: Group::many(groups), ..Data::default() });
    let function = Rie::evaluator(&aws.url(), &[]);
    (aws, function)
}

fn invoke(function: &Rie, sample: &str) -> Answer {
    function.invoke(&Event::sample(sample).token(TOKEN).payload())
}

/// The resources of one `PutEvaluations`.
fn resources(put: &Call) -> Vec<String> {
    let evaluations = put.parameters["Evaluations"].as_array().unwrap();
    evaluations
        .iter()
        .map(|evaluation| evaluation["ComplianceResourceId"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn an_evaluation_refused_once_is_sent_again_after_a_pause() {
    let (aws, function) = start(0);
    aws.fault("PutEvaluations", Nth(1), Fault::RefuseAll);
    let answer = invoke(&function, "open-stock");
    assert_eq!(answer.payload, json!({"COMPLIANT": 0, "NON_COMPLIANT": 1, "NOT_APPLICABLE": 0}));
    let puts = aws.calls();
    assert_eq!(puts.len(), 2);
    assert_eq!(puts[0].parameters, puts[1].parameters, "the same evaluation with the same token");
    assert!(puts[1].at - puts[0].at >= Duration::from_millis(50), "{:?}", puts[1].at - puts[0].at);
    assert_eq!(aws.evaluations().len(), 1);
}

#[test]
fn an_evaluation_refused_for_ever_is_sent_three_times_and_then_named_in_an_error() {
    let (aws, function) = start(0);
    aws.fault("PutEvaluations", Every, Fault::RefuseAll);
    let answer = invoke(&function, "open-stock");
    assert_eq!(answer.error_type(), Some("EvaluationsRefused"), "{answer:?}");
    assert!(answer.error_message().contains(GROUP), "{answer:?}");
    let puts = aws.calls();
    assert_eq!(puts.len(), 3);
    assert!(puts[2].at - puts[1].at >= Duration::from_millis(50), "{:?}", puts[2].at - puts[1].at);
}

#[test]
fn of_a_batch_only_the_refused_evaluations_are_sent_again() {
    let (aws, function) = start(250);
    let refused = ["sg-00000065", "sg-000000c8"].map(str::to_owned);
    aws.fault("PutEvaluations", Nth(2), Fault::Refuse(refused.to_vec()));
    let answer = invoke(&function, "scheduled");
    assert_eq!(answer.payload, json!({"COMPLIANT": 125, "NON_COMPLIANT": 125, "NOT_APPLICABLE": 0}));
    let puts = aws.calls_of("PutEvaluations");
    let mut sizes: Vec<_> = puts.iter().map(|put| resources(put).len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [2, 50, 100, 100]);
    let again = puts.iter().map(resources).find(|resources| resources.len() == 2).unwrap();
    assert_eq!(again, refused);
    assert_eq!(aws.evaluations().len(), 250);
}

#[test]
fn what_one_group_is_refused_does_not_keep_the_others_from_config() {
    let (aws, function) = start(250);
    aws.fault(
        "PutEvaluations",
        Every,
        Fault::Refuse(vec!["sg-00000001".to_owned(), "sg-000000fa".to_owned()]),
    );
    let answer = invoke(&function, "scheduled");
    assert_eq!(answer.error_type(), Some("EvaluationsRefused"), "{answer:?}");
    for refused in ["sg-00000001", "sg-000000fa"] {
        assert!(answer.error_message().contains(refused), "{answer:?}");
    }
    let accepted = aws.evaluations();
    let accepted: BTreeSet<_> =
        accepted.iter().map(|evaluation| evaluation["ComplianceResourceId"].as_str()).collect();
    assert_eq!(accepted.len(), 248);
}

#[test]
fn every_batch_carries_the_same_token_and_at_most_a_hundred_evaluations() {
    let (aws, function) = start(201);
    invoke(&function, "scheduled");
    let puts = aws.calls_of("PutEvaluations");
    assert_eq!(puts.iter().map(|put| resources(put).len()).collect::<Vec<_>>(), [100, 100, 1]);
    assert!(
        puts.iter().all(|put| put.parameters["ResultToken"] == TOKEN && put.parameters["TestMode"] != true)
    );
}

#[test]
fn the_token_testmode_asks_for_test_mode() {
    let (aws, function) = start(0);
    let answer = function.invoke(&Event::sample("closed").payload());
    assert_eq!(answer.payload["COMPLIANT"], 1, "{answer:?}");
    let put = &aws.calls()[0].parameters;
    assert_eq!((&put["ResultToken"], &put["TestMode"]), (&json!("TESTMODE"), &json!(true)));
}

#[test]
fn an_invalid_result_token_is_an_error_at_once() {
    let (aws, function) = start(0);
    let answer = function.invoke(&Event::sample("closed").token("an expired token").payload());
    assert_eq!(answer.error_type(), Some("InvalidResultToken"), "{answer:?}");
    assert!(!answer.error_message().contains("an expired token"), "the token is secret: {answer:?}");
    assert_eq!(aws.calls().len(), 1, "to send it again is of no use");
}

#[test]
fn a_token_that_expires_between_batches_is_an_error() {
    let (aws, function) = start(250);
    aws.fault("PutEvaluations", FromNth(2), Fault::error(400, "InvalidResultTokenException"));
    let answer = invoke(&function, "scheduled");
    assert_eq!(answer.error_type(), Some("InvalidResultToken"), "{answer:?}");
    assert_eq!(aws.evaluations().len(), 100);
}
