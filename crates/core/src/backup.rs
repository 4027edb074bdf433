//! Backups: the rules of a group as they were before a close, in a document from which they can be made again.
//!
//! docs/backup.md describes the document for people, docs/backup.schema.json for machines.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::format_description::FormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

use crate::dependent::{Dependent, Unknown};
use crate::fingerprint::{Fingerprint, sha256};
use crate::ids::{AccountId, Region, SecurityGroupId, VpcId};
use crate::rule_set::SecurityGroupRule;

/// The version of the document that this defsg writes, and the only one that it reads.
pub const VERSION: u64 = 1;

/// Everything needed to make a group's rules again, and why they were taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
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
    #[serde(with = "time::serde::rfc3339")]
    pub taken: OffsetDateTime,
    /// The fingerprint of `rules`.
    pub fingerprint: Fingerprint,
    /// All rules that the close takes away, those of its earlier backups included.
    pub rules: Vec<SecurityGroupRule>,
    /// Why the group was closed.
    pub reason: String,
    /// The backup that this one goes on from: the close was interrupted, or rules were added to the group meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues: Option<BackupKey>,
    /// What force overrode; none where the close was not forced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forced: Option<Forced>,
}

/// What force overrode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forced {
    /// What used the group.
    pub dependents: Vec<Dependent>,
    /// Sources that could not tell.
    pub unknown: Vec<Unknown>,
}

/// The key of a backup in its store: `ACCOUNT/REGION/GROUP/TIME-CHECKSUM.json`, so that the keys of a group sort by time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BackupKey(String);

/// A document that is no backup to restore from. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBackup {
    /// It is no JSON object, or not one that defsg wrote.
    #[error("it is no backup of defsg: {0}")]
    Unreadable(String),
    /// It is of a version that this defsg does not read.
    #[error(
        "it is of version {0}, and this defsg reads version {VERSION}; use the defsg that wrote it, or a newer one"
    )]
    OtherVersion(String),
    /// Its checksum is not that of its content.
    #[error("its checksum is not that of its content: it was changed after it was written, or is not whole")]
    Tampered,
    /// Its fingerprint is not that of its rules.
    #[error("its fingerprint is not that of its rules")]
    OtherRules,
}

/// How a time stands in a key: sorted as text, it is sorted by time.
const KEY_TIME: &[FormatItem<'_>] =
    format_description!("[year][month][day]T[hour][minute][second].[subsecond digits:3]Z");

impl Backup {
    /// The document, indented for people, and the key to write it under.
    #[must_use]
    pub fn to_document(&self) -> (BackupKey, Vec<u8>) {
        // Nothing in it can fail to serialise; if it did, the document would not be read back as this backup.
        let mut document = serde_json::to_value(self).unwrap_or_default();
        document["version"] = VERSION.into();
        let checksum = checksum(&document);
        let prefix = BackupKey::prefix(&self.account, &self.region, &self.group_id);
        let key = BackupKey(format!("{prefix}{}-{}.json", key_time(self.taken), &checksum[..12]));
        document["checksum"] = checksum.into();
        (key, format!("{document:#}\n").into_bytes())
    }

    /// Whether this is the key that the backup was written under. It holds the group, the time and a part of the checksum.
    #[must_use]
    pub fn is_at(&self, key: &BackupKey) -> bool {
        self.to_document().0 == *key
    }

    /// Reads a document.
    ///
    /// # Errors
    /// Where it is none, of another version, or not as it was written.
    pub fn read(bytes: &[u8]) -> Result<Self, InvalidBackup> {
        let unreadable = |error: &dyn fmt::Display| InvalidBackup::Unreadable(error.to_string());
        let mut document: Value = serde_json::from_slice(bytes).map_err(|error| unreadable(&error))?;
        let fields = document.as_object_mut().ok_or_else(|| unreadable(&"it is no JSON object"))?;
        match fields.get("version") {
            Some(version) if version.as_u64() == Some(VERSION) => {}
            Some(other) => return Err(InvalidBackup::OtherVersion(other.to_string())),
            None => return Err(unreadable(&"it has no version")),
        }
        let stated = fields.remove("checksum").ok_or_else(|| unreadable(&"it has no checksum"))?;
        if stated != checksum(&document) {
            return Err(InvalidBackup::Tampered);
        }
        if let Some(fields) = document.as_object_mut() {
            fields.remove("version");
        }
        let backup: Self = serde_path_to_error::deserialize(&document).map_err(|error| unreadable(&error))?;
        // Serde takes more than it writes: a null for what is absent, a list for an object, a time with an offset.
        if serde_json::to_value(&backup).ok() != Some(document) || !backup.taken.offset().is_utc() {
            return Err(unreadable(&"it is not written as defsg writes it"));
        }
        if backup.rules.is_empty() {
            return Err(unreadable(&"it has no rules"));
        }
        if Fingerprint::of(&backup.rules) == backup.fingerprint {
            Ok(backup)
        } else {
            Err(InvalidBackup::OtherRules)
        }
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

/// The SHA-256 of the canonical form: compact JSON with the keys of every object sorted, as `jq -cS` prints it.
fn checksum(document: &Value) -> String {
    let mut text = String::new();
    canonical(document, &mut text);
    sha256(text.as_bytes())
}

fn canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(fields) => {
            // Sorted here: whether serde_json keeps keys sorted hangs on a feature that any crate can turn on.
            let sorted: BTreeMap<_, _> = fields.iter().collect();
            separated(text, '{', '}', sorted, |(key, value), text| {
                text.push_str(&Value::from(key.as_str()).to_string());
                text.push(':');
                canonical(value, text);
            });
        }
        Value::Array(items) => separated(text, '[', ']', items, canonical),
        scalar => text.push_str(&scalar.to_string()),
    }
}

fn separated<T>(
    text: &mut String,
    open: char,
    close: char,
    items: impl IntoIterator<Item = T>,
    write: impl Fn(T, &mut String),
) {
    text.push(open);
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        write(item, text);
    }
    text.push(close);
}
