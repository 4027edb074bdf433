//! The restore: the rules of a backup, exactly, and no others. What stands is left as it is.

use std::collections::BTreeMap;

use defsg_core::SecurityGroupId;
use defsg_core::close::answer::{Answer, NotRestored, Restored};
use defsg_core::close::backup::{Backup, BackupKey};
use defsg_core::close::past::Past;
use defsg_core::close::plan::Settings;
use defsg_core::close::steps::WAITS;
use defsg_core::documents::backup;
use defsg_core::group::{Direction, GroupState, NotDefaultGroup, SecurityGroupRule};
use defsg_core::ports::ApiError;
use defsg_core::ports::closing::{AuthorizeRules, Authorized, ReadBackup, ReadGroup};
use defsg_core::words::some_of;

use crate::NAMED;
use crate::error::RemediationError;
use crate::older::Older;
use crate::plan::not_found;

/// Puts back the rules of the backup at `uri` that do not stand.
///
/// Safe to run again after any failure. Rules that are in no backup stay, and rules that stand with another description
/// or other tags stay as they are: a restore adds, and neither takes away nor alters.
///
/// # Errors
/// Where the backup is not this group's, or was altered; where there is no such group; where a call failed; where EC2
/// took rules, but does not show them.
pub async fn restore<A, S>(
    aws: &A,
    store: &S,
    group: &SecurityGroupId,
    uri: &str,
    settings: &Settings,
) -> Result<Answer, RemediationError>
where
    A: ReadGroup + AuthorizeRules,
    S: ReadBackup,
{
    let backup = read_backup(store, group, uri, settings).await?;
    let restoring = Restoring { aws, group, uri };
    let before = aws.read_group(group).await.map_err(RemediationError::before_changes)?;
    let before = before.ok_or_else(|| not_found(group, settings))?;
    belongs(&backup, &before, settings, uri)?;
    let (missing, _) = compare(&backup.rules, &before.rules);
    let (mut restored, mut refused, mut failed) = (Vec::new(), Vec::new(), None);
    for batch in batches(missing) {
        // One that fails holds up no other: what the role may not tag, say, is not what it may not authorize.
        if let Err(error) = restoring.put_back(&batch, &mut restored, &mut refused).await {
            failed.get_or_insert(error);
        }
    }
    if let Some(error) = failed {
        return Err(error);
    }
    // All that should stand, not only what was put back: what stood before may be gone by now, or was no longer there.
    let is_refused = |rule: &&SecurityGroupRule| refused.iter().any(|refused| refused.rule == **rule);
    let expected: Vec<_> = backup.rules.iter().filter(|rule| !is_refused(rule)).cloned().collect();
    let (after, altered) = restoring.verify(&expected).await?;
    refused.retain(|refused| !after.rules.iter().any(|rule| rule.is_equivalent(&refused.rule)));
    let not_restored = [refused, altered].concat();
    let older = Older { past: &Past::default(), unread: &[], continues: backup.continues.as_ref() };
    let older = older.with_more_than(store, &backup.rules).await;
    let uri = uri.to_owned();
    let restored = Restored { backup, uri, before, after, restored, not_restored, older };
    Ok(Answer::Restore(Box::new(restored)))
}

/// The backup, if it is of this group.
async fn read_backup<S: ReadBackup>(
    store: &S,
    group: &SecurityGroupId,
    uri: &str,
    settings: &Settings,
) -> Result<Backup, RemediationError> {
    let home = store.uri(&BackupKey::new(String::new()));
    let key = uri.strip_prefix(&home).filter(|key| !key.is_empty()).ok_or_else(|| {
        RemediationError::InvalidRequest(format!("{uri:?} is no backup of {group}: those begin with {home}"))
    })?;
    let key = BackupKey::new(key.to_owned());
    let stored = store.read_backup(&key).await;
    let stored =
        stored.map_err(RemediationError::before_changes)?.ok_or_else(|| invalid(uri, "it is not there"))?;
    let (own_key, backup) = backup::read(&stored.bytes).map_err(|error| RemediationError::InvalidBackup {
        backup: uri.to_owned(),
        problem: error.to_string(),
        source: Some(error),
    })?;
    let place = &settings.place;
    for (what, stated, here) in [
        ("group", backup.group_id.as_str(), group.as_str()),
        ("account", backup.account.as_str(), place.account.as_str()),
        ("Region", backup.region.as_str(), place.region.as_str()),
    ] {
        if stated != here {
            return Err(invalid(uri, &format!("it is of {what} {stated}, not {here}")));
        }
    }
    if own_key != key {
        return Err(invalid(
            uri,
            "its content is not that of a backup with this key: it was moved or replaced",
        ));
    }
    Ok(backup)
}

/// Refuses a group that cannot be the one that was backed up, whatever its ID.
fn belongs(
    backup: &Backup,
    state: &GroupState,
    settings: &Settings,
    uri: &str,
) -> Result<(), RemediationError> {
    let identity = &state.identity;
    let problem = match identity.default_group_of(&settings.place.account) {
        Err(NotDefaultGroup::OtherOwner { owner }) => {
            format!("account {owner} owns {} (shared VPC)", identity.id)
        }
        Err(NotDefaultGroup::OtherName { name }) => format!("{} is named {name}", identity.id),
        Ok(_) if identity.name != backup.group_name => {
            format!("it is of a group named {}, and {} is not", backup.group_name, identity.id)
        }
        Ok(vpc) if *vpc == backup.vpc_id => return Ok(()),
        Ok(_) | Err(NotDefaultGroup::NoVpc) => {
            format!("it is of {}, and {} is not in it", backup.vpc_id, identity.id)
        }
    };
    Err(invalid(uri, &problem))
}

fn invalid(uri: &str, problem: &str) -> RemediationError {
    RemediationError::InvalidBackup { backup: uri.to_owned(), problem: problem.to_owned(), source: None }
}

/// The rules of a backup that are to be put back, and those that cannot be, because a rule for the same traffic stands
/// with another description or other tags.
fn compare<'a>(
    backup: &'a [SecurityGroupRule],
    standing: &[SecurityGroupRule],
) -> (Vec<&'a SecurityGroupRule>, Vec<NotRestored>) {
    let (mut missing, mut altered) = (Vec::new(), Vec::new());
    for rule in backup {
        match standing.iter().find(|other| other.traffic.is_same(&rule.traffic)) {
            None => missing.push(rule),
            Some(other) if other.is_equivalent(rule) => {}
            Some(other) => altered.push(NotRestored {
                rule: rule.clone(),
                why: format!("{} stands with another description or other tags, and was left so", other.id),
            }),
        }
    }
    (missing, altered)
}

/// The rules that one call can authorize together: those of one direction with the same tags.
fn batches(rules: Vec<&SecurityGroupRule>) -> Vec<Vec<&SecurityGroupRule>> {
    let mut batches: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for rule in rules {
        batches.entry((rule.traffic.direction, rule.own_tags().collect::<Vec<_>>())).or_default().push(rule);
    }
    batches.into_values().collect()
}

struct Restoring<'a, A> {
    aws: &'a A,
    group: &'a SecurityGroupId,
    uri: &'a str,
}

impl<A: ReadGroup + AuthorizeRules> Restoring<'_, A> {
    async fn read(&self) -> Result<Option<GroupState>, RemediationError> {
        self.aws.read_group(self.group).await.map_err(|error| self.api(error))
    }

    /// Authorizes a batch, or, where EC2 does not take it as a whole, each rule alone.
    async fn put_back(
        &self,
        batch: &[&SecurityGroupRule],
        restored: &mut Vec<SecurityGroupRule>,
        refused: &mut Vec<NotRestored>,
    ) -> Result<(), RemediationError> {
        if self.authorize(batch).await? == Authorized::Done {
            restored.extend(batch.iter().copied().cloned());
            return Ok(());
        }
        let mut failed = None;
        for rule in batch {
            match self.authorize(&[rule]).await {
                Ok(Authorized::Done) => restored.push((*rule).clone()),
                // The readings to come show it, and whether its description is that of the backup.
                Ok(Authorized::Stands) => {}
                Ok(Authorized::Refused { why }) => refused.push(NotRestored { rule: (*rule).clone(), why }),
                Err(error) => drop(failed.get_or_insert(error)),
            }
        }
        failed.map_or(Ok(()), Err)
    }

    async fn authorize(&self, rules: &[&SecurityGroupRule]) -> Result<Authorized, RemediationError> {
        let direction = rules.first().map_or(Direction::Inbound, |rule| rule.traffic.direction);
        tracing::info!(group = %self.group, %direction, rules = rules.len(), "authorizing");
        self.aws.authorize_rules(self.group, direction, rules).await.map_err(|error| self.api(error))
    }

    /// The group, as soon as it shows rules for all of this traffic, and those that stand otherwise than in the backup.
    async fn verify(
        &self,
        expected: &[SecurityGroupRule],
    ) -> Result<(GroupState, Vec<NotRestored>), RemediationError> {
        let mut waits = WAITS.into_iter();
        loop {
            let Some(state) = self.read().await? else {
                let backup = self.uri.to_owned();
                return Err(RemediationError::GroupDeleted { group: self.group.clone(), backup });
            };
            let (missing, altered) = compare(expected, &state.rules);
            if missing.is_empty() {
                return Ok((state, altered));
            }
            let Some(wait) = waits.next() else {
                let (group, backup) = (self.group.clone(), self.uri.to_owned());
                return Err(RemediationError::NotShown { group, rules: some_of(&missing, NAMED), backup });
            };
            tokio::time::sleep(wait).await;
        }
    }

    fn api(&self, source: ApiError) -> RemediationError {
        RemediationError::Api { source, backup: Some(self.uri.to_owned()) }
    }
}
