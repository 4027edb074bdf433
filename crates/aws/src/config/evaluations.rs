//! AWS Config: taking evaluations.

use aws_sdk_config::error::BuildError;
use aws_sdk_config::types::{ComplianceType as SdkComplianceType, Evaluation as SdkEvaluation};
use defsg_core::ports::{ApiError, PutEvaluations, ResultToken};
use defsg_core::{Batch, ComplianceType, Evaluation};

use super::to_sdk_time;
use crate::clients::Clients;

impl PutEvaluations for Clients {
    async fn put_evaluations(
        &self,
        token: &ResultToken,
        batch: Batch<'_>,
    ) -> Result<Vec<Evaluation>, ApiError> {
        const OPERATION: &str = "PutEvaluations";
        let evaluations = batch.evaluations().iter().map(to_sdk).collect::<Result<_, _>>();
        let evaluations =
            evaluations.map_err(|error| self.caller.unreadable(OPERATION, error.to_string()))?;
        let call = self.config.put_evaluations().result_token(token.reveal());
        let answer = call.test_mode(token.is_test_mode()).set_evaluations(Some(evaluations)).send().await;
        let answer = answer.map_err(|error| self.caller.error_without(token.reveal(), OPERATION, &error))?;
        let refused = answer.failed_evaluations();
        if !refused.iter().all(|refused| batch.evaluations().iter().any(|sent| is_echo(refused, sent))) {
            // Its ID is not named: an answer that lies may say anything, the token included.
            let problem = "the answer refuses an evaluation that was not sent";
            return Err(self.caller.unreadable(OPERATION, problem));
        }
        let is_refused = |sent: &&Evaluation| refused.iter().any(|refused| is_echo(refused, sent));
        Ok(batch.evaluations().iter().filter(is_refused).cloned().collect())
    }
}

fn is_echo(refused: &SdkEvaluation, sent: &Evaluation) -> bool {
    sent.resource_id == refused.compliance_resource_id
        && sent.resource_type == refused.compliance_resource_type
}

fn to_sdk(evaluation: &Evaluation) -> Result<SdkEvaluation, BuildError> {
    SdkEvaluation::builder()
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
