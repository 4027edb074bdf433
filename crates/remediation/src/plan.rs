//! The plan: everything that is read before anything is changed.

use defsg_core::SecurityGroupId;
use defsg_core::close::answer::{Answer, Planned};
use defsg_core::close::backup::{Backup, BackupKey};
use defsg_core::close::past::Past;
use defsg_core::close::plan::{ClosePlan, Request, Settings};
use defsg_core::close::survey::Survey;
use defsg_core::documents::backup;
use defsg_core::group::{GroupIdentity, GroupState};
use defsg_core::ports::closing::{ListBackups, ReadBackup, ReadGroup, SurveyDependents};
use time::{Date, OffsetDateTime, UtcOffset};

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
    let Prepared { plan, past, .. } = prepare(aws, store, group, request, settings, now).await?;
    let unfinished = past.unfinished(&plan.group.rules, now);
    let interrupted = store.zip(unfinished).map(|(store, unfinished)| store.uri(unfinished.key));
    Ok(Answer::Plan(Planned { plan, interrupted }))
}

/// A plan, and what it was made with.
pub(crate) struct Prepared {
    pub(crate) plan: ClosePlan,
    pub(crate) past: Past,
    /// The keys of backups that are older than those of the past, and were not read. From the oldest to the newest.
    pub(crate) older: Vec<BackupKey>,
}

/// Makes a plan. Reads, and changes nothing.
pub(crate) async fn prepare<A, S>(
    aws: &A,
    store: Option<&S>,
    group: &SecurityGroupId,
    request: &Request,
    settings: &Settings,
    now: OffsetDateTime,
) -> Result<Prepared, RemediationError>
where
    A: ReadGroup + SurveyDependents,
    S: ListBackups + ReadBackup,
{
    let today = today(now);
    let state = aws.read_group(group).await.map_err(RemediationError::before_changes)?;
    let state = state.ok_or_else(|| not_found(group, settings))?;
    if let Some(decision) = ClosePlan::screen(&state, settings, today) {
        let (past, older) = Default::default();
        return Ok(Prepared { plan: ClosePlan::screened(state, decision), past, older });
    }
    let (past, older) = match store {
        Some(store) => past(store, &state, settings, now).await?,
        None => Default::default(),
    };
    // Last, so that its answers are as young as can be when the first rule is taken away.
    let survey = survey(aws, &state.identity).await;
    Ok(Prepared { plan: ClosePlan::new(state, survey, &past, settings, request, today), past, older })
}

/// What every source says of one group.
pub(crate) async fn survey<A: SurveyDependents>(aws: &A, group: &GroupIdentity) -> Survey {
    // A group that the answer leaves out was not asked about: every source counts as one that could not tell.
    aws.survey(&[group]).await.remove(&group.id).unwrap_or_default()
}

pub(crate) fn not_found(group: &SecurityGroupId, settings: &Settings) -> RemediationError {
    RemediationError::GroupNotFound {
        group: group.clone(),
        account: settings.place.account.clone(),
        region: settings.place.region.clone(),
    }
}

/// The day by which exemptions are judged.
fn today(now: OffsetDateTime) -> Date {
    now.to_offset(UtcOffset::UTC).date()
}

/// The group's backups: of those that are young enough to count, the newest, as many as it takes to tell closes enough
/// apart; in any case the very newest, which tells of a close that was interrupted. Then the keys of all others.
async fn past<S: ListBackups + ReadBackup>(
    store: &S,
    state: &GroupState,
    settings: &Settings,
    now: OffsetDateTime,
) -> Result<(Past, Vec<BackupKey>), RemediationError> {
    let prefix = BackupKey::prefix(&settings.place.account, &settings.place.region, &state.identity.id);
    let mut keys = store.list_backups(&prefix).await.map_err(RemediationError::before_changes)?;
    let since = BackupKey::before(&prefix, now - settings.reopening.window());
    let limit = usize::from(settings.reopening.closes.get());
    let mut past = Past { backups: Vec::new(), since };
    // Closes are told apart after so many backups: at least as many as closes are too many, and then twice as many each time.
    let mut enough = limit;
    while let Some(key) = keys.pop() {
        let is_known = past.backups.iter().any(|(_, backup)| backup.is_some());
        let is_enough = past.backups.len() >= enough && past.closes(&state.rules) >= limit;
        if (!past.counts(&key) && is_known) || is_enough {
            keys.push(key);
            break;
        }
        if past.backups.len() >= enough {
            enough *= 2;
        }
        // One that is gone since it was listed was deleted by somebody, and tells nothing.
        if let Some(stored) = store.read_backup(&key).await.map_err(RemediationError::before_changes)? {
            let backup = backup_of(&key, &stored.bytes);
            past.backups.push((key, backup));
        }
    }
    past.backups.reverse();
    Ok((past, keys))
}

/// The backup in an object with this key, if it is one.
pub(crate) fn backup_of(key: &BackupKey, bytes: &[u8]) -> Option<Backup> {
    backup::read(bytes).ok().filter(|(own, _)| own == key).map(|(_, backup)| backup)
}
