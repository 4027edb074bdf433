//! What the operator decided once, from the environment. A variable that is empty counts as not set.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `BACKUP_BUCKET` | the bucket that backups are kept in, with versioning on; close and restore need it | none |
//! | `BACKUP_BUCKET_OWNER` | the account that must own the bucket, 12 digits | the function's account |
//! | `BACKUP_BUCKET_REGION` | the bucket's Region | the function's Region |
//! | `REQUIRED_SOURCES` | the sources of dependents that must be readable, by name and separated by commas; `-` before one takes it away, as in `all, -config:AWS::M2::Environment`; `-all` leaves none | `all` |
//! | `EXEMPTIONS`, `EXEMPTION_TAG_KEY`, `MAX_EXEMPTION_DAYS` | as the rule's `exemptions`, `exemptionTagKey`, `maxExemptionDays` | no exemptions |
//! | `REOPEN_LIMIT` | a group that was closed this often within the hours is not closed again, 1 to 100 | 3 |
//! | `REOPEN_HOURS` | those hours, 1 to 8760 | 24 |
//!
//! `main` reads `LOG_LEVEL`, `invocation` reads `AWS_REGION`; the SDK reads `AWS_ENDPOINT_URL` and the rest.

use std::fmt::Display;
use std::num::NonZeroU16;
use std::str::FromStr;

use defsg_core::close::plan::{self, ReopeningLimit};
use defsg_core::close::source::{RequiredSources, Source};
use defsg_core::judge::exemption::syntax::{self, TagError};
use defsg_core::{AccountId, Exemptions, Place, Region};

const BUCKET: &str = "BACKUP_BUCKET";
const BUCKET_OWNER: &str = "BACKUP_BUCKET_OWNER";
const BUCKET_REGION: &str = "BACKUP_BUCKET_REGION";
const REQUIRED_SOURCES: &str = "REQUIRED_SOURCES";
const EXEMPTIONS: &str = "EXEMPTIONS";
const TAG_KEY: &str = "EXEMPTION_TAG_KEY";
const MAX_DAYS: &str = "MAX_EXEMPTION_DAYS";
const REOPEN_LIMIT: &str = "REOPEN_LIMIT";
const REOPEN_HOURS: &str = "REOPEN_HOURS";

/// The most closes that may be allowed. Each is a backup that is read before the next close.
const MAX_CLOSES: u16 = 100;

/// The most hours in which closes are counted: a year.
const MAX_HOURS: u16 = 365 * 24;

/// Everything that the operator decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The bucket that backups are kept in.
    pub bucket: Option<Bucket>,
    /// The sources of dependents that must be readable.
    pub required: RequiredSources,
    /// Which groups are left alone.
    pub exemptions: Exemptions,
    /// How often a group may be closed.
    pub reopening: ReopeningLimit,
}

/// The bucket that backups are kept in. It may belong to any account and Region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// The bucket's name.
    pub name: String,
    /// The account that must own it, where that is not the function's.
    pub owner: Option<AccountId>,
    /// The Region that it is in, where that is not the function's.
    pub region: Option<Region>,
}

impl Bucket {
    /// The account that must own the bucket of a function in this place.
    #[must_use]
    pub fn owner<'a>(&'a self, function: &'a Place) -> &'a AccountId {
        self.owner.as_ref().unwrap_or(&function.account)
    }

    /// Where the bucket of a function in this place is.
    #[must_use]
    pub fn place(&self, function: &Place) -> Place {
        let region = self.region.as_ref().unwrap_or(&function.region).clone();
        Place { region, ..function.in_account(self.owner(function)) }
    }
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

    /// Makes an error about this variable of an error of its parser.
    fn about<E: Display>(variable: &'static str) -> impl Fn(E) -> Self {
        move |error| Self::new(variable, error.to_string())
    }
}

impl Settings {
    /// Reads the variables by `get`. `sources` are all sources of dependents.
    ///
    /// # Errors
    /// The first variable that does not parse, or that has no effect without another one that is missing.
    pub fn read(get: impl Fn(&str) -> Option<String>, sources: &[Source]) -> Result<Self, InvalidSetting> {
        let get = |name: &str| get(name).filter(|value| !value.trim().is_empty());
        let default = ReopeningLimit::default();
        let required = match get(REQUIRED_SOURCES) {
            None => RequiredSources::every(sources),
            Some(names) => {
                RequiredSources::parse(&names, sources).map_err(InvalidSetting::about(REQUIRED_SOURCES))?
            }
        };
        Ok(Self {
            bucket: bucket(get)?,
            required,
            exemptions: exemptions(get)?,
            reopening: ReopeningLimit {
                closes: number(REOPEN_LIMIT, get, MAX_CLOSES)?.unwrap_or(default.closes),
                hours: number(REOPEN_HOURS, get, MAX_HOURS)?.unwrap_or(default.hours),
            },
        })
    }

    /// What a close needs of the settings, for groups of this place.
    #[must_use]
    pub fn for_closes(self, place: Place) -> plan::Settings {
        let Self { required, exemptions, reopening, .. } = self;
        plan::Settings { place, exemptions, required, reopening }
    }
}

fn bucket(get: impl Fn(&str) -> Option<String>) -> Result<Option<Bucket>, InvalidSetting> {
    let owner = parsed(BUCKET_OWNER, &get)?;
    let region = parsed(BUCKET_REGION, &get)?;
    let Some(name) = get(BUCKET) else {
        let alone = [(BUCKET_OWNER, owner.is_some()), (BUCKET_REGION, region.is_some())];
        return match alone.into_iter().find(|(_, is_set)| *is_set) {
            None => Ok(None),
            Some((variable, _)) => {
                Err(InvalidSetting::new(variable, "has no effect without BACKUP_BUCKET; set that, too"))
            }
        };
    };
    // Source: S3 User Guide, "General purpose bucket naming rules".
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    if (3..=63).contains(&name.len()) && name.bytes().all(allowed) {
        Ok(Some(Bucket { name, owner, region }))
    } else {
        Err(InvalidSetting::new(
            BUCKET,
            format!("{name:?} is not a bucket's name; give the name alone, with no s3://"),
        ))
    }
}

fn exemptions(get: impl Fn(&str) -> Option<String>) -> Result<Exemptions, InvalidSetting> {
    let entries = get(EXEMPTIONS).map(|text| syntax::entries(&text)).transpose();
    let tag = syntax::tag(get(TAG_KEY).as_deref(), get(MAX_DAYS).as_deref());
    Ok(Exemptions {
        entries: entries.map_err(InvalidSetting::about(EXEMPTIONS))?.unwrap_or_default(),
        tag: tag.map_err(|error| match error {
            TagError::Key(error) => InvalidSetting::about(TAG_KEY)(error),
            TagError::Days(error) => InvalidSetting::about(MAX_DAYS)(error),
            TagError::DaysAlone => InvalidSetting::new(
                MAX_DAYS,
                format!("has no effect without {TAG_KEY}; set that, too, or leave {MAX_DAYS} out"),
            ),
        })?,
    })
}

fn parsed<T>(
    variable: &'static str,
    get: impl Fn(&str) -> Option<String>,
) -> Result<Option<T>, InvalidSetting>
where
    T: FromStr,
    T::Err: Display,
{
    get(variable).map(|value| value.trim().parse().map_err(InvalidSetting::about(variable))).transpose()
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
