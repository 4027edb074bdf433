//! The function without AWS: events as AWS Config sends them, an account in memory, faults in between.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by failing")]

mod account;
mod event;
mod fixture;
mod fuzz;
mod journal;
mod publisher;
mod sweep;
