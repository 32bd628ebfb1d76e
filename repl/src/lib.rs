//! The terminal front end: the `ironbook` command, its notebook formats, and an interactive session.

pub mod ask;
pub mod cli;
pub mod config;
pub mod doctor;
pub mod editor;
pub mod error;
pub mod fit;
pub mod headless;
pub mod images;
pub mod interactive;
pub mod interrupt;
pub mod kernel;
pub mod kernel_command;
pub mod notebook;
pub mod outputs;
pub mod package;
pub mod pager;
pub mod parameters;
pub mod screen;
pub mod script;
pub mod setup;
pub mod shell_files;
pub mod terminal;
pub mod theme;

pub use error::Error;
