//! The fingerprint of a set of rules: the same before a close and after its restore.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::rule::SecurityGroupRule;
use super::traffic::Family;

/// The version of the canonical form. A change of the form is a new version, so that old fingerprints stay readable.
const PREFIX: &str = "v1:";

/// What a set of rules lets through, says and is tagged with, in 67 characters: `v1:` and a SHA-256 in hexadecimal.
///
/// The canonical form: each rule is a compact JSON array of direction, protocol (`-1` for all), first and last port
/// (`null` for none), kind and ID of the peer, description (empty for none) and tags as sorted pairs, without those
/// that AWS alone can set; the arrays, sorted by their bytes, joined by line feeds. Rule IDs are no part of it, as a
/// restored rule has a new one; nor are what follows from a referenced group (see [`super::traffic::Peer::identity`]).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint(String);

/// A text that is no fingerprint of a version that defsg knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no fingerprint (v1: and 64 hexadecimal digits, as a plan shows it)")]
pub struct InvalidFingerprint(String);

impl Fingerprint {
    /// The fingerprint of these rules, in whatever order they come.
    #[must_use]
    pub fn of<'a>(rules: impl IntoIterator<Item = &'a SecurityGroupRule>) -> Self {
        let mut lines: Vec<String> = rules.into_iter().map(canonical).collect();
        lines.sort_unstable();
        Self(format!("{PREFIX}{}", sha256(lines.join("\n").as_bytes())))
    }

    /// The fingerprint as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn canonical(rule: &SecurityGroupRule) -> String {
    let traffic = &rule.traffic;
    let (family, id) = traffic.peer.identity();
    let tags: Vec<_> = rule.own_tags().collect();
    serde_json::json!([
        traffic.direction.to_string(),
        traffic.protocol.as_str(),
        traffic.ports.map(|ports| ports.from),
        traffic.ports.map(|ports| ports.to),
        kind(family),
        id,
        rule.description.as_deref().unwrap_or_default(),
        tags,
    ])
    .to_string()
}

/// The kind of peer, in the words of version 1. They never change.
fn kind(family: Family) -> &'static str {
    match family {
        Family::Ipv4 => "ipv4",
        Family::Ipv6 => "ipv6",
        Family::PrefixList => "prefixList",
        Family::SecurityGroup => "securityGroup",
        Family::Unspecified => "unspecified",
    }
}

/// A SHA-256 in lower-case hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    use fmt::Write as _;
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl FromStr for Fingerprint {
    type Err = InvalidFingerprint;

    fn from_str(text: &str) -> Result<Self, InvalidFingerprint> {
        let digits = text.strip_prefix(PREFIX).unwrap_or_default();
        if digits.len() == 64 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidFingerprint(text.chars().take(80).collect()))
        }
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = InvalidFingerprint;

    fn try_from(text: String) -> Result<Self, InvalidFingerprint> {
        text.parse()
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
