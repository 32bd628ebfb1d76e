//! The terminal front end: the `ironbook` command, its notebook formats, and an interactive session.

pub mod ask;
pub mod attached;
pub mod cli;
pub mod config;
pub mod convert;
pub mod doctor;
pub mod editor;
pub mod error;
pub mod existing;
pub mod fit;
pub mod headless;
pub mod images;
pub mod interactive;
pub mod interrupt;
pub mod kernel;
pub mod kernel_command;
mod lsp;
pub mod memory;
pub mod new;
pub mod notebook;
pub mod now;
pub mod others;
pub mod package;
pub mod pager;
pub mod parameters;
pub mod pipeline;
pub mod promote;
pub mod screen;
pub mod script;
pub mod sessions;
pub mod setup;
pub mod shell_files;
pub mod spawned;
pub mod terminal;
pub mod theme;

pub use error::Error;
