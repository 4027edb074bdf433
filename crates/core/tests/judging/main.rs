//! The domain from the outside: verdicts, exemptions and configuration items, by tables and properties.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by failing")]

mod common;
mod exemptions;
mod item;
mod verdict;
