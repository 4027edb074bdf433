//! The finding: one judged group.

use defsg_core::documents::finding::v1;
use defsg_core::group::{GroupName, Peer};
use defsg_core::judge::Finding;
use defsg_core::{Direction, Exemptions, Place, SecurityGroup, Traffic, evaluate};
use time::macros::date;

use crate::fixture::{rules, traffic};
use crate::golden;
use crate::plan::plan;

fn finding(rules: Vec<Traffic>) -> Finding {
    let place = Place::parse("aws", "012345678912", "eu-west-1").unwrap();
    let group = SecurityGroup { identity: plan().group.identity, rules };
    let verdict = evaluate(&group, &place.account, &Exemptions::default(), date!(2026 - 11 - 22));
    Finding { place, group, verdict }
}

#[test]
fn every_finding_is_as_its_golden_file_and_the_schema_say() {
    let mut open: Vec<_> = rules().into_iter().map(|rule| rule.traffic).collect();
    let named = Peer::SecurityGroup {
        group: GroupName::Other("old".to_owned()),
        owner: None,
        vpc: None,
        peering_connection: None,
    };
    open.push(traffic(Direction::Inbound, named));
    for (name, rules) in [("finding-v1-open.json", open), ("finding-v1-closed.json", vec![])] {
        let document = v1::Finding::from(&finding(rules));
        let value = serde_json::to_value(&document).unwrap();
        golden::assert_golden(name, &value, "finding.schema.json");
        assert_eq!(serde_json::from_value::<v1::Finding>(value).unwrap(), document, "{name}");
    }
}
