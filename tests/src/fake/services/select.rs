//! AWS Config: `SelectResourceConfig`, as much of its SQL as anybody here uses.

use std::iter::Peekable;

use serde_json::{Value, json};

use super::config::invalid_token;
use crate::fake::data::Data;
use crate::fake::wire::{ApiError, page};

/// The most results on a page where the caller names no limit.
const PAGE_SIZE: usize = 25;

pub(super) fn select_resource_config(data: &Data, parameters: &Value) -> Result<Value, ApiError> {
    let expression = parameters["Expression"].as_str().unwrap_or_default();
    let limit = parameters["Limit"].as_u64().unwrap_or_default();
    if !(1..=4096).contains(&expression.len()) || limit > 100 {
        return Err(ApiError::validation(
            "Expression or Limit",
            "Member must be within the API model's limits",
        ));
    }
    let query = expression.strip_prefix("SELECT ").and_then(|query| query.split_once(" WHERE "));
    let query = query.and_then(|(fields, condition)| Some((fields, Condition::parse(condition)?)));
    let Some((fields, condition)) = query else {
        let message = format!("cannot parse {expression}");
        return Err(ApiError::new(400, "InvalidExpressionException", message));
    };
    let found = data.items.iter().filter(|item| condition.holds(item));
    let found: Vec<_> = found.map(|item| selected(item, fields)).collect();
    let most = usize::try_from(limit).ok().filter(|limit| *limit > 0).unwrap_or(PAGE_SIZE);
    let (page, next) =
        page(&found, &parameters["NextToken"], most.min(data.results_per_page)).ok_or_else(invalid_token)?;
    Ok(json!({"Results": page, "QueryInfo": {"SelectFields": []}, "NextToken": next}))
}

/// The selected fields of an item as JSON text. Config leaves out those that the item lacks.
fn selected(item: &Value, fields: &str) -> String {
    let fields = fields.split(", ").filter(|field| !item[*field].is_null());
    Value::Object(fields.map(|field| (field.to_owned(), item[field].clone())).collect()).to_string()
}

/// A condition of `=`, `IN`, `AND`, `OR` and parentheses.
enum Condition {
    Is(String, Vec<String>),
    All(Vec<Condition>),
    Any(Vec<Condition>),
}

impl Condition {
    fn parse(text: &str) -> Option<Self> {
        let spaced = text.replace('(', " ( ").replace(')', " ) ").replace(',', " , ");
        let mut words = spaced.split_whitespace().peekable();
        let condition = Self::any(&mut words)?;
        words.next().is_none().then_some(condition)
    }

    fn any<'a>(words: &mut Peekable<impl Iterator<Item = &'a str>>) -> Option<Self> {
        let mut conditions = vec![Self::all(words)?];
        while words.next_if_eq(&"OR").is_some() {
            conditions.push(Self::all(words)?);
        }
        Some(Self::Any(conditions))
    }

    fn all<'a>(words: &mut Peekable<impl Iterator<Item = &'a str>>) -> Option<Self> {
        let mut conditions = vec![Self::one(words)?];
        while words.next_if_eq(&"AND").is_some() {
            conditions.push(Self::one(words)?);
        }
        Some(Self::All(conditions))
    }

    fn one<'a>(words: &mut Peekable<impl Iterator<Item = &'a str>>) -> Option<Self> {
        if words.next_if_eq(&"(").is_some() {
            let condition = Self::any(words)?;
            return (words.next() == Some(")")).then_some(condition);
        }
        let property = words.next()?.to_owned();
        match words.next()? {
            "=" => Some(Self::Is(property, vec![literal(words)?])),
            "IN" if words.next() == Some("(") => {
                let mut values = vec![literal(words)?];
                while words.next_if_eq(&",").is_some() {
                    values.push(literal(words)?);
                }
                (words.next() == Some(")")).then_some(Self::Is(property, values))
            }
            _ => None,
        }
    }

    fn holds(&self, item: &Value) -> bool {
        match self {
            Self::Is(property, values) => values.iter().any(|value| is(item, property, value)),
            Self::All(conditions) => conditions.iter().all(|condition| condition.holds(item)),
            Self::Any(conditions) => conditions.iter().any(|condition| condition.holds(item)),
        }
    }
}

/// A text in quotes.
fn literal<'a>(words: &mut impl Iterator<Item = &'a str>) -> Option<String> {
    Some(words.next()?.strip_prefix('\'')?.strip_suffix('\'')?.to_owned())
}

/// Whether the property has the value. A list has it where any of its elements does.
fn is(node: &Value, property: &str, value: &str) -> bool {
    match node {
        Value::Array(list) => list.iter().any(|element| is(element, property, value)),
        Value::String(text) => property.is_empty() && text == value,
        Value::Object(fields) => {
            let (field, rest) = property.split_once('.').unwrap_or((property, ""));
            fields.get(field).is_some_and(|field| is(field, rest, value))
        }
        _ => false,
    }
}
