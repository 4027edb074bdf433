//! Closes that go through, and those that cannot.

use defsg_core::dependent::{Dependent, Source};
use defsg_core::exemption::ExemptionTag;
use defsg_core::fingerprint::Fingerprint;
use defsg_core::plan::Request;
use defsg_core::ports::ApiErrorKind;
use defsg_core::ports::memory_remediation::{MemoryGroup, World};
use defsg_core::rule_set::SecurityGroupRule;
use defsg_core::security_group::Direction;
use defsg_remediation::{Status, close};

use crate::faulty::{Faulty, api_error};
use crate::fixture::*;

/// Changes the world before the `nth` call with this name, counted from 1.
fn before_nth(
    aws: &Faulty,
    name: &'static str,
    nth: usize,
    change: impl Fn(&mut World) + Send + Sync + 'static,
) {
    let seen = std::sync::atomic::AtomicUsize::new(0);
    aws.before_each_call(move |call, world| {
        if call == name && seen.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1 == nth {
            change(world);
        }
        None
    });
}

fn ssh() -> SecurityGroupRule {
    rule(99, Direction::Inbound, ipv4("198.51.100.7/32"))
}

#[tokio::test(start_paused = true)]
async fn an_open_group_that_nothing_uses_is_closed_and_its_rules_are_kept_word_for_word() {
    let aws = open();
    let answer = close_now(&aws).await.unwrap();
    assert_eq!(answer.status, Status::Closed);
    assert_eq!(standing(&aws), []);
    assert_eq!(answer.removed_rules, rules());
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
    assert_eq!(kept[0].1.group_tags, group(vec![]).tags);
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
async fn a_rule_that_is_added_before_the_revoke_is_backed_up_and_then_closed_too() {
    // The reading before the revoke, and the one after it.
    for reading in [2, 3] {
        let aws = open();
        before_nth(&aws, "read_group", reading, |world| world.add_rule(&ssh()));
        let answer = close_now(&aws).await.unwrap();
        assert_eq!(answer.status, Status::Closed);
        assert_eq!(standing(&aws), []);
        assert_eq!(answer.removed_rules.len(), 7);
        let kept = backups(&aws);
        assert_eq!(kept.len(), 2);
        assert_eq!((kept[0].1.rules.len(), kept[1].1.rules.len()), (6, 7));
        assert_eq!(
            kept[1].1.continues.as_ref().map(|key| format!("s3://memory/{key}")),
            Some(kept[0].0.clone())
        );
        assert!(kept[1].1.taken > kept[0].1.taken, "the keys sort by time");
        assert_eq!(answer.backup, Some(kept[1].0.clone()), "one backup holds all");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_is_altered_before_the_revoke_is_backed_up_as_it_was_revoked() {
    let aws = open();
    before_nth(&aws, "read_group", 2, |world| {
        world.group.as_mut().unwrap().rules[1].description = Some("別の説明".to_owned());
    });
    assert_eq!(close_now(&aws).await.unwrap().status, Status::Closed);
    let kept: Vec<_> = backups(&aws)[1].1.rules.iter().map(|rule| rule.description.clone()).collect();
    assert!(kept.contains(&Some("別の説明".to_owned())) && kept.len() == rules().len(), "{kept:?}");
}

#[tokio::test(start_paused = true)]
async fn a_group_that_is_opened_again_and_again_while_it_is_closed_ends_as_still_open() {
    let aws = open();
    let added = std::sync::atomic::AtomicU64::new(0);
    aws.before_each_call(move |call, world| {
        if call == "read_group" {
            let number = added.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            world.add_rule(&rule(0, Direction::Inbound, ipv4(&format!("198.51.100.{number}/32"))));
        }
        None
    });
    let error = close_now(&aws).await.unwrap_err();
    assert_eq!(error.error_type(), "StillOpen");
    let newest = backups(&aws).pop().unwrap().0;
    assert!(error.to_string().contains(&newest), "{error}");
    assert_eq!(backups(&aws).len(), 5, "bounded");
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
    assert_eq!(aws.calls().iter().filter(|call| **call == "revoke_rules").count(), 10, "bounded");
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
async fn a_group_that_is_deleted_midway_ends_with_an_error_that_names_the_backup() {
    for reading in [2, 3] {
        let aws = open();
        before_nth(&aws, "read_group", reading, |world| world.group = None);
        let error = close_now(&aws).await.unwrap_err();
        assert_eq!(error.error_type(), "GroupNotFound");
        assert!(error.to_string().contains(&backups(&aws)[0].0), "{error}");
    }
    let aws = open();
    aws.world().group = None;
    let error = close_now(&aws).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "sg-0a1b2c3d4e5f60718 is not in account 012345678912 and Region eu-west-1; nothing was changed"
    );
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
    let user = Dependent::launch_template("lt-0123456789abcdef0", "web", 3, "default");
    aws.world().survey.insert(Source::LaunchTemplates, Ok(vec![user.clone()]));
    aws.world().survey.insert(Source::Relationships, Err("denied".to_owned()));
    let answer = close_by_force(&aws).await.unwrap();
    assert_eq!(answer.status, Status::Closed);
    let forced = backups(&aws)[0].1.forced.clone().unwrap();
    assert_eq!(forced.dependents, answer.dependents);
    assert_eq!(forced.dependents, [user]);
    assert_eq!(forced.unknown[0].source, "config-relationships");
}

#[tokio::test(start_paused = true)]
async fn force_that_was_not_needed_is_not_recorded() {
    let aws = open();
    close_by_force(&aws).await.unwrap();
    assert_eq!(backups(&aws)[0].1.forced, None);
}

#[tokio::test(start_paused = true)]
async fn a_plan_is_carried_out_if_nothing_changed_and_refused_if_something_did() {
    let aws = open();
    let planned = plan_now(&aws).await;
    assert_eq!(planned.status, Status::Planned);
    assert_untouched(&aws);
    assert_eq!(planned.rules, rules());
    aws.world().add_rule(&ssh());
    let refused = close_planned(&aws, planned.fingerprint.clone()).await.unwrap();
    assert_eq!((refused.status, refused.refusal), (Status::Refused, Some("changed_since_plan")));
    assert_eq!(standing(&aws).len(), 7);
    let aws = open();
    assert_eq!(close_planned(&aws, planned.fingerprint).await.unwrap().status, Status::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_plan_whose_close_was_interrupted_is_carried_out_by_the_next_run() {
    let aws = open();
    let planned = plan_now(&aws).await.fingerprint;
    aws.fail(8, crate::faulty::Fault::ErrorHalfway);
    close_planned(&aws, planned.clone()).await.unwrap_err();
    aws.heal();
    assert!((1..6).contains(&standing(&aws).len()), "revoked in part");
    assert_eq!(close_planned(&aws, planned).await.unwrap().status, Status::Closed);
    assert_eq!(backups(&aws).pop().unwrap().1.rules.len(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_plan_whose_close_was_interrupted_is_refused_if_a_rule_was_added_since() {
    let aws = open();
    let planned = plan_now(&aws).await.fingerprint;
    aws.fail(8, crate::faulty::Fault::Error);
    close_planned(&aws, planned.clone()).await.unwrap_err();
    aws.heal();
    aws.world().add_rule(&ssh());
    assert_eq!(close_planned(&aws, planned).await.unwrap().refusal, Some("changed_since_plan"));
    assert_eq!(standing(&aws).len(), 4);
}

/// The plan is compared when the close begins. What counts is what stands when the first rule is taken away.
#[tokio::test(start_paused = true)]
async fn a_plan_is_refused_too_if_a_rule_is_added_or_altered_while_dependents_are_asked() {
    let changes: [fn(&mut World); 2] = [
        |world| world.add_rule(&ssh()),
        |world| world.group.as_mut().unwrap().rules[1].description = Some("別の説明".to_owned()),
    ];
    for call in ["survey", "list_backups", "write_backup", "read_backup"] {
        for change in changes {
            let aws = open();
            let planned = plan_now(&aws).await.fingerprint;
            before_nth(&aws, call, 1, change);
            let answer = close_planned(&aws, planned).await.unwrap();
            assert_eq!(
                (answer.status, answer.refusal),
                (Status::Refused, Some("changed_since_plan")),
                "{call}"
            );
            assert_eq!(answer.rules, standing(&aws), "{call}: the latest rules are shown");
            assert_eq!(answer.fingerprint, Fingerprint::of(&standing(&aws)), "{call}");
            assert!(!aws.calls().contains(&"revoke_rules"), "{call}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_a_plan_whose_close_was_interrupted_says_where_the_rules_are() {
    let aws = open();
    let planned = plan_now(&aws).await.fingerprint;
    aws.fail(8, crate::faulty::Fault::Error);
    close_planned(&aws, planned.clone()).await.unwrap_err();
    aws.heal();
    let (interrupted, _) = backups(&aws).pop().unwrap();
    before_nth(&aws, "survey", 1, |world| world.add_rule(&ssh()));
    let answer = close_planned(&aws, planned).await.unwrap();
    assert_eq!(answer.refusal, Some("changed_since_plan"));
    assert_eq!(answer.backup.as_ref(), Some(&interrupted));
    assert!(answer.reason.contains(&interrupted), "{}", answer.reason);
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_is_added_once_a_plan_is_being_carried_out_is_left_and_the_rest_is_in_the_backup() {
    let aws = open();
    let planned = plan_now(&aws).await.fingerprint;
    before_nth(&aws, "revoke_rules", 2, |world| world.add_rule(&ssh()));
    let answer = close_planned(&aws, planned).await.unwrap();
    assert_eq!((answer.status, answer.refusal), (Status::Refused, Some("changed_since_plan")));
    assert_eq!(standing(&aws).len(), 1);
    let newest = backups(&aws).pop().unwrap().0;
    assert_eq!((answer.removed_rules.len(), answer.backup.as_ref()), (6, Some(&newest)));
    assert!(
        answer.reason.ends_with("6 rules had been taken away by then; they are in the backup."),
        "{}",
        answer.reason
    );
    assert_eq!(restore_from(&aws, &newest).await.unwrap().status, Status::Restored);
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

/// Sources are asked last, and once more where keeping the backup took its time.
#[tokio::test(start_paused = true)]
async fn what_came_into_use_while_the_backup_was_kept_stops_the_close() {
    for (call, seconds, refused) in [
        ("list_backups", 0, true),
        ("write_backup", 6, true),
        ("read_backup", 6, true),
        ("write_backup", 4, false),
    ] {
        let aws = open();
        aws.slow("write_backup", std::time::Duration::from_secs(seconds));
        before_nth(&aws, call, 1, |world| {
            world.survey.insert(Source::LaunchTemplates, Ok(vec![template()]));
        });
        let answer = close_now(&aws).await.unwrap();
        if refused {
            assert_eq!((answer.status, answer.refusal), (Status::Refused, Some("in_use")), "{call}");
            assert_eq!((answer.dependents, answer.removed_rules.len()), (vec![template()], 0), "{call}");
            assert_eq!((standing(&aws), answer.backup), (rules(), None), "{call}");
        } else {
            assert_eq!(answer.status, Status::Closed, "it is believed for five seconds");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_came_into_use_with_a_rule_that_was_added_meanwhile_stops_the_close_midway() {
    let aws = open();
    before_nth(&aws, "revoke_rules", 2, |world| {
        world.add_rule(&ssh());
        world.survey.insert(Source::LaunchTemplates, Ok(vec![template()]));
    });
    let answer = close_now(&aws).await.unwrap();
    assert_eq!((answer.status, answer.refusal), (Status::Refused, Some("in_use")));
    let newest = backups(&aws).pop().unwrap().0;
    assert!(
        answer.reason.ends_with("6 rules had been taken away by then; they are in the backup."),
        "{}",
        answer.reason
    );
    assert_eq!((answer.backup, answer.removed_rules.len()), (Some(newest.clone()), 6));
    assert_eq!(standing(&aws).len(), 1, "the rule that was added is left");
    assert_eq!(restore_from(&aws, &newest).await.unwrap().status, Status::Restored);
}

fn template() -> Dependent {
    Dependent::launch_template("lt-0123456789abcdef0", "web", 3, "default")
}

#[tokio::test(start_paused = true)]
async fn a_group_that_is_exempted_or_turns_out_another_meanwhile_is_left_as_it_is() {
    let mut exempting = settings();
    exempting.exemptions.tag = Some(ExemptionTag { key: "defsg-exempt".to_owned(), max_days: 365 });
    type Change = fn(&mut World);
    let changes: [(&str, Change); 3] = [
        ("exempt", |world| {
            let tags = &mut world.group.as_mut().unwrap().tags;
            tags.insert("defsg-exempt".to_owned(), "2026-12-31 ERP".to_owned());
        }),
        ("not_default", |world| world.group.as_mut().unwrap().name = "web".to_owned()),
        ("other_owner", |world| world.group.as_mut().unwrap().owner = "111122223333".parse().unwrap()),
    ];
    for (refusal, change) in changes {
        for (call, left) in [("write_backup", 6), ("revoke_rules", 3)] {
            let aws = open();
            before_nth(&aws, call, 1, change);
            let request = Request { force: true, planned: None };
            let answer = close(&aws, &aws, &id(), &request, &exempting, NOW).await;
            if call == "write_backup" {
                let answer = answer.unwrap();
                assert_eq!((answer.status, answer.refusal), (Status::Refused, Some(refusal)));
            }
            assert_eq!(standing(&aws).len(), left, "{refusal} at {call}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_is_altered_between_two_revokes_is_backed_up_as_it_was_revoked() {
    let aws = open();
    before_nth(&aws, "revoke_rules", 1, |world| {
        world.group.as_mut().unwrap().rules[3].peer = ipv4("10.9.9.0/24");
    });
    assert_eq!(close_now(&aws).await.unwrap().status, Status::Closed);
    let (_, newest) = backups(&aws).pop().unwrap();
    assert!(newest.rules.iter().any(|rule| rule.peer == ipv4("10.9.9.0/24")));
    assert_eq!(newest.rules.len(), rules().len());
}

#[tokio::test(start_paused = true)]
async fn many_rules_are_revoked_in_several_calls_with_a_reading_between() {
    let rules: Vec<_> = (1..=250)
        .map(|number| rule(number, Direction::Inbound, ipv4(&format!("10.{number}.0.0/16"))))
        .collect();
    let aws = Faulty::new(MemoryGroup::new(group(rules)));
    // One that the second call is meant for.
    before_nth(&aws, "revoke_rules", 1, |world| {
        world.group.as_mut().unwrap().rules[150].description = Some("altered".to_owned());
    });
    let answer = close_now(&aws).await.unwrap();
    assert_eq!(answer.status, Status::Closed);
    assert_eq!(aws.calls().iter().filter(|call| **call == "revoke_rules").count(), 3);
    let (_, newest) = backups(&aws).pop().unwrap();
    assert!(newest.rules.iter().any(|rule| rule.description.as_deref() == Some("altered")));
}

/// EC2 takes none of a call's rules away where one is gone.
#[tokio::test(start_paused = true)]
async fn what_still_stands_is_not_among_the_rules_that_a_refusal_took_away() {
    let aws = open();
    let before = rules();
    before_nth(&aws, "read_group", 3, move |world| {
        let group = world.group.as_mut().unwrap();
        // The first revoke did nothing after all; and the group is another one's now.
        group.rules = before.clone();
        group.owner = "111122223333".parse().unwrap();
    });
    let answer = close_now(&aws).await.unwrap();
    assert_eq!(answer.refusal, Some("other_owner"));
    assert_eq!((answer.removed_rules, answer.backup), (vec![], None));
}

#[tokio::test(start_paused = true)]
async fn a_second_backup_that_cannot_be_kept_is_an_error_that_names_the_first() {
    let aws = open();
    let writes = std::sync::atomic::AtomicUsize::new(0);
    aws.before_each_call(move |call, world| {
        if call == "revoke_rules" && world.group.as_ref().unwrap().rules.len() == 6 {
            world.add_rule(&ssh());
        }
        let second = call == "write_backup" && writes.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 1;
        second.then(|| api_error(ApiErrorKind::AccessDenied))
    });
    let error = close_now(&aws).await.unwrap_err();
    assert_eq!(error.error_type(), "BackupFailed");
    let first = backups(&aws).pop().unwrap().0;
    assert!(error.to_string().contains(&format!("The rules as they were before are in {first}")), "{error}");
}

#[tokio::test(start_paused = true)]
async fn readings_that_take_their_time_age_the_sources_answers_too() {
    let aws = open();
    aws.slow("read_group", std::time::Duration::from_secs(60));
    before_nth(&aws, "write_backup", 1, |world| {
        world.survey.insert(Source::LaunchTemplates, Ok(vec![template()]));
    });
    let answer = close_now(&aws).await.unwrap();
    assert_eq!((answer.refusal, standing(&aws).len()), (Some("in_use"), 6));
    assert_eq!(aws.calls().iter().filter(|call| **call == "survey").count(), 2);
}

/// A rule that is put back without its description, while the group is closed, is another rule.
#[tokio::test(start_paused = true)]
async fn a_rule_that_comes_back_plain_does_not_hide_the_one_that_was_taken() {
    let aws = open();
    let plain = SecurityGroupRule { description: None, tags: [].into(), ..rules()[1].clone() };
    before_nth(&aws, "revoke_rules", 2, move |world| world.add_rule(&plain));
    let answer = close_now(&aws).await.unwrap();
    let first = &backups(&aws)[0].0;
    assert!(answer.reason.contains(first) && answer.backup.as_ref() != Some(first), "{}", answer.reason);
}
