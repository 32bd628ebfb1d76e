//! The session: cells, the engine that compiles them, the runtime process that runs them, and their data flow.
//!
//! It knows no terminal and no wire format of a front end, and links neither polars nor candle.

pub mod cache;
pub mod check;
mod codegen;
mod compile;
mod deps;
pub mod diagnostics;
pub mod durable;
pub mod event;
mod execute;
pub mod explored;
pub mod flow;
pub mod imports;
pub mod items;
pub mod language;
pub mod library;
pub mod map;
mod panics;
pub mod parse;
mod peek;
mod plan;
pub mod process;
mod run;
mod session;
pub mod source;
pub mod text;
mod tier;
mod types;

pub use check::{Checked, Checker};
pub use durable::{CellLine, Restored, Resumed};
pub use event::{Event, Execution, Failure, FailureKind, Status, Timing};
pub use explored::Explored;
pub use flow::{Flow, Record, Slice};
pub use library::extra::Dependency;
pub use map::{ExecutionId, Place};
pub use parse::is_too_deep;
pub use session::{Config, ExecuteOptions, Handle, ItemInfo, Session, Variable};
pub use source::{Part, Source};
pub use tier::Tier;
