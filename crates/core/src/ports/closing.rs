//! What a close and a restore need of AWS, one capability a trait.

use super::ApiError;
use crate::close::backup::BackupKey;
use crate::close::survey::Surveys;
use crate::group::{Direction, GroupIdentity, GroupState, SecurityGroupRule};
use crate::ids::{SecurityGroupId, SecurityGroupRuleId};

/// Reads one security group as EC2 has it now.
pub trait ReadGroup {
    /// The group with all its rules; none where there is no such group.
    ///
    /// An adapter reads the group (`DescribeSecurityGroups`) and every page of its rules (`DescribeSecurityGroupRules`).
    /// Where one lists other rules than the other, or a rule cannot be represented in full, it answers with
    /// [`super::ApiErrorKind::Unreadable`]: rules that are not seen are neither backed up nor closed.
    fn read_group(
        &self,
        group: &SecurityGroupId,
    ) -> impl Future<Output = Result<Option<GroupState>, ApiError>> + Send;
}

/// Asks every source of dependents about groups of one place.
pub trait SurveyDependents {
    /// What each [`crate::close::source::Source`] says of each group. Never fails as a whole: what fails is an entry that
    /// says why. Many groups take few more calls than one does.
    fn survey(&self, groups: &[&GroupIdentity]) -> impl Future<Output = Surveys> + Send;
}

/// Takes rules out of a group.
pub trait RevokeRules {
    /// Revokes these rules of one direction, by rule ID, in one call.
    ///
    /// A rule that is gone is no error: the caller believes no answer and reads the group again. EC2 refuses a whole call
    /// for one rule that is gone (`InvalidSecurityGroupRuleId.NotFound`); an adapter answers `Ok` then, too.
    fn revoke_rules(
        &self,
        group: &SecurityGroupId,
        direction: Direction,
        rules: &[SecurityGroupRuleId],
    ) -> impl Future<Output = Result<(), ApiError>> + Send;
}

/// Puts rules into a group.
pub trait AuthorizeRules {
    /// Authorizes these rules in one call that takes all or none. All have the same direction and the same
    /// [`SecurityGroupRule::own_tags`], which the call sets (`TagSpecifications`) along with each rule's description.
    /// The rule IDs given are those of before; EC2 makes new ones.
    fn authorize_rules(
        &self,
        group: &SecurityGroupId,
        direction: Direction,
        rules: &[&SecurityGroupRule],
    ) -> impl Future<Output = Result<Authorized, ApiError>> + Send;
}

/// What became of rules to authorize.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authorized {
    /// All stand.
    Done,
    /// At least one of them stands already (`InvalidPermission.Duplicate`), perhaps with another description. None was added.
    Stands,
    /// EC2 does not take at least one of them, and says that this is the caller's fault: a referenced group or prefix list that
    /// is gone, too many rules. None was added. Throttling and missing permissions are errors instead.
    Refused {
        /// EC2's code and message.
        why: String,
    },
}

/// Keeps backups.
pub trait WriteBackup {
    /// Writes an object unless there is one under this key (S3: `If-None-Match: *`). `Ok` says nothing of durability: the
    /// caller reads back. One that exists (`PreconditionFailed`) is `Ok` and stays: it may be this very write, which the
    /// SDK tried twice.
    fn write_backup(
        &self,
        key: &BackupKey,
        bytes: &[u8],
    ) -> impl Future<Output = Result<(), ApiError>> + Send;
}

/// Reads backups.
pub trait ReadBackup {
    /// The newest version of an object; none where there is none.
    fn read_backup(
        &self,
        key: &BackupKey,
    ) -> impl Future<Output = Result<Option<StoredBackup>, ApiError>> + Send;

    /// How people and AWS's tools write this key's place, such as `s3://bucket/key`.
    fn uri(&self, key: &BackupKey) -> String;
}

/// An object as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBackup {
    /// The object's bytes.
    pub bytes: Vec<u8>,
    /// Whether the store keeps this version when somebody overwrites or deletes the object (S3: `GetObject` answers with a
    /// version ID, and that is not `null`).
    pub versioned: bool,
}

/// Lists the backups of a group.
pub trait ListBackups {
    /// Every key that is longer than `prefix` and begins with it, in order, in as many pages as it takes.
    fn list_backups(&self, prefix: &str) -> impl Future<Output = Result<Vec<BackupKey>, ApiError>> + Send;
}
