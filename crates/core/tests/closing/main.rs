//! The domain of remediation from the outside: fingerprints, backups, dependents.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by failing")]

mod dependents;
mod documented;
mod fixture;
mod rules;
