//! The figures and how they are shown: medians, spread, reach, and the table. Knows nothing of functions.

use std::cmp::Ordering;
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

/// Many measurements of one thing, in one unit, in the order of the runs.
#[derive(Default)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    pub(crate) fn add(&mut self, value: f64) {
        self.0.push(value);
    }

    /// Half of the measurements lie below it; zero when there are none.
    pub(crate) fn median(&self) -> f64 {
        self.at(0.5)
    }

    fn at(&self, share: f64) -> f64 {
        let last = self.0.len().saturating_sub(1);
        let place = (last as f64 * share).round() as usize;
        self.sorted().get(place).copied().unwrap_or(0.0)
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }
}

/// What a change must not reach: 1.03 times what was before, in the best case that the measurements allow.
const WORSE: f64 = 1.03;

/// One figure of two builds that took turns: each run of the new one is divided by the old one's of the same round.
pub(crate) struct Change {
    name: &'static str,
    median: f64,
    /// Between these lies the true median, with a probability of 95 %.
    low: f64,
    high: f64,
    from: String,
}

impl Change {
    pub(crate) fn new(name: &'static str, before: &Samples, after: &Samples, unit: &str) -> Self {
        let ratios = Samples(after.0.iter().zip(&before.0).map(|(after, before)| after / before).collect());
        let (sorted, count) = (ratios.sorted(), ratios.0.len());
        // How many of the ratios lie below their true median is a matter of tossed coins, so the interval goes from one
        // measured ratio to another, whatever their distribution.
        let rank = (count as f64 / 2.0 - 0.98 * (count as f64).sqrt()).floor().max(1.0) as usize;
        let at = |place: usize| sorted.get(place).copied().unwrap_or(f64::NAN);
        Self {
            name,
            median: ratios.median(),
            low: at(rank - 1),
            high: at(count.saturating_sub(rank)),
            from: format!("{after}{unit} / {before}{unit}"),
        }
    }

    fn is_worse(&self) -> bool {
        !matches!(self.low.partial_cmp(&WORSE), Some(Ordering::Less))
    }
}

/// The changes as a table.
pub(crate) fn table_of_changes(changes: &[Change]) -> String {
    let mut out = format!("{:<34} | new / old [95 %]      | ok? | medians [middle half]\n", "figure");
    for change in changes {
        let Change { name, median, low, high, from } = change;
        let ok = if change.is_worse() { "NO" } else { "yes" };
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{name:<34} | {median:.3} [{low:.3}-{high:.3}] | {ok:<3} | {from}");
    }
    out
}

/// A sentence that names every figure that got worse; `None` when none did.
pub(crate) fn worse(changes: &[Change]) -> Option<String> {
    let worse: Vec<&str> =
        changes.iter().filter(|change| change.is_worse()).map(|change| change.name).collect();
    (!worse.is_empty()).then(|| format!("worse by 3 % or more: {}.", worse.join("; ")))
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

    fn change(before: &[f64], after: &[f64]) -> Change {
        Change::new("cold", &Samples(before.to_vec()), &Samples(after.to_vec()), " ms")
    }

    /// Noise that both runs of a round share is divided out.
    #[test]
    fn a_change_is_measured_round_by_round() {
        let before: Vec<f64> = (1..=100).map(f64::from).collect();
        let after: Vec<f64> = before.iter().map(|value| value * 0.9).collect();
        let change = change(&before, &after);
        assert!([change.low, change.median, change.high].iter().all(|ratio| (ratio - 0.9).abs() < 1e-9));
        assert_eq!(worse(&[change]), None);
    }

    #[test]
    fn a_figure_is_worse_when_even_the_low_end_of_its_interval_is() {
        let before = [1.0; 100];
        let noisy: Vec<f64> = (0..100).map(|run| 0.93 + 0.0022 * f64::from(run)).collect();
        let noise = change(&before, &noisy);
        assert!(noise.low < 1.03 && noise.median > 1.03 && noise.high > noise.median);
        assert_eq!(worse(&[noise]), None);
        assert_eq!(worse(&[change(&before, &[1.04; 100])]).unwrap(), "worse by 3 % or more: cold.");
        assert!(worse(&[change(&[1.0], &[1.04])]).is_some(), "one measurement is its own interval");
        assert!(worse(&[change(&[], &[])]).is_some(), "nothing measured shows nothing");
    }
}
