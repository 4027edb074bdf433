//! EC2: rules of the account's other security groups that refer to a group.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::SecurityGroup as SdkSecurityGroup;
use defsg_core::close::reference::Reference;
use defsg_core::close::source::Source;
use defsg_core::close::survey::Surveys;
use defsg_core::group::{Direction, GroupIdentity, SecurityGroupRule};
use defsg_core::ids::SecurityGroupId;
use defsg_core::ports::{ApiError, Page};
use futures_util::future::BoxFuture;

use super::{Action, Ask, FoundByGroup, answered, ids, named};
use crate::clients::Clients;
use crate::ec2::{MAX_FILTER_VALUES, filter, parse};
use crate::groups::convert::to_group;

const SOURCE: Source = Source::new("security-group-rules");

const OPERATION: &str = "DescribeSecurityGroups";

/// The most groups on a page. Source: EC2 API Reference, `DescribeSecurityGroups`.
const PAGE_SIZE: i32 = 1000;

/// The filters that find groups by what their rules refer to.
const FILTERS: [(Direction, &str); 2] =
    [(Direction::Inbound, "ip-permission.group-id"), (Direction::Outbound, "egress.ip-permission.group-id")];

/// Rules of other groups.
pub(super) struct RulesOfOthers;

impl Ask for RulesOfOthers {
    fn names(&self) -> Vec<Source> {
        vec![SOURCE]
    }

    fn actions(&self) -> &'static [Action] {
        &[
            Action { name: "ec2:DescribeSecurityGroups", why: "finds the groups that refer to the group" },
            Action { name: "ec2:DescribeSecurityGroupRules", why: "names the rules by which they do" },
        ]
    }

    fn ask<'a>(&'a self, clients: &'a Clients, groups: &'a [&'a GroupIdentity]) -> BoxFuture<'a, Surveys> {
        Box::pin(async move { answered(SOURCE, groups, find(clients, &ids(groups)).await) })
    }
}

/// A group, and the direction of a rule by which it refers to another one.
type Referring = (SecurityGroupId, Direction);

/// `DescribeSecurityGroups` finds the groups and `DescribeSecurityGroupRules` their rules, as there is no
/// filter of rules by what they refer to.
async fn find(clients: &Clients, groups: &[&SecurityGroupId]) -> Result<FoundByGroup, ApiError> {
    let mut referring: BTreeMap<&SecurityGroupId, BTreeSet<Referring>> = BTreeMap::new();
    for groups in groups.chunks(MAX_FILTER_VALUES) {
        for (direction, filter) in FILTERS {
            for (group, other) in referring_groups(clients, groups, direction, filter).await? {
                referring.entry(group).or_default().insert((other, direction));
            }
        }
    }
    let others: BTreeSet<_> = referring.values().flatten().map(|(other, _)| other).collect();
    let rules = clients.rules_of(&others.into_iter().collect::<Vec<_>>()).await?;
    let mut found = FoundByGroup::new();
    for (group, referring) in referring {
        let references = references(group, &referring, &rules)
            .map_err(|problem| clients.caller.unreadable("DescribeSecurityGroupRules", problem))?;
        found.insert(group.clone(), references.into());
    }
    Ok(found)
}

/// Each of the groups with each other group that has a rule of this direction which refers to it.
async fn referring_groups<'a>(
    clients: &Clients,
    groups: &[&'a SecurityGroupId],
    direction: Direction,
    name: &str,
) -> Result<Vec<(&'a SecurityGroupId, SecurityGroupId)>, ApiError> {
    let caller = &clients.caller;
    let filter = &filter(name, groups.iter().map(|group| group.as_str()));
    let others = caller.every_page(OPERATION, |token| async move {
        let call = clients.ec2().describe_security_groups().filters(filter.clone());
        let answer = call.max_results(PAGE_SIZE).set_next_token(token).send().await;
        let answer = answer.map_err(|error| caller.error(OPERATION, &error))?;
        let Some(items) = answer.security_groups else {
            return Err(caller.unreadable(OPERATION, "the answer has no list of groups"));
        };
        Ok(Page { items, next: answer.next_token })
    });
    let mut referring = Vec::new();
    for other in others.await? {
        let read = to_referring(other, groups, direction);
        let (other, referred) = read.map_err(|problem| caller.unreadable(OPERATION, problem))?;
        referring.extend(referred.into_iter().map(|group| (group, other.clone())));
    }
    Ok(referring)
}

/// The other group, and those of the groups that it refers to. Its references to itself are none.
fn to_referring<'a>(
    other: SdkSecurityGroup,
    groups: &[&'a SecurityGroupId],
    direction: Direction,
) -> Result<(SecurityGroupId, Vec<&'a SecurityGroupId>), String> {
    let id: SecurityGroupId = parse("groupId", other.group_id.clone())?;
    // One group that was asked about is the one that the filter found: its rules need not be read.
    let mut referred = if groups.len() == 1 {
        groups.to_vec()
    } else {
        let other = to_group(other).map_err(|problem| format!("{id}: {problem}"))?;
        let of_direction = || other.traffic().filter(|rule| rule.direction == direction);
        named(groups, |group| of_direction().any(|rule| rule.peer.identity().1 == group))
    };
    if referred.is_empty() {
        return Err(format!("{id} refers to none of the groups that were asked for"));
    }
    referred.retain(|group| **group != id);
    Ok((id, referred))
}

/// The rules that refer to the group. Each of the other groups must have one in the direction that it was
/// found by: where there is none, the two listings do not agree, and nobody knows.
fn references(
    group: &SecurityGroupId,
    referring: &BTreeSet<Referring>,
    rules: &[(SecurityGroupId, SecurityGroupRule)],
) -> Result<Vec<Reference>, String> {
    let rules: Vec<_> = rules.iter().filter(|(_, rule)| rule.traffic.peer.is_group(group)).collect();
    for (other, direction) in referring {
        if !rules.iter().any(|(owner, rule)| owner == other && rule.traffic.direction == *direction) {
            return Err(format!(
                "{other} has an {direction} rule that refers to {group}, and the answer does not list it"
            ));
        }
    }
    let reference = |(owner, rule): &&(SecurityGroupId, SecurityGroupRule)| {
        Reference::rule(group, owner, &rule.id, rule.traffic.direction)
    };
    Ok(rules.iter().filter_map(reference).collect())
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{IpPermission, UserIdGroupPair};
    use defsg_core::group::{Peer, Protocol, Traffic};

    use super::*;

    fn group(digit: char) -> SecurityGroupId {
        format!("sg-{}", digit.to_string().repeat(8)).parse().unwrap()
    }

    fn rule(owner: char, direction: Direction, refers_to: char) -> (SecurityGroupId, SecurityGroupRule) {
        let peer = Peer::group(group(refers_to), None);
        let traffic = Traffic { direction, protocol: Protocol::All, ports: None, peer };
        let id = format!("sgr-{}", owner.to_string().repeat(17)).parse().unwrap();
        (group(owner), SecurityGroupRule::new(id, traffic).unwrap())
    }

    #[test]
    fn the_rules_that_refer_to_the_group_are_its_references() {
        let referring = [(group('1'), Direction::Inbound), (group('2'), Direction::Outbound)].into();
        let rules = [
            rule('1', Direction::Inbound, '0'),
            rule('1', Direction::Outbound, '9'),
            rule('2', Direction::Outbound, '0'),
        ];
        let references = references(&group('0'), &referring, &rules).unwrap();
        let ids: Vec<_> = references.iter().map(Reference::id).collect();
        assert_eq!(ids, ["sgr-11111111111111111", "sgr-22222222222222222"]);
    }

    #[test]
    fn a_group_that_refers_but_whose_rule_is_not_listed_is_an_error() {
        let referring = [(group('1'), Direction::Inbound)].into();
        for rules in
            [vec![], vec![rule('1', Direction::Outbound, '0')], vec![rule('2', Direction::Inbound, '0')]]
        {
            assert!(references(&group('0'), &referring, &rules).is_err(), "{rules:?}");
        }
    }

    /// A group whose inbound rules refer to these.
    fn referring(id: char, refers_to: &[char]) -> SdkSecurityGroup {
        let pairs =
            refers_to.iter().map(|digit| UserIdGroupPair::builder().group_id(group(*digit).as_str()).build());
        let permission = IpPermission::builder().set_user_id_group_pairs(Some(pairs.collect())).build();
        SdkSecurityGroup::builder()
            .group_id(group(id).as_str())
            .group_name("g")
            .owner_id("012345678912")
            .vpc_id("vpc-d2d616b5")
            .ip_permissions(permission)
            .set_ip_permissions_egress(Some(vec![]))
            .build()
    }

    #[test]
    fn a_group_refers_to_those_that_its_rules_of_the_direction_name_and_never_to_itself() {
        let ids = ['0', '1', '2'].map(group);
        let asked: Vec<_> = ids.iter().collect();
        let read = |group, direction| to_referring(group, &asked, direction);
        let found = read(referring('8', &['2', '9', '0']), Direction::Inbound).unwrap();
        assert_eq!(found, (group('8'), vec![&ids[0], &ids[2]]));
        let found = read(referring('1', &['1', '2']), Direction::Inbound).unwrap();
        assert_eq!(found, (group('1'), vec![&ids[2]]));
        let found = read(referring('1', &['1']), Direction::Inbound).unwrap();
        assert_eq!(found, (group('1'), vec![]));
    }

    #[test]
    fn a_group_that_refers_to_none_of_those_asked_for_spoils_the_answer() {
        let ids = ['0', '1'].map(group);
        let asked: Vec<_> = ids.iter().collect();
        assert!(to_referring(referring('8', &['9']), &asked, Direction::Inbound).is_err());
        assert!(to_referring(referring('8', &['0']), &asked, Direction::Outbound).is_err());
    }
}
