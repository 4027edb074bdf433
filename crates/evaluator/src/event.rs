//! The event from AWS Config, parsed once at the edge into [`Invocation`]. Nothing past this module sees a wire format.
//!
//! An event may have unknown fields, and may lack `version`, `eventLeftScope` and `ruleParameters`. Anything else that is
//! missing or mistyped is an error, and then nothing is put.

use aws_lambda_events::event::config::ConfigEvent;
use defsg_core::documents::json;
use defsg_core::judge::item::{Item, ItemStatus};
use defsg_core::ports::ResultToken;
use defsg_core::{AccountId, ParameterError, Parameters};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The most bytes of `ruleParameters`. Config takes 1,024 characters (`ConfigRule$InputParameters`), which escaped in JSON
/// are 12,288 bytes at most (`\uXXXX` twice for each).
const MAX_PARAMETERS_BYTES: usize = 16 * 1024;

/// The most characters of a resource's ID. Source: AWS Config API Reference, `ResourceId`.
const MAX_RESOURCE_ID_CHARS: usize = 768;

/// The most bytes of a resource's type. Source: AWS Config API Reference, `StringWithCharLimit256`, in
/// `Evaluation$ComplianceResourceType`.
const MAX_RESOURCE_TYPE_BYTES: usize = 256;

/// One invocation by AWS Config.
#[derive(Debug)]
pub struct Event {
    /// The account that owns the rule. Its groups are judged, and it gets the evaluations.
    pub account: AccountId,
    /// The rule's name.
    pub rule_name: String,
    /// The secret that a put of results must carry.
    pub token: ResultToken,
    /// The rule's parameters.
    pub parameters: Parameters,
    /// What to do.
    pub invocation: Invocation,
}

/// What AWS Config asks for.
#[derive(Debug)]
pub enum Invocation {
    /// Judge this item.
    Change {
        /// The item.
        item: Item,
        /// Whether the resource has left the rule's scope.
        left_scope: bool,
    },
    /// Judge an item that was too large for the event.
    Oversized {
        /// What the event says of the item; its `configuration` is null.
        summary: Item,
        /// Whether the resource has left the rule's scope.
        left_scope: bool,
    },
    /// Judge every default group of the account: on a schedule, or because a snapshot was delivered.
    Scheduled {
        /// When Config asked.
        notified: OffsetDateTime,
    },
}

/// Why an event cannot be worked on.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// The event is not what AWS Config sends.
    #[error("the event is not an invocation by AWS Config: {0}")]
    Invalid(String),
    /// One of the rule's parameters does not parse.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
}

impl Event {
    /// Parses an event.
    ///
    /// # Errors
    /// Where something that must be there is missing or mistyped, or a parameter does not parse.
    pub fn parse(event: &str) -> Result<Self, EventError> {
        let envelope = envelope(event)?;
        let account = required("accountId", envelope.account_id)?;
        let account: AccountId = account.parse().map_err(|error| invalid("accountId", error))?;
        let invoking_event = required("invokingEvent", envelope.invoking_event)?;
        Ok(Self {
            rule_name: required("configRuleName", envelope.config_rule_name)?,
            token: ResultToken::new(required("resultToken", envelope.result_token)?),
            invocation: parse_invocation(&invoking_event, &account, envelope.event_left_scope)?,
            parameters: parse_parameters(envelope.rule_parameters.as_deref())?,
            account,
        })
    }
}

/// `ConfigEvent` insists on `eventLeftScope`, which AWS leaves out of some events. Its errors quote what is mistyped, which
/// must not happen to the result token.
fn envelope(event: &str) -> Result<ConfigEvent, EventError> {
    let event = json::parse(event).map_err(|error| EventError::Invalid(error.to_string()))?;
    let Value::Object(mut event) = event else {
        return Err(EventError::Invalid("it is no JSON object".to_owned()));
    };
    if event.get("resultToken").is_some_and(|token| !token.is_string()) {
        return Err(invalid("resultToken", "is no string"));
    }
    event.entry("eventLeftScope").or_insert(Value::Bool(false));
    serde_path_to_error::deserialize(Value::Object(event))
        .map_err(|error| EventError::Invalid(error.to_string()))
}

fn required(field: &str, value: Option<String>) -> Result<String, EventError> {
    value.filter(|value| !value.is_empty()).ok_or_else(|| invalid(field, "is missing"))
}

fn invalid(field: &str, problem: impl std::fmt::Display) -> EventError {
    EventError::Invalid(format!("{field}: {problem}"))
}

fn parse_parameters(text: Option<&str>) -> Result<Parameters, EventError> {
    let pairs = match text {
        None | Some("") => Map::new(),
        Some(text) if text.len() > MAX_PARAMETERS_BYTES => {
            return Err(invalid("ruleParameters", "is too long"));
        }
        Some(text) => object("ruleParameters", text)?,
    };
    let strings = pairs.iter().map(|(name, value)| match value {
        Value::String(value) => Ok((name.as_str(), value.as_str())),
        _ => Err(ParameterError::new(
            name,
            "is no string",
            "give every parameter of a Config rule as a string",
        )),
    });
    Ok(Parameters::parse(strings.collect::<Result<Vec<_>, _>>()?)?)
}

/// An object and nothing else: serde would fill a struct from a list, too.
fn object(field: &str, text: &str) -> Result<Map<String, Value>, EventError> {
    match json::parse(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(invalid(field, "is no JSON object")),
        Err(error) => Err(invalid(field, error)),
    }
}

#[derive(Deserialize)]
#[serde(tag = "messageType")]
enum Message {
    #[serde(rename = "ConfigurationItemChangeNotification", rename_all = "camelCase")]
    Change { configuration_item: Map<String, Value> },
    #[serde(rename = "OversizedConfigurationItemChangeNotification", rename_all = "camelCase")]
    Oversized { configuration_item_summary: Map<String, Value> },
    #[serde(
        rename = "ScheduledNotification",
        alias = "ConfigurationSnapshotDeliveryCompleted",
        rename_all = "camelCase"
    )]
    Scheduled {
        #[serde(deserialize_with = "rfc3339")]
        notification_creation_time: OffsetDateTime,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawItem {
    resource_type: String,
    resource_id: String,
    aws_account_id: AccountId,
    configuration_item_status: ItemStatus,
    #[serde(deserialize_with = "rfc3339")]
    configuration_item_capture_time: OffsetDateTime,
    #[serde(default)]
    configuration: Value,
}

fn rfc3339<'de, D: Deserializer<'de>>(deserializer: D) -> Result<OffsetDateTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    OffsetDateTime::parse(&text, &Rfc3339)
        .map_err(|error| serde::de::Error::custom(format!("{text:?} is no time: {error}")))
}

fn parse_invocation(text: &str, account: &AccountId, left_scope: bool) -> Result<Invocation, EventError> {
    let message = Value::Object(object("invokingEvent", text)?);
    let message =
        serde_path_to_error::deserialize(message).map_err(|error| invalid("invokingEvent", error))?;
    Ok(match message {
        Message::Change { configuration_item: item } => {
            Invocation::Change { item: parse_item("configurationItem", item, account)?, left_scope }
        }
        Message::Oversized { configuration_item_summary: summary } => Invocation::Oversized {
            summary: parse_item("configurationItemSummary", summary, account)?,
            left_scope,
        },
        Message::Scheduled { notification_creation_time: notified } => Invocation::Scheduled { notified },
    })
}

fn parse_item(field: &str, item: Map<String, Value>, account: &AccountId) -> Result<Item, EventError> {
    let item: RawItem = serde_path_to_error::deserialize(Value::Object(item))
        .map_err(|error| invalid(&format!("invokingEvent.{field}"), error))?;
    let item = item.into_item()?;
    if item.account == *account {
        Ok(item)
    } else {
        Err(invalid("awsAccountId", format_args!("{} is not the rule's account, {account}", item.account)))
    }
}

impl RawItem {
    fn into_item(self) -> Result<Item, EventError> {
        let (id, kind) = (self.resource_id.chars().count(), self.resource_type.len());
        if !(1..=MAX_RESOURCE_ID_CHARS).contains(&id) || !(1..=MAX_RESOURCE_TYPE_BYTES).contains(&kind) {
            return Err(invalid("invokingEvent", "resourceId or resourceType is empty or too long"));
        }
        Ok(Item {
            resource_type: self.resource_type,
            resource_id: self.resource_id,
            account: self.aws_account_id,
            captured: self.configuration_item_capture_time,
            status: self.configuration_item_status,
            configuration: self.configuration,
        })
    }
}
