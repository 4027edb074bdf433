//! The requests that were made.

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::Value;

/// One request that a function made, whether it was answered or not.
#[derive(Clone, Debug)]
pub struct Call {
    /// The operation, e.g. `PutEvaluations`.
    pub operation: String,
    /// Its parameters: the JSON body, a query's fields as an object of strings, or what a REST service reads.
    pub parameters: Value,
    /// The account whose credentials signed the request; empty for an unknown access key.
    pub account: String,
    /// The access key that signed it.
    pub access_key: String,
    /// The Region in its signature's scope.
    pub region: String,
    /// When it came.
    pub at: Instant,
}

/// Names each call by its operation and by how often that was called up to here, counted from 1.
pub(super) fn occurrences(calls: &[Call]) -> Vec<(String, usize)> {
    let mut seen = BTreeMap::new();
    let mut name = |call: &Call| {
        let nth: &mut usize = seen.entry(call.operation.clone()).or_default();
        *nth += 1;
        (call.operation.clone(), *nth)
    };
    calls.iter().map(&mut name).collect()
}
