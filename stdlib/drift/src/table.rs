//! What can be compared: frames, and data sets of models.

use crate::error::DriftError;
use ironbook_data::{Dataset, Kind};
use polars::prelude::{Column, DataFrame, DataType, TimeUnit};
use std::borrow::Cow;

/// A table that can be compared with another.
pub trait Tabular {
    /// The table as a frame.
    ///
    /// # Errors
    /// [`DriftError::Data`], if it cannot be taken apart.
    fn frame(&self) -> Result<Cow<'_, DataFrame>, DriftError>;

    /// The column that a model is to predict, if the table knows.
    fn target(&self) -> Option<&str> {
        None
    }

    /// The columns that a model has predicted, if the table knows.
    fn predictions(&self) -> &[String] {
        &[]
    }
}

impl Tabular for DataFrame {
    fn frame(&self) -> Result<Cow<'_, DataFrame>, DriftError> {
        Ok(Cow::Borrowed(self))
    }
}

/// Features and target. Its numbers are all floats, so whole numbers are never taken for categories; text is.
impl Tabular for Dataset {
    fn frame(&self) -> Result<Cow<'_, DataFrame>, DriftError> {
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
        Ok(Cow::Owned(frame))
    }

    fn target(&self) -> Option<&str> {
        Some(&self.target_name)
    }
}
