//! Launch templates: instances that are not there yet.

use std::fmt;

/// A version of a launch template with the group in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LaunchTemplateVersion {
    /// The template's ID (`lt-…`).
    pub template: String,
    /// The template's name.
    pub name: String,
    /// The version's number, from 1.
    pub version: i64,
    /// Why this version counts.
    pub role: Role,
}

/// Which of a template's versions it is. Others are used by nobody who does not name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// `$Default`.
    Default,
    /// `$Latest`.
    Latest,
    /// Both.
    DefaultAndLatest,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Default => "default",
            Self::Latest => "latest",
            Self::DefaultAndLatest => "default, latest",
        })
    }
}

/// `launch template web, version 3 (default)`
impl fmt::Display for LaunchTemplateVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "launch template {}, version {} ({})", self.name, self.version, self.role)
    }
}
