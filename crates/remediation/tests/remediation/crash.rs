//! Every call of a close and of a restore fails once in every way, and the next run goes on from there.
//! That no rule is ever gone without a backup is checked by [`crate::faulty`] after each call.

use std::time::Duration as StdDuration;

use defsg_core::documents::answer::v1::Status;
use defsg_core::group::Fingerprint;
use time::Duration;

use crate::faulty::{FAULTS, Fault, Faulty};
use crate::fixture::*;

/// A call: its name, and which of the calls with this name it is, counted from 1.
type Call = (&'static str, usize);

/// Each call of a run that nothing disturbed.
fn each(calls: &[&'static str]) -> Vec<Call> {
    let number = |at: usize| calls[..=at].iter().filter(|call| **call == calls[at]).count();
    (0..calls.len()).map(|at| (calls[at], number(at))).collect()
}

/// Runs until the end, or until the process ends.
async fn until_crash(run: impl Future<Output = Outcome>) -> Option<Outcome> {
    tokio::time::timeout(StdDuration::from_secs(900), run).await.ok()
}

/// Runs a close, one call of which fails. Whether it came that far.
async fn close_failing(aws: &Faulty, (call, nth): Call, fault: Fault, minute: i64) -> bool {
    aws.fail(call, nth, fault);
    let outcome = until_crash(close_at(aws, NOW + Duration::minutes(minute))).await;
    let reached = !aws.is_meant_to_fail();
    aws.heal();
    match outcome {
        None => assert!(reached),
        // What fails in a survey is an answer: nobody knows.
        Some(Ok(answer)) if reached && call == "survey" => assert_eq!(answer.refusal, Some("unknown")),
        Some(outcome) => assert_eq!(outcome.is_err(), reached, "{fault:?} at {call} {nth}: {outcome:?}"),
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

/// The calls of a close that nothing disturbs.
async fn calls_of_a_close() -> Vec<Call> {
    let aws = open();
    close_now(&aws).await.unwrap();
    each(&aws.calls())
}

#[tokio::test(start_paused = true)]
async fn a_close_that_fails_at_any_call_in_any_way_goes_on_when_it_is_run_again() {
    for fault in FAULTS {
        for call in calls_of_a_close().await {
            let aws = open();
            assert!(close_failing(&aws, call, fault, 0).await, "{fault:?} at {call:?}");
            assert_recovers(&aws, &format!("{fault:?} at {call:?}")).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_close_that_fails_twice_goes_on_all_the_same() {
    for (first, second) in [
        (Fault::CrashHalfway, Fault::CrashHalfway),
        (Fault::CrashAfter, Fault::ErrorAfter),
        (Fault::ErrorHalfway, Fault::Crash),
    ] {
        for one in calls_of_a_close().await {
            let aws = open();
            close_failing(&aws, one, first, 0).await;
            let before = aws.calls().len();
            // Whatever the next run calls, with nothing to disturb it.
            close_at(&aws, NOW + Duration::minutes(1)).await.unwrap();
            for other in each(&aws.calls()[before..]) {
                let aws = open();
                close_failing(&aws, one, first, 0).await;
                let context = format!("{first:?} at {one:?}, then {second:?} at {other:?}");
                assert!(close_failing(&aws, other, second, 1).await, "{context}");
                assert_recovers(&aws, &context).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_restore_that_fails_at_any_call_in_any_way_goes_on_when_it_is_run_again() {
    let aws = open();
    let backup = close_now(&aws).await.unwrap().backup.unwrap();
    let before = aws.calls().len();
    restore_from(&aws, &backup).await.unwrap();
    let calls = each(&aws.calls()[before..]);
    for fault in FAULTS {
        for (call, nth) in calls.clone() {
            let aws = open();
            let backup = close_now(&aws).await.unwrap().backup.unwrap();
            aws.fail(call, nth, fault);
            let outcome = until_crash(restore_from(&aws, &backup)).await;
            assert!(!aws.is_meant_to_fail(), "{fault:?} at {call} {nth}");
            assert!(outcome.is_none_or(|outcome| outcome.is_err()), "{fault:?} at {call} {nth}");
            aws.heal();
            let again = restore_from(&aws, &backup).await.unwrap();
            assert_eq!(again.status, Status::Restored, "{fault:?} at {call} {nth}: {}", again.reason);
            assert_eq!(again.fingerprint, Fingerprint::of(&rules()));
            assert_eq!(standing(&aws).len(), rules().len(), "a rule stands twice");
        }
    }
}
