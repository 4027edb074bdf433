//! The floor of `make bench`: the least that a Lambda function on this runtime crate can do.
//!
//! It panics where the event says so, which shows that the release profile and the runtime make a function error of it.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(async |event: LambdaEvent<Value>| {
        assert!(event.payload["panic"] != true, "the event asked for a panic");
        Ok::<_, Error>(json!({"hello": "world"}))
    }))
    .await
}
