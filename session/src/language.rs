//! What the deep language service gets and answers: the session as a text, requests and replies, and a client of it.
//!
//! The service itself is a program of its own, so that no front end links a compiler's front end or
//! waits for one. It knows nothing of sessions: it is told a text and asked about a place in it.

mod balance;
mod client;
mod document;
mod lexis;
mod protocol;

pub use client::{Limits, Service, ServiceError, State, program};
pub use document::{Cell, Document, Prelude};
pub use protocol::{Answer, Assist, Candidate, Hint, Query, Reply, Request, Signature, Spot, Target, Token};
