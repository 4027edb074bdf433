//! The scheduled evaluation: pages, groups that are gone, and pages that fail.

use defsg_core::ports::memory::MemoryAccount;
use defsg_core::ports::{ApiErrorKind, RecordedResult, UnreadableGroup};
use defsg_core::{ComplianceType, SecurityGroup};
use time::macros::datetime;

use crate::fixture::{NOTIFIED, api_error, group, id, result, run, scheduled};
use crate::journal::Journal;

fn gone(aws: &MemoryAccount) -> Vec<String> {
    let put = aws.put().into_iter();
    put.filter(|put| put.compliance == ComplianceType::NotApplicable).map(|put| put.resource_id).collect()
}

#[tokio::test]
async fn every_group_of_every_page_is_judged_at_the_notification_s_time() {
    let page = |numbers: std::ops::Range<usize>| Ok(numbers.map(|number| Ok(group(number))).collect());
    let aws = MemoryAccount {
        groups: vec![page(0..1000), page(1000..2000), page(2000..2300)],
        ..MemoryAccount::default()
    };
    let journal = Journal::new(aws);
    let summary = run(&scheduled(), &journal).await.0.unwrap();
    assert_eq!((summary.compliant, summary.non_compliant, summary.not_applicable), (1533, 767, 0));
    assert!(journal.puts().iter().all(|size| *size == 100), "{:?}", journal.puts());
    assert_eq!(journal.aws.put().len(), 2300);
    assert!(journal.aws.put().iter().all(|put| put.ordering == NOTIFIED));
}

#[tokio::test]
async fn a_page_is_put_before_the_next_one_is_read_so_that_no_two_are_held() {
    let page = |numbers: std::ops::Range<usize>| Ok(numbers.map(|number| Ok(group(number))).collect());
    let journal = Journal::new(MemoryAccount {
        groups: vec![page(0..150), page(150..150), page(150..220)],
        results: vec![Ok(vec![result(1)]), Ok(vec![result(900)])],
        ..MemoryAccount::default()
    });
    run(&scheduled(), &journal).await.0.unwrap();
    assert_eq!(
        journal.asked(),
        [
            "groups",
            "put 100",
            "put 50",
            "groups after 1",
            "groups after 2",
            "put 70",
            "results",
            "results after 1",
            "put 1"
        ]
    );
}

#[tokio::test]
async fn results_of_groups_that_are_gone_are_taken_back_over_all_pages() {
    let aws = MemoryAccount {
        groups: vec![Ok(vec![Ok(group(1))])],
        results: vec![Ok(vec![result(1), result(5)]), Ok(vec![result(4), result(5)])],
        ..MemoryAccount::default()
    };
    run(&scheduled(), &aws).await.0.unwrap();
    assert_eq!(gone(&aws), [id(4).to_string(), id(5).to_string()]);
}

#[tokio::test]
async fn a_group_judged_minutes_ago_is_not_gone_because_ec2_does_not_list_it_yet() {
    let young = RecordedResult { group: id(9), ordering: datetime!(2026-11-22 05:50 UTC) };
    let later = RecordedResult { group: id(8), ordering: datetime!(2026-11-22 06:01 UTC) };
    let aws = MemoryAccount {
        groups: vec![Ok(vec![])],
        results: vec![Ok(vec![young, later, result(7)])],
        ..MemoryAccount::default()
    };
    run(&scheduled(), &aws).await.0.unwrap();
    assert_eq!(gone(&aws), [id(7).to_string()]);
}

#[tokio::test]
async fn where_a_page_of_groups_fails_what_was_learned_is_put_and_nothing_is_gone() {
    let aws = MemoryAccount {
        groups: vec![Ok(vec![Ok(group(1))]), Err(api_error(ApiErrorKind::Throttled)), Ok(vec![Ok(group(2))])],
        results: vec![Ok(vec![result(1), result(2), result(3)])],
        ..MemoryAccount::default()
    };
    assert_eq!(run(&scheduled(), &aws).await.0.unwrap_err().error_type(), "Throttled");
    assert_eq!(aws.put().iter().map(|put| put.resource_id.clone()).collect::<Vec<_>>(), [id(1).to_string()]);
}

#[tokio::test]
async fn where_a_page_of_results_fails_nothing_is_gone() {
    let aws = MemoryAccount {
        groups: vec![Ok(vec![Ok(group(1))])],
        results: vec![Ok(vec![result(5)]), Err(api_error(ApiErrorKind::AccessDenied))],
        ..MemoryAccount::default()
    };
    assert_eq!(run(&scheduled(), &aws).await.0.unwrap_err().error_type(), "AccessDenied");
    assert_eq!((aws.put().len(), gone(&aws).len()), (1, 0));
}

#[tokio::test]
async fn a_group_that_cannot_be_judged_stops_no_other_and_ends_the_run_as_an_error_that_names_it() {
    let unreadable =
        UnreadableGroup { id: id(2).to_string(), problem: "it has no list of inbound rules".to_owned() };
    let aws = MemoryAccount {
        groups: vec![Ok(vec![Ok(group(1)), Err(unreadable), Ok(group(3))])],
        results: vec![Ok(vec![result(9)])],
        ..MemoryAccount::default()
    };
    let error = run(&scheduled(), &aws).await.0.unwrap_err();
    assert_eq!(error.error_type(), "UnreadableItem");
    assert!(error.to_string().contains(id(2).as_str()), "{error}");
    assert_eq!((aws.put().len(), gone(&aws).len()), (2, 0));
}

#[tokio::test]
async fn a_group_that_was_not_asked_for_is_not_judged_and_nothing_is_gone() {
    let mut named = group(3);
    named.identity.name = "web".to_owned();
    let mut foreign = group(6);
    foreign.identity.owner = "111122223333".parse().unwrap();
    let aws = MemoryAccount {
        groups: vec![Ok(vec![Ok(group(1)), Ok(named), Ok(foreign)])],
        results: vec![Ok(vec![result(9)])],
        ..MemoryAccount::default()
    };
    assert_eq!(run(&scheduled(), &aws).await.0.unwrap_err().error_type(), "UnreadableItem");
    assert_eq!((aws.put().len(), gone(&aws).len()), (1, 0));
}

#[tokio::test]
async fn a_group_that_is_listed_twice_is_open_if_it_was_once() {
    let open = SecurityGroup { rules: group(3).rules, ..group(1) };
    let aws = MemoryAccount {
        groups: vec![Ok(vec![Ok(group(1)), Ok(open)]), Ok(vec![Ok(group(1))])],
        ..MemoryAccount::default()
    };
    run(&scheduled(), &aws).await.0.unwrap();
    assert_eq!(aws.put().last().unwrap().compliance, ComplianceType::NonCompliant);
}

#[tokio::test]
async fn a_result_of_an_impossible_time_is_left_alone() {
    let impossible = RecordedResult { group: id(9), ordering: datetime!(9999-12-31 23:59:59 UTC) };
    let aws = MemoryAccount {
        groups: vec![Ok(vec![])],
        results: vec![Ok(vec![impossible])],
        ..MemoryAccount::default()
    };
    run(&scheduled(), &aws).await.0.unwrap();
    assert!(aws.put().is_empty());
}
