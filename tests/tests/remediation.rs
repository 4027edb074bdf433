//! Closing a default group: what is done, in which order, and what is refused. The built remediator works in
//! moto.

use defsg_core::group::Fingerprint;
use defsg_e2e::fake::Fault;
use defsg_e2e::fake::Occurrence::Every;
use defsg_e2e::moto::NewRule;
use defsg_e2e::remediator::World;
use defsg_e2e::rie::Answer;
use serde_json::{Value, json};

/// Asserts that the close was refused for this reason and that nothing was changed.
fn assert_refused(world: &World, answer: &Answer, refusal: &str) {
    assert_eq!(answer.payload["status"], "refused", "{answer:?}");
    assert_eq!(answer.payload["refusal"], refusal, "{answer:?}");
    assert_eq!(answer.payload["backup"], Value::Null, "{answer:?}");
    assert_eq!(answer.payload["removedRules"], json!([]), "{answer:?}");
    assert_ne!(answer.payload["reason"], "");
    assert_untouched(world);
}

/// Asserts that the group has its stock rules, that the bucket is empty, and that nobody tried to change
/// that.
fn assert_untouched(world: &World) {
    assert_eq!(world.rules().len(), 2);
    assert_eq!(world.keys(), [""; 0]);
    assert!(world.aws.calls().iter().all(|call| {
        !["PutObject", "Revoke", "Authorize"].iter().any(|change| call.operation.starts_with(change))
    }));
}

#[test]
fn an_open_group_that_nobody_uses_is_closed_and_its_rules_are_kept() {
    let world = World::start();
    let (rules, fingerprint) = (world.rules(), world.fingerprint());
    let answer = world.close();

    assert_eq!(answer.payload["status"], "closed", "{answer:?}");
    assert_eq!(world.rules(), []);
    assert_eq!(answer.payload["groupId"], world.group);
    assert_eq!(answer.payload["vpcId"], world.vpc);
    assert_eq!(answer.payload["dependents"], json!([]));
    assert_eq!(answer.payload["unknown"], json!([]));
    assert_eq!(answer.payload["fingerprint"], fingerprint.as_str());
    assert_eq!(answer.payload["removedRules"].as_array().map(Vec::len), Some(2));
    assert_eq!(answer.payload["backup"], world.newest_backup());

    let backups = world.backups();
    let [backup] = backups.as_slice() else { panic!("one backup, not {}", backups.len()) };
    assert_eq!(backup.group_id.as_str(), world.group);
    assert_eq!(backup.vpc_id.as_str(), world.vpc);
    assert_eq!(backup.account.as_str(), defsg_e2e::ACCOUNT);
    assert_eq!(backup.region.as_str(), defsg_e2e::REGION);
    assert_eq!(backup.fingerprint, fingerprint);
    assert_eq!(backup.forced, None);
    assert!(rules.iter().all(|rule| backup.rules.iter().any(|kept| kept.id == rule.id)));
}

#[test]
fn the_backup_is_written_once_and_read_back_before_anything_is_revoked() {
    let world = World::start();
    world.close();
    let calls = world.aws.calls();
    let first = |operation: &str| {
        calls.iter().position(|call| call.operation == operation).unwrap_or_else(|| panic!("no {operation}"))
    };
    let order = ["DescribeSecurityGroups", "DescribeNetworkInterfaces", "PutObject", "GetObject"];
    let order = order.map(first);
    assert!(order.is_sorted(), "{order:?}");
    for revoke in ["RevokeSecurityGroupIngress", "RevokeSecurityGroupEgress"] {
        assert!(first("GetObject") < first(revoke), "{revoke}");
        let call = &world.aws.calls_of(revoke)[0];
        assert!(call.parameters["SecurityGroupRuleId.1"].is_string(), "not by rule id: {call:?}");
        assert!(call.parameters["IpPermissions.1.IpProtocol"].is_null(), "{call:?}");
    }
    assert_eq!(world.aws.calls_of("PutObject")[0].parameters["if-none-match"], "*");
    let last = calls.last().unwrap();
    assert!(last.operation.starts_with("Describe"), "the group is not read again at the end: {last:?}");
}

#[test]
fn a_closed_group_is_a_quick_and_quiet_success() {
    let world = World::start();
    world.moto.revoke_all(&world.group);
    let answer = world.close();
    assert_eq!(answer.payload["status"], "already_closed", "{answer:?}");
    assert_eq!(answer.payload["backup"], Value::Null);
    assert_eq!(world.keys(), [""; 0]);
    let operations: Vec<_> = world.aws.calls().into_iter().map(|call| call.operation).collect();
    assert_eq!(operations, ["DescribeSecurityGroups", "DescribeSecurityGroupRules"]);
}

#[test]
fn a_plan_changes_nothing_and_says_what_a_close_would_do() {
    let world = World::start();
    let answer = world.plan();
    assert_eq!(answer.payload["status"], "planned", "{answer:?}");
    assert_eq!(answer.payload["rules"].as_array().map(Vec::len), Some(2));
    assert_eq!(answer.payload["fingerprint"], world.fingerprint().as_str());
    assert_untouched(&world);
}

#[test]
fn a_plan_is_carried_out_if_the_rules_are_still_those_of_the_plan() {
    let world = World::start();
    let fingerprint = world.plan().payload["fingerprint"].clone();
    world.add_rule(&NewRule::inbound("10.0.0.0/8"));
    let close = json!({"action": "close", "fingerprint": fingerprint});
    let answer = world.ask(close.clone());
    assert_eq!(answer.payload["refusal"], "changed_since_plan", "{answer:?}");
    assert_eq!((world.rules().len(), world.keys().len()), (3, 0));

    let added = world.rules().into_iter().find(|rule| rule.to_string().contains("10.0.0.0/8")).unwrap();
    world.moto.revoke_rule(&world.group, &added);
    assert_eq!(world.ask(close).payload["status"], "closed");
    assert_eq!(world.rules(), []);
}

#[test]
fn an_exempt_group_is_left_alone_even_by_force() {
    let mut world = World::start();
    let exemptions = format!("{} never legacy ERP", world.vpc);
    world.restart_with("EXEMPTIONS", &exemptions);
    for answer in [world.close(), world.force()] {
        assert_refused(&world, &answer, "exempt");
        assert!(answer.payload["reason"].as_str().unwrap().contains("legacy ERP"), "{answer:?}");
    }
}

#[test]
fn a_group_that_is_exempt_by_a_tag_is_left_alone_until_the_tag_says_otherwise() {
    let world = World::with(&[("EXEMPTION_TAG_KEY", "defsg-exempt"), ("MAX_EXEMPTION_DAYS", "3650")]);
    world.moto.tag(&world.group, "defsg-exempt", "2035-01-31 legacy");
    assert_refused(&world, &world.close(), "exempt");
    world.moto.tag(&world.group, "defsg-exempt", "2020-01-31 legacy");
    assert_eq!(world.close().payload["status"], "closed");
}

#[test]
fn a_group_that_is_not_the_default_one_is_left_alone_even_by_force() {
    let world = World::start();
    let other = world.moto.create_group(&world.vpc, "web");
    let rules = world.moto.rules(&other);
    assert_ne!(rules, []);
    for force in [false, true] {
        let answer = world.ask(json!({"action": "close", "groupId": other, "force": force}));
        assert_refused(&world, &answer, "not_default");
        assert_eq!(world.moto.rules(&other), rules);
    }
}

#[test]
fn a_group_of_another_account_is_left_alone_even_by_force() {
    let world = World::start();
    let theirs =
        |body: String| body.replace("<ownerId>012345678912</ownerId>", "<ownerId>111122223333</ownerId>");
    world.aws.fault("DescribeSecurityGroups", Every, Fault::altered(theirs));
    for answer in [world.close(), world.force()] {
        assert_refused(&world, &answer, "other_owner");
        assert!(answer.payload["reason"].as_str().unwrap().contains("111122223333"), "{answer:?}");
    }
}

/// EC2-Classic is gone: EC2 names the VPC of every group. An answer that does not is as little believed here as in a sweep.
#[test]
fn a_group_in_no_vpc_is_left_alone() {
    let world = World::start();
    let vpc = format!("<vpcId>{}</vpcId>", world.vpc);
    world.aws.fault("DescribeSecurityGroups", Every, Fault::altered(move |body| body.replace(&vpc, "")));
    let answer = world.force();
    assert_eq!(answer.error_type(), Some("AwsApi"), "{answer:?}");
    assert!(answer.error_message().ends_with("it has no vpcId; nothing was changed"), "{answer:?}");
    assert_untouched(&world);
}

#[test]
fn force_closes_a_group_in_use_and_the_backup_says_so() {
    let world = World::start();
    let subnet = world.moto.create_subnet(&world.vpc);
    let interface = world.moto.create_interface(&subnet, &world.group, "uplink");
    world.aws.fault("DescribeLaunchTemplateVersions", Every, Fault::Denied);
    assert_refused(&world, &world.close(), "in_use");
    world.aws.reset();
    world.aws.fault("DescribeLaunchTemplateVersions", Every, Fault::Denied);

    let answer = world.force();
    assert_eq!(answer.payload["status"], "closed", "{answer:?}");
    assert_eq!(answer.payload["dependents"][0]["id"], interface);
    assert_eq!(answer.payload["unknown"][0]["source"], "launch-templates");
    assert_eq!(world.rules(), []);
    let forced = world.backups()[0].forced.clone().expect("the backup says that it was forced");
    assert_eq!(forced.dependents[0].id, interface);
    assert_eq!(forced.unknown[0].source, "launch-templates");
}

#[test]
fn force_that_overrides_nothing_is_no_force() {
    let world = World::start();
    assert_eq!(world.force().payload["status"], "closed");
    assert_eq!(world.backups()[0].forced, None);
}

#[test]
fn a_group_that_is_opened_again_and_again_is_closed_three_times_and_then_refused() {
    let world = World::start();
    for closes in 1..=3 {
        let answer = world.close();
        assert_eq!(answer.payload["status"], "closed", "close {closes}: {answer:?}");
        world.add_rule(&NewRule::inbound("0.0.0.0/0").protocol("tcp", 22, 22).description("the template's"));
    }
    let (rules, keys) = (world.rules(), world.keys());
    assert_eq!(keys.len(), 3);
    for answer in [world.close(), world.force()] {
        assert_eq!(answer.payload["refusal"], "reopened_too_often", "{answer:?}");
        assert_eq!(answer.payload["rules"][0]["description"], "the template's", "the latest rules are shown");
        assert_eq!(answer.payload["fingerprint"], Fingerprint::of(&rules).as_str());
        assert_eq!((world.rules(), world.keys()), (rules.clone(), keys.clone()));
    }
}

#[test]
fn how_often_is_too_often_is_a_setting() {
    let world = World::with(&[("REOPEN_LIMIT", "1"), ("REOPEN_HOURS", "1")]);
    assert_eq!(world.close().payload["status"], "closed");
    world.moto.add_stock_inbound_rule(&world.group);
    assert_eq!(world.close().payload["refusal"], "reopened_too_often");
}

#[test]
fn a_close_of_a_group_says_nothing_about_the_closes_of_another() {
    let world = World::with(&[("REOPEN_LIMIT", "1")]);
    assert_eq!(world.close().payload["status"], "closed");
    let vpc = world.moto.create_vpc();
    let other = world.moto.default_group(&vpc)["groupId"].clone();
    let answer = world.ask(json!({"action": "close", "groupId": other}));
    assert_eq!(answer.payload["status"], "closed", "{answer:?}");
}

#[test]
fn what_is_no_request_or_no_group_is_a_clear_error_and_nothing_changes() {
    let world = World::start();
    let cases = [
        (json!({"action": "close", "groupId": "default"}), "InvalidRequest", "groupId"),
        (json!({"action": "close", "groupId": "sg-; DROP"}), "InvalidRequest", "groupId"),
        (json!({"action": "open"}), "InvalidRequest", "open"),
        (json!({"action": "close", "forse": true}), "InvalidRequest", "forse"),
        (json!({"action": "close", "force": "yes"}), "InvalidRequest", "force"),
        (json!({"action": "close", "fingerprint": "v0:1"}), "InvalidRequest", "fingerprint"),
        (json!({"action": "restore"}), "InvalidRequest", "backup"),
        (json!({"action": "close", "groupId": "sg-00000000"}), "GroupNotFound", "sg-00000000"),
        (json!({"action": "plan", "groupId": "sg-00000000"}), "GroupNotFound", "sg-00000000"),
    ];
    for (request, error_type, names) in cases {
        let answer = world.ask(request.clone());
        assert_eq!(answer.error_type(), Some(error_type), "{request}: {answer:?}");
        assert!(answer.error_message().contains(names), "{request}: {answer:?}");
    }
    assert_untouched(&world);
}

#[test]
fn a_setting_that_is_wrong_is_named_and_nothing_changes() {
    let cases = [
        ("BACKUP_BUCKET", ""),
        ("BACKUP_BUCKET", "s3://backups"),
        ("REQUIRED_SOURCES", "everything"),
        ("EXEMPTIONS", "vpc-?"),
        ("REOPEN_LIMIT", "0"),
        ("REOPEN_HOURS", "a day"),
    ];
    for (name, value) in cases {
        let world = World::with(&[(name, value)]);
        let answer = world.close();
        assert_eq!(answer.error_type(), Some("InvalidSettings"), "{name}={value}: {answer:?}");
        assert!(answer.error_message().contains(name), "{answer:?}");
        assert_untouched(&world);
    }
}
