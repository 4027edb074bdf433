//! `make run`: a local AWS on which anyone can see the rule work. A default security group as AWS makes it is judged,
//! then the same group without its rules, by the built function under AWS's Runtime Interface Emulator.

use std::process::ExitCode;

use defsg_e2e::events::Event;
use defsg_e2e::moto::Moto;
use defsg_e2e::rie::Rie;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

fn main() -> ExitCode {
    println!("defsg on a local AWS: moto, and the built function under AWS's Runtime Interface Emulator\n");
    let moto = Moto::start();
    let function = Rie::evaluator(moto.url(), &[]);
    let vpc = moto.create_vpc();
    let group = moto.default_group(&vpc);
    let id = group["groupId"].as_str().unwrap_or_default();

    moto.add_stock_inbound_rule(id);
    let open = judge("1. The default group of a new VPC", &moto, &function, &vpc);
    moto.revoke_all(id);
    let closed = judge("2. The same group after its rules are revoked", &moto, &function, &vpc);

    if (open.as_str(), closed.as_str()) == ("NON_COMPLIANT", "COMPLIANT") {
        println!("As it should be: first NON_COMPLIANT, then COMPLIANT. Nothing is left running.");
        ExitCode::SUCCESS
    } else {
        eprintln!("Not as it should be: {open}, then {closed}, instead of NON_COMPLIANT, then COMPLIANT.");
        ExitCode::FAILURE
    }
}

/// Sends the group's present state to the function, shows what came in and what went out, and gives the compliance
/// type that AWS Config was sent.
fn judge(heading: &str, moto: &Moto, function: &Rie, vpc: &str) -> String {
    let group = moto.default_group(vpc);
    let now = OffsetDateTime::now_utc().truncate_to_millisecond().format(&Rfc3339).unwrap_or_default();
    let event = Event::sample("closed").group(&group, &now);
    moto.record();
    let answer = function.invoke(&event.payload());
    let evaluations = moto.evaluations();

    println!("{heading}\n");
    line("event", &format!("{}, captured {now}", text(&event.message["messageType"])));
    line("group", &format!("{} of {vpc}", text(&group["groupId"])));
    line("inbound", &rules(&group["ipPermissions"], "from"));
    line("outbound", &rules(&group["ipPermissionsEgress"], "to"));
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

fn line(name: &str, value: &str) {
    println!("    {name:10}{value}");
}

/// A direction's rules in few words. moto's stock rules are for all traffic.
fn rules(permissions: &Value, preposition: &str) -> String {
    let sources = [
        ("ipv4Ranges", "cidrIp"),
        ("ipv6Ranges", "cidrIpv6"),
        ("prefixListIds", "prefixListId"),
        ("userIdGroupPairs", "groupId"),
    ];
    let mut rules = Vec::new();
    for permission in permissions.as_array().into_iter().flatten() {
        for (list, name) in sources {
            rules.extend(permission[list].as_array().into_iter().flatten().map(|source| text(&source[name])));
        }
    }
    if rules.is_empty() {
        "no rule".to_owned()
    } else {
        format!("all traffic {preposition} {}", rules.join(", "))
    }
}

/// A JSON text without its quotes, or any other value as it is.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
