//! A rule in another account than the function's own: its role is assumed there, and nothing is called
//! without.

use std::time::Duration;

use defsg_e2e::ACCOUNT;
use defsg_e2e::events::Event;
use defsg_e2e::fake::Occurrence::Every;
use defsg_e2e::fake::{Data, Fake, Fault, Group, OldResult, TOKEN};
use defsg_e2e::rie::{Answer, Rie};
use serde_json::json;

const MEMBER: &str = "111122223333";

fn start(data: Data) -> (Fake, Rie) {
    let aws = Fake::start(data);
    let function = Rie::evaluator(&aws.url(), &[]);
    (aws, function)
}

/// Invokes with a sample as it comes from `account`, whose rule names `role`.
fn invoke(function: &Rie, sample: &str, account: &str, role: &str) -> Answer {
    let parameters = json!({"executionRoleName": role});
    function.invoke(&Event::sample(sample).token(TOKEN).account(account).parameters(&parameters).payload())
}

#[test]
fn a_change_in_another_account_is_put_with_the_role_assumed_there() {
    let (aws, function) = start(Data::default());
    let answer = invoke(&function, "open-stock", MEMBER, "defsg-evaluator");
    assert_eq!(answer.payload["NON_COMPLIANT"], 1, "{answer:?}");
    let calls = aws.calls();
    assert_eq!(
        calls.iter().map(|call| &*call.operation).collect::<Vec<_>>(),
        ["AssumeRole", "PutEvaluations"]
    );
    assert_eq!(calls[0].parameters["RoleArn"], format!("arn:aws:iam::{MEMBER}:role/defsg-evaluator"));
    assert_eq!(calls[0].account, ACCOUNT);
    assert_eq!(calls[1].account, MEMBER);
}

#[test]
fn a_schedule_in_another_account_reads_and_writes_there() {
    let groups = vec![Group { owner: MEMBER, ..Group::stock("sg-00000001") }, Group::stock("sg-00000002")];
    let results = vec![OldResult::new("sg-dead0001", "COMPLIANT")];
    let (aws, function) = start(Data { groups, results, ..Data::default() });
    let answer = invoke(&function, "scheduled", MEMBER, "defsg-evaluator");
    assert_eq!(answer.payload, json!({"COMPLIANT": 0, "NON_COMPLIANT": 1, "NOT_APPLICABLE": 1}));
    assert_eq!(aws.calls_of("AssumeRole").len(), 1, "one session serves AWS Config and EC2");
    for call in aws.calls() {
        let expected = if call.operation == "AssumeRole" { ACCOUNT } else { MEMBER };
        assert_eq!(call.account, expected, "{}", call.operation);
    }
}

#[test]
fn an_oversized_change_in_another_account_is_fetched_there() {
    let item =
        Group { owner: MEMBER, ..Group::stock("sg-0f1e2d3c4b5a69788") }.history_item(1_795_162_527.412);
    let (aws, function) = start(Data { history: vec![item], ..Data::default() });
    let answer = invoke(&function, "oversized", MEMBER, "defsg-evaluator");
    assert_eq!(answer.payload["NON_COMPLIANT"], 1, "{answer:?}");
    assert_eq!(aws.calls_of("GetResourceConfigHistory")[0].account, MEMBER);
    assert_eq!(aws.calls_of("PutEvaluations")[0].account, MEMBER);
}

#[test]
fn in_its_own_account_the_function_assumes_no_role() {
    let (aws, function) = start(Data::default());
    let answer = invoke(&function, "closed", ACCOUNT, "defsg-evaluator");
    assert_eq!(answer.payload["COMPLIANT"], 1, "{answer:?}");
    assert_eq!(aws.calls_of("AssumeRole").len(), 0);
    assert_eq!(aws.calls()[0].account, ACCOUNT);
}

#[test]
fn without_a_role_name_another_accounts_event_is_an_error_that_names_the_parameter() {
    let (aws, function) = start(Data::default());
    for sample in ["closed", "scheduled", "oversized", "deleted"] {
        let answer = function.invoke(&Event::sample(sample).token(TOKEN).account(MEMBER).payload());
        assert_eq!(answer.error_type(), Some("InvalidParameters"), "{sample}: {answer:?}");
        assert!(answer.error_message().contains("executionRoleName"), "{sample}: {answer:?}");
        assert!(answer.error_message().contains(MEMBER), "{sample}: {answer:?}");
    }
    assert_eq!(aws.calls().len(), 0);
}

#[test]
fn a_role_that_may_not_be_assumed_is_access_denied_and_named() {
    let (aws, function) = start(Data::default());
    aws.fault("AssumeRole", Every, Fault::Denied);
    let answer = invoke(&function, "closed", MEMBER, "defsg-evaluator");
    assert_eq!(answer.error_type(), Some("AccessDenied"), "{answer:?}");
    let role = format!("arn:aws:iam::{MEMBER}:role/defsg-evaluator");
    assert!(answer.error_message().contains(&role), "{answer:?}");
    assert_eq!(aws.calls_of("PutEvaluations").len(), 0, "its own credentials are no stand-in");
}

#[test]
fn a_role_that_could_not_be_assumed_is_tried_anew_by_the_next_event() {
    let (aws, function) = start(Data::default());
    aws.fault("AssumeRole", Every, Fault::Denied);
    assert!(invoke(&function, "closed", MEMBER, "defsg-evaluator").error_type().is_some());
    aws.heal();
    let answer = invoke(&function, "closed", MEMBER, "defsg-evaluator");
    assert_eq!(answer.payload["COMPLIANT"], 1, "{answer:?}");
}

#[test]
fn credentials_are_kept_between_invocations_by_account_and_role() {
    let (aws, function) = start(Data::default());
    let assumed = |account: &str, role: &str| {
        let answer = invoke(&function, "closed", account, role);
        assert_eq!(answer.payload["COMPLIANT"], 1, "{answer:?}");
        aws.calls_of("AssumeRole").len()
    };
    assert_eq!(assumed(MEMBER, "defsg-evaluator"), 1);
    assert_eq!(assumed(MEMBER, "defsg-evaluator"), 1, "kept");
    assert_eq!(assumed("444455556666", "defsg-evaluator"), 2, "another account");
    assert_eq!(assumed(MEMBER, "another-role"), 3, "another role");
    assert_eq!(assumed(MEMBER, "defsg-evaluator"), 3, "still kept");
    let accounts: Vec<_> = aws.calls_of("PutEvaluations").into_iter().map(|call| call.account).collect();
    assert_eq!(accounts, [MEMBER, MEMBER, "444455556666", MEMBER, MEMBER]);
}

#[test]
fn credentials_near_their_end_are_renewed() {
    let (aws, function) = start(Data { session: Duration::from_secs(5), ..Data::default() });
    for assumed in 1..=2 {
        let answer = invoke(&function, "closed", MEMBER, "defsg-evaluator");
        assert_eq!(answer.payload["COMPLIANT"], 1, "{answer:?}");
        assert_eq!(aws.calls_of("AssumeRole").len(), assumed);
    }
}
