//! Keeping a backup: written, read back, compared.

use defsg_core::backup::{Backup, BackupKey};
use defsg_core::ports::ApiError;
use defsg_core::ports::remediation::{ReadBackup, WriteBackup};
use defsg_core::rule_set::SecurityGroupRule;

use crate::error::RemediationError;

/// A backup that lies in the store, beyond doubt. Only [`keep`] makes one.
pub(crate) struct Kept {
    pub(crate) key: BackupKey,
    pub(crate) backup: Backup,
    pub(crate) uri: String,
}

impl Kept {
    /// Whether every one of these rules is in the backup, word for word.
    pub(crate) fn covers(&self, rules: &[SecurityGroupRule]) -> bool {
        rules.iter().all(|rule| self.backup.rules.contains(rule))
    }
}

/// Writes a backup, and makes sure that it is there, is what was written, can be read as a backup, and will stay.
///
/// # Errors
/// [`RemediationError::BackupFailed`].
pub(crate) async fn keep<S: WriteBackup + ReadBackup>(
    store: &S,
    backup: Backup,
) -> Result<Kept, RemediationError> {
    let (key, bytes) = backup.to_document();
    let uri = store.uri(&key);
    let failed = |problem: &str| failure(&uri, problem.to_owned(), None);
    let call_failed = |error: ApiError| failure(&uri, error.to_string(), Some(error));
    store.write_backup(&key, &bytes).await.map_err(call_failed)?;
    let stored = store.read_backup(&key).await.map_err(call_failed)?;
    let stored = stored.ok_or_else(|| failed("it was written, but is not there"))?;
    if stored.bytes != bytes || Backup::read(&stored.bytes).as_ref() != Ok(&backup) {
        return Err(failed("what was read back is not what was written"));
    }
    if !stored.versioned {
        return Err(failed("the bucket keeps no versions; turn versioning on"));
    }
    tracing::info!(backup = uri, rules = backup.rules.len(), "backup kept");
    Ok(Kept { key, backup, uri })
}

fn failure(uri: &str, problem: String, source: Option<ApiError>) -> RemediationError {
    RemediationError::BackupFailed { backup: uri.to_owned(), problem, source }
}
