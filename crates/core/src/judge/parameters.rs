//! The parameters of the Config rule: strings by name, parsed once. docs/parameters.md describes them.

use crate::ids::RoleName;

use super::exemption::Exemptions;
use super::exemption::syntax::{self, SyntaxError, TagError};

const EXEMPTIONS: &str = "exemptions";
const TAG_KEY: &str = "exemptionTagKey";
const MAX_DAYS: &str = "maxExemptionDays";
const ROLE: &str = "executionRoleName";

/// Every parameter of the rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters {
    /// `exemptions`, `exemptionTagKey` and `maxExemptionDays`.
    pub exemptions: Exemptions,
    /// `executionRoleName`: the role to assume where the rule is in another account than the function.
    pub execution_role_name: Option<RoleName>,
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

    fn about(parameter: &'static str) -> impl Fn(SyntaxError) -> Self {
        move |error| Self::new(parameter, error.problem, error.mend)
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
                EXEMPTIONS => {
                    let entries = syntax::entries(value).map_err(ParameterError::about(EXEMPTIONS))?;
                    parsed.exemptions.entries = entries;
                }
                TAG_KEY => tag_key = Some(value),
                MAX_DAYS => max_days = Some(value),
                ROLE => parsed.execution_role_name = Some(role_name(value)?),
                unknown => return Err(unknown_name(unknown)),
            }
        }
        parsed.exemptions.tag = syntax::tag(tag_key, max_days).map_err(|error| match error {
            TagError::Key(error) => ParameterError::about(TAG_KEY)(error),
            TagError::Days(error) => ParameterError::about(MAX_DAYS)(error),
            TagError::DaysAlone => ParameterError::new(
                MAX_DAYS,
                "has no effect without exemptionTagKey",
                "set exemptionTagKey too, or leave maxExemptionDays out",
            ),
        })?;
        Ok(parsed)
    }
}

fn unknown_name(name: &str) -> ParameterError {
    let mend = "the rule knows exemptions, exemptionTagKey, maxExemptionDays and executionRoleName (mind upper and lower case)";
    ParameterError::new(name, "is not known", mend)
}

fn role_name(value: &str) -> Result<RoleName, ParameterError> {
    value.parse().map_err(|_| {
        let mend = "give the role's name alone, not its ARN: 1 to 64 letters, digits and _+=,.@-";
        ParameterError::new(ROLE, "is no name of an IAM role", mend)
    })
}
