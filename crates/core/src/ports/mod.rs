//! What defsg needs of AWS, one capability a trait, and the one error they all answer with.
//!
//! [`judging`] has what a verdict needs, [`closing`] what a close and a restore need. `defsg-aws` implements both over the
//! SDK; [`memory`] implements them in memory, for tests and for runs with no AWS.

pub mod closing;
pub mod error;
pub mod judging;
pub mod memory;
pub mod pages;

pub use error::{ApiError, ApiErrorKind};
pub use judging::{
    DefaultGroups, ItemHistory, PutEvaluations, RecordedResult, RecordedResults, ResultToken, UnreadableGroup,
};

/// One page of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// What the page holds.
    pub items: Vec<T>,
    /// The token of the next page; none on the last.
    pub next: Option<String>,
}
