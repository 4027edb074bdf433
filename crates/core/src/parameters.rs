//! The rule's parameters: strings from Config, parsed once. The syntax is described in docs/parameters.md.

use std::fmt;

use crate::exemption::{Exemption, ExemptionTag, Exemptions, Target, parse_date};
use crate::ids::{AccountId, SecurityGroupId, VpcId};

/// How many days ahead a tag may exempt where `maxExemptionDays` says nothing.
pub const DEFAULT_MAX_EXEMPTION_DAYS: u16 = 365;

/// The highest `maxExemptionDays`: ten years.
const MAX_MAX_EXEMPTION_DAYS: u16 = 3650;

/// Every parameter of the rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters {
    /// `exemptions`, `exemptionTagKey` and `maxExemptionDays`.
    pub exemptions: Exemptions,
    /// `executionRoleName`: the role to assume where the rule is in another account than the function.
    pub execution_role_name: Option<RoleName>,
}

/// The name of an IAM role: 1 to 64 letters, digits and `_+=,.@-`. Safe to put into an ARN.
///
/// Source: IAM API Reference, `CreateRole`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RoleName(String);

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A parameter that does not parse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("parameter {parameter}: {problem}; {mend}")]
pub struct ParameterError {
    /// The parameter's name.
    pub parameter: String,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub mend: String,
}

impl ParameterError {
    /// An error about the parameter with this name.
    pub fn new(parameter: &str, problem: impl Into<String>, mend: impl Into<String>) -> Self {
        let parameter = parameter.chars().take(64).collect();
        Self { parameter, problem: problem.into(), mend: mend.into() }
    }
}

impl Parameters {
    /// Parses parameters given by name and value.
    ///
    /// # Errors
    /// The first one that does not parse, an unknown or empty one, or `maxExemptionDays` with no `exemptionTagKey`.
    pub fn parse<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, ParameterError> {
        let mut parsed = Self::default();
        let (mut tag_key, mut max_days) = (None, None);
        for (name, value) in pairs {
            if value.trim().is_empty() {
                return Err(ParameterError::new(name, "is empty", "give it a value or leave it out"));
            }
            match name {
                "exemptions" => parsed.exemptions.entries = parse_exemptions(value)?,
                "exemptionTagKey" => tag_key = Some(parse_tag_key(value)?),
                "maxExemptionDays" => max_days = Some(parse_max_days(value)?),
                "executionRoleName" => parsed.execution_role_name = Some(parse_role_name(value)?),
                unknown => return Err(unknown_name(unknown)),
            }
        }
        parsed.exemptions.tag = match (tag_key, max_days) {
            (None, None) => None,
            (None, Some(_)) => {
                let mend = "set exemptionTagKey too, or leave maxExemptionDays out";
                return Err(ParameterError::new(
                    "maxExemptionDays",
                    "has no effect without exemptionTagKey",
                    mend,
                ));
            }
            (Some(key), days) => {
                Some(ExemptionTag { key, max_days: days.unwrap_or(DEFAULT_MAX_EXEMPTION_DAYS) })
            }
        };
        Ok(parsed)
    }
}

fn unknown_name(name: &str) -> ParameterError {
    let mend = "the rule knows exemptions, exemptionTagKey, maxExemptionDays and executionRoleName (mind upper and lower case)";
    ParameterError::new(name, "is not known", mend)
}

/// Parses the value of `exemptions`: `TARGET [END [REASON]]`, separated by commas.
///
/// # Errors
/// The first entry that does not parse, or a target that stands twice.
pub fn parse_exemptions(value: &str) -> Result<Vec<Exemption>, ParameterError> {
    let mut entries: Vec<Exemption> = Vec::new();
    for text in value.split(',') {
        let entry = parse_exemption(text.trim())?;
        if entries.iter().any(|other| other.target == entry.target) {
            return Err(bad_exemption(
                format!("{} stands in it twice", entry.target),
                "keep one entry for each target",
            ));
        }
        entries.push(entry);
    }
    Ok(entries)
}

fn parse_exemption(entry: &str) -> Result<Exemption, ParameterError> {
    const MEND: &str = "write each entry as TARGET [END [REASON]], where TARGET is an account (12 digits), vpc-… or sg-…, \
                        and END is the last day as YYYY-MM-DD or the word never";
    let mut words = entry.splitn(3, ' ');
    let target = words.next().and_then(parse_target);
    let target = target.ok_or_else(|| {
        bad_exemption(format!("{entry:?} begins with no account, VPC or security group"), MEND)
    })?;
    let until = match words.next() {
        None | Some("never") => None,
        Some(word) => match parse_date(word) {
            Some(date) => Some(date),
            None => return Err(bad_exemption(format!("{word:?} in {entry:?} is no date"), MEND)),
        },
    };
    Ok(Exemption { target, until, reason: words.next().unwrap_or_default().trim().to_owned() })
}

fn parse_target(word: &str) -> Option<Target> {
    let group = || word.parse::<SecurityGroupId>().map(Target::SecurityGroup).ok();
    let vpc = || word.parse::<VpcId>().map(Target::Vpc).ok();
    let account = || word.parse::<AccountId>().map(Target::Account).ok();
    group().or_else(vpc).or_else(account)
}

fn bad_exemption(problem: String, mend: &str) -> ParameterError {
    ParameterError::new("exemptions", problem, mend)
}

fn parse_tag_key(value: &str) -> Result<String, ParameterError> {
    // EC2's own limit; a key that EC2 would not take could never be found on a group.
    let allowed = |c: char| c.is_alphanumeric() || " +-=._:/@".contains(c);
    // Blanks around it are a slip, and would find no tag.
    if value.chars().count() <= 128 && value.chars().all(allowed) && value.trim() == value {
        Ok(value.to_owned())
    } else {
        let problem = "is no key that EC2 takes for a tag";
        Err(ParameterError::new(
            "exemptionTagKey",
            problem,
            "use 1 to 128 letters, digits, spaces and + - = . _ : / @, with no space before or after",
        ))
    }
}

fn parse_max_days(value: &str) -> Result<u16, ParameterError> {
    match value.parse() {
        Ok(days @ 1..=MAX_MAX_EXEMPTION_DAYS) if !value.starts_with('+') => Ok(days),
        _ => {
            let mend = format!("give a whole number of days from 1 to {MAX_MAX_EXEMPTION_DAYS}");
            Err(ParameterError::new("maxExemptionDays", format!("{value:?} is no number of days"), mend))
        }
    }
}

fn parse_role_name(value: &str) -> Result<RoleName, ParameterError> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b);
    if value.len() <= 64 && value.bytes().all(allowed) {
        Ok(RoleName(value.to_owned()))
    } else {
        let mend = "give the role's name alone, not its ARN: 1 to 64 letters, digits and _+=,.@-";
        Err(ParameterError::new("executionRoleName", "is no name of an IAM role", mend))
    }
}
