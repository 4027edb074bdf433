//! The figures and how they are shown: medians, spread, reach, and the table. Knows nothing of functions.

use std::fmt::{self, Write};

/// What a figure has to keep to.
#[derive(Clone, Copy)]
pub(crate) enum Reach {
    AtMost(f64),
    AtLeast(f64),
}

/// One line of the table.
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) measured: f64,
    pub(crate) unit: &'static str,
    pub(crate) reach: Reach,
    /// What the figure was made from, for the eye.
    pub(crate) from: String,
}

impl Figure {
    /// Judged as it is shown, to two places.
    fn is_kept(&self) -> bool {
        let shown = (self.measured * 100.0).round() / 100.0;
        match self.reach {
            Reach::AtMost(most) => shown <= most,
            Reach::AtLeast(least) => shown >= least,
        }
    }
}

/// Many measurements of one thing, in one unit.
#[derive(Default)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    pub(crate) fn add(&mut self, value: f64) {
        let place = self.0.partition_point(|other| *other < value);
        self.0.insert(place, value);
    }

    /// Half of the measurements lie below it; zero when there are none.
    pub(crate) fn median(&self) -> f64 {
        self.at(0.5)
    }

    fn at(&self, share: f64) -> f64 {
        let last = self.0.len().saturating_sub(1);
        let place = (last as f64 * share).round() as usize;
        self.0.get(place).copied().unwrap_or(0.0)
    }
}

/// The median, and between which values the middle half of the measurements lies.
impl fmt::Display for Samples {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:.2} [{:.2}-{:.2}]", self.median(), self.at(0.25), self.at(0.75))
    }
}

impl fmt::Display for Reach {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(most) => write!(out, "<= {most:.1}"),
            Self::AtLeast(least) => write!(out, ">= {least:.1}"),
        }
    }
}

/// The figures as a table.
pub(crate) fn table(figures: &[Figure]) -> String {
    let mut out = format!(
        "{:<42} | {:>10} | {:>11} | ok? | median [middle half of the runs]\n",
        "figure", "measured", "reach"
    );
    for figure in figures {
        let measured = format!("{:.2}{}", figure.measured, figure.unit);
        let reach = format!("{}{}", figure.reach, figure.unit);
        let ok = if figure.is_kept() { "yes" } else { "NO" };
        // Writing to a String cannot fail.
        let _ =
            writeln!(out, "{:<42} | {measured:>10} | {reach:>11} | {ok:<3} | {}", figure.name, figure.from);
    }
    out
}

/// A sentence that names every figure out of reach; `None` when all are kept.
pub(crate) fn misses(figures: &[Figure]) -> Option<String> {
    let missed: Vec<String> = figures
        .iter()
        .filter(|figure| !figure.is_kept())
        .map(|figure| {
            format!("{} is {:.2}{} and must be {}", figure.name, figure.measured, figure.unit, figure.reach)
        })
        .collect();
    (!missed.is_empty()).then(|| format!("out of reach: {}.", missed.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(measured: f64, reach: Reach) -> Figure {
        Figure { name: "cold / floor", measured, unit: "", reach, from: String::new() }
    }

    #[test]
    fn the_median_does_not_depend_on_the_order_nor_on_one_wild_value() {
        let mut samples = Samples::default();
        for value in [3.0, 900.0, 1.0, 2.0, 4.0] {
            samples.add(value);
        }
        assert_eq!(samples.median(), 3.0);
        assert_eq!(samples.to_string(), "3.00 [2.00-4.00]");
    }

    #[test]
    fn a_figure_at_its_reach_is_kept_and_one_beyond_it_is_named() {
        assert!(
            misses(&[
                figure(3.0, Reach::AtMost(3.0)),
                figure(3.004, Reach::AtMost(3.0)),
                figure(25.0, Reach::AtLeast(25.0))
            ])
            .is_none()
        );
        let sentence = misses(&[figure(3.01, Reach::AtMost(3.0))]).unwrap();
        assert_eq!(sentence, "out of reach: cold / floor is 3.01 and must be <= 3.0.");
        assert!(misses(&[figure(24.9, Reach::AtLeast(25.0))]).is_some());
        assert!(misses(&[figure(f64::NAN, Reach::AtMost(3.0))]).is_some());
    }
}
