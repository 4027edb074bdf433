//! What happens to a group while it is closed, and what AWS may answer then.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use defsg_core::Direction;
use defsg_e2e::fake::Fault;
use defsg_e2e::fake::Occurrence::{Every, First, Nth};
use defsg_e2e::moto::NewRule;
use defsg_e2e::remediator::{REVOKES, World};
use serde_json::json;

/// The answer of EC2 that says that rules were revoked.
const REVOKED: &str = "<RevokeSecurityGroupIngressResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
                       <requestId>0</requestId><return>true</return></RevokeSecurityGroupIngressResponse>";

#[test]
fn a_revoke_that_is_half_done_is_finished_by_the_next_close() {
    let world = World::one_try();
    let (before, watch) = (world.rules(), world.watch());
    let first = before.iter().find(|rule| rule.to_string().contains("10.0.0.0/8")).cloned().unwrap();
    let (moto, group) = (Arc::clone(&world.moto), world.group.clone());
    world.aws.fault(REVOKES[0], Nth(1), Fault::before(move || moto.revoke_rule(&group, &first)));
    world.aws.fault(REVOKES[0], Nth(1), Fault::ServerError);
    let answer = world.close();
    assert_eq!(answer.error_type(), Some("AwsApi"), "{answer:?}");
    assert!(answer.error_message().contains(&world.newest_backup()), "{answer:?}");
    assert_eq!(world.rules().len(), 2);
    world.assert_recovers(&before, "half done");
    watch.assert_nothing_lost("half done");
}

#[test]
fn a_revoke_that_changes_nothing_though_it_says_so_is_tried_again() {
    let world = World::one_try();
    let before = world.rules();
    world.aws.fault(REVOKES[0], First(2), Fault::lie(REVOKED));
    let answer = world.close();
    assert_eq!(answer.payload["status"], "closed", "{answer:?}");
    assert_eq!(world.rules(), []);
    world.assert_recovers(&before, "says true");
}

#[test]
fn a_revoke_that_never_changes_anything_is_an_error_and_no_success() {
    let world = World::one_try();
    world.aws.fault(REVOKES[0], Every, Fault::lie(REVOKED));
    let answer = world.close();
    assert_eq!(answer.error_type(), Some("StillOpen"), "{answer:?}");
    assert!(answer.error_message().contains(&world.newest_backup()), "{answer:?}");
    assert_eq!(world.rules().len(), 2, "what could be revoked was");
}

#[test]
fn a_rule_that_is_added_between_the_reading_and_the_revoke_is_kept_and_closed_too() {
    let world = World::one_try();
    let before = world.rules();
    let (moto, group) = (Arc::clone(&world.moto), world.group.clone());
    let late = NewRule::inbound("203.0.113.0/24").protocol("tcp", 443, 443).description("late");
    world.aws.fault(REVOKES[0], Nth(1), Fault::before(move || moto.add_rule(&group, &late)));
    let answer = world.close();
    assert_eq!(answer.payload["status"], "closed", "{answer:?}");
    assert_eq!(answer.payload["removedRules"].as_array().map(Vec::len), Some(4));
    assert_eq!(world.rules(), []);
    assert_eq!(answer.payload["backup"], world.newest_backup());
    let newest = world.backups().pop().unwrap();
    assert!(newest.rules.iter().any(|rule| rule.description.as_deref() == Some("late")));
    assert_eq!(newest.rules.len(), before.len() + 1);
}

#[test]
fn rules_that_are_added_for_ever_are_not_fought_for_ever() {
    let world = World::one_try();
    let (moto, group) = (Arc::clone(&world.moto), world.group.clone());
    let count = Mutex::new(0);
    let add = move || {
        let mut count = count.lock().unwrap();
        *count += 1;
        moto.add_rule(&group, &NewRule::inbound(&format!("203.0.113.{count}/32")));
    };
    world.aws.fault(REVOKES[0], Every, Fault::after(add));
    let answer = world.close();
    assert_eq!(answer.error_type(), Some("StillOpen"), "{answer:?}");
    assert!(world.aws.calls_of(REVOKES[0]).len() <= 10);
    // The last one that was added, and the outbound rule: nothing more is taken away before everybody was
    // asked about that one.
    assert_eq!(world.rules().len(), 2);
}

#[test]
fn a_throttled_call_is_made_again_and_for_ever_it_is_an_error() {
    let world = World::start();
    world.aws.fault(REVOKES[0], First(2), Fault::Throttled);
    world.aws.fault("PutObject", Nth(1), Fault::Throttled);
    let answer = world.close();
    assert_eq!(answer.payload["status"], "closed", "{answer:?}");

    world.moto.add_stock_inbound_rule(&world.group);
    world.aws.reset();
    world.aws.fault(REVOKES[0], Every, Fault::Throttled);
    let answer = world.close();
    assert_eq!(answer.error_type(), Some("Throttled"), "{answer:?}");
    assert_eq!(world.rules().len(), 1);
}

#[test]
fn a_group_that_is_deleted_midway_is_an_error_that_says_so() {
    for operation in ["PutObject", REVOKES[0], REVOKES[1]] {
        let world = World::one_try();
        let (moto, group) = (Arc::clone(&world.moto), world.group.clone());
        world.aws.fault(operation, Nth(1), Fault::before(move || moto.delete_group(&group)));
        let answer = world.close();
        assert_eq!(answer.error_type(), Some("GroupNotFound"), "{operation}: {answer:?}");
        assert!(answer.error_message().contains(&world.newest_backup()), "{operation}: {answer:?}");
        assert_eq!(world.backups()[0].rules.len(), 3);
    }
}

#[test]
fn a_listing_that_lacks_the_rules_that_the_other_shows_is_not_believed() {
    let world = World::one_try();
    let empty = |_| {
        "<DescribeSecurityGroupRulesResponse><requestId>0</requestId><securityGroupRuleSet/>\
         </DescribeSecurityGroupRulesResponse>"
            .to_owned()
    };
    world.aws.fault("DescribeSecurityGroupRules", Every, Fault::altered(empty));
    let answer = world.close();
    assert_eq!(answer.error_type(), Some("AwsApi"), "{answer:?}");
    assert_eq!((world.rules().len(), world.keys().len()), (3, 0));
}

#[test]
fn a_close_that_runs_out_of_time_says_so_and_goes_on_when_it_is_run_again() {
    let mut world = World::one_try();
    let before = world.rules();
    world.restart_with("AWS_LAMBDA_FUNCTION_TIMEOUT", "3");
    world.aws.fault(REVOKES[0], Every, Fault::Late(Duration::from_secs(4)));
    world.aws.fault(REVOKES[0], Every, Fault::Cut);
    let answer = world.close();
    assert_eq!(answer.error_type(), Some("Timeout"), "{answer:?}");
    world.restart_with("AWS_LAMBDA_FUNCTION_TIMEOUT", "60");
    world.assert_recovers(&before, "out of time");
}

#[test]
fn a_plan_is_refused_if_a_rule_is_added_between_its_comparison_and_the_first_revoke() {
    let world = World::one_try();
    let fingerprint = world.fingerprint();
    let (moto, group) = (Arc::clone(&world.moto), world.group.clone());
    let late = NewRule::inbound("203.0.113.0/24").protocol("tcp", 443, 443);
    world.aws.fault("PutObject", Nth(1), Fault::before(move || moto.add_rule(&group, &late)));
    let answer = world.ask(json!({"action": "close", "fingerprint": fingerprint.as_str()}));
    assert_eq!(answer.payload["refusal"], "changed_since_plan", "{answer:?}");
    assert_eq!(
        answer.payload["fingerprint"],
        world.fingerprint().as_str(),
        "the rules that stand now are shown"
    );
    assert_eq!(world.rules().len(), 4);
    for operation in REVOKES {
        assert_eq!(world.aws.calls_of(operation).len(), 0);
    }
}

#[test]
fn what_joins_the_group_while_its_backup_is_kept_for_long_stops_the_close() {
    let world = World::one_try();
    let (moto, vpc, group) = (Arc::clone(&world.moto), world.vpc.clone(), world.group.clone());
    let join = move || {
        let subnet = moto.create_subnet(&vpc);
        moto.create_interface(&subnet, &group, "uplink");
        std::thread::sleep(Duration::from_secs(6));
    };
    world.aws.fault("PutObject", Nth(1), Fault::before(join));
    let answer = world.close();
    assert_eq!(answer.payload["refusal"], "in_use", "{answer:?}");
    assert!(answer.payload["dependents"][0]["name"].to_string().contains("uplink"), "{answer:?}");
    assert_eq!(world.rules().len(), 3);
    for operation in REVOKES {
        assert_eq!(world.aws.calls_of(operation).len(), 0);
    }
}

#[test]
fn a_rule_that_is_altered_between_two_revokes_is_kept_as_it_was_revoked() {
    let world = World::one_try();
    let outbound =
        world.rules().into_iter().find(|rule| rule.traffic.direction == Direction::Outbound).unwrap();
    let (moto, group) = (Arc::clone(&world.moto), world.group.clone());
    let alter = move || {
        moto.revoke_rule(&group, &outbound);
        moto.add_rule(&group, &NewRule::outbound("203.0.113.0/24").protocol("tcp", 2222, 2222));
    };
    world.aws.fault(REVOKES[0], Nth(1), Fault::after(alter));
    let answer = world.close();
    assert_eq!(answer.payload["status"], "closed", "{answer:?}");
    assert_eq!(world.rules(), []);
    let newest = world.backups().pop().unwrap();
    assert!(newest.rules.iter().any(|rule| rule.to_string().contains("203.0.113.0/24")), "{newest:?}");
}
