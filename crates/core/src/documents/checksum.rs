//! The checksum of a document, whoever wrote it and however it is indented.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::group::fingerprint::sha256;

/// The SHA-256 of the canonical form: compact JSON with the keys of every object sorted, as `jq -cS` prints it.
pub(super) fn checksum(document: &Value) -> String {
    let mut text = String::new();
    canonical(document, &mut text);
    sha256(text.as_bytes())
}

fn canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(fields) => {
            // Sorted here: whether serde_json keeps keys sorted hangs on a feature that any crate can turn on.
            let sorted: BTreeMap<_, _> = fields.iter().collect();
            separated(text, '{', '}', sorted, |(key, value), text| {
                text.push_str(&Value::from(key.as_str()).to_string());
                text.push(':');
                canonical(value, text);
            });
        }
        Value::Array(items) => separated(text, '[', ']', items, canonical),
        scalar => text.push_str(&scalar.to_string()),
    }
}

fn separated<T>(
    text: &mut String,
    open: char,
    close: char,
    items: impl IntoIterator<Item = T>,
    write: impl Fn(T, &mut String),
) {
    text.push(open);
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        write(item, text);
    }
    text.push(close);
}
