//! What a stage's process takes and leaves.

use crate::failure::Result;
use serde::de::DeserializeOwned;
use std::any::Any;

/// Inputs, parameters, data and outputs of the stage that runs in this process.
pub struct Io {}

impl Io {
    /// Takes a value that another stage made.
    ///
    /// # Errors
    /// When it cannot be read, or is of another type.
    pub fn take<T: Any>(&mut self, name: &str) -> Result<T> {
        let _ = name;
        Err("not yet".into())
    }

    /// Leaves a value for other stages.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put<T: Any>(&mut self, name: &str, value: T) -> Result<()> {
        let _ = (name, value);
        Err("not yet".into())
    }

    /// The value of a parameter.
    ///
    /// # Errors
    /// When it is of another type.
    pub fn param<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        let _ = name;
        Err("not yet".into())
    }

    /// The path of a file that the pipeline reads.
    pub fn data(&self, name: &str) -> &'static str {
        let _ = name;
        ""
    }
}
