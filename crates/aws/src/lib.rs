//! The adapters: AWS APIs behind the ports of `defsg-core`. An AWS type never leaves this crate.
//!
//! [`Sdk`] makes [`Clients`] for a place and credentials. These implement every port but the store of
//! backups, which is a [`BackupBucket`].

mod backups;
mod clients;
mod config;
mod dependents;
mod ec2;
mod errors;
mod groups;
mod http;
mod json_call;
#[cfg(test)]
mod recorded_answers;
mod whole;

pub use backups::BackupBucket;
pub use clients::{AssumedRole, Clients, Credentials, Sdk};
pub use defsg_http::TrustRoots;
pub use dependents::{Action, actions, sources};
