//! The plan: everything that is read before anything is changed.

use defsg_core::SecurityGroupId;
use defsg_core::backup::{Backup, BackupKey};
use defsg_core::past::Past;
use defsg_core::plan::{ClosePlan, Request, Settings};
use defsg_core::ports::remediation::{ListBackups, ReadBackup, ReadGroup, SurveyDependents};
use defsg_core::rule_set::GroupState;
use time::{Date, OffsetDateTime, UtcOffset};

use crate::answer::Answer;
use crate::error::RemediationError;

/// Says what a close would do. `now` is the time, in any offset; with no `store` the plan knows nothing of earlier closes.
///
/// # Errors
/// Where there is no such group, or a call failed.
pub async fn plan<A, S>(
    aws: &A,
    store: Option<&S>,
    group: &SecurityGroupId,
    request: &Request,
    settings: &Settings,
    now: OffsetDateTime,
) -> Result<Answer, RemediationError>
where
    A: ReadGroup + SurveyDependents,
    S: ListBackups + ReadBackup,
{
    let (plan, past) = prepare(aws, store, group, request, settings, now).await?;
    let backup = store.and_then(|store| interrupted(&plan, &past, store, now));
    Ok(Answer::of_plan(plan, backup))
}

/// Where the rules are kept that a close took away before it was interrupted.
pub(crate) fn interrupted<S: ReadBackup>(
    plan: &ClosePlan,
    past: &Past,
    store: &S,
    now: OffsetDateTime,
) -> Option<String> {
    past.unfinished(&plan.group.rules, now).map(|unfinished| store.uri(unfinished.key))
}

/// The day by which exemptions are judged.
pub(crate) fn today(now: OffsetDateTime) -> Date {
    now.to_offset(UtcOffset::UTC).date()
}

/// The plan, and the past that it was made with.
pub(crate) async fn prepare<A, S>(
    aws: &A,
    store: Option<&S>,
    group: &SecurityGroupId,
    request: &Request,
    settings: &Settings,
    now: OffsetDateTime,
) -> Result<(ClosePlan, Past), RemediationError>
where
    A: ReadGroup + SurveyDependents,
    S: ListBackups + ReadBackup,
{
    let state = aws.read_group(group).await.map_err(RemediationError::before_changes)?;
    let state = state.ok_or_else(|| not_found(group, settings))?;
    if let Some(decision) = ClosePlan::screen(&state, settings, today(now)) {
        return Ok((ClosePlan::of_screen(state, decision), Past::default()));
    }
    let survey = aws.survey(&state).await;
    let past = match store {
        Some(store) => past(store, &state, settings, now).await?,
        None => Past::default(),
    };
    Ok((ClosePlan::new(state, survey, &past, settings, request, today(now)), past))
}

pub(crate) fn not_found(group: &SecurityGroupId, settings: &Settings) -> RemediationError {
    RemediationError::GroupNotFound {
        group: group.clone(),
        account: settings.account.clone(),
        region: settings.region.clone(),
    }
}

/// The group's backups that are young enough to count: the newest, as many as it takes to tell closes enough apart.
async fn past<S: ListBackups + ReadBackup>(
    store: &S,
    state: &GroupState,
    settings: &Settings,
    now: OffsetDateTime,
) -> Result<Past, RemediationError> {
    let prefix = BackupKey::prefix(&settings.account, &settings.region, &state.id);
    let after = BackupKey::before(&prefix, now - settings.reopening.window());
    let keys = store.list_backups(&prefix, &after).await.map_err(RemediationError::before_changes)?;
    let limit = usize::from(settings.reopening.closes.get());
    let mut past = Past::default();
    // Closes are told apart after so many backups: at least as many as closes are too many, and then twice as many each time.
    let mut enough = limit;
    for key in keys.into_iter().rev() {
        if past.backups.len() >= enough {
            if past.closes(&state.rules) >= limit {
                break;
            }
            enough *= 2;
        }
        // One that is gone since it was listed was deleted by somebody, and tells nothing.
        if let Some(stored) = store.read_backup(&key).await.map_err(RemediationError::before_changes)? {
            let backup = Backup::read(&stored.bytes).ok().filter(|backup| backup.is_at(&key));
            past.backups.push((key, backup));
        }
    }
    past.backups.reverse();
    Ok(past)
}
