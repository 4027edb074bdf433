//! Backups: the rules of a group as they were before a close. [`crate::documents::backup`] writes and reads them; docs/backup.md
//! describes them for people.

use std::collections::BTreeMap;
use std::fmt;

use time::format_description::FormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

use super::dependent::Dependent;
use super::plan::{ClosePlan, Learnt, Unknown};
use super::reference::Reference;
use crate::group::{Fingerprint, SecurityGroupRule};
use crate::ids::{AccountId, Region, SecurityGroupId, VpcId};

/// Everything needed to make a group's rules again, and why they were taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// The account that owns the group.
    pub account: AccountId,
    /// The Region that the group is in.
    pub region: Region,
    /// The group's VPC.
    pub vpc_id: VpcId,
    /// The group.
    pub group_id: SecurityGroupId,
    /// The group's name: `default`.
    pub group_name: String,
    /// The group's description.
    pub group_description: String,
    /// The group's tags. A close leaves them alone, and so does a restore.
    pub group_tags: BTreeMap<String, String>,
    /// When the backup was made, to the millisecond, UTC.
    pub taken: OffsetDateTime,
    /// The fingerprint of `rules`.
    pub fingerprint: Fingerprint,
    /// All rules that the close takes away, those of its earlier backups included.
    pub rules: Vec<SecurityGroupRule>,
    /// Why the group was closed.
    pub reason: String,
    /// The backup that this one goes on from: the close was interrupted, or rules were added to the group meanwhile.
    pub continues: Option<BackupKey>,
    /// What force overrode; none where the close was not forced.
    pub forced: Option<Forced>,
}

/// What force overrode, in words: a backup tells it to people, and no program acts on it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forced {
    /// What used the group.
    pub dependents: Vec<Note>,
    /// Rules of other groups that referred to the group.
    pub references: Vec<Note>,
    /// Sources that could not tell.
    pub unknown: Vec<UnknownNote>,
}

/// A dependent or a reference, as a document keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What kind of thing it is.
    pub kind: String,
    /// Its ID.
    pub id: String,
    /// What it is, in words a person knows.
    pub name: String,
    /// The name of the source that told it.
    pub source: String,
}

/// A source that could not tell, as a document keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownNote {
    /// The source's name.
    pub source: String,
    /// Why.
    pub why: String,
    /// Whether the source had to be readable.
    pub required: bool,
}

impl Forced {
    /// What a close of this plan would override; none where nothing stands in its way.
    #[must_use]
    pub fn overridden(plan: &ClosePlan) -> Option<Self> {
        let forced = Self {
            dependents: plan.dependents.iter().map(Note::from).collect(),
            references: plan.references.iter().map(Note::from).collect(),
            unknown: plan.unknown.iter().map(UnknownNote::from).collect(),
        };
        (forced != Self::default()).then_some(forced)
    }
}

impl From<&Learnt<Dependent>> for Note {
    fn from(Learnt { what, source }: &Learnt<Dependent>) -> Self {
        let (kind, id) = (what.kind().to_owned(), what.id().to_owned());
        Self { kind, id, name: what.name(), source: source.to_string() }
    }
}

impl From<&Learnt<Reference>> for Note {
    fn from(Learnt { what, source }: &Learnt<Reference>) -> Self {
        let (kind, id) = (what.kind().to_owned(), what.id().to_owned());
        Self { kind, id, name: what.name(), source: source.to_string() }
    }
}

impl From<&Unknown> for UnknownNote {
    fn from(unknown: &Unknown) -> Self {
        let (source, why) = (unknown.source.to_string(), unknown.why.to_string());
        Self { source, why, required: unknown.required }
    }
}

/// The key of a backup in its store: `ACCOUNT/REGION/GROUP/TIME-CHECKSUM.json`, so that the keys of a group sort by time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BackupKey(String);

/// How a time stands in a key: sorted as text, it is sorted by time.
const KEY_TIME: &[FormatItem<'_>] =
    format_description!("[year][month][day]T[hour][minute][second].[subsecond digits:3]Z");

impl Backup {
    /// The key to keep the backup under. It holds the place, the group, the time, and the first 12 digits of the document's
    /// checksum.
    #[must_use]
    pub fn key(&self, checksum: &str) -> BackupKey {
        let prefix = BackupKey::prefix(&self.account, &self.region, &self.group_id);
        let digits = checksum.get(..12).unwrap_or(checksum);
        BackupKey(format!("{prefix}{}-{digits}.json", key_time(self.taken)))
    }
}

impl BackupKey {
    /// What the keys of all backups of a group begin with, and no others.
    #[must_use]
    pub fn prefix(account: &AccountId, region: &Region, group: &SecurityGroupId) -> String {
        format!("{account}/{region}/{group}/")
    }

    /// A key as it was listed or given.
    #[must_use]
    pub fn new(key: String) -> Self {
        Self(key)
    }

    /// The key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Sorts after the keys of all backups of a group that were made before `since`, and before all others.
    #[must_use]
    pub fn before(prefix: &str, since: OffsetDateTime) -> String {
        format!("{prefix}{}", key_time(since))
    }
}

impl fmt::Display for BackupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A time as backups hold it: UTC, to the millisecond.
#[must_use]
pub fn to_millisecond(time: OffsetDateTime) -> OffsetDateTime {
    let time = time.to_offset(UtcOffset::UTC);
    time.replace_millisecond(time.millisecond()).unwrap_or(time)
}

fn key_time(time: OffsetDateTime) -> String {
    time.to_offset(UtcOffset::UTC).format(KEY_TIME).unwrap_or_default()
}
