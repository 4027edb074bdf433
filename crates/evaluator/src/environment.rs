//! What the operator decided once, from the environment. A variable that is empty counts as not set.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `METRICS_NAMESPACE` | the CloudWatch namespace of the metrics | `defsg` |
//! | `AWS_REGION` | the Region; Lambda sets it | none |
//!
//! `main` reads `LOG_LEVEL`; the SDK reads `AWS_ENDPOINT_URL` and the rest.

/// What the function takes from its environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// The namespace of the metrics.
    pub metrics_namespace: String,
    /// The Region, not yet parsed: an invocation without it ends as an error.
    pub region: Option<String>,
}

impl Environment {
    /// Reads the variables by `get`.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name| get(name).filter(|value| !value.is_empty());
        Self {
            metrics_namespace: get("METRICS_NAMESPACE").unwrap_or_else(|| "defsg".to_owned()),
            region: get("AWS_REGION"),
        }
    }
}
