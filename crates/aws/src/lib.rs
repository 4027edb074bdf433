//! The adapters: AWS APIs behind the ports of `defsg-core`. An AWS type never leaves this crate.

mod account;
#[cfg(feature = "remediation")]
mod backups;
mod config;
#[cfg(feature = "remediation")]
mod dependents;
mod ec2;
mod error;
mod groups;
mod http;
#[cfg(feature = "remediation")]
mod pages;
#[cfg(feature = "remediation")]
mod rules;
mod whole;

pub use account::{Accounts, AwsAccount, FunctionIdentity};
#[cfg(feature = "remediation")]
pub use backups::BackupBucket;
