//! EC2: the default security groups of an account.

use aws_sdk_ec2::types::{IpPermission, SecurityGroup as SdkSecurityGroup};
use defsg_core::ports::{ApiError, DefaultGroups, Page, UnreadableGroup};
use defsg_core::security_group::{DEFAULT_GROUP_NAME, Protocol};
use defsg_core::{Direction, Peer, Rule, SecurityGroup};

use crate::account::AwsAccount;
use crate::ec2::{filter, parse};
use crate::error::{api_error, unreadable};

/// The most groups on a page. EC2 gives up to 1,000; a page is held in memory whole, several times over while it is parsed.
const PAGE_SIZE: i32 = 800;

impl DefaultGroups for AwsAccount {
    async fn default_groups(
        &self,
        page: Option<&str>,
    ) -> Result<Page<Result<SecurityGroup, UnreadableGroup>>, ApiError> {
        const OPERATION: &str = "DescribeSecurityGroups";
        let answer = self
            .ec2()
            .describe_security_groups()
            .filters(filter("group-name", [DEFAULT_GROUP_NAME]))
            .filters(filter("owner-id", [self.id.as_str()]))
            .max_results(PAGE_SIZE)
            .set_next_token(page.map(str::to_owned))
            .send()
            .await
            .map_err(|error| api_error(OPERATION, &self.id, &error))?;
        let Some(groups) = answer.security_groups else {
            return Err(unreadable(OPERATION, &self.id, "the answer has no list of groups"));
        };
        let items = groups.into_iter().map(|group| {
            let id = group.group_id.clone().unwrap_or_else(|| "(no group ID)".to_owned());
            to_group(group).map_err(|problem| UnreadableGroup { id, problem })
        });
        Ok(Page { items: items.collect(), next: answer.next_token.filter(|token| !token.is_empty()) })
    }
}

fn to_group(group: SdkSecurityGroup) -> Result<SecurityGroup, String> {
    let inbound = group.ip_permissions.ok_or("it has no list of inbound rules")?;
    let outbound = group.ip_permissions_egress.ok_or("it has no list of outbound rules")?;
    let inbound = inbound.into_iter().map(|permission| (Direction::Inbound, permission));
    let outbound = outbound.into_iter().map(|permission| (Direction::Outbound, permission));
    let tags = group.tags.unwrap_or_default().into_iter();
    Ok(SecurityGroup {
        id: parse("groupId", group.group_id)?,
        name: group.group_name.ok_or("it has no groupName")?,
        owner: parse("ownerId", group.owner_id)?,
        // EC2-Classic is gone: a group in no VPC can only be a broken answer.
        vpc: Some(parse("vpcId", group.vpc_id)?),
        tags: tags.filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))).collect(),
        rules: inbound
            .chain(outbound)
            .flat_map(|(direction, permission)| to_rules(direction, permission))
            .collect(),
    })
}

/// One rule for each peer; a permission that names none that defsg knows is a rule all the same.
pub(crate) fn to_rules(direction: Direction, permission: IpPermission) -> Vec<Rule> {
    let protocol = Protocol::from(permission.ip_protocol.as_deref().unwrap_or("unknown protocol"));
    let ports = permission.from_port.zip(permission.to_port);
    let ipv4 =
        permission.ip_ranges.unwrap_or_default().into_iter().map(|range| range.cidr_ip.map(Peer::Ipv4));
    let ipv6 =
        permission.ipv6_ranges.unwrap_or_default().into_iter().map(|range| range.cidr_ipv6.map(Peer::Ipv6));
    let lists = permission.prefix_list_ids.unwrap_or_default().into_iter();
    let lists = lists.map(|list| list.prefix_list_id.map(Peer::PrefixList));
    let groups = permission.user_id_group_pairs.unwrap_or_default().into_iter().map(|pair| {
        let owner = pair.user_id.and_then(|id| id.parse().ok());
        pair.group_id.or(pair.group_name).map(|group| Peer::SecurityGroup { group, owner })
    });
    let peers = ipv4.chain(ipv6).chain(lists).chain(groups).map(|peer| peer.unwrap_or(Peer::Unspecified));
    let mut rules: Vec<_> =
        peers.map(|peer| Rule { direction, protocol: protocol.clone(), ports, peer }).collect();
    if rules.is_empty() {
        rules.push(Rule { direction, protocol, ports, peer: Peer::Unspecified });
    }
    rules
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{IpRange, Ipv6Range, PrefixListId, Tag, UserIdGroupPair};

    use super::*;

    fn closed() -> aws_sdk_ec2::types::builders::SecurityGroupBuilder {
        SdkSecurityGroup::builder()
            .group_id("sg-6c7fa917")
            .group_name("default")
            .owner_id("012345678912")
            .vpc_id("vpc-d2d616b5")
            .set_ip_permissions(Some(vec![]))
            .set_ip_permissions_egress(Some(vec![]))
    }

    #[test]
    fn a_group_with_two_empty_lists_has_no_rules() {
        let group = to_group(closed().tags(Tag::builder().key("k").value("v").build()).build()).unwrap();
        assert!(group.rules.is_empty());
        assert_eq!(group.tags["k"], "v");
    }

    #[test]
    fn a_group_without_one_of_its_lists_is_unreadable_and_not_closed() {
        assert!(to_group(closed().set_ip_permissions(None).build()).is_err());
        assert!(to_group(closed().set_ip_permissions_egress(None).build()).is_err());
    }

    #[test]
    fn a_group_without_an_owner_a_name_a_vpc_or_an_id_is_unreadable() {
        assert!(to_group(closed().set_owner_id(None).build()).is_err());
        assert!(to_group(closed().set_group_name(None).build()).is_err());
        assert!(to_group(closed().set_group_id(None).build()).is_err());
        assert!(to_group(closed().set_vpc_id(None).build()).is_err());
        assert!(to_group(closed().vpc_id("").build()).is_err());
        assert!(to_group(closed().group_id("sg-?").build()).is_err());
    }

    #[test]
    fn every_peer_is_a_rule_and_a_permission_without_one_is_too() {
        let permission = IpPermission::builder()
            .ip_protocol("tcp")
            .from_port(22)
            .to_port(22)
            .ip_ranges(IpRange::builder().cidr_ip("10.0.0.0/8").build())
            .ipv6_ranges(Ipv6Range::builder().cidr_ipv6("::/0").build())
            .prefix_list_ids(PrefixListId::builder().prefix_list_id("pl-6da54004").build())
            .user_id_group_pairs(
                UserIdGroupPair::builder().group_id("sg-99999999").user_id("999999999999").build(),
            )
            .user_id_group_pairs(UserIdGroupPair::builder().build())
            .build();
        let bare = IpPermission::builder().build();
        let group =
            to_group(closed().ip_permissions(permission).ip_permissions_egress(bare).build()).unwrap();
        let rules: Vec<_> = group.rules.iter().map(ToString::to_string).collect();
        assert_eq!(
            rules,
            [
                "tcp 22 from 10.0.0.0/8",
                "tcp 22 from ::/0",
                "tcp 22 from pl-6da54004",
                "tcp 22 from 999999999999/sg-99999999",
                "tcp 22 from an unspecified peer",
                "unknown protocol to an unspecified peer",
            ]
        );
    }
}
