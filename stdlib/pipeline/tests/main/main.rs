//! Definitions, versions and their folder, and the files for other tools.

#![expect(clippy::unwrap_used, reason = "in tests a panic is the message, also in their helpers")]

mod content;
mod definition;
mod diffs;
mod exports;
mod folders;
mod schema;
mod support;
mod versions;
