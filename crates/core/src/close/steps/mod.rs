//! A close is steps. [`State`] is what is known of a close that is under way, [`next`] chooses the next step from it, and
//! `defsg-remediation` carries the step out and tells the state what came of it. Nothing here calls AWS or looks at a clock.
//!
//! The order is what makes a close safe: a backup is kept before anything else; a rule is revoked only where the last thing
//! that was done was to read it, just as the backup has it; and what an answer to a revoke says is not believed.

use std::time::Duration;

use time::OffsetDateTime;

use super::backup::{Backup, BackupKey, Forced, to_millisecond};
use super::past::Unfinished;
use super::plan::{ClosePlan, Decision, Request, Settings};
use super::survey::Survey;
use crate::group::{Direction, Fingerprint, GroupState, SecurityGroupRule, merge};
use crate::ids::{SecurityGroupRuleId, VpcId};

mod choose;
#[cfg(test)]
mod table;

pub use choose::next;

/// How often one close backs up rules: once at its beginning, and again each time that rules were added meanwhile.
pub const MAX_BACKUPS: usize = 5;

/// For how long the sources of dependents are believed: where keeping the backup and reading the group took longer, they are
/// asked again before the first rule is taken away.
pub const BELIEVED_FOR: Duration = Duration::from_secs(5);

/// How many rules one call revokes. EC2 names no limit; a call of this many is far from any limit of a request.
pub const REVOKED_AT_ONCE: usize = 100;

/// How long to wait after each round of changes before the group is read again, as EC2 may not show it at once. The number of
/// waits is the number of rounds.
pub const WAITS: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// What a close does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Keep this backup: write it, read it back, compare.
    Keep(Box<Backup>),
    /// Ask every source who uses the group.
    Ask,
    /// Read the group and its rules.
    Read,
    /// Revoke these rules in one call.
    Revoke {
        /// Their direction.
        direction: Direction,
        /// The rules, as they were just read and as the backup has them. At most [`REVOKED_AT_ONCE`].
        rules: Vec<SecurityGroupRule>,
    },
    /// Wait for so long, until EC2 shows what was changed.
    Wait(Duration),
    /// No rule stands: the group is closed.
    Done,
    /// Stop: as it is now, the group is not to be closed. The plan says why.
    Refuse(Box<ClosePlan>),
    /// Stop: these rules still stand after every try.
    StillOpen(Vec<SecurityGroupRule>),
}

/// What is known of a close that is under way.
#[derive(Debug, Clone)]
pub struct State<'a> {
    /// The plan that is carried out.
    pub plan: &'a ClosePlan,
    /// The group's VPC.
    pub vpc: &'a VpcId,
    /// What was asked for.
    pub request: &'a Request,
    /// What the operator decided.
    pub settings: &'a Settings,
    /// When the close began.
    pub now: OffsetDateTime,
    /// A close that was interrupted before, and that this one goes on with.
    pub unfinished: Option<Unfinished<'a>>,
    /// The newest backup that is kept; none before the first.
    pub kept: Option<(BackupKey, Backup)>,
    /// How many backups this close kept.
    pub backups: usize,
    /// When the sources answered last.
    pub asked: Asked,
    /// What they answered, where they were asked again since the plan.
    pub survey: Option<Survey>,
    /// The group, where reading it was the last thing that was done. Whatever else is done makes it old.
    pub reading: Option<GroupState>,
    /// How many rounds of revokes were begun.
    pub rounds: usize,
    /// The rules that the round under way has still to revoke; none between two rounds.
    pub round: Option<Vec<SecurityGroupRuleId>>,
    /// The rules that were revoked, whether or not EC2 shows it.
    pub removed: Vec<SecurityGroupRule>,
}

/// When the sources answered last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// How long after the close began.
    pub at: Duration,
    /// How many backups this close had kept by then: 0 for the answers that the plan was made from.
    pub backups: usize,
}

impl<'a> State<'a> {
    /// A close whose plan was just made, and whose sources answered `asked` after `now`; none where the plan is to close
    /// nothing.
    #[must_use]
    pub fn begin(
        plan: &'a ClosePlan,
        unfinished: Option<Unfinished<'a>>,
        request: &'a Request,
        settings: &'a Settings,
        now: OffsetDateTime,
        asked: Duration,
    ) -> Option<Self> {
        // A group in no VPC is never closed; a backup needs one.
        let vpc = plan.group.identity.vpc.as_ref().filter(|_| plan.decision == Decision::Close)?;
        Some(Self {
            plan,
            vpc,
            request,
            settings,
            now,
            unfinished,
            kept: None,
            backups: 0,
            asked: Asked { at: asked, backups: 0 },
            survey: None,
            reading: None,
            rounds: 0,
            round: None,
            removed: Vec::new(),
        })
    }

    /// A backup was kept under this key. A round ends with it: the rules are others now.
    pub fn keep(&mut self, key: BackupKey, backup: Backup) {
        self.kept = Some((key, backup));
        self.backups += 1;
        (self.reading, self.round) = (None, None);
    }

    /// The sources answered, so long after the close began.
    pub fn ask(&mut self, survey: Survey, at: Duration) {
        self.survey = Some(survey);
        self.asked = Asked { at, backups: self.backups };
        self.reading = None;
    }

    /// The group was read.
    pub fn read(&mut self, group: GroupState) {
        self.reading = Some(group);
    }

    /// These rules were revoked in one call, the first of a round or a further one.
    pub fn revoke(&mut self, rules: Vec<SecurityGroupRule>) {
        let standing = self.reading.take().map(|group| group.rules).unwrap_or_default();
        let stands = |id: &SecurityGroupRuleId| standing.iter().any(|rule| rule.id == *id);
        let mut round = self.round.take().unwrap_or_else(|| {
            self.rounds += 1;
            standing.iter().map(|rule| rule.id.clone()).collect()
        });
        round.retain(|id| stands(id) && !rules.iter().any(|rule| rule.id == *id));
        self.round = Some(round);
        let is_new = |rule: &SecurityGroupRule| !self.removed.contains(rule);
        let new: Vec<_> = rules.into_iter().filter(is_new).collect();
        self.removed.extend(new);
    }

    /// The time after a round was waited for.
    pub fn wait(&mut self) {
        (self.reading, self.round) = (None, None);
    }

    /// Whether every one of these rules is in the newest backup, word for word.
    #[must_use]
    pub fn covers(&self, rules: &[SecurityGroupRule]) -> bool {
        self.kept.as_ref().is_some_and(|(_, kept)| rules.iter().all(|rule| kept.rules.contains(rule)))
    }

    /// The backup of the rules of the plan, and of those that an interrupted close took away a short time ago.
    #[must_use]
    pub fn first_backup(&self) -> Backup {
        let (plan, identity) = (self.plan, &self.plan.group.identity);
        let recent = self.unfinished.filter(|unfinished| unfinished.is_recent);
        let earlier = recent.map(|recent| recent.backup.rules.as_slice()).unwrap_or_default();
        let rules = merge(earlier, &plan.group.rules);
        let forced = self.request.force.then(|| Forced::overridden(plan)).flatten();
        Backup {
            account: self.settings.place.account.clone(),
            region: self.settings.place.region.clone(),
            vpc_id: self.vpc.clone(),
            group_id: identity.id.clone(),
            group_name: identity.name.clone(),
            group_description: identity.description.clone(),
            group_tags: identity.tags.clone(),
            taken: to_millisecond(self.now),
            fingerprint: Fingerprint::of(&rules),
            rules,
            reason: plan.reason(),
            continues: self.unfinished.map(|unfinished| unfinished.key.clone()),
            forced,
        }
    }

    /// The backup that goes on from another one of this close: what that has, and these rules, which were added or altered
    /// since.
    #[must_use]
    pub fn next_backup(
        &self,
        (key, before): (&BackupKey, &Backup),
        standing: &[SecurityGroupRule],
        elapsed: Duration,
    ) -> Backup {
        let rules = merge(&before.rules, standing);
        // Later than the backup before, whose key would else not sort before this one's.
        let taken = to_millisecond(self.now + elapsed).max(before.taken + time::Duration::MILLISECOND);
        let continues = Some(key.clone());
        Backup { taken, fingerprint: Fingerprint::of(&rules), rules, continues, ..before.clone() }
    }
}
