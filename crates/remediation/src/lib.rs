//! Closing a default security group that nothing uses, and putting it back.
//!
//! A close, in this order: read the group and its rules; is it ours to close?; was it reopened too often?; who depends on
//! it?; **write a backup, read it back, compare**; read again, and revoke by rule ID what is in the backup and nothing else;
//! read again until nothing stands. Whatever step fails, the next run goes on from there. No backup, no revoke.
//!
//! This crate knows [`defsg_core::ports`] and not AWS: a shell (the Lambda function, the command line) hands it adapters.

mod answer;
mod close;
mod error;
mod keep;
mod plan;
mod restore;

pub use answer::{Answer, NotRestored, Status};
pub use close::close;
pub use error::RemediationError;
pub use plan::plan;
pub use restore::restore;

use std::fmt::Display;
use std::time::Duration;

/// How long to wait after each change before the group is read again, as EC2 may not show it at once. The number of waits
/// is the number of rounds of revokes; of readings there is one more.
const WAITS: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// The most things that a sentence names.
const NAMED: usize = 5;

/// `a, b, c and 4 more`
fn some_of<T: Display>(things: &[T]) -> String {
    let named: Vec<_> = things.iter().take(NAMED).map(ToString::to_string).collect();
    match things.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
