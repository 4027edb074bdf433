//! Backups in a local folder, under the keys that they have in a bucket: `FOLDER/ACCOUNT/REGION/GROUP/TIME-CHECKSUM.json`.
//!
//! A backup is there as a whole or not at all, and it survives a power cut once it is written: it goes into a temporary
//! file, which is flushed to the disk and then gets its name; the folder is flushed, too. A file that is there is never
//! written over. Unlike a bucket, a folder keeps no versions: whoever may write to it can delete a backup.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use defsg_core::Place;
use defsg_core::close::BackupKey;
use defsg_core::ports::closing::{ListBackups, ReadBackup, StoredBackup, WriteBackup};
use defsg_core::ports::{ApiError, ApiErrorKind};

/// The largest file that is read, in bytes, as in a bucket: a backup of a thousand rules has less than one million.
const MAX_FILE: u64 = 8 << 20;

/// What the names of temporary files begin with. No backup's name begins so.
const TEMPORARY: &str = ".defsg-";

/// A folder that keeps the backups of groups of one place.
#[derive(Debug, Clone)]
pub struct BackupFolder {
    root: Root,
    place: Place,
}

/// The store's own folder, and by what it is known again.
#[derive(Debug, Clone)]
struct Root {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl Root {
    /// # Errors
    /// Where another folder is in its place, such as the empty mount point of a disk that was unmounted.
    fn check(&self) -> io::Result<()> {
        let about = fs::metadata(&self.path)?;
        if (about.dev(), about.ino()) == (self.device, self.inode) {
            return Ok(());
        }
        let path = self.path.display();
        let problem = format!("{path} is not the folder that was opened: was it unmounted or replaced?");
        Err(io::Error::other(problem))
    }
}

impl BackupFolder {
    /// The folder at `root`, which must exist. `place` is where the groups are; errors name it.
    ///
    /// # Errors
    /// Where there is no such folder.
    pub fn open(root: &Path, place: &Place) -> io::Result<Self> {
        let path = fs::canonicalize(root)?;
        let about = fs::metadata(&path)?;
        if about.is_dir() {
            let root = Root { path, device: about.dev(), inode: about.ino() };
            Ok(Self { root, place: place.clone() })
        } else {
            Err(io::Error::new(io::ErrorKind::NotADirectory, "it is no folder"))
        }
    }

    /// Where the backup with this key lies.
    fn path(&self, operation: &'static str, key: &str) -> Result<PathBuf, ApiError> {
        let is_plain = |part: &str| {
            let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
            !part.is_empty() && !part.starts_with('.') && part.bytes().all(allowed)
        };
        if key.split('/').all(is_plain) {
            Ok(self.root.path.join(key))
        } else {
            Err(ApiError::unreadable(operation, &self.place, format!("{key:?} is no key of a backup")))
        }
    }

    /// Runs what touches the disk on a thread where it may wait.
    async fn run<T: Send + 'static>(
        &self,
        operation: &'static str,
        path: PathBuf,
        work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
    ) -> Result<T, ApiError> {
        let shown = path.display().to_string();
        let failed = |kind, problem: String| {
            ApiError::new(operation, &self.place, kind, &format!("{shown}: {problem}"))
        };
        match tokio::task::spawn_blocking(move || work(&path)).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) if error.kind() == io::ErrorKind::PermissionDenied => {
                Err(failed(ApiErrorKind::AccessDenied, error.to_string()))
            }
            Ok(Err(error)) => Err(failed(ApiErrorKind::Other, error.to_string())),
            Err(error) => Err(failed(ApiErrorKind::Other, error.to_string())),
        }
    }
}

impl WriteBackup for BackupFolder {
    async fn write_backup(&self, key: &BackupKey, bytes: &[u8]) -> Result<(), ApiError> {
        const OPERATION: &str = "writing the backup";
        let path = self.path(OPERATION, key.as_str())?;
        let (root, bytes) = (self.root.clone(), bytes.to_vec());
        self.run(OPERATION, path, move |path| write(&root, path, &bytes)).await
    }
}

impl ReadBackup for BackupFolder {
    async fn read_backup(&self, key: &BackupKey) -> Result<Option<StoredBackup>, ApiError> {
        const OPERATION: &str = "reading the backup";
        let path = self.path(OPERATION, key.as_str())?;
        let root = self.root.clone();
        let bytes = self.run(OPERATION, path, move |path| read(&root, path)).await?;
        // There are no versions. defsg itself never replaces a file, so what it wrote stays until somebody else deletes it.
        Ok(bytes.map(|bytes| StoredBackup { bytes, versioned: true }))
    }

    fn uri(&self, key: &BackupKey) -> String {
        format!("{}/{key}", self.root.path.display())
    }
}

impl ListBackups for BackupFolder {
    async fn list_backups(&self, prefix: &str) -> Result<Vec<BackupKey>, ApiError> {
        const OPERATION: &str = "listing the backups";
        let (folder, begins) = prefix.rsplit_once('/').unwrap_or_default();
        let path = self.path(OPERATION, folder)?;
        let (root, folder, begins) = (self.root.clone(), folder.to_owned(), begins.to_owned());
        let names = self.run(OPERATION, path, move |path| list(&root, path)).await?;
        let keys = names.into_iter().filter(|name| name.starts_with(&begins) && *name != begins);
        let mut keys: Vec<_> = keys.map(|name| BackupKey::new(format!("{folder}/{name}"))).collect();
        keys.sort();
        Ok(keys)
    }
}

fn write(root: &Root, path: &Path, bytes: &[u8]) -> io::Result<()> {
    root.check()?;
    let folder = path.parent().unwrap_or(&root.path);
    make_folders(&root.path, folder)?;
    let mut file = tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => {}
        // It stays, and the caller reads back and compares.
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error.error),
    }
    flush(folder)
}

/// Makes the folders between `root` and `folder`, and flushes each folder that holds one of them. One that is there may have
/// been made just now, by another writer or by a run that was ended before it flushed.
fn make_folders(root: &Path, folder: &Path) -> io::Result<()> {
    let mut at = root.to_owned();
    for part in folder.strip_prefix(root).unwrap_or(Path::new("")) {
        let inside = at.join(part);
        match fs::create_dir(&inside) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        flush(&at)?;
        at = inside;
    }
    Ok(())
}

/// Makes the names in a folder last.
fn flush(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn read(root: &Root, path: &Path) -> io::Result<Option<Vec<u8>>> {
    // Asked first: to open a pipe would wait for somebody who writes into it.
    let Some(about) = unless_missing(root, fs::metadata(path))? else { return Ok(None) };
    if !about.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let Some(file) = unless_missing(root, File::open(path))? else { return Ok(None) };
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_FILE {
        return Err(io::Error::other("it is too large for a backup"));
    }
    Ok(Some(bytes))
}

fn list(root: &Root, folder: &Path) -> io::Result<Vec<String>> {
    let Some(entries) = unless_missing(root, fs::read_dir(folder))? else { return Ok(Vec::new()) };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry?.file_name().into_string();
        // A name that is no text is no backup's; a temporary file is what an interrupted write left.
        names.extend(name.ok().filter(|name| !name.starts_with('.')));
    }
    Ok(names)
}

/// None where the file or the folder is not there, as long as the whole store is: one that was unmounted tells nothing.
fn unless_missing<T>(root: &Root, opened: io::Result<T>) -> io::Result<Option<T>> {
    match opened {
        Ok(opened) => Ok(Some(opened)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            root.check()?;
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
