//! The time that an invocation has.

use std::time::{Duration, SystemTime};

use lambda_runtime::Context;

/// Part of the function's time that is kept for the answer, the last log line and the metrics. Half a second is many times
/// what they take. Without it Lambda would end the function with no `errorType`.
const MARGIN: Duration = Duration::from_millis(500);

/// The function's time ran out before the work was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not done within {0:.1?}, the time that the function has")]
pub struct OutOfTime(pub Duration);

/// How long an invocation may work before it must answer.
#[must_use]
pub fn time_left(context: &Context) -> Duration {
    let left = context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
    left.saturating_sub(MARGIN)
}

/// Does the work, and drops it where it takes longer than `limit`.
///
/// # Errors
/// The work's own, or [`OutOfTime`].
pub async fn within<T, E>(limit: Duration, work: impl Future<Output = Result<T, E>>) -> Result<T, E>
where
    E: From<OutOfTime>,
{
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| Err(OutOfTime(limit).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(deadline: SystemTime) -> Duration {
        let mut context = Context::default();
        let since = deadline.duration_since(SystemTime::UNIX_EPOCH).unwrap();
        context.deadline = u64::try_from(since.as_millis()).unwrap();
        time_left(&context)
    }

    #[test]
    fn some_of_the_time_is_kept_for_the_answer() {
        let left = left(SystemTime::now() + Duration::from_secs(60));
        assert!(left < Duration::from_secs(60) && left > Duration::from_secs(58), "{left:?}");
    }

    #[test]
    fn no_time_is_left_after_the_deadline() {
        assert_eq!(left(SystemTime::now() - Duration::from_secs(1)), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_takes_too_long_ends_with_the_time_that_it_had() {
        let work = |seconds| async move {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            Ok::<_, OutOfTime>(seconds)
        };
        let limit = Duration::from_millis(2_500);
        assert_eq!(within(limit, work(2)).await, Ok(2));
        let late = within(limit, work(3)).await.unwrap_err();
        assert_eq!(late.to_string(), "not done within 2.5s, the time that the function has");
    }
}
