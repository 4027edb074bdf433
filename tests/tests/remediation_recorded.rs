//! What AWS Config has recorded with a default group stops its close: idle things, above all, that have no
//! interface.

use defsg_core::close::dependent::recorded::{RecordedType, TYPES};
use defsg_e2e::fake::Fault;
use defsg_e2e::fake::Occurrence::{self, Every};
use defsg_e2e::remediator::World;
use serde_json::{Value, json};

/// The kind of every dependent that AWS Config tells of.
const KIND: &str = "recorded-resource";

/// A recorded item of this type with the group at this property. Config compares a list by any of its
/// elements, so what can be a list is one here, and the group is not its first element.
fn item(of: &RecordedType, property: &str, group: &str) -> Value {
    let mut steps = property.rsplit('.');
    let last = steps.next().unwrap();
    let arn = format!("arn:aws:ec2:eu-west-1:012345678912:security-group/{group}");
    let group = if of.by_arn { &arn } else { group };
    let leaf = if last.ends_with('s') { json!(["sg-00000002", group]) } else { json!(group) };
    let mut node = json!({last: leaf});
    for step in steps {
        node = if step.ends_with('s') { json!({step: [{}, node]}) } else { json!({step: node}) };
    }
    let resource_type = of.resource_type();
    node["resourceType"] = json!(resource_type);
    node["resourceId"] = json!(format!("id-of-{resource_type}"));
    node["resourceName"] = json!("orders");
    node["relationships"] = json!([]);
    node
}

#[test]
fn every_recorded_type_stops_a_close_by_each_of_its_properties() {
    let world = World::start();
    for of in TYPES {
        for property in of.properties {
            let item = item(of, property, &world.group);
            let id = item["resourceId"].as_str().unwrap().to_owned();
            world.aws.data(|data| data.items = vec![item]);
            let answer = world.close();
            world.assert_in_use(&answer, KIND, &id, &format!("{} orders", of.resource_type()));
        }
    }
    let others: Vec<_> = TYPES
        .iter()
        .flat_map(|of| of.properties.iter().map(|property| item(of, property, "sg-00000001")))
        .collect();
    world.aws.data(|data| data.items = others);
    world.assert_closed();
}

#[test]
fn idle_things_that_have_no_interface_are_found_as_config_records_them() {
    let world = World::start();
    for mut item in recorded_items() {
        let text = item.to_string().replace("sg-GROUP", &world.group);
        item = serde_json::from_str(&text).unwrap();
        let (of, id) = (item["resourceType"].as_str().unwrap().to_owned(), item["resourceId"].clone());
        world.aws.data(|data| data.items = vec![item]);
        world.assert_in_use(&world.close(), KIND, id.as_str().unwrap(), &of);
    }
    world.aws.data(|data| data.items.clear());
    world.assert_closed();
}

/// Items in the shape of AWS's documented examples, with `sg-GROUP` where the group is.
fn recorded_items() -> Vec<Value> {
    let item = |of: &str, id: &str, configuration: Value| {
        json!({
            "version": "1.3", "accountId": "012345678912", "awsRegion": "eu-west-1", "resourceType": of,
            "resourceId": id, "resourceName": "orders", "configurationItemStatus": "OK", "relationships": [],
            "configuration": configuration,
        })
    };
    vec![
        item(
            "AWS::Lambda::Function",
            "orders",
            json!({
                "functionName": "orders", "runtime": "provided.al2023", "handler": "bootstrap", "memorySize": 128.0,
                "vpcConfig": {"subnetIds": ["subnet-0a"], "securityGroupIds": ["sg-00000001", "sg-GROUP"]},
            }),
        ),
        item(
            "AWS::CodeBuild::Project",
            "arn:aws:codebuild:eu-west-1:012345678912:project/orders",
            json!({
                "name": "orders", "source": {"type": "NO_SOURCE"}, "artifacts": {"type": "NO_ARTIFACTS"},
                "vpcConfig": {"vpcId": "vpc-0a", "subnets": ["subnet-0a"], "securityGroupIds": ["sg-GROUP"]},
            }),
        ),
        item(
            "AWS::ECS::Service",
            "arn:aws:ecs:eu-west-1:012345678912:service/main/orders",
            json!({
                "ServiceName": "orders", "DesiredCount": 0, "LaunchType": "FARGATE",
                "NetworkConfiguration": {"AwsvpcConfiguration": {
                    "AssignPublicIp": "DISABLED", "SecurityGroups": ["sg-GROUP"], "Subnets": ["subnet-0a"],
                }},
            }),
        ),
        item(
            "AWS::RDS::DBInstance",
            "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            json!({
                "dBInstanceIdentifier": "orders", "dBInstanceStatus": "stopped", "engine": "postgres",
                "vpcSecurityGroups": [
                    {"vpcSecurityGroupId": "sg-00000001", "status": "active"},
                    {"vpcSecurityGroupId": "sg-GROUP", "status": "active"},
                ],
            }),
        ),
        item(
            "AWS::RDS::DBCluster",
            "cluster-ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            json!({
                "dBClusterIdentifier": "orders", "status": "stopped",
                "vpcSecurityGroups": [{"vpcSecurityGroupId": "sg-GROUP", "status": "active"}],
            }),
        ),
        item(
            "AWS::Batch::ComputeEnvironment",
            "arn:aws:batch:eu-west-1:012345678912:compute-environment/orders",
            json!({
                "ComputeEnvironmentName": "orders", "Type": "MANAGED", "State": "DISABLED",
                "ComputeResources": {"Type": "FARGATE", "MaxvCpus": 4, "SecurityGroupIds": ["sg-GROUP"], "Subnets": ["subnet-0a"]},
            }),
        ),
        item(
            "AWS::SageMaker::NotebookInstance",
            "orders",
            json!({
                "InstanceType": "ml.t3.medium", "NotebookInstanceName": "orders", "SecurityGroupIds": ["sg-GROUP"],
            }),
        ),
        item(
            "AWS::Redshift::Cluster",
            "orders",
            json!({
                "clusterIdentifier": "orders", "clusterStatus": "paused",
                "vpcSecurityGroups": [{"vpcSecurityGroupId": "sg-GROUP", "status": "active"}],
            }),
        ),
        item(
            "AWS::OpenSearch::Domain",
            "012345678912/orders",
            json!({
                "DomainName": "orders", "VPCOptions": {"SecurityGroupIds": ["sg-GROUP"], "SubnetIds": ["subnet-0a"]},
            }),
        ),
        item(
            "AWS::MSK::Cluster",
            "arn:aws:kafka:eu-west-1:012345678912:cluster/orders/1",
            json!({
                "ClusterName": "orders", "BrokerNodeGroupInfo": {"InstanceType": "kafka.m5.large", "SecurityGroups": ["sg-GROUP"]},
            }),
        ),
    ]
}

#[test]
fn any_recorded_relationship_stops_a_close_but_those_that_are_no_use() {
    let world = World::start();
    let related = |of: &str| {
        json!({
            "resourceType": of, "resourceId": "orders", "configuration": {},
            "relationships": [{"resourceId": world.group, "resourceType": "AWS::EC2::SecurityGroup", "relationshipName": "Is associated with "}],
        })
    };
    world.aws.data(|data| data.items = vec![related("AWS::New::Thing")]);
    world.assert_in_use(&world.close(), KIND, "orders", "AWS::New::Thing");
    let no_use = ["AWS::EC2::VPC", "AWS::EC2::NetworkInterface", "AWS::Config::ResourceCompliance"];
    world.aws.data(|data| data.items = no_use.map(related).to_vec());
    world.assert_closed();
}

#[test]
fn a_resource_that_config_tells_of_in_two_ways_is_named_once() {
    let world = World::start();
    let function = json!({
        "resourceType": "AWS::Lambda::Function", "resourceId": "orders", "resourceName": "orders",
        "configuration": {"vpcConfig": {"securityGroupIds": [world.group]}},
        "relationships": [{"resourceId": world.group, "resourceType": "AWS::EC2::SecurityGroup"}],
    });
    world.aws.data(|data| data.items = vec![function]);
    world.assert_in_use(&world.close(), KIND, "orders", "AWS::Lambda::Function orders");
}

#[test]
fn dependents_on_a_later_page_are_found() {
    let world = World::start();
    let functions = (0..7).map(|n| {
        json!({
            "resourceType": "AWS::Lambda::Function", "resourceId": format!("orders-{n}"), "relationships": [],
            "configuration": {"vpcConfig": {"securityGroupIds": [world.group]}},
        })
    });
    let functions = functions.collect();
    world.aws.data(|data| (data.items, data.results_per_page) = (functions, 3));
    let answer = world.close();
    let names: Vec<_> =
        answer.payload["dependents"].as_array().unwrap().iter().map(|of| of["id"].clone()).collect();
    assert_eq!(names, (0..7).map(|n| json!(format!("orders-{n}"))).collect::<Vec<_>>());
    let reason = answer.payload["reason"].as_str().unwrap();
    assert!(reason.contains("in use by 7") && reason.contains("2 more"), "{reason}");
}

#[test]
fn what_config_does_not_record_is_unknown() {
    let world = World::start();
    let only = json!({"allSupported": false, "resourceTypes": ["AWS::Lambda::Function"]});
    let cases = [
        ("no recorder", json!([]), json!([]), TYPES.len() + 1),
        ("stopped", Value::Null, json!([{"name": "default", "recording": false}]), TYPES.len() + 1),
        (
            "failing",
            Value::Null,
            json!([{"name": "default", "recording": true, "lastStatus": "FAILURE", "lastErrorCode": "AccessDenied"}]),
            TYPES.len() + 1,
        ),
        ("one type", json!([{"name": "default", "recordingGroup": only}]), Value::Null, TYPES.len()),
    ];
    for (what, recorders, states, count) in cases {
        world.aws.data(|data| {
            *data = Default::default();
            if let Value::Array(recorders) = recorders {
                data.recorders = recorders;
            }
            if let Value::Array(states) = states {
                data.recorder_states = states;
            }
        });
        let answer = world.close();
        assert_eq!(answer.payload["refusal"], "unknown", "{what}: {answer:?}");
        assert_eq!(answer.payload["unknown"].as_array().unwrap().len(), count, "{what}: {answer:?}");
        let why = answer.payload["unknown"][0]["why"].as_str().unwrap();
        assert!(why.contains("AWS Config"), "{what}: {why}");
    }
    assert_eq!(world.rules().len(), 2);
}

#[test]
fn a_type_that_the_region_does_not_know_is_unknown_and_the_others_are_asked_for() {
    let invalid = || Fault::error(400, "InvalidExpressionException");
    let asks_for = |query: &Value, of: &RecordedType| {
        query["Expression"].as_str().unwrap().contains(&format!("'{}'", of.resource_type()))
    };
    let world = World::start();
    let together = Occurrence::with(move |query| asks_for(query, &TYPES[0]) && asks_for(query, &TYPES[1]));
    world.aws.fault("SelectResourceConfig", together, invalid());
    let answer = world.close();
    assert_eq!(answer.payload["status"], "closed", "each type was asked for alone: {answer:?}");
    assert!(world.aws.calls_of("SelectResourceConfig").len() > 10);

    let world = World::start();
    let first = Occurrence::with(move |query| asks_for(query, &TYPES[0]));
    world.aws.fault("SelectResourceConfig", first, invalid());
    let answer = world.close();
    assert_eq!(answer.payload["refusal"], "unknown", "{answer:?}");
    let unknown = answer.payload["unknown"].as_array().unwrap();
    assert_eq!(unknown.len(), 1, "{answer:?}");
    assert_eq!(unknown[0]["source"], format!("config:{}", TYPES[0].resource_type()));
}

/// Found by an attack: a function that was made today and is idle is not recorded until tomorrow.
#[test]
fn what_config_records_once_a_day_is_unknown_unless_it_shows_a_dependent() {
    let mut world = World::start();
    let daily = |world: &World, mode: Value| {
        world.aws.data(|data| data.recorders[0]["recordingMode"] = mode);
    };
    let lambda = json!({"resourceTypes": ["AWS::Lambda::Function"], "recordingFrequency": "DAILY"});
    for (mode, count) in [
        (json!({"recordingFrequency": "DAILY"}), TYPES.len() + 1),
        (json!({"recordingFrequency": "CONTINUOUS", "recordingModeOverrides": [lambda]}), 1),
    ] {
        daily(&world, mode);
        let answer = world.close();
        assert_eq!(answer.payload["refusal"], "unknown", "{answer:?}");
        assert_eq!(answer.payload["unknown"].as_array().unwrap().len(), count, "{answer:?}");
        assert!(answer.payload["reason"].as_str().unwrap().contains("once a day"), "{answer:?}");
    }
    let function = item(lambda_type(), lambda_type().properties[0], &world.group);
    world.aws.data(|data| data.items = vec![function]);
    world.assert_in_use(&world.close(), KIND, "id-of-AWS::Lambda::Function", "orders");

    world.aws.data(|data| data.items.clear());
    world.restart_with("REQUIRED_SOURCES", "-config:AWS::Lambda::Function");
    let answer = world.close();
    assert_eq!(answer.payload["status"], "closed", "{answer:?}");
    assert_eq!(
        answer.payload["unknown"][0]["source"], "config:AWS::Lambda::Function",
        "it is reported: {answer:?}"
    );
}

fn lambda_type() -> &'static RecordedType {
    TYPES.iter().find(|of| of.resource_type() == "AWS::Lambda::Function").unwrap()
}

#[test]
fn a_result_that_was_not_asked_for_makes_its_query_unknown() {
    let world = World::start();
    let other = |body: String| body.replace("AWS::Lambda::Function", "AWS::New::Thing");
    let function = item(lambda_type(), lambda_type().properties[0], &world.group);
    world.aws.data(|data| data.items = vec![function]);
    world.aws.fault("SelectResourceConfig", Every, Fault::altered(other));
    let answer = world.close();
    assert_eq!(answer.payload["refusal"], "unknown", "{answer:?}");
    let reason = answer.payload["reason"].as_str().unwrap();
    assert!(reason.contains("AWS::New::Thing, which was not asked for"), "{reason}");
}
