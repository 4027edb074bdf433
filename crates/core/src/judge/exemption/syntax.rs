//! How exemptions are written: `TARGET [END [@OWNER] [REASON]]`, separated by commas, and `END [@OWNER] [REASON]` in a tag.
//!
//! The text may come from a parameter, a variable, a flag or a file: whoever carries it puts its own name before an error.
//! docs/parameters.md describes the syntax for people.

use time::Date;

use super::{Exemption, ExemptionTag, Target};
use crate::ids::{AccountId, SecurityGroupId, VpcId};

/// How many days ahead a tag may exempt where nobody says otherwise.
pub const DEFAULT_MAX_DAYS: u16 = 365;

/// The most days ahead that an operator may allow: ten years.
pub const MAX_MAX_DAYS: u16 = 3650;

/// A text that does not parse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}; {mend}")]
pub struct SyntaxError {
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub mend: String,
}

impl SyntaxError {
    fn new(problem: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { problem: problem.into(), mend: mend.into() }
    }
}

/// Who answers for an exemption, and why it is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) owner: Option<String>,
    pub(super) reason: String,
}

/// Parses a list of exemptions.
///
/// # Errors
/// The first entry that does not parse, or a target that stands twice.
pub fn entries(text: &str) -> Result<Vec<Exemption>, SyntaxError> {
    let mut entries: Vec<Exemption> = Vec::new();
    for text in text.split(',') {
        let entry = entry(text.trim())?;
        if entries.iter().any(|other| other.target == entry.target) {
            let problem = format!("{} stands in it twice", entry.target);
            return Err(SyntaxError::new(problem, "keep one entry for each target"));
        }
        entries.push(entry);
    }
    Ok(entries)
}

fn entry(entry: &str) -> Result<Exemption, SyntaxError> {
    const MEND: &str = "write each entry as TARGET [END [@OWNER] [REASON]], where TARGET is an account (12 digits), vpc-… or \
                        sg-…, and END is the last day as YYYY-MM-DD or the word never";
    let mut parts = entry.splitn(3, ' ');
    let target = parts.next().and_then(target).ok_or_else(|| {
        SyntaxError::new(format!("{entry:?} begins with no account, VPC or security group"), MEND)
    })?;
    let until = match parts.next() {
        None | Some("never") => None,
        Some(word) => {
            let no_date = || SyntaxError::new(format!("{word:?} in {entry:?} is no date"), MEND);
            Some(date(word).ok_or_else(no_date)?)
        }
    };
    let Words { owner, reason } = words(parts.next().unwrap_or_default());
    Ok(Exemption { target, until, owner, reason })
}

fn target(word: &str) -> Option<Target> {
    let group = || word.parse::<SecurityGroupId>().map(Target::SecurityGroup).ok();
    let vpc = || word.parse::<VpcId>().map(Target::Vpc).ok();
    let account = || word.parse::<AccountId>().map(Target::Account).ok();
    group().or_else(vpc).or_else(account)
}

/// `[@OWNER] [REASON]`. An `@` with nothing behind it names nobody, and is part of the reason.
fn words(text: &str) -> Words {
    let text = text.trim();
    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
    match first.strip_prefix('@').filter(|owner| !owner.is_empty()) {
        Some(owner) => Words { owner: Some(owner.to_owned()), reason: rest.trim().to_owned() },
        None => Words { owner: None, reason: text.to_owned() },
    }
}

/// The value of the tag that exempts a group: `END [@OWNER] [REASON]`. None where it does not begin with a date.
pub(super) fn tag_value(value: &str) -> Option<(Date, Words)> {
    let value = value.trim();
    let (end, rest) = value.split_once(' ').unwrap_or((value, ""));
    Some((date(end)?, words(rest)))
}

/// A date as `YYYY-MM-DD` and no other way.
fn date(text: &str) -> Option<Date> {
    let format = time::macros::format_description!("[year]-[month]-[day]");
    // Ten bytes: the format alone would take a sign before the year.
    if text.len() == 10 && text.as_bytes()[0].is_ascii_digit() {
        Date::parse(text, format).ok()
    } else {
        None
    }
}

/// Parses the key of the tag that exempts a group.
///
/// # Errors
/// Where EC2 would not take the key, so that no group could have it.
pub fn tag_key(text: &str) -> Result<String, SyntaxError> {
    // Source: EC2 User Guide, "Tag restrictions". Blanks around it are a slip, and would find no tag.
    let allowed = |c: char| c.is_alphanumeric() || " +-=._:/@".contains(c);
    let length = text.chars().count();
    if (1..=128).contains(&length) && text.chars().all(allowed) && text.trim() == text {
        Ok(text.to_owned())
    } else {
        let mend = "use 1 to 128 letters, digits, spaces and + - = . _ : / @, with no space before or after";
        Err(SyntaxError::new("is no key that EC2 takes for a tag", mend))
    }
}

/// Parses how many days ahead a tag may exempt, 1 to 3650.
///
/// # Errors
/// Where it is no whole number of that range.
pub fn max_days(text: &str) -> Result<u16, SyntaxError> {
    match text.parse() {
        Ok(days @ 1..=MAX_MAX_DAYS) if !text.starts_with('+') => Ok(days),
        _ => {
            let mend = format!("give a whole number of days from 1 to {MAX_MAX_DAYS}");
            Err(SyntaxError::new(format!("{text:?} is no number of days"), mend))
        }
    }
}

/// The tag that exempts, where there is one. Days without a tag are a slip.
///
/// # Errors
/// The key or the days, where they do not parse, and days where there is no key.
pub fn tag(key: Option<&str>, days: Option<&str>) -> Result<Option<ExemptionTag>, TagError> {
    let key = key.map(tag_key).transpose().map_err(TagError::Key)?;
    let days = days.map(max_days).transpose().map_err(TagError::Days)?;
    match (key, days) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(TagError::DaysAlone),
        (Some(key), days) => Ok(Some(ExemptionTag { key, max_days: days.unwrap_or(DEFAULT_MAX_DAYS) })),
    }
}

/// Why there is no such tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagError {
    /// The key does not parse.
    Key(SyntaxError),
    /// The days do not parse.
    Days(SyntaxError),
    /// There are days, and there is no key.
    DaysAlone,
}
