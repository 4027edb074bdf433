//! Older backups with rules that the newest lacks: a close names every one, however old.

use defsg_core::documents;
use defsg_core::documents::answer::v1::Status;
use defsg_core::group::{Direction, SecurityGroupRule};
use time::Duration;

use crate::faulty::{Fault, Faulty};
use crate::fixture::*;

/// A rule that no other close takes away.
fn rule_of(number: u64) -> SecurityGroupRule {
    rule(1_000 + number, Direction::Inbound, ipv4(&format!("10.{}.{}.0/24", number / 256, number % 256)))
}

/// A close that takes a rule away and whose answer is lost.
async fn lost_close(aws: &Faulty, number: u64, day: i64) {
    aws.world().group.as_mut().unwrap().rules.clear();
    aws.world().add_rule(&rule_of(number));
    aws.fail("revoke_rules", 1, Fault::ErrorAfter);
    close_at(aws, NOW + Duration::days(day)).await.unwrap_err();
    aws.heal();
}

/// Found by the simulation: only the newest backup before the hours of the reopening limit was looked at.
#[tokio::test(start_paused = true)]
async fn closes_that_lost_their_answers_days_apart_are_all_named() {
    let aws = open();
    for number in 0..3 {
        lost_close(&aws, number, 3 * i64::try_from(number).unwrap()).await;
    }
    aws.world().add_rule(&ssh());
    let answer = close_at(&aws, NOW + Duration::days(30)).await.unwrap();
    assert_eq!(answer.status, Status::Closed);
    for (uri, backup) in &backups(&aws)[..3] {
        assert!(answer.reason.contains(uri), "{:?} is named nowhere: {}", backup.rules, answer.reason);
    }
}

#[tokio::test(start_paused = true)]
async fn after_twenty_the_rest_are_counted_and_not_read() {
    let aws = open();
    for number in 0..30 {
        lost_close(&aws, number, 3 * i64::try_from(number).unwrap()).await;
    }
    aws.world().add_rule(&ssh());
    let before = aws.count("read_backup");
    let answer = close_at(&aws, NOW + Duration::days(300)).await.unwrap();
    let kept = backups(&aws);
    let rest = format!("{} and 8 before it (not read).", kept[8].0);
    assert!(answer.reason.ends_with(&rest), "{}", answer.reason);
    assert!(answer.reason.contains(&kept[9].0), "{}", answer.reason);
    // The newest, the close's own, and twenty.
    assert_eq!(aws.count("read_backup") - before, 22);
}

/// Found by the simulation: the backup of a close that read the rule earlier hid that of one which took it as it was altered.
#[tokio::test(start_paused = true)]
async fn a_rule_that_another_close_took_as_it_was_altered_is_named() {
    let aws = open();
    close_now(&aws).await.unwrap();
    let (_, mut other) = backups(&aws).pop().unwrap();
    other.rules[1].description = Some("altered".to_owned());
    other.fingerprint = defsg_core::group::Fingerprint::of(&other.rules);
    let (key, bytes) = documents::backup::write(&other);

    let aws = open();
    // Once the group is read, somebody alters a rule, and another close takes all away.
    aws.before_nth("list_backups", 1, move |world| {
        world.objects.insert(key.to_string(), bytes.clone());
        world.group.as_mut().unwrap().rules.clear();
    });
    let answer = close_at(&aws, NOW + Duration::SECOND).await.unwrap();
    assert_eq!((answer.status, answer.removed_rules.len()), (Status::Closed, 0));
    let (others, _) = &backups(&aws)[0];
    assert!(answer.reason.contains(others.as_str()), "{}", answer.reason);
}
