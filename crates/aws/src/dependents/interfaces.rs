//! EC2: the network interfaces that are members of a group.

use aws_sdk_ec2::types::NetworkInterface as SdkNetworkInterface;
use defsg_core::SecurityGroupId;
use defsg_core::dependent::Dependent;
use defsg_core::interface::NetworkInterface;
use defsg_core::ports::Page;

use super::Answer;
use crate::account::AwsAccount;
use crate::ec2::filter;
use crate::error::{api_error, unreadable};
use crate::pages;

/// The most interfaces on a page. Source: EC2 API Reference, `DescribeNetworkInterfaces`.
const PAGE_SIZE: i32 = 1000;

impl AwsAccount {
    /// Every interface with the group, those included that an AWS service manages and hides.
    pub(super) async fn interfaces(&self, group: &SecurityGroupId) -> Answer {
        const OPERATION: &str = "DescribeNetworkInterfaces";
        let interfaces = pages::every(OPERATION, &self.id, |token| async move {
            let call = self.ec2().describe_network_interfaces().filters(filter("group-id", [group.as_str()]));
            let call = call.include_managed_resources(true).max_results(PAGE_SIZE).set_next_token(token);
            let answer = call.send().await.map_err(|error| api_error(OPERATION, &self.id, &error))?;
            let Some(items) = answer.network_interfaces else {
                return Err(unreadable(OPERATION, &self.id, "the answer has no list of interfaces"));
            };
            Ok(Page { items, next: answer.next_token })
        });
        let dependents = interfaces.await?.into_iter().map(|interface| {
            let interface = to_interface(interface);
            interface.map(|interface| Dependent::network_interface(&interface))
        });
        let dependents = dependents.collect::<Option<_>>();
        dependents.ok_or_else(|| unreadable(OPERATION, &self.id, "an interface has no networkInterfaceId"))
    }
}

fn to_interface(interface: SdkNetworkInterface) -> Option<NetworkInterface> {
    Some(NetworkInterface {
        id: interface.network_interface_id?,
        interface_type: interface.interface_type.map(|of| of.as_str().to_owned()).unwrap_or_default(),
        requester_managed: interface.requester_managed.unwrap_or_default(),
        requester: interface.requester_id,
        description: interface.description.unwrap_or_default(),
        instance: interface.attachment.and_then(|attachment| attachment.instance_id),
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{NetworkInterfaceAttachment, NetworkInterfaceType};

    use super::*;

    #[test]
    fn an_interface_says_whom_it_serves() {
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
}
