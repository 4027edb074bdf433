//! Whose groups an event is about, and what the function takes from its environment.

use defsg_core::Place;
use defsg_evaluator::account::account_of;
use defsg_evaluator::environment::Environment;
use defsg_evaluator::error::EvaluatorError;
use defsg_evaluator::event::Event;
use defsg_lambda::place::NoPlace;
use serde_json::json;

use crate::fixture::{change_message, envelope, parse, place};

fn event_of(account: &str, parameters: &serde_json::Value) -> Event {
    let mut message = change_message();
    message["configurationItem"]["awsAccountId"] = json!(account);
    let mut event = envelope(&message);
    event["accountId"] = json!(account);
    event["ruleParameters"] = json!(parameters.to_string());
    parse(event).unwrap()
}

#[test]
fn in_its_own_account_the_function_assumes_no_role_even_where_one_is_named() {
    for parameters in [json!({}), json!({"executionRoleName": "defsg"})] {
        let event = event_of("012345678912", &parameters);
        assert_eq!(account_of(&event, &place()).unwrap(), (place(), None));
    }
}

#[test]
fn in_another_account_the_role_of_the_parameter_is_assumed_in_the_same_region() {
    let event = event_of("111122223333", &json!({"executionRoleName": "defsg"}));
    let (there, role) = account_of(&event, &place()).unwrap();
    assert_eq!(there, Place::parse("aws", "111122223333", "eu-west-1").unwrap());
    assert_eq!(there.role_arn(role.unwrap()), "arn:aws:iam::111122223333:role/defsg");
}

#[test]
fn another_account_without_a_role_is_an_error_that_names_the_parameter_and_the_account() {
    let error = account_of(&event_of("111122223333", &json!({})), &place()).unwrap_err();
    assert_eq!(error.error_type(), "InvalidParameters");
    let message = error.to_string();
    assert!(message.contains("executionRoleName") && message.contains("111122223333"), "{message}");
}

#[test]
fn a_place_that_is_not_known_is_an_error_with_a_stable_type() {
    for (problem, error_type) in [
        (NoPlace::Arn("arn".to_owned()), "InvalidEvent"),
        (NoPlace::Region("is not set".to_owned()), "InvalidSettings"),
    ] {
        assert_eq!(EvaluatorError::from(problem).error_type(), error_type);
    }
}

#[test]
fn what_the_environment_does_not_say_has_a_default() {
    let defaults = Environment { metrics_namespace: "defsg".to_owned(), region: None };
    assert_eq!(Environment::read(|_| None), defaults);
    assert_eq!(Environment::read(|_| Some(String::new())), defaults);
    let given = Environment::read(|name| Some(format!("the {name}")));
    assert_eq!(given.metrics_namespace, "the METRICS_NAMESPACE");
    assert_eq!(given.region.as_deref(), Some("the AWS_REGION"));
}
