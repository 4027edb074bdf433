//! The remediator without AWS: requests, settings, a group and its backups in memory.

#![allow(clippy::unwrap_used, reason = "a test says what is wrong by failing")]

mod handler;
mod request;
mod settings;
