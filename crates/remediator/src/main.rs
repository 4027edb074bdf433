//! Wires the function: logs, the environment, the SDK, the handler, the runtime.

use std::env;

use defsg_aws::{Sdk, TrustRoots};
use defsg_lambda::logs;
use defsg_remediator::invocation;
use lambda_runtime::{Error, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    logs::start(env::var("LOG_LEVEL").ok().as_deref());
    let sdk = &Sdk::from_env(TrustRoots::COMPILED_IN).await;
    let variable = |name: &str| env::var(name).ok();
    // Boxed: the SDK's futures nest deeper than the compiler follows.
    run(service_fn(|event| Box::pin(invocation::handle(event, sdk, variable)))).await
}
