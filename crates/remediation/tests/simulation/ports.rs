//! The ports over the world.

use defsg_core::close::backup::BackupKey;
use defsg_core::close::dependent::{Dependent, NetworkInterface};
use defsg_core::close::source::Source;
use defsg_core::close::survey::{Found, Surveys, Unsure};
use defsg_core::group::{Direction, GroupIdentity, GroupState, SecurityGroupRule};
use defsg_core::ports::ApiError;
use defsg_core::ports::closing::*;
use defsg_core::{SecurityGroupId, SecurityGroupRuleId};

use crate::caller::{Caller, is_nothing_done};
use crate::check;
use crate::run::Reading;
use crate::world::World;

/// The one source of the stories.
pub(crate) const SOURCE: Source = Source::new("network-interfaces");

/// What every URI begins with.
pub(crate) const HOME: &str = "s3://memory/";

fn nothing(_: &mut World) -> String {
    String::new()
}

impl ReadGroup for Caller {
    async fn read_group(&self, _: &SecurityGroupId) -> Result<Option<GroupState>, ApiError> {
        let (began, began_tick) = {
            let world = self.sim.world();
            (world.now, world.tick)
        };
        // Most readings show what is, or all but the last change.
        let back = self.rng.lock().unwrap().usize(..4);
        let read = |world: &mut World| {
            let since = began.saturating_sub(self.weather.lag);
            let late = if self.weather.lag == 0 { 0 } else { back };
            let possible = world.versions_since(since).take(late + 1);
            let group = possible.last().unwrap().clone();
            let how = if group == *world.group() { "" } else { ", late" };
            let shown = format!(" shows {} rules{how}", group.rules.len());
            world.runs[self.run].reading = Some(Reading { began, began_tick, group: group.clone() });
            (Some(group), shown)
        };
        self.call("read_group", nothing, read).await
    }
}

impl SurveyDependents for Caller {
    async fn survey(&self, groups: &[&GroupIdentity]) -> Surveys {
        let ask = |world: &mut World| {
            let user = world.used_since.map(|_| {
                let id = "eni-0123456789abcdef0".to_owned();
                Dependent::NetworkInterface(NetworkInterface { id, ..NetworkInterface::default() })
            });
            let users: Vec<_> = user.into_iter().collect();
            let told = format!(" finds {} users", users.len());
            (Found::from(users), told)
        };
        let told = self.call("survey", nothing, ask).await.map_err(Unsure::from);
        groups.iter().map(|group| (group.id.clone(), [(SOURCE, told.clone())].into())).collect()
    }
}

impl RevokeRules for Caller {
    async fn revoke_rules(
        &self,
        _: &SecurityGroupId,
        _: Direction,
        rules: &[SecurityGroupRuleId],
    ) -> Result<(), ApiError> {
        let revoke = |world: &mut World, ids: &[SecurityGroupRuleId]| {
            world.runs[self.run].has_revoked = true;
            let standing = world.rules();
            // EC2 refuses the whole call for one rule that is gone, which is no error to the caller.
            if !ids.iter().all(|id| standing.iter().any(|rule| rule.id == *id)) {
                return " is refused: a rule is gone".to_owned();
            }
            let taken: Vec<_> = standing.iter().filter(|rule| ids.contains(&rule.id)).cloned().collect();
            check::before_taking(world, self.run, &taken, self.weather.lag);
            world.remove(ids);
            let taken: Vec<_> = taken.iter().map(ToString::to_string).collect();
            format!(" takes {}", taken.join(", "))
        };
        let half = &rules[..rules.len() / 2];
        let result =
            self.call("revoke_rules", |world| revoke(world, half), |world| ((), revoke(world, rules))).await;
        let mut world = self.sim.world();
        let tick = world.tick;
        world.runs[self.run].changed_tick = tick;
        result
    }
}

impl AuthorizeRules for Caller {
    async fn authorize_rules(
        &self,
        _: &SecurityGroupId,
        _: Direction,
        rules: &[&SecurityGroupRule],
    ) -> Result<Authorized, ApiError> {
        let authorize = |world: &mut World, rules: &[&SecurityGroupRule]| {
            let stands = |rule: &&SecurityGroupRule| {
                world.rules().iter().any(|other| other.traffic.is_same(&rule.traffic))
            };
            if rules.iter().any(stands) {
                return (Authorized::Stands, " is refused: one stands".to_owned());
            }
            for rule in rules {
                world.add(rule);
            }
            (Authorized::Done, format!(" adds {} rules", rules.len()))
        };
        let half = &rules[..rules.len() / 2];
        let result = self
            .call("authorize_rules", |world| authorize(world, half).1, |world| authorize(world, rules))
            .await;
        let mut world = self.sim.world();
        let tick = world.tick;
        world.runs[self.run].changed_tick = tick;
        result
    }
}

impl WriteBackup for Caller {
    async fn write_backup(&self, key: &BackupKey, bytes: &[u8]) -> Result<(), ApiError> {
        let write = |world: &mut World| {
            world.put_object(key.as_str(), bytes);
            let written = (world.now, key.to_string());
            world.runs[self.run].backups.push(written);
            let rules = world.backup(key.as_str()).map_or(0, |backup| backup.rules.len());
            ((), format!(" {} with {rules} rules", short(key.as_str())))
        };
        // S3 writes whole objects or none.
        match self.call("write_backup", nothing, write).await {
            Err(error) if is_nothing_done(&error) => Ok(()),
            result => result,
        }
    }
}

impl ReadBackup for Caller {
    async fn read_backup(&self, key: &BackupKey) -> Result<Option<StoredBackup>, ApiError> {
        let read = |world: &mut World| {
            let bytes = world.objects.get(key.as_str()).map(|(bytes, _)| bytes.clone());
            let told = if bytes.is_some() { "" } else { " is not there" };
            let stored = bytes.map(|bytes| StoredBackup { bytes, versioned: true });
            (stored, format!(" {}{told}", short(key.as_str())))
        };
        self.call("read_backup", nothing, read).await
    }

    fn uri(&self, key: &BackupKey) -> String {
        format!("{HOME}{key}")
    }
}

impl ListBackups for Caller {
    async fn list_backups(&self, prefix: &str) -> Result<Vec<BackupKey>, ApiError> {
        let list = |world: &mut World| {
            world.runs[self.run].listed = Some(world.now);
            let keys = world.objects.keys().filter(|key| key.starts_with(prefix) && *key != prefix);
            let keys: Vec<_> = keys.map(|key| BackupKey::new(key.clone())).collect();
            let told = format!(" shows {}", keys.len());
            (keys, told)
        };
        self.call("list_backups", nothing, list).await
    }
}

/// A key without what all of them begin with.
pub(crate) fn short(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or(key)
}
