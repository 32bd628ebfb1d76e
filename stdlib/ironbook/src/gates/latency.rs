//! How long the prediction of a single row takes.

use super::{GateError, read_by};
use ironbook_core::inspect::Inspect;
use ironbook_core::table::Table;
use ironbook_core::{Bundle, Display};
use ironbook_data::Matrix;
use ironbook_learn::{LearnError, Predict, Signature};
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// Predictions before the first that counts.
const WARM_UP: usize = 20;
/// Predictions that count.
const PREDICTIONS: usize = 1000;
/// So many of them at least, however long they take.
const FEWEST: usize = 100;
/// No more are begun after this time.
const LONGEST: Duration = Duration::from_secs(5);
/// Rows that are predicted in turn.
const ROWS: usize = 256;

/// How long single rows took, against a limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latency {
    /// What the 99th percentile may be.
    pub limit: Duration,
    /// The median.
    pub p50: Duration,
    /// The 99th percentile.
    pub p99: Duration,
    /// The longest.
    pub max: Duration,
    /// How many predictions were measured.
    pub predictions: usize,
    /// Whether the 99th percentile is within the limit.
    pub passed: bool,
}

/// Measures how long a model takes to predict one row, and compares the 99th percentile with a limit.
///
/// The first 256 rows of `features` (of which the model gets the columns that it reads) are predicted one by one in turn:
/// 20 times to warm up, then 1,000 times on the clock (no more after 5 seconds, but 100 at least). A row is ready in
/// memory; where it comes from and how the answer travels is not in it.
///
/// This is a measurement of the machine that it runs on, and no two runs give the same numbers: let it decide
/// (`.require()?`), and keep it out of values that other stages of a pipeline take, which would differ from run to run.
///
/// ```
/// use ironbook::prelude::*;
/// use ironbook::gates;
/// use std::time::Duration;
///
/// # let x = (0..100).map(|i| f64::from(i % 10)).collect::<Vec<f64>>();
/// # let late = x.iter().map(|x| f64::from(u8::from(*x > 4.5))).collect();
/// # let test = Dataset::from_parts(Matrix::from_columns(vec![("x".to_owned(), x)])?, late, "late");
/// let model = LogisticRegression::params().fit(&test)?;
/// let latency = gates::latency(&model, &test.features, Duration::from_secs(1))?.require()?;
/// assert!(latency.p50 <= latency.p99 && latency.p99 <= latency.max);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`GateError::NoRows`]; [`GateError::Columns`]; those of the model; [`GateError::Interrupted`].
pub fn latency<M: Predict>(model: &M, features: &Matrix, limit: Duration) -> Result<Latency, GateError> {
    measured(&|row| model.predict(row), &model.signature(), features, limit)
}

fn measured(
    predict: &dyn Fn(&Matrix) -> Result<Vec<f64>, LearnError>,
    signature: &Signature,
    features: &Matrix,
    limit: Duration,
) -> Result<Latency, GateError> {
    let features = read_by(features, signature, "the model")?;
    let rows: Vec<Matrix> = (0..features.rows().min(ROWS)).map(|row| features.select_rows(&[row])).collect();
    for row in rows.iter().cycle().take(WARM_UP) {
        predict(row)?;
    }
    let begun = Instant::now();
    let mut times = Vec::with_capacity(PREDICTIONS);
    for row in rows.iter().cycle().take(PREDICTIONS) {
        if times.len() >= FEWEST && begun.elapsed() > LONGEST {
            break;
        }
        ironbook_core::check()?;
        let start = Instant::now();
        std::hint::black_box(predict(std::hint::black_box(row))?);
        times.push(start.elapsed());
    }
    Latency::of(times, limit)
}

impl Latency {
    /// Of times that were measured elsewhere, for instance of a service, in any order. Percentiles are those of the
    /// nearest rank: a time that was measured, with at least that share of all up to it.
    ///
    /// ```
    /// # use ironbook::gates::Latency;
    /// # use std::time::Duration;
    /// let times = (1..=200).map(Duration::from_millis).collect();
    /// let latency = Latency::of(times, Duration::from_millis(200))?;
    /// assert_eq!((latency.p50.as_millis(), latency.p99.as_millis(), latency.passed), (100, 198, true));
    /// # Ok::<(), ironbook::gates::GateError>(())
    /// ```
    ///
    /// # Errors
    /// [`GateError::NoRows`] for no times.
    pub fn of(mut times: Vec<Duration>, limit: Duration) -> Result<Latency, GateError> {
        times.sort_unstable();
        let (Some(&max), count) = (times.last(), times.len()) else { return Err(GateError::NoRows) };
        let percentile = |percent: usize| times[(percent * count).div_ceil(100).saturating_sub(1)];
        let (p50, p99) = (percentile(50), percentile(99));
        Ok(Latency { limit, p50, p99, max, predictions: count, passed: p99 <= limit })
    }

    /// The latency itself if it is within the limit, otherwise an error: for `?` in a pipeline.
    ///
    /// # Errors
    /// [`GateError::Slow`].
    pub fn require(self) -> Result<Latency, GateError> {
        let Latency { limit, p50, p99, predictions, passed, .. } = self;
        if passed { Ok(self) } else { Err(GateError::Slow { limit, p50, p99, predictions }) }
    }
}

impl Display for Latency {
    fn bundle(&self) -> Bundle {
        let passed = if self.passed { "passed" } else { "not passed" };
        let mut table = Table::new(format!("Latency of one row: {passed}"), &["", "time"]);
        for (name, time) in [("p50", self.p50), ("p99", self.p99), ("longest", self.max), ("limit of p99", self.limit)]
        {
            table.row([name.to_owned(), format!("{time:.3?}")]);
        }
        table
            .note(format!("{} predictions, measured here and now: another run gives other numbers.", self.predictions));
        table.bundle()
    }
}

impl Inspect for Latency {
    fn shape(&self) -> Option<String> {
        Some(format!("p99 {:.3?}", self.p99))
    }
}
