//! `make run`: a local AWS on which anyone can see the rule and the remediation work. The default security
//! group of a new VPC is judged, is not closed while something uses it, is closed when nothing does, is
//! judged again, and gets back the rules that it had: by the built functions under AWS's Runtime Interface
//! Emulator.

use std::process::ExitCode;

use defsg_e2e::events::Event;
use defsg_e2e::remediator::World;
use defsg_e2e::rie::{Answer, Rie};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

fn main() -> ExitCode {
    println!("defsg on a local AWS: moto, and the built functions under AWS's Runtime Interface Emulator\n");
    let world = World::start();
    let rule = Rie::evaluator(world.moto.url(), &[]);
    let before = world.fingerprint();
    let subnet = world.moto.create_subnet(&world.vpc);
    let description = "AWS Lambda VPC ENI-orders-1b2c3d4e-0000-1111-2222-333344445555";
    let interface = world.moto.create_interface(&subnet, &world.group, description);

    let open = judge("1. The rule judges the default group of a new VPC", &world, &rule);
    let refused = remediate("2. The remediation, while a network interface is in the group", &world.close());
    world.moto.delete_interface(&interface);
    let closed = remediate("3. The remediation, once the interface is gone", &world.close());
    let judged = judge("4. The rule judges the group again", &world, &rule);
    let restored = match world.keys().is_empty() {
        true => "nothing to restore".to_owned(),
        false => remediate("5. The restore of the backup", &world.restore(&world.newest_backup())),
    };
    let same = world.fingerprint() == before && !world.rules().is_empty();
    show_rules(&world);
    line(
        "as before",
        if same { "yes: the fingerprint is the same" } else { "no: the fingerprint is another one" },
    );

    let happened = [&open, &refused, &closed, &judged, &restored].map(String::as_str);
    let expected = ["NON_COMPLIANT", "refused", "closed", "COMPLIANT", "restored"];
    if happened == expected && same {
        println!("\nAs it should be: {}. Nothing is left running.", expected.join(", "));
        ExitCode::SUCCESS
    } else {
        eprintln!("\nNot as it should be: {happened:?} instead of {expected:?}.");
        ExitCode::FAILURE
    }
}

/// Sends the group's present state to the rule, shows what came in and what went out, and gives the
/// compliance type that AWS Config was sent.
fn judge(heading: &str, world: &World, rule: &Rie) -> String {
    let group = world.moto.default_group(&world.vpc);
    let now = OffsetDateTime::now_utc().truncate_to_millisecond().format(&Rfc3339).unwrap_or_default();
    let event = Event::sample("closed").group(&group, &now);
    world.moto.record();
    let answer = rule.invoke(&event.payload());
    let evaluations = world.moto.evaluations();

    println!("{heading}\n");
    line("event", &format!("{}, captured {now}", text(&event.message["messageType"])));
    line("group", &format!("{} of {}", world.group, world.vpc));
    show_rules(world);
    line("answer", &answer.payload.to_string());
    for evaluation in &evaluations {
        println!("    AWS Config was sent");
        for member in ["ComplianceResourceId", "ComplianceType", "Annotation", "OrderingTimestamp"] {
            println!("      {member:22}{}", text(&evaluation[member]));
        }
    }
    if evaluations.is_empty() {
        println!("    AWS Config was sent nothing. The function's log:\n{}", answer.logs.join("\n"));
    }
    println!();
    evaluations.first().map_or_else(|| "nothing".to_owned(), |evaluation| text(&evaluation["ComplianceType"]))
}

/// Shows what the remediator answered, and gives the status, or the error's type.
fn remediate(heading: &str, answer: &Answer) -> String {
    println!("{heading}\n");
    if let Some(error) = answer.error_type() {
        line("error", &format!("{error}: {}", answer.error_message()));
        println!("    The function's log:\n{}\n", answer.logs.join("\n"));
        return error.to_owned();
    }
    line("status", &text(&answer.payload["status"]));
    line("reason", &text(&answer.payload["reason"]));
    for dependent in answer.payload["dependents"].as_array().into_iter().flatten() {
        line("used by", &format!("{} {}", text(&dependent["name"]), text(&dependent["id"])));
    }
    if answer.payload["backup"].is_string() {
        line("backup", &text(&answer.payload["backup"]));
    }
    println!();
    text(&answer.payload["status"])
}

/// The rules that moto has now.
fn show_rules(world: &World) {
    let rules = world.rules();
    if rules.is_empty() {
        line("rules", "none");
    }
    for rule in &rules {
        line("rule", &rule.to_string());
    }
}

fn line(name: &str, value: &str) {
    println!("    {name:10}{value}");
}

/// A JSON text without its quotes, or any other value as it is.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
