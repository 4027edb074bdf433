//! What defsg's Lambda functions share: [`logs`], and [`time_left`].

use std::time::{Duration, SystemTime};

use lambda_runtime::Context;

pub mod logs;

/// What is kept of a function's time to say that it ran out.
const MARGIN: Duration = Duration::from_millis(500);

/// How long an invocation may work before it must answer.
#[must_use]
pub fn time_left(context: &Context) -> Duration {
    let left = context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
    left.saturating_sub(MARGIN)
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
}
