//! The sentence that AWS Config shows beside a result.

use std::fmt;

/// A text of 1 to 256 characters by construction, which is what `PutEvaluations` takes.
///
/// Source: AWS Config API Reference, `Evaluation$Annotation` (`StringWithCharLimit256`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation(String);

impl Annotation {
    /// The longest annotation, in characters.
    pub const MAX_CHARS: usize = 256;

    /// Makes an annotation of any text: control characters become spaces, white space around it goes, and what is too
    /// long is cut between two characters and ends in `…`. An empty text becomes `No details.`
    #[must_use]
    pub fn new(text: &str) -> Self {
        let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let clean = clean.trim();
        if clean.is_empty() {
            return Self("No details.".to_owned());
        }
        if clean.chars().count() <= Self::MAX_CHARS {
            return Self(clean.to_owned());
        }
        let kept: String = clean.chars().take(Self::MAX_CHARS - 1).collect();
        Self(format!("{}…", kept.trim_end()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Annotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_of_256_characters_stays_and_one_more_is_cut_between_characters() {
        let fits = "界".repeat(256);
        assert_eq!(Annotation::new(&fits).as_str(), fits);
        assert_eq!(Annotation::new(&"界".repeat(257)).as_str(), format!("{}…", "界".repeat(255)));
    }

    #[test]
    fn an_annotation_is_never_empty() {
        for text in ["", "   ", "\n\t\u{0}"] {
            assert_eq!(Annotation::new(text).as_str(), "No details.");
        }
    }

    proptest! {
        #[test]
        fn any_text_makes_an_annotation_that_config_takes(text in any::<String>(), times in 1usize..40) {
            let annotation = Annotation::new(&text.repeat(times));
            let length = annotation.as_str().chars().count();
            prop_assert!((1..=Annotation::MAX_CHARS).contains(&length), "{length}");
            prop_assert!(!annotation.as_str().chars().any(char::is_control));
        }
    }
}
