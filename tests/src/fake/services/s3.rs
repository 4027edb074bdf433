//! S3: only moto has it. Here is what its requests ask for.

use serde_json::{Value, json};

use super::Service;
use crate::fake::server::Request;
use crate::fake::wire::{ApiError, Protocol, header};

pub(super) const SERVICE: Service = Service {
    name: "s3",
    protocol: Protocol::RestXml,
    read,
    passed_on: |_| true,
    answer: |_, call, _| Err(ApiError::unknown_operation(&call.operation)),
};

fn read(request: &Request) -> (String, Value) {
    let query = request.uri().query().unwrap_or_default();
    let operation = match request.method().as_str() {
        "PUT" => "PutObject",
        "GET" if query.contains("list-type=2") => "ListObjectsV2",
        "GET" => "GetObject",
        other => other,
    };
    let condition = Some(header(request, "if-none-match")).filter(|condition| !condition.is_empty());
    let path = request.uri().path_and_query().map_or("", |path| path.as_str());
    (operation.to_owned(), json!({"path": path, "if-none-match": condition}))
}
