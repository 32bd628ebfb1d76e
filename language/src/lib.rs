//! The deep language service: rust-analyzer over the session as text, in a process of its own.
//!
//! It is told a text and asked about places in it ([`ironbook_session::language`] has the protocol and the text). What the
//! text names is read from sources: Ironbook's own, those of the crates that cells can meet, and those of std. Nothing is
//! compiled or run but proc macros that cargo has built, in the compiler's own server for them.
//!
//! rust-analyzer comes as the crates that `evcxr` 0.22 is built on, in the same versions. evcxr's own interface was
//! too narrow: it completes and hovers only, drops candidates that do not begin as typed, and lets cargo set up a project
//! with all that the library's crates need, which takes longer to read and twice the memory.

mod answers;
mod crates;
mod host;
mod macros;
pub mod packed;
mod project;
mod rest;
mod serve;

pub use host::Host;
pub use macros::Macros;
pub use project::{Project, ProjectError};
pub use rest::Rest;
pub use serve::{STACK, serve};
