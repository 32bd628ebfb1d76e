//! The language server over an editor's own messages, with the real compiler.
#![allow(clippy::unwrap_used, reason = "a test says by panicking what it expected")]

mod editor;
mod faults;
mod lints;
mod live;
mod more;
mod notebooks;
mod scripts;
mod words;
