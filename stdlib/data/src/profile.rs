//! What is in a table, at a glance: types, missing values, distributions, relations, and what looks wrong.

mod codes;
mod column;
mod correlations;
mod html;
mod numbers;
mod pairs;
mod svg;
mod target;
mod terminal;
mod texts;
mod warnings;

pub use column::{ColumnProfile, Detail, Times};
pub use correlations::Correlations;
pub use numbers::{Histogram, LEVELS, Numbers};
pub use target::{Association, Measure, TargetKind, TargetProfile};
pub use texts::Texts;
pub use warnings::{Finding, Warning};

use crate::error::DataError;
use crate::frame::find;
use column::Coded;
use ironbook_core::inspect::Inspect;
use ironbook_core::{Bundle, Display, Progress, check, seed};
use polars::prelude::DataFrame;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;
use std::sync::Mutex;

/// Profiles a frame: every column by itself, how they go together, and warnings about what looks wrong.
///
/// Counts are exact, the distinct values and repeated rows among them. See [`ProfileOptions`] for a target and for a
/// sample of the rows.
///
/// ```
/// # use polars::prelude::*;
/// let df = df!["age" => [Some(31), None, Some(45)], "country" => ["at", "at", "at"]]?;
/// let profile = ironbook_data::profile(&df)?;
/// assert_eq!(profile.columns[0].missing, 1);
/// assert!(profile.warnings.iter().any(|w| w.text == "country is constant: at"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`DataError::NoColumns`] for a frame without columns; [`DataError::Interrupted`].
pub fn profile(df: &DataFrame) -> Result<Profile, DataError> {
    ProfileOptions::new().profile(df)
}

/// How a profile is made.
///
/// | option | default |
/// |---|---|
/// | `target` | none; with one, each column is held against it |
/// | `sample` | none: all rows; otherwise so many of them, drawn at random, in their order |
/// | `seed` | the session's |
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileOptions {
    target: Option<String>,
    sample: Option<usize>,
    seed: Option<u64>,
}

impl ProfileOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The column that a model is to predict.
    #[must_use]
    pub fn target(mut self, name: impl Into<String>) -> Self {
        self.target = Some(name.into());
        self
    }

    /// Profiles so many rows, drawn at random; all of them if the frame has no more.
    #[must_use]
    pub fn sample(mut self, rows: usize) -> Self {
        self.sample = Some(rows);
        self
    }

    /// The seed of the sample.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Profiles a frame.
    ///
    /// # Errors
    /// [`DataError::NoColumns`] for a frame without columns, [`DataError::UnknownColumn`] for the target,
    /// [`DataError::NoRows`] for a sample of no rows; [`DataError::Interrupted`].
    pub fn profile(&self, df: &DataFrame) -> Result<Profile, DataError> {
        if df.width() == 0 {
            return Err(DataError::NoColumns);
        }
        if let Some(target) = &self.target {
            find(df, target)?;
        }
        let mut notes = Vec::new();
        let sampled = self.sampled(df, &mut notes)?;
        let df = sampled.as_ref().unwrap_or(df);
        let (columns, coded) = columns(df)?;
        let correlations = correlations::correlations(&columns, &coded, &mut notes)?;
        let target = self.target.as_ref().and_then(|name| columns.iter().position(|c| c.name == *name));
        let target = target.map(|at| target::target(&columns, &coded, at)).transpose()?;
        check()?;
        let repeated = codes::repeated_rows(coded.iter().map(|c| c.codes.rows.as_slice()), df.height());
        let twins = twins(&coded);
        let mut profile = Profile {
            rows: df.height(),
            bytes: df.estimated_size() as u64,
            missing: columns.iter().map(|c| c.missing).sum(),
            repeated_rows: repeated,
            columns,
            correlations,
            target,
            warnings: Vec::new(),
            notes,
        };
        profile.warnings = warnings::warnings(&profile, &twins);
        Ok(profile)
    }

    fn sampled(&self, df: &DataFrame, notes: &mut Vec<String>) -> Result<Option<DataFrame>, DataError> {
        let rows = df.height();
        let Some(wanted) = self.sample.filter(|&wanted| wanted < rows) else { return Ok(None) };
        if wanted == 0 {
            return Err(DataError::NoRows);
        }
        let seed = self.seed.unwrap_or_else(|| seed::derive("profile"));
        let chosen = drawn(rows, wanted, seed);
        let (wanted, rows) = (crate::cells::grouped(wanted), crate::cells::grouped(rows));
        notes.push(format!("a sample of {wanted} of {rows} rows, seed {seed}: counts are those of the sample"));
        Ok(Some(df.take(&chosen)?))
    }
}

/// So many of the first `rows` numbers, in ascending order: selection sampling (Knuth, TAOCP 2, algorithm S).
fn drawn(rows: usize, wanted: usize, seed: u64) -> polars::prelude::IdxCa {
    let (mut chosen, mut state) = (Vec::with_capacity(wanted), seed);
    for row in 0..rows {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let uniform = (codes::mix(state) >> 11) as f64 / (1u64 << 53) as f64;
        if uniform * ((rows - row) as f64) < (wanted - chosen.len()) as f64 {
            chosen.push(row as polars::prelude::IdxSize);
        }
    }
    polars::prelude::IdxCa::from_vec("".into(), chosen)
}

/// All columns, side by side.
fn columns(df: &DataFrame) -> Result<(Vec<ColumnProfile>, Vec<Coded>), DataError> {
    let progress = Mutex::new(Progress::new("profile", Some(df.width() as u64)));
    let both: Vec<(ColumnProfile, Coded)> = df
        .columns()
        .par_iter()
        .map(|column| {
            check()?;
            let found = column::column(column)?;
            if let Ok(mut progress) = progress.lock() {
                progress.inc(1);
            }
            Ok(found)
        })
        .collect::<Result<_, DataError>>()?;
    Ok(both.into_iter().unzip())
}

/// Groups of columns that have the same values in all rows, where that says something: more than one value.
fn twins(coded: &[Coded]) -> Vec<Vec<usize>> {
    let bits = |c: &Coded| c.values.as_ref().map(|v| v.iter().map(|v| v.to_bits()).collect::<Vec<_>>());
    let alike = |a: &Coded, b: &Coded| a.codes.rows == b.codes.rows && bits(a) == bits(b) && a.texts == b.texts;
    let digest = |c: &Coded| {
        let mut hasher = DefaultHasher::new();
        (&c.codes.rows, c.texts).hash(&mut hasher);
        hasher.finish()
    };
    // Only columns with the same digest are compared: pairs grow with the square.
    let digests: Vec<u64> = coded.par_iter().map(digest).collect();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut of_digest: HashMap<u64, Vec<usize>> = HashMap::new();
    for (at, column) in coded.iter().enumerate().filter(|(_, c)| c.codes.counts.len() > 1) {
        let known = of_digest.entry(digests[at]).or_default();
        match known.iter().find(|&&group| alike(&coded[groups[group][0]], column)) {
            Some(&group) => groups[group].push(at),
            None => {
                known.push(groups.len());
                groups.push(vec![at]);
            }
        }
    }
    groups.retain(|group| group.len() > 1);
    groups
}

/// What is in a table; plain data that serde writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Rows that were looked at.
    pub rows: usize,
    /// Bytes in memory.
    pub bytes: u64,
    /// Missing values in all columns.
    pub missing: usize,
    /// Rows that repeat an earlier one in every column.
    pub repeated_rows: usize,
    /// Each column by itself, in the frame's order.
    pub columns: Vec<ColumnProfile>,
    /// How the numeric columns go together, if there are two.
    pub correlations: Option<Correlations>,
    /// The target and what goes with it.
    pub target: Option<TargetProfile>,
    /// What looks wrong, the gravest first.
    pub warnings: Vec<Warning>,
    /// What is left out or comes from a sample.
    pub notes: Vec<String>,
}

impl Profile {
    /// The profile of the column of this name.
    pub fn column(&self, name: &str) -> Option<&ColumnProfile> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The profile as text, at most `width` columns of the terminal wide (but at least 60).
    pub fn to_text(&self, width: usize) -> String {
        terminal::text(self, width.max(60))
    }

    /// The profile as a piece of HTML for notebooks; it needs nothing from elsewhere.
    pub fn to_html(&self) -> String {
        html::fragment(self)
    }

    /// Writes the profile as an HTML page that needs nothing from elsewhere.
    ///
    /// # Errors
    /// [`DataError::Write`].
    pub fn save_html(&self, path: impl AsRef<Path>) -> Result<(), DataError> {
        crate::read::write(path.as_ref(), |file| Ok(std::io::Write::write_all(file, html::page(self).as_bytes())?))
    }
}

impl Display for Profile {
    fn bundle(&self) -> Bundle {
        Bundle::text(self.to_text(crate::show::TEXT_WIDTH)).html(self.to_html())
    }
}

impl Inspect for Profile {
    fn shape(&self) -> Option<String> {
        Some(format!("{} columns", self.columns.len()))
    }
}
