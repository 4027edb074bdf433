//! What leaves the program: each document as its schema says, as its golden file has it, and read back as it was written.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by failing")]

mod answer;
mod backup;
mod finding;
#[path = "../closing/fixture.rs"]
mod fixture;
mod golden;
mod plan;
