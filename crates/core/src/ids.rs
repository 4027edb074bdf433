//! Identifiers as AWS writes them, checked once. What holds one of these types is safe to put into an ARN, a query or a path.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A text that is not the identifier it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not {expected}")]
pub struct InvalidId {
    found: String,
    expected: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Box<str>);

        impl $name {
            /// The identifier as AWS writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    Ok(Self(text.into()))
                } else {
                    // An identifier is short; what is longer is cut, so that no message carries a payload.
                    Err(InvalidId { found: text.chars().take(64).collect(), expected: $expected })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.into()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// An AWS account: 12 digits, leading zeros kept.
    AccountId,
    "an AWS account ID (12 digits)",
    |text| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
);
id!(
    /// A security group: `sg-` and 8 (before 2016) to 17 hexadecimal digits.
    SecurityGroupId,
    "a security group ID (sg- and 8 to 17 hexadecimal digits)",
    |text| is_resource_id(text, "sg-")
);
id!(
    /// A VPC: `vpc-` and 8 (before 2016) to 17 hexadecimal digits.
    VpcId,
    "a VPC ID (vpc- and 8 to 17 hexadecimal digits)",
    |text| is_resource_id(text, "vpc-")
);
id!(
    /// A rule of a security group: `sgr-` and 8 to 17 hexadecimal digits. A rule keeps it for life; one that is revoked
    /// and authorized again gets another.
    SecurityGroupRuleId,
    "a security group rule ID (sgr- and 8 to 17 hexadecimal digits)",
    |text| is_resource_id(text, "sgr-")
);
id!(
    /// An AWS Region, such as `eu-west-1`: 1 to 32 lower-case letters, digits and hyphens.
    Region,
    "an AWS Region (such as eu-west-1)",
    |text| (1..=32).contains(&text.len())
        && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
);

id!(
    /// An AWS partition, such as `aws`, `aws-cn` or `aws-us-gov`: 1 to 32 lower-case letters and hyphens.
    Partition,
    "an AWS partition (such as aws)",
    |text| (1..=32).contains(&text.len()) && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'-'))
);
id!(
    /// The name of an IAM role: 1 to 64 letters, digits and `_+=,.@-`. Safe to put into an ARN.
    ///
    /// Source: IAM API Reference, `CreateRole`.
    RoleName,
    "a role's name (1 to 64 letters, digits and _+=,.@-, with no path and no ARN before it)",
    |text| (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b))
);

fn is_resource_id(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|digits| {
        (8..=17).contains(&digits.len()) && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_taken_as_aws_writes_them() {
        assert!("012345678912".parse::<AccountId>().is_ok());
        assert!("sg-6c7fa917".parse::<SecurityGroupId>().is_ok());
        assert!("vpc-0a1b2c3d4e5f60718".parse::<VpcId>().is_ok());
    }

    #[test]
    fn anything_else_is_refused_and_the_message_says_what_was_expected() {
        for text in ["", "12345678901", "1234567890123", "12345678901x", "١٢٣٤٥٦٧٨٩٠١٢"] {
            assert!(text.parse::<AccountId>().is_err(), "{text}");
        }
        for text in ["", "sg-", "sg-123", "SG-6c7fa917", "sg-6C7FA917", "sg-6c7fa917' OR '1", "vpc-6c7fa917"]
        {
            assert!(text.parse::<SecurityGroupId>().is_err(), "{text}");
        }
        let message = "sg-x".parse::<SecurityGroupId>().unwrap_err().to_string();
        assert_eq!(message, "\"sg-x\" is not a security group ID (sg- and 8 to 17 hexadecimal digits)");
    }
}
