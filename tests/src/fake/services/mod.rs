//! The services that the fake knows.

mod config;
mod ec2;
mod glue;
mod lattice;
mod s3;
mod select;
mod sts;

use serde_json::Value;

use super::State;
use super::call::Call;
use super::fault::Fault;
use super::server::Request;
use super::wire::{ApiError, Protocol, Signer};

/// One service of AWS.
pub(crate) struct Service {
    /// Its name in the scope of a signature.
    pub(super) name: &'static str,
    /// How it speaks.
    pub(super) protocol: Protocol,
    /// The operation that a request asks for, and its parameters.
    pub(super) read: fn(&Request) -> (String, Value),
    /// Whether an operation goes to moto, where moto stands behind the fake.
    pub(super) passed_on: fn(&str) -> bool,
    /// Answers a call. The faults are those that meet the call.
    pub(super) answer: fn(&mut State, &Call, &[Fault]) -> Result<String, ApiError>,
}

const ALL: [&Service; 6] =
    [&config::SERVICE, &ec2::SERVICE, &glue::SERVICE, &lattice::SERVICE, &s3::SERVICE, &sts::SERVICE];

/// The service of that name in a signature.
pub(super) fn by_name(name: &str) -> Option<&'static Service> {
    ALL.into_iter().find(|service| service.name == name)
}

/// The operation and the parameters of a request that is signed for a known service.
pub(crate) fn read(request: &Request) -> Option<(String, Value)> {
    by_name(&Signer::of(request).service).map(|service| (service.read)(request))
}
