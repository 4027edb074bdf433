//! AWS Config for judging: evaluations, the item history, recorded results.

use aws_smithy_types::DateTime;
use time::OffsetDateTime;

mod evaluations;
mod history;
mod results;

fn to_sdk_time(time: OffsetDateTime) -> DateTime {
    DateTime::from_secs_and_nanos(time.unix_timestamp(), time.nanosecond())
}

fn from_sdk_time(time: &DateTime) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(time.as_nanos()).ok()
}
