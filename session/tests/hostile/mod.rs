//! Cells that were written to break the engine: values read with another layout, variables that vanish, stale objects.

mod cache;
mod crates;
mod layout;
mod loss;
mod races;
