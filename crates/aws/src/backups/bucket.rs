//! S3: the bucket that backups are kept in. Every call names the account that the bucket must belong to, so
//! that a bucket that was deleted and made again by a stranger is written to and read from by nobody.

use std::error::Error as _;

use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode};
use defsg_core::AccountId;
use defsg_core::close::backup::BackupKey;
use defsg_core::ports::closing::{ListBackups, ReadBackup, StoredBackup, WriteBackup};
use defsg_core::ports::{ApiError, Page};

use crate::clients::Clients;
use crate::errors::Caller;
use crate::whole::WholeAnswer;

/// The largest object that is read, in bytes. A backup of a thousand rules, the most that EC2 lets a network
/// interface have, has less than one million. A group whose backup were larger is not closed, as the backup
/// could not be read back.
const MAX_OBJECT: i64 = 8 << 20;

/// A bucket of any account and Region. It need not be the account whose groups are backed up.
#[derive(Debug)]
pub struct BackupBucket {
    s3: aws_sdk_s3::Client,
    caller: Caller,
    name: String,
    owner: AccountId,
}

impl BackupBucket {
    /// The bucket of this name, which `owner` must own. `clients` are for the bucket's Region, with
    /// credentials that may read and write it. Nothing is called yet.
    #[must_use]
    pub fn new(clients: &Clients, bucket: &str, owner: &AccountId) -> Self {
        let s3 = aws_sdk_s3::Client::new(&clients.sdk);
        Self { s3, caller: clients.caller.clone(), name: bucket.to_owned(), owner: owner.clone() }
    }
}

impl WriteBackup for BackupBucket {
    async fn write_backup(&self, key: &BackupKey, bytes: &[u8]) -> Result<(), ApiError> {
        const OPERATION: &str = "PutObject";
        let call = self.s3.put_object().bucket(&self.name).expected_bucket_owner(self.owner.as_str());
        let answer = call
            .key(key.as_str())
            .if_none_match("*")
            .content_type("application/json")
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .body(ByteStream::from(bytes.to_vec()))
            .send()
            .await;
        match answer {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("PreconditionFailed") => Ok(()),
            Err(error) => Err(self.caller.error(OPERATION, &error)),
        }
    }
}

impl ReadBackup for BackupBucket {
    async fn read_backup(&self, key: &BackupKey) -> Result<Option<StoredBackup>, ApiError> {
        const OPERATION: &str = "GetObject";
        let call = self.s3.get_object().bucket(&self.name).expected_bucket_owner(self.owner.as_str());
        let answer = match call.key(key.as_str()).checksum_mode(ChecksumMode::Enabled).send().await {
            Ok(answer) => answer,
            Err(error) if error.code() == Some("NoSuchKey") => return Ok(None),
            Err(error) => return Err(self.caller.error(OPERATION, &error)),
        };
        let broken =
            |problem: String| self.caller.unreadable(OPERATION, format!("{}: {problem}", self.uri(key)));
        if answer.content_length.is_none_or(|length| length > MAX_OBJECT) {
            return Err(broken("it is too large for a backup, or does not say how large it is".to_owned()));
        }
        let versioned = is_version(answer.version_id());
        // The SDK compares the checksum as it reads.
        let body = answer.body.collect().await.map_err(|error| {
            let why = error.source().map(ToString::to_string);
            broken(format!("it could not be read to its end: {}", why.unwrap_or_else(|| error.to_string())))
        })?;
        Ok(Some(StoredBackup { bytes: body.to_vec(), versioned }))
    }

    fn uri(&self, key: &BackupKey) -> String {
        format!("s3://{}/{key}", self.name)
    }
}

/// In a bucket whose versioning was never on, an object has no version; where it is suspended, the version is
/// `null`.
fn is_version(id: Option<&str>) -> bool {
    id.is_some_and(|id| !id.is_empty() && id != "null")
}

impl ListBackups for BackupBucket {
    async fn list_backups(&self, prefix: &str) -> Result<Vec<BackupKey>, ApiError> {
        const OPERATION: &str = "ListObjectsV2";
        let keys = self.caller.every_page(OPERATION, |token| async move {
            let call = self.s3.list_objects_v2().bucket(&self.name).prefix(prefix).start_after(prefix);
            let call = call.expected_bucket_owner(self.owner.as_str()).set_continuation_token(token);
            // A list that was cut off would be a group that was closed less often.
            let answer = call.customize().interceptor(WholeAnswer).send().await;
            let answer = answer.map_err(|error| self.caller.error(OPERATION, &error))?;
            // S3 leaves the list out where it is empty.
            let keys = answer.contents.unwrap_or_default().into_iter().map(|object| object.key);
            let keys = keys.map(|key| key.filter(|key| key.starts_with(prefix) && key != prefix));
            let items = keys.map(|key| key.map(BackupKey::new)).collect::<Option<_>>();
            let items = items.ok_or_else(|| {
                self.caller.unreadable(OPERATION, format!("it lists what is not under {prefix}"))
            })?;
            let next = answer.next_continuation_token;
            if answer.is_truncated == Some(true) && next.is_none() {
                let problem = "the answer is cut off, and has no token for the rest";
                return Err(self.caller.unreadable(OPERATION, problem));
            }
            Ok(Page { items, next })
        });
        keys.await
    }
}

#[cfg(test)]
mod tests {
    use defsg_core::Place;

    use super::*;
    use crate::clients::Credentials;
    use crate::recorded_answers::Aws;

    #[test]
    fn a_suspended_bucket_keeps_no_versions() {
        assert!(is_version(Some("3HL4kqtJvjVBH40Nrjfkd")));
        for id in [None, Some(""), Some("null")] {
            assert!(!is_version(id), "{id:?}");
        }
    }

    #[tokio::test]
    async fn a_bucket_of_another_account_and_region_is_called_there_and_must_belong_to_its_owner() {
        let list = "<ListBucketResult><Contents><Key>p/1.json</Key></Contents></ListBucketResult>";
        let aws = Aws::new(move |_| (200, list.to_owned()));
        let place = Place::parse("aws", "111122223333", "us-west-2").unwrap();
        let clients = aws.sdk().await.clients(&place, &Credentials::Own).await;
        let bucket = BackupBucket::new(&clients, "central", &"999999999999".parse().unwrap());
        let keys = bucket.list_backups("p/").await.unwrap();
        assert_eq!(keys, [BackupKey::new("p/1.json".to_owned())]);
        let [call] = &aws.calls()[..] else { panic!("{:?}", aws.calls()) };
        assert!(call.url.starts_with("https://central.s3.us-west-2.amazonaws.com/"), "{}", call.url);
        assert_eq!(call.bucket_owner.as_deref(), Some("999999999999"));
        assert_eq!(bucket.uri(&keys[0]), "s3://central/p/1.json");
    }

    #[tokio::test]
    async fn a_list_that_is_cut_off_or_of_other_keys_is_an_error() {
        for list in [
            "<ListBucketResult><Contents><Key>p/1.json</Key>",
            "<ListBucketResult><Contents><Key>q/1.json</Key></Contents></ListBucketResult>",
            "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
        ] {
            let clients = Aws::new(move |_| (200, list.to_owned())).clients().await;
            let bucket = BackupBucket::new(&clients, "b", &"999999999999".parse().unwrap());
            assert!(bucket.list_backups("p/").await.is_err(), "{list}");
        }
    }
}
