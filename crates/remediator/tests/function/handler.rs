//! From a request to the library and back.

use std::collections::BTreeMap;

use defsg_core::plan;
use defsg_core::ports::memory_remediation::MemoryGroup;
use defsg_core::rule_set::{GroupState, RulePeer, SecurityGroupRule};
use defsg_core::security_group::{Direction, Protocol};
use defsg_remediation::{Answer, Status};
use defsg_remediator::error::RemediatorError;
use defsg_remediator::handler::run;
use defsg_remediator::request::Request;
use serde_json::{Value, json};
use time::macros::datetime;

const GROUP: &str = "sg-6c7fa917";

fn open_group() -> MemoryGroup {
    let rule = SecurityGroupRule {
        rule_id: "sgr-0123456789abcdef0".parse().unwrap(),
        direction: Direction::Outbound,
        protocol: Protocol::All,
        ports: None,
        peer: RulePeer::Ipv4 { cidr: "0.0.0.0/0".to_owned() },
        description: None,
        tags: BTreeMap::new(),
    };
    MemoryGroup::new(GroupState {
        id: GROUP.parse().unwrap(),
        name: "default".to_owned(),
        description: "default VPC security group".to_owned(),
        owner: "012345678912".parse().unwrap(),
        vpc: Some("vpc-d2d616b5".parse().unwrap()),
        tags: BTreeMap::new(),
        rules: vec![rule],
    })
}

async fn ask(aws: &MemoryGroup, with_store: bool, event: Value) -> Result<Answer, RemediatorError> {
    let settings = plan::Settings {
        account: "012345678912".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
        exemptions: Default::default(),
        required: Default::default(),
        reopening: Default::default(),
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
