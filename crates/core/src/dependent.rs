//! Dependents: what uses a security group, and would be cut off were it closed; and the sources they are learnt from.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ids::{SecurityGroupId, SecurityGroupRuleId};
use crate::interface::NetworkInterface;
use crate::recorded::{self, RecordedType};
use crate::security_group::Direction;

/// One thing that uses the group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dependent {
    /// What kind of thing it is.
    pub kind: Kind,
    /// Its ID, as the API that told of it writes it.
    pub id: String,
    /// What it is, in words a person knows.
    pub name: String,
    /// Where it was learnt: the name of a [`Source`].
    pub source: String,
}

/// The kinds of dependents. For each, docs/remediation.md says how to give it another group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A network interface that is a member of the group.
    NetworkInterface,
    /// A rule of another group that refers to this one.
    SecurityGroupRule,
    /// A VPC over a peering connection or a transit gateway, one of whose groups refers to this one.
    ReferencingVpc,
    /// A launch template whose default or latest version uses the group.
    LaunchTemplate,
    /// A resource that AWS Config recorded with the group in its configuration.
    RecordedResource,
}

impl Dependent {
    /// An interface that EC2 lists with the group.
    #[must_use]
    pub fn network_interface(interface: &NetworkInterface) -> Self {
        Self::new(Kind::NetworkInterface, &interface.id, interface.serves(), Source::NetworkInterfaces)
    }

    /// A rule of the group `of` that refers to `group`; none where that is the group itself.
    #[must_use]
    pub fn rule(
        group: &SecurityGroupId,
        of: &SecurityGroupId,
        rule: &SecurityGroupRuleId,
        direction: Direction,
    ) -> Option<Self> {
        (of != group).then(|| {
            let name = format!("{direction} rule of {of}");
            Self::new(Kind::SecurityGroupRule, rule.as_str(), name, Source::SecurityGroupRules)
        })
    }

    /// A VPC with a group that refers to this one, over a peering connection (`pcx-…`) or a transit gateway (`tgw-…`).
    #[must_use]
    pub fn referencing_vpc(vpc: &str, over: &str) -> Self {
        let name = format!("security group in {vpc}, over {over}");
        Self::new(Kind::ReferencingVpc, vpc, name, Source::SecurityGroupReferences)
    }

    /// A launch template's version with the group in it. `role` is `default`, `latest` or both.
    #[must_use]
    pub fn launch_template(id: &str, name: &str, version: i64, role: &str) -> Self {
        let name = format!("launch template {name}, version {version} ({role})");
        Self::new(Kind::LaunchTemplate, id, name, Source::LaunchTemplates)
    }

    /// A resource that Config recorded with the group; none where that is no use of it (see [`recorded::is_dependent`]).
    /// `name` is the resource's name, where it has one.
    #[must_use]
    pub fn recorded(resource_type: &str, id: &str, name: Option<&str>, source: Source) -> Option<Self> {
        let name = name.filter(|name| !name.is_empty()).unwrap_or(id);
        recorded::is_dependent(resource_type)
            .then(|| Self::new(Kind::RecordedResource, id, format!("{resource_type} {name}"), source))
    }

    fn new(kind: Kind, id: &str, name: String, source: Source) -> Self {
        Self { kind, id: id.to_owned(), name, source: source.to_string() }
    }
}

/// For a person: `Lambda function orders (eni-0123456789abcdef0)`
impl fmt::Display for Dependent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.id)
    }
}

/// Where dependents are learnt. Its text form is its name in settings and answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// `network-interfaces`: EC2's DescribeNetworkInterfaces.
    NetworkInterfaces,
    /// `security-group-rules`: rules of the account's other groups. EC2's DescribeSecurityGroups finds the groups,
    /// DescribeSecurityGroupRules their rules.
    SecurityGroupRules,
    /// `security-group-references`: peered VPCs and transit gateways, EC2's DescribeSecurityGroupReferences.
    SecurityGroupReferences,
    /// `launch-templates`: EC2's DescribeLaunchTemplateVersions, `$Default` and `$Latest`.
    LaunchTemplates,
    /// `config-relationships`: AWS Config's SelectResourceConfig by relationship, whatever the resource type.
    Relationships,
    /// `config:TYPE`: AWS Config's SelectResourceConfig by the properties of one resource type.
    Recorded(&'static RecordedType),
}

impl Source {
    /// Every source, those of EC2 first.
    pub fn all() -> impl Iterator<Item = Self> {
        let asked = [
            Self::NetworkInterfaces,
            Self::SecurityGroupRules,
            Self::SecurityGroupReferences,
            Self::LaunchTemplates,
            Self::Relationships,
        ];
        asked.into_iter().chain(recorded::TYPES.iter().map(Self::Recorded))
    }

    /// The source's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NetworkInterfaces => "network-interfaces",
            Self::SecurityGroupRules => "security-group-rules",
            Self::SecurityGroupReferences => "security-group-references",
            Self::LaunchTemplates => "launch-templates",
            Self::Relationships => "config-relationships",
            Self::Recorded(of) => of.source,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Source {
    type Err = UnknownSourceName;

    fn from_str(name: &str) -> Result<Self, UnknownSourceName> {
        Self::all().find(|source| source.name() == name).ok_or_else(|| UnknownSourceName(name.to_owned()))
    }
}

/// A name that no source has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no source of dependents; give all, network-interfaces, security-group-rules, security-group-references, \
     launch-templates, config-relationships, config:TYPE (a resource type of docs/remediation.md) or config \
     (everything that AWS Config answers for), each with - before it to take it away"
)]
pub struct UnknownSourceName(String);

/// The sources that must be readable before a group is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequiredSources(BTreeSet<Source>);

impl Default for RequiredSources {
    /// All of them.
    fn default() -> Self {
        Self(Source::all().collect())
    }
}

impl RequiredSources {
    /// Parses names separated by commas, each of them added or, with `-` before it, taken away, in that order:
    /// `network-interfaces, config`, or `all, -config:AWS::M2::Environment`. A list that begins by taking one away begins with
    /// all, and so does an empty one; `-all` leaves none.
    ///
    /// # Errors
    /// The first name that no source has.
    pub fn parse(text: &str) -> Result<Self, UnknownSourceName> {
        let first = text.split(',').map(str::trim).find(|word| !word.is_empty());
        let takes_away = first.is_none_or(|word| word.starts_with('-'));
        let mut required: BTreeSet<_> = if takes_away { Source::all().collect() } else { BTreeSet::new() };
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            let name = word.strip_prefix('-').unwrap_or(word);
            let named: BTreeSet<_> = match name {
                "all" => Source::all().collect(),
                "config" => Source::all().filter(|source| source.name().starts_with("config")).collect(),
                name => [name.parse()?].into(),
            };
            if name == word {
                required.extend(named);
            } else {
                required.retain(|source| !named.contains(source));
            }
        }
        Ok(Self(required))
    }

    /// Whether this source must be readable.
    #[must_use]
    pub fn contains(&self, source: Source) -> bool {
        self.0.contains(&source)
    }
}

/// What every source said when it was asked: its dependents, or why it could not tell. A source that is missing was not
/// asked, and counts as one that could not tell.
pub type Survey = BTreeMap<Source, Result<Vec<Dependent>, String>>;

/// A source that could not tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unknown {
    /// The name of the [`Source`].
    pub source: String,
    /// Why: denied, failed, unsupported, not recorded, or recorded once a day only.
    pub why: String,
    /// Whether the source had to be readable.
    pub required: bool,
}
