//! The scheduled evaluation: every default group of the account, page by page, then the results of groups that are gone.
//!
//! Each page is judged and put before the next is read, so memory holds one page and not the world. Where a page cannot
//! be read, what was learned before it has been put, nothing is declared gone, and the run ends as an error.

use std::collections::HashSet;

use defsg_core::ports::{
    ApiError, ApiErrorKind, DefaultGroups, Page, PutEvaluations, RecordedResults, UnreadableGroup,
};
use defsg_core::security_group::{DEFAULT_GROUP_NAME, RESOURCE_TYPE};
use defsg_core::{AccountId, ComplianceType, Evaluation, SecurityGroup, SecurityGroupId, evaluate};
use time::{Date, Duration, OffsetDateTime};

use crate::error::EvaluatorError;
use crate::event::Event;
use crate::publisher::Publisher;

/// A group that is younger than this may not be listed by EC2 yet: its result is left alone until the next run.
const SETTLED: Duration = Duration::minutes(15);

/// Judges all default groups of the event's account.
///
/// # Errors
/// Where a call failed, or a group could not be judged.
pub async fn sweep<A>(
    event: &Event,
    notified: OffsetDateTime,
    today: Date,
    aws: &A,
    publisher: &mut Publisher<'_, A>,
) -> Result<(), EvaluatorError>
where
    A: DefaultGroups + RecordedResults + PutEvaluations,
{
    let mut seen = HashSet::new();
    let mut unreadable = Vec::new();
    let mut pages = Pages::new("DescribeSecurityGroups", &event.account);
    while let Some(token) = pages.next_token() {
        let page = pages.turn(aws.default_groups(token.as_deref()).await?)?;
        let mut evaluations = Vec::with_capacity(page.len());
        for group in page {
            match group.and_then(|group| asked_for(group, event)) {
                Ok(group) => {
                    let verdict = evaluate(&group, &event.account, &event.parameters, today);
                    // Listed twice, it counts as open if it was once.
                    if !seen.contains(&group.id) || verdict.compliance() == ComplianceType::NonCompliant {
                        evaluations.push(Evaluation::new(
                            RESOURCE_TYPE,
                            group.id.as_str(),
                            &verdict,
                            notified,
                        ));
                    }
                    seen.insert(group.id);
                }
                Err(group) => unreadable.push(group),
            }
        }
        publisher.put(&evaluations).await?;
    }
    if !unreadable.is_empty() {
        return Err(unreadable_groups(&unreadable));
    }
    let gone = gone(event, notified, aws, &seen).await?;
    publisher.put(&gone).await?;
    Ok(())
}

/// A group that EC2 was not asked for tells that the answer is not to be believed.
fn asked_for(group: SecurityGroup, event: &Event) -> Result<SecurityGroup, UnreadableGroup> {
    if group.name == DEFAULT_GROUP_NAME && group.owner == event.account {
        return Ok(group);
    }
    let problem = format!("EC2 was not asked for a group named {} of account {}", group.name, group.owner);
    Err(UnreadableGroup { id: group.id.to_string(), problem })
}

/// The evaluations that take back results of groups that EC2 no longer lists.
async fn gone<A: RecordedResults>(
    event: &Event,
    notified: OffsetDateTime,
    aws: &A,
    seen: &HashSet<SecurityGroupId>,
) -> Result<Vec<Evaluation>, ApiError> {
    let mut gone = HashSet::new();
    let mut pages = Pages::new("GetComplianceDetailsByConfigRule", &event.account);
    while let Some(token) = pages.next_token() {
        let page = pages.turn(aws.recorded_results(&event.rule_name, token.as_deref()).await?)?;
        let settled = page.into_iter().filter(|result| notified - result.ordering >= SETTLED);
        gone.extend(settled.map(|result| result.group).filter(|group| !seen.contains(group)));
    }
    let mut gone: Vec<_> = gone.into_iter().collect();
    gone.sort();
    Ok(gone.iter().map(|group| Evaluation::gone(group, notified)).collect())
}

fn unreadable_groups(groups: &[UnreadableGroup]) -> EvaluatorError {
    let named: Vec<_> = groups.iter().map(|group| format!("{}: {}", group.id, group.problem)).collect();
    EvaluatorError::UnreadableGroups { count: groups.len(), examples: crate::some_of(&named) }
}

/// Walks a listing, and stops where AWS hands out a page token for the second time instead of walking in a circle.
struct Pages<'a> {
    operation: &'static str,
    account: &'a AccountId,
    /// The token of the page to read: none inside for the first page, none outside after the last.
    token: Option<Option<String>>,
    known: HashSet<String>,
}

impl<'a> Pages<'a> {
    fn new(operation: &'static str, account: &'a AccountId) -> Self {
        Self { operation, account, token: Some(None), known: HashSet::new() }
    }

    fn next_token(&mut self) -> Option<Option<String>> {
        self.token.take()
    }

    fn turn<T>(&mut self, page: Page<T>) -> Result<Vec<T>, ApiError> {
        if let Some(next) = page.next {
            if !self.known.insert(next.clone()) {
                return Err(ApiError {
                    operation: self.operation,
                    account: self.account.clone(),
                    kind: ApiErrorKind::Unreadable,
                    detail: "AWS gave the same page token twice".to_owned(),
                });
            }
            self.token = Some(Some(next));
        }
        Ok(page.items)
    }
}
