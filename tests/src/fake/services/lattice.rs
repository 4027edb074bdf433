//! VPC Lattice: service networks and their associations with VPCs, as of the API model of 2022-11-30.

use serde_json::{Value, json};

use super::Service;
use crate::fake::State;
use crate::fake::call::Call;
use crate::fake::data::Data;
use crate::fake::fault::Fault;
use crate::fake::server::Request;
use crate::fake::wire::{ApiError, Protocol, form, page};

pub(super) const SERVICE: Service =
    Service { name: "vpc-lattice", protocol: Protocol::RestJson, read, passed_on: |_| false, answer };

/// The most items on a page where the caller names no limit. The guide names none; this is a guess.
const PAGE_SIZE: usize = 100;

/// The label of an association's id in its path.
const ASSOCIATION: &str = "serviceNetworkVpcAssociationIdentifier";

/// What the list of associations leaves out of each.
const DETAILS: [&str; 3] = ["securityGroupIds", "failureCode", "failureMessage"];

fn read(request: &Request) -> (String, Value) {
    let mut parameters = form(request.uri().query().unwrap_or_default().as_bytes());
    let path: Vec<_> = request.uri().path().trim_matches('/').split('/').collect();
    let operation = match (request.method().as_str(), path.as_slice()) {
        ("GET", ["servicenetworks"]) => "ListServiceNetworks",
        ("GET", ["servicenetworkvpcassociations"]) => "ListServiceNetworkVpcAssociations",
        ("GET", ["servicenetworkvpcassociations", id]) => {
            // An ARN comes with its slash encoded.
            parameters[ASSOCIATION] = form(format!("id={id}").as_bytes())["id"].take();
            "GetServiceNetworkVpcAssociation"
        }
        (method, _) => &format!("{method} {}", request.uri().path()),
    };
    (operation.to_owned(), parameters)
}

fn answer(state: &mut State, call: &Call, _: &[Fault]) -> Result<String, ApiError> {
    let (data, parameters) = (&state.data, &call.parameters);
    let answer = match call.operation.as_str() {
        "ListServiceNetworks" => list(&data.service_networks, data, parameters)?,
        "ListServiceNetworkVpcAssociations" => associations(data, parameters)?,
        "GetServiceNetworkVpcAssociation" => association(data, parameters)?,
        other => return Err(ApiError::unknown_operation(other)),
    };
    Ok(answer.to_string())
}

fn associations(data: &Data, parameters: &Value) -> Result<Value, ApiError> {
    let (network, vpc) = (&parameters["serviceNetworkIdentifier"], &parameters["vpcIdentifier"]);
    if network.is_null() && vpc.is_null() {
        return Err(invalid("Either a service network or a VPC must be given"));
    }
    let is_asked_for = |of: &&Value| {
        (network.is_null() || [&of["serviceNetworkId"], &of["serviceNetworkArn"]].contains(&network))
            && (vpc.is_null() || of["vpcId"] == *vpc)
    };
    let found = data.network_associations.iter().filter(is_asked_for);
    let summary = |of: &Value| -> Value {
        let members = of.as_object().into_iter().flatten();
        let members = members.filter(|(name, _)| !DETAILS.contains(&name.as_str()));
        Value::Object(members.map(|(name, value)| (name.clone(), value.clone())).collect())
    };
    list(&found.map(summary).collect::<Vec<_>>(), data, parameters)
}

fn association(data: &Data, parameters: &Value) -> Result<Value, ApiError> {
    let id = &parameters[ASSOCIATION];
    let found = data.network_associations.iter().find(|of| [&of["id"], &of["arn"]].contains(&id));
    let missing = || ApiError::new(404, "ResourceNotFoundException", format!("There is no association {id}"));
    found.cloned().ok_or_else(missing)
}

/// One page of a listing.
fn list(all: &[Value], data: &Data, parameters: &Value) -> Result<Value, ApiError> {
    let most = match parameters["maxResults"].as_str().map(str::parse) {
        None => PAGE_SIZE,
        Some(Ok(most @ 1..=100)) => most,
        Some(_) => return Err(invalid("maxResults must be between 1 and 100")),
    };
    let (items, next) = page(all, &parameters["nextToken"], most.min(data.results_per_page))
        .ok_or_else(|| invalid("The token is invalid"))?;
    Ok(json!({"items": items, "nextToken": next}))
}

fn invalid(message: &str) -> ApiError {
    ApiError::new(400, "ValidationException", message)
}
