//! AWS Config's events: the samples of `events/`, and changes to them.

use std::fs;

use serde_json::{Value, json};

use crate::paths;

/// The names of the samples in `events/`.
pub const SAMPLES: [&str; 10] = [
    "open-stock",
    "open-customised",
    "closed",
    "not-default",
    "deleted",
    "left-scope",
    "oversized",
    "scheduled",
    "exempt-by-tag",
    "malformed",
];

/// An event with its inner JSON texts unfolded, so that a test can change any part.
#[derive(Clone, Debug)]
pub struct Event {
    /// The envelope: result token, account, rule and so on.
    pub envelope: Value,
    /// The message inside `invokingEvent`.
    pub message: Value,
}

impl Event {
    /// A sample of `events/`, by name.
    pub fn sample(name: &str) -> Self {
        let path = paths::repository().join("events").join(name).with_extension("json");
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let envelope: Value = serde_json::from_str(&text).expect("a sample is JSON");
        let message = envelope["invokingEvent"].as_str().expect("a sample has an invokingEvent");
        let message = serde_json::from_str(message).expect("its message is JSON");
        Self { envelope, message }
    }

    /// The event with another result token. The samples' is `TESTMODE`.
    #[must_use]
    pub fn token(mut self, token: &str) -> Self {
        self.envelope["resultToken"] = json!(token);
        self
    }

    /// The event with these rule parameters.
    #[must_use]
    pub fn parameters(mut self, parameters: &Value) -> Self {
        self.envelope["ruleParameters"] = json!(parameters.to_string());
        self
    }

    /// The event of the same rule in another account, with all that the account owns.
    #[must_use]
    pub fn account(self, account: &str) -> Self {
        let replace = |value: &Value| {
            let text = value.to_string().replace(crate::ACCOUNT, account);
            serde_json::from_str(&text).expect("still JSON")
        };
        Self { envelope: replace(&self.envelope), message: replace(&self.message) }
    }

    /// The change event of another group, which was captured at a time such as `2026-11-20T08:15:27.412Z`.
    /// `configuration` is the group as AWS Config records it.
    #[must_use]
    pub fn group(mut self, configuration: &Value, captured: &str) -> Self {
        let id = configuration["groupId"].as_str().expect("a group has an id");
        let owner = configuration["ownerId"].as_str().expect("a group has an owner");
        self.message["notificationCreationTime"] = json!(captured);
        let item = self.item();
        item["resourceId"] = json!(id);
        item["resourceName"] = configuration["groupName"].clone();
        item["ARN"] = json!(format!("arn:aws:ec2:{}:{owner}:security-group/{id}", crate::REGION));
        item["relationships"][0]["resourceId"] = configuration["vpcId"].clone();
        item["configurationItemCaptureTime"] = json!(captured);
        item["configuration"] = configuration.clone();
        self
    }

    /// The configuration item of a change.
    pub fn item(&mut self) -> &mut Value {
        &mut self.message["configurationItem"]
    }

    /// The payload as AWS Config sends it, the message folded into a text.
    pub fn payload(&self) -> Value {
        let mut payload = self.envelope.clone();
        payload["invokingEvent"] = json!(self.message.to_string());
        payload
    }
}
