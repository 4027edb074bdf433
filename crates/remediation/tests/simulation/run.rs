//! One run of a close, a plan or a restore, as the world saw it.

use defsg_core::group::{GroupState, SecurityGroupRule};

use crate::world::Ms;

/// What a run is for.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Close {
        force: bool,
        /// The rules of the plan that it carries out.
        planned: Option<Vec<SecurityGroupRule>>,
    },
    Plan,
    Restore,
}

/// A reading of the group.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    pub(crate) began: Ms,
    pub(crate) began_tick: u64,
    pub(crate) group: GroupState,
}

/// A run.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// The call that ended last.
    pub(crate) last_call: &'static str,
    /// When it listed the backups.
    pub(crate) listed: Option<Ms>,
    pub(crate) reading: Option<Reading>,
    /// The tick at which its last change of the group was answered.
    pub(crate) changed_tick: u64,
    /// Whether it sent a revoke.
    pub(crate) has_revoked: bool,
    /// The keys of the backups that it wrote, and when.
    pub(crate) backups: Vec<(Ms, String)>,
    /// The key of the last backup that it had written when it took its last rule.
    pub(crate) backup_of_taken: Option<String>,
}

impl Run {
    pub(crate) fn new(name: String, kind: Kind) -> Self {
        Self {
            name,
            kind,
            last_call: "",
            listed: None,
            reading: None,
            changed_tick: 0,
            has_revoked: false,
            backups: vec![],
            backup_of_taken: None,
        }
    }
}
