//! EC2: one security group with its rules by rule ID; rules taken out of it and put into it.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ec2::error::ProvideErrorMetadata;
use aws_sdk_ec2::types::SecurityGroup as SdkSecurityGroup;
use defsg_core::ids::SecurityGroupRuleId;
use defsg_core::ports::remediation::{AuthorizeRules, Authorized, ReadGroup, RevokeRules};
use defsg_core::ports::{ApiError, ApiErrorKind, Page};
use defsg_core::rule_set::{GroupState, SecurityGroupRule};
use defsg_core::{Direction, Family, Peer, Rule, SecurityGroupId};

use crate::account::AwsAccount;
use crate::ec2::{filter, parse};
use crate::error::{api_error, unreadable};
use crate::groups::to_rules;
use crate::pages;

mod convert;

use convert::{tags, to_permission, to_rule, to_tag_specification};

type SdkError<E> = aws_sdk_ec2::error::SdkError<E>;

/// The most rules on a page. Source: EC2 API Reference, `DescribeSecurityGroupRules`.
const PAGE_SIZE: i32 = 1000;

/// The most values of one filter. Source: EC2 User Guide, "List and filter using the CLI and API".
const MAX_FILTER_VALUES: usize = 200;

/// The waits between readings that do not agree with themselves: EC2's listings lag behind a change, each on its own.
const WAITS: [Duration; 3] =
    [Duration::from_millis(250), Duration::from_millis(500), Duration::from_millis(1000)];

/// Codes by which EC2 says that a group with that ID does not exist.
const NO_SUCH_GROUP: [&str; 2] = ["InvalidGroup.NotFound", "InvalidGroupId.Malformed"];

/// Codes by which EC2 says that a rule to revoke is gone.
const NO_SUCH_RULE: [&str; 2] = ["InvalidSecurityGroupRuleId.NotFound", "InvalidPermission.NotFound"];

/// What one reading of a group gave.
enum Reading {
    Gone,
    Whole(GroupState),
    /// One listing shows other rules than the other.
    Torn,
}

impl ReadGroup for AwsAccount {
    async fn read_group(&self, group: &SecurityGroupId) -> Result<Option<GroupState>, ApiError> {
        let mut waits = WAITS.into_iter();
        loop {
            match self.read_once(group).await? {
                Reading::Gone => return Ok(None),
                Reading::Whole(state) => return Ok(Some(state)),
                Reading::Torn => {}
            }
            let Some(wait) = waits.next() else {
                let detail = format!(
                    "EC2 lists other rules of {group} in DescribeSecurityGroups than in DescribeSecurityGroupRules"
                );
                return Err(unreadable("DescribeSecurityGroupRules", &self.id, detail));
            };
            tokio::time::sleep(wait).await;
        }
    }
}

impl AwsAccount {
    async fn read_once(&self, group: &SecurityGroupId) -> Result<Reading, ApiError> {
        const OPERATION: &str = "DescribeSecurityGroups";
        let answer = self.ec2().describe_security_groups().group_ids(group.as_str()).send().await;
        let groups = match answer {
            Ok(answer) => answer.security_groups,
            Err(error) if is(&error, &NO_SUCH_GROUP) => return Ok(Reading::Gone),
            Err(error) => return Err(api_error(OPERATION, &self.id, &error)),
        };
        let described =
            groups.unwrap_or_default().into_iter().find(|of| of.group_id() == Some(group.as_str()));
        let described = described.ok_or_else(|| {
            unreadable(OPERATION, &self.id, format!("the answer lacks {group}, which was asked for"))
        })?;
        let listed = self.rules_of(&[group]).await?;
        if let Some((other, _)) = listed.iter().find(|(of, _)| of != group) {
            let detail = format!("the answer has a rule of {other}, and {group} was asked for");
            return Err(unreadable("DescribeSecurityGroupRules", &self.id, detail));
        }
        let rules = listed.into_iter().map(|(_, rule)| rule).collect();
        to_reading(described, rules)
            .map_err(|problem| unreadable(OPERATION, &self.id, format!("{group}: {problem}")))
    }

    /// Every rule of these groups, each with the group that it belongs to.
    pub(crate) async fn rules_of(
        &self,
        groups: &[&SecurityGroupId],
    ) -> Result<Vec<(SecurityGroupId, SecurityGroupRule)>, ApiError> {
        const OPERATION: &str = "DescribeSecurityGroupRules";
        let mut rules = BTreeMap::new();
        for groups in groups.chunks(MAX_FILTER_VALUES) {
            let filter = &filter("group-id", groups.iter().map(|group| group.as_str()));
            let listed = pages::every(OPERATION, &self.id, |token| async move {
                let call = self.ec2().describe_security_group_rules().filters(filter.clone());
                let answer = call.max_results(PAGE_SIZE).set_next_token(token).send().await;
                let answer = answer.map_err(|error| api_error(OPERATION, &self.id, &error))?;
                let Some(items) = answer.security_group_rules else {
                    return Err(unreadable(OPERATION, &self.id, "the answer has no list of rules"));
                };
                Ok(Page { items, next: answer.next_token })
            });
            for rule in listed.await? {
                let id = rule.security_group_rule_id().unwrap_or("a rule with no ID").to_owned();
                let rule = to_rule(rule);
                let rule =
                    rule.map_err(|problem| unreadable(OPERATION, &self.id, format!("{id}: {problem}")))?;
                add(&mut rules, rule).map_err(|problem| unreadable(OPERATION, &self.id, problem))?;
            }
        }
        Ok(rules.into_values().collect())
    }
}

/// Adds a rule to those that were listed so far. One that two pages list is one rule, if both say the same of it.
fn add(
    rules: &mut BTreeMap<SecurityGroupRuleId, (SecurityGroupId, SecurityGroupRule)>,
    rule: (SecurityGroupId, SecurityGroupRule),
) -> Result<(), String> {
    let id = rule.1.rule_id.clone();
    if rules.get(&id).is_some_and(|other| *other != rule) {
        return Err(format!("{id} is listed twice, and not the same"));
    }
    rules.insert(id, rule);
    Ok(())
}

fn to_reading(group: SdkSecurityGroup, rules: Vec<SecurityGroupRule>) -> Result<Reading, String> {
    let inbound = group.ip_permissions.ok_or("it has no list of inbound rules")?;
    let outbound = group.ip_permissions_egress.ok_or("it has no list of outbound rules")?;
    let listed = rules.iter().map(|rule| peer(&Rule::from(rule)));
    let described = [(Direction::Inbound, inbound), (Direction::Outbound, outbound)].into_iter();
    let described = described.flat_map(|(direction, of)| of.into_iter().map(move |of| (direction, of)));
    let described = described.flat_map(|(direction, of)| to_rules(direction, of)).map(|rule| peer(&rule));
    if sorted(listed) != sorted(described) {
        return Ok(Reading::Torn);
    }
    Ok(Reading::Whole(GroupState {
        id: parse("groupId", group.group_id)?,
        name: group.group_name.ok_or("it has no groupName")?,
        description: group.description.unwrap_or_default(),
        owner: parse("ownerId", group.owner_id)?,
        vpc: group.vpc_id.filter(|id| !id.is_empty()).map(|id| parse("vpcId", Some(id))).transpose()?,
        tags: tags(group.tags)?,
        rules,
    }))
}

/// What both listings must agree on: EC2 writes it alike in both, which is not so of ports and accounts.
fn peer(rule: &Rule) -> (Direction, Family, String) {
    let id = match &rule.peer {
        Peer::SecurityGroup { group, .. } => group.clone(),
        other => other.to_string(),
    };
    (rule.direction, rule.peer.family(), id)
}

fn sorted<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut items: Vec<_> = items.collect();
    items.sort();
    items
}

impl RevokeRules for AwsAccount {
    async fn revoke_rules(
        &self,
        group: &SecurityGroupId,
        direction: Direction,
        rules: &[SecurityGroupRuleId],
    ) -> Result<(), ApiError> {
        let ids = Some(rules.iter().map(ToString::to_string).collect());
        // The answer's `Return` and lists are not looked at: the caller reads the group again.
        match direction {
            Direction::Inbound => {
                let call = self.ec2().revoke_security_group_ingress().group_id(group.as_str());
                let answer = call.set_security_group_rule_ids(ids).send().await;
                answer.map(drop).or_else(|error| self.unless_gone("RevokeSecurityGroupIngress", &error))
            }
            Direction::Outbound => {
                let call = self.ec2().revoke_security_group_egress().group_id(group.as_str());
                let answer = call.set_security_group_rule_ids(ids).send().await;
                answer.map(drop).or_else(|error| self.unless_gone("RevokeSecurityGroupEgress", &error))
            }
        }
    }
}

impl AwsAccount {
    /// An error, unless it says that what was to be revoked, or the whole group, is gone.
    fn unless_gone<E>(&self, operation: &'static str, error: &SdkError<E>) -> Result<(), ApiError>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        if is(error, &NO_SUCH_RULE) || is(error, &NO_SUCH_GROUP) {
            return Ok(());
        }
        Err(api_error(operation, &self.id, error))
    }
}

impl AuthorizeRules for AwsAccount {
    async fn authorize_rules(
        &self,
        group: &SecurityGroupId,
        direction: Direction,
        rules: &[&SecurityGroupRule],
    ) -> Result<Authorized, ApiError> {
        let Some(first) = rules.first() else { return Ok(Authorized::Done) };
        let permissions = Some(rules.iter().map(|rule| to_permission(rule)).collect());
        let tags = to_tag_specification(first).map(|tags| vec![tags]);
        match direction {
            Direction::Inbound => {
                let call = self.ec2().authorize_security_group_ingress().group_id(group.as_str());
                let call = call.set_ip_permissions(permissions).set_tag_specifications(tags);
                let answer = call.send().await.map(|answer| answer.r#return);
                self.authorized("AuthorizeSecurityGroupIngress", answer)
            }
            Direction::Outbound => {
                let call = self.ec2().authorize_security_group_egress().group_id(group.as_str());
                let call = call.set_ip_permissions(permissions).set_tag_specifications(tags);
                let answer = call.send().await.map(|answer| answer.r#return);
                self.authorized("AuthorizeSecurityGroupEgress", answer)
            }
        }
    }
}

impl AwsAccount {
    fn authorized<E>(
        &self,
        operation: &'static str,
        answer: Result<Option<bool>, SdkError<E>>,
    ) -> Result<Authorized, ApiError>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        match answer {
            Ok(Some(true)) => Ok(Authorized::Done),
            Ok(_) => {
                Err(unreadable(operation, &self.id, "the answer does not say that the rules were added"))
            }
            Err(error) if is(&error, &["InvalidPermission.Duplicate"]) => Ok(Authorized::Stands),
            Err(error) => {
                let status = error.raw_response().map(|response| response.status().as_u16());
                let refused = error.code().is_some() && status.is_some_and(is_refusal);
                let error = api_error(operation, &self.id, &error);
                if refused && error.kind == ApiErrorKind::Other {
                    return Ok(Authorized::Refused { why: error.detail });
                }
                Err(error)
            }
        }
    }
}

/// Whether EC2 will say so every time. Source: EC2 API Reference, "Error codes": client errors, what is wrong with a request,
/// have a status of 4xx; server errors have 5xx.
fn is_refusal(status: u16) -> bool {
    (400..500).contains(&status)
}

fn is<E: ProvideErrorMetadata>(error: &SdkError<E>, codes: &[&str]) -> bool {
    error.code().is_some_and(|code| codes.contains(&code))
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::builders::SecurityGroupBuilder;
    use aws_sdk_ec2::types::{IpPermission, IpRange, SecurityGroupRule as SdkRule, Tag};
    use defsg_core::rule_set::RulePeer;

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

    /// One permission for all rules of the same protocol and ports, as EC2 groups them.
    fn permissions(rules: usize) -> Vec<IpPermission> {
        let range = IpRange::builder().cidr_ip("0.0.0.0/0").build();
        let permission = IpPermission::builder().set_ip_ranges(Some(vec![range; rules])).build();
        if rules == 0 { vec![] } else { vec![permission] }
    }

    fn listed(inbound: usize, outbound: usize) -> Vec<SecurityGroupRule> {
        let rule = |outbound| {
            let rule =
                SdkRule::builder().security_group_rule_id("sgr-0123456789abcdef0").group_id("sg-6c7fa917");
            let rule = rule.is_egress(outbound).ip_protocol("-1").cidr_ipv4("0.0.0.0/0");
            to_rule(rule.build()).unwrap().1
        };
        [vec![rule(false); inbound], vec![rule(true); outbound]].concat()
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
        other[0].peer = RulePeer::Ipv4 { cidr: "nonsense".to_owned() };
        assert!(matches!(to_reading(described(1, 0).build(), other), Ok(Reading::Torn)));
    }

    #[test]
    fn a_group_is_read_with_its_owner_vpc_tags_and_rules() {
        let Ok(Reading::Whole(state)) = to_reading(described(1, 0).build(), listed(1, 0)) else {
            panic!("it is whole")
        };
        assert_eq!(state.owner.as_str(), "012345678912");
        assert_eq!(state.vpc.unwrap().as_str(), "vpc-d2d616b5");
        assert_eq!(state.description, "default VPC security group");
        assert_eq!(state.tags["team"], "net");
        assert_eq!(state.rules, listed(1, 0));
    }

    #[test]
    fn a_group_that_lacks_a_list_its_owner_or_its_name_is_unreadable_and_not_closed() {
        for (what, group) in [
            ("inbound", described(0, 0).set_ip_permissions(None)),
            ("outbound", described(0, 0).set_ip_permissions_egress(None)),
            ("owner", described(0, 0).set_owner_id(None)),
            ("name", described(0, 0).set_group_name(None)),
        ] {
            assert!(to_reading(group.build(), vec![]).is_err(), "{what}");
        }
    }

    #[test]
    fn a_rule_on_two_pages_is_one_rule_and_two_rules_with_one_id_are_none() {
        let mut rules = BTreeMap::new();
        let group: SecurityGroupId = "sg-6c7fa917".parse().unwrap();
        let rule = listed(1, 0).remove(0);
        for _ in 0..2 {
            add(&mut rules, (group.clone(), rule.clone())).unwrap();
        }
        assert_eq!(rules.len(), 1);
        let altered = SecurityGroupRule { description: Some("other".to_owned()), ..rule };
        let problem = add(&mut rules, (group, altered)).unwrap_err();
        assert_eq!(problem, "sgr-0123456789abcdef0 is listed twice, and not the same");
    }
}
