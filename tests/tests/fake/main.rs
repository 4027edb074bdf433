//! The fake of AWS itself. Were it wrong, the tests of the functions would prove nothing.

mod client;
mod config;
mod faults;
mod services;
