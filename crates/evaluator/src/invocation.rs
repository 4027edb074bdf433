//! One invocation by Lambda: parse, choose the place and the credentials, hand over to the handler, write the metrics. The
//! only module that knows AWS, and so the only one that the feature `aws` turns on.

use defsg_aws::{AssumedRole, Credentials, Sdk};
use defsg_lambda::failure;
use defsg_lambda::limit::{time_left, within};
use defsg_lambda::place::place_of;
use lambda_runtime::{Context, LambdaEvent};
use serde_json::value::RawValue;
use time::OffsetDateTime;

use crate::account::account_of;
use crate::environment::Environment;
use crate::error::EvaluatorError;
use crate::event::Event;
use crate::handler::run;
use crate::metrics::{Metrics, Summary};

/// The name of the sessions of an assumed role. CloudTrail shows it.
const SESSION_NAME: &str = "defsg-evaluator";

/// Handles one invocation by AWS Config. `write` takes the line with its metrics.
///
/// # Errors
/// Every way in which an invocation can fail; see docs/errors.md.
pub async fn handle(
    event: LambdaEvent<Box<RawValue>>,
    sdk: &Sdk,
    environment: &Environment,
    write: impl Fn(&str),
) -> Result<Summary, EvaluatorError> {
    let LambdaEvent { payload, context } = event;
    let mut metrics = Metrics::new(&context.request_id);
    let work = evaluate(payload.get(), &context, sdk, environment, &mut metrics);
    let result = within(time_left(&context), work).await;
    match &result {
        Ok(summary) => tracing::info!(evaluations = summary.total(), open = summary.non_compliant, "done"),
        Err(error) => {
            metrics.failed = true;
            tracing::error!(error_type = error.error_type(), "{}", failure::message(error));
        }
    }
    write(&metrics.line(&environment.metrics_namespace, OffsetDateTime::now_utc()));
    result
}

async fn evaluate(
    event: &str,
    context: &Context,
    sdk: &Sdk,
    environment: &Environment,
    metrics: &mut Metrics,
) -> Result<Summary, EvaluatorError> {
    let event = Event::parse(event)?;
    metrics.rule_name.clone_from(&event.rule_name);
    let own = place_of(context, environment.region.as_deref())?;
    let (place, role) = account_of(&event, &own)?;
    let credentials = role.map_or(Credentials::Own, |role| {
        Credentials::Role(AssumedRole {
            role: role.clone(),
            session_name: SESSION_NAME.to_owned(),
            external_id: None,
            duration: None,
        })
    });
    let clients = sdk.clients(&place, &credentials).await;
    run(&event, &place, OffsetDateTime::now_utc().date(), &*clients, metrics).await
}
