//! The session: cells, the engine that compiles them, the runtime process that runs them, and their data flow.
//!
//! It knows no terminal and no wire format of a front end, and links neither polars nor candle.

mod codegen;
mod items;
pub mod event;
pub mod flow;
pub mod library;
pub mod map;
mod parse;
pub mod source;
mod text;

pub use event::{Event, Execution, Failure, FailureKind, Status, Timing};
pub use flow::{Flow, Record};
pub use map::ExecutionId;
pub use source::{Part, Source};
