//! Keeping a backup: written, read back, compared.

use defsg_core::close::backup::{Backup, BackupKey};
use defsg_core::documents::backup;
use defsg_core::ports::ApiError;
use defsg_core::ports::closing::{ReadBackup, WriteBackup};

use crate::error::RemediationError;

/// Writes a backup, and makes sure that it is there, is what was written, can be read as a backup, and will stay. Gives its
/// key.
///
/// # Errors
/// [`RemediationError::BackupFailed`].
pub(crate) async fn keep<S: WriteBackup + ReadBackup>(
    store: &S,
    backup: &Backup,
) -> Result<BackupKey, RemediationError> {
    let (key, bytes) = backup::write(backup);
    let uri = store.uri(&key);
    let failed = |problem: &str| failure(&uri, problem.to_owned(), None);
    let call_failed = |error: ApiError| failure(&uri, error.to_string(), Some(Box::new(error)));
    store.write_backup(&key, &bytes).await.map_err(call_failed)?;
    let stored = store.read_backup(&key).await.map_err(call_failed)?;
    let stored = stored.ok_or_else(|| failed("it was written, but is not there"))?;
    let is_the_backup =
        |bytes: &[u8]| backup::read(bytes).is_ok_and(|(read_key, read)| read_key == key && read == *backup);
    if stored.bytes != bytes || !is_the_backup(&stored.bytes) {
        return Err(failed("what was read back is not what was written"));
    }
    if !stored.versioned {
        return Err(failed("the bucket keeps no versions; turn versioning on"));
    }
    tracing::info!(backup = uri, rules = backup.rules.len(), "backup kept");
    Ok(key)
}

fn failure(uri: &str, problem: String, source: Option<Box<ApiError>>) -> RemediationError {
    RemediationError::BackupFailed { backup: uri.to_owned(), problem, source }
}
