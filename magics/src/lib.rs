//! Magics, and the shell that runs cells with magics in them.
//!
//! Front ends call [`Shell::run_cell`]. It splits a cell into Rust and magics ([`split()`]), lowers each magic to Rust
//! text or to an action of the session ([`plan`]), and runs the parts in order. A magic is one file in
//! [`magics`] and one line in [`magics::ALL`].

pub mod context;
pub mod convert;
pub mod engine;
pub mod error;
pub mod files;
pub mod history;
pub mod lexer;
pub mod magic;
pub mod magics;
pub mod notebook;
pub mod outputs;
pub mod plan;
pub mod registry;
pub mod script;
pub mod shell;
pub mod split;

mod command;
mod drift_choices;
mod export;
mod foreign;
mod habits;
mod help;
mod measure;
mod near;
mod page;
mod questions;
mod statements;
mod table;
mod words;

pub use context::{CellRecord, Connection, Context, NextInput};
pub use drift_choices::{DriftCheck, DriftChoices, DriftTest};
pub use engine::Engine;
pub use error::Error;
pub use magic::{Call, Example, Expect, Form, Lowered, Magic};
pub use near::distance;
pub use registry::Registry;
pub use shell::{CellOutcome, Keep, RunOptions, Shell, ShellHandle};
pub use split::{Style, is_magic_line, split};
