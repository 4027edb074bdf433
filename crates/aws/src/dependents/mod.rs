//! What uses a security group, and what refers to it: every source, and how all are asked about many groups
//! in one go.
//!
//! A source stands in one file, behind [`Ask`], and in one line of [`SOURCES`]. The tests name what else it
//! needs: its actions in template.yaml and docs/permissions.md, its name in docs/remediation.md.
//!
//! AWS Config is asked first and the live sources last: their answers are of now, those of AWS Config minutes
//! old in any case, and slow to come where it throttles. What a source cannot tell is said in its place: no
//! failure becomes an empty list.

use std::collections::BTreeMap;

use defsg_core::close::source::Source;
use defsg_core::close::survey::{Found, Surveys, Unsure};
use defsg_core::group::GroupIdentity;
use defsg_core::ids::SecurityGroupId;
use defsg_core::ports::ApiError;
use defsg_core::ports::closing::SurveyDependents;
use futures_util::future::{BoxFuture, join_all};
use serde_json::Value;

use crate::clients::Clients;

mod glue;
mod interfaces;
mod lattice;
mod launch_templates;
mod recorded;
mod references;
mod rules_of_others;

/// Every source, in the order in which answers name them.
const SOURCES: &[&dyn Ask] = &[
    &interfaces::NetworkInterfaces,
    &rules_of_others::RulesOfOthers,
    &references::References,
    &launch_templates::LaunchTemplates,
    &glue::Connections,
    &lattice::Associations,
    &recorded::RecordedByConfig,
];

/// A source, or several that the same calls answer for.
trait Ask: Sync {
    /// The names, in the order in which answers give them.
    fn names(&self) -> Vec<Source>;

    /// What IAM must allow.
    fn actions(&self) -> &'static [Action];

    /// Asks about all of these groups in one go. What fails is an entry that says why, for each group that it
    /// concerns.
    fn ask<'a>(&'a self, clients: &'a Clients, groups: &'a [&'a GroupIdentity]) -> BoxFuture<'a, Surveys>;
}

/// One action that asking a source takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Action {
    /// The action, as IAM writes it.
    pub name: &'static str,
    /// What it is for.
    pub why: &'static str,
}

/// Every source of dependents and references, in the order in which answers name them.
#[must_use]
pub fn sources() -> Vec<Source> {
    SOURCES.iter().flat_map(|source| source.names()).collect()
}

/// Every action that a survey takes, with the first name of the source that takes it. Some are named more
/// than once.
#[must_use]
pub fn actions() -> Vec<(Source, Action)> {
    let mut actions = Vec::new();
    for source in SOURCES {
        if let Some(name) = source.names().first() {
            actions.extend(source.actions().iter().map(|action| (*name, *action)));
        }
    }
    actions
}

impl SurveyDependents for Clients {
    async fn survey(&self, groups: &[&GroupIdentity]) -> Surveys {
        let mut surveys: Surveys = groups.iter().map(|group| (group.id.clone(), BTreeMap::new())).collect();
        if groups.is_empty() {
            return surveys;
        }
        let is_of_config = |source: &&dyn Ask| source.names().iter().all(|name| name.is_of_config());
        let (of_config, live): (Vec<&dyn Ask>, Vec<_>) = SOURCES.iter().copied().partition(is_of_config);
        for source in of_config {
            add(&mut surveys, source.ask(self, groups).await);
        }
        for answer in join_all(live.into_iter().map(|source| source.ask(self, groups))).await {
            add(&mut surveys, answer);
        }
        surveys
    }
}

fn add(surveys: &mut Surveys, answer: Surveys) {
    for (group, survey) in answer {
        surveys.entry(group).or_default().extend(survey);
    }
}

/// What a source found of each group that it found anything of.
type FoundByGroup = BTreeMap<SecurityGroupId, Found>;

/// The surveys of a source whose answer stands or falls as a whole.
fn answered(source: Source, groups: &[&GroupIdentity], answer: Result<FoundByGroup, ApiError>) -> Surveys {
    let survey = |group: &&GroupIdentity| {
        let found = match &answer {
            Ok(found) => Ok(found.get(&group.id).cloned().unwrap_or_default()),
            Err(error) => Err(Unsure::Failed(error.clone())),
        };
        (group.id.clone(), [(source, found)].into())
    };
    groups.iter().map(survey).collect()
}

/// The IDs of groups.
fn ids<'a>(groups: &[&'a GroupIdentity]) -> Vec<&'a SecurityGroupId> {
    groups.iter().map(|group| &group.id).collect()
}

/// Which of these groups `names` names, in the order of the groups.
fn named<'a>(groups: &[&'a SecurityGroupId], names: impl Fn(&str) -> bool) -> Vec<&'a SecurityGroupId> {
    groups.iter().copied().filter(|group| names(group.as_str())).collect()
}

/// The security groups in a list of an answer; none where it is no list, or something in it is no security group's ID. An ID
/// that is written otherwise than EC2 writes it would else be passed over.
fn group_ids(list: &Value) -> Option<Vec<SecurityGroupId>> {
    list.as_array()?.iter().map(|id| id.as_str()?.parse().ok()).collect()
}

#[cfg(test)]
mod tests;
