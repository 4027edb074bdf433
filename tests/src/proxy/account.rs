//! What the proxy answers itself: EC2's references over peerings and transit gateways, which moto does not know, and
//! what AWS Config has recorded, which moto does not search.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Call;

/// The part of the account that moto has no room for.
#[derive(Clone, Debug)]
pub struct Account {
    /// The references to security groups from other VPCs.
    pub references: Vec<Reference>,
    /// The configuration recorders, as `DescribeConfigurationRecorders` gives them.
    pub recorders: Vec<Value>,
    /// Their states, as `DescribeConfigurationRecorderStatus` gives them.
    pub recorder_states: Vec<Value>,
    /// The recorded configuration items.
    pub items: Vec<Value>,
    /// The most results on a page of `SelectResourceConfig`. AWS may give fewer than the caller's limit.
    pub results_per_page: usize,
}

/// A security group in another VPC that refers to one of ours.
#[derive(Clone, Debug)]
pub struct Reference {
    /// Our group.
    pub group: String,
    /// The other VPC.
    pub vpc: String,
    /// The peering connection `pcx-…` or the transit gateway `tgw-…` that joins the two.
    pub over: String,
}

impl Default for Account {
    /// Nobody refers to anything, and Config has recorded nothing so far of all that it knows.
    fn default() -> Self {
        Self {
            references: Vec::new(),
            recorders: vec![json!({
                "name": "default",
                "roleARN": "arn:aws:iam::012345678912:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig",
                "recordingGroup": {
                    "allSupported": true, "includeGlobalResourceTypes": true, "resourceTypes": [],
                    "exclusionByResourceTypes": {"resourceTypes": []},
                    "recordingStrategy": {"useOnly": "ALL_SUPPORTED_RESOURCE_TYPES"},
                },
                "recordingScope": "PAID",
            })],
            recorder_states: vec![json!({"name": "default", "recording": true, "lastStatus": "SUCCESS"})],
            items: Vec::new(),
            results_per_page: 100,
        }
    }
}

/// An error's code and message.
type Refusal = (&'static str, String);

impl Account {
    /// The answer to a call that is answered here; none for any other.
    pub(super) fn answer(&self, call: &Call) -> Option<Result<String, Refusal>> {
        match call.operation.as_str() {
            "DescribeSecurityGroupReferences" => Some(Ok(self.references(&call.body))),
            "DescribeConfigurationRecorders" => {
                Some(Ok(json!({"ConfigurationRecorders": self.recorders}).to_string()))
            }
            "DescribeConfigurationRecorderStatus" => {
                Some(Ok(json!({"ConfigurationRecordersStatus": self.recorder_states}).to_string()))
            }
            "SelectResourceConfig" => Some(self.select(&call.body)),
            _ => None,
        }
    }

    fn references(&self, body: &Value) -> String {
        let asked = (1..).map_while(|n| body[format!("GroupId.{n}")].as_str()).collect::<Vec<_>>();
        let mut answer = String::from(
            "<DescribeSecurityGroupReferencesResponse><requestId>0</requestId><securityGroupReferenceSet>",
        );
        for reference in self.references.iter().filter(|of| asked.contains(&of.group.as_str())) {
            let Reference { group, vpc, over } = reference;
            let name = if over.starts_with("tgw-") { "transitGatewayId" } else { "vpcPeeringConnectionId" };
            let _ = write!(
                answer,
                "<item><groupId>{group}</groupId><referencingVpcId>{vpc}</referencingVpcId><{name}>{over}</{name}></item>"
            );
        }
        answer + "</securityGroupReferenceSet></DescribeSecurityGroupReferencesResponse>"
    }

    fn select(&self, body: &Value) -> Result<String, Refusal> {
        let expression = body["Expression"].as_str().unwrap_or_default();
        if !(1..=4096).contains(&expression.len())
            || !(0..=100).contains(&body["Limit"].as_i64().unwrap_or(0))
        {
            return Err((
                "ValidationException",
                "Expression or Limit breaks the API model's limits".to_owned(),
            ));
        }
        let query = expression.strip_prefix("SELECT ").and_then(|query| query.split_once(" WHERE "));
        let condition = query.and_then(|(fields, condition)| Some((fields, Condition::parse(condition)?)));
        let Some((fields, condition)) = condition else {
            return Err(("InvalidExpressionException", format!("cannot parse {expression}")));
        };
        let start = match body["NextToken"].as_str().map(str::parse) {
            None => 0,
            Some(Ok(start)) => start,
            Some(Err(_)) => return Err(("InvalidNextTokenException", "no such token".to_owned())),
        };
        let found: Vec<_> = self.items.iter().filter(|item| condition.holds(item)).collect();
        let page = found.iter().skip(start).take(self.results_per_page);
        let results: Vec<_> = page.map(|item| selected(item, fields)).collect();
        let next = start + results.len();
        let mut answer = json!({"Results": results, "QueryInfo": {"SelectFields": []}});
        if next < found.len() {
            answer["NextToken"] = json!(next.to_string());
        }
        Ok(answer.to_string())
    }
}

/// The selected fields of an item as JSON text; those that it lacks are left out, as Config does.
fn selected(item: &Value, fields: &str) -> String {
    let fields = fields.split(", ").filter(|field| !item[*field].is_null());
    Value::Object(fields.map(|field| (field.to_owned(), item[field].clone())).collect()).to_string()
}

/// A condition of `SelectResourceConfig`, as far as anybody here asks: `=`, `AND`, `OR` and parentheses.
enum Condition {
    Is(String, String),
    All(Vec<Condition>),
    Any(Vec<Condition>),
}

impl Condition {
    fn parse(text: &str) -> Option<Self> {
        let spaced = text.replace('(', " ( ").replace(')', " ) ");
        let mut words = spaced.split_whitespace().peekable();
        let condition = Self::any(&mut words)?;
        words.next().is_none().then_some(condition)
    }

    fn any<'a>(words: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>) -> Option<Self> {
        let mut conditions = vec![Self::all(words)?];
        while words.next_if_eq(&"OR").is_some() {
            conditions.push(Self::all(words)?);
        }
        Some(Self::Any(conditions))
    }

    fn all<'a>(words: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>) -> Option<Self> {
        let mut conditions = vec![Self::one(words)?];
        while words.next_if_eq(&"AND").is_some() {
            conditions.push(Self::one(words)?);
        }
        Some(Self::All(conditions))
    }

    fn one<'a>(words: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>) -> Option<Self> {
        if words.next_if_eq(&"(").is_some() {
            let condition = Self::any(words)?;
            return (words.next() == Some(")")).then_some(condition);
        }
        let property = words.next()?.to_owned();
        words.next_if_eq(&"=")?;
        let value = words.next()?.strip_prefix('\'')?.strip_suffix('\'')?;
        Some(Self::Is(property, value.to_owned()))
    }

    fn holds(&self, item: &Value) -> bool {
        match self {
            Self::Is(property, value) => is(item, property, value),
            Self::All(conditions) => conditions.iter().all(|condition| condition.holds(item)),
            Self::Any(conditions) => conditions.iter().any(|condition| condition.holds(item)),
        }
    }
}

/// Whether the property has the value; a list has it where any of its elements does.
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
