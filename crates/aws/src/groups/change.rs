//! EC2: rules taken out of a group, and put into it.

use aws_sdk_ec2::error::ProvideErrorMetadata;
use defsg_core::ids::SecurityGroupRuleId;
use defsg_core::ports::closing::{AuthorizeRules, Authorized, RevokeRules};
use defsg_core::ports::{ApiError, ApiErrorKind};
use defsg_core::{Direction, SecurityGroupId, SecurityGroupRule};

use super::read::{NO_SUCH_GROUP, is};
use super::rule::{to_permission, to_tag_specification};
use crate::clients::Clients;
use crate::errors::SdkError;

/// Codes by which EC2 says that a rule to revoke is gone.
const NO_SUCH_RULE: [&str; 2] = ["InvalidSecurityGroupRuleId.NotFound", "InvalidPermission.NotFound"];

impl RevokeRules for Clients {
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

impl Clients {
    /// An error, unless it says that what was to be revoked, or the whole group, is gone.
    fn unless_gone<E>(&self, operation: &'static str, error: &SdkError<E>) -> Result<(), ApiError>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        if is(error, &NO_SUCH_RULE) || is(error, &NO_SUCH_GROUP) {
            return Ok(());
        }
        Err(self.caller.error(operation, error))
    }
}

impl AuthorizeRules for Clients {
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

impl Clients {
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
                let problem = "the answer does not say that the rules were added";
                Err(self.caller.unreadable(operation, problem))
            }
            Err(error) if is(&error, &["InvalidPermission.Duplicate"]) => Ok(Authorized::Stands),
            Err(error) => {
                let status = error.raw_response().map(|response| response.status().as_u16());
                let refused = error.code().is_some() && status.is_some_and(is_refusal);
                let error = self.caller.error(operation, &error);
                if refused && error.kind == ApiErrorKind::Other {
                    return Ok(Authorized::Refused { why: error.detail() });
                }
                Err(error)
            }
        }
    }
}

/// Whether EC2 will say so every time. Source: EC2 API Reference, "Error codes": client errors, what is wrong
/// with a request, have a status of 4xx; server errors have 5xx.
fn is_refusal(status: u16) -> bool {
    (400..500).contains(&status)
}
