//! Rules between EC2's types and the domain's. A rule that cannot be represented in full is an error, never
//! dropped.

use std::fmt::Display;
use std::str::FromStr;

use aws_sdk_ec2::types::{
    IpPermission, IpRange, Ipv6Range, PrefixListId, ReferencedSecurityGroup, ResourceType,
    SecurityGroupRule as SdkRule, Tag, TagSpecification, UserIdGroupPair,
};
use defsg_core::group::{GroupName, Ports, Protocol};
use defsg_core::{Direction, Peer, SecurityGroupId, SecurityGroupRule, Traffic};

use super::convert::to_tags;
use crate::ec2::parse;

/// A field that may be missing or empty, and must parse otherwise.
fn parse_optional<T: FromStr<Err: Display>>(field: &str, value: Option<String>) -> Result<Option<T>, String> {
    value.filter(|value| !value.is_empty()).map(|value| parse(field, Some(value))).transpose()
}

/// The rule, and the group that it belongs to.
pub(super) fn to_rule(rule: SdkRule) -> Result<(SecurityGroupId, SecurityGroupRule), String> {
    let protocol = Protocol::from(rule.ip_protocol.as_deref().ok_or("it has no ipProtocol")?);
    let outbound = rule.is_egress.ok_or("it does not say whether it is inbound or outbound")?;
    let mut peers = Vec::new();
    peers.extend(rule.cidr_ipv4.map(Peer::Ipv4));
    peers.extend(rule.cidr_ipv6.map(Peer::Ipv6));
    peers.extend(rule.prefix_list_id.map(Peer::PrefixList));
    if let Some(group) = rule.referenced_group_info {
        peers.push(to_group_peer(group)?);
    }
    let peer = match <[Peer; 1]>::try_from(peers) {
        Ok([peer]) => peer,
        Err(peers) => return Err(format!("it has {} peers that defsg knows, not one", peers.len())),
    };
    let ports = Ports::whole(&protocol, rule.from_port, rule.to_port);
    let ports = ports.map_err(|error| error.to_string())?;
    let direction = if outbound { Direction::Outbound } else { Direction::Inbound };
    let id = parse("securityGroupRuleId", rule.security_group_rule_id)?;
    let made = SecurityGroupRule::new(id, Traffic { direction, protocol, ports, peer });
    let made = SecurityGroupRule {
        description: rule.description.filter(|description| !description.is_empty()),
        tags: to_tags(rule.tags)?,
        ..made.map_err(|error| error.to_string())?
    };
    Ok((parse("groupId", rule.group_id)?, made))
}

fn to_group_peer(group: ReferencedSecurityGroup) -> Result<Peer, String> {
    Ok(Peer::SecurityGroup {
        group: GroupName::Id(parse("referencedGroupInfo.groupId", group.group_id)?),
        owner: parse_optional("referencedGroupInfo.userId", group.user_id)?,
        vpc: parse_optional("referencedGroupInfo.vpcId", group.vpc_id)?,
        peering_connection: group.vpc_peering_connection_id.filter(|id| !id.is_empty()),
    })
}

/// The permission that makes the rule again.
pub(super) fn to_permission(rule: &SecurityGroupRule) -> IpPermission {
    let description = rule.description.clone();
    let Traffic { protocol, ports, peer, .. } = &rule.traffic;
    let permission = IpPermission::builder()
        .ip_protocol(protocol.as_str())
        .set_from_port(ports.map(|ports| ports.from))
        .set_to_port(ports.map(|ports| ports.to));
    match peer {
        Peer::Ipv4(cidr) => {
            permission.ip_ranges(IpRange::builder().cidr_ip(cidr).set_description(description).build())
        }
        Peer::Ipv6(cidr) => {
            permission.ipv6_ranges(Ipv6Range::builder().cidr_ipv6(cidr).set_description(description).build())
        }
        Peer::PrefixList(id) => permission
            .prefix_list_ids(PrefixListId::builder().prefix_list_id(id).set_description(description).build()),
        Peer::SecurityGroup { group, owner, vpc, peering_connection } => permission.user_id_group_pairs(
            UserIdGroupPair::builder()
                .group_id(group.as_str())
                .set_user_id(owner.as_ref().map(ToString::to_string))
                .set_vpc_id(vpc.as_ref().map(ToString::to_string))
                .set_vpc_peering_connection_id(peering_connection.clone())
                .set_description(description)
                .build(),
        ),
        // No rule has such a peer (`SecurityGroupRule::new`). EC2 refuses the permission, as it names none.
        Peer::Unspecified => permission,
    }
    .build()
}

/// The tags to make the rule with; none where it has none of its own.
pub(super) fn to_tag_specification(rule: &SecurityGroupRule) -> Option<TagSpecification> {
    let tags = rule.own_tags().map(|(key, value)| Tag::builder().key(key).value(value).build());
    let tags: Vec<_> = tags.collect();
    (!tags.is_empty()).then(|| {
        TagSpecification::builder()
            .resource_type(ResourceType::SecurityGroupRule)
            .set_tags(Some(tags))
            .build()
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::builders::SecurityGroupRuleBuilder;

    use super::*;

    fn inbound() -> SecurityGroupRuleBuilder {
        SdkRule::builder()
            .security_group_rule_id("sgr-0123456789abcdef0")
            .group_id("sg-6c7fa917")
            .is_egress(false)
            .ip_protocol("tcp")
            .from_port(22)
            .to_port(23)
    }

    fn referenced() -> ReferencedSecurityGroup {
        ReferencedSecurityGroup::builder()
            .group_id("sg-99999999")
            .user_id("999999999999")
            .vpc_id("vpc-99999999")
            .vpc_peering_connection_id("pcx-99999999")
            .peering_status("active")
            .build()
    }

    fn rule(rule: SecurityGroupRuleBuilder) -> SecurityGroupRule {
        to_rule(rule.build()).unwrap().1
    }

    #[test]
    fn a_rule_is_read_with_everything_that_makes_it() {
        let read = rule(
            inbound()
                .is_egress(true)
                .cidr_ipv4("10.0.0.0/8")
                .description("踏み台")
                .tags(Tag::builder().key("team").value("net").build()),
        );
        assert_eq!(read.id.as_str(), "sgr-0123456789abcdef0");
        assert_eq!(read.traffic.direction, Direction::Outbound);
        assert_eq!(read.traffic.protocol.as_str(), "tcp");
        assert_eq!(read.traffic.ports, Some(Ports { from: 22, to: 23 }));
        assert_eq!(read.traffic.peer, Peer::Ipv4("10.0.0.0/8".to_owned()));
        assert_eq!(read.description.as_deref(), Some("踏み台"));
        assert_eq!(read.tags["team"], "net");
    }

    #[test]
    fn a_rule_that_cannot_be_represented_in_full_is_an_error() {
        let rules = [
            ("no peer", inbound()),
            ("two peers", inbound().cidr_ipv4("10.0.0.0/8").prefix_list_id("pl-6da54004")),
            ("no direction", inbound().cidr_ipv6("::/0").set_is_egress(None)),
            ("no protocol", inbound().cidr_ipv6("::/0").set_ip_protocol(None)),
            ("no ID", inbound().cidr_ipv6("::/0").set_security_group_rule_id(None)),
            ("half a range of ports", inbound().cidr_ipv6("::/0").set_to_port(None)),
            ("no ports", inbound().cidr_ipv6("::/0").set_from_port(None).set_to_port(None)),
            ("no group", inbound().cidr_ipv6("::/0").set_group_id(None)),
            ("a tag with no key", inbound().cidr_ipv6("::/0").tags(Tag::builder().value("v").build())),
            (
                "a group with no ID",
                inbound().referenced_group_info(ReferencedSecurityGroup::builder().build()),
            ),
        ];
        for (what, rule) in rules {
            assert!(to_rule(rule.build()).is_err(), "{what}");
        }
    }

    #[test]
    fn every_kind_of_rule_makes_the_permission_that_it_was_made_with() {
        let described = |builder: SecurityGroupRuleBuilder| to_permission(&rule(builder.description("d")));
        let ipv4 = described(inbound().cidr_ipv4("10.0.0.0/8"));
        assert_eq!((ipv4.ip_protocol(), ipv4.from_port(), ipv4.to_port()), (Some("tcp"), Some(22), Some(23)));
        assert_eq!(ipv4.ip_ranges(), [IpRange::builder().cidr_ip("10.0.0.0/8").description("d").build()]);
        let ipv6 = described(inbound().cidr_ipv6("::/0"));
        assert_eq!(ipv6.ipv6_ranges(), [Ipv6Range::builder().cidr_ipv6("::/0").description("d").build()]);
        let list = described(inbound().prefix_list_id("pl-6da54004"));
        let expected = PrefixListId::builder().prefix_list_id("pl-6da54004").description("d").build();
        assert_eq!(list.prefix_list_ids(), [expected]);
        let group = described(inbound().referenced_group_info(referenced()));
        let expected = UserIdGroupPair::builder()
            .group_id("sg-99999999")
            .user_id("999999999999")
            .vpc_id("vpc-99999999")
            .vpc_peering_connection_id("pcx-99999999")
            .description("d")
            .build();
        assert_eq!(group.user_id_group_pairs(), [expected]);
    }

    #[test]
    fn a_rule_of_all_protocols_has_no_ports_and_an_empty_description_is_none() {
        let all = rule(
            inbound().ip_protocol("-1").from_port(-1).to_port(-1).cidr_ipv4("0.0.0.0/0").description(""),
        );
        let permission = to_permission(&all);
        assert_eq!((permission.from_port(), permission.to_port()), (None, None));
        assert_eq!(permission.ip_protocol(), Some("-1"));
        assert_eq!(permission.ip_ranges(), [IpRange::builder().cidr_ip("0.0.0.0/0").build()]);
    }

    #[test]
    fn tags_are_made_again_but_for_those_that_only_aws_can_set() {
        let tag = |key: &str| Tag::builder().key(key).value("v").build();
        let tagged = rule(inbound().cidr_ipv4("10.0.0.0/8").tags(tag("team")).tags(tag("aws:stack")));
        let specification = to_tag_specification(&tagged).unwrap();
        assert_eq!(specification.resource_type(), Some(&ResourceType::SecurityGroupRule));
        assert_eq!(specification.tags(), [tag("team")]);
        let aws_only = rule(inbound().cidr_ipv4("10.0.0.0/8").tags(tag("aws:stack")));
        assert_eq!(to_tag_specification(&aws_only), None);
    }
}
