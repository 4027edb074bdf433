//! EC2: other security groups whose rules refer to a group, in this account and over peering connections and transit
//! gateways.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::SecurityGroupReference;
use defsg_core::dependent::Dependent;
use defsg_core::ports::{ApiError, Page};
use defsg_core::rule_set::{RulePeer, SecurityGroupRule};
use defsg_core::{Direction, SecurityGroupId};

use super::Answer;
use crate::account::AwsAccount;
use crate::ec2::filter;
use crate::error::{api_error, unreadable};
use crate::pages;

/// The most groups on a page. Source: EC2 API Reference, `DescribeSecurityGroups`.
const PAGE_SIZE: i32 = 1000;

/// The filters that find groups by whom their rules refer to.
const FILTERS: [(Direction, &str); 2] =
    [(Direction::Inbound, "ip-permission.group-id"), (Direction::Outbound, "egress.ip-permission.group-id")];

impl AwsAccount {
    /// The rules of other groups that refer to the group. `DescribeSecurityGroups` finds the groups and
    /// `DescribeSecurityGroupRules` their rules, as there is no filter of rules by whom they refer to.
    pub(super) async fn rules_of_others(&self, group: &SecurityGroupId) -> Answer {
        let mut referring = BTreeSet::new();
        for (direction, filter) in FILTERS {
            let found = self.groups_by(filter, group).await?;
            referring.extend(found.into_iter().filter(|of| of != group).map(|of| (of, direction)));
        }
        let groups: BTreeSet<_> = referring.iter().map(|(of, _)| of).collect();
        let rules = self.rules_of(&groups.into_iter().collect::<Vec<_>>()).await?;
        referring_rules(group, &referring, &rules)
            .map_err(|problem| unreadable("DescribeSecurityGroupRules", &self.id, problem))
    }

    async fn groups_by(&self, name: &str, group: &SecurityGroupId) -> Result<Vec<SecurityGroupId>, ApiError> {
        const OPERATION: &str = "DescribeSecurityGroups";
        let groups = pages::every(OPERATION, &self.id, |token| async move {
            let call = self.ec2().describe_security_groups().filters(filter(name, [group.as_str()]));
            let answer = call.max_results(PAGE_SIZE).set_next_token(token).send().await;
            let answer = answer.map_err(|error| api_error(OPERATION, &self.id, &error))?;
            let Some(items) = answer.security_groups else {
                return Err(unreadable(OPERATION, &self.id, "the answer has no list of groups"));
            };
            Ok(Page { items, next: answer.next_token })
        });
        let ids = groups.await?.into_iter().map(|of| of.group_id.unwrap_or_default().parse());
        ids.collect::<Result<_, _>>()
            .map_err(|error| unreadable(OPERATION, &self.id, format!("groupId {error}")))
    }

    /// The VPCs over a peering connection or a transit gateway with a group that refers to this one.
    pub(super) async fn references(&self, group: &SecurityGroupId) -> Answer {
        const OPERATION: &str = "DescribeSecurityGroupReferences";
        let answer = self.ec2().describe_security_group_references().group_id(group.as_str()).send().await;
        let answer = answer.map_err(|error| api_error(OPERATION, &self.id, &error))?;
        let Some(references) = answer.security_group_reference_set else {
            return Err(unreadable(OPERATION, &self.id, "the answer has no list of references"));
        };
        let dependents = references.into_iter().map(to_dependent).collect::<Option<_>>();
        dependents.ok_or_else(|| unreadable(OPERATION, &self.id, "a reference has no referencingVpcId"))
    }
}

/// The rules that refer to the group. Each of the groups must have one in the direction that it was found by: where there
/// is none, the two listings do not agree, and nobody knows.
fn referring_rules(
    group: &SecurityGroupId,
    referring: &BTreeSet<(SecurityGroupId, Direction)>,
    rules: &[(SecurityGroupId, SecurityGroupRule)],
) -> Result<Vec<Dependent>, String> {
    let rules: Vec<_> = rules.iter().filter(|(_, rule)| refers_to(rule, group)).collect();
    for (of, direction) in referring {
        if !rules.iter().any(|(owner, rule)| owner == of && rule.direction == *direction) {
            return Err(format!(
                "{of} has an {direction} rule that refers to {group}, and the answer does not list it"
            ));
        }
    }
    let dependent = |(of, rule): &&(SecurityGroupId, SecurityGroupRule)| {
        Dependent::rule(group, of, &rule.rule_id, rule.direction)
    };
    Ok(rules.iter().filter_map(dependent).collect())
}

fn refers_to(rule: &SecurityGroupRule, group: &SecurityGroupId) -> bool {
    matches!(&rule.peer, RulePeer::SecurityGroup { group_id, .. } if group_id == group)
}

fn to_dependent(reference: SecurityGroupReference) -> Option<Dependent> {
    let over = reference.vpc_peering_connection_id.or(reference.transit_gateway_id);
    let over = over.filter(|over| !over.is_empty()).unwrap_or_else(|| "an unnamed connection".to_owned());
    Some(Dependent::referencing_vpc(&reference.referencing_vpc_id?, &over))
}

#[cfg(test)]
mod tests {
    use defsg_core::security_group::Protocol;

    use super::*;

    fn group(digit: char) -> SecurityGroupId {
        format!("sg-{}", digit.to_string().repeat(8)).parse().unwrap()
    }

    fn rule(of: char, direction: Direction, refers_to: char) -> (SecurityGroupId, SecurityGroupRule) {
        let peer = RulePeer::SecurityGroup {
            group_id: group(refers_to),
            owner: None,
            vpc_id: None,
            peering_connection_id: None,
        };
        let rule = SecurityGroupRule {
            rule_id: format!("sgr-{}", of.to_string().repeat(17)).parse().unwrap(),
            direction,
            protocol: Protocol::All,
            ports: None,
            peer,
            description: None,
            tags: Default::default(),
        };
        (group(of), rule)
    }

    #[test]
    fn the_rules_that_refer_to_the_group_are_its_dependents() {
        let referring = [(group('1'), Direction::Inbound), (group('2'), Direction::Outbound)].into();
        let rules = [
            rule('1', Direction::Inbound, '0'),
            rule('1', Direction::Outbound, '9'),
            rule('2', Direction::Outbound, '0'),
        ];
        let dependents = referring_rules(&group('0'), &referring, &rules).unwrap();
        let ids: Vec<_> = dependents.iter().map(|dependent| dependent.id.as_str()).collect();
        assert_eq!(ids, ["sgr-11111111111111111", "sgr-22222222222222222"]);
    }

    #[test]
    fn a_group_that_refers_but_whose_rule_is_not_listed_is_an_error() {
        let referring = [(group('1'), Direction::Inbound)].into();
        for rules in
            [vec![], vec![rule('1', Direction::Outbound, '0')], vec![rule('2', Direction::Inbound, '0')]]
        {
            assert!(referring_rules(&group('0'), &referring, &rules).is_err(), "{rules:?}");
        }
    }

    #[test]
    fn a_reference_names_the_vpc_and_the_way() {
        let reference = SecurityGroupReference::builder().group_id("sg-00000000");
        let peered = reference.clone().referencing_vpc_id("vpc-1").vpc_peering_connection_id("pcx-1").build();
        assert_eq!(to_dependent(peered), Some(Dependent::referencing_vpc("vpc-1", "pcx-1")));
        let transit = reference.clone().referencing_vpc_id("vpc-2").transit_gateway_id("tgw-1").build();
        assert_eq!(to_dependent(transit), Some(Dependent::referencing_vpc("vpc-2", "tgw-1")));
        assert_eq!(to_dependent(reference.build()), None, "no VPC");
    }
}
