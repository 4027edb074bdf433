//! What a request asks for, handed over to the library.

use defsg_core::close::plan;
use defsg_core::documents::answer::v1::Answer;
use defsg_core::ports::closing::{
    AuthorizeRules, ListBackups, ReadBackup, ReadGroup, RevokeRules, SurveyDependents, WriteBackup,
};
use defsg_remediation::{close, restore};
use time::OffsetDateTime;

use crate::error::RemediatorError;
use crate::request::{Action, Request};
use crate::settings::InvalidSetting;

/// Does what is asked for, in an account and with a store that may be AWS or memory. `now` is the time.
///
/// # Errors
/// Every way in which an invocation can fail; see docs/remediation.md.
pub async fn run<A, S>(
    request: &Request,
    settings: &plan::Settings,
    aws: &A,
    store: Option<&S>,
    now: OffsetDateTime,
) -> Result<Answer, RemediatorError>
where
    A: ReadGroup + SurveyDependents + RevokeRules + AuthorizeRules,
    S: WriteBackup + ReadBackup + ListBackups,
{
    let group = &request.group;
    let store_or_error = || {
        store.ok_or_else(|| InvalidSetting::new("BACKUP_BUCKET", "is not set, and close and restore need it"))
    };
    let answer = match &request.action {
        Action::Plan(plan) => defsg_remediation::plan(aws, store, group, plan, settings, now).await?,
        Action::Close(plan) => close(aws, store_or_error()?, group, plan, settings, now).await?,
        Action::Restore { backup } => restore(aws, store_or_error()?, group, backup, settings).await?,
    };
    Ok(Answer::from(&answer))
}
