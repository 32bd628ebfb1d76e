//! From a session to a pipeline: what a target needs, its stages, their code, and the proof that it reproduces.
//!
//! [`plan`] computes over the recorded data flow of a session what makes the targets again, and refuses what would not.
//! A plan is written as a version (a crate with a `pipeline.toml`), which is run in clean processes and compared with
//! the session, value by value.

mod again;
mod checks;
mod code;
mod crates;
mod data;
mod history;
mod lock;
mod page;
mod params;
mod place;
mod plan;
mod program;
mod promote;
mod readme;
mod refusal;
mod report;
mod samples;
mod slice;
mod stages;
mod statements;
mod tidy;
mod unit;
mod vendor;
mod verify;
mod watch;
mod write;

pub use again::{program, with_data};
pub use data::DataFile;
pub use page::{Page, PageCell};
pub use params::Parameter;
pub use plan::{Options, Plan, Registration, plan};
pub use program::{BuildError, Crates, build, build_tests};
pub use promote::{PromoteError, Promoted, Request, promote};
pub use refusal::{Place, Reason, Refusal};
pub use report::{graph, headline, report, tree};
pub use stages::{Edge, Stage};
pub use vendor::packed;
pub use verify::{Verdict, VerifyError};
pub use write::Writing;
