//! Surveys of many groups in one go, and what each source needs outside its file.

use std::collections::{BTreeMap, BTreeSet};

use defsg_core::close::survey::Survey;
use defsg_core::ports::ApiErrorKind;
use serde_json::{Value, json};

use self::world::World;
use super::*;
use crate::recorded_answers::Aws;

mod world;

/// The number of a group is that of its VPC.
fn group(number: usize) -> GroupIdentity {
    GroupIdentity {
        id: format!("sg-{number:017x}").parse().unwrap(),
        name: "default".to_owned(),
        description: String::new(),
        owner: "012345678912".parse().unwrap(),
        vpc: Some(format!("vpc-{number:08x}").parse().unwrap()),
        tags: BTreeMap::new(),
    }
}

fn id(number: usize) -> String {
    group(number).id.to_string()
}

/// An account in which every source has something of the groups 1 to 3.
fn busy() -> World {
    let lambda = |name: &str, groups: &[String]| {
        json!({
            "resourceType": "AWS::Lambda::Function", "resourceId": name,
            "configuration": { "vpcConfig": { "securityGroupIds": groups } },
        })
    };
    let related = json!({
        "resourceType": "AWS::New::Thing", "resourceId": "new", "relationships": [{ "resourceId": id(3) }],
    });
    World {
        interfaces: vec![("eni-1".into(), vec![id(1)]), ("eni-2".into(), vec![id(2), id(3)])],
        referring: vec![("sg-aaaaaaaa".into(), vec![id(1), id(3)]), (id(2), vec![id(2)])],
        referred: vec![id(2)],
        templates: vec![("lt-1".into(), id(3)), ("lt-2".into(), "default".into())],
        connections: vec![json!({
            "Name": "orders", "PhysicalConnectionRequirements": { "SecurityGroupIdList": [id(2)] },
        })],
        associations: vec![json!({
            "id": "snva-3", "vpcId": "vpc-00000003", "serviceNetworkName": "shop", "securityGroupIds": [id(3)],
        })],
        items: vec![lambda("one", &[id(1)]), lambda("both", &[id(1), id(2)]), related],
        failing: None,
    }
}

async fn survey(aws: &Aws, groups: &[GroupIdentity]) -> Surveys {
    aws.clients().await.survey(&groups.iter().collect::<Vec<_>>()).await
}

/// What a survey found, as `source: sentence`; everything must have been told.
fn told(survey: &Survey) -> Vec<String> {
    let mut told = Vec::new();
    for source in sources() {
        let found = survey[&source].as_ref().unwrap_or_else(|why| panic!("{source}: {why}"));
        told.extend(found.dependents.iter().map(|what| format!("{source}: {what}")));
        told.extend(found.references.iter().map(|what| format!("{source}: {what}")));
    }
    told
}

#[tokio::test]
async fn everything_that_is_found_belongs_to_the_groups_that_it_names() {
    let groups = [1, 2, 3, 4].map(group);
    let surveys = survey(&busy().aws(), &groups).await;
    let expected: [&[&str]; 4] = [
        &[
            "network-interfaces: network interface (eni-1)",
            "security-group-rules: inbound rule of sg-aaaaaaaa (sgr-00000000)",
            "launch-templates: launch template lt-2, version 1 (default, latest) (lt-2)",
            "config:AWS::Lambda::Function: AWS::Lambda::Function one (one)",
            "config:AWS::Lambda::Function: AWS::Lambda::Function both (both)",
        ],
        &[
            "network-interfaces: network interface (eni-2)",
            "security-group-references: security group in vpc-99999999, over an unnamed connection (vpc-99999999)",
            "glue-connections: AWS Glue connection orders (orders)",
            "config:AWS::Lambda::Function: AWS::Lambda::Function both (both)",
        ],
        &[
            "network-interfaces: network interface (eni-2)",
            "security-group-rules: inbound rule of sg-aaaaaaaa (sgr-00000001)",
            "launch-templates: launch template lt-1, version 1 (default, latest) (lt-1)",
            "vpc-lattice-associations: VPC Lattice service network association shop with vpc-00000003 (snva-3)",
            "config-relationships: AWS::New::Thing new (new)",
        ],
        &[],
    ];
    for (group, expected) in groups.iter().zip(expected) {
        assert_eq!(told(&surveys[&group.id]), expected, "{}", group.id);
        let alone = survey(&busy().aws(), std::slice::from_ref(group)).await;
        let of_rules =
            |told: Vec<String>| told.into_iter().map(|told| told.replace("00000001)", "00000000)"));
        let expected: Vec<_> = expected.iter().map(ToString::to_string).collect();
        assert!(of_rules(told(&alone[&group.id])).eq(of_rules(expected)), "{} alone: {alone:?}", group.id);
    }
}

#[tokio::test]
async fn two_hundred_groups_take_as_many_calls_as_one_but_for_config_and_lattice() {
    let count = async |groups: &[GroupIdentity]| {
        let aws = World::default().aws();
        survey(&aws, groups).await;
        let mut counts = BTreeMap::new();
        for call in aws.calls() {
            *counts.entry(call.action).or_insert(0_usize) += 1;
        }
        counts
    };
    let groups: Vec<_> = (1..=200).map(group).collect();
    let (mut one, mut many) = (count(&groups[..1]).await, count(&groups).await);
    // One call a VPC, and one an association, of which there are none.
    let lattice = "vpc-lattice:ListServiceNetworkVpcAssociations";
    assert_eq!((one.remove(lattice), many.remove(lattice)), (Some(1), Some(200)));
    // The tests of `recorded::pack` hold these counts against the limit of an expression.
    let select = "config:SelectResourceConfig";
    assert_eq!(one.remove(select), Some(recorded::query_count(&groups[..1])));
    assert_eq!(many.remove(select), Some(recorded::query_count(&groups)));
    assert_eq!(one, many);
    assert_eq!(one["glue:GetConnections"], 1);
    assert_eq!(one["ec2:DescribeNetworkInterfaces"], 1);
}

/// Glue and EC2 in two pages of what one would hold.
fn in_two_pages(world: World) -> Aws {
    Aws::new(move |call| {
        let (status, body) = world.answer(call);
        let is_first = !call.body.contains("NextToken");
        let body = match call.action.as_str() {
            "glue:GetConnections" if is_first => {
                json!({ "ConnectionList": [], "NextToken": "2" }).to_string()
            }
            "ec2:DescribeNetworkInterfaces" if is_first => {
                let empty = "<networkInterfaceSet/><nextToken>2</nextToken>";
                format!("<DescribeNetworkInterfacesResponse>{empty}</DescribeNetworkInterfacesResponse>")
            }
            _ => body,
        };
        (status, body)
    })
}

#[tokio::test]
async fn what_stands_on_the_second_page_is_found_too() {
    let aws = in_two_pages(busy());
    let groups = [group(2)];
    let surveys = survey(&aws, &groups).await;
    let told = told(&surveys[&groups[0].id]);
    for found in ["network interface (eni-2)", "AWS Glue connection orders (orders)"] {
        assert!(told.iter().any(|told| told.ends_with(found)), "{found} in {told:?}");
    }
    let pages = aws.calls_of("glue:GetConnections");
    assert_eq!(pages.len(), 2);
    assert!(pages.iter().all(|page| page.body.contains("\"HidePassword\":true")), "{pages:?}");
}

#[tokio::test]
async fn config_is_asked_before_everything_live() {
    let aws = busy().aws();
    survey(&aws, &[group(1)]).await;
    let is_of_config: Vec<_> = aws.calls().iter().map(|call| call.action.starts_with("config:")).collect();
    assert!(is_of_config.is_sorted_by(|before, after| *before || !after), "{is_of_config:?}");
}

#[tokio::test]
async fn what_fails_is_said_of_its_source_in_parts_and_the_others_answer() {
    for (action, source, status, code, kind) in [
        (
            "ec2:DescribeNetworkInterfaces",
            "network-interfaces",
            403,
            "UnauthorizedOperation",
            ApiErrorKind::AccessDenied,
        ),
        (
            "ec2:DescribeSecurityGroups",
            "security-group-rules",
            503,
            "RequestLimitExceeded",
            ApiErrorKind::Throttled,
        ),
        ("glue:GetConnections", "glue-connections", 400, "AccessDeniedException", ApiErrorKind::AccessDenied),
        (
            "vpc-lattice:ListServiceNetworkVpcAssociations",
            "vpc-lattice-associations",
            429,
            "ThrottlingException",
            ApiErrorKind::Throttled,
        ),
        (
            "config:SelectResourceConfig",
            "config-relationships",
            400,
            "ThrottlingException",
            ApiErrorKind::Throttled,
        ),
    ] {
        let aws = World { failing: Some((action, status, code)), ..busy() }.aws();
        let groups = [1, 2].map(group);
        let surveys = survey(&aws, &groups).await;
        for survey in surveys.values() {
            for (told, answer) in survey {
                let is_failing =
                    told.name() == source || (source.starts_with("config") && told.is_of_config());
                assert_eq!(answer.is_err(), is_failing, "{action}: {told}");
            }
            let Err(Unsure::Failed(error)) = &survey[&Source::new(source)] else { panic!("{action}") };
            assert_eq!((error.kind, error.code.as_deref()), (kind, Some(code)));
            assert_eq!((&*error.message, &*error.place), ("No", &crate::recorded_answers::place()));
            assert!(action.ends_with(error.operation), "{}", error.operation);
        }
    }
}

#[tokio::test]
async fn the_expression_that_config_refuses_is_asked_in_parts() {
    let world =
        World { failing: Some(("config:SelectResourceConfig", 400, "InvalidExpressionException")), ..busy() };
    let aws = world.aws();
    let surveys = survey(&aws, &[group(1)]).await;
    assert!(surveys[&group(1).id].iter().all(|(source, told)| source.is_of_config() == told.is_err()));
    let types = sources().iter().filter(|source| source.name().starts_with("config:")).count();
    // The relationships, the queries, and each of their types alone.
    assert!((types + 2..=types + 4).contains(&aws.calls_of("config:SelectResourceConfig").len()));
}

#[tokio::test]
async fn passwords_of_glue_connections_are_never_asked_for() {
    for groups in [1, 200] {
        let aws = busy().aws();
        survey(&aws, &(1..=groups).map(group).collect::<Vec<_>>()).await;
        for call in aws.calls_of("glue:GetConnections") {
            let body: Value = serde_json::from_str(&call.body).unwrap();
            assert_eq!(body["HidePassword"], true);
        }
    }
}

/// Every action of the sources.
fn action_names() -> BTreeSet<String> {
    actions().into_iter().map(|(_, action)| action.name.to_owned()).collect()
}

#[tokio::test]
async fn every_action_that_a_survey_takes_stands_with_its_source_and_no_other_does() {
    let aws = busy().aws();
    survey(&aws, &[1, 2, 3].map(group)).await;
    let taken: BTreeSet<_> = aws.calls().into_iter().map(|call| call.action).collect();
    assert_eq!(taken, action_names());
}

#[test]
fn the_remediator_s_role_may_do_what_the_sources_take_and_nothing_else_to_find_dependents() {
    let template = include_str!("../../../../../template.yaml");
    let (_, policy) = template.split_once("PolicyName: find-dependents").unwrap();
    let (policy, _) = policy.split_once("PolicyName: ").unwrap();
    let words = policy.split(|c: char| c.is_whitespace() || "[],".contains(c));
    let services = ["ec2:", "config:", "glue:", "vpc-lattice:"];
    let allowed = words.filter(|word| services.iter().any(|service| word.starts_with(service)));
    assert_eq!(allowed.map(str::to_owned).collect::<BTreeSet<_>>(), action_names());
}

#[test]
fn the_pages_name_each_action_and_each_source() {
    let permissions = include_str!("../../../../../docs/permissions.md");
    let (_, role) = permissions.split_once("## The remediator's role").unwrap();
    let (role, _) = role.split_once("\n## ").unwrap();
    for action in action_names() {
        assert!(role.contains(&format!("`{action}`")), "docs/permissions.md lacks {action}");
    }
    let remediation = include_str!("../../../../../docs/remediation.md");
    for source in sources() {
        let name = source.name().strip_prefix("config:").unwrap_or(source.name());
        assert!(remediation.contains(&format!("`{name}`")), "docs/remediation.md lacks {source}");
    }
}

#[test]
fn each_source_is_named_once_live_ones_first() {
    let names: Vec<_> = sources().iter().map(|source| source.name()).collect();
    assert_eq!(
        names[..7],
        [
            "network-interfaces",
            "security-group-rules",
            "security-group-references",
            "launch-templates",
            "glue-connections",
            "vpc-lattice-associations",
            "config-relationships",
        ]
    );
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
}
