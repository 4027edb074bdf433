//! Where the function runs.

use defsg_core::{Place, Region};
use lambda_runtime::Context;

/// Why it is not known where the function runs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoPlace {
    /// The ARN that the function was invoked by is not a function's.
    #[error("the invoked function's ARN names no account: {0:?}")]
    Arn(String),
    /// `AWS_REGION` does not name a Region.
    #[error(
        "environment variable AWS_REGION: {0}; Lambda sets it, and whatever else starts the function must set it, too"
    )]
    Region(String),
}

/// The place of the function that was invoked. `region` is the value of the environment's `AWS_REGION`.
///
/// Partition and account are those of the ARN. The Region is not: Lambda sets `AWS_REGION` to the function's own Region, and
/// the SDK goes by it, but the ARN that AWS's Runtime Interface Emulator hands over says us-east-1 wherever it runs.
///
/// # Errors
/// Where the ARN names no account, or `region` is missing or malformed.
pub fn place_of(context: &Context, region: Option<&str>) -> Result<Place, NoPlace> {
    let arn = &context.invoked_function_arn;
    let place = Place::of_arn(arn).map_err(|_| NoPlace::Arn(arn.clone()))?;
    let region = region.ok_or_else(|| NoPlace::Region("is not set".to_owned()))?;
    let region: Region = region.parse().map_err(|error| NoPlace::Region(format!("{error}")))?;
    Ok(Place { region, ..place })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(arn: &str) -> Context {
        let mut context = Context::default();
        arn.clone_into(&mut context.invoked_function_arn);
        context
    }

    #[test]
    fn the_arn_has_the_account_and_the_environment_the_region() {
        let emulator = context("arn:aws:lambda:us-east-1:012345678912:function:test_function");
        let place = place_of(&emulator, Some("eu-west-1")).unwrap();
        assert_eq!(place, Place::parse("aws", "012345678912", "eu-west-1").unwrap());
    }

    #[test]
    fn what_is_missing_is_named() {
        let arn = "arn:aws:lambda:us-east-1:012345678912:function:f";
        let message = |arn, region| place_of(&context(arn), region).unwrap_err().to_string();
        assert!(message("", Some("eu-west-1")).contains("ARN names no account"));
        assert!(message(arn, None).starts_with("environment variable AWS_REGION: is not set"));
        assert!(message(arn, Some("EU")).starts_with("environment variable AWS_REGION: \"EU\" is not"));
    }
}
