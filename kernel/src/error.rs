//! What keeps a kernel from starting.

use std::io;
use std::path::PathBuf;

/// Why there is no kernel.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The connection file cannot be read.
    #[error("cannot read the connection file {}: {source}", path.display())]
    ConnectionFile {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no connection file.
    #[error("{} is not a connection file: {what}", path.display())]
    NotConnection {
        /// Its path.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A socket cannot be opened.
    #[error("cannot listen for the {channel} channel at {at}: {source}")]
    Listen {
        /// The channel.
        channel: &'static str,
        /// Address or path.
        at: String,
        /// Why.
        source: io::Error,
    },
    /// ZeroMQ refused a socket.
    #[error("cannot set up the {channel} channel: {source}")]
    Socket {
        /// The channel.
        channel: &'static str,
        /// Why.
        source: zeromq::ZmqError,
    },
    /// What a connection file asks for is not to be had.
    #[error("{source}, as {} asks for", path.display())]
    Asked {
        /// The connection file.
        path: PathBuf,
        /// Why.
        source: Box<Error>,
    },
    /// The system has no threads or timers left.
    #[error("cannot start the kernel's threads: {0}")]
    Threads(#[from] io::Error),
}

impl Error {
    /// What the user can do.
    pub fn remedy(&self) -> &'static str {
        match self {
            Error::ConnectionFile { .. } | Error::NotConnection { .. } => {
                "Jupyter writes this file when it starts a kernel: choose \"Ironbook (Rust ML)\" in Jupyter, or run \
                 `jupyter console --kernel ironbook`."
            }
            Error::Listen { source, .. } if source.kind() == io::ErrorKind::AddrInUse => {
                "Another process has taken the port since Jupyter chose it: start the kernel again."
            }
            Error::Listen { .. } | Error::Socket { .. } => {
                "See whether the address in the connection file is one of this machine."
            }
            Error::Asked { source, .. } => source.remedy(),
            Error::Threads(_) => "See `ulimit -u` and `ulimit -n`.",
        }
    }
}
