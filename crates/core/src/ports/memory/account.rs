//! The ports of judging in memory: one account with its default groups, its history and AWS Config's results.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use time::OffsetDateTime;

use crate::group::SecurityGroup;
use crate::judge::evaluation::{Batch, Evaluation};
use crate::judge::item::Item;
use crate::ports::{
    ApiError, DefaultGroups, ItemHistory, Page, PutEvaluations, RecordedResult, RecordedResults, ResultToken,
    UnreadableGroup,
};

/// One account in memory. Fill the fields, hand it to what needs a port, then look at [`MemoryAccount::put`].
#[derive(Debug, Default)]
pub struct MemoryAccount {
    /// The pages of default groups; an error stands for a call that fails.
    pub groups: Vec<Result<Vec<Result<SecurityGroup, UnreadableGroup>>, ApiError>>,
    /// The pages of recorded results.
    pub results: Vec<Result<Vec<RecordedResult>, ApiError>>,
    /// What the item history has.
    pub history: Vec<Item>,
    /// IDs of resources whose evaluation is refused, and how many more times.
    pub refuse: Mutex<Vec<(String, usize)>>,
    /// An error that every put answers with.
    pub put_error: Option<ApiError>,
    /// The evaluations that were taken so far; see [`MemoryAccount::put`].
    pub taken: Mutex<Vec<Evaluation>>,
    /// How often evaluations were put, refused ones included; see [`MemoryAccount::put_calls`].
    pub calls: AtomicUsize,
}

impl MemoryAccount {
    /// The evaluations that were taken, in order.
    #[must_use]
    pub fn put(&self) -> Vec<Evaluation> {
        lock(&self.taken).clone()
    }

    /// How often evaluations were put, refused ones included.
    #[must_use]
    pub fn put_calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}

impl DefaultGroups for MemoryAccount {
    async fn default_groups(
        &self,
        page: Option<&str>,
    ) -> Result<Page<Result<SecurityGroup, UnreadableGroup>>, ApiError> {
        page_of(&self.groups, page)
    }
}

impl RecordedResults for MemoryAccount {
    async fn recorded_results(&self, _: &str, page: Option<&str>) -> Result<Page<RecordedResult>, ApiError> {
        page_of(&self.results, page)
    }
}

impl ItemHistory for MemoryAccount {
    async fn item_at(&self, of: &str, id: &str, at: OffsetDateTime) -> Result<Option<Item>, ApiError> {
        let known = self.history.iter().filter(|item| item.resource_type == of && item.resource_id == id);
        Ok(known.filter(|item| item.captured <= at).max_by_key(|item| item.captured).cloned())
    }
}

impl PutEvaluations for MemoryAccount {
    async fn put_evaluations(&self, _: &ResultToken, batch: Batch<'_>) -> Result<Vec<Evaluation>, ApiError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if let Some(error) = &self.put_error {
            return Err(error.clone());
        }
        let mut refuse = lock(&self.refuse);
        let (refused, taken) = batch.evaluations().iter().cloned().partition(|evaluation| {
            match refuse.iter_mut().find(|(id, times)| *id == evaluation.resource_id && *times > 0) {
                Some((_, times)) => {
                    *times -= 1;
                    true
                }
                None => false,
            }
        });
        let taken: Vec<Evaluation> = taken;
        lock(&self.taken).extend(taken);
        Ok(refused)
    }
}

fn page_of<T: Clone>(pages: &[Result<Vec<T>, ApiError>], page: Option<&str>) -> Result<Page<T>, ApiError> {
    let index = page.and_then(|token| token.parse().ok()).unwrap_or(0);
    let items = pages.get(index).cloned().transpose()?.unwrap_or_default();
    Ok(Page { items, next: (index + 1 < pages.len()).then(|| (index + 1).to_string()) })
}

/// A poisoned lock holds the data of a test that already failed; it is as good as any.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
