//! STS: `AssumeRole`, as of the API model of 2011-06-15.

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Service;
use crate::fake::State;
use crate::fake::call::Call;
use crate::fake::fault::Fault;
use crate::fake::wire::{ApiError, Protocol, read_query, text};

pub(super) const SERVICE: Service = Service {
    name: "sts",
    protocol: Protocol::Query,
    read: read_query,
    // The fake tells accounts from each other by the access keys that it gave out.
    passed_on: |_| false,
    answer,
};

fn answer(state: &mut State, call: &Call, _: &[Fault]) -> Result<String, ApiError> {
    match call.operation.as_str() {
        "AssumeRole" => assume_role(state, &call.parameters),
        other => Err(ApiError::unknown_operation(other)),
    }
}

fn assume_role(state: &mut State, parameters: &Value) -> Result<String, ApiError> {
    let role = text(parameters, "RoleArn", 20, 2048)?;
    let session = text(parameters, "RoleSessionName", 2, 64)?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if !session.chars().all(allowed) {
        return Err(ApiError::validation("roleSessionName", "Member must satisfy the pattern [\\w+=,.@-]*"));
    }
    let account = role
        .strip_prefix("arn:aws:iam::")
        .and_then(|rest| rest.split_once(":role/"))
        .map(|(account, _)| account.to_owned())
        .filter(|account| account.len() == 12)
        .ok_or_else(|| ApiError::validation("roleArn", "Member must be the ARN of a role"))?;
    let access_key = format!("ASIA{account}{:04}", state.sessions.len());
    let expiration = OffsetDateTime::now_utc() + state.data.session;
    let expiration = expiration.format(&Rfc3339).expect("a time of this century");
    let answer = format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>\
         <AssumedRoleUser><AssumedRoleId>AROA:{session}</AssumedRoleId>\
         <Arn>arn:aws:sts::{account}:assumed-role/x/{session}</Arn></AssumedRoleUser>\
         <Credentials><AccessKeyId>{access_key}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>\
         <SessionToken>session</SessionToken><Expiration>{expiration}</Expiration></Credentials>\
         </AssumeRoleResult><ResponseMetadata><RequestId>0</RequestId></ResponseMetadata></AssumeRoleResponse>"
    );
    state.sessions.insert(access_key, account);
    Ok(answer)
}
