//! The dense feature matrix that models are fitted to.

use crate::cells::extent;
use crate::error::DataError;
use crate::frame::{find, push_values};
use crate::html;
use crate::kind::Kind;
use ironbook_core::inspect::Inspect;
use ironbook_core::table::visible;
use ironbook_core::{Bundle, Display};
use polars::prelude::{Column, DataFrame};
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

/// Features as numbers: `rows` x `cols` of `f64`, column after column, each with a name.
///
/// Missing values are NaN. Integers beyond 2^53 lose their last digits, as everywhere in `f64`. What the numbers of a
/// column stand for is its [`Kind`]: text columns are held as codes, dates as seconds.
#[derive(Clone, PartialEq)]
pub struct Matrix {
    names: Vec<String>,
    kinds: Vec<Kind>,
    rows: usize,
    /// Copies share it.
    data: Arc<Vec<f64>>,
}

impl Matrix {
    /// The named columns of a frame, in the order given: numbers as they are, booleans as 0 and 1, text as codes of its
    /// names in alphabetical order ([`Kind::Categorical`]), dates and times as seconds ([`Kind::Time`]), null as NaN.
    ///
    /// # Errors
    /// [`DataError::NoColumns`], [`DataError::UnknownColumn`], [`DataError::DuplicateColumn`], and
    /// [`DataError::NotNumeric`] for nested columns, durations and binary data.
    pub fn from_frame(df: &DataFrame, columns: &[impl AsRef<str>]) -> Result<Self, DataError> {
        let names: Vec<String> = columns.iter().map(|c| c.as_ref().to_owned()).collect();
        Self::from_named(df, names)
    }

    /// A matrix as it was taken apart; `None` if the parts do not belong together.
    pub(crate) fn from_parts(names: Vec<String>, kinds: Vec<Kind>, rows: usize, data: Vec<f64>) -> Option<Self> {
        let sound = kinds.len() == names.len() && data.len() == rows * names.len();
        sound.then_some(Matrix { names, kinds, rows, data: Arc::new(data) })
    }

    fn from_named(df: &DataFrame, names: Vec<String>) -> Result<Self, DataError> {
        check_names(&names)?;
        let mut data = Vec::with_capacity(df.height() * names.len());
        let kinds = names.iter().map(|name| push_values(find(df, name)?, &mut data)).collect::<Result<_, _>>()?;
        Ok(Matrix { names, kinds, rows: df.height(), data: Arc::new(data) })
    }

    /// A matrix of named columns of numbers, of one length.
    ///
    /// # Errors
    /// [`DataError::NoColumns`], [`DataError::DuplicateColumn`], [`DataError::Length`].
    pub fn from_columns(columns: Vec<(String, Vec<f64>)>) -> Result<Self, DataError> {
        Self::from_typed(columns.into_iter().map(|(name, values)| (name, Kind::Numeric, values)).collect())
    }

    /// A matrix of named columns of one length, each with its kind; the codes of a categorical column are whole
    /// numbers below the number of its names, or NaN.
    ///
    /// # Errors
    /// As [`from_columns`](Self::from_columns); [`DataError::Code`].
    pub fn from_typed(columns: Vec<(String, Kind, Vec<f64>)>) -> Result<Self, DataError> {
        let rows = columns.first().map_or(0, |(_, _, values)| values.len());
        let (mut names, mut kinds, mut data) = (Vec::new(), Vec::new(), Vec::with_capacity(rows * columns.len()));
        for (name, kind, values) in columns {
            if values.len() != rows {
                return Err(DataError::Length { name, expected: rows, found: values.len() });
            }
            if let Some(categories) = kind.categories() {
                let fits = |code: &f64| {
                    code.is_nan() || (*code >= 0.0 && code.fract() == 0.0 && *code < categories.len() as f64)
                };
                if let Some(&code) = values.iter().find(|code| !fits(code)) {
                    return Err(DataError::Code { name, code, categories: categories.len() });
                }
            }
            names.push(name);
            kinds.push(kind);
            data.extend_from_slice(&values);
        }
        check_names(&names)?;
        Ok(Matrix { names, kinds, rows, data: Arc::new(data) })
    }

    /// Number of rows (samples).
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns (features).
    pub fn cols(&self) -> usize {
        self.names.len()
    }

    /// Names of the columns, in order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// What the numbers of each column stand for, in order.
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// The number of the column of this name.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|n| n == name)
    }

    /// Column `j`, of length [`rows`](Self::rows).
    ///
    /// # Panics
    /// If `j` is not below [`cols`](Self::cols).
    pub fn column(&self, j: usize) -> &[f64] {
        assert!(j < self.cols(), "column {j} of a matrix with {} columns", self.cols());
        &self.data[j * self.rows..(j + 1) * self.rows]
    }

    /// The column of this name.
    pub fn by_name(&self, name: &str) -> Option<&[f64]> {
        self.index_of(name).map(|j| self.column(j))
    }

    /// The value in row `i` and column `j`.
    ///
    /// # Panics
    /// If either is out of range.
    pub fn get(&self, i: usize, j: usize) -> f64 {
        self.column(j)[i]
    }

    /// All values, column after column.
    pub fn data(&self) -> &[f64] {
        &self.data
    }

    /// The rows with these numbers, in this order; a number may be given more than once.
    ///
    /// # Panics
    /// If a number is not below [`rows`](Self::rows).
    #[must_use]
    pub fn select_rows(&self, rows: &[usize]) -> Self {
        let mut data = Vec::with_capacity(rows.len() * self.cols());
        for j in 0..self.cols() {
            let column = self.column(j);
            data.extend(rows.iter().map(|&i| column[i]));
        }
        Matrix { names: self.names.clone(), kinds: self.kinds.clone(), rows: rows.len(), data: Arc::new(data) }
    }

    /// The matrix as a frame: `f64` columns, and text where the column is categorical.
    ///
    /// # Errors
    /// [`DataError::Polars`], if polars refuses the columns.
    pub fn to_frame(&self) -> Result<DataFrame, DataError> {
        let column = |j: usize| {
            let name = self.names[j].as_str().into();
            match self.kinds[j].categories() {
                None => Column::new(name, self.column(j)),
                Some(categories) => {
                    let text = |code: &f64| (!code.is_nan()).then(|| categories[*code as usize].as_str());
                    Column::new(name, self.column(j).iter().map(text).collect::<Vec<_>>())
                }
            }
        };
        let columns = (0..self.cols()).map(column).collect();
        Ok(DataFrame::new(self.rows, columns)?)
    }
}

fn check_names(names: &[String]) -> Result<(), DataError> {
    if names.is_empty() {
        return Err(DataError::NoColumns);
    }
    let mut seen = HashSet::with_capacity(names.len());
    match names.iter().find(|name| !seen.insert(name.as_str())) {
        Some(name) => Err(DataError::DuplicateColumn { name: name.clone() }),
        None => Ok(()),
    }
}

/// Shape and names only: a matrix can have millions of values.
impl fmt::Debug for Matrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Matrix {} x {} [{}]", self.rows, self.cols(), self.names.join(", "))
    }
}

/// Rows that a display shows.
pub(crate) const HEAD: usize = 10;

/// What a caption says of a table that shows the first rows only.
pub(crate) fn first(rows: usize) -> String {
    if rows > HEAD { format!("; the first {HEAD} rows") } else { String::new() }
}

impl Display for Matrix {
    fn bundle(&self) -> Bundle {
        let rows: Vec<usize> = (0..self.rows.min(HEAD)).collect();
        let caption = format!("Matrix of {}{}", extent(self.rows, self.cols()), first(self.rows));
        let text = visible(&format!("{self:?}"));
        match self.select_rows(&rows).to_frame() {
            Ok(df) => Bundle::text(text).html(html::table(&df, Some(&caption))),
            Err(_) => Bundle::text(text),
        }
    }
}

impl Inspect for Matrix {
    fn shape(&self) -> Option<String> {
        Some(format!("{} x {}", self.rows, self.cols()))
    }

    fn heap_bytes(&self) -> u64 {
        (self.data.capacity() * size_of::<f64>()) as u64
    }
}
