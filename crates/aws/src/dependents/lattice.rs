//! Amazon VPC Lattice: associations of a VPC with a service network. The groups of an association say which
//! of the VPC's resources reach the network's services. An association has no network interface, and AWS
//! Config does not record its groups.
//!
//! Only an association of the group's own VPC can have the group.

use std::collections::BTreeMap;

use aws_smithy_http::query::fmt_string;
use defsg_core::close::dependent::{Dependent, Resource};
use defsg_core::close::source::Source;
use defsg_core::close::survey::Surveys;
use defsg_core::group::GroupIdentity;
use defsg_core::ids::{SecurityGroupId, VpcId};
use defsg_core::ports::{ApiError, Page};
use futures_util::future::{BoxFuture, join_all};
use serde_json::Value;

use super::{Action, Ask, FoundByGroup, answered, group_ids, named};
use crate::clients::Clients;
use crate::json_call::{Call, Service};

const SOURCE: Source = Source::new("vpc-lattice-associations");

const SERVICE: Service = Service { name: "vpc-lattice", id: "VPC Lattice" };

const LIST: &str = "ListServiceNetworkVpcAssociations";
const GET: &str = "GetServiceNetworkVpcAssociation";

/// The most associations on a page. Source: VPC Lattice API Reference, `ListServiceNetworkVpcAssociations`.
const PAGE_SIZE: u32 = 100;

/// How many VPCs are asked about at the same time. Lattice's limits of calls are not published: few enough
/// not to be felt.
const AT_ONCE: usize = 4;

/// Associations of VPCs with service networks.
pub(super) struct Associations;

impl Ask for Associations {
    fn names(&self) -> Vec<Source> {
        vec![SOURCE]
    }

    fn actions(&self) -> &'static [Action] {
        &[
            Action {
                name: "vpc-lattice:ListServiceNetworkVpcAssociations",
                why: "finds the associations of the group's VPC",
            },
            Action {
                name: "vpc-lattice:GetServiceNetworkVpcAssociation",
                why: "says which groups an association has, which the list does not",
            },
        ]
    }

    fn ask<'a>(&'a self, clients: &'a Clients, groups: &'a [&'a GroupIdentity]) -> BoxFuture<'a, Surveys> {
        Box::pin(async move {
            let mut vpcs: BTreeMap<Option<&VpcId>, Vec<&GroupIdentity>> = BTreeMap::new();
            for group in groups {
                vpcs.entry(group.vpc.as_ref()).or_default().push(group);
            }
            let vpcs: Vec<_> = vpcs.into_iter().collect();
            let mut surveys = Surveys::new();
            for vpcs in vpcs.chunks(AT_ONCE) {
                let asked = vpcs.iter().map(|(vpc, groups)| async move {
                    answered(SOURCE, groups, find(clients, *vpc, groups).await)
                });
                surveys.extend(join_all(asked).await.into_iter().flatten());
            }
            surveys
        })
    }
}

/// The associations of one VPC, each read on its own: the list does not tell their groups. A group of
/// EC2-Classic, which is in no VPC, has none.
async fn find(
    clients: &Clients,
    vpc: Option<&VpcId>,
    groups: &[&GroupIdentity],
) -> Result<FoundByGroup, ApiError> {
    let mut found = FoundByGroup::new();
    let Some(vpc) = vpc else { return Ok(found) };
    let groups = super::ids(groups);
    for id in associations(clients, vpc).await? {
        let path = format!("/servicenetworkvpcassociations/{id}");
        let association = clients.call_json(&SERVICE, GET, Call::Get { path }).await?;
        let read = add(&mut found, &groups, &id, vpc, &association);
        read.map_err(|problem| clients.caller.unreadable(GET, problem))?;
    }
    Ok(found)
}

async fn associations(clients: &Clients, vpc: &VpcId) -> Result<Vec<String>, ApiError> {
    let caller = &clients.caller;
    let ids = caller.every_page(LIST, |token| async move {
        let mut path = format!("/servicenetworkvpcassociations?maxResults={PAGE_SIZE}&vpcIdentifier={vpc}");
        if let Some(token) = token {
            path.push_str("&nextToken=");
            path.push_str(&fmt_string(token));
        }
        let answer = clients.call_json(&SERVICE, LIST, Call::Get { path }).await?;
        let Some(items) = answer["items"].as_array() else {
            return Err(caller.unreadable(LIST, "the answer has no list of associations"));
        };
        let items = items.iter().map(|item| to_id(item).map(str::to_owned)).collect::<Option<_>>();
        let items =
            items.ok_or_else(|| caller.unreadable(LIST, "an association has no ID, or one that is none"))?;
        let next = match &answer["nextToken"] {
            Value::Null => None,
            Value::String(token) => Some(token.clone()),
            _ => return Err(caller.unreadable(LIST, "the answer's nextToken is no text")),
        };
        Ok(Page { items, next })
    });
    ids.await
}

/// The ID, which goes into a path: `snva-` and letters and digits.
fn to_id(association: &Value) -> Option<&str> {
    let id = association["id"].as_str()?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (!id.is_empty() && id.bytes().all(is_plain)).then_some(id)
}

/// Adds the association `id` of the VPC to the groups that it has. One that is made or deleted just now
/// counts, too.
fn add(
    found: &mut FoundByGroup,
    groups: &[&SecurityGroupId],
    id: &str,
    vpc: &VpcId,
    association: &Value,
) -> Result<(), String> {
    if to_id(association) != Some(id) || association["vpcId"].as_str() != Some(vpc.as_str()) {
        return Err(format!("the answer is not that of the association {id} of {vpc}"));
    }
    // An association need not have groups.
    let held = match &association["securityGroupIds"] {
        Value::Null => return Ok(()),
        held => group_ids(held).ok_or_else(|| format!("the securityGroupIds of {id} are no list of IDs"))?,
    };
    let network = association["serviceNetworkName"].as_str().or(association["serviceNetworkId"].as_str());
    for group in named(groups, |id| held.iter().any(|held| held.as_str() == id)) {
        found.entry(group.clone()).or_default().dependents.push(Dependent::Resource(Resource {
            kind: "vpc-lattice-association",
            noun: "VPC Lattice service network association",
            id: id.to_owned(),
            name: format!("{} with {vpc}", network.unwrap_or("of an unnamed network")),
        }));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn vpc() -> VpcId {
        "vpc-d2d616b5".parse().unwrap()
    }

    fn read(association: &Value) -> Result<FoundByGroup, String> {
        let id = "sg-00000001".parse().unwrap();
        let mut found = FoundByGroup::new();
        add(&mut found, &[&id], "snva-1", &vpc(), association).map(|()| found)
    }

    fn association(groups: Value) -> Value {
        json!({
            "id": "snva-1", "vpcId": "vpc-d2d616b5", "status": "ACTIVE", "serviceNetworkName": "shop",
            "serviceNetworkId": "sn-1", "securityGroupIds": groups,
        })
    }

    #[test]
    fn an_association_belongs_to_the_groups_that_it_has_and_need_not_have_any() {
        let found = read(&association(json!(["sg-99999999", "sg-00000001"]))).unwrap();
        let [of_group] = found.values().collect::<Vec<_>>()[..] else { panic!("{found:?}") };
        let sentence = "VPC Lattice service network association shop with vpc-d2d616b5 (snva-1)";
        assert_eq!(of_group.dependents[0].to_string(), sentence);
        for nobody in [json!(null), json!([]), json!(["sg-99999999"])] {
            assert!(read(&association(nobody)).unwrap().is_empty());
        }
    }

    #[test]
    fn an_association_that_cannot_be_read_is_not_passed_over() {
        assert!(read(&association(json!("sg-00000001"))).is_err());
        assert!(read(&association(json!([1]))).is_err());
        assert!(read(&association(json!(["SG-00000001"]))).is_err(), "an ID that is not written as one");
        let mut other = association(json!([]));
        other["vpcId"] = "vpc-99999999".into();
        assert!(read(&other).is_err(), "another VPC's");
        let mut other = association(json!([]));
        other["id"] = "snva-2".into();
        assert!(read(&other).is_err(), "another association");
        assert!(read(&json!({})).is_err());
    }

    #[test]
    fn an_id_that_would_change_the_path_is_none() {
        for id in ["", "snva-1/..", "snva-1?x", "snva 1"] {
            assert_eq!(to_id(&json!({ "id": id })), None, "{id}");
        }
    }
}
