//! What the operator decided once, from the environment. A variable that is empty counts as not set.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `BACKUP_BUCKET` | the bucket that backups are kept in, with versioning on; close and restore need it | none |
//! | `REQUIRED_SOURCES` | the sources of dependents that must be readable, by name and separated by commas; `-` before one takes it away, as in `all, -config:AWS::M2::Environment`; `-all` leaves none | `all` |
//! | `EXEMPTIONS`, `EXEMPTION_TAG_KEY`, `MAX_EXEMPTION_DAYS` | as the rule's `exemptions`, `exemptionTagKey`, `maxExemptionDays` | no exemptions |
//! | `REOPEN_LIMIT` | a group that was closed this often within the hours is not closed again, 1 to 100 | 3 |
//! | `REOPEN_HOURS` | those hours, 1 to 8760 | 24 |
//!
//! `LOG_LEVEL` is read by `defsg_lambda::logs`; `AWS_REGION`, `AWS_ENDPOINT_URL` and the rest by the SDK.

use std::num::NonZeroU16;

use defsg_core::Exemptions;
use defsg_core::dependent::RequiredSources;
use defsg_core::parameters::{ParameterError, Parameters};
use defsg_core::plan::ReopeningLimit;

/// The variables that are parameters of the rule, and their names there.
const PARAMETERS: [(&str, &str); 3] = [
    ("EXEMPTIONS", "exemptions"),
    ("EXEMPTION_TAG_KEY", "exemptionTagKey"),
    ("MAX_EXEMPTION_DAYS", "maxExemptionDays"),
];

/// Everything that the operator decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The bucket that backups are kept in.
    pub bucket: Option<String>,
    /// The sources of dependents that must be readable.
    pub required: RequiredSources,
    /// Which groups are left alone.
    pub exemptions: Exemptions,
    /// How often a group may be closed.
    pub reopening: ReopeningLimit,
}

/// A setting that is wrong or missing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("environment variable {variable}: {problem}; nothing was changed")]
pub struct InvalidSetting {
    /// The variable.
    pub variable: &'static str,
    /// What is wrong, and what to do.
    pub problem: String,
}

impl InvalidSetting {
    pub(crate) fn new(variable: &'static str, problem: impl Into<String>) -> Self {
        Self { variable, problem: problem.into() }
    }
}

impl Settings {
    /// Reads the variables by `get`.
    ///
    /// # Errors
    /// The first variable that does not parse.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidSetting> {
        let get = |name: &str| get(name).filter(|value| !value.trim().is_empty());
        let default = ReopeningLimit::default();
        let required = get("REQUIRED_SOURCES").map(|value| RequiredSources::parse(&value)).transpose();
        Ok(Self {
            bucket: get("BACKUP_BUCKET").map(bucket).transpose()?,
            required: required
                .map_err(|error| InvalidSetting::new("REQUIRED_SOURCES", error.to_string()))?
                .unwrap_or_default(),
            exemptions: exemptions(get)?,
            reopening: ReopeningLimit {
                closes: number("REOPEN_LIMIT", get, 100)?.unwrap_or(default.closes),
                hours: number("REOPEN_HOURS", get, 8760)?.unwrap_or(default.hours),
            },
        })
    }
}

fn bucket(name: String) -> Result<String, InvalidSetting> {
    // Source: S3 User Guide, "General purpose bucket naming rules".
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    if (3..=63).contains(&name.len()) && name.bytes().all(allowed) {
        Ok(name)
    } else {
        Err(InvalidSetting::new(
            "BACKUP_BUCKET",
            format!("{name:?} is no name of a bucket; give the name alone, with no s3://"),
        ))
    }
}

fn exemptions(get: impl Fn(&str) -> Option<String>) -> Result<Exemptions, InvalidSetting> {
    let values: Vec<_> =
        PARAMETERS.iter().filter_map(|(variable, name)| Some((*name, get(variable)?))).collect();
    let parsed = Parameters::parse(values.iter().map(|(name, value)| (*name, value.as_str())));
    parsed.map(|parameters| parameters.exemptions).map_err(|error| of_parameter(&error))
}

fn of_parameter(error: &ParameterError) -> InvalidSetting {
    let variable = PARAMETERS.iter().find(|(_, name)| *name == error.parameter);
    let variable = variable.map_or("EXEMPTIONS", |(variable, _)| variable);
    InvalidSetting::new(variable, format!("{}; {}", error.problem, error.mend))
}

fn number(
    variable: &'static str,
    get: impl Fn(&str) -> Option<String>,
    max: u16,
) -> Result<Option<NonZeroU16>, InvalidSetting> {
    let Some(value) = get(variable) else { return Ok(None) };
    match value.trim().parse::<NonZeroU16>() {
        Ok(number) if number.get() <= max => Ok(Some(number)),
        _ => Err(InvalidSetting::new(
            variable,
            format!("{value:?} is not from 1 to {max}; give a whole number in that range"),
        )),
    }
}
