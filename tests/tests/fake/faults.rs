//! Faults: what each does, and for which calls.

use std::time::{Duration, Instant};

use defsg_e2e::fake::Occurrence::{self, Every, First, FromNth, Nth};
use defsg_e2e::fake::{Data, Fake, Fault, TOKEN};
use defsg_e2e::moto::{Moto, NewRule};
use serde_json::{Value, json};

use crate::client::{config, ec2, lattice};
use crate::config::{evaluation, put};

const RECORDERS: &str = "DescribeConfigurationRecorders";

fn recorders(aws: &Fake) -> Result<Value, String> {
    config(aws, RECORDERS, &json!({}))
}

#[test]
fn a_fault_is_played_for_its_calls_only() {
    let aws = Fake::start(Data::default());
    let played = |occurrence: Occurrence| {
        aws.heal();
        aws.fault(RECORDERS, occurrence, Fault::Throttled);
        [1, 2, 3, 4].map(|_| recorders(&aws).is_err())
    };
    assert_eq!(played(Every), [true, true, true, true]);
    assert_eq!(played(Nth(2)), [false, true, false, false], "counted from where the fault was set");
    assert_eq!(played(First(2)), [true, true, false, false]);
    assert_eq!(played(FromNth(3)), [false, false, true, true]);
    assert!(config(&aws, "DescribeConfigurationRecorderStatus", &json!({})).is_ok(), "another operation");

    aws.heal();
    let such = Occurrence::with(|parameters| parameters["ConfigurationRecorderNames"][0] == "default");
    aws.fault(RECORDERS, such, Fault::Denied);
    assert!(recorders(&aws).is_ok());
    let named = config(&aws, RECORDERS, &json!({"ConfigurationRecorderNames": ["default"]}));
    assert_eq!(named, Err("AccessDeniedException".to_owned()));
}

#[test]
fn every_call_is_recorded_and_named_by_its_occurrence() {
    let aws = Fake::start(Data::default());
    aws.fault(RECORDERS, Nth(2), Fault::Cut);
    assert!(recorders(&aws).is_ok());
    assert!(put(&aws, &[evaluation()]).is_ok());
    assert!(recorders(&aws).is_err());
    let expected = [(RECORDERS, 1), ("PutEvaluations", 1), (RECORDERS, 2)];
    assert_eq!(aws.occurrences(), expected.map(|(operation, nth)| (operation.to_owned(), nth)));
    assert_eq!(aws.calls_of("PutEvaluations")[0].parameters["ResultToken"], TOKEN);
    aws.reset();
    assert_eq!(aws.calls().len(), 0);
    assert!(recorders(&aws).is_ok());
}

#[test]
fn evaluations_are_refused_and_the_others_are_taken() {
    let aws = Fake::start(Data::default());
    aws.fault("PutEvaluations", Nth(1), Fault::RefuseAll);
    aws.fault("PutEvaluations", Nth(2), Fault::Refuse(vec!["sg-1".to_owned()]));
    assert_eq!(put(&aws, &[evaluation()]), Ok(json!({"FailedEvaluations": [evaluation()]})));
    let mut other = evaluation();
    other["ComplianceResourceId"] = json!("sg-2");
    let both = put(&aws, &[evaluation(), other.clone()]);
    assert_eq!(both, Ok(json!({"FailedEvaluations": [evaluation()]})));
    assert_eq!(aws.evaluations(), [other]);
}

#[test]
fn an_error_looks_as_the_service_writes_it() {
    let aws = Fake::start(Data::default());
    let describe = || ec2(&aws, &[("Action", "DescribeSecurityGroups")]);
    for (fault, code_of_config, code_of_ec2) in [
        (Fault::Throttled, "ThrottlingException", "RequestLimitExceeded"),
        (Fault::Denied, "AccessDeniedException", "UnauthorizedOperation"),
        (Fault::ServerError, "InternalServerException", "InternalError"),
        (Fault::error(400, "Odd"), "Odd", "Odd"),
    ] {
        aws.fault(RECORDERS, Nth(1), fault.clone());
        assert_eq!(recorders(&aws), Err(code_of_config.to_owned()));
        aws.fault("DescribeSecurityGroups", Nth(1), fault);
        assert_eq!(describe(), Err(code_of_ec2.to_owned()));
    }
    aws.fault("ListServiceNetworks", Nth(1), Fault::Throttled);
    assert!(lattice(&aws, "/servicenetworks").is_err_and(|error| error.starts_with("429 ")));
}

#[test]
fn an_answer_is_late_false_changed_or_cut() {
    let aws = Fake::start(Data::default());
    aws.fault(RECORDERS, Nth(1), Fault::Late(Duration::from_millis(200)));
    let start = Instant::now();
    assert!(recorders(&aws).is_ok());
    assert!(start.elapsed() >= Duration::from_millis(200));

    aws.fault(RECORDERS, Nth(1), Fault::lie("[7]"));
    assert_eq!(recorders(&aws), Ok(json!([7])));
    aws.fault(RECORDERS, Nth(1), Fault::altered(|body| body.replace("default", "changed")));
    assert_eq!(recorders(&aws).unwrap()["ConfigurationRecorders"][0]["name"], "changed");
    for cut in [Fault::Cut, Fault::CutMidway, Fault::Lost] {
        aws.fault(RECORDERS, Nth(1), cut.clone());
        assert!(recorders(&aws).is_err(), "{cut:?}");
        assert!(recorders(&aws).is_ok(), "{cut:?}: the next call is on a connection of its own");
    }
    aws.fault("PutEvaluations", Nth(1), Fault::Cut);
    assert!(put(&aws, &[evaluation()]).is_err());
    assert_eq!(aws.evaluations().len(), 0, "it was cut before it was carried out");
    for carried_out in [Fault::Lost, Fault::CutMidway] {
        aws.fault("PutEvaluations", Nth(1), carried_out);
        assert!(put(&aws, &[evaluation()]).is_err());
    }
    assert_eq!(aws.evaluations().len(), 2, "they were cut after they were carried out");
}

#[test]
fn in_front_of_moto_all_that_moto_knows_reaches_it_but_for_faults() {
    let moto = Moto::start();
    let aws = Fake::in_front_of(moto.url(), Data::default());
    let vpc = moto.create_vpc();
    let group = moto.default_group(&vpc)["groupId"].as_str().unwrap().to_owned();
    moto.add_rule(&group, &NewRule::inbound("10.0.0.0/8").description("日本語"));
    let describe = || ec2(&aws, &[("Action", "DescribeSecurityGroups"), ("GroupId.1", &group)]);
    assert!(describe().unwrap().contains("日本語"));
    aws.fault("DescribeSecurityGroups", Nth(1), Fault::Denied);
    aws.fault("DescribeSecurityGroups", Nth(2), Fault::Cut);
    aws.fault("DescribeSecurityGroups", Nth(3), Fault::altered(|body| body.replace("日本語", "changed")));
    assert_eq!(describe(), Err("UnauthorizedOperation".to_owned()));
    assert!(describe().is_err());
    assert!(describe().unwrap().contains("changed"));
    assert!(describe().unwrap().contains("日本語"));
    assert_eq!(aws.calls_of("DescribeSecurityGroups").len(), 5);

    let rule = moto.rules(&group).into_iter().find(|rule| rule.description.is_some()).unwrap();
    let id = rule.id.as_str();
    let revoke = || {
        let action = [("Action", "RevokeSecurityGroupIngress"), ("GroupId", &group)];
        ec2(&aws, &[&action[..], &[("SecurityGroupRuleId.1", id)]].concat())
    };
    aws.fault("RevokeSecurityGroupIngress", Nth(1), Fault::Cut);
    assert!(revoke().is_err());
    assert_eq!(moto.rules(&group).len(), 2, "cut off before moto was asked");
    aws.fault("RevokeSecurityGroupIngress", Nth(1), Fault::Lost);
    assert!(revoke().is_err());
    assert_eq!(moto.rules(&group).len(), 1, "cut off after moto was asked");
}
