//! A group that something keeps opening is refused after a while, instead of fought over.

use defsg_core::close::backup::Backup;
use defsg_core::close::plan::Request;
use defsg_core::documents;
use defsg_core::documents::answer::v1::{Answer, Status};
use defsg_core::group::{Direction, Fingerprint};
use defsg_core::ports::ApiErrorKind;
use defsg_core::ports::memory::MemoryGroup;
use time::Duration;

use crate::faulty::{Fault, Faulty, api_error};
use crate::fixture::*;

/// What a template that owns the rules does on its next run.
fn reopen(aws: &Faulty) {
    rules().iter().for_each(|rule| aws.world().add_rule(rule));
}

#[tokio::test(start_paused = true)]
async fn a_group_that_was_reopened_three_times_within_a_day_is_refused_the_fourth() {
    let aws = open();
    for hour in 0..3 {
        let answer = close_at(&aws, NOW + Duration::hours(hour)).await.unwrap();
        assert_eq!(answer.status, Status::Closed, "close {}", hour + 1);
        reopen(&aws);
    }
    let refused = close_at(&aws, NOW + Duration::hours(3)).await.unwrap();
    assert_eq!((refused.status, refused.refusal), (Status::Refused, Some("reopened_too_often")));
    assert!(refused.reason.contains("closed 3 times within 24 hours"), "{}", refused.reason);
    assert_eq!(refused.rules.len(), 6, "the latest rules are shown");
    assert_eq!(backups(&aws).len(), 3);

    let forced = Request { force: true, planned: None };
    let now = NOW + Duration::hours(4);
    let still = close_as(&aws, &forced, &settings(), now).await.unwrap();
    assert_eq!(still.refusal, Some("reopened_too_often"), "force does not override it");

    // The first close is a day old and counts no more.
    let later = close_at(&aws, NOW + Duration::hours(24) + Duration::SECOND).await.unwrap();
    assert_eq!(later.status, Status::Closed);
}

#[tokio::test(start_paused = true)]
async fn the_limit_is_the_operator_s() {
    let mut strict = settings();
    strict.reopening.closes = 1.try_into().unwrap();
    strict.reopening.hours = 2.try_into().unwrap();
    let aws = open();
    close_now(&aws).await.unwrap();
    reopen(&aws);
    for (minutes, status) in [(119, Status::Refused), (121, Status::Closed)] {
        let now = NOW + Duration::minutes(minutes);
        let answer = close_as(&aws, &Request::default(), &strict, now).await.unwrap();
        assert_eq!(answer.status, status, "after {minutes} minutes");
    }
}

#[tokio::test(start_paused = true)]
async fn a_close_that_was_interrupted_any_number_of_times_is_one_close() {
    let aws = open();
    for minute in 0..8 {
        // The second revoke fails: the inbound rules go in the first run, the outbound ones stay.
        aws.before_each_call(|call, world| {
            let outbound = world
                .group
                .as_ref()?
                .rules
                .iter()
                .all(|rule| rule.traffic.direction.to_string() == "outbound");
            (call == "revoke_rules" && outbound).then(|| api_error(ApiErrorKind::Throttled))
        });
        close_at(&aws, NOW + Duration::minutes(minute)).await.unwrap_err();
    }
    aws.heal();
    assert_eq!(backups(&aws).len(), 8);
    let answer = close_at(&aws, NOW + Duration::minutes(9)).await.unwrap();
    assert_eq!(answer.status, Status::Closed, "{}", answer.reason);
    assert_eq!(backups(&aws).pop().unwrap().1.rules.len(), 6, "the last backup holds all");
    for close in 1..3 {
        reopen(&aws);
        assert_eq!(close_at(&aws, NOW + Duration::hours(close)).await.unwrap().status, Status::Closed);
    }
    reopen(&aws);
    assert_eq!(close_at(&aws, NOW + Duration::hours(3)).await.unwrap().refusal, Some("reopened_too_often"));
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_came_back_while_the_group_was_closed_makes_no_second_close() {
    let aws = Faulty::new(MemoryGroup::new(group(rules()[..1].to_vec())));
    let readings = std::sync::atomic::AtomicUsize::new(0);
    aws.before_each_call(move |call, world| {
        // Its only rule, under another ID, at the reading after the revoke.
        if call == "read_group" && readings.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 2 {
            world.add_rule(&rules()[0]);
        }
        None
    });
    assert_eq!(close_now(&aws).await.unwrap().status, Status::Closed);
    aws.heal();
    let kept = backups(&aws);
    assert_eq!((kept.len(), kept[1].1.rules.len()), (2, 1), "one rule for the same traffic");
    let mut strict = settings();
    strict.reopening.closes = 2.try_into().unwrap();
    reopen(&aws);
    let now = NOW + Duration::minutes(5);
    let second = plan_with(&aws, &strict, now).await;
    assert_eq!(second.status, Status::Planned, "{}", second.reason);
}

#[tokio::test(start_paused = true)]
async fn what_an_interrupted_close_took_away_is_carried_over_for_an_hour_and_no_longer() {
    for (minutes, kept) in [(60, 6), (61, 3)] {
        let aws = open();
        aws.fail("revoke_rules", 2, Fault::Error);
        close_now(&aws).await.unwrap_err();
        aws.heal();
        assert_eq!(standing(&aws).len(), 3);
        let (interrupted, _) = backups(&aws).pop().unwrap();
        let now = NOW + Duration::minutes(minutes);
        let planned = plan_with(&aws, &settings(), now).await;
        assert_eq!(planned.backup.as_ref(), Some(&interrupted), "it is named all the same");
        let answer = close_at(&aws, now).await.unwrap();
        assert_eq!(answer.status, Status::Closed);
        let (_, newest) = backups(&aws).pop().unwrap();
        assert_eq!(newest.rules.len(), kept, "after {minutes} minutes");
        assert_eq!(newest.continues.map(|key| format!("s3://memory/{key}")), Some(interrupted.clone()));
        // Where its rules are not in this one, the answer says that there is another.
        assert_eq!(answer.reason.contains(&interrupted), kept == 3, "{}", answer.reason);
    }
}

/// However long ago, and however often: nothing that a close took away is in a backup that nobody names.
#[tokio::test(start_paused = true)]
async fn the_backups_of_all_interrupted_closes_are_named() {
    for hours in [2, 24 * 40] {
        let rules: Vec<_> = (1..=250)
            .map(|number| rule(number, Direction::Inbound, ipv4(&format!("10.{number}.0.0/16"))))
            .collect();
        let aws = Faulty::new(MemoryGroup::new(group(rules)));
        // Each run gets a hundred rules further.
        for run in 0..2 {
            let standing = standing(&aws).len();
            aws.before_each_call(move |call, world| {
                let further = world.group.as_ref()?.rules.len() < standing;
                (call == "revoke_rules" && further).then(|| api_error(ApiErrorKind::Throttled))
            });
            close_at(&aws, NOW + Duration::hours(run * hours)).await.unwrap_err();
        }
        aws.heal();
        assert_eq!(standing(&aws).len(), 50);
        let answer = close_at(&aws, NOW + Duration::hours(hours) + Duration::minutes(10)).await.unwrap();
        assert_eq!(answer.status, Status::Closed, "{}", answer.reason);
        let kept = backups(&aws);
        assert_eq!(kept.iter().map(|(_, backup)| backup.rules.len()).collect::<Vec<_>>(), [250, 150, 150]);
        assert!(answer.reason.contains(&kept[0].0), "after {hours} hours: {}", answer.reason);
        assert!(!answer.reason.contains(&kept[1].0), "all of its rules are in the newest: {}", answer.reason);
        // The restore, too, says that it is not all.
        let restored = restore_from(&aws, &kept[2].0).await.unwrap();
        assert!(
            restored.reason.ends_with(&format!("are in {}: restore that, too.", kept[0].0)),
            "{}",
            restored.reason
        );
        assert_eq!(restore_from(&aws, &kept[0].0).await.unwrap().status, Status::Restored);
        assert_eq!(standing(&aws).len(), 250);
    }
}

/// Restores from a backup and from every backup that the answers name.
async fn restore_all(aws: &Faulty, answer: &Answer) {
    let (mut texts, mut done) = (vec![answer.reason.clone(), answer.backup.clone().unwrap()], Vec::new());
    while let Some(text) = texts.pop() {
        for (uri, _) in backups(aws).into_iter().filter(|(uri, _)| text.contains(uri)) {
            if !done.contains(&uri) {
                texts.push(restore_from(aws, &uri).await.unwrap().reason);
                done.push(uri);
            }
        }
    }
}

fn assert_all_stand(aws: &Faulty, context: &str) {
    let standing = standing(aws);
    for rule in rules() {
        assert!(standing.iter().any(|other| other.is_equivalent(&rule)), "{context}: {rule} is lost");
    }
}

/// Found by an attack: a run that gets no further a day later hid the backup of the run that did.
#[tokio::test(start_paused = true)]
async fn runs_that_get_nowhere_do_not_hide_what_the_first_took_away() {
    for (runs, apart) in [(1, 25 * 60), (3, 25 * 60), (30, 1)] {
        let aws = open();
        for run in 0..=runs {
            aws.before_each_call(|call, world| {
                let outbound = world
                    .group
                    .as_ref()?
                    .rules
                    .iter()
                    .all(|rule| rule.traffic.direction == Direction::Outbound);
                (call == "revoke_rules" && outbound).then(|| api_error(ApiErrorKind::AccessDenied))
            });
            close_at(&aws, NOW + Duration::minutes(run * apart)).await.unwrap_err();
        }
        aws.heal();
        let answer = close_at(&aws, NOW + Duration::minutes((runs + 1) * apart)).await.unwrap();
        assert_eq!(answer.status, Status::Closed);
        restore_all(&aws, &answer).await;
        assert_all_stand(&aws, &format!("{runs} runs, {apart} minutes apart: {}", answer.reason));
    }
}

/// Found by an attack: where nothing of the backup stands any more, nothing tells that its close was interrupted.
#[tokio::test(start_paused = true)]
async fn a_close_of_which_nothing_stands_is_named_by_the_next_all_the_same() {
    for fault in [Fault::CrashAfter, Fault::ErrorAfter] {
        let aws = open();
        aws.fail("revoke_rules", 2, fault);
        let run = close_now(&aws);
        let _ = tokio::time::timeout(std::time::Duration::from_secs(900), run).await;
        aws.heal();
        assert_eq!(standing(&aws), []);
        aws.world().add_rule(&rule(99, Direction::Inbound, ipv4("198.51.100.7/32")));
        let answer = close_at(&aws, NOW + Duration::minutes(5)).await.unwrap();
        assert_eq!(answer.status, Status::Closed);
        let first = &backups(&aws)[0].0;
        assert!(answer.reason.ends_with(&format!("not in it are in {first}.")), "{}", answer.reason);
        restore_all(&aws, &answer).await;
        assert_all_stand(&aws, "the first close");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_backup_does_not_hide_an_older_one() {
    let aws = open();
    aws.fail("revoke_rules", 2, Fault::Error);
    close_now(&aws).await.unwrap_err();
    aws.heal();
    let junk = "012345678912/eu-west-1/sg-0a1b2c3d4e5f60718/README.txt";
    aws.world().objects.insert(junk.to_owned(), b"x".to_vec());
    let answer = close_at(&aws, NOW + Duration::days(3)).await.unwrap();
    aws.world().objects.remove(junk);
    restore_all(&aws, &answer).await;
    assert_all_stand(&aws, "three days later");
}

#[tokio::test(start_paused = true)]
async fn a_close_that_was_interrupted_does_not_stand_in_its_own_way() {
    let mut strict = settings();
    strict.reopening.closes = 1.try_into().unwrap();
    let aws = open();
    aws.fail("revoke_rules", 2, Fault::Error);
    close_now(&aws).await.unwrap_err();
    aws.heal();
    let answer = close_as(&aws, &Request::default(), &strict, NOW + Duration::MINUTE).await.unwrap();
    assert_eq!(answer.status, Status::Closed, "{}", answer.reason);
}

#[tokio::test(start_paused = true)]
async fn a_close_that_was_interrupted_hours_apart_is_one_close_though_nothing_is_carried_over() {
    let aws = open();
    for hour in [0, 2] {
        // The revoke of outbound rules: the second, unless the inbound ones are gone already.
        let inbound = standing(&aws).iter().any(|rule| rule.traffic.direction == Direction::Inbound);
        aws.fail("revoke_rules", if inbound { 2 } else { 1 }, Fault::Error);
        close_at(&aws, NOW + Duration::hours(hour)).await.unwrap_err();
    }
    aws.heal();
    assert_eq!(close_at(&aws, NOW + Duration::hours(4)).await.unwrap().status, Status::Closed);
    let kept = backups(&aws);
    let rules: Vec<_> = kept.iter().map(|(_, backup)| backup.rules.len()).collect();
    assert_eq!(rules, [6, 3, 3]);
    // The first is the one that has what is gone.
    let named =
        kept.iter().map(|(_, backup)| backup.continues.as_ref().map(|key| format!("s3://memory/{key}")));
    assert_eq!(named.collect::<Vec<_>>(), [None, Some(kept[0].0.clone()), Some(kept[0].0.clone())]);
    reopen(&aws);
    let mut strict = settings();
    strict.reopening.closes = 2.try_into().unwrap();
    let now = NOW + Duration::hours(5);
    let again = plan_with(&aws, &strict, now).await;
    assert_eq!(again.status, Status::Planned, "{}", again.reason);
}

#[tokio::test(start_paused = true)]
async fn a_backup_that_cannot_be_read_counts_as_a_close_and_holds_up_no_other() {
    let key =
        |minute| format!("012345678912/eu-west-1/sg-0a1b2c3d4e5f60718/20261122T064{minute}00.000Z-x.json");
    let aws = open();
    aws.world().objects.extend((0..2).map(|minute| (key(minute), b"not a backup".to_vec())));
    assert_eq!(plan_now(&aws).await.status, Status::Planned);
    aws.world().objects.insert(key(2), b"not a backup".to_vec());
    assert_eq!(close_now(&aws).await.unwrap().refusal, Some("reopened_too_often"));
}

#[tokio::test(start_paused = true)]
async fn the_rules_of_a_backup_of_another_group_are_never_carried_over() {
    let aws = open();
    close_now(&aws).await.unwrap();
    let (_, mine) = backups(&aws).pop().unwrap();
    let other = Backup { group_id: "sg-0f1e2d3c4b5a69788".parse().unwrap(), ..mine };

    let aws = Faulty::new(MemoryGroup::new(group(rules()[..2].to_vec())));
    let key = "012345678912/eu-west-1/sg-0a1b2c3d4e5f60718/20261122T065000.000Z-x.json";
    aws.world().objects.insert(key.to_owned(), documents::backup::write(&other).1);
    let answer = close_now(&aws).await.unwrap();
    assert_eq!(answer.status, Status::Closed);
    let (_, kept) = backups(&aws).pop().unwrap();
    assert_eq!((kept.rules.len(), kept.continues), (2, None));
}

/// What lies under another key than its own is no backup of an interrupted close, whatever it says.
#[tokio::test(start_paused = true)]
async fn the_rules_of_a_backup_that_was_replaced_are_never_carried_over() {
    let aws = open();
    aws.fail("revoke_rules", 2, Fault::Error);
    close_now(&aws).await.unwrap_err();
    aws.heal();
    let (uri, mut backup) = backups(&aws).pop().unwrap();
    backup.rules[1].traffic.peer = ipv4("0.0.0.0/0");
    backup.fingerprint = Fingerprint::of(&backup.rules);
    let key = uri.trim_start_matches("s3://memory/").to_owned();
    aws.world().objects.insert(key, documents::backup::write(&backup).1);
    assert_eq!(close_at(&aws, NOW + Duration::MINUTE).await.unwrap().status, Status::Closed);
    let (_, kept) = backups(&aws).pop().unwrap();
    assert_eq!((kept.rules.len(), kept.continues), (3, None));
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_a_hundred_closes_is_a_limit() {
    let mut lax = settings();
    lax.reopening.closes = 100.try_into().unwrap();
    // One rule, since a hundred backups are read again and again.
    let aws = Faulty::new(MemoryGroup::new(group(rules()[..1].to_vec())));
    for minute in 0..100 {
        let now = NOW + Duration::minutes(minute);
        let answer = close_as(&aws, &Request::default(), &lax, now).await.unwrap();
        assert_eq!(answer.status, Status::Closed, "close {minute}");
        aws.world().add_rule(&rules()[0]);
    }
    let now = NOW + Duration::minutes(100);
    let answer = close_as(&aws, &Request::default(), &lax, now).await.unwrap();
    assert_eq!(answer.refusal, Some("reopened_too_often"));
}

#[tokio::test(start_paused = true)]
async fn no_more_backups_are_read_than_it_takes_to_refuse() {
    let aws = open();
    for minute in 0..9 {
        let mut lax = settings();
        lax.reopening.closes = 10.try_into().unwrap();
        let now = NOW + Duration::minutes(minute);
        close_as(&aws, &Request::default(), &lax, now).await.unwrap();
        reopen(&aws);
    }
    let before = aws.calls().len();
    let answer = close_at(&aws, NOW + Duration::minutes(9)).await.unwrap();
    assert_eq!(answer.refusal, Some("reopened_too_often"));
    let read = aws.calls()[before..].iter().filter(|call| **call == "read_backup").count();
    assert_eq!(read, 3);
}

#[tokio::test(start_paused = true)]
async fn without_the_backups_being_listed_nothing_is_closed() {
    for call in ["list_backups", "read_backup"] {
        let aws = open();
        aws.world().objects.insert(
            "012345678912/eu-west-1/sg-0a1b2c3d4e5f60718/20261122T064000.000Z-x.json".to_owned(),
            b"x".to_vec(),
        );
        aws.before_each_call(move |name, _| (name == call).then(|| api_error(ApiErrorKind::AccessDenied)));
        assert_eq!(close_now(&aws).await.unwrap_err().error_type(), "AccessDenied");
        assert_eq!(standing(&aws), rules());
        aws.heal();
        aws.world().objects.clear();
        assert_untouched(&aws);
    }
}
