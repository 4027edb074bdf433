//! Closing and restoring: who uses a group, what a close would do, what it did, and how it is undone. This wing ends in
//! answers and backups; [`crate::judge`] is the other wing. [`steps`] has the order of a close; `defsg-remediation` carries it out.

pub mod answer;
pub mod backup;
pub mod dependent;
pub mod past;
pub mod plan;
pub mod reference;
pub mod source;
pub mod steps;
pub mod survey;

pub use answer::Answer;
pub use backup::{Backup, BackupKey};
pub use dependent::Dependent;
pub use past::Past;
pub use plan::{ClosePlan, Decision, Refusal, Request, Settings, Unknown};
pub use reference::Reference;
pub use source::{RequiredSources, Source};
pub use survey::{Found, Survey, Surveys, Unsure};
