//! How each service is spoken to: which operation a request asks for, and how an error looks.

use serde_json::json;

use super::{Call, Fault};
use crate::http::{Reply, Request};
use crate::standin::api;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Service {
    Ec2,
    Config,
    S3,
}

/// The service and the operation of a request.
pub(super) fn parse(request: &Request) -> (Service, Call) {
    let signature = request.headers.get("authorization").map(String::as_str).unwrap_or_default();
    if !signature.contains("/s3/aws4_request") {
        let (protocol, operation, body) = api::parse(request);
        let service = if protocol == api::Protocol::Json { Service::Config } else { Service::Ec2 };
        return (service, Call { operation, body });
    }
    let operation = match request.method.as_str() {
        "PUT" => "PutObject",
        "GET" if request.path.contains("list-type=2") => "ListObjectsV2",
        "GET" => "GetObject",
        other => other,
    };
    let body = json!({"path": request.path, "if-none-match": request.headers.get("if-none-match")});
    (Service::S3, Call { operation: operation.to_owned(), body })
}

impl Service {
    pub(super) fn succeed(self, body: String) -> Reply {
        Reply::Answer(200, self.content_type(), body)
    }

    /// The answer of a fault that is an error; none for any other.
    pub(super) fn error(self, fault: &Fault) -> Option<Reply> {
        let (status, code) = match (fault, self) {
            (Fault::Denied, Self::Ec2) => (403, "UnauthorizedOperation"),
            (Fault::Denied, Self::Config) => (400, "AccessDeniedException"),
            (Fault::Denied, Self::S3) => (403, "AccessDenied"),
            (Fault::Throttled, Self::Ec2) => (503, "RequestLimitExceeded"),
            (Fault::Throttled, Self::Config) => (400, "ThrottlingException"),
            (Fault::Throttled, Self::S3) => (503, "SlowDown"),
            (Fault::ServerError, Self::Config) => (500, "InternalServerException"),
            (Fault::ServerError, _) => (500, "InternalError"),
            (Fault::Error(status, code), _) => (*status, *code),
            _ => return None,
        };
        Some(self.refuse(status, code, "a fault of the test's"))
    }

    pub(super) fn refuse(self, status: u16, code: &str, message: &str) -> Reply {
        let body = match self {
            Self::Ec2 => format!(
                "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>\
                 <RequestID>0</RequestID></Response>"
            ),
            Self::Config => json!({"__type": code, "message": message}).to_string(),
            Self::S3 => format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>"),
        };
        Reply::Answer(status, self.content_type(), body)
    }

    fn content_type(self) -> &'static str {
        if self == Self::Config { "application/x-amz-json-1.1" } else { "text/xml;charset=UTF-8" }
    }
}
