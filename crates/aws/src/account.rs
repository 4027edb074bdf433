//! Which credentials for which account: the function's own, or a role assumed in another account.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_config::config::SharedCredentialsProvider;
use defsg_core::parameters::RoleName;
use defsg_core::{AccountId, SecurityGroupId};
use defsg_http::TrustRoots;

use crate::http;
use crate::whole::WholeAnswer;

/// Where the function runs: the partition and account of its ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionIdentity {
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: String,
    /// The account that owns the function.
    pub account: AccountId,
}

impl FunctionIdentity {
    /// The ARN of a role in an account of the same partition.
    #[must_use]
    pub fn role_arn(&self, account: &AccountId, role: &RoleName) -> String {
        format!("arn:{}:iam::{account}:role/{role}", self.partition)
    }

    /// Reads an ARN such as `arn:aws:lambda:eu-west-1:012345678912:function:evaluator`.
    #[must_use]
    pub fn from_arn(arn: &str) -> Option<Self> {
        let mut parts = arn.split(':');
        let partition = (parts.next() == Some("arn")).then(|| parts.next())??;
        let partition_is_plain = partition.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
        let account = parts.nth(2)?.parse().ok()?;
        (partition_is_plain && !partition.is_empty())
            .then(|| Self { partition: partition.to_owned(), account })
    }
}

/// One account as the ports see it. Its clients make no call, and load no credentials, before they are asked.
#[derive(Debug)]
pub struct AwsAccount {
    pub(crate) id: AccountId,
    partition: String,
    pub(crate) config: aws_sdk_config::Client,
    pub(crate) sdk: SdkConfig,
    ec2: OnceLock<aws_sdk_ec2::Client>,
}

impl AwsAccount {
    fn new(id: AccountId, partition: &str, sdk: &SdkConfig) -> Self {
        let config = aws_sdk_config::Client::new(sdk);
        Self { id, partition: partition.to_owned(), config, sdk: sdk.clone(), ec2: OnceLock::new() }
    }

    /// The ARN of a security group in this account, where the environment says in which Region.
    #[must_use]
    pub fn security_group_arn(&self, group: &SecurityGroupId) -> Option<String> {
        let region = self.region()?;
        Some(format!("arn:{}:ec2:{region}:{}:security-group/{group}", self.partition, self.id))
    }

    /// The Region that is worked in, where the environment says which.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.sdk.region().map(AsRef::as_ref)
    }

    /// Made on first use: the evaluator needs none for a change, which is what it is started for.
    pub(crate) fn ec2(&self) -> &aws_sdk_ec2::Client {
        self.ec2.get_or_init(|| {
            let config = aws_sdk_ec2::config::Builder::from(&self.sdk).interceptor(WholeAnswer);
            aws_sdk_ec2::Client::from_conf(config.build())
        })
    }
}

type Key = (AccountId, Option<String>);

/// Every account that the function has worked in since it started. The clients of each are made once.
#[derive(Debug)]
pub struct Accounts {
    sdk: SdkConfig,
    /// By account and the ARN of the assumed role, if any.
    known: Mutex<HashMap<Key, Arc<AwsAccount>>>,
}

impl Accounts {
    /// Reads the environment that every SDK program reads: `AWS_REGION`, credentials, `AWS_ENDPOINT_URL` and the rest.
    pub async fn from_env() -> Self {
        let sdk = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .http_client(defsg_http::client(TrustRoots::COMPILED_IN))
            .timeout_config(http::timeouts());
        Self { sdk: sdk.load().await, known: Mutex::default() }
    }

    /// The function's own account, with its own credentials.
    pub fn own(&self, identity: &FunctionIdentity) -> Arc<AwsAccount> {
        let key = (identity.account.clone(), None);
        self.known(&key).unwrap_or_else(|| self.keep(key, &identity.partition, &self.sdk))
    }

    /// Another account of the same partition, with the credentials of a role in it. They are fetched at the first call,
    /// kept, and renewed shortly before they expire.
    pub async fn assume(
        &self,
        identity: &FunctionIdentity,
        account: &AccountId,
        role_arn: &str,
    ) -> Arc<AwsAccount> {
        let key = (account.clone(), Some(role_arn.to_owned()));
        if let Some(known) = self.known(&key) {
            return known;
        }
        let provider = AssumeRoleProvider::builder(role_arn)
            .configure(&self.sdk)
            .session_name("defsg-evaluator")
            .build()
            .await;
        let sdk =
            self.sdk.to_builder().credentials_provider(SharedCredentialsProvider::new(provider)).build();
        self.keep(key, &identity.partition, &sdk)
    }

    fn known(&self, key: &Key) -> Option<Arc<AwsAccount>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    fn keep(&self, key: Key, partition: &str, sdk: &SdkConfig) -> Arc<AwsAccount> {
        let account = Arc::new(AwsAccount::new(key.0.clone(), partition, sdk));
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&account));
        account
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_function_s_arn_says_where_it_lives() {
        let identity =
            FunctionIdentity::from_arn("arn:aws-cn:lambda:cn-north-1:012345678912:function:f").unwrap();
        assert_eq!(identity.partition, "aws-cn");
        assert_eq!(identity.account.as_str(), "012345678912");
    }

    #[test]
    fn an_arn_that_is_none_says_nothing() {
        for arn in [
            "",
            "arn",
            "arn:aws:lambda:eu-west-1",
            "arn:aws:lambda:eu-west-1:me:function:f",
            "urn:aws:l:r:012345678912:f",
        ] {
            assert_eq!(FunctionIdentity::from_arn(arn), None, "{arn}");
        }
    }
}
