//! Backups. docs/backup.md describes the document for people, docs/backup.schema.json for machines.

use crate::close::backup::{Backup, BackupKey};

use super::checksum::checksum;
use super::{json, quoted};

pub mod v1;

/// A document that is no backup to restore from. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBackup {
    /// It is no JSON object, or not one that defsg wrote.
    #[error("it is no backup of defsg: {0}")]
    Unreadable(String),
    /// It is of a version that this defsg does not read.
    #[error(
        "it is of version {0}, and this defsg reads version {version}; use the defsg that wrote it, or a newer one",
        version = v1::VERSION
    )]
    OtherVersion(String),
    /// Its checksum is not that of its content.
    #[error("its checksum is not that of its content: it was changed after it was written, or is not whole")]
    Tampered,
    /// Its fingerprint is not that of its rules.
    #[error("its fingerprint is not that of its rules")]
    OtherRules,
}

impl InvalidBackup {
    fn unreadable(problem: impl std::fmt::Display) -> Self {
        Self::Unreadable(quoted(problem))
    }
}

/// The document of a backup, indented for people, and the key to keep it under.
#[must_use]
pub fn write(backup: &Backup) -> (BackupKey, Vec<u8>) {
    // Nothing in it can fail to serialise; if it did, the document would not be read back as this backup.
    let mut document = serde_json::to_value(v1::Document::from(backup)).unwrap_or_default();
    document["version"] = v1::VERSION.into();
    let checksum = checksum(&document);
    let key = backup.key(&checksum);
    document["checksum"] = checksum.into();
    (key, format!("{document:#}\n").into_bytes())
}

/// Reads a document of any version that this defsg knows. Also says under which key it was written.
///
/// # Errors
/// Where it is none, of another version, or not as it was written.
pub fn read(bytes: &[u8]) -> Result<(BackupKey, Backup), InvalidBackup> {
    let text = std::str::from_utf8(bytes).map_err(InvalidBackup::unreadable)?;
    let mut document = json::parse(text).map_err(InvalidBackup::unreadable)?;
    let fields = document.as_object_mut();
    let fields = fields.ok_or_else(|| InvalidBackup::unreadable("it is no JSON object"))?;
    match fields.get("version") {
        Some(version) if version.as_u64() == Some(v1::VERSION) => {}
        Some(other) => return Err(InvalidBackup::OtherVersion(quoted(other))),
        None => return Err(InvalidBackup::unreadable("it has no version")),
    }
    let stated = fields.remove("checksum");
    let stated = stated.ok_or_else(|| InvalidBackup::unreadable("it has no checksum"))?;
    let computed = checksum(&document);
    if stated.as_str() != Some(&computed) {
        return Err(InvalidBackup::Tampered);
    }
    let backup = v1::read(document)?;
    Ok((backup.key(&computed), backup))
}
