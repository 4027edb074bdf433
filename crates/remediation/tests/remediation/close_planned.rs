//! Closes that carry out a plan: they take away what was planned and nothing else.

use defsg_core::documents::answer::v1::Status;
use defsg_core::group::Fingerprint;
use defsg_core::ports::memory::World;

use crate::faulty::Fault;
use crate::fixture::*;

#[tokio::test(start_paused = true)]
async fn a_plan_is_carried_out_if_nothing_changed_and_refused_if_something_did() {
    let aws = open();
    let planned = plan_now(&aws).await;
    assert_eq!(planned.status, Status::Planned);
    assert_untouched(&aws);
    assert_eq!(planned.rules, written(&rules()));
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
    aws.fail("revoke_rules", 2, Fault::ErrorHalfway);
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
    aws.fail("revoke_rules", 2, Fault::Error);
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
            aws.before_nth(call, 1, change);
            let answer = close_planned(&aws, planned).await.unwrap();
            assert_eq!(
                (answer.status, answer.refusal),
                (Status::Refused, Some("changed_since_plan")),
                "{call}"
            );
            assert_eq!(answer.rules, written(&standing(&aws)), "{call}: the latest rules are shown");
            assert_eq!(answer.fingerprint, Fingerprint::of(&standing(&aws)), "{call}");
            assert!(!aws.calls().contains(&"revoke_rules"), "{call}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_a_plan_whose_close_was_interrupted_says_where_the_rules_are() {
    let aws = open();
    let planned = plan_now(&aws).await.fingerprint;
    aws.fail("revoke_rules", 2, Fault::Error);
    close_planned(&aws, planned.clone()).await.unwrap_err();
    aws.heal();
    let (interrupted, _) = backups(&aws).pop().unwrap();
    aws.before_nth("survey", 1, |world| world.add_rule(&ssh()));
    let answer = close_planned(&aws, planned).await.unwrap();
    assert_eq!(answer.refusal, Some("changed_since_plan"));
    assert_eq!(answer.backup.as_ref(), Some(&interrupted));
    assert!(answer.reason.contains(&interrupted), "{}", answer.reason);
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_is_added_once_a_plan_is_being_carried_out_is_left_and_the_rest_is_in_the_backup() {
    let aws = open();
    let planned = plan_now(&aws).await.fingerprint;
    aws.before_nth("revoke_rules", 2, |world| world.add_rule(&ssh()));
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
