//! References: rules of other groups that name this one. Such a rule matches this group's members; this group's own rules
//! play no part in it.

use std::fmt;

use crate::group::Direction;
use crate::ids::{SecurityGroupId, SecurityGroupRuleId};

/// A rule of another group, or a group of another VPC, that refers to the group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reference {
    /// A rule of another group that this account can list.
    Rule {
        /// The group that the rule belongs to.
        group: SecurityGroupId,
        /// The rule.
        rule: SecurityGroupRuleId,
        /// The rule's direction.
        direction: Direction,
    },
    /// A VPC, one of whose groups refers to this one.
    Vpc {
        /// The VPC, as EC2 writes it.
        vpc: String,
        /// The peering connection (`pcx-…`) or transit gateway (`tgw-…`) between them.
        over: String,
    },
}

impl Reference {
    /// A rule of the group `of` that refers to `group`; none where that is the group itself.
    #[must_use]
    pub fn rule(
        group: &SecurityGroupId,
        of: &SecurityGroupId,
        rule: &SecurityGroupRuleId,
        direction: Direction,
    ) -> Option<Self> {
        (of != group).then(|| Self::Rule { group: of.clone(), rule: rule.clone(), direction })
    }

    /// The kind in documents.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Rule { .. } => "security-group-rule",
            Self::Vpc { .. } => "referencing-vpc",
        }
    }

    /// The ID of the rule or of the VPC.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Rule { rule, .. } => rule.as_str(),
            Self::Vpc { vpc, .. } => vpc,
        }
    }

    /// What it is, in words a person knows.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Rule { group, direction, .. } => format!("{direction} rule of {group}"),
            Self::Vpc { vpc, over } => format!("security group in {vpc}, over {over}"),
        }
    }
}

/// For a person: `inbound rule of sg-0f1e2d3c4b5a69788 (sgr-0123456789abcdef0)`
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.id())
    }
}
