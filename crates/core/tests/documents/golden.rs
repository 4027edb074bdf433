//! Golden files: a document as some defsg wrote it. They are made anew with `UPDATE_GOLDEN=1 cargo test -p defsg-core`, which
//! is right for a document of a version that nobody has yet, and wrong for every other.

use std::path::PathBuf;

use serde_json::Value;

fn path(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "golden", name].iter().collect()
}

/// Asserts that a document is the golden file's, and fits its schema.
pub(crate) fn assert_golden(name: &str, document: &Value, schema: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path(name), format!("{document:#}\n")).unwrap();
    }
    let kept: Value = serde_json::from_slice(&read(name)).unwrap();
    assert_eq!(document, &kept, "{name}");
    assert_fits(document, schema);
}

/// A golden file's bytes.
pub(crate) fn read(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap()
}

/// Asserts that a document is as a schema of docs/ says.
pub(crate) fn assert_fits(document: &Value, schema: &str) {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "..", "docs", schema].iter().collect();
    let schema = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<_> = validator.iter_errors(document).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new(), "{document:#}");
}
