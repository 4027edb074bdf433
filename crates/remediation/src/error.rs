//! Every way in which a plan, a close or a restore can fail. A refusal is no failure: it is an [`crate::Answer`].

use defsg_core::documents::backup::InvalidBackup;
use defsg_core::ports::{ApiError, ApiErrorKind};
use defsg_core::{AccountId, Region, SecurityGroupId};

/// Why something failed. A message says what happened, to which group, what was changed and what to do.
#[derive(Debug, thiserror::Error)]
pub enum RemediationError {
    /// What was asked for cannot be asked for.
    #[error("{0}; nothing was changed")]
    InvalidRequest(String),
    /// There is no such group.
    #[error("{group} is not in account {account} and Region {region}; nothing was changed")]
    GroupNotFound {
        /// The group.
        group: SecurityGroupId,
        /// The account.
        account: AccountId,
        /// The Region.
        region: Region,
    },
    /// The group was there when it began, and is not any more.
    #[error("{group} was deleted in the meantime. The rules as they were are in {backup}")]
    GroupDeleted {
        /// The group.
        group: SecurityGroupId,
        /// Where its rules are kept.
        backup: String,
    },
    /// A backup could not be written, or what was read back was not what was written.
    #[error(
        "the backup {backup} could not be kept: {problem}. No rule is taken away that is not in a backup"
    )]
    BackupFailed {
        /// Where it should be.
        backup: String,
        /// What went wrong.
        problem: String,
        /// The call that failed, where it was a call.
        #[source]
        source: Option<Box<ApiError>>,
    },
    /// The document is not one to restore this group from.
    #[error("{backup} cannot be restored: {problem}; nothing was changed")]
    InvalidBackup {
        /// Where it is.
        backup: String,
        /// What is wrong.
        problem: String,
        /// What is wrong with the document itself, where it is that.
        #[source]
        source: Option<InvalidBackup>,
    },
    /// The rules still stand, or came back, after every try.
    #[error(
        "{group} is still open after every try: {rules} stand. Does something put them back? The rules as they were are \
         in {backup}"
    )]
    StillOpen {
        /// The group.
        group: SecurityGroupId,
        /// The first few of them.
        rules: String,
        /// The newest backup.
        backup: String,
    },
    /// EC2 took rules, but does not show them.
    #[error(
        "{group} does not show {rules}, which EC2 took or showed before; restore again from {backup}, which skips what stands"
    )]
    NotShown {
        /// The group.
        group: SecurityGroupId,
        /// The first few of them.
        rules: String,
        /// The backup.
        backup: String,
    },
    /// A call to AWS failed.
    #[error("{source}{}{}", mend(.source.kind), kept(.backup.as_ref()))]
    Api {
        /// The call.
        source: ApiError,
        /// The newest backup, if rules may have been revoked or put back.
        backup: Option<String>,
    },
}

impl RemediationError {
    /// The stable name of the failure, which a shell shows as its `errorType`.
    #[must_use]
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::InvalidRequest(_) => "InvalidRequest",
            Self::GroupNotFound { .. } | Self::GroupDeleted { .. } => "GroupNotFound",
            Self::BackupFailed { .. } => "BackupFailed",
            Self::InvalidBackup { .. } => "InvalidBackup",
            Self::StillOpen { .. } => "StillOpen",
            Self::NotShown { .. } => "NotShown",
            Self::Api { source, .. } => match source.kind {
                ApiErrorKind::AccessDenied => "AccessDenied",
                ApiErrorKind::Throttled => "Throttled",
                ApiErrorKind::TimedOut => "Timeout",
                ApiErrorKind::InvalidResultToken | ApiErrorKind::Unreadable | ApiErrorKind::Other => "AwsApi",
            },
        }
    }

    /// The same where rules may have been taken away that an earlier backup has.
    pub(crate) fn with_earlier(self, earlier: &str) -> Self {
        match self {
            Self::BackupFailed { backup, problem, source } => {
                let problem = format!("{problem}. The rules as they were before are in {earlier}");
                Self::BackupFailed { backup, problem, source }
            }
            other => other,
        }
    }

    /// A failed call before which nothing was changed.
    pub(crate) fn before_changes(source: ApiError) -> Self {
        Self::Api { source, backup: None }
    }
}

fn mend(kind: ApiErrorKind) -> &'static str {
    match kind {
        ApiErrorKind::AccessDenied => "; check the role's policy against docs/permissions.md",
        ApiErrorKind::Throttled | ApiErrorKind::TimedOut => "; run it again, it goes on from there",
        ApiErrorKind::InvalidResultToken | ApiErrorKind::Unreadable | ApiErrorKind::Other => "",
    }
}

fn kept(backup: Option<&String>) -> String {
    match backup {
        Some(backup) => format!(". The rules as they were are in {backup}"),
        None => "; nothing was changed".to_owned(),
    }
}
