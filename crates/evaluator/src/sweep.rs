//! The scheduled evaluation: every default group of a place, page by page, then the results of groups that are gone.
//!
//! [`Listing`] reads and judges a page, and hands it over. It is put before the next page is read. If a page cannot be read,
//! what was judged before it has been put, no group is declared gone, and the run ends as an error.

use std::collections::HashSet;

use defsg_core::group::RESOURCE_TYPE;
use defsg_core::judge::finding::{Consumer, Finding, Listing, Unjudged};
use defsg_core::ports::pages::Pages;
use defsg_core::ports::{ApiError, DefaultGroups, PutEvaluations, RecordedResults};
use defsg_core::words::some_of;
use defsg_core::{ComplianceType, Evaluation, Place, SecurityGroupId};
use time::{Date, Duration, OffsetDateTime};

use crate::NAMED;
use crate::error::EvaluatorError;
use crate::event::Event;
use crate::publisher::Publisher;

/// A result that is younger than this is left alone until the next run, as EC2 may not list its group yet. It is three times
/// what EC2 asks callers to wait for (EC2 Developer Guide, "Eventual consistency": up to five minutes), and less than the
/// shortest period of a rule, one hour.
const SETTLED: Duration = Duration::minutes(15);

/// One scheduled run.
#[derive(Debug, Clone, Copy)]
pub struct Schedule<'a> {
    /// The event that asked for it.
    pub event: &'a Event,
    /// Where the groups are: a place in the event's account.
    pub place: &'a Place,
    /// When AWS Config asked.
    pub notified: OffsetDateTime,
    /// The day by which exemptions are judged, in UTC.
    pub today: Date,
}

/// Judges all default groups of the place.
///
/// # Errors
/// Where a call failed, or a group could not be judged.
pub async fn sweep<A>(
    schedule: &Schedule<'_>,
    aws: &A,
    publisher: &mut Publisher<'_, A>,
) -> Result<(), EvaluatorError>
where
    A: DefaultGroups + RecordedResults + PutEvaluations + Sync,
{
    let Schedule { event, place, notified, today } = *schedule;
    let listing = Listing { place, exemptions: &event.parameters.exemptions, today };
    let mut put = PutPages { notified, seen: HashSet::new(), publisher };
    let unjudged = listing.run(aws, &mut put).await?;
    let seen = put.seen;
    if !unjudged.is_empty() {
        return Err(unreadable_groups(&unjudged));
    }
    let gone = gone(schedule, aws, &seen).await?;
    publisher.put(&gone).await?;
    Ok(())
}

/// Puts the findings of each page, and remembers the groups.
struct PutPages<'a, 'p, P> {
    notified: OffsetDateTime,
    seen: HashSet<SecurityGroupId>,
    publisher: &'a mut Publisher<'p, P>,
}

impl<P: PutEvaluations + Sync> Consumer for PutPages<'_, '_, P> {
    type Error = ApiError;

    async fn take(&mut self, page: Vec<Finding>) -> Result<(), ApiError> {
        let mut evaluations = Vec::with_capacity(page.len());
        for Finding { group, verdict, .. } in page {
            let id = group.identity.id;
            // A group that is listed twice counts as open if it was open once.
            let is_open = ComplianceType::from(&verdict) == ComplianceType::NonCompliant;
            if is_open || !self.seen.contains(&id) {
                evaluations.push(Evaluation::new(RESOURCE_TYPE, id.as_str(), &verdict, self.notified));
            }
            self.seen.insert(id);
        }
        self.publisher.put(&evaluations).await
    }
}

/// The evaluations that take back results of groups that EC2 no longer lists.
async fn gone<A: RecordedResults>(
    schedule: &Schedule<'_>,
    aws: &A,
    seen: &HashSet<SecurityGroupId>,
) -> Result<Vec<Evaluation>, ApiError> {
    let Schedule { event, place, notified, .. } = *schedule;
    let mut gone = HashSet::new();
    let mut pages = Pages::new("GetComplianceDetailsByConfigRule", place);
    while let Some(token) = pages.next_token() {
        let page = pages.turn(aws.recorded_results(&event.rule_name, token.as_deref()).await?)?;
        let settled = page.into_iter().filter(|result| notified - result.ordering >= SETTLED);
        gone.extend(settled.map(|result| result.group).filter(|group| !seen.contains(group)));
    }
    let mut gone: Vec<_> = gone.into_iter().collect();
    gone.sort();
    Ok(gone.iter().map(|group| Evaluation::gone(group, notified)).collect())
}

fn unreadable_groups(groups: &[Unjudged]) -> EvaluatorError {
    let named: Vec<_> = groups.iter().map(|group| format!("{}: {}", group.id, group.problem)).collect();
    EvaluatorError::UnreadableGroups { count: groups.len(), examples: some_of(&named, NAMED) }
}
