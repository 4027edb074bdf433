//! AWS Glue: connections, through which jobs and crawlers will reach into a VPC with a group. While nothing
//! runs they have no network interface, and AWS Config does not record them.
//!
//! Of what a connection has, `PhysicalConnectionRequirements` alone holds security groups; its other
//! properties say how to sign in to a data store. Source: AWS Glue API Reference, `Connection`.

use defsg_core::close::dependent::{Dependent, Resource};
use defsg_core::close::source::Source;
use defsg_core::close::survey::Surveys;
use defsg_core::group::GroupIdentity;
use defsg_core::ids::SecurityGroupId;
use defsg_core::ports::{ApiError, Page};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{Action, Ask, FoundByGroup, answered, group_ids, ids, named};
use crate::clients::Clients;
use crate::json_call::{Call, Service};

const SOURCE: Source = Source::new("glue-connections");

const SERVICE: Service = Service { name: "glue", id: "Glue" };

const OPERATION: &str = "GetConnections";

/// Connections of the account's Data Catalog.
pub(super) struct Connections;

impl Ask for Connections {
    fn names(&self) -> Vec<Source> {
        vec![SOURCE]
    }

    fn actions(&self) -> &'static [Action] {
        &[Action { name: "glue:GetConnections", why: "finds the connections that name the group" }]
    }

    fn ask<'a>(&'a self, clients: &'a Clients, groups: &'a [&'a GroupIdentity]) -> BoxFuture<'a, Surveys> {
        Box::pin(async move { answered(SOURCE, groups, find(clients, &ids(groups)).await) })
    }
}

/// Every connection of the account, in pages of a size that Glue chooses.
async fn find(clients: &Clients, groups: &[&SecurityGroupId]) -> Result<FoundByGroup, ApiError> {
    let caller = &clients.caller;
    let connections = caller.every_page(OPERATION, |token| async move {
        let call = Call::Post { target: "AWSGlue.GetConnections", body: request(token) };
        let mut answer = clients.call_json(&SERVICE, OPERATION, call).await?;
        let Value::Array(items) = answer["ConnectionList"].take() else {
            return Err(caller.unreadable(OPERATION, "the answer has no list of connections"));
        };
        let next = match answer["NextToken"].take() {
            Value::Null => None,
            Value::String(token) => Some(token),
            _ => return Err(caller.unreadable(OPERATION, "the answer's NextToken is no text")),
        };
        Ok(Page { items, next })
    });
    let mut found = FoundByGroup::new();
    for connection in connections.await? {
        add(&mut found, groups, &connection).map_err(|problem| caller.unreadable(OPERATION, problem))?;
    }
    Ok(found)
}

/// Without `HidePassword`, Glue would send the passwords of the account's databases along.
fn request(token: Option<String>) -> Value {
    let mut request = json!({ "HidePassword": true });
    if let Some(token) = token {
        request["NextToken"] = token.into();
    }
    request
}

fn add(found: &mut FoundByGroup, groups: &[&SecurityGroupId], connection: &Value) -> Result<(), String> {
    let name = connection["Name"].as_str().filter(|name| !name.is_empty());
    let name = name.ok_or("a connection has no Name")?;
    // A connection to what is on the Internet has none.
    let requirements = match connection.get("PhysicalConnectionRequirements") {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Object(requirements)) => requirements,
        Some(_) => return Err(format!("the requirements of the connection {name} are no object")),
    };
    let held = match requirements.get("SecurityGroupIdList") {
        None | Some(Value::Null) => return Ok(()),
        Some(held) => group_ids(held)
            .ok_or_else(|| format!("the SecurityGroupIdList of the connection {name} is no list of IDs"))?,
    };
    for group in named(groups, |id| held.iter().any(|held| held.as_str() == id)) {
        found.entry(group.clone()).or_default().dependents.push(Dependent::Resource(Resource {
            kind: "glue-connection",
            noun: "AWS Glue connection",
            id: name.to_owned(),
            name: name.to_owned(),
        }));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_never_asked_for() {
        assert_eq!(request(None), json!({ "HidePassword": true }));
        assert_eq!(request(Some("t".to_owned())), json!({ "HidePassword": true, "NextToken": "t" }));
    }

    #[test]
    fn a_connection_belongs_to_the_groups_that_it_names_and_need_not_name_any() {
        let ids: [SecurityGroupId; 2] = ["sg-00000001", "sg-00000002"].map(|id| id.parse().unwrap());
        let asked: Vec<_> = ids.iter().collect();
        let mut found = FoundByGroup::new();
        let held = json!(["sg-00000002", "sg-99999999"]);
        let orders = json!({
            "Name": "orders", "ConnectionType": "JDBC",
            "PhysicalConnectionRequirements": { "SubnetId": "subnet-1", "SecurityGroupIdList": held },
        });
        add(&mut found, &asked, &orders).unwrap();
        for nowhere in [json!({ "Name": "a" }), json!({ "Name": "b", "PhysicalConnectionRequirements": {} })]
        {
            add(&mut found, &asked, &nowhere).unwrap();
        }
        let [(group, of_group)] = found.iter().collect::<Vec<_>>()[..] else { panic!("{found:?}") };
        assert_eq!(group, &ids[1]);
        assert_eq!(of_group.dependents[0].to_string(), "AWS Glue connection orders (orders)");
    }

    #[test]
    fn a_connection_that_cannot_be_read_is_not_passed_over() {
        let requirements = |list: Value| json!({ "SecurityGroupIdList": list });
        for (what, connection) in [
            ("no name", json!({})),
            ("an empty name", json!({ "Name": "" })),
            ("requirements in a list", json!({ "Name": "a", "PhysicalConnectionRequirements": [{}] })),
            ("requirements in a text", json!({ "Name": "a", "PhysicalConnectionRequirements": "x" })),
            (
                "an ID in capitals",
                json!({ "Name": "a", "PhysicalConnectionRequirements": requirements(json!(["SG-00000001"])) }),
            ),
            (
                "no list",
                json!({ "Name": "a", "PhysicalConnectionRequirements": requirements(json!("sg-1")) }),
            ),
            ("no ID", json!({ "Name": "a", "PhysicalConnectionRequirements": requirements(json!([1])) })),
        ] {
            assert!(add(&mut FoundByGroup::new(), &[], &connection).is_err(), "{what}");
        }
    }
}
