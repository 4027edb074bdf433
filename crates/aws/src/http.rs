//! How long a call may take. The client that makes it is `defsg-http`'s.

use std::time::Duration;

use aws_smithy_types::timeout::TimeoutConfig;

/// An attempt that takes longer is cut off and tried again, three times in all unless `AWS_MAX_ATTEMPTS` says otherwise.
pub(crate) fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(3))
        .operation_attempt_timeout(Duration::from_secs(20))
        .operation_timeout(Duration::from_secs(60))
        .build()
}
