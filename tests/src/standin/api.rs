//! The three wire protocols: AWS JSON 1.1 (Config), EC2 query and AWS query (STS).

use serde_json::{Map, Value, json};

use crate::http::{Reply, Request};

/// How a service speaks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Protocol {
    Json,
    Ec2,
    Sts,
}

/// An error as a service answers it.
#[derive(Debug)]
pub(super) struct ApiError {
    status: u16,
    code: &'static str,
    message: String,
}

impl ApiError {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// A member that breaks the API model's limits.
    pub(super) fn validation(member: &str, limit: &str) -> Self {
        let message =
            format!("1 validation error detected: Value at '{member}' failed to satisfy constraint: {limit}");
        Self::new(400, "ValidationException", message)
    }

    pub(super) fn unknown_key(protocol: Protocol) -> Self {
        let message = "The security token included in the request is invalid.";
        match protocol {
            Protocol::Json => Self::new(400, "UnrecognizedClientException", message),
            Protocol::Ec2 => Self::new(401, "AuthFailure", message),
            Protocol::Sts => Self::new(403, "InvalidClientTokenId", message),
        }
    }
}

impl Protocol {
    pub(super) fn succeed(self, body: String) -> Reply {
        Reply::Answer(200, self.content_type(), body)
    }

    pub(super) fn refuse(self, error: &ApiError) -> Reply {
        let ApiError { status, code, message } = error;
        let body = match self {
            Self::Json => json!({"__type": code, "message": message}).to_string(),
            Self::Ec2 => format!(
                "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>\
                 <RequestID>0</RequestID></Response>"
            ),
            Self::Sts => format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
                 <RequestId>0</RequestId></ErrorResponse>"
            ),
        };
        Reply::Answer(*status, self.content_type(), body)
    }

    fn content_type(self) -> &'static str {
        if self == Self::Json { "application/x-amz-json-1.1" } else { "text/xml;charset=UTF-8" }
    }
}

/// The protocol, the operation and the members of a request.
pub(crate) fn parse(request: &Request) -> (Protocol, String, Value) {
    if let Some(target) = request.headers.get("x-amz-target") {
        let operation = target.strip_prefix("StarlingDoveService.").unwrap_or(target).to_owned();
        return (Protocol::Json, operation, serde_json::from_slice(&request.body).unwrap_or_default());
    }
    let members: Map<String, Value> = form_urlencoded::parse(&request.body)
        .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
        .collect();
    let members = Value::Object(members);
    let protocol = if members["Version"] == "2011-06-15" { Protocol::Sts } else { Protocol::Ec2 };
    (protocol, members["Action"].as_str().unwrap_or_default().to_owned(), members)
}

/// The access key and the Region of a request's signature, or empty texts when it is not signed.
pub(super) fn signer(request: &Request) -> (String, String) {
    let signature = request.headers.get("authorization").map(String::as_str).unwrap_or_default();
    let scope = signature.split_once("Credential=").map(|(_, scope)| scope).unwrap_or_default();
    let mut parts = scope.split(['/', ',']).map(str::to_owned);
    (parts.next().unwrap_or_default(), parts.nth(1).unwrap_or_default())
}

/// A required text of `min` to `max` characters.
pub(super) fn text<'a>(body: &'a Value, member: &str, min: usize, max: usize) -> Result<&'a str, ApiError> {
    let text =
        body[member].as_str().ok_or_else(|| ApiError::validation(member, "Member must not be null"))?;
    if (min..=max).contains(&text.chars().count()) {
        Ok(text)
    } else {
        Err(ApiError::validation(member, &format!("Member must have length between {min} and {max}")))
    }
}
