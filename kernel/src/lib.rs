//! The Jupyter kernel: protocol 5.5 over ZeroMQ, in front of one session.
//!
//! [`start`] opens the sockets that a connection file names and serves them: cells run in order on a thread of their own
//! (`worker.rs`), everything else is answered at once from what is known of the session between cells (`requests.rs`), and
//! all that is published passes through one queue (`printer.rs`), which keeps its order.

mod checks;
pub mod client;
mod comms;
pub mod connection;
mod crash;
mod cursor;
mod definition;
mod error;
mod gate;
mod glance;
mod history;
mod hub;
mod iopub;
pub mod kernelspec;
pub mod labextension;
mod late;
mod limit;
mod logging;
mod printer;
mod progress;
mod queue;
mod requests;
pub mod running;
mod server;
mod shared;
mod signals;
mod sockets;
mod subshells;
mod wire;
mod worker;

pub use error::Error;

use ironbook_session::Tier;
use ironbook_session::library::Paths;
use running::StartedBy;
use std::path::PathBuf;

/// Stack of threads that parse what clients send; memory is committed when it is touched.
const PARSER_STACK: usize = 512 << 20;

/// How a kernel is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// The connection file, written by whoever starts the kernel.
    pub connection_file: PathBuf,
    /// The cells' working directory.
    pub directory: PathBuf,
    /// Where library and cache are.
    pub paths: Paths,
    /// The file of the cells' history (`IRONBOOK_HISTORY`).
    pub history: PathBuf,
    /// What is logged to standard error: `error`, `warn`, `info`, `debug`, `off` (`IRONBOOK_LOG`); `warn` if none.
    pub log: Option<String>,
    /// The program of the language service (`IRONBOOK_LANGUAGE`); none is started if none.
    pub language: Option<PathBuf>,
    /// How many megabytes a cell may print before the middle is left out (`IRONBOOK_OUTPUT_MB`); 8 if none.
    pub output_mb: Option<usize>,
    /// Where compiled cells are kept; with those of other sessions if none.
    pub cells: Option<PathBuf>,
    /// How cells are optimised.
    pub tier: Tier,
    /// Who starts it.
    pub started_by: StartedBy,
    /// The notebook that it is started for.
    pub notebook: Option<String>,
    /// Until when it lives.
    pub life: Life,
}

/// Until when a kernel lives, if nobody ends it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Life {
    /// Until the process that Jupyter names is gone.
    #[default]
    Parent,
    /// Until its standard input closes: whoever holds the other end has ended then, however it ended.
    Stdin,
}

/// Runs a kernel until a client, a signal or the end of its parent ends it.
///
/// # Errors
/// When the connection file cannot be used, or its addresses cannot be listened at.
pub fn start(options: Options) -> Result<(), Error> {
    logging::init(options.log.as_deref());
    crash::watch(&options.paths.data.join("crashes"));
    // Requests are parsed on its threads: deeply nested text must not end the kernel.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().thread_stack_size(PARSER_STACK).build()?;
    let result = runtime.block_on(server::run(options));
    // Threads that still answer something are not waited for.
    runtime.shutdown_background();
    result
}
