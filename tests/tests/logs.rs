//! What the function writes: JSON lines with the request id, one line of metrics, and never the result token.

use defsg_e2e::events::{Event, SAMPLES};
use defsg_e2e::fake::Occurrence::{Every, Nth};
use defsg_e2e::fake::{Data, Fake, Fault, Group, RULE, TOKEN};
use defsg_e2e::rie::{Answer, Rie};
use serde_json::Value;

fn start(env: &[(&str, &str)]) -> (Fake, Rie) {
    let aws = Fake::start(Data { groups: Group::many(3), ..Data::default() });
    let function = Rie::evaluator(&aws.url(), env);
    (aws, function)
}

fn invoke(function: &Rie, sample: &str) -> Answer {
    function.invoke(&Event::sample(sample).token(TOKEN).payload())
}

/// The invocation's one line of metrics, in CloudWatch's embedded format.
fn metrics(answer: &Answer) -> Value {
    let lines: Vec<Value> = answer.logs.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let mut metrics = lines.into_iter().filter(|line| line["_aws"].is_object());
    let line = metrics.next().unwrap_or_else(|| panic!("no line of metrics: {answer:?}"));
    assert!(metrics.next().is_none(), "more than one line of metrics: {answer:?}");
    line
}

#[test]
fn the_result_token_is_never_written() {
    for level in ["info", "trace"] {
        let (aws, function) = start(&[("LOG_LEVEL", level)]);
        let quoting = format!("1 validation error detected: Value '{TOKEN}' at 'resultToken' is not right");
        let faults = [
            None,
            Some(Fault::Denied),
            Some(Fault::RefuseAll),
            Some(Fault::error(400, "InvalidResultTokenException")),
            Some(Fault::Error(400, "ValidationException", quoting)),
            Some(Fault::lie(TOKEN)),
        ];
        for fault in faults {
            aws.heal();
            if let Some(fault) = fault.clone() {
                aws.fault("PutEvaluations", Every, fault);
            }
            for sample in if fault.is_none() { &SAMPLES[..] } else { &["closed"] } {
                let answer = invoke(&function, sample);
                assert!(!answer.payload.to_string().contains(TOKEN), "{fault:?} {sample}");
            }
        }
        let mut mistyped = Event::sample("closed").token(TOKEN).payload();
        mistyped["accountId"] = Value::Null;
        assert!(!function.invoke(&mistyped).payload.to_string().contains(TOKEN));
        let output = function.output();
        assert!(output.contains(RULE), "there is output to look at: {output}");
        assert!(!output.contains(TOKEN), "{level}: {output}");
        assert!(!output.contains(&TOKEN[..20]), "{level}: {output}");
    }
}

#[test]
fn every_line_is_json_and_carries_the_request_id() {
    let (_aws, function) = start(&[]);
    for sample in SAMPLES {
        let answer = invoke(&function, sample);
        assert!(!answer.logs.is_empty(), "{sample}");
        for line in &answer.logs {
            assert!(
                serde_json::from_str::<Value>(line).is_ok_and(|line| line.is_object()),
                "{sample}: {line}"
            );
            assert!(line.contains(&answer.request_id), "{sample}: {line}");
        }
    }
}

#[test]
fn an_error_is_logged_with_its_type() {
    let (_aws, function) = start(&[("LOG_LEVEL", "error")]);
    let answer = invoke(&function, "malformed");
    assert!(
        answer.logs.iter().any(|line| line.contains("ERROR") && line.contains("UnreadableItem")),
        "{answer:?}"
    );
}

#[test]
fn the_level_of_the_environment_decides_what_is_written() {
    let lines = |level: &str| {
        let (_aws, function) = start(&[("LOG_LEVEL", level)]);
        invoke(&function, "closed").logs.len()
    };
    let (error, info) = (lines("error"), lines("info"));
    assert_eq!(error, 1, "the metrics alone");
    assert!(error < info, "{error} {info}");
}

#[test]
fn metrics_are_in_cloudwatchs_embedded_format() {
    let (_aws, function) = start(&[]);
    let line = metrics(&invoke(&function, "open-stock"));
    // A metric that is older than two weeks is dropped, so the time must be now, in milliseconds.
    let age =
        time::OffsetDateTime::now_utc().unix_timestamp() * 1000 - line["_aws"]["Timestamp"].as_i64().unwrap();
    assert!(age.abs() < 60_000, "{line}");
    let directive = &line["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(directive["Namespace"], "defsg");
    assert_eq!(directive["Dimensions"], serde_json::json!([["RuleName"]]));
    assert_eq!(line["RuleName"], RULE);
    let names: Vec<_> =
        directive["Metrics"].as_array().unwrap().iter().map(|metric| &metric["Name"]).collect();
    assert_eq!(names, ["Evaluated", "Open", "Retried", "Failed"]);
    for name in names {
        assert!(line[name.as_str().unwrap()].is_number(), "{name} has no value: {line}");
    }
}

#[test]
fn metrics_go_to_the_namespace_of_the_environment() {
    let (_aws, function) = start(&[("METRICS_NAMESPACE", "Security/defsg")]);
    let line = metrics(&invoke(&function, "closed"));
    assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Namespace"], "Security/defsg");
}

#[test]
fn metrics_count_what_was_evaluated_open_retried_and_failed() {
    let counts = |answer: &Answer| {
        let line = metrics(answer);
        ["Evaluated", "Open", "Retried", "Failed"].map(|name| line[name].as_u64().unwrap())
    };
    let (aws, function) = start(&[]);
    assert_eq!(counts(&invoke(&function, "open-stock")), [1, 1, 0, 0]);
    assert_eq!(counts(&invoke(&function, "closed")), [1, 0, 0, 0]);
    assert_eq!(counts(&invoke(&function, "scheduled")), [3, 2, 0, 0]);
    aws.fault("PutEvaluations", Nth(1), Fault::RefuseAll);
    assert_eq!(counts(&invoke(&function, "open-stock")), [1, 1, 1, 0], "refused once");
    aws.fault("PutEvaluations", Every, Fault::RefuseAll);
    let [_, _, retried, failed] = counts(&invoke(&function, "open-stock"));
    assert_eq!((retried, failed), (2, 1), "refused for ever");
    let [evaluated, open, _, failed] = counts(&invoke(&function, "malformed"));
    assert_eq!((evaluated, open, failed), (0, 0, 1), "nothing could be evaluated");
}
