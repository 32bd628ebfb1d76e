//! The columns that pass from step to step.

use crate::error::FeatureError;
use ironbook_data::{Kind, Matrix};
use ironbook_learn::Feature;
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// A column on its way through the steps.
#[derive(Clone)]
pub(crate) struct Column<'a> {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) values: Cow<'a, [f64]>,
}

impl<'a> Column<'a> {
    /// Column `j` of a matrix.
    fn of(matrix: &'a Matrix, j: usize) -> Self {
        let (name, kind) = (matrix.names()[j].clone(), matrix.kinds()[j].clone());
        Column { name, kind, values: Cow::Borrowed(matrix.column(j)) }
    }
}

impl Column<'_> {
    /// A column of numbers that a step made.
    pub(crate) fn numbers(name: impl Into<String>, values: Vec<f64>) -> Self {
        Column { name: name.into(), kind: Kind::Numeric, values: Cow::Owned(values) }
    }

    /// Refuses infinities.
    pub(crate) fn refuse_infinite(&self, step: &'static str) -> Result<(), FeatureError> {
        match self.values.iter().position(|x| x.is_infinite()) {
            None => Ok(()),
            Some(row) => Err(FeatureError::Infinite { column: self.name.clone(), step, row, value: self.values[row] }),
        }
    }

    /// Refuses text, and times too unless they are welcome.
    pub(crate) fn refuse_text(&self, step: &'static str) -> Result<(), FeatureError> {
        match self.kind {
            Kind::Numeric | Kind::Time => Ok(()),
            Kind::Categorical(_) => {
                let needs =
                    "it works on numbers: encode the text first, for instance with one_hot, ordinal or target_encode";
                Err(FeatureError::WrongKind { column: self.name.clone(), found: self.kind.to_string(), step, needs })
            }
        }
    }
}

/// A table on its way through the steps.
#[derive(Clone)]
pub(crate) struct Working<'a> {
    pub(crate) rows: usize,
    pub(crate) columns: Vec<Column<'a>>,
    /// Behind the column that was looked for last: steps go through their columns in order.
    next: Cell<usize>,
}

impl<'a> Working<'a> {
    /// All columns of a matrix.
    pub(crate) fn of(matrix: &'a Matrix) -> Self {
        let columns = (0..matrix.cols()).map(|j| Column::of(matrix, j)).collect();
        Working { rows: matrix.rows(), columns, next: Cell::new(0) }
    }

    /// The columns of the fit in their order; refuses missing and unexpected columns and those of another kind.
    pub(crate) fn aligned(matrix: &'a Matrix, inputs: &[Feature]) -> Result<Self, FeatureError> {
        let own: HashMap<&str, usize> = matrix.names().iter().enumerate().map(|(j, name)| (name.as_str(), j)).collect();
        let given: HashSet<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
        let missing: Vec<String> =
            inputs.iter().map(|f| &f.name).filter(|name| !own.contains_key(name.as_str())).cloned().collect();
        let unexpected: Vec<String> =
            matrix.names().iter().filter(|name| !given.contains(name.as_str())).cloned().collect();
        if !missing.is_empty() || !unexpected.is_empty() {
            let expected = inputs.iter().map(|input| input.name.clone()).collect();
            return Err(FeatureError::Columns { missing, unexpected, expected });
        }
        let columns = inputs.iter().map(|input| {
            let mut column = Column::of(matrix, own[input.name.as_str()]);
            column.kind = accepted(&column, &input.kind)?;
            Ok(column)
        });
        let columns = columns.collect::<Result<_, FeatureError>>()?;
        Ok(Working { rows: matrix.rows(), columns, next: Cell::new(0) })
    }

    /// Number of the column of this name.
    pub(crate) fn position(&self, name: &str, step: &'static str) -> Result<usize, FeatureError> {
        let start = self.next.get().min(self.columns.len());
        let found = (start..self.columns.len()).chain(0..start).find(|&at| self.columns[at].name == name);
        self.next.set(found.map_or(0, |at| at + 1));
        found.ok_or_else(|| FeatureError::UnknownColumn {
            name: name.to_owned(),
            step,
            columns: self.columns.iter().map(|column| column.name.clone()).collect(),
        })
    }

    /// Puts columns in the place of one; refuses names that are taken.
    pub(crate) fn replace(&mut self, at: usize, with: Vec<Column<'a>>, step: &'static str) -> Result<(), FeatureError> {
        let same = with.len() == 1 && with[0].name == self.columns[at].name;
        if !same {
            let others = self.columns.iter().enumerate().filter(|(j, _)| *j != at);
            let mut names: HashSet<&str> = others.map(|(_, column)| column.name.as_str()).collect();
            if let Some(column) = with.iter().find(|column| !names.insert(&column.name)) {
                return Err(FeatureError::Taken { name: column.name.clone(), step });
            }
        }
        self.columns.splice(at..=at, with);
        Ok(())
    }

    /// Names and kinds of the columns.
    pub(crate) fn features(&self) -> Vec<Feature> {
        self.columns.iter().map(|column| Feature { name: column.name.clone(), kind: column.kind.clone() }).collect()
    }

    /// The columns as a matrix; text in the codes of `outputs`, names beyond those missing.
    pub(crate) fn into_matrix(self, outputs: &[Feature]) -> Result<Matrix, FeatureError> {
        if self.columns.is_empty() {
            return Err(FeatureError::NothingLeft);
        }
        let columns = self.columns.into_iter().zip(outputs).map(|(column, output)| {
            let values = match (&output.kind, &column.kind) {
                (Kind::Categorical(known), Kind::Categorical(names)) if known != names => {
                    recoded(&column.values, names, known)
                }
                _ => column.values.into_owned(),
            };
            (column.name, output.kind.clone(), values)
        });
        Ok(Matrix::from_typed(columns.collect())?)
    }
}

/// Codes in `names` as codes in `known`.
fn recoded(values: &[f64], names: &[String], known: &[String]) -> Vec<f64> {
    let places: HashMap<&str, usize> = known.iter().enumerate().map(|(code, name)| (name.as_str(), code)).collect();
    let code = |name: &String| places.get(name.as_str()).map_or(f64::NAN, |&code| code as f64);
    let codes: Vec<f64> = names.iter().map(code).collect();
    values.iter().map(|&value| if value.is_nan() { value } else { codes[value as usize] }).collect()
}

/// The kind to go on with: that of the data, or that of the fit where all values are missing and nothing else is known.
fn accepted(column: &Column<'_>, expected: &Kind) -> Result<Kind, FeatureError> {
    let alike = match (expected, &column.kind) {
        (Kind::Categorical(_), Kind::Categorical(_)) => true,
        (expected, found) => expected == found,
    };
    if alike {
        return Ok(column.kind.clone());
    }
    if column.values.iter().all(|value| value.is_nan()) {
        let none: Arc<[String]> = Arc::new([]);
        return Ok(if expected.categories().is_some() { Kind::Categorical(none) } else { expected.clone() });
    }
    let (found, expected) = (column.kind.to_string(), expected.to_string());
    Err(FeatureError::Kind { column: column.name.clone(), found, expected })
}
