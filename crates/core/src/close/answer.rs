//! What a plan, a close or a restore comes to, in one sentence and in its parts. [`crate::documents::answer`] writes it down.

use std::fmt::Write as _;

use super::backup::Backup;
use super::plan::{ClosePlan, Decision, Refusal, Unknown};
use crate::group::{Direction, Fingerprint, GroupState, SecurityGroupRule};
use crate::words::some_of;

/// The most things that a sentence names.
const NAMED: usize = 5;

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// What a close would do.
    Plan(Planned),
    /// What a close did.
    Close(Closed),
    /// What a restore did.
    Restore(Box<Restored>),
}

/// What a close would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// The plan.
    pub plan: ClosePlan,
    /// Where the backup is of a close that was interrupted and that the plan finds half done.
    pub interrupted: Option<String>,
}

/// What a close did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// The plan that was carried out, or that refused to go on.
    pub plan: ClosePlan,
    /// How far it came.
    pub outcome: Outcome,
}

/// How far a close came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing was changed: there was nothing to close, or it was refused.
    Untouched {
        /// Where the backup is of a close that was interrupted before.
        interrupted: Option<String>,
    },
    /// No rule stands any more.
    Closed(Removed),
    /// It was refused to go on, after rules had been taken away.
    Stopped(Removed),
}

/// The rules that a close took away, and where they are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// The rules.
    pub rules: Vec<SecurityGroupRule>,
    /// Where the newest backup is. It has all of them.
    pub backup: String,
    /// Where older backups are with rules that the newest one lacks.
    pub older: Vec<String>,
}

/// What a restore did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The backup.
    pub backup: Backup,
    /// Where the backup is.
    pub uri: String,
    /// The group before.
    pub before: GroupState,
    /// The group after.
    pub after: GroupState,
    /// The rules that were put back, as they are in the backup. EC2 gave them new IDs.
    pub restored: Vec<SecurityGroupRule>,
    /// The rules of the backup that do not stand as they are in it.
    pub not_restored: Vec<NotRestored>,
    /// Where older backups are with rules that this one lacks.
    pub older: Vec<String>,
}

/// A rule that could not be put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotRestored {
    /// The rule, as it is in the backup.
    pub rule: SecurityGroupRule,
    /// Why.
    pub why: String,
}

impl Answer {
    /// The answer in a sentence or two, for people. Its wording may change.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Plan(Planned { plan, interrupted }) => of_plan(plan, interrupted.as_deref()),
            Self::Close(Closed { plan, outcome }) => match outcome {
                Outcome::Untouched { interrupted } => of_plan(plan, interrupted.as_deref()),
                Outcome::Closed(removed) => format!(
                    "{} None of them stands any more; they are in the backup.{}",
                    plan.reason(),
                    removed.older()
                ),
                Outcome::Stopped(removed) => format!(
                    "{} {} rules had been taken away by then; they are in the backup.{}",
                    plan.reason(),
                    removed.rules.len(),
                    removed.older()
                ),
            },
            Self::Restore(restored) => restored.reason(),
        }
    }
}

fn of_plan(plan: &ClosePlan, interrupted: Option<&str>) -> String {
    let mut reason = plan.reason();
    if let Some(backup) = interrupted {
        let _ = write!(reason, " A close of it was interrupted; the rules as they were are in {backup}.");
    }
    reason
}

impl Removed {
    fn older(&self) -> String {
        if self.older.is_empty() {
            return String::new();
        }
        format!(" Rules that were taken away before and are not in it are in {}.", self.older.join(", "))
    }
}

impl ClosePlan {
    /// Why the plan decides what it decides.
    #[must_use]
    pub fn reason(&self) -> String {
        let id = &self.group.identity.id;
        let mut reason = match &self.decision {
            Decision::AlreadyClosed => format!("{id} has no rules."),
            Decision::Refuse(Refusal::InUse) => {
                let users = self.users();
                let count = users.len();
                format!(
                    "{id} is not closed: it is in use by {count}: {}.{}",
                    some_of(&users, NAMED),
                    self.cannot_tell()
                )
            }
            Decision::Refuse(refusal) => {
                format!("{id} is not closed: {refusal}.{}{}", self.in_use(), self.cannot_tell())
            }
            Decision::Close => {
                let count =
                    |direction| self.group.traffic().filter(|traffic| traffic.direction == direction).count();
                let (inbound, outbound) = (count(Direction::Inbound), count(Direction::Outbound));
                format!(
                    "{id} has {inbound} inbound and {outbound} outbound rules.{}{}",
                    self.in_use(),
                    self.cannot_tell()
                )
            }
        };
        if let Some(lapsed) = &self.lapsed {
            let _ = write!(reason, " {lapsed}");
        }
        reason
    }

    /// What uses the group, then what refers to it.
    fn users(&self) -> Vec<String> {
        let dependents = self.dependents.iter().map(ToString::to_string);
        dependents.chain(self.references.iter().map(ToString::to_string)).collect()
    }

    fn in_use(&self) -> String {
        let users = self.users();
        if users.is_empty() {
            return String::new();
        }
        format!(" It is in use by {}: {}.", users.len(), some_of(&users, NAMED))
    }

    /// Each reason once, with the sources that have it.
    fn cannot_tell(&self) -> String {
        let mut by_reason: Vec<(String, Vec<&str>)> = Vec::new();
        for Unknown { source, why, .. } in &self.unknown {
            let why = why.to_string();
            match by_reason.iter_mut().find(|(other, _)| *other == why) {
                Some((_, sources)) => sources.push(source.name()),
                None => by_reason.push((why, vec![source.name()])),
            }
        }
        let texts = by_reason.iter().map(|(why, sources)| format!("{} ({why})", some_of(sources, NAMED)));
        let texts: Vec<_> = texts.collect();
        if texts.is_empty() { String::new() } else { format!(" Could not tell: {}.", some_of(&texts, NAMED)) }
    }
}

impl Restored {
    /// The fingerprint of the rules that stand now.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.after.rules)
    }

    fn reason(&self) -> String {
        let total = self.backup.rules.len();
        let mut reason = if self.not_restored.is_empty() {
            format!("All {total} rules of the backup stand, {} of them put back now.", self.restored.len())
        } else {
            let why = self.not_restored.iter().map(|missing| format!("{}: {}", missing.rule, missing.why));
            let why: Vec<_> = why.collect();
            format!("{} of {total} rules of the backup do not stand: {}.", why.len(), some_of(&why, NAMED))
        };
        let is_of_backup = |rule: &&SecurityGroupRule| {
            self.backup.rules.iter().any(|kept| kept.traffic.is_same(&rule.traffic))
        };
        let others: Vec<_> = self.after.rules.iter().filter(|rule| !is_of_backup(rule)).collect();
        if self.fingerprint() == self.backup.fingerprint {
            reason += " The fingerprint is the backup's.";
        } else if !others.is_empty() {
            let _ = write!(
                reason,
                " The fingerprint is not the backup's, as {} other rules stand and were left: {}.",
                others.len(),
                some_of(&others, NAMED)
            );
        }
        if !self.older.is_empty() {
            let older = self.older.join(", ");
            let _ = write!(reason, " It goes on from a close whose rules are in {older}: restore that, too.");
        }
        reason
    }
}
