//! What went wrong, in the user's cell: compiler messages, panics and errors drawn over the text that was executed.

mod backtrace;
mod diagnostic;
mod draw;
mod environment;
mod finding;
mod follow;
mod message;
mod panic;
mod place;
mod report;
mod suggestion;
mod threads;
mod type_name;
mod words;

pub use backtrace::{Address, resolve};
pub use diagnostic::{Diagnostic, Fix, Severity, doubts, errors};
pub use environment::not_loaded;
pub use message::{Code, Expansion, Level, Line, Message, Span, parse_messages};
pub use panic::{Frame, error_report, panic_place, panic_report, user_frames};
pub use place::{glues, on_glue};
pub use report::{report, warnings};
pub use type_name::shorten_type;

use crate::map::{ExecutionId, SourceMap};

/// The text of an executed cell, and what the user calls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellText {
    /// Its number as shown to the user.
    pub number: u64,
    /// Its text.
    pub text: String,
}

/// Finds the text of an execution.
pub type Cells<'a> = dyn Fn(ExecutionId) -> Option<CellText> + 'a;

/// What a compiler message is about.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Where the generated text comes from.
    pub map: &'a SourceMap,
    /// The generated text that was compiled.
    pub generated: &'a str,
    /// The texts of the cells that are in it.
    pub cells: &'a Cells<'a>,
}

/// How a report is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// With ANSI colours.
    Colour,
    /// Without.
    Plain,
}
