//! What can go wrong in tracking, in words, with the codes of MLflow's REST API.

use std::path::PathBuf;

/// Result of tracking calls.
pub type Result<T> = std::result::Result<T, Error>;

/// A cause of any type, kept for the chain of errors.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// Error codes of MLflow's REST API; stable, unlike the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// Nothing has this name or id.
    ResourceDoesNotExist,
    /// The name is taken.
    ResourceAlreadyExists,
    /// An argument breaks a rule (a name, a length, a changed parameter).
    InvalidParameterValue,
    /// The thing exists but is in a state that forbids the call.
    InvalidState,
    /// The file system or the server forbids it.
    PermissionDenied,
    /// The server does not know who asks.
    Unauthenticated,
    /// The request itself is malformed.
    BadRequest,
    /// The server wants fewer requests.
    RequestLimitExceeded,
    /// No such route.
    EndpointNotFound,
    /// This store cannot do that.
    NotImplemented,
    /// Another writer is in the way, or the disk is full: the same call may work later.
    TemporarilyUnavailable,
    /// Anything else.
    InternalError,
}

impl Code {
    /// All codes.
    pub const ALL: [Code; 12] = [
        Code::ResourceDoesNotExist,
        Code::ResourceAlreadyExists,
        Code::InvalidParameterValue,
        Code::InvalidState,
        Code::PermissionDenied,
        Code::Unauthenticated,
        Code::BadRequest,
        Code::RequestLimitExceeded,
        Code::EndpointNotFound,
        Code::NotImplemented,
        Code::TemporarilyUnavailable,
        Code::InternalError,
    ];

    /// Reads a code as it stands in MLflow's JSON.
    pub fn parse(text: &str) -> Option<Code> {
        Code::ALL.into_iter().find(|code| code.as_str() == text)
    }

    /// The status that MLflow's server answers with it.
    pub fn http_status(self) -> u16 {
        match self {
            Code::ResourceDoesNotExist | Code::EndpointNotFound => 404,
            Code::ResourceAlreadyExists | Code::InvalidParameterValue | Code::BadRequest => 400,
            Code::InvalidState | Code::InternalError => 500,
            Code::PermissionDenied => 403,
            Code::Unauthenticated => 401,
            Code::RequestLimitExceeded => 429,
            Code::NotImplemented => 501,
            Code::TemporarilyUnavailable => 503,
        }
    }

    /// The code as it stands in MLflow's JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Code::ResourceDoesNotExist => "RESOURCE_DOES_NOT_EXIST",
            Code::ResourceAlreadyExists => "RESOURCE_ALREADY_EXISTS",
            Code::InvalidParameterValue => "INVALID_PARAMETER_VALUE",
            Code::InvalidState => "INVALID_STATE",
            Code::PermissionDenied => "PERMISSION_DENIED",
            Code::Unauthenticated => "UNAUTHENTICATED",
            Code::BadRequest => "BAD_REQUEST",
            Code::RequestLimitExceeded => "REQUEST_LIMIT_EXCEEDED",
            Code::EndpointNotFound => "ENDPOINT_NOT_FOUND",
            Code::NotImplemented => "NOT_IMPLEMENTED",
            Code::TemporarilyUnavailable => "TEMPORARILY_UNAVAILABLE",
            Code::InternalError => "INTERNAL_ERROR",
        }
    }
}

/// What went wrong; the first line of each message says what, the second what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing has this name or id.
    #[error("there is no {what} `{name}` in the tracking store\n{}", advice(.what))]
    NotFound {
        /// Kind of thing.
        what: &'static str,
        /// Its name or id.
        name: String,
    },
    /// Nothing has this name; these are the names that there are.
    #[error("there is no {what} `{name}` in the tracking store\n{}", listed(.known))]
    Unknown {
        /// Kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
        /// The others.
        known: Vec<String>,
    },
    /// The name is taken.
    #[error("there is already {article} {what} `{name}`\nuse it, or choose another name", article = article(.what))]
    AlreadyExists {
        /// Kind of thing.
        what: &'static str,
        /// Its name or id.
        name: String,
    },
    /// A name has characters or a form that is not allowed.
    #[error(
        "`{name}` cannot be the name of a {what}\nuse letters, digits, `_ - . : /` and spaces, but do not begin with `/` or `..`, and leave no part between `/` empty, `.` or `..`"
    )]
    InvalidName {
        /// Kind of thing.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A name or value is too long and may not be cut.
    #[error("a {what} of {length} characters is too long\nat most {limit} characters are allowed")]
    TooLong {
        /// Kind of thing.
        what: &'static str,
        /// Its length in characters.
        length: usize,
        /// The limit in characters.
        limit: usize,
    },
    /// A value breaks a rule.
    #[error("`{value}` is not a valid {what}\n{expected}")]
    InvalidValue {
        /// Kind of thing.
        what: &'static str,
        /// The value.
        value: String,
        /// The rule.
        expected: &'static str,
    },
    /// A parameter is in a batch twice.
    #[error("the parameter `{key}` is in this batch more than once\nlog each parameter once")]
    DuplicateParam {
        /// Its name.
        key: String,
    },
    /// A parameter was logged before with another value.
    #[error(
        "the parameter `{key}` was already logged as `{logged}` and cannot become `{attempted}`\nparameters are fixed for a run: start a new run, or log it under another name"
    )]
    ParamChanged {
        /// Its name.
        key: String,
        /// The value in the store.
        logged: String,
        /// The new value.
        attempted: String,
    },
    /// The run was deleted.
    #[error("the run `{run}` was deleted\nrestore it before writing to it")]
    RunDeleted {
        /// Its id.
        run: String,
    },
    /// An artifact's path could leave the run's directory.
    #[error("`{path}` cannot be the path of an artifact: {reason}\nuse a relative path such as `plots/roc.png`")]
    ArtifactPath {
        /// The path.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A call that needs an active run, without one.
    #[error("no run is active, so {what}\ncall `%track start NAME` first")]
    NoActiveRun {
        /// What did not happen.
        what: String,
    },
    /// A run is active already.
    #[error(
        "the run `{name}` is still active\nend it with `%track end`, or start the new one inside of it: `%track start .. --nest`"
    )]
    AlreadyActive {
        /// Its name.
        name: String,
    },
    /// Another process holds the database for longer than the time allowed.
    #[error(
        "the tracking store {} is locked by another process\nnothing was written; try again, or find who holds it with `fuser {}`", path.display(), path.display()
    )]
    Locked {
        /// The database file.
        path: PathBuf,
        /// The database's error.
        source: Source,
    },
    /// No space is left.
    #[error("the disk of the tracking store {} is full\nnothing was written; free some space and log again", path.display())]
    Full {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: Source,
    },
    /// The file is damaged or something else.
    #[error("{} is not a tracking store, or is damaged\nmove it away; a new one is created by the next `%track start`", path.display())]
    NotAStore {
        /// The file.
        path: PathBuf,
        /// The database's error.
        source: Source,
    },
    /// The file, or its directory, may only be read.
    #[error("the tracking store {} is read-only here\nnothing was written; get the right to write to it and its directory, or use another store", path.display())]
    ReadOnly {
        /// The database file.
        path: PathBuf,
        /// The database's error.
        source: Source,
    },
    /// The file was removed or replaced while it was open.
    #[error(
        "the tracking store {} was removed, moved or replaced while it was open\nnothing was written; put it back, or start again: a new one is created then", path.display()
    )]
    Gone {
        /// The database file.
        path: PathBuf,
    },
    /// The file comes from a later version.
    #[error(
        "the tracking store {} was written by a newer Ironbook (schema {found}, this one knows up to {known})\nupdate Ironbook; the store was not touched", path.display()
    )]
    NewerSchema {
        /// The database file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The latest version known here.
        known: i64,
    },
    /// An experiment, model or trace is in a state that forbids the call.
    #[error("the {what} `{name}` {state}\n{todo}")]
    WrongState {
        /// Kind of thing.
        what: &'static str,
        /// Its name or id.
        name: String,
        /// What is in the way, for instance `was deleted`.
        state: &'static str,
        /// What to do.
        todo: &'static str,
    },
    /// An experiment was deleted and cannot be renamed.
    #[error("the {what} `{name}` was deleted\nrestore it first")]
    Inactive {
        /// Kind of thing.
        what: &'static str,
        /// Its name or id.
        name: String,
    },
    /// A condition of a search cannot be read.
    #[error("cannot read the {what} `{text}`: {reason}\n{todo}")]
    Syntax {
        /// `filter` or `order`.
        what: &'static str,
        /// The text.
        text: String,
        /// What is wrong, and where.
        reason: String,
        /// What would be right.
        todo: String,
    },
    /// This store cannot do that.
    #[error("{store} cannot {what}\nuse the embedded store, or another server")]
    Unsupported {
        /// The store.
        store: String,
        /// What was asked.
        what: String,
    },
    /// A model could not be written.
    #[error("the model `{name}` could not be written\nsee the cause below")]
    Model {
        /// Its name.
        name: String,
        /// The cause.
        source: Source,
    },
    /// A model was logged by another program.
    #[error("{uri} was not logged by Ironbook: its flavours are {flavors}\nload it in the program that logged it")]
    Foreign {
        /// Its address.
        uri: String,
        /// Names of its flavours.
        flavors: String,
    },
    /// A server answered with an error.
    #[error("{uri} refused: {message}\n{todo}", todo = remedy(*.status))]
    Remote {
        /// The server.
        uri: String,
        /// Status of the answer.
        status: u16,
        /// Its code.
        code: Code,
        /// What it said.
        message: String,
    },
    /// A server cannot be reached, or does not answer.
    #[error("{uri} does not answer\nis it running? what was logged meanwhile is kept, see `%track status`")]
    Unreachable {
        /// The server.
        uri: String,
        /// The cause.
        source: Source,
    },
    /// What was logged for a server has not arrived yet.
    #[error(
        "what was logged for {uri} still waits in the spool: {said}\nnothing is lost: it is sent as soon as the server takes it, see `%track status`"
    )]
    Waiting {
        /// The server.
        uri: String,
        /// What it last said, or why nothing is known of it.
        said: String,
    },
    /// An address or path of a store or artifact cannot be used.
    #[error("`{uri}` cannot be used: {reason}\n{todo}")]
    Uri {
        /// The address.
        uri: String,
        /// What is wrong.
        reason: String,
        /// What would be right.
        todo: String,
    },
    /// The file system refused.
    #[error("could not {doing} {}\nsee the cause below", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// With what.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The database refused for another reason.
    #[error("the tracking store {} failed\nsee the cause below", path.display())]
    Database {
        /// The database file.
        path: PathBuf,
        /// The database's error.
        source: Source,
    },
}

/// What to do about a status of a server.
fn remedy(status: u16) -> &'static str {
    match status {
        401 => "set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD",
        403 => "this account may not do that: ask who runs the server",
        404 => "is the name or id right, and the address that of a tracking server?",
        429 | 500.. => "the server may be busy or broken: try again, or look at its log",
        _ => "mend the call and try again",
    }
}

/// Where to look for something of a kind.
fn advice(what: &str) -> &'static str {
    match what {
        "run" => "`%track` lists the newest runs, `%track show` shows one, `%track start NAME` begins one",
        "run in" | "experiment" => "`%track start NAME` begins a run",
        "artifact" => "`%track show RUN` lists what a run holds",
        _ => "`%track models` lists the registered models with their versions and aliases, `%track` the newest runs",
    }
}

/// The names that there are.
fn listed(known: &[String]) -> String {
    match known {
        [] => "there is none yet".to_owned(),
        known => format!("there are: `{}`", known.join("`, `")),
    }
}

fn article(what: &str) -> &'static str {
    if what.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" }
}

impl Error {
    /// The code that MLflow's REST API has for this error.
    pub fn code(&self) -> Code {
        match self {
            Error::NotFound { .. } | Error::Unknown { .. } => Code::ResourceDoesNotExist,
            Error::AlreadyExists { .. } => Code::ResourceAlreadyExists,
            Error::InvalidName { .. }
            | Error::TooLong { .. }
            | Error::InvalidValue { .. }
            | Error::DuplicateParam { .. }
            | Error::ParamChanged { .. }
            | Error::RunDeleted { .. }
            | Error::ArtifactPath { .. }
            | Error::Syntax { .. }
            | Error::WrongState { .. }
            | Error::Foreign { .. }
            | Error::Uri { .. } => Code::InvalidParameterValue,
            Error::ReadOnly { .. } => Code::PermissionDenied,
            Error::Unsupported { .. } => Code::NotImplemented,
            Error::Remote { code, .. } => *code,
            Error::Unreachable { .. } | Error::Waiting { .. } => Code::TemporarilyUnavailable,
            Error::NoActiveRun { .. }
            | Error::AlreadyActive { .. }
            | Error::NewerSchema { .. }
            | Error::Gone { .. }
            | Error::Inactive { .. } => Code::InvalidState,
            Error::Locked { .. } | Error::Full { .. } => Code::TemporarilyUnavailable,
            Error::Io { source, .. } => match source.kind() {
                std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => Code::PermissionDenied,
                std::io::ErrorKind::NotFound => Code::ResourceDoesNotExist,
                _ => Code::InternalError,
            },
            Error::NotAStore { .. } | Error::Database { .. } | Error::Model { .. } => Code::InternalError,
        }
    }

    /// An error of the file system, where a full disk gets its own words.
    pub fn io(doing: &'static str, path: impl Into<PathBuf>, source: std::io::Error) -> Error {
        let path = path.into();
        match source.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                Error::Full { path, source: source.into() }
            }
            _ => Error::Io { doing, path, source },
        }
    }
}
