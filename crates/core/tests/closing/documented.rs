//! The documents say what they must of each kind of dependent and of each parameter.

use defsg_core::close::dependent::recorded::TYPES;

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

#[test]
fn every_parameter_of_the_stack_is_in_the_table() {
    let template = include_str!("../../../../template.yaml");
    let page = include_str!("../../../../docs/parameters.md");
    let (_, parameters) = template.split_once("\nParameters:\n").unwrap();
    let (parameters, _) = parameters.split_once("\nConditions:\n").unwrap();
    let names = parameters.lines().filter_map(|line| line.strip_prefix("  ")?.strip_suffix(':'));
    let names: Vec<_> = names.filter(|name| !name.starts_with(' ')).collect();
    assert!(names.len() > 10 && names.contains(&"Remediation"), "{names:?}");
    for name in names {
        assert!(page.contains(&format!("`{name}`")), "{name} is not in docs/parameters.md");
    }
}
