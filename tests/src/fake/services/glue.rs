//! Glue: `GetConnections`, as of the API model of 2017-03-31.

use serde_json::{Value, json};

use super::Service;
use crate::fake::State;
use crate::fake::call::Call;
use crate::fake::data::Data;
use crate::fake::fault::Fault;
use crate::fake::wire::{ApiError, Protocol, page, read_json};

pub(super) const SERVICE: Service =
    Service { name: "glue", protocol: Protocol::Json, read: read_json, passed_on: |_| false, answer };

/// The most connections on a page where the caller names no limit. The guide names none; this is a guess.
const PAGE_SIZE: usize = 100;

fn answer(state: &mut State, call: &Call, _: &[Fault]) -> Result<String, ApiError> {
    match call.operation.as_str() {
        "GetConnections" => get_connections(&state.data, &call.parameters),
        other => Err(ApiError::unknown_operation(other)),
    }
}

fn get_connections(data: &Data, parameters: &Value) -> Result<String, ApiError> {
    let most = match &parameters["MaxResults"] {
        Value::Null => PAGE_SIZE,
        most => most
            .as_u64()
            .and_then(|most| usize::try_from(most).ok())
            .filter(|most| (1..=1000).contains(most))
            .ok_or_else(|| invalid("MaxResults must be between 1 and 1000"))?,
    };
    let (page, next) = page(&data.connections, &parameters["NextToken"], most.min(data.results_per_page))
        .ok_or_else(|| invalid("The token is invalid"))?;
    let mut page = page.to_vec();
    if parameters["HidePassword"] == true {
        page.iter_mut().for_each(hide_password);
    }
    Ok(json!({"ConnectionList": page, "NextToken": next}).to_string())
}

fn hide_password(connection: &mut Value) {
    if let Some(properties) = connection["ConnectionProperties"].as_object_mut() {
        properties.remove("PASSWORD");
    }
}

fn invalid(message: &str) -> ApiError {
    ApiError::new(400, "InvalidInputException", message)
}
