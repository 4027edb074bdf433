//! What defsg's Lambda functions share.
//!
//! - [`limit`]: the time that an invocation has.
//! - [`place`]: where the function runs.
//! - [`failure`]: how a failure becomes a Lambda function error.
//! - [`logs`] and [`metrics`]: what an operator sees.
//!
//! Nothing here reads the environment, and nothing but [`logs`] writes to standard output: that is for `main`.

pub mod failure;
pub mod limit;
pub mod logs;
pub mod metrics;
pub mod place;
