//! EC2: `DescribeSecurityGroups`, with filters and pages, as of the API model of 2016-11-15.

use std::fmt::Write as _;

use serde_json::Value;

use super::api::ApiError;
use super::{Group, State};

pub(super) fn describe_security_groups(state: &mut State, body: &Value) -> Result<String, ApiError> {
    let most = match body["MaxResults"].as_str().map(str::parse) {
        None => usize::MAX,
        Some(Ok(most @ 5..=1000)) => most,
        Some(_) => return Err(invalid("Value for parameter MaxResults is invalid. Expecting 5 to 1000.")),
    };
    let start = match body["NextToken"].as_str() {
        Some(token) => *state.pages.get(token).ok_or_else(|| {
            ApiError::new(400, "InvalidPaginationToken", "The specified pagination token is not valid.")
        })?,
        None => 0,
    };
    let filters = filters(body)?;
    let found: Vec<&Group> = state.data.groups.iter().filter(|group| matches(group, &filters)).collect();
    let page = &found[start.min(found.len())..found.len().min(start.saturating_add(most))];
    let next = (start + page.len() < found.len()).then(|| format!("groups-{}", start + page.len()));

    let mut answer =
        String::from("<DescribeSecurityGroupsResponse><requestId>0</requestId><securityGroupInfo>");
    for group in page {
        describe(group, &mut answer);
    }
    answer.push_str("</securityGroupInfo>");
    if let Some(token) = next {
        let _ = write!(answer, "<nextToken>{token}</nextToken>");
        state.pages.insert(token, start + page.len());
    }
    answer.push_str("</DescribeSecurityGroupsResponse>");
    Ok(answer)
}

/// The filters as names and the values that each lets through.
fn filters(body: &Value) -> Result<Vec<(String, Vec<String>)>, ApiError> {
    let mut filters = Vec::new();
    for n in 1.. {
        let Some(name) = body[format!("Filter.{n}.Name")].as_str() else { break };
        if !["group-name", "owner-id", "vpc-id", "group-id"].contains(&name) {
            return Err(invalid(&format!("The filter '{name}' is invalid")));
        }
        let values = (1..).map_while(|v| body[format!("Filter.{n}.Value.{v}")].as_str().map(str::to_owned));
        filters.push((name.to_owned(), values.collect()));
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

const VPC: &str = "vpc-0a1b2c3d4e5f60718";

fn describe(group: &Group, answer: &mut String) {
    let Group { id, name, owner, .. } = group;
    let _ = write!(
        answer,
        "<item><ownerId>{owner}</ownerId><groupId>{id}</groupId><groupName>{name}</groupName><vpcId>{VPC}</vpcId>\
         <groupDescription>default VPC security group</groupDescription>\
         <securityGroupArn>arn:aws:ec2:eu-west-1:{owner}:security-group/{id}</securityGroupArn>"
    );
    if !group.lists_missing {
        list("ipPermissions", &group.inbound, owner, answer);
        list("ipPermissionsEgress", &group.outbound, owner, answer);
    }
    answer.push_str("<tagSet>");
    for (key, value) in &group.tags {
        let _ = write!(answer, "<item><key>{key}</key><value>{value}</value></item>");
    }
    answer.push_str("</tagSet></item>");
}

fn list(name: &str, rules: &[String], owner: &str, answer: &mut String) {
    let _ = write!(answer, "<{name}>");
    for rule in rules {
        permission(rule, owner, answer);
    }
    let _ = write!(answer, "</{name}>");
}

fn permission(rule: &str, owner: &str, answer: &mut String) {
    let (list, source) = match rule {
        rule if rule.starts_with("sg-") => {
            ("groups", format!("<userId>{owner}</userId><groupId>{rule}</groupId>"))
        }
        rule if rule.starts_with("pl-") => ("prefixListIds", format!("<prefixListId>{rule}</prefixListId>")),
        rule if rule.contains(':') => ("ipv6Ranges", format!("<cidrIpv6>{rule}</cidrIpv6>")),
        rule => ("ipRanges", format!("<cidrIp>{rule}</cidrIp>")),
    };
    answer.push_str("<item><ipProtocol>-1</ipProtocol>");
    for name in ["groups", "ipRanges", "ipv6Ranges", "prefixListIds"] {
        let item = if name == list { format!("<item>{source}</item>") } else { String::new() };
        let _ = write!(answer, "<{name}>{item}</{name}>");
    }
    answer.push_str("</item>");
}

fn invalid(message: &str) -> ApiError {
    ApiError::new(400, "InvalidParameterValue", message)
}
