//! The standard library as one dylib, and the process that runs cells.
//!
//! Cells see this crate under the name `ironbook`; it adds nothing to the facade but [`runtime_main`].

mod process;

pub use ironbook::*;
pub use process::runtime_main;
