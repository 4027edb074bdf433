//! CloudWatch metrics as lines on standard output, which Lambda hands to CloudWatch with the logs. This module builds a line;
//! the function's `main` writes it.
//!
//! Source: CloudWatch User Guide, "Specification: Embedded metric format".

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

/// One line of metrics.
#[derive(Debug, Clone, Copy)]
pub struct MetricLine<'a> {
    /// The namespace, such as `defsg`.
    pub namespace: &'a str,
    /// The name and the value of the one dimension.
    pub dimension: (&'a str, &'a str),
    /// What stands in the line beside the metrics, by name.
    pub properties: &'a [(&'a str, &'a str)],
    /// The metrics by name, each a count.
    pub counts: &'a [(&'a str, usize)],
}

impl MetricLine<'_> {
    /// The line, with no line break. CloudWatch drops a line whose time is more than two weeks ago.
    #[must_use]
    pub fn to_json(&self, now: OffsetDateTime) -> String {
        let metrics: Vec<_> =
            self.counts.iter().map(|(name, _)| json!({"Name": name, "Unit": "Count"})).collect();
        let about = json!({
            "Timestamp": now.unix_timestamp_nanos() / 1_000_000,
            "CloudWatchMetrics": [{
                "Namespace": self.namespace,
                "Dimensions": [[self.dimension.0]],
                "Metrics": metrics,
            }],
        });
        let mut line = Map::from_iter([("_aws".to_owned(), about)]);
        let texts = [self.dimension].into_iter().chain(self.properties.iter().copied());
        line.extend(texts.map(|(name, text)| (name.to_owned(), Value::from(text))));
        line.extend(self.counts.iter().map(|(name, count)| ((*name).to_owned(), Value::from(*count))));
        Value::Object(line).to_string()
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_line_is_in_cloudwatch_s_embedded_format() {
        let line = MetricLine {
            namespace: "defsg",
            dimension: ("RuleName", "a rule"),
            properties: &[("requestId", "r")],
            counts: &[("Evaluated", 3), ("Failed", 0)],
        };
        let expected = json!({
            "_aws": {
                "Timestamp": 1_795_327_200_123_u64,
                "CloudWatchMetrics": [{
                    "Namespace": "defsg",
                    "Dimensions": [["RuleName"]],
                    "Metrics": [{"Name": "Evaluated", "Unit": "Count"}, {"Name": "Failed", "Unit": "Count"}],
                }],
            },
            "RuleName": "a rule",
            "requestId": "r",
            "Evaluated": 3,
            "Failed": 0,
        });
        let line = line.to_json(datetime!(2026-11-22 06:00:00.123 UTC));
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), expected);
        assert!(!line.contains('\n'));
    }
}
