//! The same binary against moto, which knows real groups and rules; the requests are read back from its recorder.

use defsg_e2e::events::Event;
use defsg_e2e::moto::Moto;
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
