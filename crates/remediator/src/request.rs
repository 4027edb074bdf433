//! The request, parsed once at the edge. Unknown fields are errors: a misspelt `force` must not be passed over.
//!
//! ```json
//! {"action": "plan" | "close", "groupId": "sg-…", "force": false, "fingerprint": "v1:…"}
//! {"action": "restore", "groupId": "sg-…", "backup": "s3://…"}
//! ```
//!
//! `force` and `fingerprint` may be left out, and so may any field that is null.

use defsg_core::SecurityGroupId;
use defsg_core::close::plan;
use defsg_core::group::Fingerprint;
use serde::Deserialize;

/// What is asked for, and of which group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The group.
    pub group: SecurityGroupId,
    /// What is asked for.
    pub action: Action,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Say what a close would do.
    Plan(plan::Request),
    /// Close the group.
    Close(plan::Request),
    /// Put the rules of a backup back.
    Restore {
        /// Where the backup is.
        backup: String,
    },
}

/// A malformed request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the function does not take this request: {0}; nothing was changed")]
pub struct InvalidRequest(String);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Event {
    action: Name,
    group_id: SecurityGroupId,
    force: Option<bool>,
    fingerprint: Option<Fingerprint>,
    backup: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Name {
    Plan,
    Close,
    Restore,
}

impl Request {
    /// Parses an event.
    ///
    /// # Errors
    /// Where a field is missing, mistyped, unknown, or not for this action.
    pub fn parse(event: &str) -> Result<Self, InvalidRequest> {
        // From the text, so that serde refuses a field that stands twice. It would also take a list for the object.
        if !event.trim_ascii_start().starts_with('{') {
            return Err(InvalidRequest("it is no JSON object".to_owned()));
        }
        let mut json = serde_json::Deserializer::from_str(event);
        let parsed = serde_path_to_error::deserialize(&mut json);
        let event: Event = parsed.map_err(|error| InvalidRequest(error.to_string()))?;
        json.end().map_err(|error| InvalidRequest(error.to_string()))?;
        let refuse = |field: &str, problem: &str| Err(InvalidRequest(format!("{field}: {problem}")));
        let force = event.force.unwrap_or_default();
        let action = match event.action {
            Name::Plan | Name::Close if event.backup.is_some() => {
                return refuse("backup", "is for restore alone");
            }
            Name::Restore if force => return refuse("force", "is not for restore, which refuses nothing"),
            Name::Restore if event.fingerprint.is_some() => {
                return refuse("fingerprint", "is not for restore, which checks the backup's");
            }
            Name::Plan => Action::Plan(plan::Request { force, planned: event.fingerprint }),
            Name::Close => Action::Close(plan::Request { force, planned: event.fingerprint }),
            Name::Restore => match event.backup {
                Some(backup) => Action::Restore { backup },
                None => {
                    return refuse("backup", "is missing; give the place of the backup to restore (s3://…)");
                }
            },
        };
        Ok(Self { group: event.group_id, action })
    }
}
