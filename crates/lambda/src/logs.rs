//! JSON logs on standard output, one object a line, with the request's ID on every line of an invocation.
//!
//! `LOG_LEVEL` is the level of defsg's own lines alone. At their lowest levels the runtime and the SDK print whole payloads,
//! and the payload of an event from AWS Config holds the result token.

use tracing::Level;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Starts logging. `wanted` is the value of `LOG_LEVEL`: error, warn, info, debug or trace. Where it is missing or
/// malformed, info is taken.
pub fn start(wanted: Option<&str>) {
    let wanted = wanted.unwrap_or_default();
    let level: Level = wanted.parse().unwrap_or(Level::INFO);
    let filter = Targets::new()
        .with_default(LevelFilter::WARN)
        // The span with the request's ID is at this level, and no payload is.
        .with_target("lambda_runtime", LevelFilter::INFO)
        // It logs every function error once more, in its debug form and at any length.
        .with_target("lambda_runtime::layers::panic", LevelFilter::OFF)
        .with_target("defsg", level);
    let format = tracing_subscriber::fmt::layer().json().flatten_event(true).with_span_events(FmtSpan::NONE);
    tracing_subscriber::registry().with(filter).with(format.with_writer(std::io::stdout)).init();
    if !wanted.is_empty() && wanted.parse::<Level>().is_err() {
        tracing::warn!(
            LOG_LEVEL = wanted,
            "LOG_LEVEL is not one of error, warn, info, debug, trace; info is taken"
        );
    }
    std::panic::set_hook(Box::new(
        |panic| tracing::error!(location = ?panic.location().map(ToString::to_string), "{panic}"),
    ));
}
