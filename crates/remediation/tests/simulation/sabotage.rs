//! Faults that are put into a close or a restore on purpose, one at a time, to see that the simulation finds each.
//!
//! Some choose another step than [`next`], others stand between the crate and the world.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use defsg_core::close::backup::{Backup, BackupKey};
use defsg_core::close::plan::{Decision, Refusal, Request};
use defsg_core::close::steps::{State, Step, next};
use defsg_core::close::survey::Surveys;
use defsg_core::documents::backup;
use defsg_core::group::{Direction, Fingerprint, GroupIdentity, GroupState, SecurityGroupRule};
use defsg_core::ports::ApiError;
use defsg_core::ports::closing::*;
use defsg_core::{SecurityGroupId, SecurityGroupRuleId};

use crate::caller::Caller;

/// A fault on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sabotage {
    /// The backup is not read back before rules are revoked.
    NoReadBack,
    /// What an answer to a revoke says is believed: the group is not read again.
    BelievesRevokes,
    /// The sources are not asked again.
    AsksOnce,
    /// What was added after the backup is revoked, and not backed up.
    RevokesWhatIsNotKept,
    /// What an interrupted close took away is not carried over, and its backup is not named.
    ForgetsTheInterrupted,
    /// A further backup has what was added alone.
    ForgetsItsFirstBackup,
    /// The group is not read between two revokes.
    NoReadingBetween,
    /// The reading after a revoke begins before the revoke is answered.
    ReadsTooEarly,
    /// A reading that fails shows no rules.
    FailureIsEmpty,
    /// An exemption is looked for once.
    NoExemptionAgain,
    /// A plan is compared once, when the close begins.
    ComparesThePlanOnce,
    /// Of the backups that are there, only the newest is looked at.
    KnowsTheNewestOnly,
    /// A restore believes what the answer to an authorize says.
    BelievesAuthorizes,
    /// A restore takes a rule for the same traffic for the rule of the backup.
    TakesTrafficForARule,
}

impl Sabotage {
    pub(crate) const ALL: [Self; 14] = [
        Self::NoReadBack,
        Self::BelievesRevokes,
        Self::AsksOnce,
        Self::RevokesWhatIsNotKept,
        Self::ForgetsTheInterrupted,
        Self::ForgetsItsFirstBackup,
        Self::NoReadingBetween,
        Self::ReadsTooEarly,
        Self::FailureIsEmpty,
        Self::NoExemptionAgain,
        Self::ComparesThePlanOnce,
        Self::KnowsTheNewestOnly,
        Self::BelievesAuthorizes,
        Self::TakesTrafficForARule,
    ];

    /// The choice of steps: [`next`], unless the fault is there.
    pub(crate) fn choice(sabotage: Option<Self>) -> impl Fn(&State<'_>, Duration) -> Step {
        move |state, elapsed| {
            let step = next(state, elapsed);
            sabotage.map_or(step.clone(), |sabotage| sabotage.instead(state, step, elapsed))
        }
    }

    fn instead(self, state: &State<'_>, step: Step, elapsed: Duration) -> Step {
        let mut other = state.clone();
        match (self, &step) {
            (Self::BelievesRevokes, Step::Wait(_)) => Step::Done,
            (Self::AsksOnce, Step::Ask) => {
                let forced = Request { force: true, ..state.request.clone() };
                other.request = &forced;
                next(&other, elapsed)
            }
            (Self::RevokesWhatIsNotKept, Step::Keep(more)) => {
                let Some((_, kept)) = &mut other.kept else { return step };
                kept.rules.clone_from(&more.rules);
                next(&other, elapsed)
            }
            (Self::ForgetsTheInterrupted, Step::Keep(_)) if state.kept.is_none() => {
                other.unfinished = None;
                next(&other, elapsed)
            }
            (Self::ForgetsItsFirstBackup, Step::Keep(backup)) if state.kept.is_some() => {
                let rules = state.reading.as_ref().map(|group| group.rules.clone()).unwrap_or_default();
                let fingerprint = Fingerprint::of(&rules);
                Step::Keep(Box::new(Backup { rules, fingerprint, continues: None, ..(**backup).clone() }))
            }
            (Self::NoReadingBetween, Step::Read) => {
                let (Some(round), Some((_, kept))) = (&state.round, &state.kept) else { return step };
                let rules = kept.rules.iter().filter(|rule| round.contains(&rule.id)).cloned().collect();
                other.reading = Some(GroupState { identity: state.plan.group.identity.clone(), rules });
                next(&other, elapsed)
            }
            (Self::NoExemptionAgain, Step::Refuse(refusal)) => {
                let Decision::Refuse(Refusal::Exempt(_)) = refusal.decision else { return step };
                let mut settings = state.settings.clone();
                settings.exemptions = Default::default();
                other.settings = &settings;
                next(&other, elapsed)
            }
            (Self::ComparesThePlanOnce, Step::Refuse(refusal)) => {
                let Decision::Refuse(Refusal::ChangedSincePlan { .. }) = refusal.decision else {
                    return step;
                };
                let unpinned = Request { planned: None, ..state.request.clone() };
                other.request = &unpinned;
                next(&other, elapsed)
            }
            _ => step,
        }
    }
}

/// A caller with a fault, or without one.
pub(crate) struct Hands {
    caller: Caller,
    sabotage: Option<Sabotage>,
    memory: Mutex<Memory>,
}

/// What a faulty caller knows, or believes that it knows.
#[derive(Default)]
struct Memory {
    written: BTreeMap<String, Vec<u8>>,
    /// What the next reading will show, whatever is.
    believed: Option<GroupState>,
    identity: Option<GroupIdentity>,
    backup: Vec<SecurityGroupRule>,
}

impl Hands {
    pub(crate) fn new(caller: Caller, sabotage: Option<Sabotage>) -> Self {
        Self { caller, sabotage, memory: Mutex::default() }
    }

    fn has(&self, sabotage: Sabotage) -> bool {
        self.sabotage == Some(sabotage)
    }
}

impl ReadGroup for Hands {
    async fn read_group(&self, id: &SecurityGroupId) -> Result<Option<GroupState>, ApiError> {
        let believed = self.memory.lock().unwrap().believed.take();
        if believed.is_some() {
            return Ok(believed);
        }
        let read = self.caller.read_group(id).await;
        let mut memory = self.memory.lock().unwrap();
        match read {
            Ok(Some(mut group)) => {
                memory.identity = Some(group.identity.clone());
                if self.has(Sabotage::TakesTrafficForARule) {
                    for rule in &mut group.rules {
                        let same = memory.backup.iter().find(|kept| kept.traffic.is_same(&rule.traffic));
                        if let Some(kept) = same {
                            (rule.description, rule.tags) = (kept.description.clone(), kept.tags.clone());
                        }
                    }
                }
                if self.has(Sabotage::BelievesAuthorizes) {
                    memory.believed = Some(group.clone());
                }
                Ok(Some(group))
            }
            Err(_) if self.has(Sabotage::FailureIsEmpty) && memory.identity.is_some() => {
                let identity = memory.identity.clone();
                Ok(identity.map(|identity| GroupState { identity, rules: vec![] }))
            }
            other => other,
        }
    }
}

impl SurveyDependents for Hands {
    async fn survey(&self, groups: &[&GroupIdentity]) -> Surveys {
        self.caller.survey(groups).await
    }
}

impl RevokeRules for Hands {
    async fn revoke_rules(
        &self,
        group: &SecurityGroupId,
        direction: Direction,
        rules: &[SecurityGroupRuleId],
    ) -> Result<(), ApiError> {
        if self.has(Sabotage::ReadsTooEarly) {
            let revoke = self.caller.revoke_rules(group, direction, rules);
            let (revoked, read) = tokio::join!(revoke, self.caller.read_group(group));
            self.memory.lock().unwrap().believed = read?;
            return revoked;
        }
        self.caller.revoke_rules(group, direction, rules).await
    }
}

impl AuthorizeRules for Hands {
    async fn authorize_rules(
        &self,
        group: &SecurityGroupId,
        direction: Direction,
        rules: &[&SecurityGroupRule],
    ) -> Result<Authorized, ApiError> {
        let authorized = self.caller.authorize_rules(group, direction, rules).await?;
        if let Some(believed) = &mut self.memory.lock().unwrap().believed {
            believed.rules.extend(rules.iter().copied().cloned());
        }
        Ok(authorized)
    }
}

impl WriteBackup for Hands {
    async fn write_backup(&self, key: &BackupKey, bytes: &[u8]) -> Result<(), ApiError> {
        self.caller.write_backup(key, bytes).await?;
        self.memory.lock().unwrap().written.insert(key.to_string(), bytes.to_vec());
        Ok(())
    }
}

impl ReadBackup for Hands {
    async fn read_backup(&self, key: &BackupKey) -> Result<Option<StoredBackup>, ApiError> {
        let written = self.memory.lock().unwrap().written.get(key.as_str()).cloned();
        if let Some(bytes) = written.filter(|_| self.has(Sabotage::NoReadBack)) {
            return Ok(Some(StoredBackup { bytes, versioned: true }));
        }
        let stored = self.caller.read_backup(key).await?;
        if self.has(Sabotage::TakesTrafficForARule) {
            let read = stored.as_ref().and_then(|stored| backup::read(&stored.bytes).ok());
            self.memory.lock().unwrap().backup = read.map(|(_, backup)| backup.rules).unwrap_or_default();
        }
        Ok(stored)
    }

    fn uri(&self, key: &BackupKey) -> String {
        self.caller.uri(key)
    }
}

impl ListBackups for Hands {
    async fn list_backups(&self, prefix: &str) -> Result<Vec<BackupKey>, ApiError> {
        let mut keys = self.caller.list_backups(prefix).await?;
        if self.has(Sabotage::KnowsTheNewestOnly) {
            keys = keys.pop().into_iter().collect();
        }
        Ok(keys)
    }
}
