//! Sources: where it is learnt who uses a group. A source is known here by its name alone; `defsg-aws` has the list of them,
//! and asks each.

use std::collections::BTreeSet;
use std::fmt;

/// Where dependents or references are learnt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source(&'static str);

impl Source {
    /// A source with this name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// The source's name in settings and documents, such as `network-interfaces` or `config:AWS::Lambda::Function`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0
    }

    /// Whether AWS Config answers for it.
    #[must_use]
    pub fn is_of_config(self) -> bool {
        self.0.starts_with("config")
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A name that no source has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{name:?} is no source of dependents; give all, {known}, config:TYPE (a resource type of docs/remediation.md) or config \
     (everything that AWS Config answers for), each with - before it to take it away"
)]
pub struct UnknownSourceName {
    name: String,
    known: String,
}

/// Every source, and which of them must be readable before a group is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequiredSources {
    all: Vec<Source>,
    required: BTreeSet<Source>,
}

impl RequiredSources {
    /// Every one of these sources must be readable.
    #[must_use]
    pub fn every(all: &[Source]) -> Self {
        Self { all: all.to_vec(), required: all.iter().copied().collect() }
    }

    /// Parses names separated by commas, each of them added or, with `-` before it, taken away, in that order:
    /// `network-interfaces, config`, or `all, -config:AWS::M2::Environment`. A list that begins by taking one away begins with
    /// all, and so does an empty one; `-all` leaves none.
    ///
    /// # Errors
    /// The first name that none of `all` has.
    pub fn parse(text: &str, all: &[Source]) -> Result<Self, UnknownSourceName> {
        let words = || text.split(',').map(str::trim).filter(|word| !word.is_empty());
        let takes_away = words().next().is_none_or(|word| word.starts_with('-'));
        let mut required = BTreeSet::new();
        if takes_away {
            required.extend(all);
        }
        for word in words() {
            let name = word.strip_prefix('-').unwrap_or(word);
            let named = named(name, all)?;
            if name == word {
                required.extend(named);
            } else {
                required.retain(|source| !named.contains(source));
            }
        }
        Ok(Self { all: all.to_vec(), required })
    }

    /// Every source, required or not, in the order in which answers name them.
    #[must_use]
    pub fn all(&self) -> &[Source] {
        &self.all
    }

    /// Whether this source must be readable.
    #[must_use]
    pub fn contains(&self, source: Source) -> bool {
        self.required.contains(&source)
    }
}

fn named(name: &str, all: &[Source]) -> Result<BTreeSet<Source>, UnknownSourceName> {
    let named: BTreeSet<_> = match name {
        "all" => all.iter().copied().collect(),
        "config" => all.iter().copied().filter(|source| source.is_of_config()).collect(),
        name => all.iter().copied().filter(|source| source.name() == name).collect(),
    };
    if named.is_empty() && !matches!(name, "all" | "config") {
        let known = all.iter().map(|source| source.name()).filter(|name| !name.starts_with("config:"));
        let known = known.collect::<Vec<_>>().join(", ");
        return Err(UnknownSourceName { name: name.to_owned(), known });
    }
    Ok(named)
}
