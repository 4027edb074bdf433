//! EC2: one security group with its rules by rule ID.

use std::time::Duration;

use aws_sdk_ec2::error::ProvideErrorMetadata;
use aws_sdk_ec2::types::SecurityGroup as SdkSecurityGroup;
use defsg_core::group::{Family, GroupState};
use defsg_core::ports::ApiError;
use defsg_core::ports::closing::ReadGroup;
use defsg_core::{Direction, SecurityGroup, SecurityGroupId, SecurityGroupRule, Traffic};

use super::convert::to_group;
use super::rules;
use crate::clients::Clients;
use crate::errors::SdkError;

/// The waits between readings that do not agree with themselves: EC2's listings lag behind a change, each on
/// its own.
const WAITS: [Duration; 3] =
    [Duration::from_millis(250), Duration::from_millis(500), Duration::from_millis(1000)];

/// Codes by which EC2 says that a group with that ID does not exist.
pub(super) const NO_SUCH_GROUP: [&str; 2] = ["InvalidGroup.NotFound", "InvalidGroupId.Malformed"];

/// What one reading of a group gave.
enum Reading {
    Gone,
    Whole(GroupState),
    /// One listing shows other rules than the other.
    Torn,
}

impl ReadGroup for Clients {
    async fn read_group(&self, group: &SecurityGroupId) -> Result<Option<GroupState>, ApiError> {
        let mut waits = WAITS.into_iter();
        loop {
            match self.read_once(group).await? {
                Reading::Gone => return Ok(None),
                Reading::Whole(state) => return Ok(Some(state)),
                Reading::Torn => {}
            }
            let Some(wait) = waits.next() else {
                let problem = format!(
                    "EC2 lists other rules of {group} in DescribeSecurityGroups than in DescribeSecurityGroupRules"
                );
                return Err(self.caller.unreadable(rules::OPERATION, problem));
            };
            tokio::time::sleep(wait).await;
        }
    }
}

impl Clients {
    async fn read_once(&self, group: &SecurityGroupId) -> Result<Reading, ApiError> {
        const OPERATION: &str = "DescribeSecurityGroups";
        let answer = self.ec2().describe_security_groups().group_ids(group.as_str()).send().await;
        let groups = match answer {
            Ok(answer) => answer.security_groups,
            Err(error) if is(&error, &NO_SUCH_GROUP) => return Ok(Reading::Gone),
            Err(error) => return Err(self.caller.error(OPERATION, &error)),
        };
        let mut groups = groups.unwrap_or_default().into_iter();
        let described = groups.find(|found| found.group_id() == Some(group.as_str()));
        let described = described.ok_or_else(|| {
            self.caller.unreadable(OPERATION, format!("the answer lacks {group}, which was asked for"))
        })?;
        let listed = self.rules_of(&[group]).await?;
        if let Some((other, _)) = listed.iter().find(|(owner, _)| owner != group) {
            let problem = format!("the answer has a rule of {other}, and {group} was asked for");
            return Err(self.caller.unreadable(rules::OPERATION, problem));
        }
        let rules = listed.into_iter().map(|(_, rule)| rule).collect();
        to_reading(described, rules)
            .map_err(|problem| self.caller.unreadable(OPERATION, format!("{group}: {problem}")))
    }
}

fn to_reading(group: SdkSecurityGroup, rules: Vec<SecurityGroupRule>) -> Result<Reading, String> {
    let described = to_group(group)?;
    if sorted_peers(described.traffic()) != sorted_peers(rules.iter().map(AsRef::as_ref)) {
        return Ok(Reading::Torn);
    }
    Ok(Reading::Whole(SecurityGroup { identity: described.identity, rules }))
}

/// What both listings must agree on: the peers of each direction. EC2 writes them alike in both, which is not
/// so of ports and accounts.
fn sorted_peers<'a>(rules: impl Iterator<Item = &'a Traffic>) -> Vec<(Direction, Family, &'a str)> {
    let peers = rules.map(|rule| {
        let (family, id) = rule.peer.identity();
        (rule.direction, family, id)
    });
    let mut peers: Vec<_> = peers.collect();
    peers.sort_unstable();
    peers
}

/// Whether EC2 answered with one of these codes.
pub(super) fn is<E: ProvideErrorMetadata>(error: &SdkError<E>, codes: &[&str]) -> bool {
    error.code().is_some_and(|code| codes.contains(&code))
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::builders::SecurityGroupBuilder;
    use aws_sdk_ec2::types::{IpPermission, IpRange, Tag};
    use defsg_core::Peer;
    use defsg_core::group::Protocol;

    use super::*;

    fn described(inbound: usize, outbound: usize) -> SecurityGroupBuilder {
        SdkSecurityGroup::builder()
            .group_id("sg-6c7fa917")
            .group_name("default")
            .description("default VPC security group")
            .owner_id("012345678912")
            .vpc_id("vpc-d2d616b5")
            .tags(Tag::builder().key("team").value("net").build())
            .set_ip_permissions(Some(permissions(inbound)))
            .set_ip_permissions_egress(Some(permissions(outbound)))
    }

    fn cidr(number: usize) -> String {
        format!("10.0.{number}.0/24")
    }

    /// One permission for all rules of the same protocol and ports, as EC2 groups them.
    fn permissions(rules: usize) -> Vec<IpPermission> {
        let ranges = (0..rules).map(|number| IpRange::builder().cidr_ip(cidr(number)).build()).collect();
        let permission = IpPermission::builder().set_ip_ranges(Some(ranges)).build();
        if rules == 0 { vec![] } else { vec![permission] }
    }

    fn listed(inbound: usize, outbound: usize) -> Vec<SecurityGroupRule> {
        let rule = |direction, number| {
            let peer = Peer::Ipv4(cidr(number));
            let traffic = Traffic { direction, protocol: Protocol::All, ports: None, peer };
            let id = format!("sgr-0123456789abcde{number:02}").parse().unwrap();
            SecurityGroupRule::new(id, traffic).unwrap()
        };
        let inbound = (0..inbound).map(|number| rule(Direction::Inbound, number));
        inbound.chain((0..outbound).map(|number| rule(Direction::Outbound, number))).collect()
    }

    #[test]
    fn a_group_is_whole_where_both_listings_agree_on_the_peers_of_each_direction() {
        for (group, rules, whole) in [
            (described(0, 0), listed(0, 0), true),
            (described(3, 1), listed(3, 1), true),
            (described(3, 1), listed(2, 1), false),
            (described(1, 1), listed(2, 0), false),
            (described(1, 0), listed(0, 0), false),
            (described(0, 0), listed(0, 1), false),
            (described(1, 0), listed(0, 1), false),
        ] {
            let (group, count) = (group.build(), rules.len());
            let reading = to_reading(group.clone(), rules).unwrap();
            assert_eq!(matches!(reading, Reading::Whole(_)), whole, "{group:?} with {count} rules");
        }
        let mut other = listed(1, 0);
        other[0].traffic.peer = Peer::Ipv4("nonsense".to_owned());
        assert!(matches!(to_reading(described(1, 0).build(), other), Ok(Reading::Torn)));
    }

    #[test]
    fn a_group_is_read_with_its_owner_vpc_tags_and_rules() {
        let Ok(Reading::Whole(state)) = to_reading(described(1, 0).build(), listed(1, 0)) else {
            panic!("it is whole")
        };
        assert_eq!(state.identity.owner.as_str(), "012345678912");
        assert_eq!(state.identity.vpc.unwrap().as_str(), "vpc-d2d616b5");
        assert_eq!(state.identity.description, "default VPC security group");
        assert_eq!(state.identity.tags["team"], "net");
        assert_eq!(state.rules, listed(1, 0));
    }

    #[test]
    fn a_group_that_lacks_a_list_its_owner_its_name_or_its_vpc_is_unreadable_and_not_closed() {
        for (what, group) in [
            ("inbound", described(0, 0).set_ip_permissions(None)),
            ("outbound", described(0, 0).set_ip_permissions_egress(None)),
            ("owner", described(0, 0).set_owner_id(None)),
            ("name", described(0, 0).set_group_name(None)),
            ("VPC", described(0, 0).set_vpc_id(None)),
        ] {
            assert!(to_reading(group.build(), vec![]).is_err(), "{what}");
        }
    }
}
