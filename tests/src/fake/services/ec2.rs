//! EC2: `DescribeSecurityGroups` with filters and pages, and `DescribeSecurityGroupReferences`, as of the API
//! model of 2016-11-15.

use std::fmt::Write as _;

use serde_json::Value;

use super::Service;
use crate::REGION;
use crate::fake::State;
use crate::fake::call::Call;
use crate::fake::data::{Data, Reference};
use crate::fake::fault::Fault;
use crate::fake::group::{Group, Pair, Permission, VPC};
use crate::fake::wire::{ApiError, Protocol, page, read_query};

pub(super) const SERVICE: Service = Service {
    name: "ec2",
    protocol: Protocol::Ec2,
    read: read_query,
    // All that moto lacks.
    passed_on: |operation| operation != "DescribeSecurityGroupReferences",
    answer,
};

fn answer(state: &mut State, call: &Call, _: &[Fault]) -> Result<String, ApiError> {
    match call.operation.as_str() {
        "DescribeSecurityGroups" => describe_security_groups(&state.data, &call.parameters),
        "DescribeSecurityGroupReferences" => Ok(references(&state.data.references, &call.parameters)),
        other => Err(ApiError::unknown_operation(other)),
    }
}

fn references(references: &[Reference], parameters: &Value) -> String {
    let asked = (1..).map_while(|n| parameters[format!("GroupId.{n}")].as_str()).collect::<Vec<_>>();
    let mut items = String::new();
    for Reference { group, vpc, over } in references.iter().filter(|of| asked.contains(&of.group.as_str())) {
        let name = if over.starts_with("tgw-") { "transitGatewayId" } else { "vpcPeeringConnectionId" };
        let reference = [("groupId", group), ("referencingVpcId", vpc), (name, over)];
        items += &element("item", &reference.map(|(name, text)| element(name, text)).concat());
    }
    let set = element("securityGroupReferenceSet", &items);
    element("DescribeSecurityGroupReferencesResponse", &format!("<requestId>0</requestId>{set}"))
}

fn describe_security_groups(data: &Data, parameters: &Value) -> Result<String, ApiError> {
    let most = match parameters["MaxResults"].as_str().map(str::parse) {
        None => usize::MAX,
        Some(Ok(most @ 5..=1000)) => most,
        Some(_) => return Err(invalid("Value for parameter MaxResults is invalid. Expecting 5 to 1000.")),
    };
    let filters = filters(parameters)?;
    let found: Vec<_> = data.groups.iter().filter(|group| matches(group, &filters)).collect();
    let (page, next) =
        page(&found, &parameters["NextToken"], most.min(data.results_per_page)).ok_or_else(|| {
            ApiError::new(400, "InvalidPaginationToken", "The specified pagination token is not valid.")
        })?;
    let groups = element("securityGroupInfo", &page.iter().map(|group| describe(group)).collect::<String>());
    let next = next.map(|token| element("nextToken", &token)).unwrap_or_default();
    Ok(element("DescribeSecurityGroupsResponse", &format!("<requestId>0</requestId>{groups}{next}")))
}

/// The filters as names and the values that each lets through.
fn filters(parameters: &Value) -> Result<Vec<(String, Vec<String>)>, ApiError> {
    let mut filters = Vec::new();
    for n in 1.. {
        let Some(name) = parameters[format!("Filter.{n}.Name")].as_str() else { break };
        if !["group-name", "owner-id", "vpc-id", "group-id"].contains(&name) {
            return Err(invalid(&format!("The filter '{name}' is invalid")));
        }
        let value = |v: usize| parameters[format!("Filter.{n}.Value.{v}")].as_str().map(str::to_owned);
        filters.push((name.to_owned(), (1..).map_while(value).collect()));
    }
    Ok(filters)
}

fn matches(group: &Group, filters: &[(String, Vec<String>)]) -> bool {
    filters.iter().all(|(name, values)| {
        let value = match name.as_str() {
            "group-name" => group.name,
            "owner-id" => group.owner,
            "vpc-id" => VPC,
            _ => &group.id,
        };
        values.iter().any(|wanted| wanted == value)
    })
}

fn describe(group: &Group) -> String {
    let Group { id, name, owner, .. } = group;
    let mut item = String::new();
    let _ = write!(
        item,
        "<ownerId>{owner}</ownerId><groupId>{id}</groupId><groupName>{name}</groupName><vpcId>{VPC}</vpcId>\
         <groupDescription>default VPC security group</groupDescription>\
         <securityGroupArn>arn:aws:ec2:{REGION}:{owner}:security-group/{id}</securityGroupArn>"
    );
    if !group.lists_missing {
        item += &list("ipPermissions", &group.inbound, permission);
        item += &list("ipPermissionsEgress", &group.outbound, permission);
    }
    item += &list("tagSet", &group.tags, |(key, value)| text("key", key) + &text("value", value));
    element("item", &item)
}

fn permission(of: &Permission) -> String {
    let mut item = text("ipProtocol", &of.protocol);
    if let Some((from, to)) = of.ports {
        item += &element("fromPort", &from.to_string());
        item += &element("toPort", &to.to_string());
    }
    item += &list("groups", &of.pairs, pair);
    item += &list("ipRanges", &of.ipv4, |cidr| text("cidrIp", cidr));
    item += &list("ipv6Ranges", &of.ipv6, |cidr| text("cidrIpv6", cidr));
    item + &list("prefixListIds", &of.prefix_lists, |id| text("prefixListId", id))
}

fn pair(Pair { id, name, owner }: &Pair) -> String {
    let members = [("userId", owner), ("groupId", id), ("groupName", name)];
    members.into_iter().filter_map(|(name, value)| Some(text(name, value.as_ref()?))).collect()
}

fn list<T>(name: &str, items: &[T], item: impl Fn(&T) -> String) -> String {
    element(name, &items.iter().map(|of| element("item", &item(of))).collect::<String>())
}

fn element(name: &str, content: &str) -> String {
    format!("<{name}>{content}</{name}>")
}

/// An element with a text in it.
fn text(name: &str, text: &str) -> String {
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    element(name, &escape(text))
}

fn invalid(message: &str) -> ApiError {
    ApiError::new(400, "InvalidParameterValue", message)
}
