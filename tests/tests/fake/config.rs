//! AWS Config's limits, pages and search.

use defsg_e2e::fake::{Data, Fake, Group, OldResult, RULE, TOKEN};
use serde_json::{Value, json};

use crate::client::config;

pub(crate) fn evaluation() -> Value {
    json!({
        "ComplianceResourceType": "AWS::EC2::SecurityGroup", "ComplianceResourceId": "sg-1",
        "ComplianceType": "COMPLIANT", "OrderingTimestamp": 1_795_162_527.412,
    })
}

pub(crate) fn put(aws: &Fake, evaluations: &[Value]) -> Result<Value, String> {
    config(aws, "PutEvaluations", &json!({"Evaluations": evaluations, "ResultToken": TOKEN}))
}

#[test]
fn config_takes_a_hundred_evaluations_and_not_one_more() {
    let aws = Fake::start(Data::default());
    assert_eq!(put(&aws, &vec![evaluation(); 100]), Ok(json!({"FailedEvaluations": []})));
    assert_eq!(put(&aws, &vec![evaluation(); 101]), Err("ValidationException".to_owned()));
    assert_eq!(aws.evaluations().len(), 100);
}

#[test]
fn config_refuses_an_evaluation_that_breaks_a_limit() {
    let aws = Fake::start(Data::default());
    let broken = [
        ("Annotation", json!("")),
        ("Annotation", json!("x".repeat(257))),
        ("ComplianceType", json!("OPEN")),
        ("ComplianceType", json!("INSUFFICIENT_DATA")),
        ("ComplianceResourceId", Value::Null),
        ("ComplianceResourceType", json!("")),
        ("OrderingTimestamp", json!("2026-11-20T08:15:27Z")),
    ];
    for (member, value) in broken {
        let mut evaluation = evaluation();
        evaluation[member] = value.clone();
        assert_eq!(put(&aws, &[evaluation]), Err("ValidationException".to_owned()), "{member} {value}");
    }
    let longest = "ü".repeat(256);
    let mut evaluation = evaluation();
    evaluation["Annotation"] = json!(longest);
    assert!(put(&aws, &[evaluation]).is_ok(), "the limit counts characters, not bytes");
}

#[test]
fn config_knows_its_result_token_and_test_mode() {
    let aws = Fake::start(Data::default());
    let put = |token: &str, test_mode: bool| {
        let body = json!({"Evaluations": [evaluation()], "ResultToken": token, "TestMode": test_mode});
        config(&aws, "PutEvaluations", &body).is_ok()
    };
    assert!(put(TOKEN, false));
    assert!(put("TESTMODE", true));
    assert!(!put("TESTMODE", false));
    assert!(!put("another", false));
}

#[test]
fn config_gives_results_in_pages_by_its_own_tokens_only() {
    let results = (0..150).map(|n| OldResult::new(format!("sg-{n}"), "COMPLIANT")).collect();
    let aws = Fake::start(Data { results, ..Data::default() });
    let page = |extra: Value| {
        let mut body = json!({"ConfigRuleName": RULE, "Limit": 100});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        config(&aws, "GetComplianceDetailsByConfigRule", &body)
    };
    let first = page(json!({})).unwrap();
    assert_eq!(first["EvaluationResults"].as_array().unwrap().len(), 100);
    let second = page(json!({"NextToken": first["NextToken"]})).unwrap();
    assert_eq!(second["EvaluationResults"].as_array().unwrap().len(), 50);
    assert_eq!(second["NextToken"], Value::Null);
    assert_eq!(page(json!({"NextToken": "made up"})), Err("InvalidNextTokenException".to_owned()));
    assert_eq!(page(json!({"Limit": 101})), Err("ValidationException".to_owned()));
    assert_eq!(page(json!({"ConfigRuleName": "another"})), Err("NoSuchConfigRuleException".to_owned()));
}

#[test]
fn config_gives_the_newest_item_that_is_not_later_than_asked() {
    let history = vec![Group::closed("sg-1").history_item(300.0), Group::stock("sg-1").history_item(200.5)];
    let aws = Fake::start(Data { history, ..Data::default() });
    let at = |later: f64| {
        let body = json!({"resourceType": "AWS::EC2::SecurityGroup", "resourceId": "sg-1", "laterTime": later, "limit": 1});
        let answer = config(&aws, "GetResourceConfigHistory", &body).unwrap();
        answer["configurationItems"][0]["configurationItemCaptureTime"].as_f64()
    };
    assert_eq!(at(300.0), Some(300.0));
    assert_eq!(at(299.9), Some(200.5));
    assert_eq!(at(100.0), None);
}

/// The ids that a condition selects of two recorded functions.
fn selected(aws: &Fake, condition: &str) -> Result<Vec<String>, String> {
    let expression = format!("SELECT resourceId, resourceType WHERE {condition}");
    let answer = config(aws, "SelectResourceConfig", &json!({"Expression": expression}))?;
    let results = answer["Results"].as_array().unwrap().iter();
    let results = results.map(|result| serde_json::from_str(result.as_str().unwrap()).unwrap());
    Ok(results.map(|result: Value| result["resourceId"].as_str().unwrap().to_owned()).collect())
}

#[test]
fn select_resource_config_compares_properties_and_elements_of_lists() {
    let function = |id: &str, group: &str| {
        json!({
            "resourceId": id, "resourceType": "AWS::Lambda::Function",
            "configuration": {"vpcConfig": {"securityGroupIds": ["sg-1", group]}},
            "relationships": [{"resourceId": format!("of-{id}")}],
        })
    };
    let aws = Fake::start(Data::default());
    aws.data(|data| data.items = vec![function("a", "sg-2"), function("b", "sg-3")]);
    let property = "configuration.vpcConfig.securityGroupIds";
    for (condition, expected) in [
        ("resourceId = 'a'".to_owned(), vec!["a"]),
        (format!("{property} = 'sg-1'"), vec!["a", "b"]),
        (format!("{property} = 'sg-3'"), vec!["b"]),
        (format!("{property} = 'sg-9'"), vec![]),
        (
            format!(
                "resourceType = 'AWS::Lambda::Function' AND ({property} = 'sg-9' OR {property} = 'sg-2')"
            ),
            vec!["a"],
        ),
        (format!("{property} IN ('sg-9', 'sg-3')"), vec!["b"]),
        (format!("(resourceType = 'x' AND {property} = 'sg-1') OR (resourceId = 'b')"), vec!["b"]),
        ("relationships.resourceId = 'of-b'".to_owned(), vec!["b"]),
        ("configuration.vpcConfig = 'sg-1'".to_owned(), vec![]),
    ] {
        let expected: Vec<_> = expected.into_iter().map(str::to_owned).collect();
        assert_eq!(selected(&aws, &condition), Ok(expected), "{condition}");
    }
    for broken in [
        "resourceId = a",
        "(resourceId = 'a'",
        "resourceId LIKE 'a'",
        "resourceId IN 'a'",
        "resourceId IN ('a'",
        "resourceId = 'a' resourceId = 'a'",
    ] {
        assert_eq!(selected(&aws, broken), Err("InvalidExpressionException".to_owned()), "{broken}");
    }
    let too_long = format!("resourceId = '{}'", "a".repeat(4096));
    assert_eq!(selected(&aws, &too_long), Err("ValidationException".to_owned()));
}
