//! AWS Config: evaluations, the item history, recorded results.

use aws_sdk_config::error::ProvideErrorMetadata as _;
use aws_sdk_config::types::{
    ChronologicalOrder, ComplianceType as SdkComplianceType, ConfigurationItem, ResourceType,
};
use aws_smithy_types::DateTime;
use defsg_core::item::Item;
use defsg_core::ports::{
    ApiError, ItemHistory, Page, PutEvaluations, RecordedResult, RecordedResults, ResultToken,
};
use defsg_core::security_group::RESOURCE_TYPE;
use defsg_core::{Batch, ComplianceType, Evaluation};
use serde_json::Value;
use time::OffsetDateTime;

use crate::account::AwsAccount;
use crate::error::{api_error, api_error_without, unreadable};

impl PutEvaluations for AwsAccount {
    async fn put_evaluations(
        &self,
        token: &ResultToken,
        batch: Batch<'_>,
    ) -> Result<Vec<Evaluation>, ApiError> {
        const OPERATION: &str = "PutEvaluations";
        let sdk_evaluations = batch
            .evaluations()
            .iter()
            .map(to_sdk)
            .collect::<Result<_, _>>()
            .map_err(|error| unreadable(OPERATION, &self.id, error.to_string()))?;
        let answer = self
            .config
            .put_evaluations()
            .result_token(token.reveal())
            .test_mode(token.is_test_mode())
            .set_evaluations(Some(sdk_evaluations))
            .send()
            .await;
        let answer =
            answer.map_err(|error| api_error_without(token.reveal(), OPERATION, &self.id, &error))?;
        let refused = answer.failed_evaluations();
        if !refused.iter().all(|refused| batch.evaluations().iter().any(|sent| is_echo(refused, sent))) {
            // Its ID is not named: an answer that lies may say anything, the token included.
            return Err(unreadable(
                OPERATION,
                &self.id,
                "the answer refuses an evaluation that was not sent",
            ));
        }
        let is_refused = |sent: &&Evaluation| refused.iter().any(|refused| is_echo(refused, sent));
        Ok(batch.evaluations().iter().filter(is_refused).cloned().collect())
    }
}

fn is_echo(refused: &aws_sdk_config::types::Evaluation, sent: &Evaluation) -> bool {
    sent.resource_id == refused.compliance_resource_id
        && sent.resource_type == refused.compliance_resource_type
}

fn to_sdk(
    evaluation: &Evaluation,
) -> Result<aws_sdk_config::types::Evaluation, aws_sdk_config::error::BuildError> {
    aws_sdk_config::types::Evaluation::builder()
        .compliance_resource_type(&evaluation.resource_type)
        .compliance_resource_id(&evaluation.resource_id)
        .compliance_type(match evaluation.compliance {
            ComplianceType::Compliant => SdkComplianceType::Compliant,
            ComplianceType::NonCompliant => SdkComplianceType::NonCompliant,
            ComplianceType::NotApplicable => SdkComplianceType::NotApplicable,
        })
        .annotation(evaluation.annotation.as_str())
        .ordering_timestamp(to_sdk_time(evaluation.ordering))
        .build()
}

impl ItemHistory for AwsAccount {
    async fn item_at(&self, of: &str, id: &str, at: OffsetDateTime) -> Result<Option<Item>, ApiError> {
        const OPERATION: &str = "GetResourceConfigHistory";
        let answer = self
            .config
            .get_resource_config_history()
            .resource_type(ResourceType::from(of))
            .resource_id(id)
            .later_time(to_sdk_time(at))
            .chronological_order(ChronologicalOrder::Reverse)
            .limit(1)
            .send()
            .await;
        match answer {
            Ok(answer) => {
                answer.configuration_items().first().map(to_item).transpose().map_err(|problem| {
                    unreadable(OPERATION, &self.id, format!("the item of {id}: {problem}"))
                })
            }
            Err(error) if error.code() == Some("ResourceNotDiscoveredException") => Ok(None),
            Err(error) => Err(api_error(OPERATION, &self.id, &error)),
        }
    }
}

fn to_item(item: &ConfigurationItem) -> Result<Item, String> {
    let status = item.configuration_item_status().ok_or("no configurationItemStatus")?.as_str().parse()?;
    let captured = item.configuration_item_capture_time().and_then(from_sdk_time);
    Ok(Item {
        resource_type: item.resource_type().ok_or("no resourceType")?.as_str().to_owned(),
        resource_id: item.resource_id().ok_or("no resourceId")?.to_owned(),
        account: item
            .account_id()
            .ok_or("no accountId")?
            .parse()
            .map_err(|error| format!("accountId {error}"))?,
        captured: captured.ok_or("no configurationItemCaptureTime")?,
        status,
        configuration: item.configuration().map_or(Value::Null, Value::from),
    })
}

impl RecordedResults for AwsAccount {
    async fn recorded_results(
        &self,
        rule: &str,
        page: Option<&str>,
    ) -> Result<Page<RecordedResult>, ApiError> {
        const OPERATION: &str = "GetComplianceDetailsByConfigRule";
        let answer = self
            .config
            .get_compliance_details_by_config_rule()
            .config_rule_name(rule)
            .compliance_types(SdkComplianceType::Compliant)
            .compliance_types(SdkComplianceType::NonCompliant)
            .limit(100)
            .set_next_token(page.map(str::to_owned))
            .send()
            .await
            .map_err(|error| api_error(OPERATION, &self.id, &error))?;
        let mut items = Vec::with_capacity(answer.evaluation_results().len());
        for result in answer.evaluation_results() {
            let identifier = result.evaluation_result_identifier();
            let qualifier = identifier.and_then(|identifier| identifier.evaluation_result_qualifier());
            if qualifier.and_then(|qualifier| qualifier.resource_type()) != Some(RESOURCE_TYPE) {
                continue;
            }
            let group =
                qualifier.and_then(|qualifier| qualifier.resource_id()).and_then(|id| id.parse().ok());
            let ordering =
                identifier.and_then(|identifier| identifier.ordering_timestamp()).and_then(from_sdk_time);
            let (Some(group), Some(ordering)) = (group, ordering) else {
                return Err(unreadable(OPERATION, &self.id, "a result names no security group or no time"));
            };
            items.push(RecordedResult { group, ordering });
        }
        Ok(Page { items, next: answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned) })
    }
}

fn to_sdk_time(time: OffsetDateTime) -> DateTime {
    DateTime::from_secs_and_nanos(time.unix_timestamp(), time.nanosecond())
}

fn from_sdk_time(time: &DateTime) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(time.as_nanos()).ok()
}
