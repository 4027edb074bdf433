//! AWS Config: evaluations, the history of items, the rule's results and the recorders, within the limits of
//! the API model of 2014-11-12.

use serde_json::{Value, json};

use super::{Service, select};
use crate::fake::State;
use crate::fake::call::Call;
use crate::fake::data::{OldResult, RULE, TOKEN};
use crate::fake::fault::Fault;
use crate::fake::wire::{ApiError, Protocol, page, read_json, text};

pub(super) const SERVICE: Service = Service {
    name: "config",
    protocol: Protocol::Json,
    read: read_json,
    // moto has evaluations in test mode only, and neither results nor a search.
    passed_on: |_| false,
    answer,
};

const COMPLIANCE_TYPES: [&str; 3] = ["COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE"];

fn answer(state: &mut State, call: &Call, faults: &[Fault]) -> Result<String, ApiError> {
    let (data, parameters) = (&state.data, &call.parameters);
    let answer = match call.operation.as_str() {
        "PutEvaluations" => put_evaluations(state, parameters, faults)?,
        "GetResourceConfigHistory" => resource_history(&data.history, parameters)?,
        "GetComplianceDetailsByConfigRule" => compliance_details(state, parameters)?,
        "DescribeConfigurationRecorders" => json!({"ConfigurationRecorders": data.recorders}),
        "DescribeConfigurationRecorderStatus" => {
            json!({"ConfigurationRecordersStatus": data.recorder_states})
        }
        "SelectResourceConfig" => select::select_resource_config(data, parameters)?,
        other => return Err(ApiError::unknown_operation(other)),
    };
    Ok(answer.to_string())
}

fn put_evaluations(state: &mut State, parameters: &Value, faults: &[Fault]) -> Result<Value, ApiError> {
    let evaluations = parameters["Evaluations"].as_array().map(Vec::as_slice).unwrap_or_default();
    if evaluations.len() > 100 {
        return Err(ApiError::validation("evaluations", "Member must have length less than or equal to 100"));
    }
    if evaluations.is_empty() {
        let message = "The Evaluations object in your request cannot be null.";
        return Err(ApiError::new(400, "InvalidParameterValueException", message));
    }
    for evaluation in evaluations {
        check(evaluation)?;
    }
    let token = text(parameters, "ResultToken", 0, usize::MAX)?;
    if token.is_empty() || (token != TOKEN && parameters["TestMode"] != true) {
        return Err(ApiError::new(400, "InvalidResultTokenException", "The result token is invalid."));
    }
    let is_refused = |evaluation: &Value| {
        let resource = evaluation["ComplianceResourceId"].as_str().unwrap_or_default();
        faults.iter().any(|fault| fault.refuses(resource))
    };
    let (failed, accepted): (Vec<Value>, Vec<Value>) = evaluations.iter().cloned().partition(is_refused);
    state.accepted.extend(accepted);
    Ok(json!({"FailedEvaluations": failed}))
}

/// One evaluation against the API model.
fn check(evaluation: &Value) -> Result<(), ApiError> {
    text(evaluation, "ComplianceResourceType", 1, 256)?;
    text(evaluation, "ComplianceResourceId", 1, 768)?;
    one_of(&evaluation["ComplianceType"], "ComplianceType")?;
    if !evaluation["Annotation"].is_null() {
        text(evaluation, "Annotation", 1, 256)?;
    }
    if evaluation["OrderingTimestamp"].is_number() {
        Ok(())
    } else {
        Err(ApiError::validation("OrderingTimestamp", "Member must not be null"))
    }
}

fn resource_history(history: &[Value], parameters: &Value) -> Result<Value, ApiError> {
    let resource_type = text(parameters, "resourceType", 1, 196)?;
    let resource_id = text(parameters, "resourceId", 1, 768)?;
    let limit = limit(&parameters["limit"])?;
    let is_asked_for =
        |item: &&Value| item["resourceType"] == resource_type && item["resourceId"] == resource_id;
    let known: Vec<&Value> = history.iter().filter(is_asked_for).collect();
    if known.is_empty() {
        let message = format!("Resource {resource_id} of resourceType:{resource_type} is unknown.");
        return Err(ApiError::new(400, "ResourceNotDiscoveredException", message));
    }
    let later = parameters["laterTime"].as_f64().unwrap_or(f64::INFINITY);
    let captured = |item: &Value| item["configurationItemCaptureTime"].as_f64().unwrap_or_default();
    let items: Vec<&Value> = known.into_iter().filter(|item| captured(item) <= later).take(limit).collect();
    Ok(json!({"configurationItems": items}))
}

fn compliance_details(state: &State, parameters: &Value) -> Result<Value, ApiError> {
    if text(parameters, "ConfigRuleName", 1, 64)? != RULE {
        let message = "The ConfigRule provided in the request is invalid.";
        return Err(ApiError::new(400, "NoSuchConfigRuleException", message));
    }
    let types = parameters["ComplianceTypes"].as_array().cloned().unwrap_or_default();
    for compliance in &types {
        one_of(compliance, "ComplianceTypes")?;
    }
    let most = limit(&parameters["Limit"])?.min(state.data.results_per_page);
    let is_asked_for = |compliance: &str| types.is_empty() || types.iter().any(|asked| asked == compliance);
    let results = state.data.results.iter().filter(|result| is_asked_for(result.compliance));
    let results: Vec<_> = results.map(describe).collect();
    let (page, next) = page(&results, &parameters["NextToken"], most).ok_or_else(invalid_token)?;
    Ok(json!({"EvaluationResults": page, "NextToken": next}))
}

fn describe(result: &OldResult) -> Value {
    json!({
        "EvaluationResultIdentifier": {
            "EvaluationResultQualifier": {
                "ConfigRuleName": RULE, "ResourceType": "AWS::EC2::SecurityGroup", "ResourceId": result.id,
            },
            "OrderingTimestamp": result.ordering,
        },
        "ComplianceType": result.compliance,
        "ConfigRuleInvokedTime": result.ordering + 1.25,
        "ResultRecordedTime": result.ordering + 5.5,
    })
}

fn one_of(compliance: &Value, member: &str) -> Result<(), ApiError> {
    if COMPLIANCE_TYPES.iter().any(|known| compliance == known) {
        Ok(())
    } else {
        Err(ApiError::validation(member, "Member must satisfy enum value set"))
    }
}

/// A page's limit: 0 to 100, where 0 and none mean AWS's own default of 10.
fn limit(limit: &Value) -> Result<usize, ApiError> {
    match limit.as_u64() {
        None if limit.is_null() => Ok(10),
        Some(0) => Ok(10),
        Some(limit @ 1..=100) => Ok(usize::try_from(limit).unwrap_or(100)),
        _ => Err(ApiError::validation("limit", "Member must be between 0 and 100")),
    }
}

pub(super) fn invalid_token() -> ApiError {
    ApiError::new(400, "InvalidNextTokenException", "The specified next token is not valid.")
}
