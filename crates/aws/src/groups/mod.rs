//! Security groups in EC2: listed for judging; read, closed and restored by rule ID.

mod change;
pub(crate) mod convert;
mod list;
mod read;
mod rule;
mod rules;
