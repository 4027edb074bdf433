//! One invocation by Lambda: parse, choose the place, the clients and the bucket, hand over to the handler. The only module
//! that knows AWS, and so the only one that the feature `aws` turns on.

use defsg_aws::{BackupBucket, Credentials, Sdk, sources};
use defsg_core::documents::answer::v1::Answer;
use defsg_lambda::failure;
use defsg_lambda::limit::{time_left, within};
use defsg_lambda::place::place_of;
use lambda_runtime::{Context, LambdaEvent};
use serde_json::value::RawValue;
use time::OffsetDateTime;

use crate::error::RemediatorError;
use crate::handler::run;
use crate::request::Request;
use crate::settings::Settings;

/// Handles one invocation. `get` reads a variable of the environment.
///
/// # Errors
/// Every way in which an invocation can fail; see docs/remediation.md.
pub async fn handle(
    event: LambdaEvent<Box<RawValue>>,
    sdk: &Sdk,
    get: impl Fn(&str) -> Option<String>,
) -> Result<Answer, RemediatorError> {
    let LambdaEvent { payload, context } = event;
    let result = within(time_left(&context), answer(payload.get(), &context, sdk, get)).await;
    match &result {
        Ok(answer) => tracing::info!(
            status = ?answer.status,
            group = %answer.group_id,
            backup = answer.backup,
            "{}", answer.reason
        ),
        Err(error) => tracing::error!(error_type = error.error_type(), "{}", failure::message(error)),
    }
    result
}

async fn answer(
    request: &str,
    context: &Context,
    sdk: &Sdk,
    get: impl Fn(&str) -> Option<String>,
) -> Result<Answer, RemediatorError> {
    let request = Request::parse(request)?;
    let settings = Settings::read(&get, &sources())?;
    let place = place_of(context, get("AWS_REGION").as_deref())?;
    let clients = sdk.clients(&place, &Credentials::Own).await;
    let store = match &settings.bucket {
        None => None,
        Some(bucket) => {
            // With the function's own credentials, wherever the bucket is and whoever owns it.
            let there = sdk.clients(&bucket.place(&place), &Credentials::Own).await;
            Some(BackupBucket::new(&there, &bucket.name, bucket.owner(&place)))
        }
    };
    let settings = settings.for_closes(place);
    run(&request, &settings, &*clients, store.as_ref(), OffsetDateTime::now_utc()).await
}
