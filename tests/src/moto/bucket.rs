//! S3 buckets in moto.

use roxmltree::Document;

use super::{Moto, text, turn};
use crate::{REGION, signed};

impl Moto {
    /// Makes a bucket, with versioning on as the stack's is.
    pub fn create_bucket(&self, bucket: &str) {
        self.create_unversioned_bucket(bucket);
        let versioning = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
        self.s3_put(&format!("{bucket}?versioning"), versioning.as_bytes());
    }

    /// Makes a bucket that keeps no versions.
    pub fn create_unversioned_bucket(&self, bucket: &str) {
        let place = format!(
            "<CreateBucketConfiguration><LocationConstraint>{REGION}</LocationConstraint></CreateBucketConfiguration>"
        );
        self.s3_put(bucket, place.as_bytes());
    }

    /// The keys of the bucket, in order.
    pub fn keys(&self, bucket: &str) -> Vec<String> {
        let listing = self.s3_get(&format!("{bucket}?list-type=2"));
        let listing = String::from_utf8(listing).expect("S3 answers UTF-8");
        let listing = Document::parse(&listing).expect("S3 answers XML");
        listing
            .descendants()
            .filter(|node| node.tag_name().name() == "Contents")
            .filter_map(|node| text(node, "Key"))
            .collect()
    }

    /// The object of that key.
    pub fn object(&self, bucket: &str, key: &str) -> Vec<u8> {
        self.s3_get(&format!("{bucket}/{key}"))
    }

    /// Puts an object.
    pub fn put_object(&self, bucket: &str, key: &str, bytes: &[u8]) {
        self.s3_put(&format!("{bucket}/{key}"), bytes);
    }

    fn s3_get(&self, path: &str) -> Vec<u8> {
        let _turn = turn();
        ureq::get(format!("{}/{path}", self.url))
            .header("Authorization", signed::by("test", "s3"))
            .call()
            .and_then(|mut answer| answer.body_mut().read_to_vec())
            .unwrap_or_else(|error| panic!("moto refused to give {path}: {error}"))
    }

    fn s3_put(&self, path: &str, body: &[u8]) {
        let _turn = turn();
        let put = ureq::put(format!("{}/{path}", self.url)).header("Authorization", signed::by("test", "s3"));
        put.send(body).unwrap_or_else(|error| panic!("moto refused to take {path}: {error}"));
    }
}
