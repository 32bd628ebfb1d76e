//! What a test is: its name, its threshold, and the kinds of columns that it is for.

use super::{chi_square, jensen_shannon, ks, psi, wasserstein, z};
use crate::values::{Counts, Numbers};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A statistical test of two samples of one column.
///
/// | test | of | says | drift | default threshold |
/// |---|---|---|---|---|
/// | [`Ks`](Test::Ks) | numbers | p-value | at most the threshold | 0.05 |
/// | [`ChiSquare`](Test::ChiSquare) | categories | p-value | below the threshold | 0.05 |
/// | [`Z`](Test::Z) | categories, two of them | p-value | below the threshold | 0.05 |
/// | [`Wasserstein`](Test::Wasserstein) | numbers | distance | at least the threshold | 0.1 |
/// | [`JensenShannon`](Test::JensenShannon) | both | distance | at least the threshold | 0.1 |
/// | [`Psi`](Test::Psi) | both | distance | at least the threshold | 0.1 |
///
/// Names, thresholds, binning and the side on which equality falls are Evidently's (0.7.23); values agree with it to 1e-9,
/// but for the Wasserstein distance of numbers whose squares are too large for their type (beyond 1e154, or 1e19 in single
/// precision), of which Evidently says 0.
/// Missing and infinite values are left out before a test, as Evidently leaves them out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Test {
    /// Kolmogorov-Smirnov: the p-value of the largest distance between the two distribution functions, exact up to 10,000
    /// rows each (as `scipy.stats.ks_2samp`).
    Ks,
    /// Chi-square: the p-value of the current counts, expecting the reference's shares. A category that the reference lacks
    /// makes it 0.
    ChiSquare,
    /// Z: the two-sided p-value of the difference of two proportions: of all values but the first in order.
    Z,
    /// The first Wasserstein distance, in standard deviations of the reference (at least 0.001 in the column's unit).
    Wasserstein,
    /// The Jensen-Shannon distance, in nats: 0 for equal shares, 0.83 for none in common.
    ///
    /// Numbers with more than 20 different values in the reference are put into equal bins over both samples, as many as
    /// Sturges' rule gives; otherwise each value counts by itself.
    JensenShannon,
    /// The population stability index, with bins as [`JensenShannon`](Test::JensenShannon); shares of 0 are replaced by 0.0001.
    Psi,
}

/// What the score of a test means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A chance, small where the samples differ.
    PValue,
    /// A distance, large where the samples differ.
    Distance,
}

/// How a test is made.
pub(super) struct Spec {
    /// Evidently's name.
    pub name: &'static str,
    /// The name in a sentence.
    pub title: &'static str,
    pub outcome: Outcome,
    pub threshold: f64,
    /// Whether a score that equals the threshold is drift.
    pub inclusive: bool,
    /// Of numbers, where it can be made of them.
    pub numbers: Option<fn(&Numbers, &Numbers) -> f64>,
    /// Of counts of values.
    pub counts: Option<fn(&Counts) -> f64>,
    /// By how much the score of numbers can be off at most, where values stand for others close by.
    pub error: Option<fn(&Numbers, &Numbers) -> f64>,
}

/// What a test is applied to.
pub(crate) enum Applied<'a> {
    /// A numeric column.
    Numbers(&'a Numbers, &'a Numbers),
    /// Counts of each value, in the order of the values.
    Counts(&'a Counts),
}

impl Test {
    /// All tests.
    pub const ALL: [Test; 6] = [Test::Ks, Test::ChiSquare, Test::Z, Test::Wasserstein, Test::JensenShannon, Test::Psi];

    fn spec(self) -> &'static Spec {
        match self {
            Test::Ks => &ks::SPEC,
            Test::ChiSquare => &chi_square::SPEC,
            Test::Z => &z::SPEC,
            Test::Wasserstein => &wasserstein::SPEC,
            Test::JensenShannon => &jensen_shannon::SPEC,
            Test::Psi => &psi::SPEC,
        }
    }

    /// Evidently's name: `ks`, `chisquare`, `z`, `wasserstein`, `jensenshannon`, `psi`.
    pub fn name(self) -> &'static str {
        self.spec().name
    }

    /// The name in words: `Kolmogorov-Smirnov`.
    pub fn title(self) -> &'static str {
        self.spec().title
    }

    /// Whether it says a p-value or a distance.
    pub fn outcome(self) -> Outcome {
        self.spec().outcome
    }

    /// Evidently's threshold.
    pub fn default_threshold(self) -> f64 {
        self.spec().threshold
    }

    /// Whether a score is drift.
    pub fn is_drift(self, score: f64, threshold: f64) -> bool {
        let equal = self.spec().inclusive && score == threshold;
        equal
            || match self.outcome() {
                Outcome::PValue => score < threshold,
                Outcome::Distance => score > threshold,
            }
    }

    /// How far beyond its threshold a score lies, so that columns with other tests can be ranked together: 1 at the
    /// threshold. Distances are divided by it; p-values by their logarithms.
    pub fn strength(self, score: f64, threshold: f64) -> f64 {
        match self.outcome() {
            Outcome::Distance => (score / threshold).min(f64::MAX),
            Outcome::PValue => (score.clamp(1e-300, 1.0).ln() / threshold.ln()).abs(),
        }
    }

    /// Whether it can be made of numeric columns with many values.
    pub fn is_for_numbers(self) -> bool {
        self.spec().numbers.is_some()
    }

    /// Whether it can be made of categorical columns.
    pub fn is_for_categories(self) -> bool {
        self.spec().counts.is_some()
    }

    /// The score; none where the test is not for such columns. A test of categories takes each number for one.
    pub(crate) fn apply(self, to: &Applied<'_>) -> Option<f64> {
        let spec = self.spec();
        match to {
            Applied::Counts(counts) => spec.counts.map(|test| test(counts)),
            Applied::Numbers(reference, current) => match (spec.numbers, spec.counts) {
                (Some(test), _) => Some(test(reference, current)),
                (None, counts) => counts.map(|test| test(&Counts::of_numbers(reference, current))),
            },
        }
    }
}

impl Test {
    /// By how much the score can be off, if it can and that is known.
    pub(crate) fn error(self, to: &Applied<'_>) -> Option<f64> {
        match to {
            Applied::Numbers(a, b) if a.fuzz().is_some() || b.fuzz().is_some() => {
                self.spec().error.map(|error| error(a, b))
            }
            _ => None,
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that no test has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no test \"{name}\"\nthere are: {}", Test::ALL.map(Test::name).join(", "))]
pub struct UnknownTest {
    /// The name.
    pub name: String,
}

impl FromStr for Test {
    type Err = UnknownTest;

    fn from_str(name: &str) -> Result<Self, UnknownTest> {
        let plain: String = name.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
        let known = Test::ALL.into_iter().find(|test| test.name() == plain);
        known.ok_or_else(|| UnknownTest { name: name.to_owned() })
    }
}
