//! The runtime channel: what the session and the runtime process say to each other over a socket pair.
//!
//! A frame is a little-endian `u32` length and that many bytes of JSON.

use crate::bundle::Bundle;
use crate::keep::{Limits, Place};
use crate::progress::State;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};
use std::path::PathBuf;

/// Environment variable that carries the number of the runtime's end of the socket pair.
pub const FD_VARIABLE: &str = "IRONBOOK_RUNTIME_FD";
/// Why a value was not read whose type the runtime has not been told of.
pub const UNKNOWN_TYPE: &str = "its type is not known";
/// Frames above this size are refused (a corrupted length must not allocate gigabytes).
pub const MAX_FRAME: u32 = 1 << 30;

/// Session to runtime.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Request {
    /// Load a compiled cell and call its entry.
    Run {
        /// Execution number; comes back in everything the cell emits.
        execution: u64,
        /// The cell's shared object.
        library: PathBuf,
        /// Name of its entry function.
        entry: String,
        /// The cell as the user wrote it, for the records of runs.
        text: String,
        /// The number that the user sees at the cell.
        number: u64,
        /// Variables that it does not change.
        unchanged: Vec<String>,
        /// Whether it may change a tensor through a shared reference.
        in_place: bool,
    },
    /// Show a variable as the last expression of a cell would; ends with `Done`.
    Show {
        /// Execution number.
        execution: u64,
        /// The variable.
        name: String,
    },
    /// Describe all variables; answered with [`Reply::Variables`], also while a cell runs (then as of its start).
    List,
    /// Drop variables; answered with [`Reply::Variables`].
    Drop {
        /// Their names.
        names: Vec<String>,
    },
    /// Keep values on disk from now on; answered with [`Reply::Ack`].
    Keep {
        /// Where.
        directory: PathBuf,
        /// The first number of a file that is free.
        next: u64,
        /// How much at most.
        limits: Limits,
    },
    /// Learn from a compiled crate how values of some types are kept, and keep those that wait for it; answered with
    /// [`Reply::Kept`].
    Know {
        /// The crate's shared object.
        library: PathBuf,
        /// Name of its entry function.
        entry: String,
    },
    /// Write all that is still to be written; answered with [`Reply::Kept`]. An interrupt ends the wait.
    Settle,
    /// Read values from disk; answered with [`Reply::Restored`].
    Restore {
        /// Which.
        values: Vec<Wanted>,
    },
    /// Load a shared object for its symbols (statics of earlier cells after a restart, crates of `%dep`).
    Preload {
        /// The shared object.
        library: PathBuf,
    },
    /// Set the environment variable, or remove it.
    SetEnv {
        /// Name.
        name: String,
        /// Value; `None` removes.
        value: Option<String>,
    },
    /// Change the working directory.
    SetDirectory {
        /// The new one.
        path: PathBuf,
    },
    /// The answer to [`Reply::Input`]; without a text, why there is none.
    Answer {
        /// What the user typed.
        text: Result<String, String>,
    },
    /// Ask the running cell to stop.
    Interrupt,
    /// End the process.
    Shutdown,
}

/// Runtime to session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Reply {
    /// The process is ready.
    Hello {
        /// Its process id.
        pid: u32,
    },
    /// A value is shown or updated. `result` marks the value of the last expression.
    Display {
        /// Execution number (the last one, for threads that outlive their cell).
        execution: u64,
        /// The value.
        bundle: Bundle,
        /// Identity for updates.
        id: Option<String>,
        /// Whether an earlier display is replaced.
        update: bool,
        /// Whether this is the cell's value.
        result: bool,
    },
    /// A progress bar moved.
    Progress {
        /// Execution number.
        execution: u64,
        /// The bar.
        state: State,
    },
    /// What the cell has shown so far is removed.
    Clear {
        /// Execution number.
        execution: u64,
        /// Whether only when it shows something new.
        wait: bool,
    },
    /// The cell asks the user, and waits for [`Request::Answer`].
    Input {
        /// Execution number.
        execution: u64,
        /// What is shown before the answer.
        prompt: String,
        /// Whether the answer is a secret.
        password: bool,
    },
    /// The execution has ended; everything it emitted was sent before.
    Done {
        /// Execution number.
        execution: u64,
        /// How it ended.
        outcome: Outcome,
        /// Variables put by it, in order.
        put: Vec<Variable>,
        /// Names taken and not put back (moved, or lost in a panic).
        gone: Vec<String>,
        /// Seconds inside the cell.
        seconds: f64,
        /// What has changed of how variables are kept.
        keeping: Keeping,
    },
    /// Answer to `Know` and `Settle`.
    Kept(Keeping),
    /// Answer to `Restore`.
    Restored {
        /// The values that are back.
        variables: Vec<Variable>,
        /// The names of those that are not, and why.
        failed: Vec<(String, String)>,
    },
    /// Answer to `List` and `Drop`.
    Variables(Vec<Variable>),
    /// Answer to `Preload`, `SetEnv` and `SetDirectory`: an error in words, or none.
    Ack(Option<String>),
}

/// A live variable, described.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its type as `std::any::type_name` prints it.
    pub type_name: String,
    /// Its extent in words.
    pub shape: Option<String>,
    /// Bytes it occupies, approximately.
    pub bytes: u64,
    /// Execution that put it last.
    pub execution: u64,
    /// Name and type of its columns, if it is a table; at most [`crate::registry::MAX_COLUMNS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<(String, String)>,
    /// How it is kept on disk.
    #[serde(default)]
    pub kept: Kept,
}

/// How a variable, as it is, is kept on disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kept {
    /// Not yet, or nothing is known of its type.
    #[default]
    Unknown,
    /// There; a large one may still be on its way.
    Here(Place),
    /// It cannot be, for this reason.
    Never(String),
    /// It could not be written.
    Failed,
}

impl Kept {
    /// Where it is, if it is.
    pub fn place(&self) -> Option<Place> {
        match self {
            Kept::Here(place) => Some(*place),
            _ => None,
        }
    }
}

/// What has changed of how variables are kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Keeping {
    /// The variables that are kept otherwise than before.
    pub changed: Vec<(String, Kept)>,
    /// The first number of a file that is free.
    pub next: u64,
    /// Why something could not be written.
    pub problem: Option<String>,
    /// Whether nothing is left to be written.
    pub settled: bool,
}

/// A value to be read from disk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wanted {
    /// The variable.
    pub name: String,
    /// Where it is.
    pub place: Place,
    /// The directory of its file.
    pub directory: PathBuf,
    /// The execution that put it last.
    pub execution: u64,
}

/// How an execution ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// To its end.
    Ok,
    /// `?` carried an error out.
    Error {
        /// Type of the error.
        type_name: String,
        /// Message and causes, outer to inner.
        chain: Vec<String>,
    },
    /// It panicked.
    Panic(Panic),
    /// The interrupt stopped it.
    Interrupted,
    /// Stored values are not of the types that the cell was compiled for; nothing was run or moved.
    Refused {
        /// The variables, with the type names that the store holds (`None`: no such variable).
        mismatched: Vec<(String, Option<String>)>,
    },
    /// The shared object could not be loaded; nothing was run.
    NotLoaded {
        /// The loader's message.
        message: String,
    },
}

/// A panic, as its hook saw it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Panic {
    /// Its message.
    pub message: String,
    /// File, line and column (1-based) as `#[track_caller]` reports them.
    pub file: String,
    /// Line.
    pub line: u32,
    /// Column.
    pub column: u32,
    /// Return addresses as (shared object, offset in it), innermost first.
    pub frames: Vec<(PathBuf, u64)>,
}

/// Writes one frame.
///
/// # Errors
/// Of the writer; `InvalidInput` when the message is larger than [`MAX_FRAME`].
pub fn write<T: Serialize>(writer: &mut impl Write, message: &T) -> io::Result<()> {
    let mut bytes = vec![0; 4];
    serde_json::to_writer(&mut bytes, message)?;
    let len = u32::try_from(bytes.len() - 4).ok().filter(|len| *len <= MAX_FRAME);
    let Some(len) = len else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "frame larger than 1 GiB"));
    };
    bytes[..4].copy_from_slice(&len.to_le_bytes());
    writer.write_all(&bytes)
}

/// Reads one frame; `None` at the end of the stream.
///
/// # Errors
/// Of the reader; `InvalidData` for a length above [`MAX_FRAME`] or JSON of another shape.
pub fn read<T: DeserializeOwned>(reader: &mut impl Read) -> io::Result<Option<T>> {
    let mut len = [0; 4];
    match reader.read_exact(&mut len) {
        Ok(()) => {}
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(e) => return Err(e),
    }
    let len = u32::from_le_bytes(len);
    if len > MAX_FRAME {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "frame larger than 1 GiB"));
    }
    let mut bytes = vec![0; len as usize];
    reader.read_exact(&mut bytes)?;
    Ok(Some(serde_json::from_slice(&bytes)?))
}
