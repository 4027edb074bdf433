//! The adapters: AWS APIs behind the ports of `defsg-core`. An AWS type never leaves this crate.

mod account;
mod backups;
mod config;
mod dependents;
mod ec2;
mod error;
mod groups;
mod http;
mod pages;
mod rules;
mod whole;

pub use account::{Accounts, AwsAccount, FunctionIdentity};
pub use backups::BackupBucket;
