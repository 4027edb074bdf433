//! EC2: the network interfaces that are members of a group.

use aws_sdk_ec2::types::NetworkInterface as SdkNetworkInterface;
use defsg_core::close::dependent::{Dependent, NetworkInterface};
use defsg_core::close::source::Source;
use defsg_core::close::survey::Surveys;
use defsg_core::group::GroupIdentity;
use defsg_core::ids::SecurityGroupId;
use defsg_core::ports::{ApiError, Page};
use futures_util::future::BoxFuture;

use super::{Action, Ask, FoundByGroup, answered, ids, named};
use crate::clients::Clients;
use crate::ec2::{MAX_FILTER_VALUES, filter};

const SOURCE: Source = Source::new("network-interfaces");

const OPERATION: &str = "DescribeNetworkInterfaces";

/// The most interfaces on a page. Source: EC2 API Reference, `DescribeNetworkInterfaces`.
const PAGE_SIZE: i32 = 1000;

/// The members of groups.
pub(super) struct NetworkInterfaces;

impl Ask for NetworkInterfaces {
    fn names(&self) -> Vec<Source> {
        vec![SOURCE]
    }

    fn actions(&self) -> &'static [Action] {
        &[Action { name: "ec2:DescribeNetworkInterfaces", why: "finds the interfaces with the group" }]
    }

    fn ask<'a>(&'a self, clients: &'a Clients, groups: &'a [&'a GroupIdentity]) -> BoxFuture<'a, Surveys> {
        Box::pin(async move { answered(SOURCE, groups, find(clients, &ids(groups)).await) })
    }
}

/// Every interface with one of the groups, those included that an AWS service manages and hides.
async fn find(clients: &Clients, groups: &[&SecurityGroupId]) -> Result<FoundByGroup, ApiError> {
    let caller = &clients.caller;
    let mut found = FoundByGroup::new();
    for groups in groups.chunks(MAX_FILTER_VALUES) {
        let filter = &filter("group-id", groups.iter().map(|group| group.as_str()));
        let interfaces = caller.every_page(OPERATION, |token| async move {
            let call = clients.ec2().describe_network_interfaces().filters(filter.clone());
            let call = call.include_managed_resources(true).max_results(PAGE_SIZE).set_next_token(token);
            let answer = call.send().await.map_err(|error| caller.error(OPERATION, &error))?;
            let Some(items) = answer.network_interfaces else {
                return Err(caller.unreadable(OPERATION, "the answer has no list of interfaces"));
            };
            Ok(Page { items, next: answer.next_token })
        });
        for interface in interfaces.await? {
            add(&mut found, groups, interface).map_err(|problem| caller.unreadable(OPERATION, problem))?;
        }
    }
    Ok(found)
}

/// Adds an interface to each of the groups that it belongs to. One that belongs to none of them was not asked
/// for: then nobody knows what the answer is an answer to.
fn add(
    found: &mut FoundByGroup,
    groups: &[&SecurityGroupId],
    interface: SdkNetworkInterface,
) -> Result<(), String> {
    let member_of = named(groups, |id| interface.groups().iter().any(|group| group.group_id() == Some(id)));
    let interface = to_interface(interface).ok_or("an interface has no networkInterfaceId")?;
    if member_of.is_empty() {
        return Err(format!("{} has none of the groups that were asked for", interface.id));
    }
    for group in member_of {
        let dependents = &mut found.entry(group.clone()).or_default().dependents;
        dependents.push(Dependent::NetworkInterface(interface.clone()));
    }
    Ok(())
}

fn to_interface(interface: SdkNetworkInterface) -> Option<NetworkInterface> {
    Some(NetworkInterface {
        id: interface.network_interface_id?,
        interface_type: interface.interface_type.map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        requester_managed: interface.requester_managed.unwrap_or_default(),
        requester: interface.requester_id,
        description: interface.description.unwrap_or_default(),
        instance: interface.attachment.and_then(|attachment| attachment.instance_id),
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::builders::NetworkInterfaceBuilder;
    use aws_sdk_ec2::types::{GroupIdentifier, NetworkInterfaceAttachment, NetworkInterfaceType};

    use super::*;

    #[test]
    fn an_interface_says_what_it_serves() {
        let interface = SdkNetworkInterface::builder()
            .network_interface_id("eni-0123456789abcdef0")
            .interface_type(NetworkInterfaceType::Lambda)
            .requester_managed(true)
            .requester_id("AROA:session")
            .description("d")
            .attachment(NetworkInterfaceAttachment::builder().instance_id("i-0123456789abcdef0").build());
        let expected = NetworkInterface {
            id: "eni-0123456789abcdef0".to_owned(),
            interface_type: "lambda".to_owned(),
            requester_managed: true,
            requester: Some("AROA:session".to_owned()),
            description: "d".to_owned(),
            instance: Some("i-0123456789abcdef0".to_owned()),
        };
        assert_eq!(to_interface(interface.build()), Some(expected));
    }

    #[test]
    fn an_interface_with_no_id_is_not_passed_over() {
        assert_eq!(to_interface(SdkNetworkInterface::builder().description("d").build()), None);
    }

    #[test]
    fn an_interface_belongs_to_each_of_its_groups_and_one_of_other_groups_spoils_the_answer() {
        let ids: [SecurityGroupId; 3] =
            ["sg-00000001", "sg-00000002", "sg-00000003"].map(|id| id.parse().unwrap());
        let asked: Vec<_> = ids.iter().collect();
        let interface = |groups: &[&str]| {
            let groups = groups.iter().map(|id| GroupIdentifier::builder().group_id(*id).build()).collect();
            let interface: NetworkInterfaceBuilder = SdkNetworkInterface::builder();
            interface.network_interface_id("eni-1").set_groups(Some(groups)).build()
        };
        let mut found = FoundByGroup::new();
        add(&mut found, &asked, interface(&["sg-00000001", "sg-99999999", "sg-00000003"])).unwrap();
        assert_eq!(found.keys().collect::<Vec<_>>(), [&ids[0], &ids[2]]);
        let problem = add(&mut found, &asked, interface(&["sg-99999999"])).unwrap_err();
        assert_eq!(problem, "eni-1 has none of the groups that were asked for");
        assert!(add(&mut found, &asked, interface(&[])).is_err());
    }
}
