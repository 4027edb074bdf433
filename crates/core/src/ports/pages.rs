//! The one walker of listings that come in pages.

use std::collections::HashSet;

use super::{ApiError, Page};
use crate::place::Place;

/// Walks a listing, and stops with an error where AWS hands out a page token for the second time, instead of walking in a
/// circle.
#[derive(Debug)]
pub struct Pages<'a> {
    operation: &'static str,
    place: &'a Place,
    /// The token of the page to read: none inside for the first page, none outside after the last.
    token: Option<Option<String>>,
    known: HashSet<String>,
}

impl<'a> Pages<'a> {
    /// A walk that has read no page yet. `operation` and `place` are for the error.
    #[must_use]
    pub fn new(operation: &'static str, place: &'a Place) -> Self {
        Self { operation, place, token: Some(None), known: HashSet::new() }
    }

    /// The token to read the next page with; none inside for the first page, none outside where there are no more.
    pub fn next_token(&mut self) -> Option<Option<String>> {
        self.token.take()
    }

    /// Takes a page and gives what it holds. An empty token counts as none: EC2 ends some listings with one.
    ///
    /// # Errors
    /// Where the page's token was handed out before.
    pub fn turn<T>(&mut self, page: Page<T>) -> Result<Vec<T>, ApiError> {
        if let Some(next) = page.next.filter(|next| !next.is_empty()) {
            if !self.known.insert(next.clone()) {
                let problem = "AWS gave the same page token twice";
                return Err(ApiError::unreadable(self.operation, self.place, problem));
            }
            self.token = Some(Some(next));
        }
        Ok(page.items)
    }
}

/// Reads every page of a listing by `read`, the first with no token.
///
/// # Errors
/// The first page that cannot be read, or a token that comes twice.
pub async fn every<T, Read, Reading>(
    operation: &'static str,
    place: &Place,
    mut read: Read,
) -> Result<Vec<T>, ApiError>
where
    Read: FnMut(Option<String>) -> Reading,
    Reading: Future<Output = Result<Page<T>, ApiError>>,
{
    let mut items = Vec::new();
    let mut pages = Pages::new(operation, place);
    while let Some(token) = pages.next_token() {
        items.extend(pages.turn(read(token).await?)?);
    }
    Ok(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(items: &[i32], next: &str) -> Page<i32> {
        Page { items: items.to_vec(), next: Some(next.to_owned()) }
    }

    fn place() -> Place {
        Place::parse("aws", "012345678912", "eu-west-1").unwrap()
    }

    #[test]
    fn every_page_is_read_until_there_is_no_token_or_an_empty_one() {
        let place = place();
        let mut pages = Pages::new("List", &place);
        assert_eq!(pages.next_token(), Some(None));
        assert_eq!(pages.turn(page(&[1, 2], "a")).unwrap(), [1, 2]);
        assert_eq!(pages.next_token(), Some(Some("a".to_owned())));
        assert!(pages.turn(page(&[], "b")).unwrap().is_empty());
        assert_eq!(pages.next_token(), Some(Some("b".to_owned())));
        assert_eq!(pages.turn(page(&[3], "")).unwrap(), [3]);
        assert_eq!(pages.next_token(), None);
    }

    #[test]
    fn a_token_that_comes_twice_is_an_error() {
        let place = place();
        let mut pages = Pages::new("List", &place);
        pages.turn(page(&[1], "a")).unwrap();
        let error = pages.turn(page(&[1], "a")).unwrap_err();
        assert_eq!(&*error.message, "AWS gave the same page token twice");
        assert_eq!(error.operation, "List");
    }
}
