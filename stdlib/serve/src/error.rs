//! Why a server does not start, or cannot load what it is to serve.

use ironbook_core::Interrupted;
use ironbook_learn::PersistError;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// Why a server does not start, or cannot load what it is to serve.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// A model of a format that this server does not know.
    #[error(
        "models of the format {format} cannot be served\nserve a model of the library that has a saved format, or a value of your own in a session"
    )]
    Format {
        /// Name of the format.
        format: String,
    },
    /// A model's file cannot be read.
    #[error("the model in \"{}\" cannot be loaded\nsave or register it again", file.display())]
    Model {
        /// The file.
        file: PathBuf,
        /// Why.
        source: PersistError,
    },
    /// The registry or the store cannot give the model.
    #[error(
        "\"{uri}\" cannot be fetched\ngive models:/NAME@ALIAS, models:/NAME/VERSION, runs:/RUN/PATH, or the directory of a logged model"
    )]
    Fetch {
        /// The address.
        uri: String,
        /// Why.
        source: ironbook_store::Error,
    },
    /// A model is not one that can be served.
    #[error("the model cannot be served: it {flaw}")]
    Unfit {
        /// What is wrong with it.
        flaw: String,
    },
    /// Another program listens there.
    #[error("port {} of {} is taken by another program\nstop it, or choose another port with `--port` (0: any free one)", .0.port(), .0.ip())]
    Taken(SocketAddr),
    /// The system does not let the server listen there.
    #[error("cannot listen at {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// Everybody in the network could use it.
    #[error(
        "{0} can be reached from other machines, and this server would ask nobody who they are\ngive an API key, or say `--allow-remote` if the network is trusted"
    )]
    Open(IpAddr),
    /// The directory of the request log cannot be used.
    #[error("requests cannot be logged in \"{}\"\nchoose another directory", directory.display())]
    Log {
        /// The directory.
        directory: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A column to redact that the model does not have.
    #[error("the model has no column \"{column}\" to redact\nits columns are {columns}")]
    Redact {
        /// The name.
        column: String,
        /// Names of all columns.
        columns: String,
    },
    /// A server that a cell started has ended before it answered.
    #[error("{words}")]
    Ended {
        /// What it had to say.
        words: String,
    },
    /// The program that serves could not be started.
    #[error("cannot start {}", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Servers of cells need a session.
    #[error("only a session can start a server in a process of its own\nrun `ironbook serve MODEL`")]
    NoProgram,
    /// The folder in which servers are listed cannot be used.
    #[error("cannot write to \"{}\", where servers are listed\nset IRONBOOK_HOME to a directory that can be written", folder.display())]
    Place {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Options that `ironbook serve` does not have.
    #[error("{told}")]
    Options {
        /// What is wrong with them.
        told: String,
    },
    /// No server has this name.
    #[error("no server has the name, port or id \"{named}\"\n{}", list(running))]
    NotRunning {
        /// What was asked for.
        named: String,
        /// Those that run, in words.
        running: Vec<String>,
    },
    /// Several servers have this name.
    #[error("several servers have the name \"{named}\"\nname one by its port: {}", ports.join(", "))]
    Several {
        /// The name.
        named: String,
        /// Their ports.
        ports: Vec<String>,
    },
    /// The user asked to stop.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    /// The system has no thread or no timer for the server.
    #[error("the server cannot run")]
    Run(#[source] io::Error),
}

fn list(running: &[String]) -> String {
    if running.is_empty() { "none runs".to_owned() } else { format!("there are: {}", running.join(", ")) }
}
