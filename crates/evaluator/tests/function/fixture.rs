//! Events, groups and an account in memory.

use defsg_core::group::Protocol;
use defsg_core::ports::{
    ApiError, ApiErrorKind, DefaultGroups, ItemHistory, PutEvaluations, RecordedResult, RecordedResults,
};
use defsg_core::{AccountId, Direction, GroupIdentity, Peer, Place, SecurityGroup, SecurityGroupId, Traffic};
use defsg_evaluator::error::EvaluatorError;
use defsg_evaluator::event::{Event, EventError};
use defsg_evaluator::handler;
use defsg_evaluator::metrics::{Metrics, Summary};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::{date, datetime};

pub(crate) const NOTIFIED: OffsetDateTime = datetime!(2026-11-22 06:00 UTC);

pub(crate) fn account() -> AccountId {
    "012345678912".parse().unwrap()
}

pub(crate) fn place() -> Place {
    Place::parse("aws", "012345678912", "eu-west-1").unwrap()
}

pub(crate) fn parse(event: Value) -> Result<Event, EventError> {
    Event::parse(&event.to_string())
}

pub(crate) fn envelope(invoking_event: &Value) -> Value {
    json!({
        "version": "1.0",
        "invokingEvent": invoking_event.to_string(),
        "ruleParameters": "{}",
        "resultToken": "a-secret-token",
        "eventLeftScope": false,
        "executionRoleArn": "arn:aws:iam::012345678912:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig",
        "configRuleArn": "arn:aws:config:eu-west-1:012345678912:config-rule/config-rule-abc123",
        "configRuleName": "vpc-default-security-group-closed",
        "configRuleId": "config-rule-abc123",
        "accountId": "012345678912",
    })
}

pub(crate) fn scheduled() -> Event {
    let message = json!({
        "messageType": "ScheduledNotification", "awsAccountId": "012345678912",
        "notificationCreationTime": "2026-11-22T06:00:00.000Z", "recordVersion": "1.0",
    });
    parse(envelope(&message)).unwrap()
}

pub(crate) fn change_message() -> Value {
    json!({
        "messageType": "ConfigurationItemChangeNotification",
        "notificationCreationTime": "2026-11-22T06:00:01.000Z", "recordVersion": "1.3", "configurationItemDiff": null,
        "configurationItem": {
            "resourceType": "AWS::EC2::SecurityGroup", "resourceId": "sg-6c7fa917", "awsAccountId": "012345678912",
            "awsRegion": "eu-west-1", "configurationItemStatus": "OK", "configurationItemCaptureTime": "2026-11-22T05:59:00.123Z",
            "configuration": {
                "groupName": "default", "groupId": "sg-6c7fa917", "ownerId": "012345678912", "vpcId": "vpc-d2d616b5",
                "tags": [], "ipPermissions": [], "ipPermissionsEgress": [],
            },
        },
    })
}

pub(crate) fn id(number: usize) -> SecurityGroupId {
    format!("sg-{number:017x}").parse().unwrap()
}

/// A default group; every third is open.
pub(crate) fn group(number: usize) -> SecurityGroup {
    let all_out = Traffic {
        direction: Direction::Outbound,
        protocol: Protocol::All,
        ports: None,
        peer: Peer::Ipv4("0.0.0.0/0".to_owned()),
    };
    SecurityGroup {
        identity: GroupIdentity {
            id: id(number),
            name: "default".to_owned(),
            description: "default VPC security group".to_owned(),
            owner: account(),
            vpc: Some(format!("vpc-{number:017x}").parse().unwrap()),
            tags: [].into(),
        },
        rules: if number.is_multiple_of(3) { vec![all_out] } else { vec![] },
    }
}

/// A result from yesterday.
pub(crate) fn result(number: usize) -> RecordedResult {
    RecordedResult { group: id(number), ordering: datetime!(2026-11-21 06:00 UTC) }
}

pub(crate) fn api_error(kind: ApiErrorKind) -> ApiError {
    ApiError::new("Test", &place(), kind, "as the test wants it")
}

pub(crate) async fn run<A>(event: &Event, aws: &A) -> (Result<Summary, EvaluatorError>, Metrics)
where
    A: DefaultGroups + ItemHistory + PutEvaluations + RecordedResults + Sync,
{
    let mut metrics = Metrics::new("request");
    let result = handler::run(event, &place(), date!(2026 - 11 - 22), aws, &mut metrics).await;
    (result, metrics)
}
