//! The harness of the end-to-end tests: it starts the real tools (AWS's Runtime Interface Emulator, moto,
//! sam) and the tests' own fake of AWS around the built functions. It contains no test and nothing that is
//! deployed.
//!
//! A test reads as: load an [`events::Event`], start a [`fake::Fake`] that plays AWS, start the built
//! function under [`rie::Rie`], invoke, and look at the answer and at what the fake was asked.

pub mod events;
pub mod fake;
pub mod moto;
pub mod paths;
pub mod process;
pub mod remediator;
pub mod rie;
pub mod sam;
pub mod signed;
pub mod ssm;

/// The account that the emulator says its function lives in; no setting changes it.
pub const ACCOUNT: &str = "012345678912";

/// The Region that every event and every request names.
pub const REGION: &str = "eu-west-1";
