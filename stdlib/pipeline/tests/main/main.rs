//! Definitions, versions and their folder, and the files for other tools.

mod content;
mod definition;
mod diffs;
mod exports;
mod folders;
mod schema;
mod support;
mod versions;
