//! Closes that go through, and those that cannot.

use defsg_core::documents::answer::v1::Status;
use defsg_core::documents::shared::v1;
use defsg_core::group::Fingerprint;
use defsg_core::ports::ApiErrorKind;
use defsg_core::ports::memory::World;

use crate::faulty::api_error;
use crate::fixture::*;

#[tokio::test(start_paused = true)]
async fn an_open_group_that_nothing_uses_is_closed_and_its_rules_are_kept_word_for_word() {
    let aws = open();
    let answer = close_now(&aws).await.unwrap();
    assert_eq!(answer.status, Status::Closed);
    assert_eq!(standing(&aws), []);
    assert_eq!(answer.removed_rules, written(&rules()));
    assert_eq!(answer.fingerprint, Fingerprint::of(&rules()));
    let kept = backups(&aws);
    assert_eq!(kept.len(), 1);
    assert_eq!(answer.backup.as_ref(), Some(&kept[0].0));
    assert!(
        kept[0]
            .0
            .starts_with("s3://memory/012345678912/eu-west-1/sg-0a1b2c3d4e5f60718/20261122T065100.123Z-")
    );
    assert_eq!(kept[0].1.rules, rules());
    assert_eq!((kept[0].1.taken, kept[0].1.forced.clone()), (NOW, None));
    assert_eq!(kept[0].1.group_tags, group(vec![]).identity.tags);
}

#[tokio::test(start_paused = true)]
async fn the_backup_lies_in_the_store_and_was_read_back_before_anything_is_revoked() {
    let aws = open();
    close_now(&aws).await.unwrap();
    assert_eq!(
        aws.calls(),
        [
            "read_group",
            "list_backups",
            "survey",
            "write_backup",
            "read_backup",
            "read_group",
            "revoke_rules",
            "read_group",
            "revoke_rules",
            "read_group"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_closed_group_is_a_quick_and_quiet_success() {
    let aws = open();
    aws.world().group.as_mut().unwrap().rules.clear();
    let answer = close_now(&aws).await.unwrap();
    assert_eq!(answer.status, Status::AlreadyClosed);
    assert_eq!((aws.calls(), aws.world().objects.len()), (vec!["read_group"], 0));
}

#[tokio::test(start_paused = true)]
async fn without_a_backup_nothing_is_revoked() {
    type Sabotage = fn(&str, &mut World) -> Option<defsg_core::ports::ApiError>;
    let sabotages: [(&str, Sabotage); 4] = [
        ("AccessDenied", |call, _| (call == "write_backup").then(|| api_error(ApiErrorKind::AccessDenied))),
        ("is not what was written", |call, world| {
            if call == "read_backup" {
                world.objects.values_mut().for_each(|bytes| bytes.push(b'\n'));
            }
            None
        }),
        ("is not there", |call, world| {
            if call == "read_backup" {
                world.objects.clear();
            }
            None
        }),
        ("turn versioning on", |_, world| {
            world.unversioned = true;
            None
        }),
    ];
    for (message, sabotage) in sabotages {
        let aws = open();
        aws.before_each_call(sabotage);
        let error = close_now(&aws).await.unwrap_err();
        assert_eq!(error.error_type(), "BackupFailed");
        let told = if message == "AccessDenied" { "as the test wants it" } else { message };
        assert!(error.to_string().contains(told), "{error}");
        assert_eq!(standing(&aws), rules(), "{message}");
        assert!(!aws.calls().contains(&"revoke_rules"), "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_object_that_lies_under_the_backup_s_key_already_is_never_taken_for_it() {
    let aws = open();
    close_now(&aws).await.unwrap();
    let key = aws.world().objects.keys().next().unwrap().clone();
    let aws = open();
    aws.world().objects.insert(key, b"{}".to_vec());
    let error = close_now(&aws).await.unwrap_err();
    assert_eq!(error.error_type(), "BackupFailed");
    assert_eq!(standing(&aws), rules());
}

#[tokio::test(start_paused = true)]
async fn a_revoke_that_says_yes_and_does_nothing_ends_as_still_open() {
    let aws = open();
    let before = rules();
    // The rules are back before the next reading, with their IDs: they were never gone.
    aws.before_each_call(move |call, world| {
        if call == "read_group" {
            world.group.as_mut().unwrap().rules = before.clone();
        }
        None
    });
    let error = close_now(&aws).await.unwrap_err();
    assert_eq!(error.error_type(), "StillOpen");
    assert!(error.to_string().contains("sgr-00000000000000001 (inbound all traffic from"), "{error}");
    assert_eq!(aws.count("revoke_rules"), 10, "bounded");
    assert_eq!(backups(&aws).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_revoke_that_takes_its_time_to_show_is_waited_for() {
    let aws = open();
    let before = rules();
    let readings = std::sync::atomic::AtomicUsize::new(0);
    aws.before_each_call(move |call, world| {
        let reading = readings.load(std::sync::atomic::Ordering::Relaxed);
        if call == "read_group" {
            readings.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            if (2..4).contains(&reading) {
                world.group.as_mut().unwrap().rules = before.clone();
            }
        }
        None
    });
    assert_eq!(close_now(&aws).await.unwrap().status, Status::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_keeps_its_kind_and_says_where_the_rules_are() {
    for (kind, error_type) in [
        (ApiErrorKind::Throttled, "Throttled"),
        (ApiErrorKind::AccessDenied, "AccessDenied"),
        (ApiErrorKind::TimedOut, "Timeout"),
        (ApiErrorKind::Unreadable, "AwsApi"),
    ] {
        let aws = open();
        aws.before_each_call(move |call, _| (call == "revoke_rules").then(|| api_error(kind)));
        let error = close_now(&aws).await.unwrap_err();
        assert_eq!(error.error_type(), error_type);
        assert!(error.to_string().contains(&backups(&aws)[0].0), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn force_closes_a_group_in_use_and_the_backup_says_what_it_overrode() {
    let aws = open();
    tell(&mut aws.world(), LAUNCH_TEMPLATES, vec![template()]);
    unsure(&mut aws.world(), RELATIONSHIPS, "denied");
    let answer = close_by_force(&aws).await.unwrap();
    assert_eq!(answer.status, Status::Closed);
    let forced = backups(&aws)[0].1.forced.clone().unwrap();
    let dependents: Vec<_> = forced.dependents.into_iter().map(v1::Dependent::from).collect();
    assert_eq!(dependents, answer.dependents);
    assert_eq!(dependents, [told_template()]);
    assert_eq!(forced.unknown[0].source, "config-relationships");
}

#[tokio::test(start_paused = true)]
async fn force_that_was_not_needed_is_not_recorded() {
    let aws = open();
    close_by_force(&aws).await.unwrap();
    assert_eq!(backups(&aws)[0].1.forced, None);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_before_anything_was_changed_says_that() {
    for call in ["read_group", "list_backups"] {
        let aws = open();
        aws.before_each_call(move |name, _| (name == call).then(|| api_error(ApiErrorKind::AccessDenied)));
        let error = close_now(&aws).await.unwrap_err();
        assert!(error.to_string().ends_with("docs/permissions.md; nothing was changed"), "{error}");
    }
}
