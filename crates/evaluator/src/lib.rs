//! The Lambda function behind the custom AWS Config rule. An event goes in, evaluations come out.
//!
//! The way of an event: [`event`] parses it, [`handler`] obtains the group (for a schedule [`sweep`] lists them all),
//! `defsg_core::evaluate` judges it, [`publisher`] puts the result.

pub mod error;
pub mod event;
pub mod handler;
#[cfg(feature = "aws")]
pub mod invocation;
mod json;
pub mod metrics;
pub mod publisher;
pub mod sweep;

/// The first few of a list, for a message.
fn some_of(names: &[String]) -> String {
    const SHOWN: usize = 10;
    let shown = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
