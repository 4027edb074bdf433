//! AWS Config: `PutEvaluations`, `GetResourceConfigHistory`, `GetComplianceDetailsByConfigRule`, within the limits of
//! the API model of 2014-11-12.

use serde_json::{Value, json};

use super::api::{ApiError, text};
use super::{Fault, OldResult, RULE, State, TOKEN};

const COMPLIANCE_TYPES: [&str; 3] = ["COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE"];

pub(super) fn put_evaluations(
    state: &mut State,
    body: &Value,
    fault: Option<&Fault>,
) -> Result<String, ApiError> {
    let evaluations = body["Evaluations"].as_array().map(Vec::as_slice).unwrap_or_default();
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
    let token = text(body, "ResultToken", 0, usize::MAX)?;
    if token.is_empty() || (token != TOKEN && body["TestMode"] != true) {
        return Err(ApiError::new(400, "InvalidResultTokenException", "The result token is invalid."));
    }
    let refused = |evaluation: &Value| {
        fault.is_some_and(|fault| {
            fault.refuses(evaluation["ComplianceResourceId"].as_str().unwrap_or_default())
        })
    };
    let (failed, accepted): (Vec<Value>, Vec<Value>) = evaluations.iter().cloned().partition(refused);
    state.accepted.extend(accepted);
    Ok(json!({"FailedEvaluations": failed}).to_string())
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

pub(super) fn resource_history(state: &State, body: &Value) -> Result<String, ApiError> {
    let resource_type = text(body, "resourceType", 1, 196)?;
    let resource_id = text(body, "resourceId", 1, 768)?;
    let limit = limit(&body["limit"])?;
    let known: Vec<&Value> = state
        .data
        .history
        .iter()
        .filter(|item| item["resourceType"] == resource_type && item["resourceId"] == resource_id)
        .collect();
    if known.is_empty() {
        let message = format!("Resource {resource_id} of resourceType:{resource_type} is unknown.");
        return Err(ApiError::new(400, "ResourceNotDiscoveredException", message));
    }
    let later = body["laterTime"].as_f64().unwrap_or(f64::INFINITY);
    let captured = |item: &Value| item["configurationItemCaptureTime"].as_f64().unwrap_or_default();
    let items: Vec<&Value> = known.into_iter().filter(|item| captured(item) <= later).take(limit).collect();
    Ok(json!({"configurationItems": items}).to_string())
}

pub(super) fn compliance_details(state: &mut State, body: &Value) -> Result<String, ApiError> {
    if text(body, "ConfigRuleName", 1, 64)? != RULE {
        let message = "The ConfigRule provided in the request is invalid.";
        return Err(ApiError::new(400, "NoSuchConfigRuleException", message));
    }
    let types = body["ComplianceTypes"].as_array().cloned().unwrap_or_default();
    for compliance in &types {
        one_of(compliance, "ComplianceTypes")?;
    }
    let limit = limit(&body["Limit"])?.min(state.data.results_per_page);
    let start = match body["NextToken"].as_str() {
        Some(token) => *state.pages.get(token).ok_or_else(|| {
            ApiError::new(400, "InvalidNextTokenException", "The specified next token is not valid.")
        })?,
        None => 0,
    };
    let asked = |compliance: &str| types.is_empty() || types.iter().any(|asked| asked == compliance);
    let results: Vec<_> = state.data.results.iter().filter(|result| asked(result.compliance)).collect();
    let page: Vec<Value> = results.iter().skip(start).take(limit).map(|result| describe(result)).collect();
    let next = start + page.len();
    let more = next < results.len();
    let mut answer = json!({"EvaluationResults": page});
    if more {
        let token = format!("results-{next}");
        answer["NextToken"] = json!(token);
        state.pages.insert(token, next);
    }
    Ok(answer.to_string())
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
