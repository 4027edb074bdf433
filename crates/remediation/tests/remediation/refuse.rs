//! Refusals: answers, and nothing changed.

use defsg_core::close::dependent::{Dependent, NetworkInterface, RecordedResource, Resource};
use defsg_core::close::plan::{Request, Settings};
use defsg_core::close::reference::Reference;
use defsg_core::close::source::{RequiredSources, Source};
use defsg_core::close::survey::{Found, Unsure};
use defsg_core::documents::answer::v1::{Answer, Status};
use defsg_core::group::{Direction, Fingerprint, GroupState};
use defsg_core::judge::exemption::{Exemption, ExemptionTag, Target};
use defsg_core::ports::ApiErrorKind;
use defsg_core::ports::memory::group::SOURCES;
use time::Duration;
use time::macros::offset;

use crate::faulty::{Fault, Faulty, api_error};
use crate::fixture::*;

async fn close_with(aws: &Faulty, settings: &Settings, force: bool) -> Answer {
    close_as(aws, &Request { force, planned: None }, settings, NOW).await.unwrap()
}

fn assert_refused(aws: &Faulty, answer: &Answer, refusal: &str) {
    assert_eq!((answer.status, answer.refusal), (Status::Refused, Some(refusal)), "{}", answer.reason);
    assert_eq!((answer.backup.as_ref(), answer.removed_rules.len()), (None, 0));
    assert_untouched(aws);
}

fn lambda() -> NetworkInterface {
    NetworkInterface {
        id: "eni-0123456789abcdef0".to_owned(),
        interface_type: "lambda".to_owned(),
        description: "AWS Lambda VPC ENI-orders-9b0ce0a1-0f2f-4c0e-8b1a-7d3f5c1e2a34".to_owned(),
        ..NetworkInterface::default()
    }
}

fn uses(dependent: NetworkInterface) -> Vec<Dependent> {
    vec![Dependent::NetworkInterface(dependent)]
}

fn recorded(resource_type: &str, id: &str, name: Option<&str>) -> Vec<Dependent> {
    let (resource_type, id) = (resource_type.to_owned(), id.to_owned());
    vec![Dependent::Recorded(RecordedResource { resource_type, id, name: name.map(ToOwned::to_owned) })]
}

#[tokio::test(start_paused = true)]
async fn a_dependent_of_any_kind_stops_a_close_and_is_named() {
    let other = "sg-0f1e2d3c4b5a69788".parse().unwrap();
    let rule_id = "sgr-0123456789abcdef0".parse().unwrap();
    let vpc = |over: &str| Reference::Vpc { vpc: "vpc-0fedcba9876543210".to_owned(), over: over.to_owned() };
    let glue = Resource {
        kind: "glue-connection",
        noun: "AWS Glue connection",
        id: "orders-db".to_owned(),
        name: "orders-db".to_owned(),
    };
    let cases: [(Source, Found, &str); 8] = [
        (NETWORK_INTERFACES, uses(lambda()).into(), "Lambda function orders (eni-"),
        (
            SECURITY_GROUP_RULES,
            vec![Reference::rule(&id(), &other, &rule_id, Direction::Inbound).unwrap()].into(),
            "inbound rule of sg-0f1e2d3c4b5a69788 (sgr-",
        ),
        (SECURITY_GROUP_RULES, vec![vpc("pcx-0a1b2c3d4e5f60718")].into(), "over pcx-0a1b2c3d4e5f60718 (vpc-"),
        (SECURITY_GROUP_RULES, vec![vpc("tgw-0a1b2c3d4e5f60718")].into(), "over tgw-0a1b2c3d4e5f60718 (vpc-"),
        (LAUNCH_TEMPLATES, vec![template()].into(), "launch template web, version 3 (default) (lt-"),
        (
            RELATIONSHIPS,
            recorded("AWS::DAX::Cluster", "dax-1", Some("cache")).into(),
            "AWS::DAX::Cluster cache (dax-1)",
        ),
        (CODE_BUILD, recorded("AWS::CodeBuild::Project", "idle", None).into(), "AWS::CodeBuild::Project"),
        (NETWORK_INTERFACES, vec![Dependent::Resource(glue)].into(), "AWS Glue connection orders-db"),
    ];
    for (source, found, named) in cases {
        let aws = open();
        let dependents = found.dependents.iter().map(|what| (what.kind(), what.id(), what.name()));
        let references = found.references.iter().map(|what| (what.kind(), what.id(), what.name()));
        let expected: Vec<_> =
            dependents.chain(references).map(|(kind, id, name)| told(kind, id, &name, source)).collect();
        tell(&mut aws.world(), source, found.clone());
        let answer = close_now(&aws).await.unwrap();
        assert_refused(&aws, &answer, "in_use");
        assert!(answer.reason.contains(named), "{}", answer.reason);
        assert_eq!(answer.dependents, expected);
        assert_eq!(answer.dependents[0].source, source.name());
    }
}

#[tokio::test(start_paused = true)]
async fn many_dependents_are_counted_all_and_named_some() {
    let aws = open();
    let numbered = |number| NetworkInterface { id: format!("eni-{number:017x}"), ..lambda() };
    let many: Vec<_> = (0..12).map(|number| Dependent::NetworkInterface(numbered(number))).collect();
    tell(&mut aws.world(), NETWORK_INTERFACES, many);
    let answer = close_now(&aws).await.unwrap();
    assert!(answer.reason.contains("in use by 12: "), "{}", answer.reason);
    assert!(answer.reason.contains(" and 7 more."), "{}", answer.reason);
    assert_eq!(answer.dependents.len(), 12);
}

#[tokio::test(start_paused = true)]
async fn a_required_source_that_cannot_tell_stops_a_close_whichever_it_is() {
    for source in SOURCES {
        for missing in [false, true] {
            let aws = open();
            if missing {
                aws.world().survey.remove(&source);
            } else {
                unsure(&mut aws.world(), source, "UnauthorizedOperation");
            }
            let answer = close_now(&aws).await.unwrap();
            assert_refused(&aws, &answer, "unknown");
            assert_eq!(
                (answer.unknown[0].source.as_str(), answer.unknown[0].required),
                (source.name(), true)
            );
            assert!(answer.reason.contains(source.name()), "{}", answer.reason);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_was_left_out_is_reported_when_it_cannot_tell_and_counts_when_it_can() {
    let required = RequiredSources::parse("all, -config:AWS::CodeBuild::Project", &SOURCES).unwrap();
    let settings = Settings { required, ..settings() };
    let source = CODE_BUILD;

    let aws = open();
    aws.world().survey.insert(source, Err(Unsure::NotRecorded));
    let answer = close_with(&aws, &settings, false).await;
    assert_eq!(answer.status, Status::Closed);
    assert_eq!((answer.unknown[0].source.as_str(), answer.unknown[0].required), (source.name(), false));

    let aws = open();
    tell(&mut aws.world(), source, recorded("AWS::CodeBuild::Project", "nightly", None));
    assert_refused(&aws, &close_with(&aws, &settings, false).await, "in_use");
}

#[tokio::test(start_paused = true)]
async fn force_overrides_in_use_and_unknown_and_nothing_else() {
    type Change = fn(&mut GroupState);
    let changes: [(&str, Change); 3] = [
        ("not_default", |group| group.identity.name = "web".to_owned()),
        ("other_owner", |group| group.identity.owner = "111122223333".parse().unwrap()),
        ("no_vpc", |group| group.identity.vpc = None),
    ];
    for (refusal, change) in changes {
        let aws = open();
        change(aws.world().group.as_mut().unwrap());
        assert_refused(&aws, &close_with(&aws, &settings(), true).await, refusal);
        assert_eq!(aws.calls(), ["read_group"], "nobody needs to be asked");
    }
    for target in [
        Target::SecurityGroup(id()),
        Target::Vpc("vpc-0123456789abcdef0".parse().unwrap()),
        Target::Account("012345678912".parse().unwrap()),
    ] {
        let mut exempt = settings();
        exempt.exemptions.entries =
            vec![Exemption { target, until: Some(NOW.date()), owner: None, reason: "ERP".to_owned() }];
        let aws = open();
        let answer = close_with(&aws, &exempt, true).await;
        assert_refused(&aws, &answer, "exempt");
        assert!(answer.reason.contains("Exempt until 2026-11-22"), "{}", answer.reason);
        // The day is that of UTC, whatever the caller's clock is set to.
        let elsewhere = (NOW + Duration::hours(12)).to_offset(offset!(+9));
        let answer = close_as(&aws, &Request::default(), &exempt, elsewhere).await.unwrap();
        assert_refused(&aws, &answer, "exempt");
        exempt.exemptions.entries[0].until = NOW.date().previous_day();
        assert_eq!(close_with(&open(), &exempt, false).await.status, Status::Closed, "over since yesterday");
    }
    let aws = open();
    let request = Request { force: true, planned: Some(Fingerprint::of(&[])) };
    let answer = close_as(&aws, &request, &settings(), NOW).await.unwrap();
    assert_refused(&aws, &answer, "changed_since_plan");
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_json_with_every_field_always() {
    let aws = open();
    tell(&mut aws.world(), NETWORK_INTERFACES, uses(lambda()));
    let answer = serde_json::to_value(close_now(&aws).await.unwrap()).unwrap();
    let mut fields: Vec<_> = answer.as_object().unwrap().keys().cloned().collect();
    fields.sort();
    assert_eq!(
        fields,
        [
            "backup",
            "dependents",
            "fingerprint",
            "groupId",
            "notRestored",
            "reason",
            "refusal",
            "removedRules",
            "restoredRules",
            "rules",
            "status",
            "unknown",
            "vpcId"
        ]
    );
    assert_eq!((&answer["status"], &answer["refusal"]), (&"refused".into(), &"in_use".into()));
    assert_eq!(
        answer["dependents"],
        serde_json::json!([{
            "kind": "network-interface", "id": "eni-0123456789abcdef0",
            "name": "Lambda function orders", "source": "network-interfaces",
        }])
    );
}

#[tokio::test(start_paused = true)]
async fn a_group_that_came_into_use_while_its_close_was_interrupted_is_refused_and_its_backup_named() {
    let aws = open();
    aws.fail("revoke_rules", 2, Fault::Error);
    close_now(&aws).await.unwrap_err();
    aws.heal();
    tell(&mut aws.world(), NETWORK_INTERFACES, uses(lambda()));
    let answer = close_now(&aws).await.unwrap();
    assert_eq!(answer.refusal, Some("in_use"));
    let kept = backups(&aws).pop().unwrap().0;
    assert!(answer.reason.ends_with(&format!("was interrupted; the rules as they were are in {kept}.")));
    assert_eq!(answer.backup, Some(kept.clone()));
    assert_eq!(plan_now(&aws).await.backup, Some(kept));
}

#[tokio::test(start_paused = true)]
async fn a_close_that_ended_before_it_took_a_rule_away_was_not_interrupted() {
    let aws = open();
    aws.fail("read_backup", 1, Fault::Error);
    assert_eq!(close_now(&aws).await.unwrap_err().error_type(), "BackupFailed");
    assert_eq!(backups(&aws).len(), 1);
    aws.heal();
    tell(&mut aws.world(), NETWORK_INTERFACES, uses(lambda()));
    let answer = close_now(&aws).await.unwrap();
    assert_eq!((answer.refusal, answer.backup), (Some("in_use"), None));
    assert!(!answer.reason.contains("interrupted"), "{}", answer.reason);
}

#[tokio::test(start_paused = true)]
async fn a_reason_that_many_sources_have_is_given_once() {
    let of_config = [
        RELATIONSHIPS,
        Source::new("config:AWS::AmazonMQ::Broker"),
        Source::new("config:AWS::AppRunner::VpcConnector"),
        Source::new("config:AWS::AppStream::Fleet"),
        Source::new("config:AWS::AutoScaling::LaunchConfiguration"),
        Source::new("config:AWS::Batch::ComputeEnvironment"),
        CODE_BUILD,
    ];
    let sources = [[NETWORK_INTERFACES, LAUNCH_TEMPLATES].as_slice(), &of_config].concat();
    let settings = Settings { required: RequiredSources::every(&sources), ..settings() };
    let aws = open();
    for source in of_config {
        aws.world().survey.insert(source, Err(Unsure::NotRecorded));
    }
    let denied = api_error(ApiErrorKind::AccessDenied);
    aws.world().survey.insert(LAUNCH_TEMPLATES, Err(Unsure::Failed(denied.clone())));
    let answer = close_with(&aws, &settings, false).await;
    assert_refused(&aws, &answer, "unknown");
    let more = of_config.len() - 5;
    let expected = format!(
        "sg-0a1b2c3d4e5f60718 is not closed: nobody knows whether it is in use. Could not tell: launch-templates ({denied}), \
         config-relationships, config:AWS::AmazonMQ::Broker, config:AWS::AppRunner::VpcConnector, \
         config:AWS::AppStream::Fleet, config:AWS::AutoScaling::LaunchConfiguration and {more} more \
         (AWS Config does not record it)."
    );
    assert_eq!(answer.reason, expected);
    assert_eq!(answer.unknown.len(), more + 6, "the list has every one");
}

/// Somebody meant to exempt the group: whoever reads the plan shall know.
#[tokio::test(start_paused = true)]
async fn an_exemption_that_does_not_hold_is_named() {
    let mut settings = settings();
    settings.exemptions.tag = Some(ExemptionTag { key: "defsg-exempt".to_owned(), max_days: 365 });
    let aws = open();
    identity(&mut aws.world()).tags.insert("defsg-exempt".to_owned(), "31.12.2026".to_owned());
    let planned = plan_with(&aws, &settings, NOW).await;
    assert_eq!(planned.status, Status::Planned);
    let expected = "3 inbound and 3 outbound rules. Tag defsg-exempt does not exempt: its value must begin with a date, \
                    YYYY-MM-DD.";
    assert!(planned.reason.ends_with(expected), "{}", planned.reason);
}
