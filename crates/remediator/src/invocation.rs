//! One invocation by Lambda: parse, wire, hand over to the handler. The only module that knows AWS, and so the only one
//! that the feature `aws` turns on.

use defsg_aws::{Accounts, BackupBucket, FunctionIdentity};
use defsg_core::plan;
use defsg_lambda::time_left;
use defsg_remediation::Answer;
use lambda_runtime::LambdaEvent;
use serde_json::value::RawValue;
use time::OffsetDateTime;

use crate::error::RemediatorError;
use crate::handler::run;
use crate::request::Request;
use crate::settings::{InvalidSetting, Settings};

/// Handles one invocation.
///
/// # Errors
/// Every way in which an invocation can fail; see docs/remediation.md.
pub async fn handle(
    event: LambdaEvent<Box<RawValue>>,
    accounts: &Accounts,
) -> Result<Answer, RemediatorError> {
    let left = time_left(&event.context);
    let result = match tokio::time::timeout(left, within_time(event, accounts)).await {
        Ok(result) => result,
        Err(_) => Err(RemediatorError::OutOfTime(left)),
    };
    match &result {
        Ok(answer) => tracing::info!(
            status = ?answer.status,
            group = %answer.group_id,
            backup = answer.backup,
            "{}", answer.reason
        ),
        Err(error) => tracing::error!(error_type = error.error_type(), "{error}"),
    }
    result
}

async fn within_time(
    event: LambdaEvent<Box<RawValue>>,
    accounts: &Accounts,
) -> Result<Answer, RemediatorError> {
    let request = Request::parse(event.payload.get())?;
    let settings = Settings::read(|name| std::env::var(name).ok())?;
    let arn = event.context.invoked_function_arn;
    let identity = FunctionIdentity::from_arn(&arn).ok_or(RemediatorError::NoIdentity(arn))?;
    let account = accounts.own(&identity);
    let store = settings.bucket.as_deref().map(|name| BackupBucket::new(&account, name));
    let region = account.region().ok_or_else(|| InvalidSetting::new("AWS_REGION", "is not set"))?;
    let settings = plan::Settings {
        account: identity.account,
        region: region.parse().map_err(|error| InvalidSetting::new("AWS_REGION", format!("{error}")))?,
        exemptions: settings.exemptions,
        required: settings.required,
        reopening: settings.reopening,
    };
    run(&request, &settings, &*account, store.as_ref(), OffsetDateTime::now_utc()).await
}
