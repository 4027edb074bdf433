//! docs/remediation.md says of each kind of dependent how it is given another group.

use defsg_core::recorded::TYPES;

#[test]
fn every_recorded_type_has_its_call() {
    let page = include_str!("../../../../docs/remediation.md");
    for of in TYPES {
        let row = page
            .lines()
            .find(|line| line.contains(&format!("`{}`", of.resource_type())) && line.starts_with("| `"));
        assert!(row.is_some(), "{} has no row", of.resource_type());
    }
}
