//! Where something is: a partition, an account and a Region. Every call to AWS is made in a place, and every error names it.

use std::fmt;

use crate::ids::{AccountId, InvalidId, Partition, Region, RoleName, SecurityGroupId};

/// One account in one Region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The partition that the account and the Region belong to.
    pub partition: Partition,
    /// The account.
    pub account: AccountId,
    /// The Region.
    pub region: Region,
}

impl Place {
    /// The place that a Lambda function's ARN names, such as `arn:aws:lambda:eu-west-1:012345678912:function:evaluator`.
    ///
    /// # Errors
    /// Where the text is no ARN with a partition, a Region and an account.
    pub fn of_arn(arn: &str) -> Result<Self, InvalidArn> {
        let invalid = || InvalidArn(arn.chars().take(200).collect());
        let mut parts = arn.split(':');
        if parts.next() != Some("arn") {
            return Err(invalid());
        }
        let mut part = || parts.next().ok_or_else(invalid);
        let (partition, _service, region, account) = (part()?, part()?, part()?, part()?);
        let place = Self::parse(partition, account, region);
        place.map_err(|_| invalid())
    }

    /// The place with these names.
    ///
    /// # Errors
    /// The first name that is none.
    pub fn parse(partition: &str, account: &str, region: &str) -> Result<Self, InvalidId> {
        Ok(Self { partition: partition.parse()?, account: account.parse()?, region: region.parse()? })
    }

    /// The same Region in another account of the partition.
    #[must_use]
    pub fn in_account(&self, account: &AccountId) -> Self {
        Self { account: account.clone(), ..self.clone() }
    }

    /// The ARN of a resource of this account and Region.
    #[must_use]
    pub fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{resource}", self.partition, self.region, self.account)
    }

    /// The ARN of a security group.
    #[must_use]
    pub fn security_group_arn(&self, group: &SecurityGroupId) -> String {
        self.arn("ec2", &format!("security-group/{group}"))
    }

    /// The ARN of a role of this account. Roles belong to no Region.
    #[must_use]
    pub fn role_arn(&self, role: &RoleName) -> String {
        format!("arn:{}:iam::{}:role/{role}", self.partition, self.account)
    }
}

/// For a person: `account 012345678912, Region eu-west-1`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "account {}, Region {}", self.account, self.region)
    }
}

/// A text that is no ARN of something in an account and a Region.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no ARN that names an account and a Region")]
pub struct InvalidArn(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_s_arn_says_where_it_lives() {
        let place = Place::of_arn("arn:aws-cn:lambda:cn-north-1:012345678912:function:f:live").unwrap();
        assert_eq!(place, Place::parse("aws-cn", "012345678912", "cn-north-1").unwrap());
        assert_eq!(place.to_string(), "account 012345678912, Region cn-north-1");
    }

    #[test]
    fn an_arn_that_is_none_says_nothing() {
        for arn in [
            "",
            "arn",
            "arn:aws:lambda:eu-west-1",
            "arn:aws:lambda:eu-west-1:me:function:f",
            "arn:aws:iam::012345678912:role/r",
            "arn:AWS:lambda:eu-west-1:012345678912:function:f",
            "urn:aws:l:r:012345678912:f",
        ] {
            assert!(Place::of_arn(arn).is_err(), "{arn}");
        }
    }

    #[test]
    fn a_place_makes_arns_of_its_own_partition() {
        let place = Place::parse("aws-us-gov", "012345678912", "us-gov-west-1").unwrap();
        assert_eq!(
            place.security_group_arn(&"sg-6c7fa917".parse().unwrap()),
            "arn:aws-us-gov:ec2:us-gov-west-1:012345678912:security-group/sg-6c7fa917"
        );
        assert_eq!(
            place.in_account(&"111122223333".parse().unwrap()).role_arn(&"defsg".parse().unwrap()),
            "arn:aws-us-gov:iam::111122223333:role/defsg"
        );
    }
}
