//! The ports in memory: a small AWS for tests and for runs with no AWS.

pub mod account;
pub mod group;

pub use account::MemoryAccount;
pub use group::{MemoryGroup, World};
