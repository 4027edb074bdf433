//! What changes while a group is closed: rules, the group itself, who uses it.

use defsg_core::close::plan::Request;
use defsg_core::documents::answer::v1::Status;
use defsg_core::group::{Direction, SecurityGroupRule};
use defsg_core::judge::exemption::ExemptionTag;
use defsg_core::ports::ApiErrorKind;
use defsg_core::ports::memory::{MemoryGroup, World};

use crate::faulty::{Faulty, api_error};
use crate::fixture::*;

#[tokio::test(start_paused = true)]
async fn a_rule_that_is_added_before_the_revoke_is_backed_up_and_then_closed_too() {
    // The reading before the revoke, and the one after it.
    for reading in [2, 3] {
        let aws = open();
        aws.before_nth("read_group", reading, |world| world.add_rule(&ssh()));
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
    aws.before_nth("read_group", 2, |world| {
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
async fn a_group_that_is_deleted_midway_ends_with_an_error_that_names_the_backup() {
    for reading in [2, 3] {
        let aws = open();
        aws.before_nth("read_group", reading, |world| world.group = None);
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
        aws.before_nth(call, 1, |world| {
            tell(world, LAUNCH_TEMPLATES, vec![template()]);
        });
        let answer = close_now(&aws).await.unwrap();
        if refused {
            assert_eq!((answer.status, answer.refusal), (Status::Refused, Some("in_use")), "{call}");
            assert_eq!((answer.dependents, answer.removed_rules.len()), (vec![told_template()], 0), "{call}");
            assert_eq!((standing(&aws), answer.backup), (rules(), None), "{call}");
        } else {
            assert_eq!(answer.status, Status::Closed, "it is believed for five seconds");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_came_into_use_with_a_rule_that_was_added_meanwhile_stops_the_close_midway() {
    let aws = open();
    aws.before_nth("revoke_rules", 2, |world| {
        world.add_rule(&ssh());
        tell(world, LAUNCH_TEMPLATES, vec![template()]);
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

#[tokio::test(start_paused = true)]
async fn a_group_that_is_exempted_or_turns_out_another_meanwhile_is_left_as_it_is() {
    let mut exempting = settings();
    exempting.exemptions.tag = Some(ExemptionTag { key: "defsg-exempt".to_owned(), max_days: 365 });
    type Change = fn(&mut World);
    let changes: [(&str, Change); 3] = [
        ("exempt", |world| {
            let tags = &mut identity(world).tags;
            tags.insert("defsg-exempt".to_owned(), "2026-12-31 ERP".to_owned());
        }),
        ("not_default", |world| identity(world).name = "web".to_owned()),
        ("other_owner", |world| identity(world).owner = "111122223333".parse().unwrap()),
    ];
    for (refusal, change) in changes {
        for (call, left) in [("write_backup", 6), ("revoke_rules", 3)] {
            let aws = open();
            aws.before_nth(call, 1, change);
            let request = Request { force: true, planned: None };
            let answer = close_as(&aws, &request, &exempting, NOW).await;
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
    aws.before_nth("revoke_rules", 1, |world| {
        world.group.as_mut().unwrap().rules[3].traffic.peer = ipv4("10.9.9.0/24");
    });
    assert_eq!(close_now(&aws).await.unwrap().status, Status::Closed);
    let (_, newest) = backups(&aws).pop().unwrap();
    assert!(newest.rules.iter().any(|rule| rule.traffic.peer == ipv4("10.9.9.0/24")));
    assert_eq!(newest.rules.len(), rules().len());
}

#[tokio::test(start_paused = true)]
async fn many_rules_are_revoked_in_several_calls_with_a_reading_between() {
    let rules: Vec<_> = (1..=250)
        .map(|number| rule(number, Direction::Inbound, ipv4(&format!("10.{number}.0.0/16"))))
        .collect();
    let aws = Faulty::new(MemoryGroup::new(group(rules)));
    // One that the second call is meant for.
    aws.before_nth("revoke_rules", 1, |world| {
        world.group.as_mut().unwrap().rules[150].description = Some("altered".to_owned());
    });
    let answer = close_now(&aws).await.unwrap();
    assert_eq!(answer.status, Status::Closed);
    assert_eq!(aws.count("revoke_rules"), 3);
    let (_, newest) = backups(&aws).pop().unwrap();
    assert!(newest.rules.iter().any(|rule| rule.description.as_deref() == Some("altered")));
}

/// EC2 takes none of a call's rules away where one is gone.
#[tokio::test(start_paused = true)]
async fn what_still_stands_is_not_among_the_rules_that_a_refusal_took_away() {
    let aws = open();
    let before = rules();
    aws.before_nth("read_group", 3, move |world| {
        let group = world.group.as_mut().unwrap();
        // The first revoke did nothing after all; and the group is another one's now.
        group.rules = before.clone();
        group.identity.owner = "111122223333".parse().unwrap();
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
    aws.before_nth("write_backup", 1, |world| {
        tell(world, LAUNCH_TEMPLATES, vec![template()]);
    });
    let answer = close_now(&aws).await.unwrap();
    assert_eq!((answer.refusal, standing(&aws).len()), (Some("in_use"), 6));
    assert_eq!(aws.count("survey"), 2);
}

/// A rule that is put back without its description, while the group is closed, is another rule.
#[tokio::test(start_paused = true)]
async fn a_rule_that_comes_back_plain_does_not_hide_the_one_that_was_taken() {
    let aws = open();
    let plain = SecurityGroupRule { description: None, tags: [].into(), ..rules()[1].clone() };
    aws.before_nth("revoke_rules", 2, move |world| world.add_rule(&plain));
    let answer = close_now(&aws).await.unwrap();
    let first = &backups(&aws)[0].0;
    assert!(answer.reason.contains(first) && answer.backup.as_ref() != Some(first), "{}", answer.reason);
}
