//! The folder as a store: durable, never written over, and no way out of it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by failing")]

use std::fs;

use defsg_core::Place;
use defsg_core::close::BackupKey;
use defsg_core::ports::ApiErrorKind;
use defsg_core::ports::closing::{ListBackups, ReadBackup, WriteBackup};
use defsg_folder::BackupFolder;
use tempfile::TempDir;

const PREFIX: &str = "012345678912/eu-west-1/sg-0a1b2c3d4e5f60718/";

fn folder() -> (TempDir, BackupFolder) {
    let temporary = TempDir::new().unwrap();
    let place = Place::parse("aws", "012345678912", "eu-west-1").unwrap();
    let folder = BackupFolder::open(temporary.path(), &place).unwrap();
    (temporary, folder)
}

fn key(name: &str) -> BackupKey {
    BackupKey::new(format!("{PREFIX}{name}"))
}

#[tokio::test]
async fn what_is_written_is_read_and_listed_in_order() {
    let (_temporary, folder) = folder();
    assert_eq!(folder.list_backups(PREFIX).await.unwrap(), []);
    assert_eq!(folder.read_backup(&key("a.json")).await.unwrap(), None);
    folder.write_backup(&key("b.json"), b"two").await.unwrap();
    folder.write_backup(&key("a.json"), b"one").await.unwrap();
    assert_eq!(folder.list_backups(PREFIX).await.unwrap(), [key("a.json"), key("b.json")]);
    assert_eq!(folder.read_backup(&key("b.json")).await.unwrap().unwrap().bytes, b"two");
    assert!(fs::read(folder.uri(&key("a.json"))).is_ok(), "the URI is the file's path");
}

#[tokio::test]
async fn a_backup_that_is_there_is_never_written_over() {
    let (_temporary, folder) = folder();
    folder.write_backup(&key("a.json"), b"first").await.unwrap();
    folder.write_backup(&key("a.json"), b"second").await.unwrap();
    assert_eq!(folder.read_backup(&key("a.json")).await.unwrap().unwrap().bytes, b"first");
}

#[tokio::test]
async fn what_an_interrupted_write_left_is_no_backup() {
    let (temporary, folder) = folder();
    folder.write_backup(&key("a.json"), b"one").await.unwrap();
    fs::write(temporary.path().join(PREFIX).join(".defsg-x1y2"), b"half").unwrap();
    assert_eq!(folder.list_backups(PREFIX).await.unwrap(), [key("a.json")]);
    let left: Vec<_> = fs::read_dir(temporary.path().join(PREFIX)).unwrap().collect();
    assert_eq!(left.len(), 2, "a whole write leaves no temporary file");
}

#[tokio::test]
async fn a_key_that_leads_out_of_the_folder_is_refused() {
    let (_temporary, folder) = folder();
    for key in ["../x.json", "a/../../x", "/etc/passwd", "a//b", "", ".defsg-x", "a/.hidden", "a\0b", "C:x"] {
        let key = BackupKey::new(key.to_owned());
        assert_eq!(folder.read_backup(&key).await.unwrap_err().kind, ApiErrorKind::Unreadable, "{key}");
        assert!(folder.write_backup(&key, b"x").await.is_err(), "{key}");
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_is_an_error_and_never_an_empty_store() {
    let (temporary, folder) = folder();
    fs::write(temporary.path().join("012345678912"), b"a file where a folder should be").unwrap();
    let error = folder.write_backup(&key("a.json"), b"one").await.unwrap_err();
    assert!(error.to_string().contains(temporary.path().to_str().unwrap()), "{error}");
    assert!(folder.list_backups(PREFIX).await.is_err());
    assert!(folder.read_backup(&key("a.json")).await.is_err());
    fs::remove_dir_all(temporary.path()).unwrap();
    for result in
        [folder.list_backups(PREFIX).await.is_err(), folder.read_backup(&key("a.json")).await.is_err()]
    {
        assert!(result, "the whole store is gone");
    }
    let place = Place::parse("aws", "012345678912", "eu-west-1").unwrap();
    assert!(BackupFolder::open(temporary.path(), &place).is_err());
}

#[tokio::test]
async fn what_is_too_large_or_no_file_is_an_error() {
    let (temporary, folder) = folder();
    fs::create_dir_all(temporary.path().join(PREFIX).join("folder.json")).unwrap();
    assert!(folder.read_backup(&key("folder.json")).await.is_err());
    fs::write(temporary.path().join(PREFIX).join("large.json"), vec![b' '; (8 << 20) + 1]).unwrap();
    let error = folder.read_backup(&key("large.json")).await.unwrap_err();
    assert!(error.to_string().ends_with("it is too large for a backup"), "{error}");
}

#[tokio::test]
async fn what_is_neither_a_file_nor_a_folder_is_an_error_and_holds_nobody_up() {
    let (temporary, folder) = folder();
    let group = temporary.path().join(PREFIX);
    fs::create_dir_all(&group).unwrap();
    let made = std::process::Command::new("mkfifo").arg(group.join("pipe.json")).status().unwrap();
    assert!(made.success());
    let key = key("pipe.json");
    let read = tokio::time::timeout(std::time::Duration::from_secs(5), folder.read_backup(&key));
    let error = read.await.unwrap().unwrap_err();
    assert!(error.to_string().ends_with("it is no file"), "{error}");
}

/// As after an unmount: the mount point is still there, and empty.
#[tokio::test]
async fn another_folder_in_the_place_of_the_store_is_an_error_and_never_an_empty_store() {
    let (temporary, folder) = folder();
    folder.write_backup(&key("a.json"), b"one").await.unwrap();
    let moved = temporary.path().with_extension("moved");
    fs::rename(temporary.path(), &moved).unwrap();
    fs::create_dir(temporary.path()).unwrap();
    let listed = folder.list_backups(PREFIX).await.map(drop);
    let read = folder.read_backup(&key("a.json")).await.map(drop);
    let written = folder.write_backup(&key("b.json"), b"two").await;
    fs::remove_dir_all(moved).unwrap();
    for result in [listed, read, written] {
        let error = result.unwrap_err().to_string();
        assert!(
            error.ends_with("is not the folder that was opened: was it unmounted or replaced?"),
            "{error}"
        );
    }
}
