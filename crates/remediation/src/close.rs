//! The close: carries out the steps that [`defsg_core::close::steps`] chooses. Their order is what makes it safe.

use std::time::Duration;

use defsg_core::SecurityGroupId;
use defsg_core::close::answer::{Answer, Closed, Outcome, Removed};
use defsg_core::close::plan::{ClosePlan, Request, Settings};
use defsg_core::close::steps::{State, Step, next};
use defsg_core::group::{GroupState, SecurityGroupRule};
use defsg_core::ports::ApiError;
use defsg_core::ports::closing::{
    ListBackups, ReadBackup, ReadGroup, RevokeRules, SurveyDependents, WriteBackup,
};
use defsg_core::words::some_of;
use time::OffsetDateTime;
use tokio::time::Instant;

use crate::NAMED;
use crate::error::RemediationError;
use crate::keep::keep;
use crate::older::Older;
use crate::plan::{Prepared, prepare, survey};

/// Closes a group, or refuses to. `now` is the time.
///
/// Safe to run again after any failure, and at the same time as another run: each revokes only what it has read after a
/// backup of it was kept.
///
/// # Errors
/// Where there is no such group, a backup could not be kept, a call failed, or rules still stand after every try.
pub async fn close<A, S>(
    aws: &A,
    store: &S,
    group: &SecurityGroupId,
    request: &Request,
    settings: &Settings,
    now: OffsetDateTime,
) -> Result<Answer, RemediationError>
where
    A: ReadGroup + SurveyDependents + RevokeRules,
    S: WriteBackup + ReadBackup + ListBackups,
{
    close_by(next, aws, store, group, request, settings, now).await
}

/// A close whose steps something else chooses than [`next`]: a test that makes a wrong choice on purpose, and sees that it is
/// found. Nothing else has a use for it.
///
/// # Errors
/// As [`close`].
pub async fn close_by<A, S>(
    choose: impl Fn(&State<'_>, Duration) -> Step,
    aws: &A,
    store: &S,
    group: &SecurityGroupId,
    request: &Request,
    settings: &Settings,
    now: OffsetDateTime,
) -> Result<Answer, RemediationError>
where
    A: ReadGroup + SurveyDependents + RevokeRules,
    S: WriteBackup + ReadBackup + ListBackups,
{
    let began = Instant::now();
    let prepared = prepare(aws, Some(store), group, request, settings, now).await?;
    let Prepared { plan, past, older } = &prepared;
    let unfinished = past.unfinished(&plan.group.rules, now);
    let interrupted = unfinished.map(|unfinished| store.uri(unfinished.key));
    let Some(mut state) = State::begin(plan, unfinished, request, settings, now, began.elapsed()) else {
        return Ok(answer(plan.clone(), Outcome::Untouched { interrupted }));
    };
    let stopped_by = loop {
        match choose(&state, began.elapsed()) {
            Step::Keep(backup) => {
                let key = keep(store, &backup).await.map_err(|error| match newest(store, &state) {
                    Some(earlier) => error.with_earlier(&earlier),
                    None => error,
                })?;
                state.keep(key, *backup);
            }
            Step::Ask => {
                let survey = survey(aws, &plan.group.identity).await;
                state.ask(survey, began.elapsed());
            }
            Step::Read => {
                let group = read(aws, store, &state).await?;
                state.read(group);
            }
            Step::Revoke { direction, rules } => {
                tracing::info!(%group, %direction, rules = rules.len(), "revoking");
                let ids: Vec<_> = rules.iter().map(|rule| rule.id.clone()).collect();
                aws.revoke_rules(group, direction, &ids).await.map_err(|error| api(store, &state, error))?;
                state.revoke(rules);
            }
            Step::Wait(time) => {
                tokio::time::sleep(time).await;
                state.wait();
            }
            Step::Done => break None,
            Step::Refuse(refusal) => break Some(*refusal),
            Step::StillOpen(rules) => {
                return Err(RemediationError::StillOpen {
                    group: group.clone(),
                    rules: some_of(&rules, NAMED),
                    backup: newest(store, &state).unwrap_or_default(),
                });
            }
        }
    };
    let gone = gone(&state, stopped_by.as_ref());
    let kept = state.kept.as_ref().filter(|_| stopped_by.is_none() || !gone.is_empty());
    let Some((key, backup)) = kept else {
        let plan = stopped_by.unwrap_or_else(|| plan.clone());
        return Ok(answer(plan, Outcome::Untouched { interrupted }));
    };
    let older = Older { past, unread: older, continues: backup.continues.as_ref() };
    let older = older.with_more_than(store, &backup.rules).await;
    let removed = Removed { rules: gone, backup: store.uri(key), older };
    Ok(match stopped_by {
        Some(refusal) => answer(refusal, Outcome::Stopped(removed)),
        None => answer(plan.clone(), Outcome::Closed(removed)),
    })
}

fn answer(plan: ClosePlan, outcome: Outcome) -> Answer {
    Answer::Close(Closed { plan, outcome })
}

/// The rules that were revoked and, where the close was stopped, do not stand by its last reading.
fn gone(state: &State<'_>, stopped_by: Option<&ClosePlan>) -> Vec<SecurityGroupRule> {
    let standing = stopped_by.map(|refusal| refusal.group.rules.as_slice()).unwrap_or_default();
    let is_gone = |rule: &&SecurityGroupRule| !standing.iter().any(|other| other.id == rule.id);
    state.removed.iter().filter(is_gone).cloned().collect()
}

async fn read<A: ReadGroup, S: ReadBackup>(
    aws: &A,
    store: &S,
    state: &State<'_>,
) -> Result<GroupState, RemediationError> {
    let group = &state.plan.group.identity.id;
    let read = aws.read_group(group).await.map_err(|error| api(store, state, error))?;
    read.ok_or_else(|| RemediationError::GroupDeleted {
        group: group.clone(),
        backup: newest(store, state).unwrap_or_default(),
    })
}

/// Where the newest backup of this close is.
fn newest<S: ReadBackup>(store: &S, state: &State<'_>) -> Option<String> {
    state.kept.as_ref().map(|(key, _)| store.uri(key))
}

fn api<S: ReadBackup>(store: &S, state: &State<'_>, source: ApiError) -> RemediationError {
    RemediationError::Api { source, backup: newest(store, state) }
}
