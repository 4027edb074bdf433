//! The past of a group, as its backups tell it: how often it was closed, and what an interrupted close left.
//!
//! One close can leave several backups: it was interrupted and run again, or rules were added while it ran. Those of one
//! close are told from those of another by rule IDs, as EC2 gives every rule that is put back a new one: backups that
//! share a rule ID, or of which one continues the other, are of one close; and a close of which a rule still stands is
//! not over.

use std::collections::BTreeSet;

use time::{Duration, OffsetDateTime};

use super::backup::{Backup, BackupKey};
use crate::group::{Fingerprint, SecurityGroupRule};
use crate::ids::SecurityGroupRuleId;

/// For how long the rules that an interrupted close took away are carried over into the backup of the close that goes on
/// with it. Longer, and rules that somebody took away by hand meanwhile would come back with a restore.
const UNFINISHED_FOR: Duration = Duration::hours(1);

/// The backups of a group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Past {
    /// From the oldest to the newest; none for one that cannot be read, which counts as a close of its own.
    pub backups: Vec<(BackupKey, Option<Backup>)>,
    /// What the keys of those sort after that were made within the hours of the reopening limit.
    pub since: String,
}

/// A close that was interrupted.
#[derive(Debug, Clone, Copy)]
pub struct Unfinished<'a> {
    /// The key of its newest backup.
    pub key: &'a BackupKey,
    /// That backup.
    pub backup: &'a Backup,
    /// Whether it was taken within the last hour, so that its rules are carried over.
    pub is_recent: bool,
}

/// The backups of one close.
#[derive(Default)]
struct Close<'a> {
    keys: BTreeSet<&'a BackupKey>,
    rules: BTreeSet<&'a SecurityGroupRuleId>,
}

impl<'a> Close<'a> {
    fn left_by(key: &'a BackupKey, backup: Option<&'a Backup>) -> Self {
        let continued = backup.and_then(|backup| backup.continues.as_ref());
        let rules = backup.into_iter().flat_map(|backup| &backup.rules);
        Self {
            keys: continued.into_iter().chain([key]).collect(),
            rules: rules.map(|rule| &rule.id).collect(),
        }
    }

    fn is_of_one_with(&self, other: &Self) -> bool {
        !self.keys.is_disjoint(&other.keys) || !self.rules.is_disjoint(&other.rules)
    }
}

impl Past {
    /// Whether a backup with this key was made within the hours of the reopening limit.
    #[must_use]
    pub fn counts(&self, key: &BackupKey) -> bool {
        key.as_str() > self.since.as_str()
    }

    /// How many closes within those hours are over, seen from the rules that stand.
    #[must_use]
    pub fn closes(&self, standing: &[SecurityGroupRule]) -> usize {
        let mut closes: Vec<Close<'_>> = Vec::new();
        for (key, backup) in self.backups.iter().filter(|(key, _)| self.counts(key)) {
            let mut close = Close::left_by(key, backup.as_ref());
            for other in closes.extract_if(.., |other| other.is_of_one_with(&close)).collect::<Vec<_>>() {
                close.keys.extend(other.keys);
                close.rules.extend(other.rules);
            }
            closes.push(close);
        }
        closes.iter().filter(|close| !standing.iter().any(|rule| close.rules.contains(&rule.id))).count()
    }

    /// The newest backup of a close that was interrupted and left some of these rules; where it got no further when it was
    /// run again, the newest of those runs.
    #[must_use]
    pub fn unfinished(&self, standing: &[SecurityGroupRule], now: OffsetDateTime) -> Option<Unfinished<'_>> {
        let stands = |rule: &SecurityGroupRule| standing.iter().any(|other| other.id == rule.id);
        // Where all of them stand, nothing was taken away.
        let half_done = |rules: &[SecurityGroupRule]| rules.iter().any(stands) && !rules.iter().all(stands);
        let mut backups = self.backups.iter().rev().filter_map(|(key, backup)| Some((key, backup.as_ref()?)));
        let goes_on = |backup: &Backup| backup.continues.is_some() && backup.rules.iter().any(stands);
        let found = backups.clone().find(|(_, backup)| half_done(&backup.rules));
        let (key, backup) = found.or_else(|| backups.find(|(_, backup)| goes_on(backup)))?;
        Some(Unfinished { key, backup, is_recent: (now - backup.taken).abs() <= UNFINISHED_FOR })
    }

    /// Whether a close of the rules with this fingerprint began, and nothing was added or altered since.
    #[must_use]
    pub fn began(&self, planned: &Fingerprint, standing: &[SecurityGroupRule]) -> bool {
        let mut begun = self.backups.iter().filter_map(|(_, backup)| backup.as_ref());
        begun.any(|backup| {
            backup.fingerprint == *planned && standing.iter().all(|rule| backup.rules.contains(rule))
        })
    }
}
