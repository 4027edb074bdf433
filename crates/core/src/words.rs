//! Lists in sentences.

use std::fmt::Display;

/// The first few of a list, and how many are left: `a, b, c and 4 more`.
#[must_use]
pub fn some_of<T: Display>(things: &[T], shown: usize) -> String {
    let named: Vec<_> = things.iter().take(shown).map(ToString::to_string).collect();
    match things.len().saturating_sub(shown) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::some_of;

    #[test]
    fn what_is_not_shown_is_counted() {
        assert_eq!(some_of(&["a", "b"], 2), "a, b");
        assert_eq!(some_of(&["a", "b", "c", "d"], 2), "a, b and 2 more");
        assert_eq!(some_of::<&str>(&[], 2), "");
    }
}
