//! What helps while typing: completion, inspection, and whether a cell is whole; answered from the session itself, at once.
//!
//! Nothing is ever executed for it: all answers come from a [`View`] that the front end takes between cells, and from the
//! index of names that was made with the library.

mod code;
mod complete;
mod deep;
mod explain;
mod followed;
mod infer;
mod known;
mod plan;
mod rank;
mod render;
mod schema;
mod situation;
#[cfg(test)]
mod tests;
mod ty;
mod user;
mod usual;
mod view;
mod whole;

pub use complete::{Candidate, Completions, complete};
pub use deep::{beside, is_rust, merged};
pub use explain::{Detail, inspect, inspect_showing};
pub use followed::{Followed, LONGEST_CELL};
pub use plan::Planned;
pub use render::of_markdown;
pub use schema::{Columns, columns_made, unknown_columns};
pub use view::{View, searches};
pub use whole::{Completeness, completeness};
