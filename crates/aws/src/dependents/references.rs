//! EC2: VPCs over peering connections and transit gateways whose groups refer to a group.

use aws_sdk_ec2::types::SecurityGroupReference;
use defsg_core::close::reference::Reference;
use defsg_core::close::source::Source;
use defsg_core::close::survey::Surveys;
use defsg_core::group::GroupIdentity;
use defsg_core::ids::SecurityGroupId;
use defsg_core::ports::ApiError;
use futures_util::future::BoxFuture;

use super::{Action, Ask, FoundByGroup, answered, ids};
use crate::clients::Clients;

const SOURCE: Source = Source::new("security-group-references");

const OPERATION: &str = "DescribeSecurityGroupReferences";

/// The most groups of one call. The EC2 API Reference states no limit and the operation has no pages: as many
/// as a filter takes values.
const MAX_GROUPS: usize = 200;

/// References from other VPCs.
pub(super) struct References;

impl Ask for References {
    fn names(&self) -> Vec<Source> {
        vec![SOURCE]
    }

    fn actions(&self) -> &'static [Action] {
        &[Action {
            name: "ec2:DescribeSecurityGroupReferences",
            why: "finds the VPCs over peering connections and transit gateways that refer to the group",
        }]
    }

    fn ask<'a>(&'a self, clients: &'a Clients, groups: &'a [&'a GroupIdentity]) -> BoxFuture<'a, Surveys> {
        Box::pin(async move { answered(SOURCE, groups, find(clients, &ids(groups)).await) })
    }
}

async fn find(clients: &Clients, groups: &[&SecurityGroupId]) -> Result<FoundByGroup, ApiError> {
    let caller = &clients.caller;
    let mut found = FoundByGroup::new();
    for groups in groups.chunks(MAX_GROUPS) {
        let ids = groups.iter().map(ToString::to_string).collect();
        let call = clients.ec2().describe_security_group_references().set_group_id(Some(ids));
        let answer = call.send().await.map_err(|error| caller.error(OPERATION, &error))?;
        let Some(references) = answer.security_group_reference_set else {
            return Err(caller.unreadable(OPERATION, "the answer has no list of references"));
        };
        for reference in references {
            let read = to_reference(reference, groups);
            let (group, reference) = read.map_err(|problem| caller.unreadable(OPERATION, problem))?;
            found.entry(group.clone()).or_default().references.push(reference);
        }
    }
    Ok(found)
}

/// The reference, and which of the groups it refers to.
fn to_reference<'a>(
    reference: SecurityGroupReference,
    groups: &[&'a SecurityGroupId],
) -> Result<(&'a SecurityGroupId, Reference), String> {
    let referred = reference.group_id.as_deref().unwrap_or("a group with no ID");
    let group = groups.iter().find(|group| group.as_str() == referred);
    let group = group.ok_or_else(|| format!("{referred} was not asked for"))?;
    let over = reference.vpc_peering_connection_id.or(reference.transit_gateway_id);
    let over = over.filter(|over| !over.is_empty()).unwrap_or_else(|| "an unnamed connection".to_owned());
    let vpc = reference.referencing_vpc_id.ok_or("a reference has no referencingVpcId")?;
    Ok((group, Reference::Vpc { vpc, over }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_names_the_vpc_and_the_way() {
        let id: SecurityGroupId = "sg-00000000".parse().unwrap();
        let asked = [&id];
        let expected =
            |vpc: &str, over: &str| Ok((&id, Reference::Vpc { vpc: vpc.to_owned(), over: over.to_owned() }));
        let reference = SecurityGroupReference::builder().group_id("sg-00000000");
        let peered = reference.clone().referencing_vpc_id("vpc-1").vpc_peering_connection_id("pcx-1").build();
        assert_eq!(to_reference(peered, &asked), expected("vpc-1", "pcx-1"));
        let transit = reference.clone().referencing_vpc_id("vpc-2").transit_gateway_id("tgw-1").build();
        assert_eq!(to_reference(transit, &asked), expected("vpc-2", "tgw-1"));
        assert!(to_reference(reference.build(), &asked).is_err(), "no VPC");
    }

    #[test]
    fn a_reference_to_a_group_that_was_not_asked_for_spoils_the_answer() {
        let id: SecurityGroupId = "sg-00000000".parse().unwrap();
        let other = SecurityGroupReference::builder().group_id("sg-99999999").referencing_vpc_id("vpc-1");
        assert!(to_reference(other.clone().build(), &[&id]).is_err());
        assert!(to_reference(other.set_group_id(None).build(), &[&id]).is_err());
    }
}
