//! EC2: the rules of groups, by rule ID.

use std::collections::BTreeMap;

use defsg_core::ids::SecurityGroupRuleId;
use defsg_core::ports::{ApiError, Page};
use defsg_core::{SecurityGroupId, SecurityGroupRule};

use super::rule::to_rule;
use crate::clients::Clients;
use crate::ec2::{MAX_FILTER_VALUES, filter};

/// The most rules on a page. Source: EC2 API Reference, `DescribeSecurityGroupRules`.
const PAGE_SIZE: i32 = 1000;

/// The operation that lists rules.
pub(super) const OPERATION: &str = "DescribeSecurityGroupRules";

impl Clients {
    /// Every rule of these groups, each with the group that it belongs to.
    pub(crate) async fn rules_of(
        &self,
        groups: &[&SecurityGroupId],
    ) -> Result<Vec<(SecurityGroupId, SecurityGroupRule)>, ApiError> {
        let mut rules = BTreeMap::new();
        for groups in groups.chunks(MAX_FILTER_VALUES) {
            let filter = &filter("group-id", groups.iter().map(|group| group.as_str()));
            let listed = self.caller.every_page(OPERATION, |token| async move {
                let call = self.ec2().describe_security_group_rules().filters(filter.clone());
                let answer = call.max_results(PAGE_SIZE).set_next_token(token).send().await;
                let answer = answer.map_err(|error| self.caller.error(OPERATION, &error))?;
                let Some(items) = answer.security_group_rules else {
                    return Err(self.caller.unreadable(OPERATION, "the answer has no list of rules"));
                };
                Ok(Page { items, next: answer.next_token })
            });
            for rule in listed.await? {
                let id = rule.security_group_rule_id().unwrap_or("a rule with no ID").to_owned();
                let rule = to_rule(rule).map_err(|problem| format!("{id}: {problem}"));
                let added = rule.and_then(|rule| add(&mut rules, rule));
                added.map_err(|problem| self.caller.unreadable(OPERATION, problem))?;
            }
        }
        Ok(rules.into_values().collect())
    }
}

/// Adds a rule to those that were listed so far. One that two pages list is one rule, if both say the same of
/// it.
fn add(
    rules: &mut BTreeMap<SecurityGroupRuleId, (SecurityGroupId, SecurityGroupRule)>,
    rule: (SecurityGroupId, SecurityGroupRule),
) -> Result<(), String> {
    let id = rule.1.id.clone();
    if rules.get(&id).is_some_and(|other| *other != rule) {
        return Err(format!("{id} is listed twice, and not the same"));
    }
    rules.insert(id, rule);
    Ok(())
}

#[cfg(test)]
mod tests {
    use defsg_core::group::Protocol;
    use defsg_core::{Direction, Peer, Traffic};

    use super::*;

    #[test]
    fn a_rule_on_two_pages_is_one_rule_and_two_rules_with_one_id_are_none() {
        let mut rules = BTreeMap::new();
        let group: SecurityGroupId = "sg-6c7fa917".parse().unwrap();
        let traffic = Traffic {
            direction: Direction::Inbound,
            protocol: Protocol::All,
            ports: None,
            peer: Peer::Ipv4("0.0.0.0/0".to_owned()),
        };
        let rule = SecurityGroupRule::new("sgr-0123456789abcdef0".parse().unwrap(), traffic).unwrap();
        for _ in 0..2 {
            add(&mut rules, (group.clone(), rule.clone())).unwrap();
        }
        assert_eq!(rules.len(), 1);
        let altered = SecurityGroupRule { description: Some("other".to_owned()), ..rule };
        let problem = add(&mut rules, (group, altered)).unwrap_err();
        assert_eq!(problem, "sgr-0123456789abcdef0 is listed twice, and not the same");
    }
}
