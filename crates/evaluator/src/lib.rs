//! The Lambda function behind the custom AWS Config rule. An event goes in, evaluations come out.
//!
//! The way of an event: [`event`] parses it, [`account`] says with which role, [`handler`] obtains the group,
//! [`defsg_core::judge`] judges it, and [`publisher`] puts the result. On a schedule [`defsg_core::judge::finding`] lists
//! the groups, and [`sweep`] consumes them.

pub mod account;
pub mod environment;
pub mod error;
pub mod event;
pub mod handler;
#[cfg(feature = "aws")]
pub mod invocation;
pub mod metrics;
pub mod publisher;
pub mod sweep;

/// The most things that an error names: ten group IDs and what is wrong with each stay far below the longest message.
const NAMED: usize = 10;
