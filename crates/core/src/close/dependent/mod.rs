//! Dependents: what uses a security group, or will, and would be cut off were it closed.
//!
//! A dependent is what an API said, in its own fields. Its sentence for people is its `Display`.

use std::fmt;

pub mod interface;
pub mod launch_template;
pub mod recorded;
pub mod resource;

pub use interface::NetworkInterface;
pub use launch_template::{LaunchTemplateVersion, Role};
pub use recorded::RecordedResource;
pub use resource::Resource;

/// One thing that uses the group. For each kind, docs/remediation.md says how to give it another group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dependent {
    /// A network interface that is a member of the group.
    NetworkInterface(NetworkInterface),
    /// A launch template's default or latest version.
    LaunchTemplate(LaunchTemplateVersion),
    /// A resource that AWS Config recorded with the group in its configuration.
    Recorded(RecordedResource),
    /// A resource that its service's own API lists with the group.
    Resource(Resource),
}

impl Dependent {
    /// The kind in documents.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NetworkInterface(_) => "network-interface",
            Self::LaunchTemplate(_) => "launch-template",
            Self::Recorded(_) => "recorded-resource",
            Self::Resource(resource) => resource.kind,
        }
    }

    /// Its ID, as the API that told of it writes it.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::NetworkInterface(interface) => &interface.id,
            Self::LaunchTemplate(version) => &version.template,
            Self::Recorded(resource) => &resource.id,
            Self::Resource(resource) => &resource.id,
        }
    }

    /// What it is, in words a person knows.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::NetworkInterface(interface) => interface.serves(),
            Self::LaunchTemplate(version) => version.to_string(),
            Self::Recorded(resource) => resource.to_string(),
            Self::Resource(resource) => resource.to_string(),
        }
    }
}

/// For a person: `Lambda function orders (eni-0123456789abcdef0)`
impl fmt::Display for Dependent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.id())
    }
}
