//! Putting back what a close took away: exactly, as often as wanted, and from nothing but a backup of this
//! very group.

use defsg_core::close::Backup;
use defsg_core::documents::backup;
use defsg_core::group::Fingerprint;
use defsg_e2e::fake::Fault;
use defsg_e2e::fake::Occurrence::{self, Every, Nth};
use defsg_e2e::moto::NewRule;
use defsg_e2e::remediator::{World, shared_moto};
use serde_json::{Value, json};

/// Closes the group, restores it, restores it once more, and asserts that its rules are the same as before
/// each time.
fn assert_round_trip(world: &World) {
    let (count, fingerprint) = (world.rules().len(), world.fingerprint());
    let closed = world.close();
    assert_eq!(closed.payload["status"], "closed", "{closed:?}");
    assert_eq!(world.rules(), []);
    let backup = closed.payload["backup"].as_str().unwrap();
    for restored_now in [count, 0] {
        let restored = world.restore(backup);
        assert_eq!(restored.payload["status"], "restored", "{restored:?}");
        assert_eq!(restored.payload["fingerprint"], fingerprint.as_str(), "{restored:?}");
        assert_eq!(restored.payload["restoredRules"].as_array().map(Vec::len), Some(restored_now));
        assert_eq!(restored.payload["notRestored"], json!([]));
        assert_eq!((world.rules().len(), world.fingerprint()), (count, fingerprint.clone()));
    }
}

#[test]
fn the_stock_rules_come_back() {
    assert_round_trip(&World::start());
}

#[test]
fn rules_of_every_kind_come_back_with_their_ports_descriptions_and_tags() {
    let world = World::start();
    let web = world.moto.create_group(&world.vpc, "web");
    let list = world.moto.create_prefix_list("IPv4");
    let rules = [
        NewRule::inbound("10.0.0.0/8").protocol("tcp", 22, 22).description("SSH from the office"),
        NewRule::inbound("10.0.0.0/8").protocol("tcp", 8000, 8999).description("()[]{}&;!$*=+,@#._-:/"),
        NewRule::inbound("192.0.2.7/32").protocol("udp", 0, 65535),
        NewRule::inbound("192.0.2.0/24").protocol("icmp", -1, -1),
        NewRule::inbound("192.0.2.0/24").protocol("icmp", 3, 4),
        NewRule::inbound("2001:db8::/32").protocol("tcp", 443, 443).description("IPv6 も"),
        NewRule::inbound("::/0").protocol("icmpv6", -1, -1),
        NewRule::inbound(&list).protocol("tcp", 443, 443),
        NewRule::inbound(&web).protocol("tcp", 5432, 5432).tag("team", "orders"),
        NewRule::inbound(&world.group).protocol("tcp", 1, 2),
        NewRule::outbound("2001:db8::/32"),
        NewRule::outbound(&list),
        NewRule::outbound(&web),
        NewRule::outbound("198.51.100.0/24")
            .protocol("tcp", 25, 25)
            .description("受信サーバーへ")
            .tag("所有者", "基盤"),
        NewRule::outbound("203.0.113.0/24").protocol("tcp", 25, 25).tag("empty", ""),
    ];
    for rule in &rules {
        world.add_rule(rule);
    }
    assert_round_trip(&world);
}

#[test]
fn sixty_rules_each_way_come_back() {
    let world = World::start();
    world.moto.revoke_all(&world.group);
    for n in 0..60 {
        let description = format!("規則 {n}");
        world.add_rule(
            &NewRule::inbound(&format!("10.0.{n}.0/24")).protocol("tcp", n, n).description(&description),
        );
        world.add_rule(
            &NewRule::outbound(&format!("10.1.{n}.0/24")).protocol("tcp", n, n).description(&description),
        );
    }
    assert_eq!(world.rules().len(), 120);
    assert_round_trip(&world);
}

#[test]
fn what_stands_is_left_and_what_is_missing_is_added() {
    let world = World::start();
    world.add_rule(&NewRule::inbound("10.0.0.0/8").protocol("tcp", 22, 22));
    let fingerprint = world.fingerprint();
    let backup = world.close().payload["backup"].as_str().unwrap().to_owned();

    world.moto.add_stock_inbound_rule(&world.group);
    world.add_rule(&NewRule::inbound("192.0.2.0/24"));
    let answer = world.restore(&backup);
    assert_eq!(answer.payload["status"], "restored", "{answer:?}");
    assert_eq!(answer.payload["restoredRules"].as_array().map(Vec::len), Some(2));
    assert_eq!(world.rules().len(), 4, "the rule that is in no backup stays");
    assert_ne!(answer.payload["fingerprint"], fingerprint.as_str());
    let reason = answer.payload["reason"].as_str().unwrap();
    assert!(reason.contains("192.0.2.0/24"), "the reason names the other rule: {reason}");
}

#[test]
fn a_rule_whose_group_is_gone_is_named_and_all_others_come_back() {
    let world = World::start();
    let web = world.moto.create_group(&world.vpc, "web");
    world.add_rule(&NewRule::inbound(&web).protocol("tcp", 5432, 5432));
    world.add_rule(&NewRule::inbound("10.0.0.0/8").protocol("tcp", 22, 22));
    let backup = world.close().payload["backup"].as_str().unwrap().to_owned();
    world.moto.delete_group(&web);

    let answer = world.restore(&backup);
    assert_eq!(answer.payload["status"], "partly_restored", "{answer:?}");
    let missing = answer.payload["notRestored"].as_array().unwrap();
    assert_eq!(missing.len(), 1, "{answer:?}");
    assert_eq!(missing[0]["rule"]["peer"]["groupId"], web);
    assert!(missing[0]["why"].as_str().unwrap().contains("InvalidGroup.NotFound"), "{answer:?}");
    assert_eq!(world.rules().len(), 3);
}

#[test]
fn a_rule_that_stands_with_another_description_is_left_and_named() {
    let world = World::start();
    world.add_rule(&NewRule::inbound("10.0.0.0/8").protocol("tcp", 22, 22).description("old"));
    let backup = world.close().payload["backup"].as_str().unwrap().to_owned();
    world.add_rule(&NewRule::inbound("10.0.0.0/8").protocol("tcp", 22, 22).description("new"));
    let answer = world.restore(&backup);
    assert_eq!(answer.payload["status"], "partly_restored", "{answer:?}");
    assert_eq!(answer.payload["notRestored"][0]["rule"]["description"], "old", "{answer:?}");
    let described = world.rules().into_iter().filter_map(|rule| rule.description);
    assert_eq!(described.collect::<Vec<_>>(), ["new"]);
}

#[test]
fn a_backup_of_anything_else_or_of_another_hand_is_refused_and_nothing_changes() {
    let world = World::start();
    world.close();
    let key = world.keys().remove(0);
    let document = String::from_utf8(world.moto.object(&world.bucket, &key)).unwrap();
    let backup = world.backups().remove(0);
    let changed = |change: &dyn Fn(&mut Backup)| {
        let mut other = backup.clone();
        change(&mut other);
        String::from_utf8(backup::write(&other).1).unwrap()
    };
    let edited = |change: &dyn Fn(&mut Value)| {
        let mut document: Value = serde_json::from_str(&document).unwrap();
        change(&mut document);
        document.to_string()
    };
    let cases = [
        ("another group", changed(&|of| of.group_id = "sg-00000001".parse().unwrap()), "sg-00000001"),
        ("another account", changed(&|of| of.account = "111122223333".parse().unwrap()), "111122223333"),
        ("another Region", changed(&|of| of.region = "us-east-1".parse().unwrap()), "us-east-1"),
        ("another VPC", changed(&|of| of.vpc_id = "vpc-00000001".parse().unwrap()), "vpc-00000001"),
        ("another version", edited(&|of| of["version"] = json!(2)), "version 2"),
        ("no version", edited(&|of| drop(of.as_object_mut().unwrap().remove("version"))), "no version"),
        (
            "a rule added",
            edited(&|of| {
                let rule = of["rules"][0].clone();
                of["rules"].as_array_mut().unwrap().push(rule)
            }),
            "checksum",
        ),
        ("a rule opened", document.replace("\"-1\"", "\"tcp\""), "checksum"),
        ("the checksum gone", edited(&|of| drop(of.as_object_mut().unwrap().remove("checksum"))), "checksum"),
        ("cut short", document[..document.len() / 2].to_owned(), "no backup"),
        ("no JSON", "<html>".to_owned(), "no backup"),
        ("empty", " ".to_owned(), "no backup"),
        ("rules that are not the fingerprint's", changed(&|of| of.rules.truncate(1)), "fingerprint"),
    ];
    for (what, document, names) in cases {
        // Where a backup would lie that says so of itself.
        let key = backup::read(document.as_bytes()).map(|(key, _)| key.to_string());
        let key = key.unwrap_or_else(|_| "other.json".to_owned());
        world.moto.put_object(&world.bucket, &key, document.as_bytes());
        let answer = world.restore(&format!("s3://{}/{key}", world.bucket));
        assert_eq!(answer.error_type(), Some("InvalidBackup"), "{what}: {answer:?}");
        assert!(answer.error_message().contains(names), "{what}: {answer:?}");
        assert!(answer.error_message().contains("nothing was changed"), "{what}: {answer:?}");
        assert_eq!(world.rules(), [], "{what}");
    }
    world.moto.put_object(&world.bucket, "other.json", document.as_bytes());
    let moved = world.restore(&format!("s3://{}/other.json", world.bucket));
    assert_eq!(moved.error_type(), Some("InvalidBackup"), "{moved:?}");
    assert!(moved.error_message().contains("moved"), "{moved:?}");
    assert_eq!(world.aws.calls_of("AuthorizeSecurityGroupIngress").len(), 0);
}

#[test]
fn a_place_where_no_backup_can_be_is_refused() {
    let world = World::start();
    world.close();
    for (place, error_type) in [
        (format!("s3://{}/no/such.json", world.bucket), "InvalidBackup"),
        (format!("s3://{}/", world.bucket), "InvalidRequest"),
        ("s3://another-bucket/key.json".to_owned(), "InvalidRequest"),
        (world.keys().remove(0), "InvalidRequest"),
        (String::new(), "InvalidRequest"),
    ] {
        let answer = world.restore(&place);
        assert_eq!(answer.error_type(), Some(error_type), "{place}: {answer:?}");
        assert_eq!(world.rules(), [], "{place}");
    }
}

#[test]
fn a_backup_is_not_restored_into_another_group() {
    let world = World::start();
    let backup = world.close().payload["backup"].clone();
    let other = world.moto.create_group(&world.vpc, "web");
    let rules = world.moto.rules(&other);
    let answer = world.ask(json!({"action": "restore", "groupId": other, "backup": backup}));
    assert_eq!(answer.error_type(), Some("InvalidBackup"), "{answer:?}");
    assert_eq!(world.moto.rules(&other), rules);
}

#[test]
fn a_group_that_is_gone_is_an_error_of_its_own() {
    let world = World::start();
    let backup = world.close().payload["backup"].as_str().unwrap().to_owned();
    world.moto.delete_group(&world.group);
    let answer = world.restore(&backup);
    assert_eq!(answer.error_type(), Some("GroupNotFound"), "{answer:?}");
}

#[test]
fn a_restore_that_fails_at_any_call_is_done_by_the_next() {
    let _moto = shared_moto();
    let closed = || {
        let world = World::with(&[("AWS_MAX_ATTEMPTS", "1")]);
        world.add_rule(&NewRule::inbound("10.0.0.0/8").tag("team", "net"));
        let fingerprint = world.fingerprint();
        let backup = world.close().payload["backup"].as_str().unwrap().to_owned();
        world.aws.reset();
        (world, backup, fingerprint)
    };
    let (world, backup, _) = closed();
    assert_eq!(world.restore(&backup).payload["status"], "restored");
    let calls = world.aws.occurrences();
    assert!(calls.len() >= 8, "a restore makes more calls than {calls:?}");

    for fault in [Fault::ServerError, Fault::Throttled, Fault::Cut, Fault::Lost] {
        for (operation, nth) in &calls {
            let context = format!("{fault:?} at {operation} {nth}");
            let (world, backup, fingerprint) = closed();
            world.aws.fault(operation, Nth(*nth), fault.clone());
            let answer = world.restore(&backup);
            assert!(world.aws.calls_of(operation).len() >= *nth, "{context}: not reached: {answer:?}");
            assert!(answer.error_type().is_some(), "{context}: {answer:?}");
            world.aws.reset();
            let answer = world.restore(&backup);
            assert_eq!(answer.payload["status"], "restored", "{context}: {answer:?}");
            assert_eq!(world.fingerprint(), fingerprint, "{context}");
            assert_eq!(Fingerprint::of(&world.backups()[0].rules), fingerprint);
        }
    }
}

/// A client error of EC2 is an answer about that rule; a server error is none about any.
#[test]
fn a_rule_that_ec2_refuses_for_whatever_reason_holds_up_no_other() {
    let world = World::start();
    for n in 0..3 {
        world.add_rule(&NewRule::inbound(&format!("10.{n}.0.0/16")).protocol("tcp", 22, 22));
    }
    let fingerprint = world.fingerprint();
    let backup = world.close().payload["backup"].as_str().unwrap().to_owned();
    // Refused with the others, and alone.
    let with_the_rule = Occurrence::with(|rules| rules.to_string().contains("10.0.0.0/16"));
    let refusal = Fault::error(400, "OperationNotPermitted");
    world.aws.fault("AuthorizeSecurityGroupIngress", with_the_rule, refusal);
    let answer = world.restore(&backup);
    assert_eq!(answer.payload["status"], "partly_restored", "{answer:?}");
    let missing = answer.payload["notRestored"].as_array().unwrap();
    assert_eq!(missing.len(), 1, "{answer:?}");
    assert!(missing[0]["why"].as_str().unwrap().contains("OperationNotPermitted"), "{answer:?}");
    assert!(missing[0]["rule"].to_string().contains("10.0.0.0/16"), "{answer:?}");
    assert_eq!(world.rules().len(), 4, "three of the inbound rules, and the outbound one");

    world.aws.reset();
    world.aws.fault("AuthorizeSecurityGroupIngress", Every, Fault::ServerError);
    let failed = world.restore(&backup);
    assert_eq!(failed.error_type(), Some("AwsApi"), "{failed:?}");
    assert!(failed.error_message().contains(&backup), "{failed:?}");
    world.aws.reset();
    assert_eq!(world.restore(&backup).payload["status"], "restored");
    assert_eq!(world.fingerprint(), fingerprint);
}
