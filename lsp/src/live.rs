//! A session that runs: what is alive in it comes before what a page's text tells.

use ironbook_assist::Completions;

/// A running session that can be asked. It answers within a moment, or not at all.
pub trait Live: Send + Sync {
    /// What could stand at a byte of a cell's text.
    fn complete(&self, text: &str, at: usize) -> Completions;
    /// Help on what stands at a byte of a cell's text, as plain text.
    fn inspect(&self, text: &str, at: usize) -> Option<String>;
    /// The names of its variables and items; of a `use` of all that a module has, its path with `*`.
    fn names(&self) -> Vec<String>;
}
