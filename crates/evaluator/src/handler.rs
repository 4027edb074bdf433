//! What an event asks for: obtain the group, judge it, put the result.

use defsg_core::group::RESOURCE_TYPE;
use defsg_core::judge::item::{Item, ItemStatus};
use defsg_core::ports::{DefaultGroups, ItemHistory, PutEvaluations, RecordedResults};
use defsg_core::{Evaluation, Place};
use time::{Date, Duration};

use crate::error::EvaluatorError;
use crate::event::{Event, Invocation};
use crate::metrics::{Metrics, Summary};
use crate::publisher::Publisher;
use crate::sweep::{Schedule, sweep};

/// Does what the event asks for, in a place that may be AWS or memory. The place is in the event's account. `today` is in UTC.
///
/// # Errors
/// Every way in which an invocation can fail; see docs/errors.md.
pub async fn run<A>(
    event: &Event,
    place: &Place,
    today: Date,
    aws: &A,
    metrics: &mut Metrics,
) -> Result<Summary, EvaluatorError>
where
    A: DefaultGroups + ItemHistory + PutEvaluations + RecordedResults + Sync,
{
    let mut publisher = Publisher::new(aws, &event.token, metrics);
    match &event.invocation {
        Invocation::Change { item, left_scope } => {
            judge(event, item, *left_scope, today, &mut publisher).await?;
        }
        Invocation::Oversized { summary, left_scope } => {
            // The configuration decides nothing where the resource is gone, out of scope or not a security group.
            let no_group = summary.status != ItemStatus::Existing || summary.resource_type != RESOURCE_TYPE;
            let item = if *left_scope || no_group { summary } else { &recorded(summary, aws).await? };
            judge(event, item, *left_scope, today, &mut publisher).await?;
        }
        Invocation::Scheduled { notified } => {
            let schedule = Schedule { event, place, notified: *notified, today };
            sweep(&schedule, aws, &mut publisher).await?;
        }
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
    let verdict = item.judge(left_scope, &event.parameters.exemptions, today)?;
    publisher
        .put(&[Evaluation::new(&item.resource_type, &item.resource_id, &verdict, item.captured)])
        .await?;
    Ok(())
}

/// The whole item that an oversized notification summarises: the one captured at that time, not the newest.
async fn recorded<H: ItemHistory>(summary: &Item, history: &H) -> Result<Item, EvaluatorError> {
    let item = history.item_at(&summary.resource_type, &summary.resource_id, summary.captured).await?;
    // Config answers with the newest item at or before that time. Where its history lags behind the notification, that is
    // an older item. Capture times may differ below a second: the history has them as numbers, the event as text.
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
