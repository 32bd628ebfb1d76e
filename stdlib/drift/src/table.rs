//! What can be compared: frames, data sets of models, and tables that are read in pieces.

use crate::error::DriftError;
use ironbook_data::{Dataset, Kind};
use polars::prelude::{Column, DataFrame, DataType, TimeUnit};
use std::borrow::Cow;

/// A table that can be compared with another.
pub trait Tabular {
    /// What is in it.
    ///
    /// # Errors
    /// [`DriftError::Data`], if it cannot be taken apart.
    fn content(&self) -> Result<Content<'_>, DriftError>;

    /// The column that a model is to predict, if the table knows.
    fn target(&self) -> Option<&str> {
        None
    }

    /// The columns that a model has predicted, if the table knows.
    fn predictions(&self) -> &[String] {
        &[]
    }

    /// Whether it has some of the columns only, on purpose, so that those of the other table that it lacks are no loss: a
    /// log of requests holds what the model reads.
    fn is_part(&self) -> bool {
        false
    }

    /// What a reader of a report has to know of it, if anything.
    fn remark(&self) -> Option<String> {
        None
    }
}

/// A table as it can be had.
pub enum Content<'a> {
    /// In memory.
    Frame(Cow<'a, DataFrame>),
    /// Piece by piece.
    Pieces(&'a dyn Pieces),
}

/// A table that is larger than memory.
pub trait Pieces: Sync {
    /// Names and types of its columns.
    fn fields(&self) -> &[(String, DataType)];

    /// Number of its rows.
    fn rows(&self) -> usize;

    /// Calls with each piece, which has these columns in this order.
    ///
    /// # Errors
    /// Those of reading, and what the call answers.
    fn each(
        &self,
        columns: &[String],
        take: &mut dyn FnMut(&DataFrame) -> Result<(), DriftError>,
    ) -> Result<(), DriftError>;
}

impl Tabular for DataFrame {
    fn content(&self) -> Result<Content<'_>, DriftError> {
        Ok(Content::Frame(Cow::Borrowed(self)))
    }
}

/// Features and target. Its numbers are all floats, so whole numbers are never taken for categories; text is.
impl Tabular for Dataset {
    fn content(&self) -> Result<Content<'_>, DriftError> {
        let mut frame = self.features.to_frame()?;
        for (name, _) in self.features.names().iter().zip(self.features.kinds()).filter(|(_, k)| **k == Kind::Time) {
            let seconds = self.features.by_name(name).unwrap_or_default();
            let micros: Vec<Option<i64>> = seconds.iter().map(|s| (!s.is_nan()).then_some((s * 1e6) as i64)).collect();
            let times = Column::new(name.as_str().into(), micros);
            frame.with_column(times.cast(&DataType::Datetime(TimeUnit::Microseconds, None))?)?;
        }
        let target = match &self.classes {
            Some(names) => {
                let name = |y: &f64| names.get(*y as usize).map(String::as_str);
                Column::new(self.target_name.as_str().into(), self.target.iter().map(name).collect::<Vec<_>>())
            }
            None => Column::new(self.target_name.as_str().into(), self.target.as_slice()),
        };
        if frame.column(target.name()).is_err() {
            frame.with_column(target)?;
        }
        Ok(Content::Frame(Cow::Owned(frame)))
    }

    fn target(&self) -> Option<&str> {
        Some(&self.target_name)
    }
}

/// Passes on what a pointer points to.
macro_rules! pointers { // an `impl` for each kind of pointer
    ($([$($generics:tt)*] $pointer:ty),+) => {
        $(impl<$($generics)*> Tabular for $pointer {
            fn content(&self) -> Result<Content<'_>, DriftError> {
                (**self).content()
            }

            fn target(&self) -> Option<&str> {
                (**self).target()
            }

            fn predictions(&self) -> &[String] {
                (**self).predictions()
            }

            fn is_part(&self) -> bool {
                (**self).is_part()
            }

            fn remark(&self) -> Option<String> {
                (**self).remark()
            }
        })+
    };
}

pointers!(['a] Box<dyn Tabular + 'a>, ['a, T: Tabular + ?Sized] &'a T);
