//! One invocation: parse, obtain the group, judge, put.

use defsg_aws::{Accounts, FunctionIdentity};
use defsg_core::Evaluation;
use defsg_core::item::{Item, ItemStatus};
use defsg_core::ports::{DefaultGroups, ItemHistory, PutEvaluations, RecordedResults};
use defsg_core::security_group::RESOURCE_TYPE;
use defsg_lambda::time_left;
use lambda_runtime::LambdaEvent;
use serde_json::value::RawValue;
use time::{Date, Duration, OffsetDateTime};

use crate::error::EvaluatorError;
use crate::event::{Event, Invocation};
use crate::metrics::{Metrics, Summary};
use crate::publisher::Publisher;
use crate::sweep::sweep;

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

/// Does what the event asks for, in an account that may be AWS or memory. `today` is in UTC.
///
/// # Errors
/// As [`handle`].
pub async fn run<A>(
    event: &Event,
    today: Date,
    aws: &A,
    metrics: &mut Metrics,
) -> Result<Summary, EvaluatorError>
where
    A: DefaultGroups + ItemHistory + PutEvaluations + RecordedResults,
{
    let mut publisher = Publisher::new(aws, &event.token, metrics);
    match &event.invocation {
        Invocation::Change { item, left_scope } => {
            judge(event, item, *left_scope, today, &mut publisher).await?
        }
        Invocation::Oversized { summary, left_scope } => {
            // What is gone, out of scope or no group is judged without its configuration.
            let no_group = summary.status != ItemStatus::Existing || summary.resource_type != RESOURCE_TYPE;
            let item = if *left_scope || no_group { summary } else { &recorded(summary, aws).await? };
            judge(event, item, *left_scope, today, &mut publisher).await?;
        }
        Invocation::Scheduled { notified } => sweep(event, *notified, today, aws, &mut publisher).await?,
    }
    publisher.finish()?;
    Ok(metrics.summary)
}

async fn judge<P: PutEvaluations>(
    event: &Event,
    item: &Item,
    left_scope: bool,
    today: Date,
    publisher: &mut Publisher<'_, P>,
) -> Result<(), EvaluatorError> {
    let verdict = item.judge(left_scope, &event.parameters, today)?;
    publisher
        .put(&[Evaluation::new(&item.resource_type, &item.resource_id, &verdict, item.captured)])
        .await?;
    Ok(())
}

/// The whole item that an oversized notification summarises: the one captured at that time, not the newest.
async fn recorded<H: ItemHistory>(summary: &Item, history: &H) -> Result<Item, EvaluatorError> {
    let item = history.item_at(&summary.resource_type, &summary.resource_id, summary.captured).await?;
    // The newest at or before that time: where the history lags behind the notification, it is an older one.
    let same = |item: &Item| {
        item.resource_id == summary.resource_id
            && item.resource_type == summary.resource_type
            && item.account == summary.account
            && (item.captured - summary.captured).abs() < Duration::SECOND
    };
    item.filter(same).ok_or_else(|| EvaluatorError::NoHistory {
        resource_id: summary.resource_id.clone(),
        captured: summary.captured.to_string(),
    })
}
