//! What users hand over to be compared: tables, and what stands for one.

use crate::error::DriftError;
use crate::parquet::{ParquetTable, open};
use crate::requests::{RequestTable, Requests};
use crate::table::Tabular;
use ironbook_data::Dataset;
use polars::prelude::{DataFrame, LazyFrame};
use std::path::{Path, PathBuf};

/// A table, or what stands for one: a `DataFrame`, `LazyFrame` or `Dataset`, the path of one ([`open`]), a log of requests.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no table that could be compared",
    label = "no table",
    note = "give a DataFrame, a LazyFrame, a Dataset, a path of Parquet or CSV files, or a log: `drift::requests(\"requests/\")`"
)]
pub trait Comparable {
    /// The table; it is read where it is none yet.
    ///
    /// # Errors
    /// Those of [`open`], of [`Requests::read`], and of the query behind a `LazyFrame`.
    fn to_table(&self) -> Result<Box<dyn Tabular + '_>, DriftError>;
}

/// A table as it can be compared; see [`Comparable`].
///
/// # Errors
/// Those of [`Comparable::to_table`].
pub fn table<T: Comparable + ?Sized>(of: &T) -> Result<Box<dyn Tabular + '_>, DriftError> {
    of.to_table()
}

macro_rules! tables { // an `impl` for each type that is a table already
    ($($kind:ty),+) => {
        $(impl Comparable for $kind {
            fn to_table(&self) -> Result<Box<dyn Tabular + '_>, DriftError> {
                Ok(Box::new(self))
            }
        })+
    };
}

tables!(DataFrame, Dataset, ParquetTable, RequestTable);

impl Comparable for LazyFrame {
    fn to_table(&self) -> Result<Box<dyn Tabular + '_>, DriftError> {
        Ok(Box::new(self.clone().collect()?))
    }
}

impl Comparable for Requests {
    fn to_table(&self) -> Result<Box<dyn Tabular + '_>, DriftError> {
        Ok(Box::new(self.read()?))
    }
}

macro_rules! paths { // an `impl` for each type that names files
    ($($kind:ty),+) => {
        $(impl Comparable for $kind {
            fn to_table(&self) -> Result<Box<dyn Tabular + '_>, DriftError> {
                open(self)
            }
        })+
    };
}

paths!(Path, PathBuf, str, String);

impl<T: Comparable + ?Sized> Comparable for &T {
    fn to_table(&self) -> Result<Box<dyn Tabular + '_>, DriftError> {
        (**self).to_table()
    }
}
