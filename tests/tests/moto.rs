//! The same binary against moto, which knows real groups and rules; the requests are read back from its
//! recorder.

use defsg_e2e::events::Event;
use defsg_e2e::moto::{Moto, NewRule};
use defsg_e2e::rie::Rie;
use serde_json::json;

const NOW: &str = "2026-11-20T08:15:27.412Z";

#[test]
fn a_new_vpcs_default_group_is_open_and_closed_once_its_rules_are_revoked() {
    let moto = Moto::start();
    let function = Rie::evaluator(moto.url(), &[]);
    let vpc = moto.create_vpc();
    let group = moto.default_group(&vpc)["groupId"].as_str().unwrap().to_owned();
    moto.add_stock_inbound_rule(&group);

    let judge = || {
        let event = Event::sample("closed").group(&moto.default_group(&vpc), NOW);
        moto.record();
        let answer = function.invoke(&event.payload());
        let recorded = moto.recorded();
        assert_eq!(recorded.len(), 1, "{answer:?}");
        let (operation, body) = &recorded[0];
        assert_eq!(operation, "PutEvaluations");
        assert_eq!(body["TestMode"], json!(true));
        let evaluation = &body["Evaluations"][0];
        assert_eq!(evaluation["ComplianceResourceId"], group);
        evaluation["ComplianceType"].as_str().unwrap().to_owned()
    };
    assert_eq!(judge(), "NON_COMPLIANT");
    moto.revoke_all(&group);
    assert_eq!(judge(), "COMPLIANT");
}

#[test]
fn a_schedule_judges_the_groups_that_moto_describes() {
    let moto = Moto::start();
    let group_of = |vpc: &str| moto.default_group(vpc)["groupId"].as_str().unwrap().to_owned();
    let (open, closed) = (group_of(&moto.create_vpc()), group_of(&moto.create_vpc()));
    moto.revoke_all(&closed);
    moto.record();
    let answer = Rie::evaluator(moto.url(), &[]).invoke(&Event::sample("scheduled").payload());

    let evaluations = moto.evaluations();
    let judged = |group: &str| {
        let evaluation = evaluations.iter().find(|evaluation| evaluation["ComplianceResourceId"] == group);
        evaluation.and_then(|evaluation| evaluation["ComplianceType"].as_str())
    };
    assert_eq!(judged(&open), Some("NON_COMPLIANT"), "{answer:?}");
    assert_eq!(judged(&closed), Some("COMPLIANT"), "{answer:?}");
    // moto does not serve the old results, so the run ends as an error that says so.
    assert!(answer.error_message().contains("GetComplianceDetailsByConfigRule"), "{answer:?}");
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
        (NewRule::inbound("::/0").protocol("icmpv6", -1, -1).description("v6"), "inbound icmpv6 from ::/0"),
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
