//! An account in memory that writes down what it is asked, by name and in order.

use std::sync::Mutex;

use defsg_core::judge::item::Item;
use defsg_core::ports::memory::MemoryAccount;
use defsg_core::ports::{
    ApiError, DefaultGroups, ItemHistory, Page, PutEvaluations, RecordedResult, RecordedResults, ResultToken,
    UnreadableGroup,
};
use defsg_core::{Batch, Evaluation, SecurityGroup};
use time::OffsetDateTime;

pub(crate) struct Journal {
    pub(crate) aws: MemoryAccount,
    asked: Mutex<Vec<String>>,
}

impl Journal {
    pub(crate) fn new(aws: MemoryAccount) -> Self {
        Self { aws, asked: Mutex::default() }
    }

    /// Every call so far: `groups`, `groups after 1`, `put 100`, `results`.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// The puts among the calls, each with the number of its evaluations.
    pub(crate) fn puts(&self) -> Vec<usize> {
        let size = |call: &String| call.strip_prefix("put ").map(|size| size.parse().unwrap());
        self.asked().iter().filter_map(size).collect()
    }

    fn note(&self, call: String) {
        self.asked.lock().unwrap().push(call);
    }
}

fn page_of(what: &str, token: Option<&str>) -> String {
    token.map_or(what.to_owned(), |token| format!("{what} after {token}"))
}

impl DefaultGroups for Journal {
    async fn default_groups(
        &self,
        page: Option<&str>,
    ) -> Result<Page<Result<SecurityGroup, UnreadableGroup>>, ApiError> {
        self.note(page_of("groups", page));
        self.aws.default_groups(page).await
    }
}

impl RecordedResults for Journal {
    async fn recorded_results(
        &self,
        rule: &str,
        page: Option<&str>,
    ) -> Result<Page<RecordedResult>, ApiError> {
        self.note(page_of("results", page));
        self.aws.recorded_results(rule, page).await
    }
}

impl ItemHistory for Journal {
    async fn item_at(&self, kind: &str, id: &str, at: OffsetDateTime) -> Result<Option<Item>, ApiError> {
        self.note("item".to_owned());
        self.aws.item_at(kind, id, at).await
    }
}

impl PutEvaluations for Journal {
    async fn put_evaluations(
        &self,
        token: &ResultToken,
        batch: Batch<'_>,
    ) -> Result<Vec<Evaluation>, ApiError> {
        self.note(format!("put {}", batch.evaluations().len()));
        self.aws.put_evaluations(token, batch).await
    }
}
