//! The ports of a remediation in memory: one group and one store of backups.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::close::backup::BackupKey;
use crate::close::source::Source;
use crate::close::survey::{Found, Survey, Surveys};
use crate::group::{Direction, GroupIdentity, GroupName, GroupState, Peer, SecurityGroupRule};
use crate::ids::{SecurityGroupId, SecurityGroupRuleId};
use crate::ports::ApiError;
use crate::ports::closing::{
    AuthorizeRules, Authorized, ListBackups, ReadBackup, ReadGroup, RevokeRules, StoredBackup,
    SurveyDependents, WriteBackup,
};

/// Sources for tests that need no more than some: three live ones and two that AWS Config answers for.
pub const SOURCES: [Source; 5] = [
    Source::new("network-interfaces"),
    Source::new("security-group-rules"),
    Source::new("launch-templates"),
    Source::new("config-relationships"),
    Source::new("config:AWS::CodeBuild::Project"),
];

/// One group, what uses it, and its backups.
#[derive(Debug, Default)]
pub struct MemoryGroup {
    world: Mutex<World>,
}

/// What there is.
#[derive(Debug, Default)]
pub struct World {
    /// The group; none where there is no group any more.
    pub group: Option<GroupState>,
    /// What the sources say of it.
    pub survey: Survey,
    /// The store's objects by key.
    pub objects: BTreeMap<String, Vec<u8>>,
    /// Whether the store keeps no old versions.
    pub unversioned: bool,
    /// Security groups that are gone: EC2 takes no rule that refers to one.
    pub gone: Vec<SecurityGroupId>,
    next_rule: u64,
}

impl MemoryGroup {
    /// A group that nothing uses, in an account whose [`SOURCES`] all can tell.
    #[must_use]
    pub fn new(group: GroupState) -> Self {
        let survey = SOURCES.map(|source| (source, Ok(Found::default()))).into();
        Self { world: Mutex::new(World { group: Some(group), survey, ..World::default() }) }
    }

    /// What there is now, to look at and to change.
    pub fn world(&self) -> MutexGuard<'_, World> {
        // A poisoned lock holds the data of a test that already failed; it is as good as any.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl World {
    /// The group, where its ID is this one.
    pub fn group_mut(&mut self, id: &SecurityGroupId) -> Option<&mut GroupState> {
        self.group.as_mut().filter(|group| group.identity.id == *id)
    }

    /// Puts a rule into the group under a new rule ID.
    pub fn add_rule(&mut self, rule: &SecurityGroupRule) {
        self.next_rule += 1;
        let id = format!("sgr-{:017x}", 0xf00d_0000_0000_u64 + self.next_rule).parse();
        if let (Some(group), Ok(id)) = (&mut self.group, id) {
            let tags = rule.own_tags().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
            group.rules.push(SecurityGroupRule { id, tags, ..rule.clone() });
        }
    }

    /// Why EC2 would not take a rule.
    fn refuses(&self, rule: &SecurityGroupRule) -> Option<Authorized> {
        let group = self.group.as_ref()?;
        if group.rules.iter().any(|standing| standing.traffic.is_same(&rule.traffic)) {
            return Some(Authorized::Stands);
        }
        match &rule.traffic.peer {
            Peer::SecurityGroup { group: GroupName::Id(id), .. } if self.gone.contains(id) => {
                let why = format!("InvalidGroup.NotFound: the security group '{id}' does not exist");
                Some(Authorized::Refused { why })
            }
            _ => None,
        }
    }
}

impl ReadGroup for MemoryGroup {
    async fn read_group(&self, group: &SecurityGroupId) -> Result<Option<GroupState>, ApiError> {
        Ok(self.world().group_mut(group).cloned())
    }
}

impl SurveyDependents for MemoryGroup {
    async fn survey(&self, groups: &[&GroupIdentity]) -> Surveys {
        let survey = &self.world().survey;
        groups.iter().map(|group| (group.id.clone(), survey.clone())).collect()
    }
}

impl RevokeRules for MemoryGroup {
    async fn revoke_rules(
        &self,
        group: &SecurityGroupId,
        direction: Direction,
        rules: &[SecurityGroupRuleId],
    ) -> Result<(), ApiError> {
        if let Some(group) = self.world().group_mut(group) {
            group.rules.retain(|rule| rule.traffic.direction != direction || !rules.contains(&rule.id));
        }
        Ok(())
    }
}

impl AuthorizeRules for MemoryGroup {
    async fn authorize_rules(
        &self,
        _: &SecurityGroupId,
        _: Direction,
        rules: &[&SecurityGroupRule],
    ) -> Result<Authorized, ApiError> {
        let mut world = self.world();
        if let Some(refusal) = rules.iter().find_map(|rule| world.refuses(rule)) {
            return Ok(refusal);
        }
        rules.iter().for_each(|rule| world.add_rule(rule));
        Ok(Authorized::Done)
    }
}

impl WriteBackup for MemoryGroup {
    async fn write_backup(&self, key: &BackupKey, bytes: &[u8]) -> Result<(), ApiError> {
        self.world().objects.entry(key.to_string()).or_insert_with(|| bytes.to_vec());
        Ok(())
    }
}

impl ReadBackup for MemoryGroup {
    async fn read_backup(&self, key: &BackupKey) -> Result<Option<StoredBackup>, ApiError> {
        let world = self.world();
        let bytes = world.objects.get(key.as_str()).cloned();
        Ok(bytes.map(|bytes| StoredBackup { bytes, versioned: !world.unversioned }))
    }

    fn uri(&self, key: &BackupKey) -> String {
        format!("s3://memory/{key}")
    }
}

impl ListBackups for MemoryGroup {
    async fn list_backups(&self, prefix: &str) -> Result<Vec<BackupKey>, ApiError> {
        let world = self.world();
        let keys = world.objects.keys().filter(|key| key.starts_with(prefix) && *key != prefix);
        Ok(keys.map(|key| BackupKey::new(key.clone())).collect())
    }
}
