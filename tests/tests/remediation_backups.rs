//! A close with no backup that can be relied on takes nothing away.

use std::sync::Arc;

use defsg_e2e::fake::Fault;
use defsg_e2e::fake::Occurrence::{Every, Nth};
use defsg_e2e::remediator::{REVOKES, World, shared_moto};
use defsg_e2e::rie::Answer;

/// Asserts that the close failed because the backup could not be kept, and that nothing was revoked.
fn assert_backup_failed(world: &World, answer: &Answer, names: &str) {
    assert_eq!(answer.error_type(), Some("BackupFailed"), "{answer:?}");
    assert!(answer.error_message().contains(names), "{answer:?}");
    assert_eq!(world.rules().len(), 3);
    for operation in REVOKES {
        assert_eq!(world.aws.calls_of(operation).len(), 0);
    }
}

#[test]
fn with_no_backup_nothing_is_revoked() {
    let _moto = shared_moto();
    for (operation, names) in [("PutObject", "PutObject"), ("GetObject", "GetObject")] {
        for fault in [Fault::Denied, Fault::ServerError, Fault::Cut, Fault::Throttled] {
            let world = World::one_try();
            let before = world.rules();
            world.aws.fault(operation, Every, fault);
            assert_backup_failed(&world, &world.close(), names);
            world.assert_recovers(&before, operation);
        }
    }
}

#[test]
fn a_backup_that_is_not_read_back_as_it_was_written_is_none() {
    let changes: [fn(String) -> String; 3] = [
        |body| body.replace("10.0.0.0/8", "10.0.0.0/9"),
        |body| body[..body.len() / 2].to_owned(),
        |_| "{}".to_owned(),
    ];
    for change in changes {
        let world = World::one_try();
        let before = world.rules();
        world.aws.fault("GetObject", Every, Fault::altered(change));
        assert_backup_failed(&world, &world.close(), &world.bucket);
        world.assert_recovers(&before, "read back differs");
    }
}

#[test]
fn a_backup_that_is_replaced_before_it_is_read_back_is_none() {
    let world = World::one_try();
    let mut other = World::one_try();
    other.restart_with("BACKUP_BUCKET", &world.bucket);
    other.close();
    let key = world.keys().remove(0);
    let another = world.moto.object(&world.bucket, &key);
    let (moto, bucket) = (Arc::clone(&world.moto), world.bucket.clone());
    let replace = move || {
        let written = moto.keys(&bucket).into_iter().find(|other| *other != key).expect("it was written");
        moto.put_object(&bucket, &written, &another);
    };
    world.aws.fault("GetObject", Nth(1), Fault::before(replace));
    assert_backup_failed(&world, &world.close(), "what was written");
}

#[test]
fn a_backup_that_is_gone_when_it_is_read_back_is_none() {
    let world = World::one_try();
    world.aws.fault("GetObject", Every, Fault::error(404, "NoSuchKey"));
    assert_backup_failed(&world, &world.close(), "not there");
}

#[test]
fn a_bucket_that_keeps_no_versions_will_not_do() {
    let mut world = World::one_try();
    let bucket = format!("{}-unversioned", world.bucket);
    world.moto.create_unversioned_bucket(&bucket);
    world.restart_with("BACKUP_BUCKET", &bucket);
    assert_backup_failed(&world, &world.close(), "versioning");
}

#[test]
fn a_bucket_that_is_not_there_or_not_ours_is_an_error_before_anything_changes() {
    let mut world = World::one_try();
    world.aws.fault("ListObjectsV2", Every, Fault::Denied);
    let denied = world.close();
    assert_eq!(denied.error_type(), Some("AccessDenied"), "{denied:?}");
    world.aws.reset();
    world.restart_with("BACKUP_BUCKET", "no-such-bucket");
    let missing = world.close();
    assert!(missing.error_type().is_some(), "{missing:?}");
    assert!(missing.error_message().contains("NoSuchBucket"), "{missing:?}");
    assert_eq!(world.rules().len(), 3);
    assert_eq!(world.aws.calls_of("PutObject").len(), 0);
}

/// Found by an attack: the SDK reads as much of an XML answer as there is, so that a list that was cut off
/// was a group that was never closed.
#[test]
fn a_listing_of_backups_that_was_cut_off_or_is_of_something_else_is_not_believed() {
    let mut world = World::one_try();
    world.restart_with("REOPEN_LIMIT", "1");
    world.close();
    world.moto.add_stock_inbound_rule(&world.group);
    let changes: [fn(String) -> String; 5] = [
        |body| body[..body.find("<Contents>").expect("it lists one")].to_owned(),
        |body| body[..body.find("<Key>").expect("it has a key")].to_owned(),
        |body| body[..body.find("</ListBucketResult>").expect("it ends")].to_owned(),
        |body| body.replace("/eu-west-1/", "/eu-west-2/"),
        |body| body.replace("<Key>", "<Kee>").replace("</Key>", "</Kee>"),
    ];
    for change in changes {
        world.aws.reset();
        world.aws.fault("ListObjectsV2", Every, Fault::altered(change));
        let answer = world.close();
        assert_eq!(answer.error_type(), Some("AwsApi"), "{answer:?}");
        assert!(answer.error_message().contains("nothing was changed"), "{answer:?}");
        assert_eq!((world.rules().len(), world.keys().len()), (1, 1));
    }
    world.aws.reset();
    assert_eq!(world.close().payload["refusal"], "reopened_too_often");
}
