//! The plan: everything that is read before anything is changed.

use std::collections::BTreeSet;

use defsg_core::SecurityGroupId;
use defsg_core::backup::{Backup, BackupKey};
use defsg_core::past::Past;
use defsg_core::plan::{ClosePlan, Request, Settings};
use defsg_core::ports::remediation::{ListBackups, ReadBackup, ReadGroup, SurveyDependents};
use defsg_core::rule_set::{GroupState, SecurityGroupRule};
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
    let unfinished = past.unfinished(&plan.group.rules, now);
    let backup = store.zip(unfinished).map(|(store, unfinished)| store.uri(unfinished.key));
    Ok(Answer::of_plan(plan, backup))
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
    let past = match store {
        Some(store) => past(store, &state, settings, now).await?,
        None => Past::default(),
    };
    // Last, so that its answers are as young as can be when the first rule is taken away.
    let survey = aws.survey(&state).await;
    Ok((ClosePlan::new(state, survey, &past, settings, request, today(now)), past))
}

pub(crate) fn not_found(group: &SecurityGroupId, settings: &Settings) -> RemediationError {
    RemediationError::GroupNotFound {
        group: group.clone(),
        account: settings.account.clone(),
        region: settings.region.clone(),
    }
}

/// The group's backups: of those that are young enough to count, the newest, as many as it takes to tell closes enough
/// apart; in any case the very newest, which tells of a close that was interrupted.
async fn past<S: ListBackups + ReadBackup>(
    store: &S,
    state: &GroupState,
    settings: &Settings,
    now: OffsetDateTime,
) -> Result<Past, RemediationError> {
    let prefix = BackupKey::prefix(&settings.account, &settings.region, &state.id);
    let keys = store.list_backups(&prefix).await.map_err(RemediationError::before_changes)?;
    let since = BackupKey::before(&prefix, now - settings.reopening.window());
    let limit = usize::from(settings.reopening.closes.get());
    let mut past = Past { backups: Vec::new(), since };
    // Closes are told apart after so many backups: at least as many as closes are too many, and then twice as many each time.
    let mut enough = limit;
    for key in keys.into_iter().rev() {
        if !past.counts(&key) && past.backups.iter().any(|(_, backup)| backup.is_some()) {
            break;
        }
        if past.backups.len() >= enough {
            if past.closes(&state.rules) >= limit {
                break;
            }
            enough *= 2;
        }
        // One that is gone since it was listed was deleted by somebody, and tells nothing.
        if let Some(stored) = store.read_backup(&key).await.map_err(RemediationError::before_changes)? {
            let backup = backup_of(&key, &stored.bytes);
            past.backups.push((key, backup));
        }
    }
    past.backups.reverse();
    Ok(past)
}

/// The most backups that are read to find rules which are in no newer one.
const MAX_OLDER: usize = 20;

/// The older backups with rules that are not among `rules`, which those of the newest one are: of `past`, whose backups need
/// not be read again, and of `continues` and what each of these continues. One that cannot be read may have some, and so may
/// one that is not read, after too many.
pub(crate) async fn left_out<S: ReadBackup>(
    store: &S,
    past: &Past,
    continues: Option<&BackupKey>,
    rules: &[SecurityGroupRule],
) -> Vec<String> {
    let is_among = |rule: &SecurityGroupRule| {
        rules.iter().any(|other| other.rule_id == rule.rule_id || other.is_equivalent(rule))
    };
    let mut to_look_at: Vec<_> = past.backups.iter().map(|(key, _)| key.clone()).collect();
    to_look_at.extend(continues.cloned());
    let (mut found, mut seen, mut read) = (Vec::new(), BTreeSet::new(), 0);
    while let Some(key) = to_look_at.pop() {
        if !seen.insert(key.clone()) {
            continue;
        }
        let backup = match past.backups.iter().find(|(known, _)| *known == key) {
            Some((_, backup)) => backup.clone(),
            None if read == MAX_OLDER => None,
            None => {
                read += 1;
                match store.read_backup(&key).await {
                    Ok(None) => continue,
                    Ok(Some(stored)) => backup_of(&key, &stored.bytes),
                    Err(_) => None,
                }
            }
        };
        if backup.as_ref().is_none_or(|backup| !backup.rules.iter().all(is_among)) {
            found.push(store.uri(&key));
        }
        to_look_at.extend(backup.and_then(|backup| backup.continues));
    }
    found
}

/// The backup in an object with this key, if it is one.
fn backup_of(key: &BackupKey, bytes: &[u8]) -> Option<Backup> {
    Backup::read(bytes).ok().filter(|backup| backup.is_at(key))
}
