//! Data flow: what each execution read, wrote, moved and defined, and which variables are out of date.

use crate::map::ExecutionId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What one execution did to the session's names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// Older variables it read, with their types.
    pub read: BTreeMap<String, String>,
    /// Variables it made or changed, with their types.
    pub wrote: BTreeMap<String, String>,
    /// Older variables it consumed.
    pub moved: BTreeSet<String>,
    /// Items it defined (`struct Foo`, `fn bar`, `use x::y`).
    pub defined: BTreeSet<String>,
}

/// An execution in the session's record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its number.
    pub id: ExecutionId,
    /// The front end's identity of the cell, if it has one (a notebook cell id).
    pub cell: Option<String>,
    /// The cell's text.
    pub text: String,
    /// Whether it ran to its end.
    pub ok: bool,
    /// What it did.
    pub flow: Flow,
    /// Seconds, source in to result out.
    pub seconds: f64,
}
