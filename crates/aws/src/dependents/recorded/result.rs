//! What AWS Config answers a query with.

use serde_json::Value;

/// A resource that a query found.
#[derive(Debug)]
pub(super) struct SelectedResource {
    pub(super) id: String,
    pub(super) name: Option<String>,
    pub(super) resource_type: String,
    /// Everything that was selected of it.
    pub(super) json: Value,
}

impl SelectedResource {
    /// None where it lacks its ID or its type.
    pub(super) fn parse(json: &str) -> Option<Self> {
        let json: Value = serde_json::from_str(json).ok()?;
        let text = |field: &str| json[field].as_str().map(str::to_owned);
        Some(Self {
            id: text("resourceId")?,
            name: text("resourceName"),
            resource_type: text("resourceType")?,
            json,
        })
    }
}

/// The texts that a property has: `a.b` is `b` of each element of the list `a`, as AWS Config's queries see
/// lists.
pub(super) fn values<'a>(json: &'a Value, property: &str) -> Vec<&'a str> {
    match json {
        Value::Array(list) => list.iter().flat_map(|element| values(element, property)).collect(),
        Value::Object(fields) if !property.is_empty() => {
            let (field, rest) = property.split_once('.').unwrap_or((property, ""));
            fields.get(field).map(|value| values(value, rest)).unwrap_or_default()
        }
        Value::String(text) if property.is_empty() => vec![text],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_result_is_read_whole_or_not_at_all() {
        let whole = r#"{"resourceId":"a","resourceName":"b","resourceType":"AWS::Lambda::Function"}"#;
        let result = SelectedResource::parse(whole).unwrap();
        assert_eq!((result.id.as_str(), result.name.as_deref()), ("a", Some("b")));
        assert_eq!(result.resource_type, "AWS::Lambda::Function");
        for part in [
            "",
            "[]",
            r#"{"resourceId":"a"}"#,
            r#"{"resourceType":"t"}"#,
            r#"{"resourceId":1,"resourceType":"t"}"#,
        ] {
            assert!(SelectedResource::parse(part).is_none(), "{part}");
        }
    }

    #[test]
    fn a_property_is_looked_for_in_every_element_of_a_list() {
        let json = json!({ "a": [{ "b": ["x", "y"] }, { "b": "z" }, { "c": "w" }, 1], "d": "v" });
        assert_eq!(values(&json, "a.b"), ["x", "y", "z"]);
        assert_eq!(values(&json, "d"), ["v"]);
        for nothing in ["a", "a.b.c", "d.e", "e", ""] {
            assert!(values(&json, nothing).is_empty(), "{nothing}");
        }
    }
}
