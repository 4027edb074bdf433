//! The HTTP client of every AWS client: HTTP/1.1 on hyper, TLS by rustls on ring, and whom it trusts.
//!
//! A function waits for it on its first request, so it is made for that: TLS is set up when a request first needs it, and
//! Mozilla's root certificates are compiled in. The SDK's own client reads the machine's before each first request, which
//! took a fifth of a cold start, and it speaks HTTP/2 as well, which no API here needs.
//!
//! Knows nothing of AWS's services. Of the SDK it needs the two small crates that say what an HTTP client is.

mod client;
mod connect;
mod failure;
#[cfg(test)]
mod tests;
mod trust;

pub use client::client;
pub use trust::{TrustError, TrustRoots};
