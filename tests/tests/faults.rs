//! AWS failing under the function: the error is told by its type, and a failure never looks like a closed
//! group.

use std::time::{Duration, Instant};

use defsg_e2e::events::Event;
use defsg_e2e::fake::Occurrence::{Every, FromNth, Nth};
use defsg_e2e::fake::{Data, Fake, Fault, Group, OldResult, TOKEN};
use defsg_e2e::rie::{Answer, Rie};
use serde_json::Value;

/// The account's groups, of which the last is on a second page, and results of one group that is gone.
fn start() -> (Fake, Rie) {
    let groups = Group::many(1001);
    let results = vec![OldResult::new("sg-dead0001", "NON_COMPLIANT")];
    let aws = Fake::start(Data { groups, results, ..Data::default() });
    let function = Rie::evaluator(&aws.url(), &[]);
    (aws, function)
}

fn invoke(function: &Rie, sample: &str) -> Answer {
    function.invoke(&Event::sample(sample).token(TOKEN).payload())
}

fn put_as(aws: &Fake, compliance: &str) -> Vec<Value> {
    aws.evaluations().into_iter().filter(|evaluation| evaluation["ComplianceType"] == compliance).collect()
}

#[test]
fn a_call_that_fails_for_a_moment_is_made_again() {
    for fault in [Fault::Throttled, Fault::ServerError, Fault::Cut] {
        let (aws, function) = start();
        aws.fault("PutEvaluations", Nth(1), fault.clone());
        let answer = invoke(&function, "closed");
        assert_eq!(answer.payload["COMPLIANT"], 1, "{fault:?}: {answer:?}");
        assert_eq!(aws.calls().len(), 2, "{fault:?}");
    }
}

#[test]
fn a_call_that_fails_for_ever_is_an_error_by_its_type() {
    let faults = [
        (Fault::Throttled, "Throttled"),
        (Fault::ServerError, "AwsApi"),
        (Fault::Denied, "AccessDenied"),
        (Fault::Cut, "AwsApi"),
        (Fault::lie("<html>no API</html>"), "AwsApi"),
    ];
    for (fault, error) in faults {
        let (aws, function) = start();
        aws.fault("PutEvaluations", Every, fault.clone());
        let answer = invoke(&function, "closed");
        assert_eq!(answer.error_type(), Some(error), "{fault:?}: {answer:?}");
        assert!(answer.error_message().contains("PutEvaluations"), "{fault:?}: {answer:?}");
        assert_eq!(aws.evaluations().len(), 0);
    }
}

#[test]
fn a_denied_call_is_not_made_again() {
    let (aws, function) = start();
    aws.fault("PutEvaluations", Every, Fault::Denied);
    invoke(&function, "closed");
    assert_eq!(aws.calls().len(), 1);
}

#[test]
fn groups_that_cannot_be_read_are_an_error_and_nothing_is_put() {
    let faults = [
        (Fault::Throttled, "Throttled"),
        (Fault::ServerError, "AwsApi"),
        (Fault::Denied, "AccessDenied"),
        (Fault::Cut, "AwsApi"),
        (Fault::lie("no XML"), "AwsApi"),
        (Fault::lie(""), "AwsApi"),
        (Fault::lie("<DescribeSecurityGroupsResponse/>"), "AwsApi"),
    ];
    for (fault, error) in faults {
        let (aws, function) = start();
        aws.fault("DescribeSecurityGroups", Every, fault.clone());
        let answer = invoke(&function, "scheduled");
        assert_eq!(answer.error_type(), Some(error), "{fault:?}: {answer:?}");
        assert!(answer.error_message().contains("DescribeSecurityGroups"), "{fault:?}: {answer:?}");
        assert_eq!(aws.evaluations().len(), 0, "{fault:?}");
    }
}

#[test]
fn a_failed_page_declares_nothing_gone_and_what_was_learned_is_put() {
    let faults = [
        Fault::Throttled,
        Fault::ServerError,
        Fault::Denied,
        Fault::Cut,
        Fault::lie("no XML"),
        Fault::lie(""),
    ];
    for fault in faults {
        let (aws, function) = start();
        aws.fault("DescribeSecurityGroups", FromNth(2), fault.clone());
        let answer = invoke(&function, "scheduled");
        assert!(answer.error_type().is_some(), "{fault:?}: {answer:?}");
        assert_eq!(put_as(&aws, "NOT_APPLICABLE"), Vec::<Value>::new(), "{fault:?}");
        assert_eq!(
            (put_as(&aws, "COMPLIANT").len(), put_as(&aws, "NON_COMPLIANT").len()),
            (400, 400),
            "{fault:?}"
        );
    }
}

#[test]
fn a_group_without_its_rule_lists_is_an_error_and_the_others_are_put() {
    let groups = vec![
        Group::stock("sg-00000001"),
        Group { lists_missing: true, ..Group::closed("sg-00000002") },
        Group::closed("sg-00000003"),
    ];
    let results = vec![OldResult::new("sg-dead0001", "NON_COMPLIANT")];
    let aws = Fake::start(Data { groups, results, ..Data::default() });
    let answer = invoke(&Rie::evaluator(&aws.url(), &[]), "scheduled");
    assert_eq!(answer.error_type(), Some("UnreadableItem"), "{answer:?}");
    assert!(answer.error_message().contains("sg-00000002"), "{answer:?}");
    let evaluations = aws.evaluations();
    let put: Vec<_> = evaluations.iter().map(|evaluation| &evaluation["ComplianceResourceId"]).collect();
    assert_eq!(put, ["sg-00000001", "sg-00000003"]);
}

#[test]
fn a_listing_that_leads_in_a_circle_is_an_error() {
    let circles = [
        (
            "DescribeSecurityGroups",
            "<DescribeSecurityGroupsResponse><securityGroupInfo/><nextToken>a</nextToken>\
             </DescribeSecurityGroupsResponse>",
        ),
        ("GetComplianceDetailsByConfigRule", r#"{"EvaluationResults":[],"NextToken":"a"}"#),
    ];
    for (operation, page) in circles {
        let (aws, function) = start();
        aws.fault(operation, Every, Fault::lie(page));
        let answer = invoke(&function, "scheduled");
        assert_eq!(answer.error_type(), Some("AwsApi"), "{operation}: {answer:?}");
        assert_eq!(aws.calls_of(operation).len(), 2, "{operation}");
        assert_eq!(put_as(&aws, "NOT_APPLICABLE").len(), 0);
    }
}

#[test]
fn a_page_that_fails_for_a_moment_is_read_again() {
    let (aws, function) = start();
    aws.fault("DescribeSecurityGroups", Nth(2), Fault::Throttled);
    let answer = invoke(&function, "scheduled");
    assert_eq!(answer.payload["NON_COMPLIANT"], 501, "{answer:?}");
    assert_eq!(put_as(&aws, "NOT_APPLICABLE").len(), 1);
}

#[test]
fn old_results_that_cannot_be_read_are_an_error_after_every_group_is_put() {
    for fault in [Fault::ServerError, Fault::Denied, Fault::lie("garbage")] {
        let (aws, function) = start();
        aws.fault("GetComplianceDetailsByConfigRule", Every, fault.clone());
        let answer = invoke(&function, "scheduled");
        assert!(answer.error_type().is_some(), "{fault:?}: {answer:?}");
        assert!(answer.error_message().contains("GetComplianceDetailsByConfigRule"), "{fault:?}: {answer:?}");
        assert_eq!(aws.evaluations().len(), 1001, "{fault:?}");
    }
}

#[test]
fn a_history_that_cannot_be_read_is_an_error_and_nothing_is_put() {
    for (fault, error) in
        [(Fault::Throttled, "Throttled"), (Fault::Denied, "AccessDenied"), (Fault::Cut, "AwsApi")]
    {
        let (aws, function) = start();
        aws.fault("GetResourceConfigHistory", Every, fault.clone());
        let answer = invoke(&function, "oversized");
        assert_eq!(answer.error_type(), Some(error), "{fault:?}: {answer:?}");
        assert!(answer.error_message().contains("GetResourceConfigHistory"), "{fault:?}: {answer:?}");
        assert_eq!(aws.calls_of("PutEvaluations").len(), 0);
    }
}

#[test]
fn a_lie_with_status_200_is_never_a_closed_group() {
    let (aws, function) = start();
    for lie in ["", "{}", "[]", "<a/>", r#"{"configurationItems":[{}]}"#, r#"{"configurationItems":null}"#] {
        aws.heal();
        aws.fault("GetResourceConfigHistory", Every, Fault::lie(lie));
        let answer = invoke(&function, "oversized");
        assert!(answer.error_type().is_some(), "{lie:?}: {answer:?}");
    }
    assert_eq!(aws.calls_of("PutEvaluations").len(), 0);
}

#[test]
fn a_slow_answer_is_waited_for() {
    let (aws, function) = start();
    aws.fault("PutEvaluations", Nth(1), Fault::Late(Duration::from_secs(1)));
    let answer = invoke(&function, "closed");
    assert_eq!(answer.payload["COMPLIANT"], 1, "{answer:?}");
}

#[test]
fn a_function_that_runs_out_of_time_says_so_before_lambda_ends_it() {
    let aws = Fake::start(Data::default());
    let function = Rie::evaluator(&aws.url(), &[("AWS_LAMBDA_FUNCTION_TIMEOUT", "5")]);
    aws.fault("PutEvaluations", Every, Fault::Late(Duration::from_secs(20)));
    let start = Instant::now();
    let answer = invoke(&function, "closed");
    assert_eq!(answer.error_type(), Some("Timeout"), "{answer:?}");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[test]
fn the_next_invocation_works_after_a_failed_one() {
    let (aws, function) = start();
    aws.fault("PutEvaluations", Every, Fault::Cut);
    assert!(invoke(&function, "closed").error_type().is_some());
    let process = function.function_pid();
    aws.heal();
    assert_eq!(invoke(&function, "closed").payload["COMPLIANT"], 1);
    assert_eq!(function.function_pid(), process);
}

/// Found by an attack: the SDK reads as much of an XML answer as there is, so that a list that was cut off
/// was a short list.
#[test]
fn an_answer_of_ec2_that_was_cut_off_is_an_error_and_neither_closes_nor_ends_a_group() {
    let cut_at = [
        "<securityGroupInfo>",
        "<securityGroupInfo><item><ownerId>012345678912</ownerId><groupId>sg-00000001</groupId>\
         <groupName>default</groupName><vpcId>vpc-0a1b2c3d4e5f60718</vpcId><ipPermissions/><ipPermissionsEgress>",
    ];
    for cut in cut_at {
        let (aws, function) = start();
        let answer = format!("<DescribeSecurityGroupsResponse><requestId>0</requestId>{cut}");
        aws.fault("DescribeSecurityGroups", Every, Fault::lie(answer.leak()));
        let answer = invoke(&function, "scheduled");
        assert_eq!(answer.error_type(), Some("AwsApi"), "{answer:?}");
        assert_eq!(aws.evaluations().len(), 0, "{answer:?}");
    }
}
