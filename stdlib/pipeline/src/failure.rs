//! What ends a stage early.

use ironbook_core::CellError;
use std::fmt::Display;

/// What a stage returns.
pub type Result<T> = std::result::Result<T, Failure>;

/// The error type of stages: anything that can be displayed becomes one through `?`, as in a cell.
#[derive(Debug)]
pub struct Failure(pub CellError);

impl<E: Display + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure(CellError::from(error))
    }
}
