//! The close. The order is what makes it safe; see the crate's page.

use defsg_core::SecurityGroupId;
use defsg_core::backup::{Backup, Forced, to_millisecond};
use defsg_core::fingerprint::Fingerprint;
use defsg_core::past::Past;
use defsg_core::plan::{ClosePlan, Decision, Request, Settings};
use defsg_core::ports::ApiError;
use defsg_core::ports::remediation::{
    ListBackups, ReadBackup, ReadGroup, RevokeRules, SurveyDependents, WriteBackup,
};
use defsg_core::rule_set::{SecurityGroupRule, merge};
use defsg_core::security_group::Direction;
use time::{Duration, OffsetDateTime};
use tokio::time::Instant;

use crate::answer::{Answer, Status, reason};
use crate::error::RemediationError;
use crate::keep::{Kept, keep};
use crate::plan::{prepare, unfinished};
use crate::{WAITS, some_of};

/// How often one close backs up rules: once at its beginning, and again each time that rules were added meanwhile.
const MAX_BACKUPS: usize = 5;

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
    let began = Instant::now();
    let (plan, past) = prepare(aws, Some(store), group, request, settings, now).await?;
    let (Decision::Close, Some(backup)) =
        (&plan.decision, first_backup(&plan, &past, request, settings, now))
    else {
        let unfinished = unfinished(&plan, &past, store, now);
        return Ok(Answer::of_plan(plan, unfinished));
    };
    let kept = keep(store, backup).await?;
    let mut closing = Closing { aws, store, group, kept, backups: 1, removed: Vec::new(), now, began };
    let standing = closing.read().await?;
    if let Some(planned) = &request.planned
        && !standing.iter().all(|rule| plan.group.rules.contains(rule))
    {
        return Ok(Answer::of_plan(plan.outdated(standing, planned), None));
    }
    closing.run(standing).await?;
    let reason = format!("{} They were taken away, and are in the backup.", reason(&plan));
    Ok(Answer {
        status: Status::Closed,
        reason,
        removed_rules: closing.removed,
        backup: Some(closing.kept.uri),
        ..Answer::of_plan(plan, None)
    })
}

/// The backup of the rules of a plan, and of those that an interrupted close took away before. None for a group in no
/// VPC, which no plan closes.
fn first_backup(
    plan: &ClosePlan,
    past: &Past,
    request: &Request,
    settings: &Settings,
    now: OffsetDateTime,
) -> Option<Backup> {
    let group = &plan.group;
    let unfinished = past.unfinished(&group.rules, now);
    let earlier = unfinished.map(|(_, backup)| backup.rules.as_slice()).unwrap_or_default();
    let rules = merge(earlier, &group.rules);
    let overridden = request.force && !(plan.dependents.is_empty() && plan.unknown.is_empty());
    Some(Backup {
        account: settings.account.clone(),
        region: settings.region.clone(),
        vpc_id: group.vpc.clone()?,
        group_id: group.id.clone(),
        group_name: group.name.clone(),
        group_description: group.description.clone(),
        group_tags: group.tags.clone(),
        taken: to_millisecond(now),
        fingerprint: Fingerprint::of(&rules),
        rules,
        reason: reason(plan),
        continues: unfinished.map(|(key, _)| key.clone()),
        forced: overridden
            .then(|| Forced { dependents: plan.dependents.clone(), unknown: plan.unknown.clone() }),
    })
}

/// A close whose rules are kept.
struct Closing<'a, A, S> {
    aws: &'a A,
    store: &'a S,
    group: &'a SecurityGroupId,
    kept: Kept,
    backups: usize,
    removed: Vec<SecurityGroupRule>,
    now: OffsetDateTime,
    began: Instant,
}

impl<A: ReadGroup + RevokeRules, S: WriteBackup + ReadBackup> Closing<'_, A, S> {
    /// Revokes until a reading of the group shows no rules, the first one being that of `standing`. What an answer to a
    /// revoke says is not believed.
    async fn run(&mut self, mut standing: Vec<SecurityGroupRule>) -> Result<(), RemediationError> {
        let mut waits = WAITS.into_iter();
        while !standing.is_empty() {
            if self.kept.covers(&standing) {
                let Some(wait) = waits.next() else { return Err(self.still_open(&standing)) };
                for direction in [Direction::Inbound, Direction::Outbound] {
                    self.revoke(direction, &standing).await?;
                }
                tokio::time::sleep(wait).await;
            } else {
                self.keep_more(&standing).await?;
            }
            // Also after a backup: only what was just read may be revoked.
            standing = self.read().await?;
        }
        Ok(())
    }

    async fn read(&self) -> Result<Vec<SecurityGroupRule>, RemediationError> {
        let state = self.aws.read_group(self.group).await.map_err(|error| self.api(error))?;
        state.map(|state| state.rules).ok_or_else(|| RemediationError::GroupDeleted {
            group: self.group.clone(),
            backup: self.kept.uri.clone(),
        })
    }

    /// Keeps what the backup has and these rules, which were added or altered since.
    async fn keep_more(&mut self, standing: &[SecurityGroupRule]) -> Result<(), RemediationError> {
        if self.backups == MAX_BACKUPS {
            return Err(self.still_open(standing));
        }
        let before = &self.kept.backup;
        let rules = merge(&before.rules, standing);
        // Later than the backup before, whose key would else not sort before this one's.
        let taken = to_millisecond(self.now + self.began.elapsed()).max(before.taken + Duration::MILLISECOND);
        let backup = Backup {
            taken,
            fingerprint: Fingerprint::of(&rules),
            rules,
            continues: Some(self.kept.key.clone()),
            ..before.clone()
        };
        self.kept = keep(self.store, backup).await?;
        self.backups += 1;
        Ok(())
    }

    async fn revoke(
        &mut self,
        direction: Direction,
        standing: &[SecurityGroupRule],
    ) -> Result<(), RemediationError> {
        let rules: Vec<_> = standing.iter().filter(|rule| rule.direction == direction).collect();
        if rules.is_empty() {
            return Ok(());
        }
        let ids: Vec<_> = rules.iter().map(|rule| rule.rule_id.clone()).collect();
        tracing::info!(group = %self.group, %direction, rules = ids.len(), "revoking");
        self.aws.revoke_rules(self.group, direction, &ids).await.map_err(|error| self.api(error))?;
        let new: Vec<_> = rules.into_iter().filter(|rule| !self.removed.contains(rule)).cloned().collect();
        self.removed.extend(new);
        Ok(())
    }

    fn api(&self, source: ApiError) -> RemediationError {
        RemediationError::Api { source, backup: Some(self.kept.uri.clone()) }
    }

    fn still_open(&self, standing: &[SecurityGroupRule]) -> RemediationError {
        RemediationError::StillOpen {
            group: self.group.clone(),
            rules: some_of(standing),
            backup: self.kept.uri.clone(),
        }
    }
}
