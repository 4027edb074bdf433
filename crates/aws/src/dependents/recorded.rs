//! AWS Config: resources that were recorded with a group in their configuration, in use or idle.

use std::collections::{BTreeMap, HashSet};

use defsg_core::SecurityGroupId;
use defsg_core::dependent::{Dependent, Source, Survey};
use defsg_core::ports::{ApiError, Page};
use defsg_core::recorded::{RecordedType, TYPES};
use serde_json::Value;

use crate::account::AwsAccount;
use crate::error::{api_error, unreadable};
use crate::pages;

const OPERATION: &str = "SelectResourceConfig";

/// The longest expression, and the most results on a page. Source: AWS Config API Reference, `SelectResourceConfig`.
const MAX_EXPRESSION: usize = 4096;
const PAGE_SIZE: i32 = 100;

/// What every query selects. A security group's ID is checked when it is parsed and has nothing to break out of quotes.
const SELECT: &str = "SELECT resourceId, resourceName, resourceType WHERE ";

/// A resource that a query found.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    id: String,
    name: Option<String>,
    resource_type: String,
}

impl AwsAccount {
    /// What every source says that AWS Config answers for.
    pub(super) async fn recorded(&self, group: &SecurityGroupId) -> Survey {
        let sources =
            Source::all().filter(|source| matches!(source, Source::Relationships | Source::Recorded(_)));
        let nobody_knows = |why: &str| sources.map(|source| (source, Err(why.to_owned()))).collect();
        let recording = match self.recording().await {
            Ok(Ok(recording)) => recording,
            Ok(Err(why)) => return nobody_knows(&why),
            Err(error) => return nobody_knows(&error.to_string()),
        };
        let (recorded, not_recorded): (Vec<_>, Vec<_>) =
            TYPES.iter().partition(|of| recording.has(of.resource_type()));
        let mut survey: Survey = not_recorded
            .into_iter()
            .map(|of| {
                (Source::Recorded(of), Err(format!("AWS Config does not record {}", of.resource_type())))
            })
            .collect();
        let related = if recording.is_open_ended() {
            self.related(group).await.map_err(|error| error.to_string())
        } else {
            Err("AWS Config records chosen resource types only; others may use the group".to_owned())
        };
        survey.insert(Source::Relationships, related);
        for query in queries(&recorded, group) {
            self.ask(&query, group, &mut survey).await;
        }
        name_once(&mut survey);
        survey
    }

    /// Resources of any type that Config relates to the group.
    async fn related(&self, group: &SecurityGroupId) -> super::Answer {
        let found = self.select(&format!("{SELECT}relationships.resourceId = '{group}'")).await?;
        Ok(found.iter().filter_map(|found| found.dependent(Source::Relationships)).collect())
    }

    async fn ask(&self, query: &Query, group: &SecurityGroupId, survey: &mut Survey) {
        match self.select(&query.expression).await {
            Ok(found) => survey.extend(query.answers(&found)),
            // One property that this Region does not know spoils the whole query. Each type alone says which.
            Err(error) if is_invalid_expression(&error) && query.types.len() > 1 => {
                for of in &query.types {
                    let alone = Query::new(vec![*of], group);
                    let answer = self.select(&alone.expression).await;
                    survey.extend(
                        answer.map_or_else(|error| alone.unknown(&error), |found| alone.answers(&found)),
                    );
                }
            }
            Err(error) => survey.extend(query.unknown(&error)),
        }
    }

    async fn select(&self, expression: &str) -> Result<Vec<Found>, ApiError> {
        pages::every(OPERATION, &self.id, |token| async move {
            let call = self.config.select_resource_config().expression(expression).limit(PAGE_SIZE);
            let answer = call.set_next_token(token).send().await;
            let answer = answer.map_err(|error| api_error(OPERATION, &self.id, &error))?;
            let Some(results) = answer.results else {
                return Err(unreadable(OPERATION, &self.id, "the answer has no list of results"));
            };
            let items = results.iter().map(|result| Found::parse(result)).collect::<Option<_>>();
            let items = items.ok_or_else(|| {
                unreadable(OPERATION, &self.id, "a result has no resourceId or no resourceType")
            })?;
            Ok(Page { items, next: answer.next_token })
        })
        .await
    }
}

/// Takes out of the relationships what the source of its type names, too.
fn name_once(survey: &mut Survey) {
    let of_types = survey.iter().filter(|(source, _)| **source != Source::Relationships);
    let named: HashSet<_> = of_types.flat_map(|(_, answer)| answer.iter().flatten()).map(key).collect();
    if let Some(Ok(related)) = survey.get_mut(&Source::Relationships) {
        related.retain(|of| !named.contains(&key(of)));
    }
}

fn key(dependent: &Dependent) -> (String, String) {
    (dependent.id.clone(), dependent.name.clone())
}

fn is_invalid_expression(error: &ApiError) -> bool {
    error.detail.starts_with("InvalidExpressionException")
}

impl Found {
    fn parse(json: &str) -> Option<Self> {
        let result: Value = serde_json::from_str(json).ok()?;
        let text = |field: &str| result[field].as_str().map(str::to_owned);
        Some(Self {
            id: text("resourceId")?,
            name: text("resourceName"),
            resource_type: text("resourceType")?,
        })
    }

    fn dependent(&self, source: Source) -> Option<Dependent> {
        Dependent::recorded(&self.resource_type, &self.id, self.name.as_deref(), source)
    }
}

/// A query for the resources of some types that have the group in their configuration.
#[derive(Debug)]
struct Query {
    types: Vec<&'static RecordedType>,
    expression: String,
}

impl Query {
    fn new(types: Vec<&'static RecordedType>, group: &SecurityGroupId) -> Self {
        let conditions: Vec<_> = types.iter().map(|of| condition(of, group)).collect();
        Self { types, expression: format!("{SELECT}{}", conditions.join(" OR ")) }
    }

    /// What the query's result says of each of its types.
    fn answers(&self, found: &[Found]) -> Survey {
        let mut answers: BTreeMap<_, _> =
            self.types.iter().map(|of| (Source::Recorded(of), Ok(Vec::new()))).collect();
        for found in found {
            let source = self.types.iter().find(|of| of.resource_type() == found.resource_type);
            let source = source.map(|of| Source::Recorded(of));
            if let Some((source, Ok(list))) = source.and_then(|of| Some((of, answers.get_mut(&of)?))) {
                list.extend(found.dependent(source));
            }
        }
        answers
    }

    fn unknown(&self, error: &ApiError) -> Survey {
        self.types.iter().map(|of| (Source::Recorded(of), Err(error.to_string()))).collect()
    }
}

fn condition(of: &RecordedType, group: &SecurityGroupId) -> String {
    let properties = of.properties.iter().map(|property| format!("{property} = '{group}'"));
    let properties = properties.collect::<Vec<_>>().join(" OR ");
    format!("(resourceType = '{}' AND ({properties}))", of.resource_type())
}

/// As few queries as the longest expression allows.
fn queries(types: &[&'static RecordedType], group: &SecurityGroupId) -> Vec<Query> {
    let mut queries: Vec<Query> = Vec::new();
    for of in types {
        let longer = queries.last().map(|last| Query::new([last.types.as_slice(), &[*of]].concat(), group));
        match longer.filter(|longer| longer.expression.len() <= MAX_EXPRESSION) {
            Some(longer) => {
                queries.pop();
                queries.push(longer);
            }
            None => queries.push(Query::new(vec![*of], group)),
        }
    }
    queries
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group() -> SecurityGroupId {
        "sg-0123456789abcdef0".parse().unwrap()
    }

    fn of(resource_type: &str) -> &'static RecordedType {
        TYPES.iter().find(|of| of.resource_type() == resource_type).unwrap()
    }

    fn found(resource_type: &str, id: &str) -> Found {
        Found { id: id.to_owned(), name: None, resource_type: resource_type.to_owned() }
    }

    #[test]
    fn a_query_asks_for_each_property_of_each_type() {
        let query =
            Query::new(vec![of("AWS::Lambda::Function"), of("AWS::Redshift::EndpointAccess")], &group());
        assert_eq!(
            query.expression,
            "SELECT resourceId, resourceName, resourceType WHERE \
             (resourceType = 'AWS::Lambda::Function' AND \
             (configuration.vpcConfig.securityGroupIds = 'sg-0123456789abcdef0')) OR \
             (resourceType = 'AWS::Redshift::EndpointAccess' AND \
             (configuration.VpcSecurityGroupIds = 'sg-0123456789abcdef0' OR \
             configuration.VpcSecurityGroups.VpcSecurityGroupId = 'sg-0123456789abcdef0'))"
        );
    }

    #[test]
    fn every_type_is_asked_for_once_in_few_queries_that_config_takes() {
        let queries = queries(&TYPES.iter().collect::<Vec<_>>(), &group());
        let asked: Vec<_> = queries.iter().flat_map(|query| &query.types).copied().collect();
        assert_eq!(asked, TYPES.iter().collect::<Vec<_>>());
        assert!(queries.iter().all(|query| query.expression.len() <= MAX_EXPRESSION));
        assert!(queries.len() <= 3, "{}", queries.len());
    }

    #[test]
    fn no_type_makes_no_query() {
        assert!(queries(&[], &group()).is_empty());
    }

    #[test]
    fn what_a_query_finds_belongs_to_its_types_source_and_the_others_found_nothing() {
        let (lambda, batch) = (of("AWS::Lambda::Function"), of("AWS::Batch::ComputeEnvironment"));
        let query = Query::new(vec![lambda, batch], &group());
        let answers = query.answers(&[found("AWS::Lambda::Function", "orders")]);
        let source = Source::Recorded(lambda);
        let expected = Dependent::recorded("AWS::Lambda::Function", "orders", None, source).unwrap();
        assert_eq!(answers[&source], Ok(vec![expected]));
        assert_eq!(answers[&Source::Recorded(batch)], Ok(vec![]));
    }

    #[test]
    fn what_its_types_source_names_the_relationships_do_not_name_again() {
        let lambda = Source::Recorded(of("AWS::Lambda::Function"));
        let orders = |source| found("AWS::Lambda::Function", "orders").dependent(source).unwrap();
        let other = found("AWS::New::Thing", "orders").dependent(Source::Relationships).unwrap();
        let mut survey: Survey = [
            (Source::Relationships, Ok(vec![orders(Source::Relationships), other.clone()])),
            (lambda, Ok(vec![orders(lambda)])),
        ]
        .into();
        name_once(&mut survey);
        assert_eq!(survey[&Source::Relationships], Ok(vec![other]));
        assert_eq!(survey[&lambda], Ok(vec![orders(lambda)]));
    }

    #[test]
    fn a_result_is_read_whole_or_not_at_all() {
        let whole = r#"{"resourceId":"a","resourceName":"b","resourceType":"AWS::Lambda::Function"}"#;
        let expected = Found { name: Some("b".to_owned()), ..found("AWS::Lambda::Function", "a") };
        assert_eq!(Found::parse(whole), Some(expected));
        for part in [
            "",
            "[]",
            r#"{"resourceId":"a"}"#,
            r#"{"resourceType":"t"}"#,
            r#"{"resourceId":1,"resourceType":"t"}"#,
        ] {
            assert_eq!(Found::parse(part), None, "{part}");
        }
    }
}
