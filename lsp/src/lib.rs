//! `ironbook lsp`: an editor's help in scripts in percent format and in notebooks, over the Language Server Protocol 3.17.
//!
//! A script's or notebook's cells are checked one after another as they would be run, without running any
//! ([`ironbook_session::Checker`]); names are completed from what is known at once, and from the language service
//! ([`ironbook_session::language`]) once that is ready.

mod actions;
mod assists;
mod capabilities;
mod checks;
mod client;
mod complete;
mod desk;
mod documents;
mod format;
mod hints;
mod hover;
mod labels;
mod lines;
mod live;
mod loading;
mod navigate;
mod outbox;
mod outline;
mod page;
mod rename;
mod server;
mod shown;
mod tokens;
mod uses;

pub use checks::Ground;
pub use live::Live;
pub use server::{Error, Options, run};
