//! The close. The order is what makes it safe; see the crate's page.

use defsg_core::backup::{Backup, Forced, to_millisecond};
use defsg_core::dependent::Survey;
use defsg_core::fingerprint::Fingerprint;
use defsg_core::past::{Past, Unfinished};
use defsg_core::plan::{ClosePlan, Decision, Refusal, Request, Settings};
use defsg_core::ports::ApiError;
use defsg_core::ports::remediation::{
    ListBackups, ReadBackup, ReadGroup, RevokeRules, SurveyDependents, WriteBackup,
};
use defsg_core::rule_set::{GroupState, SecurityGroupRule, merge};
use defsg_core::security_group::Direction;
use defsg_core::{SecurityGroupId, VpcId};
use time::{Duration, OffsetDateTime};
use tokio::time::Instant;

use crate::answer::{Answer, Status, reason};
use crate::error::RemediationError;
use crate::keep::{Kept, keep};
use crate::plan::{left_out, prepare, today};
use crate::{WAITS, some_of};

/// How often one close backs up rules: once at its beginning, and again each time that rules were added meanwhile.
const MAX_BACKUPS: usize = 5;

/// For how long the sources of dependents are believed: where keeping the backup and reading the group took longer, they are
/// asked again before the first rule is taken away.
const BELIEVED_FOR: std::time::Duration = std::time::Duration::from_secs(5);

/// How many rules one call revokes. EC2 names no limit; a call of this many is far from any limit of a request.
const REVOKED_AT_ONCE: usize = 100;

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
    let asked = Instant::now();
    let unfinished = past.unfinished(&plan.group.rules, now);
    let interrupted = unfinished.map(|unfinished| store.uri(unfinished.key));
    // A group in no VPC is never closed; a backup needs one.
    let (Decision::Close, Some(vpc)) = (&plan.decision, &plan.group.vpc) else {
        return Ok(Answer::of_plan(plan, interrupted));
    };
    let kept = keep(store, first_backup(&plan, vpc, unfinished, request, settings, now)).await?;
    let (backups, removed) = (1, Vec::new());
    let mut closing =
        Closing { aws, store, plan: &plan, request, settings, kept, backups, removed, now, began };
    let refusal = closing.run(asked).await?;
    let newest = &closing.kept.backup;
    let older = left_out(store, &past, newest.continues.as_ref(), &newest.rules).await;
    let older = if older.is_empty() {
        String::new()
    } else {
        format!(" Rules that were taken away before and are not in it are in {}.", older.join(", "))
    };
    if let Some(refusal) = refusal {
        return Ok(closing.refused(refusal, interrupted, &older));
    }
    let reason = format!("{} None of them stands any more; they are in the backup.{older}", reason(&plan));
    Ok(Answer {
        status: Status::Closed,
        reason,
        removed_rules: closing.removed,
        backup: Some(closing.kept.uri),
        ..Answer::of_plan(plan, None)
    })
}

/// The backup of the rules of a plan, and of those that an interrupted close took away a short time ago.
fn first_backup(
    plan: &ClosePlan,
    vpc: &VpcId,
    unfinished: Option<Unfinished<'_>>,
    request: &Request,
    settings: &Settings,
    now: OffsetDateTime,
) -> Backup {
    let group = &plan.group;
    let recent = unfinished.filter(|unfinished| unfinished.is_recent);
    let earlier = recent.map(|recent| recent.backup.rules.as_slice()).unwrap_or_default();
    let rules = merge(earlier, &group.rules);
    let overridden = request.force && !(plan.dependents.is_empty() && plan.unknown.is_empty());
    Backup {
        account: settings.account.clone(),
        region: settings.region.clone(),
        vpc_id: vpc.clone(),
        group_id: group.id.clone(),
        group_name: group.name.clone(),
        group_description: group.description.clone(),
        group_tags: group.tags.clone(),
        taken: to_millisecond(now),
        fingerprint: Fingerprint::of(&rules),
        rules,
        reason: reason(plan),
        continues: unfinished.map(|unfinished| unfinished.key.clone()),
        forced: overridden
            .then(|| Forced { dependents: plan.dependents.clone(), unknown: plan.unknown.clone() }),
    }
}

/// A close whose rules are kept.
struct Closing<'a, A, S> {
    aws: &'a A,
    store: &'a S,
    /// The plan that is carried out.
    plan: &'a ClosePlan,
    request: &'a Request,
    settings: &'a Settings,
    kept: Kept,
    backups: usize,
    removed: Vec<SecurityGroupRule>,
    now: OffsetDateTime,
    began: Instant,
}

impl<A, S> Closing<'_, A, S>
where
    A: ReadGroup + SurveyDependents + RevokeRules,
    S: WriteBackup + ReadBackup,
{
    /// Revokes until a reading of the group shows no rules. What an answer to a revoke says is not believed.
    ///
    /// Gives the plan that refuses to go on, where the group is not to be closed any more: somebody may use it by now, for
    /// whom a rule was added, say. `asked` is when everybody was asked last.
    async fn run(&mut self, asked: Instant) -> Result<Option<ClosePlan>, RemediationError> {
        let mut waits = WAITS.into_iter();
        let mut ask = false;
        loop {
            let ask_now = std::mem::take(&mut ask) && !self.request.force;
            let survey = if ask_now { Some(self.aws.survey(&self.plan.group).await) } else { None };
            let state = self.read().await?;
            if let Some(refusal) = self.refusal(&state, survey) {
                return Ok(Some(refusal));
            }
            let standing = state.rules;
            if standing.is_empty() {
                return Ok(None);
            }
            if !ask_now && !self.request.force && self.removed.is_empty() && asked.elapsed() > BELIEVED_FOR {
                ask = true;
                continue;
            }
            if !self.kept.covers(&standing) {
                self.keep_more(&standing).await?;
                ask = true;
                continue;
            }
            let Some(wait) = waits.next() else { return Err(self.still_open(&standing)) };
            self.revoke(standing).await?;
            tokio::time::sleep(wait).await;
        }
    }

    /// Why the group as it is now is not to be closed.
    fn refusal(&self, state: &GroupState, survey: Option<Survey>) -> Option<ClosePlan> {
        match ClosePlan::screen(state, self.settings, today(self.now)) {
            Some(Decision::AlreadyClosed) => return None,
            Some(decision) => return Some(ClosePlan::of_screen(state.clone(), decision)),
            None => {}
        }
        let was_planned = |rule: &SecurityGroupRule| self.plan.group.rules.contains(rule);
        if let Some(planned) = &self.request.planned
            && !state.rules.iter().all(was_planned)
        {
            let refusal = Refusal::ChangedSincePlan { planned: planned.clone() };
            return Some(ClosePlan::of_screen(state.clone(), Decision::Refuse(refusal)));
        }
        // Nobody is asked again where force was given. How often it was closed, and the fingerprint, were looked at.
        let (past, request) = (Past::default(), Request::default());
        let plan = ClosePlan::new(state.clone(), survey?, &past, self.settings, &request, today(self.now));
        matches!(plan.decision, Decision::Refuse(_)).then_some(plan)
    }

    /// The answer where it is refused to go on.
    fn refused(self, refusal: ClosePlan, interrupted: Option<String>, older: &str) -> Answer {
        let standing = &refusal.group.rules;
        let is_gone = |rule: &SecurityGroupRule| !standing.iter().any(|other| other.rule_id == rule.rule_id);
        let removed: Vec<_> = self.removed.into_iter().filter(is_gone).collect();
        if removed.is_empty() {
            return Answer::of_plan(refusal, interrupted);
        }
        let reason = format!(
            "{} {} rules had been taken away by then; they are in the backup.{older}",
            reason(&refusal),
            removed.len()
        );
        Answer {
            reason,
            removed_rules: removed,
            backup: Some(self.kept.uri),
            ..Answer::of_plan(refusal, None)
        }
    }

    async fn read(&self) -> Result<GroupState, RemediationError> {
        let group = &self.plan.group.id;
        let state = self.aws.read_group(group).await.map_err(|error| self.api(error))?;
        state.ok_or_else(|| RemediationError::GroupDeleted {
            group: group.clone(),
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
        self.kept = keep(self.store, backup).await.map_err(|error| error.with_earlier(&self.kept.uri))?;
        self.backups += 1;
        Ok(())
    }

    /// Revokes these rules, which were just read, in as many calls as it takes. Between two calls they are read again: one that
    /// was altered since is left to the next round, which backs it up first.
    async fn revoke(&mut self, standing: Vec<SecurityGroupRule>) -> Result<(), RemediationError> {
        let group = &self.plan.group.id;
        for (number, (direction, mut rules)) in batches(standing).into_iter().enumerate() {
            if number > 0 {
                let state = self.read().await?;
                if self.refusal(&state, None).is_some() || !self.kept.covers(&state.rules) {
                    // The next round sees it, too.
                    return Ok(());
                }
                rules.retain(|rule| state.rules.contains(rule));
            }
            let ids: Vec<_> = rules.iter().map(|rule| rule.rule_id.clone()).collect();
            if ids.is_empty() {
                continue;
            }
            tracing::info!(%group, %direction, rules = ids.len(), "revoking");
            self.aws.revoke_rules(group, direction, &ids).await.map_err(|error| self.api(error))?;
            rules.retain(|rule| !self.removed.contains(rule));
            self.removed.extend(rules);
        }
        Ok(())
    }

    fn api(&self, source: ApiError) -> RemediationError {
        RemediationError::Api { source, backup: Some(self.kept.uri.clone()) }
    }

    fn still_open(&self, standing: &[SecurityGroupRule]) -> RemediationError {
        RemediationError::StillOpen {
            group: self.plan.group.id.clone(),
            rules: some_of(standing),
            backup: self.kept.uri.clone(),
        }
    }
}

/// The rules that are revoked by one call each: of one direction, and not too many.
fn batches(rules: Vec<SecurityGroupRule>) -> Vec<(Direction, Vec<SecurityGroupRule>)> {
    let (inbound, outbound): (Vec<_>, Vec<_>) =
        rules.into_iter().partition(|rule| rule.direction == Direction::Inbound);
    let of = |direction, rules: Vec<SecurityGroupRule>| {
        rules.chunks(REVOKED_AT_ONCE).map(|rules| (direction, rules.to_vec())).collect::<Vec<_>>()
    };
    [of(Direction::Inbound, inbound), of(Direction::Outbound, outbound)].concat()
}
