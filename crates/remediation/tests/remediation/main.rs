//! Closes and restores from the outside, on an AWS in memory that can fail at every call.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by failing")]

mod close;
mod close_meanwhile;
mod close_planned;
mod crash;
mod faulty;
mod fixture;
mod older;
mod refuse;
mod reopen;
mod restore;
