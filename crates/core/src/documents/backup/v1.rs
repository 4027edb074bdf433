//! Version 1 of the backup.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

use super::InvalidBackup;
use crate::close::backup::{self, Backup, BackupKey};
use crate::documents::is_written_in;
use crate::documents::shared::v1::{Dependent, REFERENCES, Rule, Unknown, notes, rules};
use crate::group::Fingerprint;
use crate::ids::{AccountId, Region, SecurityGroupId, VpcId};

/// The version that stands in the document.
pub const VERSION: u64 = 1;

/// The document, without its version and its checksum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Document {
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
    /// The group's tags.
    pub group_tags: BTreeMap<String, String>,
    /// When the backup was made, to the millisecond, UTC.
    #[serde(with = "time::serde::rfc3339")]
    pub taken: OffsetDateTime,
    /// The fingerprint of `rules`.
    pub fingerprint: Fingerprint,
    /// All rules that the close takes away.
    pub rules: Vec<Rule>,
    /// Why the group was closed.
    pub reason: String,
    /// The key of the backup that this one goes on from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues: Option<String>,
    /// What force overrode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forced: Option<Forced>,
}

/// What force overrode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forced {
    /// What used the group, and what referred to it.
    pub dependents: Vec<Dependent>,
    /// Sources that could not tell.
    pub unknown: Vec<Unknown>,
}

/// Fields that may be absent, and must then not be null.
const OPTIONAL: [&str; 2] = ["continues", "forced"];

impl From<&Backup> for Document {
    fn from(backup: &Backup) -> Self {
        Self {
            account: backup.account.clone(),
            region: backup.region.clone(),
            vpc_id: backup.vpc_id.clone(),
            group_id: backup.group_id.clone(),
            group_name: backup.group_name.clone(),
            group_description: backup.group_description.clone(),
            group_tags: backup.group_tags.clone(),
            taken: backup.taken,
            fingerprint: backup.fingerprint.clone(),
            rules: rules(&backup.rules),
            reason: backup.reason.clone(),
            continues: backup.continues.as_ref().map(ToString::to_string),
            forced: backup.forced.clone().map(Forced::from),
        }
    }
}

impl From<backup::Forced> for Forced {
    fn from(forced: backup::Forced) -> Self {
        Self {
            dependents: notes(forced.dependents, forced.references),
            unknown: forced.unknown.into_iter().map(Unknown::from).collect(),
        }
    }
}

impl From<Forced> for backup::Forced {
    fn from(forced: Forced) -> Self {
        let is_reference = |note: &Dependent| REFERENCES.contains(&note.kind.as_str());
        let (references, dependents): (Vec<_>, Vec<_>) =
            forced.dependents.into_iter().partition(is_reference);
        Self {
            dependents: dependents.into_iter().map(Into::into).collect(),
            references: references.into_iter().map(Into::into).collect(),
            unknown: forced.unknown.into_iter().map(Into::into).collect(),
        }
    }
}

/// Reads a document of this version, without its checksum.
pub(super) fn read(document: Value) -> Result<Backup, InvalidBackup> {
    let read: Document = serde_path_to_error::deserialize(&document).map_err(InvalidBackup::unreadable)?;
    let written = serde_json::to_value(&read).unwrap_or_default();
    let is_null = |field: &str| document.get(field).is_some_and(Value::is_null);
    let as_written = is_written_in(&written, &document) && written["rules"] == document["rules"];
    if !as_written || OPTIONAL.into_iter().any(is_null) || !read.taken.offset().is_utc() {
        return Err(InvalidBackup::unreadable("it is not written as defsg writes it"));
    }
    if read.rules.is_empty() {
        return Err(InvalidBackup::unreadable("it has no rules"));
    }
    let backup = to_backup(read)?;
    if Fingerprint::of(&backup.rules) == backup.fingerprint {
        Ok(backup)
    } else {
        Err(InvalidBackup::OtherRules)
    }
}

fn to_backup(document: Document) -> Result<Backup, InvalidBackup> {
    let mut rules = Vec::with_capacity(document.rules.len());
    for (index, rule) in document.rules.into_iter().enumerate() {
        let rule = rule
            .try_into()
            .map_err(|problem| InvalidBackup::unreadable(format_args!("rules[{index}]: {problem}")))?;
        rules.push(rule);
    }
    Ok(Backup {
        account: document.account,
        region: document.region,
        vpc_id: document.vpc_id,
        group_id: document.group_id,
        group_name: document.group_name,
        group_description: document.group_description,
        group_tags: document.group_tags,
        taken: document.taken,
        fingerprint: document.fingerprint,
        rules,
        reason: document.reason,
        continues: document.continues.map(BackupKey::new),
        forced: document.forced.map(Into::into),
    })
}
