//! The older backups with rules that the newest one lacks. They are looked for once a close or a restore has done its work: what
//! cannot be read then is named, and fails nothing.

use std::collections::BTreeSet;

use defsg_core::close::backup::{Backup, BackupKey};
use defsg_core::close::past::Past;
use defsg_core::group::SecurityGroupRule;
use defsg_core::ports::closing::ReadBackup;

use crate::plan::backup_of;

/// The most backups that are read to find rules which are in no newer one. A group has one backup a close, as a rule.
const MAX_OLDER: usize = 20;

/// Where a close or a restore looks for older backups.
pub(crate) struct Older<'a> {
    /// Backups that were read.
    pub(crate) past: &'a Past,
    /// Keys of backups that are older than those and were not read, from the oldest to the newest.
    pub(crate) unread: &'a [BackupKey],
    /// The backup that the newest one goes on from.
    pub(crate) continues: Option<&'a BackupKey>,
}

impl Older<'_> {
    /// The older backups with rules that are not among `rules`, which those of the newest one are: first of what the newest one
    /// goes on from, then of all others. One that cannot be read may have some, and is named. Of those that are not read, after
    /// too many, one entry says where they are.
    pub(crate) async fn with_more_than<S: ReadBackup>(
        &self,
        store: &S,
        rules: &[SecurityGroupRule],
    ) -> Vec<String> {
        let (found, seen, unread) = Default::default();
        let mut search = Search { past: self.past, found, seen, read: 0, unread };
        // A rule with the same ID that was altered was altered before it was taken away: the newer backup has it as it was then.
        let is_among = |rule: &SecurityGroupRule| {
            rules.iter().any(|other| other.id == rule.id || other.is_equivalent(rule))
        };
        let mut continues = self.continues.cloned();
        while let Some(key) = continues {
            continues = search.look_at(store, key, is_among).await;
        }
        // That is not so of a backup of somebody else, who may have read the rule later and taken it away first.
        let is_among = |rule: &SecurityGroupRule| rules.iter().any(|other| other.is_equivalent(rule));
        let past = self.past.backups.iter().rev().map(|(key, _)| key);
        for key in past.chain(self.unread.iter().rev()) {
            let mut next = Some(key.clone());
            while let Some(key) = next {
                next = search.look_at(store, key, is_among).await;
            }
        }
        search.found.extend(rest(store, &search.unread));
        search.found
    }
}

struct Search<'a> {
    past: &'a Past,
    found: Vec<String>,
    seen: BTreeSet<BackupKey>,
    /// How many were read.
    read: usize,
    /// Those that are not read, after too many.
    unread: Vec<BackupKey>,
}

impl Search<'_> {
    /// Looks whether a backup has a rule that is not among those of the newest. Gives the key of what it goes on from.
    async fn look_at<S: ReadBackup>(
        &mut self,
        store: &S,
        key: BackupKey,
        is_among: impl Fn(&SecurityGroupRule) -> bool,
    ) -> Option<BackupKey> {
        if !self.seen.insert(key.clone()) {
            return None;
        }
        let known = self.past.backups.iter().find(|(known, _)| *known == key);
        let backup = match known {
            Some((_, backup)) => backup.clone(),
            None if self.read == MAX_OLDER => {
                self.unread.push(key);
                return None;
            }
            None => {
                self.read += 1;
                match read_backup(store, &key).await {
                    Looked::Gone => return None,
                    Looked::Read(backup) => Some(*backup),
                    Looked::Unreadable => None,
                }
            }
        };
        if backup.as_ref().is_none_or(|backup| !backup.rules.iter().all(is_among)) {
            self.found.push(store.uri(&key));
        }
        backup.and_then(|backup| backup.continues)
    }
}

enum Looked {
    Gone,
    Unreadable,
    Read(Box<Backup>),
}

async fn read_backup<S: ReadBackup>(store: &S, key: &BackupKey) -> Looked {
    match store.read_backup(key).await {
        Ok(None) => Looked::Gone,
        Ok(Some(stored)) => {
            backup_of(key, &stored.bytes).map_or(Looked::Unreadable, |backup| Looked::Read(Box::new(backup)))
        }
        Err(_) => Looked::Unreadable,
    }
}

/// Where the backups are that were not read: the newest of them, and how many there are.
fn rest<S: ReadBackup>(store: &S, unread: &[BackupKey]) -> Option<String> {
    let newest = store.uri(unread.iter().max()?);
    Some(match unread.len() - 1 {
        0 => format!("{newest} (not read)"),
        more => format!("{newest} and {more} before it (not read)"),
    })
}
