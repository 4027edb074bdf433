//! Restores: exactly the rules of the backup, and only from a backup of this very group.

use defsg_core::Place;
use defsg_core::close::backup::Backup;
use defsg_core::close::plan::Settings;
use defsg_core::documents;
use defsg_core::documents::answer::v1::Status;
use defsg_core::group::{Direction, Fingerprint, Peer, Ports, Protocol, SecurityGroupRule, Traffic};
use defsg_core::ports::ApiErrorKind;
use defsg_core::ports::memory::{MemoryGroup, World};
use defsg_remediation::restore;
use proptest::prelude::*;

use crate::faulty::{Faulty, api_error};
use crate::fixture::*;

async fn closed() -> (Faulty, String) {
    let aws = open();
    let backup = close_now(&aws).await.unwrap().backup.unwrap();
    (aws, backup)
}

#[tokio::test(start_paused = true)]
async fn a_close_and_its_restore_bring_back_the_same_fingerprint_with_new_rule_ids() {
    let (aws, backup) = closed().await;
    let answer = restore_from(&aws, &backup).await.unwrap();
    assert_eq!(answer.status, Status::Restored);
    assert_eq!(answer.fingerprint, Fingerprint::of(&rules()));
    assert_eq!((answer.restored_rules.len(), answer.rules.len()), (6, 0));
    assert_eq!(
        answer.reason,
        "All 6 rules of the backup stand, 6 of them put back now. The fingerprint is the backup's."
    );
    let restored = standing(&aws);
    for rule in rules() {
        assert!(restored.iter().any(|other| other.is_equivalent(&rule)), "{rule}");
        assert!(!restored.iter().any(|other| other.id == rule.id), "{rule}");
    }
    assert!(restored.iter().any(|rule| rule.description.as_deref() == Some("本社の事務所")));
}

#[tokio::test(start_paused = true)]
async fn a_restore_that_is_run_again_changes_nothing() {
    let (aws, backup) = closed().await;
    restore_from(&aws, &backup).await.unwrap();
    let first = standing(&aws);
    let calls = aws.calls().len();
    let again = restore_from(&aws, &backup).await.unwrap();
    assert_eq!((again.status, again.restored_rules.len()), (Status::Restored, 0));
    assert_eq!(standing(&aws), first);
    assert_eq!(aws.calls()[calls..], ["read_backup", "read_group", "read_group"]);
}

#[tokio::test(start_paused = true)]
async fn a_rule_whose_group_is_gone_is_named_with_the_reason_and_the_others_are_put_back() {
    let (aws, backup) = closed().await;
    aws.world().gone.push("sg-0123456789abcdef0".parse().unwrap());
    let answer = restore_from(&aws, &backup).await.unwrap();
    assert_eq!((answer.status, answer.restored_rules.len()), (Status::PartlyRestored, 5));
    assert_eq!(answer.not_restored.len(), 1);
    assert!(answer.not_restored[0].why.starts_with("InvalidGroup.NotFound"), "{:?}", answer.not_restored);
    assert!(answer.reason.contains("1 of 6 rules of the backup do not stand: sgr-"), "{}", answer.reason);
    assert_eq!(standing(&aws).len(), 5);
}

#[tokio::test(start_paused = true)]
async fn rules_that_are_not_in_the_backup_stay_and_are_named() {
    let (aws, backup) = closed().await;
    aws.world().add_rule(&rule(0, Direction::Inbound, ipv4("198.51.100.7/32")));
    let answer = restore_from(&aws, &backup).await.unwrap();
    assert_eq!(answer.status, Status::Restored);
    assert!(answer.reason.contains("as 1 other rules stand and were left: sgr-"), "{}", answer.reason);
    assert_ne!(answer.fingerprint, Fingerprint::of(&rules()));
    assert_eq!(standing(&aws).len(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_stands_with_another_description_is_left_as_it_is_and_named() {
    let (aws, backup) = closed().await;
    let altered = SecurityGroupRule { description: Some("mine".to_owned()), ..rules()[1].clone() };
    aws.world().add_rule(&altered);
    let answer = restore_from(&aws, &backup).await.unwrap();
    assert_eq!((answer.status, answer.restored_rules.len()), (Status::PartlyRestored, 5));
    assert!(answer.not_restored[0].why.contains("another description"), "{:?}", answer.not_restored);
    assert!(standing(&aws).iter().any(|rule| rule.description.as_deref() == Some("mine")));
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_somebody_else_puts_back_at_the_same_time_is_restored_too() {
    let (aws, backup) = closed().await;
    aws.before_each_call(|call, world| {
        let stands = |world: &World| world.group.iter().any(|group| !group.rules.is_empty());
        if call == "authorize_rules" && !stands(world) {
            world.add_rule(&rules()[0]);
        }
        None
    });
    let answer = restore_from(&aws, &backup).await.unwrap();
    assert_eq!((answer.status, answer.not_restored.len()), (Status::Restored, 0), "{}", answer.reason);
    assert_eq!(answer.restored_rules.len(), 5);
    assert_eq!(answer.fingerprint, Fingerprint::of(&rules()));
}

#[tokio::test(start_paused = true)]
async fn rules_that_ec2_took_but_never_shows_end_as_an_error() {
    let (aws, backup) = closed().await;
    aws.before_each_call(|call, world| {
        if call == "read_group" {
            world.group.as_mut().unwrap().rules.clear();
        }
        None
    });
    let error = restore_from(&aws, &backup).await.unwrap_err();
    assert_eq!(error.error_type(), "NotShown");
}

#[tokio::test(start_paused = true)]
async fn a_backup_of_another_group_account_region_or_vpc_is_refused() {
    let (aws, uri) = closed().await;
    let other = Settings { place: place().in_account(&"111122223333".parse().unwrap()), ..settings() };
    let error = restore(&aws, &aws, &id(), &uri, &other).await.unwrap_err();
    assert!(error.to_string().contains("it is of account 012345678912, not 111122223333"), "{error}");
    let other = Settings { place: Place { region: "us-east-1".parse().unwrap(), ..place() }, ..settings() };
    let error = restore(&aws, &aws, &id(), &uri, &other).await.unwrap_err();
    assert!(error.to_string().contains("it is of Region eu-west-1, not us-east-1"), "{error}");
    let error =
        restore(&aws, &aws, &"sg-0f1e2d3c4b5a69788".parse().unwrap(), &uri, &settings()).await.unwrap_err();
    assert!(error.to_string().contains("it is of group sg-0a1b2c3d4e5f60718, not sg-0f1e"), "{error}");
    assert_eq!(error.error_type(), "InvalidBackup");

    identity(&mut aws.world()).vpc = Some("vpc-0fedcba9876543210".parse().unwrap());
    assert_eq!(restore_from(&aws, &uri).await.unwrap_err().error_type(), "InvalidBackup");
    identity(&mut aws.world()).vpc = group(vec![]).identity.vpc;
    identity(&mut aws.world()).owner = "111122223333".parse().unwrap();
    assert_eq!(restore_from(&aws, &uri).await.unwrap_err().error_type(), "InvalidBackup");
    aws.world().group = None;
    assert_eq!(restore_from(&aws, &uri).await.unwrap_err().error_type(), "GroupNotFound");
    assert!(!aws.calls().contains(&"authorize_rules"));
}

#[tokio::test(start_paused = true)]
async fn a_document_that_is_no_backup_is_refused_and_nothing_is_changed() {
    let (aws, uri) = closed().await;
    let key = uri.trim_start_matches("s3://memory/").to_owned();
    let document = String::from_utf8(aws.world().objects[&key].clone()).unwrap();
    for (altered, told) in [
        (document.replace("203.0.113.0/24", "0.0.0.0/0"), "its checksum is not that of its content"),
        (document.replace("\"version\": 1", "\"version\": 2"), "it is of version 2"),
        (document[..document.len() / 2].to_owned(), "it is no backup of defsg"),
        ("{}".to_owned(), "it has no version"),
        (String::new(), "it is no backup of defsg"),
    ] {
        assert_ne!(altered, document);
        aws.world().objects.insert(key.clone(), altered.into_bytes());
        let error = restore_from(&aws, &uri).await.unwrap_err();
        assert_eq!(error.error_type(), "InvalidBackup");
        assert!(error.to_string().contains(told), "{error}");
    }
    assert_eq!(standing(&aws), []);
}

/// A checksum can be computed by anybody; the key says which document was written there.
#[tokio::test(start_paused = true)]
async fn a_backup_that_lies_under_another_key_than_it_was_written_under_is_refused() {
    let (aws, uri) = closed().await;
    let (_, mut backup) = backups(&aws).pop().unwrap();
    backup.rules[1].traffic.peer = ipv4("0.0.0.0/0");
    backup.fingerprint = Fingerprint::of(&backup.rules);
    let (_, forged) = documents::backup::write(&backup);
    let key = uri.trim_start_matches("s3://memory/").to_owned();
    let genuine = aws.world().objects.insert(key, forged).unwrap();
    let elsewhere = "012345678912/eu-west-1/sg-0a1b2c3d4e5f60718/copy.json";
    aws.world().objects.insert(elsewhere.to_owned(), genuine);
    for uri in [uri, format!("s3://memory/{elsewhere}")] {
        let error = restore_from(&aws, &uri).await.unwrap_err();
        assert_eq!(error.error_type(), "InvalidBackup", "{uri}");
        assert!(error.to_string().contains("it was moved or replaced; nothing was changed"), "{error}");
    }
    assert_eq!(standing(&aws), []);
}

#[tokio::test(start_paused = true)]
async fn a_uri_that_lies_elsewhere_or_nowhere_is_refused() {
    let (aws, uri) = closed().await;
    for elsewhere in ["s3://other/x.json", "", "s3://memory/", "https://memory/x.json"] {
        let error = restore_from(&aws, elsewhere).await.unwrap_err();
        assert_eq!(error.error_type(), "InvalidRequest", "{elsewhere}");
    }
    let error = restore_from(&aws, &format!("{uri}x")).await.unwrap_err();
    assert_eq!(error.error_type(), "InvalidBackup");
    assert!(error.to_string().contains("it is not there"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_denied_holds_up_no_other_and_is_an_error() {
    let (aws, backup) = closed().await;
    let denied = std::sync::atomic::AtomicBool::new(false);
    aws.before_each_call(move |call, _| {
        let first = call == "authorize_rules" && !denied.swap(true, std::sync::atomic::Ordering::Relaxed);
        first.then(|| api_error(ApiErrorKind::AccessDenied))
    });
    let error = restore_from(&aws, &backup).await.unwrap_err();
    assert_eq!(error.error_type(), "AccessDenied");
    assert!(error.to_string().contains(&backup), "{error}");
    assert!((1..6).contains(&standing(&aws).len()), "the other batches were put back");
    aws.heal();
    assert_eq!(restore_from(&aws, &backup).await.unwrap().status, Status::Restored);
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_fails_alone_holds_up_no_other_and_is_an_error() {
    let (aws, backup) = closed().await;
    aws.world().gone.push("sg-0123456789abcdef0".parse().unwrap());
    // The batch with the rule that cannot be put back is tried rule by rule; the first of them is denied.
    let calls = std::sync::atomic::AtomicUsize::new(0);
    aws.before_each_call(move |call, _| {
        let nth =
            (call == "authorize_rules").then(|| calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        (nth == Some(1)).then(|| api_error(ApiErrorKind::AccessDenied))
    });
    assert_eq!(restore_from(&aws, &backup).await.unwrap_err().error_type(), "AccessDenied");
    assert_eq!(standing(&aws).len(), 4, "all but the one denied and the one whose group is gone");
    aws.heal();
    assert_eq!(restore_from(&aws, &backup).await.unwrap().status, Status::PartlyRestored);
}

#[tokio::test(start_paused = true)]
async fn rules_that_stand_but_are_not_shown_yet_are_waited_for() {
    let (aws, backup) = closed().await;
    restore_from(&aws, &backup).await.unwrap();
    let restored = standing(&aws);
    // EC2 shows nothing in the first two readings, and knows better in between.
    let readings = std::sync::atomic::AtomicUsize::new(0);
    aws.before_each_call(move |call, world| {
        let hidden = call == "read_group" && readings.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < 2;
        world.group.as_mut().unwrap().rules = if hidden { vec![] } else { restored.clone() };
        None
    });
    let answer = restore_from(&aws, &backup).await.unwrap();
    assert_eq!((answer.status, answer.not_restored.len()), (Status::Restored, 0), "{}", answer.reason);
    assert_eq!(answer.restored_rules, []);
}

#[tokio::test(start_paused = true)]
async fn a_group_with_another_name_is_not_the_one_that_was_backed_up() {
    let (aws, backup) = closed().await;
    identity(&mut aws.world()).name = "web".to_owned();
    let error = restore_from(&aws, &backup).await.unwrap_err();
    assert_eq!(error.error_type(), "InvalidBackup");
    assert_eq!(standing(&aws), []);
}

fn any_rule() -> impl Strategy<Value = SecurityGroupRule> {
    let direction = prop_oneof![Just(Direction::Inbound), Just(Direction::Outbound)];
    let protocol =
        prop_oneof![Just("-1"), Just("tcp"), Just("udp"), Just("icmp"), Just("icmpv6"), Just("50")];
    let peer = prop_oneof![
        any::<[u8; 3]>().prop_map(|[a, b, c]| ipv4(&format!("{a}.{b}.{c}.0/24"))),
        any::<u32>().prop_map(|net| Peer::Ipv6(format!("2001:db8:{net:x}::/48"))),
        any::<u32>().prop_map(|list| Peer::PrefixList(format!("pl-{list:08x}"))),
        any::<u32>().prop_map(|group| reference(&format!("sg-{group:08x}"))),
        Just(reference(id().as_str())),
    ];
    let description = prop_oneof![
        Just(None),
        "[a-z0-9 ._:/()#,@+=&;{}!$*-]{1,40}".prop_map(Some),
        "[ぁ-んァ-ヶ一-龠 ]{1,40}".prop_map(Some),
    ];
    let tags = proptest::collection::btree_map("(aws:)?[a-z]{1,3}", "[a-zあ-ん]{0,3}", 0..3);
    let ports = proptest::option::of((-1..=65_535, -1..=65_535));
    (direction, protocol, ports, peer, description, tags).prop_map(
        |(direction, protocol, ports, peer, description, tags)| {
            let protocol = Protocol::from(protocol);
            // EC2 has no other: a backup with "-1" and a port, say, is refused.
            let (from, to) = ports.unzip();
            let all = Ports { from: 0, to: 65_535 };
            let ports = Ports::whole(&protocol, from, to).unwrap_or(Some(all));
            let traffic = Traffic { direction, protocol, ports, peer };
            SecurityGroupRule { traffic, description, tags, ..rule(0, direction, ipv4("10.0.0.0/8")) }
        },
    )
}

/// A set that EC2 would take: numbered rules, no two for the same traffic.
fn any_rules(most: usize) -> impl Strategy<Value = Vec<SecurityGroupRule>> {
    proptest::collection::vec(any_rule(), 1..=most).prop_map(|rules| {
        let mut set: Vec<SecurityGroupRule> = Vec::new();
        for (number, rule) in rules.into_iter().enumerate() {
            if !set.iter().any(|other| other.traffic.is_same(&rule.traffic)) {
                set.push(SecurityGroupRule { id: format!("sgr-{number:017x}").parse().unwrap(), ..rule });
            }
        }
        set
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn whatever_the_rules_a_close_and_its_restore_bring_back_the_same_fingerprint(rules in any_rules(120)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let aws = Faulty::new(MemoryGroup::new(group(rules.clone())));
            let closed = close_now(&aws).await.unwrap();
            prop_assert_eq!(closed.status, Status::Closed);
            prop_assert!(standing(&aws).is_empty());
            let kept: Vec<(String, Backup)> = backups(&aws);
            prop_assert_eq!(&kept[0].1.rules, &rules);
            let restored = restore_from(&aws, &closed.backup.unwrap()).await.unwrap();
            prop_assert_eq!(restored.status, Status::Restored, "{}", restored.reason);
            prop_assert_eq!(restored.fingerprint, Fingerprint::of(&rules));
            prop_assert_eq!(standing(&aws).len(), rules.len());
            Ok(())
        })?;
    }
}

#[tokio::test(start_paused = true)]
async fn sixty_inbound_and_sixty_outbound_rules_go_and_come_back() {
    let of = |direction, from: u64| {
        (from..from + 60).map(move |number| SecurityGroupRule {
            description: Some(format!("拠点{number}")),
            ..rule(number, direction, ipv4(&format!("10.{number}.0.0/16")))
        })
    };
    let rules: Vec<_> = of(Direction::Inbound, 1).chain(of(Direction::Outbound, 101)).collect();
    let aws = Faulty::new(MemoryGroup::new(group(rules.clone())));
    let closed = close_now(&aws).await.unwrap();
    assert_eq!(closed.removed_rules.len(), 120);
    let restored = restore_from(&aws, &closed.backup.unwrap()).await.unwrap();
    assert_eq!(restored.fingerprint, Fingerprint::of(&rules));
}
