//! The harness's own proxy, which stands before moto: were it wrong, the tests of the remediator would prove nothing.

use defsg_e2e::moto::{Moto, NewRule};
use defsg_e2e::proxy::{Fault, Proxy, Reference};
use serde_json::{Value, json};

const GROUP: &str = "sg-0123456789abcdef0";

fn config(proxy: &Proxy, operation: &str, body: &Value) -> Result<Value, u16> {
    let answer = ureq::post(proxy.url())
        .header("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/config/aws4_request")
        .header("X-Amz-Target", format!("StarlingDoveService.{operation}"))
        .send(body.to_string());
    match answer {
        Ok(mut answer) => Ok(serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap()),
        Err(ureq::Error::StatusCode(status)) => Err(status),
        Err(error) => panic!("{error}"),
    }
}

fn ec2(proxy: &Proxy, members: &[(&str, &str)]) -> Result<String, ureq::Error> {
    let version = [("Version", "2016-11-15")];
    let answer = ureq::post(proxy.url())
        .header("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/ec2/aws4_request")
        .send_form(version.iter().chain(members).copied());
    answer.and_then(|mut answer| answer.body_mut().read_to_string())
}

/// The ids that a condition selects of two recorded functions.
fn selected(proxy: &Proxy, condition: &str) -> Result<Vec<String>, u16> {
    let expression = format!("SELECT resourceId, resourceType WHERE {condition}");
    let answer = config(proxy, "SelectResourceConfig", &json!({"Expression": expression}))?;
    let results = answer["Results"].as_array().unwrap().iter();
    let results = results.map(|result| serde_json::from_str(result.as_str().unwrap()).unwrap());
    Ok(results.map(|result: Value| result["resourceId"].as_str().unwrap().to_owned()).collect())
}

#[test]
fn select_resource_config_compares_properties_and_elements_of_lists() {
    let function = |id: &str, group: &str| {
        json!({
            "resourceId": id, "resourceType": "AWS::Lambda::Function",
            "configuration": {"vpcConfig": {"securityGroupIds": ["sg-1", group]}},
            "relationships": [{"resourceId": format!("of-{id}")}],
        })
    };
    let proxy = Proxy::start("http://127.0.0.1:9");
    proxy.account(|account| account.items = vec![function("a", "sg-2"), function("b", "sg-3")]);
    let property = "configuration.vpcConfig.securityGroupIds";
    for (condition, expected) in [
        ("resourceId = 'a'".to_owned(), vec!["a"]),
        (format!("{property} = 'sg-1'"), vec!["a", "b"]),
        (format!("{property} = 'sg-3'"), vec!["b"]),
        (format!("{property} = 'sg-9'"), vec![]),
        (
            format!(
                "resourceType = 'AWS::Lambda::Function' AND ({property} = 'sg-9' OR {property} = 'sg-2')"
            ),
            vec!["a"],
        ),
        (format!("(resourceType = 'x' AND {property} = 'sg-1') OR (resourceId = 'b')"), vec!["b"]),
        ("relationships.resourceId = 'of-b'".to_owned(), vec!["b"]),
        ("configuration.vpcConfig = 'sg-1'".to_owned(), vec![]),
    ] {
        let expected: Vec<_> = expected.into_iter().map(str::to_owned).collect();
        assert_eq!(selected(&proxy, &condition), Ok(expected), "{condition}");
    }
    for broken in
        ["resourceId = a", "(resourceId = 'a'", "resourceId LIKE 'a'", "resourceId = 'a' resourceId = 'a'"]
    {
        assert_eq!(selected(&proxy, broken), Err(400), "{broken}");
    }
    let too_long = format!("resourceId = '{}'", "a".repeat(4096));
    assert_eq!(selected(&proxy, &too_long), Err(400));
}

#[test]
fn references_are_answered_for_the_group_that_is_asked_for() {
    let proxy = Proxy::start("http://127.0.0.1:9");
    let reference = Reference { group: GROUP.to_owned(), vpc: "vpc-1".to_owned(), over: "pcx-1".to_owned() };
    proxy.account(|account| account.references.push(reference));
    let ask =
        |group| ec2(&proxy, &[("Action", "DescribeSecurityGroupReferences"), ("GroupId.1", group)]).unwrap();
    assert!(ask(GROUP).contains("<vpcPeeringConnectionId>pcx-1</vpcPeeringConnectionId>"));
    assert!(!ask("sg-00000001").contains("pcx-1"));
}

#[test]
fn a_fault_is_played_for_its_calls_and_all_others_reach_moto() {
    let moto = Moto::start();
    let proxy = Proxy::start(moto.url());
    let vpc = moto.create_vpc();
    let group = moto.default_group(&vpc)["groupId"].as_str().unwrap().to_owned();
    moto.add_rule(&group, &NewRule::inbound("10.0.0.0/8").description("日本語"));
    let describe = || ec2(&proxy, &[("Action", "DescribeSecurityGroups"), ("GroupId.1", &group)]);
    assert!(describe().unwrap().contains("日本語"));
    proxy.fault("DescribeSecurityGroups", 2..=2, Fault::Denied);
    proxy.fault("DescribeSecurityGroups", 3..=3, Fault::Cut);
    proxy.fault_any(4..=4, Fault::alter(|body| body.replace("日本語", "changed")));
    assert!(matches!(describe(), Err(ureq::Error::StatusCode(403))));
    assert!(describe().is_err());
    assert!(describe().unwrap().contains("changed"));
    assert!(describe().unwrap().contains("日本語"));
    assert_eq!(proxy.calls_of("DescribeSecurityGroups").len(), 5);

    let revoke = [("Action", "RevokeSecurityGroupIngress"), ("GroupId", &group)];
    let rule = moto.rules(&group).into_iter().find(|rule| rule.description.is_some()).unwrap();
    let revoke = [&revoke[..], &[("SecurityGroupRuleId.1", rule.rule_id.as_str())]].concat();
    proxy.fault("RevokeSecurityGroupIngress", 1..=1, Fault::Cut);
    assert!(ec2(&proxy, &revoke).is_err());
    assert_eq!(moto.rules(&group).len(), 2, "cut off before moto was asked");
    proxy.fault("RevokeSecurityGroupIngress", 2..=2, Fault::CutAfter);
    assert!(ec2(&proxy, &revoke).is_err());
    assert_eq!(moto.rules(&group).len(), 1, "cut off after moto was asked");
}

#[test]
fn what_is_added_to_moto_is_read_back() {
    let moto = Moto::start();
    let vpc = moto.create_vpc();
    let (group, web) = (moto.create_group(&vpc, "one"), moto.create_group(&vpc, "web"));
    let list = moto.create_prefix_list("IPv4");
    moto.revoke_all(&group);
    let rules = [
        (
            NewRule::inbound("10.0.0.0/8").protocol("tcp", 22, 23).description("日本語"),
            "inbound tcp 22-23 from 10.0.0.0/8",
        ),
        (
            NewRule::inbound("::/0").protocol("icmpv6", -1, -1).description("v6"),
            "inbound icmpv6 -1 from ::/0",
        ),
        (NewRule::inbound(&list), "pl-"),
        (NewRule::outbound(&web).protocol("udp", 53, 53).tag("team", "網"), web.as_str()),
    ];
    for (rule, text) in rules {
        let before = moto.rules(&group);
        moto.add_rule(&group, &rule);
        let added = moto.rules(&group).into_iter().filter(|rule| !before.contains(rule)).collect::<Vec<_>>();
        assert_eq!(added.len(), 1);
        assert!(added[0].to_string().contains(text), "{text}: {}", added[0]);
    }
    let rules = moto.rules(&group);
    let mut described: Vec<_> = rules.iter().filter_map(|rule| rule.description.as_deref()).collect();
    described.sort_unstable();
    assert_eq!(described, ["v6", "日本語"]);
    assert!(rules.iter().any(|rule| rule.tags.get("team").is_some_and(|team| team == "網")));

    moto.create_bucket("kept");
    moto.put_object("kept", "a/b.json", "字".as_bytes());
    assert_eq!(moto.keys("kept"), ["a/b.json"]);
    assert_eq!(moto.object("kept", "a/b.json"), "字".as_bytes());
    let subnet = moto.create_subnet(&vpc);
    moto.delete_interface(&moto.create_interface(&subnet, &group, "uplink"));
    let template = moto.create_launch_template("t", &[("SecurityGroupId.1", &group)]);
    moto.add_template_version(&template, &[]);
    moto.set_default_version(&template, "2");
    moto.delete_launch_template(&template);
    assert_ne!(moto.default_vpc(), vpc);
    moto.delete_group(&web);
}
