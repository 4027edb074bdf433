//! Everything that can use a default group stops its close, and so does not knowing.

use defsg_core::close::dependent::recorded::TYPES;
use defsg_e2e::fake::Occurrence::Every;
use defsg_e2e::fake::{Fault, Occurrence, Reference};
use defsg_e2e::moto::NewRule;
use defsg_e2e::remediator::{World, shared_moto};
use defsg_e2e::rie::Answer;
use serde_json::{Value, json};

#[test]
fn a_network_interface_stops_a_close_and_is_named_by_what_it_serves() {
    let world = World::start();
    let subnet = world.moto.create_subnet(&world.vpc);
    let cases = [
        ("AWS Lambda VPC ENI-orders-1b2c3d4e-0000-1111-2222-333344445555", "Lambda function orders"),
        ("ELB app/shop/50dc6c495c0c9188", "Application Load Balancer shop"),
        ("RDSNetworkInterface", "RDS database"),
        ("VPC Endpoint Interface vpce-0123456789abcdef0", "VPC endpoint vpce-0123456789abcdef0"),
        ("EFS mount target for fs-01234567 (fsmt-89abcdef)", "EFS file system fs-01234567"),
        ("uplink", "uplink"),
        ("", "network interface"),
    ];
    for (description, serves) in cases {
        let interface = world.moto.create_interface(&subnet, &world.group, description);
        world.assert_in_use(&world.close(), "network-interface", &interface, serves);
        world.moto.delete_interface(&interface);
    }
    let web = world.moto.create_group(&world.vpc, "web");
    world.moto.create_interface(&subnet, &web, "of another group");
    world.assert_closed();
}

#[test]
fn a_rule_of_another_group_stops_a_close() {
    let world = World::start();
    let web = world.moto.create_group(&world.vpc, "web");
    for rule in [NewRule::inbound(&world.group).protocol("tcp", 443, 443), NewRule::outbound(&world.group)] {
        let before = world.moto.rules(&web);
        world.moto.add_rule(&web, &rule);
        let rule = world.moto.rules(&web).into_iter().find(|rule| !before.contains(rule)).unwrap();
        let name = format!("{} rule of {web}", rule.traffic.direction);
        world.assert_in_use(&world.close(), "security-group-rule", rule.id.as_str(), &name);
        world.moto.revoke_rule(&web, &rule);
    }
    world.assert_closed();
}

#[test]
fn the_groups_own_reference_to_itself_is_no_dependent() {
    let world = World::start();
    world.add_rule(&NewRule::inbound(&world.group).protocol("tcp", 443, 443));
    world.add_rule(&NewRule::outbound(&world.group));
    world.assert_closed();
}

#[test]
fn a_launch_template_stops_a_close_by_its_default_and_by_its_latest_version() {
    let world = World::start();
    let by_id = [("SecurityGroupId.1", world.group.as_str())];
    let by_interface = [
        ("NetworkInterface.1.DeviceIndex", "0"),
        ("NetworkInterface.1.SecurityGroupId.1", world.group.as_str()),
    ];
    for (n, data) in [by_id.as_slice(), by_interface.as_slice()].into_iter().enumerate() {
        let template = world.moto.create_launch_template(&format!("{}-{n}", world.group), data);
        let close = |names: &str| world.assert_in_use(&world.close(), "launch-template", &template, names);
        close("version 1 (default, latest)");
        world.moto.add_template_version(&template, &[]);
        close("version 1 (default)");
        world.moto.set_default_version(&template, "2");
        assert_eq!(world.plan().payload["status"], "planned", "an old version is nobody's");
        world.moto.add_template_version(&template, data);
        close("version 3 (latest)");
        world.moto.delete_launch_template(&template);
    }
    world.assert_closed();
}

#[test]
fn a_launch_template_that_names_the_default_group_means_the_default_vpcs() {
    let world = World::start();
    let by_name = [("SecurityGroup.1", "default")];
    let template = world.moto.create_launch_template(&format!("{}-name", world.group), &by_name);
    assert_eq!(world.plan().payload["status"], "planned");
    let default = world.moto.default_group(&world.moto.default_vpc())["groupId"].clone();
    let answer = world.ask(json!({"action": "plan", "groupId": default}));
    assert_eq!(answer.payload["refusal"], "in_use", "{answer:?}");
    assert_eq!(answer.payload["dependents"][0]["id"], template);
    world.moto.delete_launch_template(&template);
}

#[test]
fn a_reference_from_a_peered_vpc_or_over_a_transit_gateway_stops_a_close() {
    let world = World::start();
    for over in ["pcx-0123456789abcdef0", "tgw-0123456789abcdef0"] {
        let vpc = "vpc-0fedcba9876543210".to_owned();
        let reference = Reference { group: world.group.clone(), vpc, over: over.to_owned() };
        world.aws.data(|data| data.references = vec![reference]);
        world.assert_in_use(&world.close(), "referencing-vpc", "vpc-0fedcba9876543210", over);
    }
    world.aws.data(|data| data.references[0].group = "sg-00000001".to_owned());
    world.assert_closed();
}

/// The names of the sources that could not tell, and whether each had to.
fn unknown(answer: &Answer) -> Vec<(String, bool)> {
    let unknown = answer.payload["unknown"].as_array().unwrap_or_else(|| panic!("no list: {answer:?}"));
    let of = |of: &Value| (of["source"].as_str().unwrap().to_owned(), of["required"].as_bool().unwrap());
    unknown.iter().map(of).collect()
}

#[test]
fn a_source_that_cannot_tell_stops_a_close_unless_it_was_left_out_and_is_named_all_the_same() {
    let _moto = shared_moto();
    let config = TYPES.len() + 1;
    let cases = [
        ("DescribeNetworkInterfaces", "network-interfaces", 1),
        ("DescribeSecurityGroupReferences", "security-group-references", 1),
        ("DescribeLaunchTemplateVersions", "launch-templates", 1),
        ("DescribeConfigurationRecorders", "config", config),
        ("DescribeConfigurationRecorderStatus", "config", config),
        ("SelectResourceConfig", "config", config),
    ];
    for (operation, source, count) in cases {
        for fault in [Fault::Denied, Fault::Throttled, Fault::Cut, Fault::lie("<html/>")] {
            let mut world = World::with(&[("AWS_MAX_ATTEMPTS", "1")]);
            world.aws.fault(operation, Every, fault);
            let refused = world.close();
            assert_eq!(refused.payload["refusal"], "unknown", "{operation}: {refused:?}");
            let named = unknown(&refused);
            assert_eq!(named.len(), count, "{operation}: {named:?}");
            assert!(named.iter().all(|(name, required)| name.starts_with(source) && *required), "{named:?}");
            let why = refused.payload["unknown"][0]["why"].as_str().unwrap();
            assert!(why.contains(operation), "{operation}: {why}");
            assert_eq!((world.rules().len(), world.keys().len()), (2, 0));

            world.restart_with("REQUIRED_SOURCES", &format!("all, -{source}"));
            let closed = world.close();
            assert_eq!(closed.payload["status"], "closed", "{operation}: {closed:?}");
            let named = unknown(&closed);
            assert!(named.len() == count && named.iter().all(|(_, required)| !required), "{named:?}");
        }
    }
}

#[test]
fn rules_of_other_groups_that_cannot_be_listed_are_unknown() {
    let world = World::with(&[("AWS_MAX_ATTEMPTS", "1")]);
    let by_reference = Occurrence::with(|listing| {
        (1..)
            .map_while(|n| listing[format!("Filter.{n}.Name")].as_str())
            .any(|name| ["ip-permission.group-id", "egress.ip-permission.group-id"].contains(&name))
    });
    world.aws.fault("DescribeSecurityGroups", by_reference, Fault::Denied);
    let answer = world.close();
    assert_eq!(answer.payload["refusal"], "unknown", "{answer:?}");
    assert_eq!(unknown(&answer), [("security-group-rules".to_owned(), true)]);
}

#[test]
fn a_source_that_is_left_out_still_stops_a_close_by_what_it_finds() {
    let world = World::with(&[("REQUIRED_SOURCES", "-all")]);
    let subnet = world.moto.create_subnet(&world.vpc);
    let interface = world.moto.create_interface(&subnet, &world.group, "uplink");
    world.assert_in_use(&world.close(), "network-interface", &interface, "uplink");
}
