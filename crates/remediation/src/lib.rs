//! Closing a default security group that nothing uses, and putting it back.
//!
//! A close, in this order: read the group and its rules; is it ours to close?; was it reopened too often?; who depends on
//! it?; **write a backup, read it back, compare**; read again, and revoke by rule ID what is in the backup and nothing else;
//! read again until nothing stands. Whatever step fails, the next run goes on from there. No backup, no revoke.
//! [`defsg_core::close::steps`] chooses each step; this crate carries it out.
//!
//! This crate knows [`defsg_core::ports`] and not AWS: a shell (the Lambda function, the command line) hands it adapters.

mod close;
mod error;
mod keep;
mod older;
mod plan;
mod restore;

pub use close::{close, close_by};
pub use defsg_core::close::answer::Answer;
pub use error::RemediationError;
pub use plan::plan;
pub use restore::restore;

/// The most things that an error names.
const NAMED: usize = 5;
