//! Small tables as HTML and as text, for the displays of models and reports.

pub use ironbook_core::table::{Table, number};
