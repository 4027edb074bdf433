//! Every call of a close and of a restore fails once in every way, and the next run goes on from there.
//! That no rule is ever gone without a backup is checked by [`crate::faulty`] after each call.

use std::time::Duration as StdDuration;

use defsg_core::fingerprint::Fingerprint;
use defsg_remediation::Status;
use time::Duration;

use crate::faulty::{FAULTS, Fault, Faulty};
use crate::fixture::*;

/// Runs until the end, or until the process ends.
async fn until_crash(run: impl Future<Output = Outcome>) -> Option<Outcome> {
    tokio::time::timeout(StdDuration::from_secs(900), run).await.ok()
}

/// Runs a close whose call `number` fails. Whether it came that far.
async fn close_failing(aws: &Faulty, number: usize, fault: Fault, minute: i64) -> bool {
    let before = aws.calls().len();
    aws.fail(number, fault);
    let outcome = until_crash(close_at(aws, NOW + Duration::minutes(minute))).await;
    aws.heal();
    let reached = aws.calls().len() - before > number;
    let surveying = reached && aws.calls()[before + number] == "survey";
    match outcome {
        None => assert!(reached),
        // What fails in a survey is an answer: nobody knows.
        Some(Ok(answer)) if surveying => assert_eq!(answer.refusal, Some("unknown")),
        Some(outcome) => assert_eq!(outcome.is_err(), reached, "{fault:?} at call {number}: {outcome:?}"),
    }
    reached
}

/// Asserts that a close, run again, ends well, and that one restore from the newest backup brings every rule back.
async fn assert_recovers(aws: &Faulty, context: &str) {
    let answer = close_at(aws, NOW + Duration::minutes(10)).await.unwrap();
    assert!(matches!(answer.status, Status::Closed | Status::AlreadyClosed), "{context}: {answer:?}");
    assert_eq!(standing(aws), [], "{context}");
    let (newest, _) = backups(aws).pop().unwrap();
    assert!(answer.backup.is_none_or(|backup| backup == newest), "{context}");
    let restored = restore_from(aws, &newest).await.unwrap();
    assert_eq!(restored.status, Status::Restored, "{context}: {}", restored.reason);
    assert_eq!(restored.fingerprint, Fingerprint::of(&rules()), "{context}");
}

#[tokio::test(start_paused = true)]
async fn a_close_that_fails_at_any_call_in_any_way_goes_on_when_it_is_run_again() {
    for fault in FAULTS {
        let mut number = 0;
        loop {
            let aws = open();
            let reached = close_failing(&aws, number, fault, 0).await;
            assert_recovers(&aws, &format!("{fault:?} at call {number}")).await;
            if !reached {
                break;
            }
            number += 1;
        }
        // Read, list, survey, write, read back, read again, revoke, read, revoke, read.
        assert_eq!(number, 10, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_close_that_fails_twice_goes_on_all_the_same() {
    for (first, second) in [
        (Fault::CrashHalfway, Fault::CrashHalfway),
        (Fault::CrashAfter, Fault::ErrorAfter),
        (Fault::ErrorHalfway, Fault::Crash),
    ] {
        for one in 0..10 {
            for other in 0..13 {
                let aws = open();
                close_failing(&aws, one, first, 0).await;
                close_failing(&aws, other, second, 1).await;
                assert_recovers(&aws, &format!("{first:?} at {one}, then {second:?} at {other}")).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_restore_that_fails_at_any_call_in_any_way_goes_on_when_it_is_run_again() {
    for fault in FAULTS {
        let mut number = 0;
        loop {
            let aws = open();
            let backup = close_now(&aws).await.unwrap().backup.unwrap();
            let before = aws.calls().len();
            aws.fail(number, fault);
            let outcome = until_crash(restore_from(&aws, &backup)).await;
            aws.heal();
            let reached = aws.calls().len() - before > number;
            assert_eq!(outcome.is_none_or(|outcome| outcome.is_err()), reached, "{fault:?} at call {number}");
            let again = restore_from(&aws, &backup).await.unwrap();
            assert_eq!(again.status, Status::Restored, "{fault:?} at call {number}: {}", again.reason);
            assert_eq!(again.fingerprint, Fingerprint::of(&rules()));
            assert_eq!(standing(&aws).len(), rules().len(), "a rule stands twice");
            if !reached {
                break;
            }
            number += 1;
        }
        // Read the backup, read the group, authorize three batches, read again.
        assert_eq!(number, 6, "{fault:?}");
    }
}
