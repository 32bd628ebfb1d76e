//! What can go wrong in the `ironbook` command, outside of cells.

use ironbook_kernel::kernelspec::SpecError;
use ironbook_session::Failure;
use ironbook_session::library::{BuildError, Missing};
use std::io;
use std::path::PathBuf;

/// An error of the command; the first line says what was wrong, [`Error::remedy`] what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file is not there, or cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is there already.
    #[error("{} exists already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The directory of a new project has something in it.
    #[error("{} is not empty", path.display())]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// A project cannot be called so.
    #[error("a project cannot be called `{name}`: {why}")]
    ProjectName {
        /// The name.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The notebook is not JSON.
    #[error("{} is not a notebook: it is not JSON (line {}, column {})", path.display(), source.line(), source.column())]
    NotJson {
        /// The file.
        path: PathBuf,
        /// Where it stops being JSON.
        source: serde_json::Error,
    },
    /// The notebook is JSON of another kind.
    #[error("{} is not a notebook: {lacks}", path.display())]
    NotNotebook {
        /// The file.
        path: PathBuf,
        /// What a notebook would have.
        lacks: String,
    },
    /// The notebook's format is too old or too new.
    #[error("{} is in notebook format {version}; Ironbook reads format 4", path.display())]
    NotebookVersion {
        /// The file.
        path: PathBuf,
        /// Its format.
        version: u64,
    },
    /// The notebook is for another language.
    #[error("{} is a {language} notebook", path.display())]
    OtherLanguage {
        /// The file.
        path: PathBuf,
        /// Its language.
        language: String,
    },
    /// The file is neither a notebook nor a Rust file.
    #[error("{} is neither a notebook (.ipynb) nor a script (.rs)", path.display())]
    FileKind {
        /// The file.
        path: PathBuf,
    },
    /// The output would not be a notebook.
    #[error("the output {} has to end in .ipynb", path.display())]
    OutputKind {
        /// The file.
        path: PathBuf,
    },
    /// A parameter on the command line is not of the form `NAME=VALUE`.
    #[error("the parameter `{text}` is not of the form NAME=VALUE")]
    ParameterForm {
        /// What was given.
        text: String,
    },
    /// There is no cell tagged `parameters`.
    #[error("there is no cell tagged `parameters`, so {names} cannot be set")]
    NoParameters {
        /// What was to be set.
        names: String,
    },
    /// The cell tagged `parameters` does not define it.
    #[error("there is no parameter `{name}`; the parameters are {known}")]
    UnknownParameter {
        /// What was to be set.
        name: String,
        /// What can be set.
        known: String,
    },
    /// A parameter's value is no Rust expression.
    #[error("the value of `{name}` is not a Rust expression: {value}")]
    ParameterValue {
        /// The parameter.
        name: String,
        /// The value.
        value: String,
    },
    /// The cell tagged `parameters` is not Rust.
    #[error("the cell tagged `parameters` does not parse: {words}")]
    ParametersSyntax {
        /// What the parser said.
        words: String,
    },
    /// There is no built library, and a build would not help.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// The library could not be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// Jupyter's entry for Ironbook could not be made or removed.
    #[error(transparent)]
    Kernelspec(#[from] SpecError),
    /// The kernel could not be started.
    #[error(transparent)]
    Kernel(#[from] ironbook_kernel::Error),
    /// A kernel could not be started.
    #[error("cannot start a kernel: {source}")]
    StartKernel {
        /// What the system said.
        source: io::Error,
    },
    /// A path that cannot be passed on as text.
    #[error("the path {} is not in UTF-8", path.display())]
    PathText {
        /// The path.
        path: PathBuf,
    },
    /// A command of the library could not be started.
    #[error("cannot start the library's own executable: {source}")]
    StartTool {
        /// What the system said.
        source: io::Error,
    },
    /// There is no kernel to attach to.
    #[error("cannot attach: {why}")]
    NoKernel {
        /// What is wrong.
        why: String,
    },
    /// Nothing runs.
    #[error("no sessions of Ironbook run")]
    NoSessions,
    /// There is no session of this name.
    #[error("there is no session `{named}`")]
    NoSuchSession {
        /// As the user named it.
        named: String,
        /// What runs.
        known: String,
    },
    /// Several sessions could be meant.
    #[error("`{named}` could be each of {known}")]
    SeveralSessions {
        /// As the user named it.
        named: String,
        /// What could be meant.
        known: String,
    },
    /// The kernel is another program.
    #[error("that kernel is {implementation}, for {language}")]
    OtherKernel {
        /// What it calls itself.
        implementation: String,
        /// Its language.
        language: String,
    },
    /// There is neither an active environment nor a Python.
    #[error("there is no Python environment: neither VIRTUAL_ENV nor CONDA_PREFIX is set, and there is no python3")]
    NoPython,
    /// The user's directory is not known.
    #[error("the directory of your own Jupyter is not known: HOME is not set")]
    NoHome,
    /// What the language service reads could not be gathered.
    #[error("the sources for the language service cannot be gathered: {words}")]
    PackSources {
        /// Why.
        words: String,
    },
    /// The package could not be written.
    #[error("cannot pack {}: {source}", path.display())]
    Pack {
        /// The package, or the file that would be in it.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The session could not be started.
    #[error("{}", .0.message)]
    Environment(Box<Failure>),
    /// The configuration cannot be as it was wanted.
    #[error("{words}")]
    Config {
        /// What is wrong.
        words: String,
    },
    /// A version of a pipeline is not there, or cannot be read or written.
    #[error("{words}")]
    Pipeline {
        /// What is wrong.
        words: String,
        /// What the user can do.
        remedy: String,
    },
    /// The editor does not speak the protocol of language servers.
    #[error(transparent)]
    Editor(Box<ironbook_lsp::Error>),
    /// The terminal could not be used.
    #[error("the terminal cannot be used: {0}")]
    Terminal(#[source] io::Error),
    /// The user interrupted.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// What the user can do.
    pub fn remedy(&self) -> Option<String> {
        Some(match self {
            Error::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                "check the path; it is relative to the current directory".into()
            }
            Error::Read { source, .. } if source.kind() == io::ErrorKind::IsADirectory => "name a file in it".into(),
            Error::Read { .. } => "check the file's permissions".into(),
            Error::Write { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    "the disk is full: free some space, or write elsewhere".into()
                }
                io::ErrorKind::NotFound => "make its directory first, or write elsewhere".into(),
                _ => "write elsewhere, or check the permissions of the file and its directory".into(),
            },
            Error::Exists { .. } => "`--force` replaces it".into(),
            Error::NotEmpty { .. } => "name a directory that is not there yet, or an empty one".into(),
            Error::ProjectName { .. } => "choose another name, for instance: --name late-flights".into(),
            Error::NotJson { .. } | Error::NotNotebook { .. } => {
                "open it in an editor to see what it is; a script in percent format ends in .rs".into()
            }
            Error::NotebookVersion { path, .. } => {
                format!("convert it: jupyter nbconvert --to notebook --nbformat 4 {}", path.display())
            }
            Error::OtherLanguage { .. } => "Ironbook is for Rust; `ironbook run --force` runs it nevertheless".into(),
            Error::FileKind { .. } => "rename it, or pass a notebook or a script".into(),
            Error::OutputKind { .. } => "for instance: -o out.ipynb".into(),
            Error::ParameterForm { .. } => "for instance: -p depth=6".into(),
            Error::NoParameters { .. } => {
                "tag the cell that defines them (Jupyter: cell metadata; script: `// %% parameters`), or begin it with `// parameters`".into()
            }
            Error::UnknownParameter { .. } => "check the spelling, or define it in that cell with `let`".into(),
            Error::ParameterValue { .. } => "quote it for the shell, for instance: -p 'names=vec![1, 2]'".into(),
            Error::ParametersSyntax { .. } => "run the notebook without -p to see the error in full".into(),
            Error::Missing(missing) => missing.remedy(),
            Error::Build(error) => error.remedy(),
            Error::Kernelspec(error) => error.remedy(),
            Error::Kernel(error) => error.remedy().into(),
            Error::StartKernel { .. } => "see `ulimit -u`, `ulimit -n` and `df -h` for the temporary directory".into(),
            Error::PathText { .. } => "rename it, or make a link to it".into(),
            Error::StartTool { .. } => "`ironbook setup` makes the library anew if its files are damaged".into(),
            Error::NoSessions => "`ironbook` starts one, and so does each notebook".into(),
            Error::NoSuchSession { known, .. } => {
                format!(
                    "these run: {known}; a connection file is named by its path, or as it is called in Jupyter's runtime directory"
                )
            }
            Error::SeveralSessions { .. } => "type more of the identity".into(),
            Error::NoKernel { .. } => "`ironbook sessions` lists what runs".into(),
            Error::OtherKernel { .. } => {
                "a terminal of Ironbook attaches to sessions of Ironbook; `ironbook sessions` lists them".into()
            }
            Error::Editor(_) => "`ironbook lsp` is for editors to start; `ironbook lsp --help` says how".into(),
            Error::Config { .. } => "`ironbook config` shows what can be set".into(),
            Error::Pipeline { remedy, .. } => remedy.clone(),
            Error::NoPython | Error::NoHome => "name the place: --prefix DIR".into(),
            Error::PackSources { .. } => {
                "they are gathered in the temporary directory (TMPDIR), about 50 MB; IRONBOOK_LANGUAGE=0 packs without".into()
            }
            Error::Pack { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    "the disk is full: the packages and what they hold need about 1 GB; write elsewhere with --out"
                        .into()
                }
                _ => "check the path and its permissions, or write elsewhere with --out".into(),
            },
            // A failure's report ends with its hints.
            Error::Environment(_) | Error::Terminal(_) | Error::Interrupted => return None,
        })
    }

    /// More lines about it: the end of a failed build, the report of a failed start.
    pub fn details(&self) -> &[String] {
        match self {
            Error::Build(error) => error.lines(),
            Error::Environment(failure) => failure.report.get(1..).unwrap_or_default(),
            _ => &[],
        }
    }
}
