//! AWS Config: resources that were recorded with a group in their configuration, in use or idle.

use std::collections::HashSet;

use defsg_core::close::dependent::Dependent;
use defsg_core::close::dependent::recorded::{RecordedType, TYPES};
use defsg_core::close::source::Source;
use defsg_core::close::survey::{Found, Survey, Surveys, Unsure};
use defsg_core::group::GroupIdentity;
use defsg_core::ids::SecurityGroupId;
use defsg_core::ports::{ApiError, Page};
use futures_util::future::BoxFuture;

use self::query::{Named, Query};
use self::recorder::{HowOften, Recording};
use self::result::SelectedResource;
use super::{Action, Ask};
use crate::clients::Clients;

mod pack;
mod query;
mod recorder;
mod result;

const RELATIONSHIPS: Source = Source::new("config-relationships");

const OPERATION: &str = "SelectResourceConfig";

/// The most results on a page. Source: AWS Config API Reference, `SelectResourceConfig`.
const PAGE_SIZE: i32 = 100;

/// The code by which AWS Config says that it does not know a property.
const INVALID_EXPRESSION: &str = "InvalidExpressionException";

/// Everything that AWS Config answers for: relationships, and one source a resource type.
pub(super) struct RecordedByConfig;

impl Ask for RecordedByConfig {
    fn names(&self) -> Vec<Source> {
        names().collect()
    }

    fn actions(&self) -> &'static [Action] {
        &[
            Action {
                name: "config:DescribeConfigurationRecorders",
                why: "says which resource types are recorded, and how often",
            },
            Action {
                name: "config:DescribeConfigurationRecorderStatus",
                why: "says whether the recorders run and succeed",
            },
            Action {
                name: "config:SelectResourceConfig",
                why: "finds the resources that are recorded with the group",
            },
        ]
    }

    fn ask<'a>(&'a self, clients: &'a Clients, groups: &'a [&'a GroupIdentity]) -> BoxFuture<'a, Surveys> {
        Box::pin(survey(clients, groups))
    }
}

fn names() -> impl Iterator<Item = Source> {
    [RELATIONSHIPS].into_iter().chain(TYPES.iter().map(RecordedType::source))
}

/// How many queries a survey of these groups makes, where everything is recorded.
#[cfg(test)]
pub(super) fn query_count(groups: &[GroupIdentity]) -> usize {
    let named = |group: &GroupIdentity| {
        let arn = crate::recorded_answers::place().security_group_arn(&group.id);
        Named { id: group.id.clone(), arn }
    };
    let groups: Vec<_> = groups.iter().map(named).collect();
    pack::relationships(&groups).len() + pack::types(&TYPES.iter().collect::<Vec<_>>(), &groups).len()
}

async fn survey(clients: &Clients, groups: &[&GroupIdentity]) -> Surveys {
    let named = |group: &&GroupIdentity| Named {
        id: group.id.clone(),
        arn: clients.place.security_group_arn(&group.id),
    };
    let groups: Vec<_> = groups.iter().map(named).collect();
    let recording = match clients.recording().await {
        Ok(recording) => recording,
        Err(why) => {
            let unsure: Survey = names().map(|source| (source, Err(why.clone()))).collect();
            return groups.into_iter().map(|group| (group.id, unsure.clone())).collect();
        }
    };
    let mut surveys = Surveys::new();
    let mut types = Vec::new();
    for recorded in TYPES {
        match recording.how_often(recorded.resource_type()) {
            HowOften::Never => tell(&mut surveys, &groups, recorded.source(), &Unsure::NotRecorded),
            HowOften::Daily | HowOften::Continuously => types.push(recorded),
        }
    }
    if recording.how_often_new_types() == HowOften::Never {
        tell(&mut surveys, &groups, RELATIONSHIPS, &Unsure::ChosenTypesOnly);
    } else {
        for query in pack::relationships(&groups) {
            ask(clients, &query, &mut surveys).await;
        }
    }
    for query in pack::types(&types, &groups) {
        ask(clients, &query, &mut surveys).await;
    }
    for survey in surveys.values_mut() {
        doubt(survey, &recording);
        name_once(survey);
    }
    surveys
}

/// Says of each group that a source cannot tell.
fn tell(surveys: &mut Surveys, groups: &[Named], source: Source, why: &Unsure) {
    for group in groups {
        surveys.entry(group.id.clone()).or_default().insert(source, Err(why.clone()));
    }
}

async fn ask(clients: &Clients, query: &Query<'_>, surveys: &mut Surveys) {
    match answer(clients, query).await {
        Ok(found) => note(surveys, query, found),
        // One property that this Region does not know spoils the whole query. Each part alone says which.
        Err(error) if error.has_code(INVALID_EXPRESSION) && query.parts.len() > 1 => {
            for alone in query.each_part_alone() {
                match answer(clients, &alone).await {
                    Ok(found) => note(surveys, &alone, found),
                    Err(error) => fail(surveys, &alone, &error),
                }
            }
        }
        Err(error) => fail(surveys, query, &error),
    }
}

/// Adds what a query found. What it did not find is not there, unless another part of the same source failed.
fn note(surveys: &mut Surveys, query: &Query<'_>, found: Vec<(SecurityGroupId, Source, Dependent)>) {
    for group in query.groups {
        let survey = surveys.entry(group.id.clone()).or_default();
        for source in query.sources() {
            survey.entry(source).or_insert_with(|| Ok(Found::default()));
        }
    }
    for (group, source, dependent) in found {
        let survey = surveys.entry(group).or_default();
        if let Ok(found) = survey.entry(source).or_insert_with(|| Ok(Found::default())) {
            found.dependents.push(dependent);
        }
    }
}

fn fail(surveys: &mut Surveys, query: &Query<'_>, error: &ApiError) {
    for source in query.sources() {
        tell(surveys, query.groups, source, &Unsure::Failed(error.clone()));
    }
}

async fn answer(
    clients: &Clients,
    query: &Query<'_>,
) -> Result<Vec<(SecurityGroupId, Source, Dependent)>, ApiError> {
    let results = select(clients, &query.expression).await?;
    query.answers(&results).map_err(|problem| clients.caller.unreadable(OPERATION, problem))
}

async fn select(clients: &Clients, expression: &str) -> Result<Vec<SelectedResource>, ApiError> {
    let caller = &clients.caller;
    let results = caller.every_page(OPERATION, |token| async move {
        let call = clients.config.select_resource_config().expression(expression).limit(PAGE_SIZE);
        let answer = call.set_next_token(token).send().await;
        let answer = answer.map_err(|error| caller.error(OPERATION, &error))?;
        let Some(results) = answer.results else {
            return Err(caller.unreadable(OPERATION, "the answer has no list of results"));
        };
        let items = results.iter().map(|result| SelectedResource::parse(result)).collect::<Option<_>>();
        let items = items
            .ok_or_else(|| caller.unreadable(OPERATION, "a result has no resourceId or no resourceType"))?;
        Ok(Page { items, next: answer.next_token })
    });
    results.await
}

/// What is recorded once a day is not recorded as it is now: that it shows nothing says nothing.
fn doubt(survey: &mut Survey, recording: &Recording) {
    let daily =
        TYPES.iter().filter(|recorded| recording.how_often(recorded.resource_type()) == HowOften::Daily);
    let relationships = (recording.how_often_new_types() == HowOften::Daily).then_some(RELATIONSHIPS);
    for source in daily.map(RecordedType::source).chain(relationships) {
        if let Some(answer) = survey.get_mut(&source)
            && answer.as_ref().is_ok_and(Found::is_empty)
        {
            *answer = Err(Unsure::RecordedDaily);
        }
    }
}

/// Takes out of the relationships what the source of its type names, too.
fn name_once(survey: &mut Survey) {
    let of_types = survey.iter().filter(|(source, _)| **source != RELATIONSHIPS);
    let found = of_types.flat_map(|(_, answer)| answer.iter().flat_map(|found| &found.dependents));
    let named: HashSet<Dependent> = found.cloned().collect();
    if let Some(Ok(related)) = survey.get_mut(&RELATIONSHIPS) {
        related.dependents.retain(|dependent| !named.contains(dependent));
    }
}

#[cfg(test)]
mod tests {
    use defsg_core::close::dependent::RecordedResource;

    use super::*;

    const LAMBDA: Source = Source::new("config:AWS::Lambda::Function");

    fn resource(resource_type: &str) -> Dependent {
        let (resource_type, id) = (resource_type.to_owned(), "orders".to_owned());
        Dependent::Recorded(RecordedResource { resource_type, id, name: None })
    }

    fn found(dependents: &[Dependent]) -> Result<Found, Unsure> {
        Ok(dependents.to_vec().into())
    }

    #[test]
    fn what_is_recorded_daily_counts_where_it_shows_something_alone() {
        let some = found(&[resource("AWS::Lambda::Function")]);
        let doubted = |answer| {
            let mut survey: Survey = [(LAMBDA, answer)].into();
            doubt(&mut survey, &Recording::daily());
            survey.remove(&LAMBDA).unwrap()
        };
        let why = doubted(found(&[])).unwrap_err();
        assert!(why.to_string().contains("once a day"));
        assert_eq!(doubted(some.clone()), some);
        assert_eq!(doubted(Err(Unsure::NotAsked)), Err(Unsure::NotAsked));
    }

    #[test]
    fn what_its_types_source_names_the_relationships_do_not_name_again() {
        let (orders, other) = (resource("AWS::Lambda::Function"), resource("AWS::New::Thing"));
        let mut survey: Survey = [
            (RELATIONSHIPS, found(&[orders.clone(), other.clone()])),
            (LAMBDA, found(std::slice::from_ref(&orders))),
        ]
        .into();
        name_once(&mut survey);
        assert_eq!(survey[&RELATIONSHIPS], found(&[other]));
        assert_eq!(survey[&LAMBDA], found(&[orders]));
    }

    #[test]
    fn a_source_of_which_one_part_failed_cannot_tell_whatever_the_other_parts_found() {
        let groups = [Named { id: "sg-00000001".parse().unwrap(), arn: String::new() }];
        let [query] = &pack::types(&[&TYPES[0]], &groups)[..] else { panic!("one query") };
        let place = defsg_core::Place::parse("aws", "012345678912", "eu-west-1").unwrap();
        let error = ApiError::unreadable(OPERATION, &place, "nonsense");
        let failed = Err(Unsure::Failed(error.clone()));
        for first_fails in [true, false] {
            let mut surveys = Surveys::new();
            if first_fails {
                fail(&mut surveys, query, &error);
            }
            let found = vec![(groups[0].id.clone(), TYPES[0].source(), resource(TYPES[0].resource_type()))];
            note(&mut surveys, query, found);
            if !first_fails {
                fail(&mut surveys, query, &error);
            }
            assert_eq!(surveys[&groups[0].id][&TYPES[0].source()], failed);
        }
    }
}
