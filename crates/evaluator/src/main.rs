//! Wires the function: logs, the environment, the SDK, the handler, the runtime.

use std::env;
use std::io::{Write as _, stdout};

use defsg_aws::{Sdk, TrustRoots};
use defsg_evaluator::environment::Environment;
use defsg_evaluator::invocation;
use defsg_lambda::logs;
use lambda_runtime::{Error, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    logs::start(env::var("LOG_LEVEL").ok().as_deref());
    let environment = &Environment::read(|name| env::var(name).ok());
    let sdk = &Sdk::from_env(TrustRoots::COMPILED_IN).await;
    // Boxed: the SDK's futures nest deeper than the compiler follows.
    run(service_fn(|event| Box::pin(invocation::handle(event, sdk, environment, print)))).await
}

/// Writes a line of metrics. A failure to write it is passed over: the evaluation that it tells of was done.
fn print(line: &str) {
    let _ = writeln!(stdout().lock(), "{line}");
}
