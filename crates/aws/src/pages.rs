//! Listings that come in pages.

use std::collections::HashSet;

use defsg_core::AccountId;
use defsg_core::ports::{ApiError, Page};

use crate::error::unreadable;

/// Reads every page, the first with no token. Where AWS hands out a token for the second time it stops with an error
/// instead of walking in a circle.
pub(crate) async fn every<T, Turn, Turning>(
    operation: &'static str,
    account: &AccountId,
    mut turn: Turn,
) -> Result<Vec<T>, ApiError>
where
    Turn: FnMut(Option<String>) -> Turning,
    Turning: Future<Output = Result<Page<T>, ApiError>>,
{
    let mut items = Vec::new();
    let mut known = HashSet::new();
    let mut token = None;
    loop {
        let page = turn(token.take()).await?;
        items.extend(page.items);
        // EC2 ends some listings with an empty token.
        match page.next.filter(|next| !next.is_empty()) {
            None => return Ok(items),
            Some(next) if known.insert(next.clone()) => token = Some(next),
            Some(_) => return Err(unreadable(operation, account, "AWS gave the same page token twice")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> AccountId {
        "012345678912".parse().unwrap()
    }

    fn page(items: &[i32], next: &str) -> Page<i32> {
        Page { items: items.to_vec(), next: Some(next.to_owned()) }
    }

    #[tokio::test]
    async fn every_page_is_read_until_there_is_no_token_or_an_empty_one() {
        let account = account();
        let items = every("List", &account, async |token| {
            Ok(match token.as_deref() {
                None => page(&[1, 2], "a"),
                Some("a") => page(&[], "b"),
                Some(_) => page(&[3], ""),
            })
        });
        assert_eq!(items.await.unwrap(), [1, 2, 3]);
    }

    #[tokio::test]
    async fn a_token_that_comes_twice_is_an_error() {
        let error = every("List", &account(), async |_| Ok(page(&[1], "a"))).await.unwrap_err();
        assert_eq!(error.detail, "AWS gave the same page token twice");
    }
}
