//! Wires the function: logs, the accounts, the handler, the runtime.

use defsg_aws::Accounts;
use defsg_evaluator::invocation;
use defsg_lambda::logs;
use lambda_runtime::{Error, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    logs::start();
    let accounts = &Accounts::from_env().await;
    // Boxed: the SDK's futures nest deeper than the compiler follows.
    run(service_fn(|event| Box::pin(invocation::handle(event, accounts)))).await
}
