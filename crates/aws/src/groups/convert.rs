//! From EC2's security groups to the domain's. This is the one place that does it, for the listing and for
//! the reading of one group.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{IpPermission, SecurityGroup as SdkSecurityGroup, Tag};
use defsg_core::group::permission::GroupPair;
use defsg_core::group::{Direction, GroupIdentity, Permission, SecurityGroup, Traffic};

use crate::ec2::parse;

/// The group with what its rules let through.
///
/// # Errors
/// What it lacks. A list that is not there is not an empty one.
pub(crate) fn to_group(group: SdkSecurityGroup) -> Result<SecurityGroup, String> {
    let inbound = group.ip_permissions.ok_or("it has no list of inbound rules")?;
    let outbound = group.ip_permissions_egress.ok_or("it has no list of outbound rules")?;
    let identity = GroupIdentity {
        id: parse("groupId", group.group_id)?,
        name: group.group_name.ok_or("it has no groupName")?,
        description: group.description.unwrap_or_default(),
        owner: parse("ownerId", group.owner_id)?,
        // EC2-Classic is gone: a group in no VPC can only be a broken answer.
        vpc: Some(parse("vpcId", group.vpc_id)?),
        tags: to_tags(group.tags)?,
    };
    let inbound = to_traffic(Direction::Inbound, inbound);
    Ok(SecurityGroup { identity, rules: inbound.chain(to_traffic(Direction::Outbound, outbound)).collect() })
}

/// Tags by key. One that has no key is an error: it may be the one that exempts the group.
pub(crate) fn to_tags(tags: Option<Vec<Tag>>) -> Result<BTreeMap<String, String>, String> {
    let tags = tags.unwrap_or_default().into_iter();
    tags.map(|tag| Ok((tag.key.ok_or("a tag has no key")?, tag.value.unwrap_or_default()))).collect()
}

fn to_traffic(direction: Direction, permissions: Vec<IpPermission>) -> impl Iterator<Item = Traffic> {
    permissions.into_iter().flat_map(move |permission| to_permission(permission).into_traffic(direction))
}

fn to_permission(permission: IpPermission) -> Permission {
    let ipv4 = permission.ip_ranges.unwrap_or_default().into_iter().map(|range| range.cidr_ip);
    let ipv6 = permission.ipv6_ranges.unwrap_or_default().into_iter().map(|range| range.cidr_ipv6);
    let lists = permission.prefix_list_ids.unwrap_or_default().into_iter().map(|list| list.prefix_list_id);
    let groups = permission.user_id_group_pairs.unwrap_or_default().into_iter();
    let groups =
        groups.map(|pair| GroupPair { id: pair.group_id, name: pair.group_name, owner: pair.user_id });
    Permission {
        protocol: permission.ip_protocol,
        from_port: permission.from_port,
        to_port: permission.to_port,
        ipv4: ipv4.collect(),
        ipv6: ipv6.collect(),
        prefix_lists: lists.collect(),
        groups: groups.collect(),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::builders::SecurityGroupBuilder;
    use aws_sdk_ec2::types::{IpRange, Ipv6Range, PrefixListId, UserIdGroupPair};

    use super::*;

    fn closed() -> SecurityGroupBuilder {
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
        assert_eq!(group.identity.tags["k"], "v");
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
    fn a_group_with_a_tag_that_has_no_key_is_unreadable() {
        assert!(to_group(closed().tags(Tag::builder().value("v").build()).build()).is_err());
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
