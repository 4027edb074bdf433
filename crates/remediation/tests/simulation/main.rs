//! A simulation: closes, restores, plans, an editor and a template at work on one group of an AWS in memory, interleaved by a
//! seed, with calls that fail in every way, processes that crash and readings that lag. Time is tokio's, paused: a story of
//! weeks takes a few milliseconds.
//!
//! What must hold whatever happens is in [`check`]. One seed is one story; a seed that fails prints it, and how to tell it
//! again. `make simulate SEEDS=1000000` tells as many as one likes, from `DEFSG_FIRST_SEED` on.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test says what is wrong by failing"
)]

mod caller;
mod check;
mod ending;
mod ports;
mod run;
mod sabotage;
mod story;
mod tests;
mod weather;
mod world;
