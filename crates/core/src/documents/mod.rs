//! What leaves the program and may come back: JSON documents, each with a version and a schema in docs/.
//!
//! A document's types are its own, apart from the domain's: the domain may change, a version of a document does not. What
//! is written today can be read by every later defsg. A reader passes over fields that it does not know; a rule with such a
//! field it refuses, since it could not make that rule again.

mod checksum;
pub mod json;

pub mod answer;
pub mod backup;
pub mod finding;
pub mod plan;
pub mod shared;

use serde_json::Value;

/// The most characters that a message about a document takes of it.
const MAX_QUOTED_CHARS: usize = 600;

/// What is wrong with a document, cut so that no message carries the document along.
fn quoted(problem: impl std::fmt::Display) -> String {
    problem.to_string().chars().take(MAX_QUOTED_CHARS).collect()
}

/// Whether everything in `written` is in `document`, which may have more fields: those of a newer defsg. Serde takes more than
/// defsg writes: a null for what is absent, a list for an object, a time with an offset.
fn is_written_in(written: &Value, document: &Value) -> bool {
    match (written, document) {
        (Value::Object(written), Value::Object(document)) => written
            .iter()
            .all(|(name, value)| document.get(name).is_some_and(|other| is_written_in(value, other))),
        (Value::Array(written), Value::Array(document)) => {
            written.len() == document.len()
                && written.iter().zip(document).all(|(value, other)| is_written_in(value, other))
        }
        (written, document) => written == document,
    }
}
