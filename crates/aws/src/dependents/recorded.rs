//! AWS Config: resources that were recorded with a group in their configuration, in use or idle.

use std::collections::{BTreeMap, HashSet};

use defsg_core::SecurityGroupId;
use defsg_core::dependent::{Dependent, Source, Survey};
use defsg_core::ports::{ApiError, Page};
use defsg_core::recorded::{RecordedType, TYPES};
use serde_json::Value;

use super::recorder::Recorded;
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

/// What a configuration calls the group.
struct Names<'a> {
    id: &'a SecurityGroupId,
    arn: String,
}

impl AwsAccount {
    /// What every source says that AWS Config answers for.
    pub(super) async fn recorded(&self, group: &SecurityGroupId) -> Survey {
        let sources =
            Source::all().filter(|source| matches!(source, Source::Relationships | Source::Recorded(_)));
        let nobody_knows = |why: &str| sources.map(|source| (source, Err(why.to_owned()))).collect();
        let Some(arn) = self.security_group_arn(group) else {
            return nobody_knows("the Region is not known");
        };
        let group = &Names { id: group, arn };
        let recording = match self.recording().await {
            Ok(Ok(recording)) => recording,
            Ok(Err(why)) => return nobody_knows(&why),
            Err(error) => return nobody_knows(&error.to_string()),
        };
        let how = |of: &&'static RecordedType| recording.of(of.resource_type());
        let (recorded, not_recorded): (Vec<_>, Vec<_>) =
            TYPES.iter().partition(|of| how(of) != Recorded::Never);
        let mut survey: Survey = not_recorded
            .into_iter()
            .map(|of| (Source::Recorded(of), Err("AWS Config does not record it".to_owned())))
            .collect();
        let related = if recording.of_new_types() == Recorded::Never {
            Err("AWS Config records chosen resource types only; others may use the group".to_owned())
        } else {
            self.related(group).await.map_err(|error| error.to_string())
        };
        survey.insert(Source::Relationships, related);
        for query in queries(&recorded, group) {
            self.ask(&query, group, &mut survey).await;
        }
        let daily = recorded.iter().filter(|of| how(of) == Recorded::Daily).map(|of| Source::Recorded(of));
        let relationships = (recording.of_new_types() == Recorded::Daily).then_some(Source::Relationships);
        for source in daily.chain(relationships) {
            doubt(survey.get_mut(&source));
        }
        name_once(&mut survey);
        survey
    }

    /// Resources of any type that Config relates to the group.
    async fn related(&self, group: &Names<'_>) -> super::Answer {
        let found = self.select(&format!("{SELECT}relationships.resourceId = '{}'", group.id)).await?;
        Ok(found.iter().filter_map(|found| found.dependent(Source::Relationships)).collect())
    }

    async fn ask(&self, query: &Query, group: &Names<'_>, survey: &mut Survey) {
        match self.answers(query).await {
            Ok(answers) => survey.extend(answers),
            // One property that this Region does not know spoils the whole query. Each type alone says which.
            Err(error) if is_invalid_expression(&error) && query.types.len() > 1 => {
                for of in &query.types {
                    let alone = Query::new(vec![*of], group);
                    survey.extend(self.answers(&alone).await.unwrap_or_else(|error| alone.unknown(&error)));
                }
            }
            Err(error) => survey.extend(query.unknown(&error)),
        }
    }

    async fn answers(&self, query: &Query) -> Result<Survey, ApiError> {
        let found = self.select(&query.expression).await?;
        query.answers(&found).map_err(|problem| unreadable(OPERATION, &self.id, problem))
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

/// What is recorded once a day is not recorded as it is now: that it shows nothing says nothing.
fn doubt(answer: Option<&mut Result<Vec<Dependent>, String>>) {
    if let Some(answer) = answer.filter(|answer| answer.as_ref().is_ok_and(Vec::is_empty)) {
        *answer = Err(
            "AWS Config records it once a day, and what was made or changed since is not seen".to_owned()
        );
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
    fn new(types: Vec<&'static RecordedType>, group: &Names<'_>) -> Self {
        let conditions: Vec<_> = types.iter().map(|of| condition(of, group)).collect();
        Self { types, expression: format!("{SELECT}{}", conditions.join(" OR ")) }
    }

    /// What the query's result says of each of its types.
    ///
    /// # Errors
    /// Where there is something in it that was not asked for: nobody knows what that is an answer to.
    fn answers(&self, found: &[Found]) -> Result<Survey, String> {
        let mut answers: BTreeMap<_, _> =
            self.types.iter().map(|of| (of.resource_type(), (Source::Recorded(of), Vec::new()))).collect();
        for found in found {
            let Some((source, list)) = answers.get_mut(found.resource_type.as_str()) else {
                return Err(format!("the answer has {}, which was not asked for", found.resource_type));
            };
            list.extend(found.dependent(*source));
        }
        Ok(answers.into_values().map(|(source, list)| (source, Ok(list))).collect())
    }

    fn unknown(&self, error: &ApiError) -> Survey {
        self.types.iter().map(|of| (Source::Recorded(of), Err(error.to_string()))).collect()
    }
}

fn condition(of: &RecordedType, group: &Names<'_>) -> String {
    let group = if of.by_arn { &group.arn } else { group.id.as_str() };
    let properties = of.properties.iter().map(|property| format!("{property} = '{group}'"));
    let properties = properties.collect::<Vec<_>>().join(" OR ");
    format!("(resourceType = '{}' AND ({properties}))", of.resource_type())
}

/// As few queries as the longest expression allows.
fn queries(types: &[&'static RecordedType], group: &Names<'_>) -> Vec<Query> {
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

    fn queries_of(types: &[&'static RecordedType]) -> Vec<Query> {
        let id = "sg-0123456789abcdef0".parse().unwrap();
        let arn = "arn:aws:ec2:eu-west-1:012345678912:security-group/sg-0123456789abcdef0".to_owned();
        queries(types, &Names { id: &id, arn })
    }

    fn query(types: Vec<&'static RecordedType>) -> Query {
        queries_of(&types).remove(0)
    }

    fn of(resource_type: &str) -> &'static RecordedType {
        TYPES.iter().find(|of| of.resource_type() == resource_type).unwrap()
    }

    fn found(resource_type: &str, id: &str) -> Found {
        Found { id: id.to_owned(), name: None, resource_type: resource_type.to_owned() }
    }

    #[test]
    fn a_query_asks_for_each_property_of_each_type() {
        let query = query(vec![of("AWS::Lambda::Function"), of("AWS::Redshift::EndpointAccess")]);
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
    fn what_names_its_groups_by_arn_is_asked_by_arn() {
        let query = query(vec![of("AWS::DataSync::LocationEFS")]);
        assert!(query.expression.ends_with(
            "(configuration.Ec2Config.SecurityGroupArns = \
             'arn:aws:ec2:eu-west-1:012345678912:security-group/sg-0123456789abcdef0'))"
        ));
    }

    #[test]
    fn every_type_is_asked_for_once_in_few_queries_that_config_takes() {
        let queries = queries_of(&TYPES.iter().collect::<Vec<_>>());
        let asked: Vec<_> = queries.iter().flat_map(|query| &query.types).copied().collect();
        assert_eq!(asked, TYPES.iter().collect::<Vec<_>>());
        assert!(queries.iter().all(|query| query.expression.len() <= MAX_EXPRESSION));
        assert!(queries.len() <= 3, "{}", queries.len());
    }

    #[test]
    fn no_type_makes_no_query() {
        assert!(queries_of(&[]).is_empty());
    }

    #[test]
    fn what_a_query_finds_belongs_to_its_types_source_and_the_others_found_nothing() {
        let (lambda, batch) = (of("AWS::Lambda::Function"), of("AWS::Batch::ComputeEnvironment"));
        let query = query(vec![lambda, batch]);
        let answers = query.answers(&[found("AWS::Lambda::Function", "orders")]).unwrap();
        let source = Source::Recorded(lambda);
        let expected = Dependent::recorded("AWS::Lambda::Function", "orders", None, source).unwrap();
        assert_eq!(answers[&source], Ok(vec![expected]));
        assert_eq!(answers[&Source::Recorded(batch)], Ok(vec![]));
    }

    #[test]
    fn a_result_that_was_not_asked_for_spoils_the_answer() {
        let query = query(vec![of("AWS::Lambda::Function")]);
        let both = [found("AWS::Lambda::Function", "orders"), found("AWS::Batch::ComputeEnvironment", "b")];
        let problem = query.answers(&both).unwrap_err();
        assert_eq!(problem, "the answer has AWS::Batch::ComputeEnvironment, which was not asked for");
    }

    #[test]
    fn what_is_recorded_daily_counts_where_it_shows_something_alone() {
        let lambda = Source::Recorded(of("AWS::Lambda::Function"));
        let some = vec![found("AWS::Lambda::Function", "orders").dependent(lambda).unwrap()];
        let (mut nothing, mut something, mut failed) =
            (Ok(vec![]), Ok(some.clone()), Err("denied".to_owned()));
        doubt(Some(&mut nothing));
        doubt(Some(&mut something));
        doubt(Some(&mut failed));
        assert!(nothing.unwrap_err().contains("once a day"));
        assert_eq!((something, failed), (Ok(some), Err("denied".to_owned())));
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
