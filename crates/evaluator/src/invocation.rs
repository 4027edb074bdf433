//! One invocation by Lambda: parse, choose the account, hand over to the handler, write the metrics. The only module that
//! knows AWS, and so the only one that the feature `aws` turns on.

use defsg_aws::{Accounts, FunctionIdentity};
use defsg_lambda::time_left;
use lambda_runtime::LambdaEvent;
use serde_json::value::RawValue;
use time::OffsetDateTime;

use crate::error::EvaluatorError;
use crate::event::Event;
use crate::handler::run;
use crate::metrics::{Metrics, Summary};

/// Handles one invocation by AWS Config and writes its metrics.
///
/// # Errors
/// Every way in which an invocation can fail; see docs/errors.md.
pub async fn handle(
    event: LambdaEvent<Box<RawValue>>,
    accounts: &Accounts,
) -> Result<Summary, EvaluatorError> {
    let mut metrics = Metrics::new(&event.context.request_id);
    let left = time_left(&event.context);
    let result = match tokio::time::timeout(left, within_time(event, accounts, &mut metrics)).await {
        Ok(result) => result,
        Err(_) => Err(EvaluatorError::OutOfTime(left)),
    };
    match &result {
        Ok(summary) => tracing::info!(evaluations = summary.total(), open = summary.non_compliant, "done"),
        Err(error) => {
            metrics.failed = true;
            tracing::error!(error_type = error.error_type(), "{}", error.message());
        }
    }
    metrics.write();
    result
}

async fn within_time(
    event: LambdaEvent<Box<RawValue>>,
    accounts: &Accounts,
    metrics: &mut Metrics,
) -> Result<Summary, EvaluatorError> {
    let arn = event.context.invoked_function_arn;
    let event = Event::parse(event.payload.get())?;
    metrics.rule_name.clone_from(&event.rule_name);
    let identity = FunctionIdentity::from_arn(&arn).ok_or(EvaluatorError::NoIdentity(arn))?;
    let today = OffsetDateTime::now_utc().date();
    if event.account == identity.account {
        return run(&event, today, &*accounts.own(&identity), metrics).await;
    }
    let Some(role) = &event.parameters.execution_role_name else {
        return Err(EvaluatorError::NoExecutionRole { account: event.account.to_string() });
    };
    let role_arn = identity.role_arn(&event.account, role);
    let account = accounts.assume(&identity, &event.account, &role_arn).await;
    run(&event, today, &*account, metrics).await.map_err(|error| error.in_role(&role_arn))
}
