//! Definitions, versions and their folder, the files for other tools, and programs that run.

#![expect(clippy::unwrap_used, reason = "in tests a panic is the message, also in their helpers")]

mod content;
mod definition;
mod diffs;
mod exports;
mod folders;
mod program;
mod schema;
mod support;
mod versions;
