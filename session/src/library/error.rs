//! Why there is no library, or why it could not be built; each with what to do about it.

use crate::event::{Failure, FailureKind};
use std::io;
use std::path::PathBuf;

/// Why [`Library::locate`](super::Library::locate) found nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Missing {
    /// None was ever built here.
    #[error("the standard library is not built yet")]
    NotBuilt,
    /// One was built, of other sources.
    #[error("the standard library's sources have changed since it was built")]
    SourcesChanged,
    /// One was built of these sources, by another compiler.
    #[error("the standard library was built by another compiler ({have}) than the one that compiles cells ({want})")]
    OtherRustc {
        /// The compiler that built it.
        have: String,
        /// The compiler that is found now.
        want: String,
    },
    /// There is no compiler.
    #[error("no Rust compiler was found (looked for `rustc` in PATH and in {})", cargo_bin.display())]
    NoRustc {
        /// Where rustup puts its programs.
        cargo_bin: PathBuf,
    },
    /// The compiler is there and does not answer.
    #[error("the Rust compiler {} does not work: {words}", path.display())]
    RustcBroken {
        /// The program.
        path: PathBuf,
        /// What it said.
        words: String,
    },
    /// Ironbook's own sources are not where they were when it was compiled.
    #[error("Ironbook's sources are not in {}", path.display())]
    NoSource {
        /// Where they were looked for.
        path: PathBuf,
    },
    /// An installed copy lacks files.
    #[error("the installed copy of Ironbook in {} is incomplete", path.display())]
    Damaged {
        /// Where it is.
        path: PathBuf,
    },
    /// An installed copy was built by a compiler that is not here.
    #[error("this copy of Ironbook was built by {needed}, and compiled Rust fits that compiler only; {found}")]
    InstalledRustc {
        /// The compiler that built it.
        needed: String,
        /// What is there instead, in words.
        found: String,
        /// Its name for rustup.
        toolchain: String,
    },
    /// A file could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Missing {
    /// What the user can do.
    pub fn remedy(&self) -> String {
        match self {
            Missing::NotBuilt | Missing::SourcesChanged | Missing::OtherRustc { .. } => {
                "run `ironbook setup`; it compiles the libraries once".into()
            }
            Missing::NoRustc { .. } => "install Rust from https://rustup.rs, or put its `bin` directory in PATH".into(),
            Missing::RustcBroken { .. } => {
                "try `rustc -vV` in a terminal; `rustup toolchain install stable` mends most".into()
            }
            Missing::Damaged { .. } => {
                "install it again, from the archive or with `pip install --force-reinstall`".into()
            }
            Missing::InstalledRustc { toolchain, .. } => format!(
                "run `rustup toolchain install {toolchain}` (rustup is at https://rustup.rs; Ironbook finds that compiler \
                 whatever the default one is), or build Ironbook from its sources with the compiler you have"
            ),
            Missing::NoSource { .. } => "set IRONBOOK_SOURCE to the directory of the cloned repository".into(),
            Missing::Read { .. } => "check the file and its permissions".into(),
        }
    }

    /// Whether [`Library::build`](super::Library::build) would mend it.
    pub fn can_build(&self) -> bool {
        matches!(self, Missing::NotBuilt | Missing::SourcesChanged | Missing::OtherRustc { .. })
    }
}

impl From<&Missing> for Failure {
    fn from(missing: &Missing) -> Failure {
        Failure::new(FailureKind::Environment, "library", missing.to_string()).hint(missing.remedy())
    }
}

/// Why [`Library::build`](super::Library::build) failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Something is missing that a build cannot make.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// An installed copy is asked for what only sources can make.
    #[error("{what} needs Ironbook's sources, and this is an installed copy without them")]
    NoSources {
        /// What was asked for.
        what: &'static str,
    },
    /// There is no cargo.
    #[error("no cargo was found (looked in PATH and in {})", cargo_bin.display())]
    NoCargo {
        /// Where rustup puts its programs.
        cargo_bin: PathBuf,
    },
    /// There is no C linker.
    #[error("the linker `cc` was not found")]
    NoLinker,
    /// The disk is full.
    #[error("the disk is full ({})", path.display())]
    DiskFull {
        /// What was being written.
        path: PathBuf,
    },
    /// The crates could not be downloaded.
    #[error("the crates could not be downloaded")]
    Download {
        /// The last lines that cargo wrote.
        lines: Vec<String>,
    },
    /// A crate did not compile.
    #[error("the standard library did not compile")]
    Compile {
        /// The last lines that the compiler wrote.
        lines: Vec<String>,
    },
    /// The language service did not compile.
    #[error("the language service did not compile; everything else works without it")]
    Language {
        /// The last lines that the compiler wrote.
        lines: Vec<String>,
    },
    /// The progress callback asked to stop.
    #[error("the build was interrupted; what is compiled is kept")]
    Interrupted,
    /// cargo's answer lacks something.
    #[error("cargo's report of the build lacks {what}")]
    Unexpected {
        /// What was not in it.
        what: String,
    },
    /// CUDA's toolkit is missing or does not work.
    #[error("{words}")]
    Cuda {
        /// What is wrong.
        words: String,
        /// What to do.
        advice: String,
    },
    /// A file or process could not be used.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl BuildError {
    /// An I/O error in words; a full disk is recognised.
    pub(super) fn io(action: &'static str, path: impl Into<PathBuf>, source: io::Error) -> BuildError {
        let path = path.into();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => BuildError::DiskFull { path },
            _ => BuildError::Io { action, path, source },
        }
    }

    /// What the user can do.
    pub fn remedy(&self) -> String {
        match self {
            BuildError::Missing(missing) => missing.remedy(),
            BuildError::NoSources { .. } => {
                "clone the repository and set IRONBOOK_SOURCE to it; `ironbook setup` then builds the library from there".into()
            }
            BuildError::NoCargo { .. } => "install Rust from https://rustup.rs, or put its `bin` directory in PATH".into(),
            BuildError::NoLinker => "install a C compiler: `apt-get install gcc libc6-dev`, or your system's like".into(),
            BuildError::DiskFull { .. } => "free some space (a first build needs about 6 GB), or set CARGO_TARGET_DIR and IRONBOOK_HOME to another disk".into(),
            BuildError::Download { .. } => "check the network and run `ironbook setup` again; nothing is lost".into(),
            BuildError::Compile { .. } | BuildError::Unexpected { .. } => {
                "run `cargo rustc -p ironbook-runtime --lib -- -C prefer-dynamic` in Ironbook's sources to see it whole".into()
            }
            BuildError::Language { .. } => "`cargo build -p ironbook-language` in Ironbook's sources shows it whole; `ironbook setup --no-language` does without".into(),
            BuildError::Interrupted => "run `ironbook setup` to go on where it stopped".into(),
            BuildError::Cuda { advice, .. } => advice.clone(),
            BuildError::Io { .. } => "check the path and its permissions, or set IRONBOOK_HOME and CARGO_TARGET_DIR to directories that can be written".into(),
        }
    }

    /// The last lines that cargo or the compiler wrote, if it was they who failed.
    pub fn lines(&self) -> &[String] {
        match self {
            BuildError::Download { lines } | BuildError::Compile { lines } | BuildError::Language { lines } => lines,
            _ => &[],
        }
    }
}

impl From<&BuildError> for Failure {
    fn from(error: &BuildError) -> Failure {
        let mut failure = Failure::new(FailureKind::Environment, "library", error.to_string());
        failure.report.extend(error.lines().iter().cloned());
        failure.hint(error.remedy())
    }
}
