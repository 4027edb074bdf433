//! AWS Config: the results that it holds of a rule.

use aws_sdk_config::types::{ComplianceType, EvaluationResult};
use defsg_core::group::RESOURCE_TYPE;
use defsg_core::ports::{ApiError, Page, RecordedResult, RecordedResults};

use super::from_sdk_time;
use crate::clients::Clients;

/// The most results on a page. Source: AWS Config API Reference, `GetComplianceDetailsByConfigRule`.
const PAGE_SIZE: i32 = 100;

impl RecordedResults for Clients {
    async fn recorded_results(
        &self,
        rule_name: &str,
        page: Option<&str>,
    ) -> Result<Page<RecordedResult>, ApiError> {
        const OPERATION: &str = "GetComplianceDetailsByConfigRule";
        let call = self.config.get_compliance_details_by_config_rule().config_rule_name(rule_name);
        let call = call.compliance_types(ComplianceType::Compliant);
        let call = call.compliance_types(ComplianceType::NonCompliant);
        let answer = call.limit(PAGE_SIZE).set_next_token(page.map(str::to_owned)).send().await;
        let answer = answer.map_err(|error| self.caller.error(OPERATION, &error))?;
        let items = answer.evaluation_results().iter().filter_map(to_result).collect::<Option<_>>();
        let items = items.ok_or_else(|| {
            self.caller.unreadable(OPERATION, "a result names no security group or no time")
        })?;
        Ok(Page { items, next: answer.next_token })
    }
}

/// The result, where it is one of a security group; none inside where it lacks something.
fn to_result(result: &EvaluationResult) -> Option<Option<RecordedResult>> {
    let identifier = result.evaluation_result_identifier()?;
    let qualifier = identifier.evaluation_result_qualifier()?;
    if qualifier.resource_type() != Some(RESOURCE_TYPE) {
        return None;
    }
    let group = qualifier.resource_id().and_then(|id| id.parse().ok());
    let ordering = identifier.ordering_timestamp().and_then(from_sdk_time);
    Some(group.zip(ordering).map(|(group, ordering)| RecordedResult { group, ordering }))
}
