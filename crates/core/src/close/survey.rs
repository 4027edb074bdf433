//! Surveys: what every source said of a group when it was asked.

use std::collections::BTreeMap;

use super::dependent::Dependent;
use super::reference::Reference;
use super::source::Source;
use crate::ids::SecurityGroupId;
use crate::ports::ApiError;

/// What a source knows of one group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// What uses the group: its members, present or to come.
    pub dependents: Vec<Dependent>,
    /// Rules of other groups that refer to the group.
    pub references: Vec<Reference>,
}

impl Found {
    /// Whether the source knows of nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.dependents.is_empty() && self.references.is_empty()
    }
}

impl From<Vec<Dependent>> for Found {
    fn from(dependents: Vec<Dependent>) -> Self {
        Self { dependents, references: Vec::new() }
    }
}

impl From<Vec<Reference>> for Found {
    fn from(references: Vec<Reference>) -> Self {
        Self { dependents: Vec::new(), references }
    }
}

/// Why a source could not tell. Never an empty list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsure {
    /// A call failed.
    #[error(transparent)]
    Failed(#[from] ApiError),
    /// AWS Config records nothing in this place.
    #[error("AWS Config does not record in this account and Region: {0}")]
    NotRecording(String),
    /// AWS Config does not record the resource type.
    #[error("AWS Config does not record it")]
    NotRecorded,
    /// AWS Config records chosen resource types, and resources of others may use the group.
    #[error("AWS Config records chosen resource types only; others may use the group")]
    ChosenTypesOnly,
    /// What is recorded daily is not recorded as it is now: that it shows nothing says nothing.
    #[error("AWS Config records it once a day, and what was made or changed since is not seen")]
    RecordedDaily,
    /// Nobody asked it.
    #[error("it was not asked")]
    NotAsked,
}

/// What every source said of one group. A source that is missing was not asked, and counts as one that could not tell.
pub type Survey = BTreeMap<Source, Result<Found, Unsure>>;

/// The surveys of many groups of one place. A group that is missing was not asked about.
pub type Surveys = BTreeMap<SecurityGroupId, Survey>;
