//! The wire: who signed a request, what it asks for, and how each protocol of AWS writes answers and errors.

use hyper::body::Bytes;
use hyper::http::Response;
use serde_json::{Map, Value, json};

use super::server::{Reply, Request};

/// The request id of every answer that was made here.
const REQUEST_ID: &str = "00000000-0000-4000-8000-000000000000";

/// How a service speaks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Protocol {
    /// AWS JSON 1.1: the operation is in a header.
    Json,
    /// The query protocol as EC2 has it.
    Ec2,
    /// The query protocol as all others have it.
    Query,
    /// JSON over REST.
    RestJson,
    /// XML over REST.
    RestXml,
}

/// An error as a service answers it.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) message: String,
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

    /// A request that is signed with an access key that nobody was given.
    pub(super) fn unknown_key(protocol: Protocol) -> Self {
        let (status, code) = match protocol {
            Protocol::Json => (400, "UnrecognizedClientException"),
            Protocol::Ec2 => (401, "AuthFailure"),
            Protocol::Query => (403, "InvalidClientTokenId"),
            Protocol::RestJson => (403, "UnrecognizedClientException"),
            Protocol::RestXml => (403, "InvalidAccessKeyId"),
        };
        Self::new(status, code, "The security token included in the request is invalid.")
    }

    pub(super) fn unknown_operation(operation: &str) -> Self {
        Self::new(400, "UnknownOperationException", format!("The fake has no operation {operation:?}"))
    }
}

impl Protocol {
    /// An answer with status 200.
    pub(super) fn succeed(self, body: impl Into<Bytes>) -> Reply {
        self.reply(200, None, body)
    }

    pub(super) fn refuse(self, error: &ApiError) -> Reply {
        let ApiError { status, code, message } = error;
        let body = match self {
            Self::Json => json!({"__type": code, "message": message}).to_string(),
            Self::Ec2 => format!(
                "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>\
                 <RequestID>{REQUEST_ID}</RequestID></Response>"
            ),
            Self::Query => format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
                 <RequestId>{REQUEST_ID}</RequestId></ErrorResponse>"
            ),
            Self::RestJson => json!({"message": message}).to_string(),
            Self::RestXml => format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>"),
        };
        self.reply(*status, Some(code), body)
    }

    fn reply(self, status: u16, code: Option<&str>, body: impl Into<Bytes>) -> Reply {
        let content_type = match self {
            Self::Json => "application/x-amz-json-1.1",
            Self::RestJson => "application/json",
            Self::Ec2 | Self::Query | Self::RestXml => "text/xml;charset=UTF-8",
        };
        let response = Response::builder()
            .status(status)
            .header("Content-Type", content_type)
            .header("x-amzn-RequestId", REQUEST_ID);
        let response = match code.filter(|_| self == Self::RestJson) {
            Some(code) => response.header("x-amzn-ErrorType", code),
            None => response,
        };
        Reply::Whole(response.body(body.into()).expect("a response"))
    }
}

/// Who signed a request, where, and for which service. The texts are empty where it is not signed.
#[derive(Debug, Default)]
pub(crate) struct Signer {
    pub(super) access_key: String,
    pub(super) region: String,
    pub(crate) service: String,
}

impl Signer {
    /// Reads `Credential=ACCESS_KEY/DATE/REGION/SERVICE/aws4_request` in the `Authorization` header.
    pub(crate) fn of(request: &Request) -> Self {
        let scope = header(request, "authorization").split_once("Credential=");
        let mut parts =
            scope.map(|(_, scope)| scope).unwrap_or_default().split(['/', ',']).map(str::to_owned);
        Self {
            access_key: parts.next().unwrap_or_default(),
            region: parts.nth(1).unwrap_or_default(),
            service: parts.next().unwrap_or_default(),
        }
    }
}

/// A header's text, empty where it is missing.
pub(super) fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The operation and the parameters of a request in JSON, whose header names both: `AWSGlue.GetConnections`.
pub(super) fn read_json(request: &Request) -> (String, Value) {
    let target = header(request, "x-amz-target");
    let operation = target.rsplit('.').next().unwrap_or_default();
    (operation.to_owned(), serde_json::from_slice(request.body()).unwrap_or_default())
}

/// The operation and the parameters of a request in the query protocol.
pub(super) fn read_query(request: &Request) -> (String, Value) {
    let parameters = form(request.body());
    (parameters["Action"].as_str().unwrap_or_default().to_owned(), parameters)
}

/// A form's fields as an object of strings.
pub(super) fn form(text: &[u8]) -> Value {
    let fields = form_urlencoded::parse(text);
    let fields = fields.map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())));
    Value::Object(fields.collect::<Map<_, _>>())
}

/// A required text of `min` to `max` characters.
pub(super) fn text<'a>(
    parameters: &'a Value,
    member: &str,
    min: usize,
    max: usize,
) -> Result<&'a str, ApiError> {
    let text =
        parameters[member].as_str().ok_or_else(|| ApiError::validation(member, "Member must not be null"))?;
    if (min..=max).contains(&text.chars().count()) {
        Ok(text)
    } else {
        Err(ApiError::validation(member, &format!("Member must have length between {min} and {max}")))
    }
}

/// The page of `all` that begins at `token`, and the token of the next one. None for a token that was never
/// given out.
pub(super) fn page<'a, T>(all: &'a [T], token: &Value, most: usize) -> Option<(&'a [T], Option<String>)> {
    const TOKEN: &str = "page-from-";
    let start = match token.as_str() {
        None => 0,
        Some(token) => token.strip_prefix(TOKEN)?.parse().ok().filter(|start| *start < all.len())?,
    };
    let end = all.len().min(start.saturating_add(most));
    Some((&all[start..end], (end < all.len()).then(|| format!("{TOKEN}{end}"))))
}
