//! The Lambda function that plans, closes or restores one default security group. A request goes in, an answer comes out.
//!
//! The way of a request: [`request`] parses it, [`settings`] reads what the operator decided, [`handler`] hands both to
//! `defsg_remediation`, which does the work. A refusal is an answer. A failure is a function error, see [`error`].

pub mod error;
pub mod handler;
#[cfg(feature = "aws")]
pub mod invocation;
pub mod request;
pub mod settings;
