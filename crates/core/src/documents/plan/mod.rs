//! Plans that are kept until they are carried out. docs/plan.schema.json describes the document for machines.
//!
//! A plan that is read back decides nothing: a close reads the group again, asks every source again, and takes away what the
//! plan named and nothing else, by the plan's fingerprint.

use super::{json, quoted};

pub mod v1;

/// A document that is no plan to carry out. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPlan {
    /// It is no JSON object, or not one that defsg wrote.
    #[error("it is no plan of defsg: {0}")]
    Unreadable(String),
    /// It is of a version that this defsg does not read.
    #[error(
        "it is of version {0}, and this defsg reads version {version}; use the defsg that wrote it, or a newer one",
        version = v1::VERSION
    )]
    OtherVersion(String),
    /// Its fingerprint is not that of its rules.
    #[error("its fingerprint is not that of its rules: it was changed after it was written")]
    OtherRules,
}

/// Reads a plan of any version that this defsg knows.
///
/// # Errors
/// Where it is none, of another version, or changed since it was written.
pub fn read(bytes: &[u8]) -> Result<v1::Plan, InvalidPlan> {
    let unreadable = |problem: &dyn std::fmt::Display| InvalidPlan::Unreadable(quoted(problem));
    let text = std::str::from_utf8(bytes).map_err(|error| unreadable(&error))?;
    let document = json::parse(text).map_err(|error| unreadable(&error))?;
    let fields = document.as_object().ok_or_else(|| unreadable(&"it is no JSON object"))?;
    match fields.get("version") {
        Some(version) if version.as_u64() == Some(v1::VERSION) => v1::read(document),
        Some(other) => Err(InvalidPlan::OtherVersion(quoted(other))),
        None => Err(unreadable(&"it has no version")),
    }
}
