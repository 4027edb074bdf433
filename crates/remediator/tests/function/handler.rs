//! From a request to the library and back.

use std::collections::BTreeMap;

use defsg_core::close::plan::{self, ReopeningLimit};
use defsg_core::close::source::RequiredSources;
use defsg_core::documents::answer::v1::{Answer, Status};
use defsg_core::group::Protocol;
use defsg_core::ports::memory::MemoryGroup;
use defsg_core::ports::memory::group::SOURCES;
use defsg_core::ports::{ApiError, ApiErrorKind};
use defsg_core::{Direction, Exemptions, GroupIdentity, GroupState, Peer, Place, SecurityGroupRule, Traffic};
use defsg_lambda::place::NoPlace;
use defsg_remediation::RemediationError;
use defsg_remediator::error::RemediatorError;
use defsg_remediator::handler::run;
use defsg_remediator::request::Request;
use serde_json::{Value, json};
use time::macros::datetime;

const GROUP: &str = "sg-6c7fa917";

fn place() -> Place {
    Place::parse("aws", "012345678912", "eu-west-1").unwrap()
}

fn open_group() -> MemoryGroup {
    let rule = SecurityGroupRule {
        id: "sgr-0123456789abcdef0".parse().unwrap(),
        traffic: Traffic {
            direction: Direction::Outbound,
            protocol: Protocol::All,
            ports: None,
            peer: Peer::Ipv4("0.0.0.0/0".to_owned()),
        },
        description: None,
        tags: BTreeMap::new(),
    };
    MemoryGroup::new(GroupState {
        identity: GroupIdentity {
            id: GROUP.parse().unwrap(),
            name: "default".to_owned(),
            description: "default VPC security group".to_owned(),
            owner: "012345678912".parse().unwrap(),
            vpc: Some("vpc-d2d616b5".parse().unwrap()),
            tags: BTreeMap::new(),
        },
        rules: vec![rule],
    })
}

async fn ask(aws: &MemoryGroup, with_store: bool, event: Value) -> Result<Answer, RemediatorError> {
    let settings = plan::Settings {
        place: place(),
        exemptions: Exemptions::default(),
        required: RequiredSources::every(&SOURCES),
        reopening: ReopeningLimit::default(),
    };
    let request = Request::parse(&event.to_string())?;
    let store = with_store.then_some(aws);
    run(&request, &settings, aws, store, datetime!(2026-11-22 08:00 UTC)).await
}

fn rules(aws: &MemoryGroup) -> usize {
    aws.world().group.as_ref().unwrap().rules.len()
}

#[tokio::test]
async fn a_group_is_planned_closed_and_restored() {
    let aws = open_group();
    let planned = ask(&aws, true, json!({"action": "plan", "groupId": GROUP})).await.unwrap();
    assert_eq!((planned.status, rules(&aws)), (Status::Planned, 1));
    let close = json!({"action": "close", "groupId": GROUP, "fingerprint": planned.fingerprint});
    let closed = ask(&aws, true, close).await.unwrap();
    assert_eq!((closed.status, rules(&aws)), (Status::Closed, 0));
    let restore = json!({"action": "restore", "groupId": GROUP, "backup": closed.backup});
    let restored = ask(&aws, true, restore).await.unwrap();
    assert_eq!((restored.status, rules(&aws)), (Status::Restored, 1));
    assert_eq!(restored.fingerprint, planned.fingerprint);
}

#[tokio::test]
async fn with_no_bucket_a_group_can_be_planned_and_neither_closed_nor_restored() {
    let aws = open_group();
    let planned = ask(&aws, false, json!({"action": "plan", "groupId": GROUP})).await.unwrap();
    assert_eq!(planned.status, Status::Planned);
    for event in [
        json!({"action": "close", "groupId": GROUP}),
        json!({"action": "restore", "groupId": GROUP, "backup": "s3://b/k"}),
    ] {
        let error = ask(&aws, false, event).await.unwrap_err();
        assert_eq!(error.error_type(), "InvalidSettings");
        assert!(error.to_string().contains("BACKUP_BUCKET"), "{error}");
    }
    assert_eq!(rules(&aws), 1);
}

#[tokio::test]
async fn failures_have_stable_names() {
    let aws = open_group();
    let cases = [
        (json!({"action": "open"}), "InvalidRequest"),
        (json!({"action": "close", "groupId": "sg-00000000"}), "GroupNotFound"),
        (json!({"action": "restore", "groupId": GROUP, "backup": "s3://elsewhere/k"}), "InvalidRequest"),
        (json!({"action": "restore", "groupId": GROUP, "backup": "s3://memory/k"}), "InvalidBackup"),
    ];
    for (event, expected) in cases {
        assert_eq!(ask(&aws, true, event.clone()).await.unwrap_err().error_type(), expected, "{event}");
    }
}

#[test]
fn a_failed_call_has_the_same_name_in_both_functions_and_in_the_library() {
    for (kind, expected) in [
        (ApiErrorKind::AccessDenied, "AccessDenied"),
        (ApiErrorKind::Throttled, "Throttled"),
        (ApiErrorKind::TimedOut, "Timeout"),
        (ApiErrorKind::Unreadable, "AwsApi"),
        (ApiErrorKind::Other, "AwsApi"),
    ] {
        let source = ApiError::new("Test", &place(), kind, "as the test wants it");
        let error = RemediationError::Api { source, backup: None };
        assert_eq!(error.error_type(), expected);
        assert_eq!(RemediatorError::from(error).error_type(), expected);
    }
}

#[test]
fn a_place_that_is_not_known_is_an_error_with_a_stable_type() {
    for (problem, error_type) in [
        (NoPlace::Arn("arn".to_owned()), "InvalidRequest"),
        (NoPlace::Region("is not set".to_owned()), "InvalidSettings"),
    ] {
        let error = RemediatorError::from(problem);
        assert_eq!(error.error_type(), error_type);
        assert!(error.to_string().ends_with("nothing was changed"), "{error}");
    }
}

#[test]
fn an_answer_is_what_the_document_reads() {
    let aws = open_group();
    aws.world().group.as_mut().unwrap().rules.clear();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let answer = runtime.block_on(ask(&aws, true, json!({"action": "close", "groupId": GROUP}))).unwrap();
    let answer = serde_json::to_value(answer).unwrap();
    assert_eq!(answer["status"], "already_closed");
    assert_eq!(answer["groupId"], GROUP);
    assert_eq!(answer["vpcId"], "vpc-d2d616b5");
    assert_eq!(answer["backup"], Value::Null);
    assert_eq!(answer["dependents"], json!([]));
}
