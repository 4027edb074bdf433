//! What was built: it starts on Lambda's system, a panic does not end it, and the domain stays free of AWS.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use defsg_e2e::paths;
use defsg_e2e::rie::Rie;
use serde_json::json;

/// The glibc of `provided.al2023`.
const GLIBC: (u32, u32) = (2, 34);

fn bootstrap() -> String {
    let bytes = fs::read(paths::evaluator()).unwrap();
    bytes
        .into_iter()
        .map(|byte| if byte.is_ascii_graphic() || byte == b' ' { byte as char } else { '\n' })
        .collect()
}

#[test]
fn the_bootstrap_asks_for_no_glibc_newer_than_lambdas() {
    let bootstrap = bootstrap();
    let versions: BTreeSet<(u32, u32)> = bootstrap
        .split("GLIBC_")
        .skip(1)
        .filter_map(|rest| {
            let version = rest.split(|c: char| c != '.' && !c.is_ascii_digit()).next()?;
            let mut numbers = version.split('.').map(str::parse);
            Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
        })
        .collect();
    let newest = versions.last().expect("a dynamic binary names the versions it needs");
    assert!(*newest <= GLIBC, "needs glibc {}.{}", newest.0, newest.1);
}

/// Nothing makes the evaluator panic, so the floor stands in: the same runtime and the same profile.
#[test]
fn a_panic_is_a_function_error_and_the_next_invocation_goes_on_in_the_same_process() {
    let function = Rie::start(&paths::floor(), &[]);
    let answer = function.invoke(&json!({"panic": true}));
    assert!(answer.error_message().contains("the event asked for a panic"), "{answer:?}");
    let process = function.function_pid();
    assert_eq!(function.invoke(&json!({})).payload, json!({"hello": "world"}));
    assert_eq!(function.function_pid(), process);
}

#[test]
fn nothing_is_left_running_by_the_harness() {
    let function = Rie::start(&paths::floor(), &[]);
    function.invoke(&json!({}));
    let process = function.function_pid();
    drop(function);
    // The kernel takes a moment to end it, and whoever has adopted it may take longer to bury it.
    let ended = || match fs::read_to_string(format!("/proc/{process}/stat")) {
        Ok(stat) => stat.contains(") Z") || stat.contains(") X"),
        Err(_) => true,
    };
    let end = Instant::now() + Duration::from_secs(2);
    while !ended() {
        assert!(Instant::now() < end, "process {process} still runs");
        thread::sleep(Duration::from_millis(5));
    }
}

/// The runtime turns a panic into a function error by catching it, which takes unwinding. std holds this
/// message only where panics unwind; a `panic = "abort"` build lacks it.
#[test]
fn the_bootstrap_is_built_to_unwind() {
    assert!(bootstrap().contains("Rust panics must be rethrown"));
}

#[test]
fn the_domain_depends_on_no_aws_crate_and_no_tokio() {
    let tree = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()))
        .args(["tree", "--locked", "--package", "defsg-core", "--edges", "normal,build", "--prefix", "none"])
        .current_dir(paths::repository())
        .output()
        .unwrap();
    let tree = String::from_utf8(tree.stdout).unwrap();
    assert!(tree.starts_with("defsg-core "), "{tree}");
    let foreign: Vec<_> = tree
        .lines()
        .filter(|line| {
            ["aws-", "aws_", "tokio", "hyper", "lambda_"].iter().any(|start| line.starts_with(start))
        })
        .collect();
    assert_eq!(foreign, Vec::<&str>::new());
}

/// The picture of docs/architecture.md: which crate may know which.
#[test]
fn arrows_point_down_only() {
    let metadata = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()))
        .args(["metadata", "--locked", "--no-deps", "--format-version", "1"])
        .current_dir(paths::repository())
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let allowed = [
        ("defsg-core", vec![]),
        ("defsg-http", vec![]),
        ("defsg-lambda", vec!["defsg-core"]),
        ("defsg-folder", vec!["defsg-core"]),
        ("defsg-remediation", vec!["defsg-core"]),
        ("defsg-aws", vec!["defsg-core", "defsg-http"]),
        ("defsg-evaluator", vec!["defsg-aws", "defsg-core", "defsg-lambda"]),
        ("defsg-remediator", vec!["defsg-aws", "defsg-core", "defsg-lambda", "defsg-remediation"]),
    ];
    for (name, allowed) in allowed {
        let packages = metadata["packages"].as_array().unwrap();
        let package = packages.iter().find(|package| package["name"] == name);
        let package = package.unwrap_or_else(|| panic!("there is no {name}"));
        let dependencies = package["dependencies"].as_array().unwrap().iter();
        // What tests alone need has the kind `dev`.
        let ours = dependencies.filter(|of| of["kind"].is_null() && of["path"].is_string());
        let mut known: Vec<_> = ours.map(|of| of["name"].as_str().unwrap()).collect();
        known.sort_unstable();
        assert_eq!(known, allowed, "{name}");
    }
}
