//! What `make run` shows is so: the program itself compares each step with what it should be.

use std::process::Command;

#[test]
fn make_run_ends_well() {
    let output = Command::new(env!("CARGO_BIN_EXE_local-run")).output().expect("it can be started");
    let (shown, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{shown}\n{said}");
    for step in [
        "NON_COMPLIANT",
        "Lambda function orders",
        "status    closed",
        "Closed: no inbound",
        "status    restored",
    ] {
        assert!(shown.contains(step), "{step} is missing in:\n{shown}");
    }
}
