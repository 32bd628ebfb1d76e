//! The arguments of an exported program.

use crate::definition::{Definition, FILE};
use crate::folder;
use crate::run::data::DataOptions;
use crate::run::error::{Result, RunError};
use crate::run::files::StageFiles;
use crate::run::params::{Sources, environment};
use crate::run::{RunOptions, cache_of};
use std::num::NonZero;
use std::path::{Path, PathBuf};

/// Variable of the environment with the directory of the cache.
const CACHE: &str = "IRONBOOK_PIPELINE_CACHE";
/// The file of parameters in a version's directory.
const PARAMS: &str = "params.yaml";

#[derive(clap::Parser)]
#[command(arg_required_else_help = true, after_help = AFTER)]
pub(super) struct Program {
    #[command(subcommand)]
    pub(super) command: Command,
}

const AFTER: &str = "Parameters: the default, else params.yaml in the version's directory (or --params), else \
the environment (IRONBOOK_PARAM_NAME), else -p.\n\
Exit codes: 0 done, 1 failed, 2 wrong arguments, 3 a gate has not passed, 130 interrupted.";

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Run what has changed since the last run
    Run(Box<RunArguments>),
    /// List the stages
    Stages {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Draw which stage needs which
    Graph {
        /// In Graphviz's language
        #[arg(long, conflicts_with = "mermaid")]
        dot: bool,
        /// In Mermaid's language
        #[arg(long)]
        mermaid: bool,
    },
    /// Look whether all is there that a run needs; nothing is run
    Validate(Inputs),
    /// Predict the rows of a file with the pipeline's model
    Predict(PredictArguments),
    /// Remove what runs have made
    Cache(CacheArguments),
    /// Compare the values of a run with others
    #[command(hide = true)]
    Compare(CompareArguments),
    /// Write a sample of what each stage takes, and what it makes of it
    #[command(hide = true)]
    Sample(SampleArguments),
}

/// Where a run keeps what it makes.
#[derive(clap::Args)]
pub(super) struct Place {
    /// Directory of the cache [default: .ironbook/pipeline in the project, or IRONBOOK_PIPELINE_CACHE]
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
}

impl Place {
    pub(super) fn cache(&self) -> Result<PathBuf> {
        let set = std::env::var_os(CACHE).filter(|path| !path.is_empty()).map(PathBuf::from);
        match self.cache.clone().or(set) {
            Some(path) => Ok(path),
            None => Ok(cache_of(&project()?)),
        }
    }
}

fn project() -> Result<PathBuf> {
    let here = std::env::current_dir().map_err(|e| RunError::io("find", Path::new("the working directory"), e))?;
    Ok(folder::project(&here))
}

/// What a run depends on.
#[derive(clap::Args)]
pub(super) struct Inputs {
    /// Set a parameter; may be repeated
    #[arg(short = 'p', long = "param", value_name = "NAME=VALUE")]
    param: Vec<String>,
    /// File with `name: value` for each parameter [default: params.yaml of the version]
    #[arg(long, value_name = "FILE")]
    params: Option<PathBuf>,
    /// Read another file; may be repeated
    #[arg(long, value_name = "NAME=PATH")]
    data: Vec<String>,
    /// Run on files that have changed since the version was made
    #[arg(long)]
    allow_changed_data: bool,
    /// Threads of numeric work in each stage; other numbers may change last digits [default: as when the version was made]
    #[arg(long, value_name = "N")]
    threads: Option<NonZero<usize>>,
    #[command(flatten)]
    place: Place,
}

impl Inputs {
    /// A run of all stages, tracked.
    pub(super) fn options(&self, definition: &Definition) -> Result<RunOptions> {
        let file = self.params.clone().or_else(own_params);
        Ok(RunOptions {
            sources: Sources { file, environment: environment(), given: self.param.clone() },
            data: DataOptions::new(definition, &self.data, self.allow_changed_data)?,
            project: project()?,
            cache: self.place.cache()?,
            jobs: None,
            threads: self.threads,
            force: false,
            only: Vec::new(),
            files: StageFiles::default(),
            keep_going: false,
            track: true,
            isolate: false,
            in_process: false,
            quiet: false,
        })
    }
}

/// `params.yaml` beside the definition: in the directory of the crate that cargo runs, else in the working directory.
fn own_params() -> Option<PathBuf> {
    let crate_directory = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let directories = [crate_directory, std::env::current_dir().ok()];
    let own = |directory: &PathBuf| directory.join(FILE).is_file() && directory.join(PARAMS).is_file();
    directories.into_iter().flatten().find(own).map(|directory| directory.join(PARAMS))
}

#[derive(clap::Args)]
pub(super) struct RunArguments {
    #[command(flatten)]
    inputs: Inputs,
    /// Largest number of stages at once [default: the number of cores]
    #[arg(short, long, value_name = "N")]
    jobs: Option<NonZero<usize>>,
    /// Run stages though nothing has changed: those of --only, or all
    #[arg(long)]
    force: bool,
    /// Run this stage and what it needs; may be repeated; `register` stands for the registration
    #[arg(long, value_name = "STAGE")]
    only: Vec<String>,
    /// Take a value of the stage of --only from a file, and let nothing before it run; may be repeated
    #[arg(long, value_name = "NAME=FILE")]
    input: Vec<String>,
    /// Write a value of the stage of --only to a file as well; may be repeated
    #[arg(long, value_name = "NAME=FILE")]
    output: Vec<String>,
    /// After a failure, go on with what does not need the failed stage
    #[arg(long)]
    keep_going: bool,
    /// Neither track the run nor register its model
    #[arg(long)]
    no_track: bool,
    /// Run each stage in a process of its own, and pass all values through the disk
    #[arg(long, conflicts_with = "in_process")]
    isolate: bool,
    /// Run stages in this process, one after the other, without their bounds on time and memory
    #[arg(long)]
    in_process: bool,
    /// Write what the run has come to as JSON to standard output
    #[arg(long)]
    pub(super) json: bool,
    /// Show warnings and failures only
    #[arg(short, long)]
    quiet: bool,
}

impl RunArguments {
    pub(super) fn options(&self, definition: &Definition) -> Result<RunOptions> {
        Ok(RunOptions {
            jobs: self.jobs,
            force: self.force,
            only: self.only.clone(),
            files: StageFiles::read(&self.input, &self.output)?,
            keep_going: self.keep_going,
            track: !self.no_track,
            isolate: self.isolate,
            in_process: self.in_process,
            quiet: self.quiet,
            ..self.inputs.options(definition)?
        })
    }
}

#[derive(clap::Args)]
pub(super) struct PredictArguments {
    /// File with the rows
    #[arg(long, value_name = "FILE")]
    pub(super) batch: PathBuf,
    /// File for the predictions
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: PathBuf,
    #[command(flatten)]
    pub(super) inputs: Inputs,
}

#[derive(clap::Args)]
pub(super) struct CacheArguments {
    /// Remove everything
    #[arg(long, required_unless_present = "prune", conflicts_with = "prune")]
    pub(super) clear: bool,
    /// Remove what was made long ago, what is damaged, and values that belong to nothing
    #[arg(long)]
    prune: bool,
    /// How many days ago is long
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub(super) days: u64,
    #[command(flatten)]
    pub(super) place: Place,
}

#[derive(clap::Args)]
pub(super) struct CompareArguments {
    /// Directory with expected.json and the files that it names
    pub(super) directory: PathBuf,
    #[command(flatten)]
    pub(super) inputs: Inputs,
}

#[derive(clap::Args)]
pub(super) struct SampleArguments {
    /// Directory of the version
    pub(super) directory: PathBuf,
    /// Rows of each value, as long as the stage can be run on them
    #[arg(long, value_name = "N", default_value_t = crate::samples::ROWS)]
    pub(super) rows: usize,
    #[command(flatten)]
    pub(super) inputs: Inputs,
}
