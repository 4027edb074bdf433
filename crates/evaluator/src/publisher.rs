//! The one way to AWS Config: batches, and a second and third try for what Config refused.
//!
//! The SDK retries calls that failed. This module retries evaluations that arrived and that Config refused.

use std::time::Duration;

use defsg_core::ports::{ApiError, PutEvaluations, ResultToken};
use defsg_core::words::some_of;
use defsg_core::{Batch, Evaluation};

use crate::NAMED;
use crate::error::EvaluatorError;
use crate::metrics::Metrics;

/// How often an evaluation is put before it counts as refused for good: as often as the SDK tries a call that failed.
const TRIES: u32 = 3;

/// The wait before the second try; the third waits twice as long. Config does not say how long a refusal lasts. Both
/// waits together are short beside the function's time limit, and Lambda tries a failed event again after minutes.
const BACKOFF: Duration = Duration::from_millis(200);

/// Puts the evaluations of one invocation and keeps the score in its metrics.
#[derive(Debug)]
pub struct Publisher<'a, P> {
    config: &'a P,
    token: &'a ResultToken,
    metrics: &'a mut Metrics,
    refused: Vec<String>,
}

impl<'a, P: PutEvaluations> Publisher<'a, P> {
    /// A publisher of one invocation's results.
    pub fn new(config: &'a P, token: &'a ResultToken, metrics: &'a mut Metrics) -> Self {
        Self { config, token, metrics, refused: Vec::new() }
    }

    /// Puts any number of evaluations, at most 100 a call. Those that Config refuses every time are remembered for
    /// [`Publisher::finish`], and the rest goes on.
    ///
    /// # Errors
    /// Where a call failed; what was put before stays put.
    pub async fn put(&mut self, evaluations: &[Evaluation]) -> Result<(), ApiError> {
        for batch in Batch::cut(evaluations) {
            let mut refused = self.put_once(batch).await?;
            for attempt in 1..TRIES {
                if refused.is_empty() {
                    break;
                }
                tracing::warn!(
                    count = refused.len(),
                    attempt,
                    "AWS Config refused evaluations; they are put again"
                );
                tokio::time::sleep(BACKOFF * attempt).await;
                self.metrics.retried += refused.len();
                let mut still_refused = Vec::new();
                for batch in Batch::cut(&refused) {
                    still_refused.extend(self.put_once(batch).await?);
                }
                refused = still_refused;
            }
            for evaluation in refused {
                tracing::error!(
                    resource = evaluation.resource_id,
                    "AWS Config refused the evaluation for good"
                );
                self.refused.push(evaluation.resource_id);
            }
        }
        Ok(())
    }

    async fn put_once(&mut self, batch: Batch<'_>) -> Result<Vec<Evaluation>, ApiError> {
        let refused = self.config.put_evaluations(self.token, batch).await?;
        batch
            .evaluations()
            .iter()
            .filter(|sent| !refused.contains(sent))
            .for_each(|sent| self.metrics.summary.count(sent));
        Ok(refused)
    }

    /// Ends the invocation.
    ///
    /// # Errors
    /// Where Config refused evaluations every time; the error names them.
    pub fn finish(&self) -> Result<(), EvaluatorError> {
        if self.refused.is_empty() {
            return Ok(());
        }
        let examples = some_of(&self.refused, NAMED);
        Err(EvaluatorError::Refused { count: self.refused.len(), tries: TRIES as usize, examples })
    }
}
