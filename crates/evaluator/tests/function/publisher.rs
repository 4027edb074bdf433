//! Batches, refusals, and what a change or an oversized notification puts.

use std::sync::Mutex;

use defsg_core::ComplianceType;
use defsg_core::judge::item::Item;
use defsg_core::ports::memory::MemoryAccount;
use defsg_core::ports::{ApiErrorKind, DefaultGroups};
use defsg_evaluator::event::{Event, Invocation};
use serde_json::{Value, json};
use time::macros::datetime;

use crate::fixture::{api_error, change_message, envelope, group, id, parse, run, scheduled};
use crate::journal::Journal;

fn change() -> Event {
    parse(envelope(&change_message())).unwrap()
}

fn oversized(status: &str) -> Event {
    let mut summary = change_message()["configurationItem"].clone();
    summary["configuration"] = Value::Null;
    summary["configurationItemStatus"] = json!(status);
    let message = json!({"messageType": "OversizedConfigurationItemChangeNotification", "configurationItemSummary": summary});
    parse(envelope(&message)).unwrap()
}

#[tokio::test]
async fn a_change_puts_one_evaluation_at_the_item_s_capture_time() {
    let aws = MemoryAccount::default();
    let (result, _) = run(&change(), &aws).await;
    assert_eq!(result.unwrap().compliant, 1);
    let put = aws.put();
    assert_eq!((put.len(), put[0].resource_id.as_str()), (1, "sg-6c7fa917"));
    assert_eq!(put[0].ordering, datetime!(2026-11-22 05:59:00.123 UTC));
}

#[tokio::test]
async fn an_unreadable_item_puts_nothing() {
    let mut message = change_message();
    message["configurationItem"]["configuration"]["ipPermissions"] = Value::Null;
    let aws = MemoryAccount::default();
    let (result, metrics) = run(&parse(envelope(&message)).unwrap(), &aws).await;
    assert_eq!(result.unwrap_err().error_type(), "UnreadableItem");
    assert_eq!((aws.put_calls(), metrics.summary.total()), (0, 0));
}

#[tokio::test]
async fn an_oversized_item_is_judged_as_it_was_at_its_capture_time_not_as_it_is_now() {
    let Invocation::Change { item, .. } = change().invocation else { panic!() };
    let mut opened = item.configuration.clone();
    opened["ipPermissionsEgress"] = json!([{"ipProtocol": "-1", "ipRanges": ["0.0.0.0/0"]}]);
    let newer = Item { captured: datetime!(2026-11-22 05:59:30 UTC), configuration: opened, ..item.clone() };
    let aws = MemoryAccount { history: vec![newer, item], ..MemoryAccount::default() };
    run(&oversized("OK"), &aws).await.0.unwrap();
    assert_eq!(aws.put()[0].compliance, ComplianceType::Compliant);
}

#[tokio::test]
async fn an_oversized_item_without_history_is_an_error_unless_it_is_deleted() {
    let aws = MemoryAccount::default();
    let error = run(&oversized("OK"), &aws).await.0.unwrap_err();
    assert_eq!((error.error_type(), aws.put_calls()), ("UnreadableItem", 0));
    run(&oversized("ResourceDeleted"), &aws).await.0.unwrap();
    assert_eq!(aws.put()[0].compliance, ComplianceType::NotApplicable);
}

#[tokio::test(start_paused = true)]
async fn what_config_refuses_once_is_put_again_alone() {
    let groups = (0..250).map(|number| Ok(group(number))).collect();
    let refuse = Mutex::new(vec![(id(7).to_string(), 1), (id(8).to_string(), 2)]);
    let aws = MemoryAccount { groups: vec![Ok(groups)], refuse, ..MemoryAccount::default() };
    let journal = Journal::new(aws);
    let (result, metrics) = run(&scheduled(), &journal).await;
    assert_eq!(result.unwrap().total(), 250);
    assert_eq!(journal.puts(), [100, 2, 1, 100, 50], "the first batch has two more tries");
    assert_eq!((journal.aws.put().len(), metrics.retried), (250, 3));
}

#[tokio::test(start_paused = true)]
async fn what_config_refuses_for_ever_ends_as_an_error_that_names_it_after_all_else_was_put() {
    let groups = (0..250).map(|number| Ok(group(number))).collect();
    let refuse = Mutex::new(vec![(id(7).to_string(), usize::MAX)]);
    let aws = MemoryAccount { groups: vec![Ok(groups)], refuse, ..MemoryAccount::default() };
    let (result, metrics) = run(&scheduled(), &aws).await;
    let error = result.unwrap_err();
    assert_eq!(error.error_type(), "EvaluationsRefused");
    assert!(error.to_string().contains(id(7).as_str()), "{error}");
    assert_eq!((aws.put().len(), metrics.summary.total(), metrics.retried), (249, 249, 2));
}

#[tokio::test]
async fn a_failed_put_is_an_error_with_the_type_of_its_cause() {
    for (kind, error_type) in [
        (ApiErrorKind::AccessDenied, "AccessDenied"),
        (ApiErrorKind::Throttled, "Throttled"),
        (ApiErrorKind::TimedOut, "Timeout"),
        (ApiErrorKind::InvalidResultToken, "InvalidResultToken"),
        (ApiErrorKind::Unreadable, "AwsApi"),
        (ApiErrorKind::Other, "AwsApi"),
    ] {
        let aws = MemoryAccount { put_error: Some(api_error(kind)), ..MemoryAccount::default() };
        assert_eq!(run(&change(), &aws).await.0.unwrap_err().error_type(), error_type);
    }
}

#[tokio::test]
async fn the_account_in_memory_pages_as_aws_does() {
    let aws = MemoryAccount {
        groups: vec![Ok(vec![Ok(group(1))]), Ok(vec![Ok(group(2))])],
        ..MemoryAccount::default()
    };
    let first = aws.default_groups(None).await.unwrap();
    let second = aws.default_groups(first.next.as_deref()).await.unwrap();
    assert_eq!((first.items, second.items, second.next), (vec![Ok(group(1))], vec![Ok(group(2))], None));
}

#[tokio::test]
async fn an_oversized_item_is_not_judged_by_an_older_one_where_the_history_lags_behind() {
    let Invocation::Change { item, .. } = change().invocation else { panic!() };
    let older = Item { captured: datetime!(2026-11-21 05:59 UTC), ..item };
    let aws = MemoryAccount { history: vec![older], ..MemoryAccount::default() };
    let error = run(&oversized("OK"), &aws).await.0.unwrap_err();
    assert_eq!((error.error_type(), aws.put_calls()), ("UnreadableItem", 0));
}
