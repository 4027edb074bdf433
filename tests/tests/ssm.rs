//! The Automation document of template.yaml, as it stands there, step by step: its API calls go to moto, its
//! function call to the built remediator. After each run, what moto says of the group and what lies in the
//! bucket.

use std::sync::Arc;

use defsg_e2e::fake::Fault;
use defsg_e2e::fake::Occurrence::{Every, Nth};
use defsg_e2e::moto::NewRule;
use defsg_e2e::remediator::World;
use defsg_e2e::ssm::{self, Run};
use serde_json::json;

/// Whether the simulator can be used here; says why where it cannot.
fn simulator_is_there() -> bool {
    let missing = ssm::simulator_missing();
    if let Some(reason) = missing {
        eprintln!("The Automation document is not tested: {reason}.");
    }
    missing.is_none()
}

fn run(world: &World, group: &str, more: &[&str]) -> Run {
    ssm::run(group, &world.aws.url(), world.function.address(), more)
}

/// Asserts that the run failed, since the close was refused, and that nothing was changed.
fn assert_refused(world: &World, run: &Run, names: &str) {
    assert_eq!(run.status, "Failed", "a success with the group still open is a lie: {run:?}");
    assert_eq!(run.outputs["CloseGroup.Status"], "refused", "{run:?}");
    assert_eq!(run.outputs["CloseGroup.Backup"], "", "{run:?}");
    assert!(run.failure.contains(names), "{names}: {run:?}");
    assert_eq!(run.steps, ["AssertDefaultGroup", "CloseGroup", "BranchOnStatus", "FailAsRefused"]);
    assert_eq!((world.rules().len(), world.keys().len()), (2, 0));
}

#[test]
fn an_open_group_is_closed_and_the_outputs_say_where_its_rules_are() {
    if !simulator_is_there() {
        return;
    }
    let world = World::start();
    let fingerprint = world.fingerprint();
    let run = run(&world, &world.group, &[]);
    assert_eq!(run.status, "Success", "{run:?}");
    assert_eq!(run.steps, ["AssertDefaultGroup", "CloseGroup", "BranchOnStatus", "AssertClosed"]);
    assert_eq!(run.outputs["CloseGroup.Status"], "closed");
    assert_eq!(run.outputs["CloseGroup.Backup"], world.newest_backup());
    assert_eq!(run.outputs["CloseGroup.Dependents"], json!([]));
    assert_eq!(world.rules(), []);
    assert_eq!(world.backups()[0].fingerprint, fingerprint);
}

#[test]
fn a_closed_group_is_a_success_with_no_backup() {
    if !simulator_is_there() {
        return;
    }
    let world = World::start();
    world.moto.revoke_all(&world.group);
    let run = run(&world, &world.group, &[]);
    assert_eq!(run.status, "Success", "{run:?}");
    assert_eq!(run.outputs["CloseGroup.Status"], "already_closed");
    assert_eq!(run.outputs["CloseGroup.Backup"], "");
    assert_eq!(world.rules(), []);
    assert_eq!(world.keys(), [""; 0]);
}

#[test]
fn a_group_that_is_open_again_after_the_close_is_a_failure() {
    if !simulator_is_there() {
        return;
    }
    const LISTING: &str = "DescribeSecurityGroups";
    let world = World::start();
    run(&world, &world.group, &[]);
    // The document lists the group itself once more when the close is done.
    let last = world.aws.calls_of(LISTING).len();

    let world = World::start();
    let (moto, group) = (Arc::clone(&world.moto), world.group.clone());
    let reopen = Fault::before(move || moto.add_rule(&group, &NewRule::inbound("0.0.0.0/0")));
    world.aws.fault(LISTING, Nth(last), reopen);
    let run = run(&world, &world.group, &[]);
    assert_eq!(run.status, "Failed", "{run:?}");
    assert_eq!(run.steps.last().map(String::as_str), Some("AssertClosed"), "{run:?}");
    assert!(run.failure.contains("is open, though the remediator says it is closed"), "{run:?}");
    assert_eq!(run.outputs["CloseGroup.Backup"], world.newest_backup());
}

#[test]
fn a_group_in_use_is_a_failure_that_names_its_dependents_and_force_closes_it() {
    if !simulator_is_there() {
        return;
    }
    let world = World::start();
    let subnet = world.moto.create_subnet(&world.vpc);
    let description = "AWS Lambda VPC ENI-orders-1b2c3d4e-0000-1111-2222-333344445555";
    let interface = world.moto.create_interface(&subnet, &world.group, description);
    let refused = run(&world, &world.group, &[]);
    assert_refused(&world, &refused, &interface);
    assert!(refused.failure.contains("Lambda function orders"), "{refused:?}");
    assert!(
        refused.outputs["CloseGroup.Dependents"][0].as_str().unwrap().contains(&interface),
        "{refused:?}"
    );

    let forced = run(&world, &world.group, &["--force"]);
    assert_eq!(forced.status, "Success", "{forced:?}");
    assert_eq!(forced.outputs["CloseGroup.Status"], "closed");
    assert!(forced.outputs["CloseGroup.Dependents"][0].as_str().unwrap().contains(&interface));
    assert_eq!(world.rules(), []);
    assert_eq!(world.backups()[0].forced.as_ref().unwrap().dependents[0].id, interface);
}

#[test]
fn an_exempt_group_is_a_failure_that_says_why_even_by_force() {
    if !simulator_is_there() {
        return;
    }
    let mut world = World::start();
    let exemptions = format!("{} never legacy ERP", world.group);
    world.restart_with("EXEMPTIONS", &exemptions);
    assert_refused(&world, &run(&world, &world.group, &[]), "legacy ERP");
    assert_refused(&world, &run(&world, &world.group, &["--force"]), "legacy ERP");
}

#[test]
fn a_source_that_cannot_tell_is_a_failure_that_names_it() {
    if !simulator_is_there() {
        return;
    }
    let world = World::start();
    world.aws.fault("DescribeSecurityGroupReferences", Every, Fault::Denied);
    assert_refused(&world, &run(&world, &world.group, &[]), "security-group-references");
}

#[test]
fn a_group_that_is_not_the_default_one_never_reaches_the_function() {
    if !simulator_is_there() {
        return;
    }
    let world = World::start();
    let web = world.moto.create_group(&world.vpc, "web");
    let rules = world.moto.rules(&web);
    let run = run(&world, &web, &["--force"]);
    assert_eq!(run.status, "Failed", "{run:?}");
    assert_eq!(run.steps, ["AssertDefaultGroup"]);
    assert_eq!(world.moto.rules(&web), rules);
    assert_eq!(world.keys(), [""; 0]);
}

#[test]
fn a_function_that_fails_is_a_failure_with_its_error() {
    if !simulator_is_there() {
        return;
    }
    let world = World::with(&[("AWS_MAX_ATTEMPTS", "1")]);
    world.aws.fault("PutObject", Every, Fault::Denied);
    let run = run(&world, &world.group, &[]);
    assert_eq!(run.status, "Failed", "{run:?}");
    assert!(run.failure.contains("BackupFailed"), "{run:?}");
    assert_eq!((world.rules().len(), world.keys().len()), (2, 0));
}

#[test]
fn a_parameter_that_is_none_starts_nothing() {
    if !simulator_is_there() {
        return;
    }
    let world = World::start();
    for (group, more) in [("default", &[][..]), (&world.group, &["--parameter", "Force=maybe"][..])] {
        let run = run(&world, group, more);
        assert_eq!((run.status.as_str(), run.steps.len()), ("Rejected", 0), "{run:?}");
    }
    assert_eq!(world.aws.calls().len(), 0);
    assert_eq!(world.rules().len(), 2);
}
