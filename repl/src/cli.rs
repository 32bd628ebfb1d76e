//! The command line of `ironbook`.

use crate::attached::Target;
use crate::config::{Config, command as config_command};
use crate::drift::{self, Drift};
use crate::kernel_command::{self, KernelCommand};
use crate::lsp;
use crate::new::{self, New};
use crate::package::{self, Package};
use crate::pipeline::{self, Pipeline};
use crate::sessions::{self, Sessions};
use crate::shell_files::{self, Completions, Man};
use crate::spawned::Lifetime;
use crate::{Error, convert, doctor, existing, headless, interactive, promote, setup, terminal, tool};
use clap::{Args, CommandFactory, Parser, Subcommand};
use ironbook_session::library::Paths;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

/// Rust notebooks for machine learning.
///
/// Without a command, an interactive session starts.
#[derive(Debug, Parser)]
#[command(name = "ironbook", version, max_term_width = 100, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    /// Run this code as one cell, show its outputs, and exit
    #[arg(short = 'e', long = "evaluate", value_name = "CODE")]
    evaluate: Option<String>,

    /// How cells are optimised: auto, or a level of rustc [default: what the configuration says, else auto]
    #[arg(long, value_name = "LEVEL", value_parser = ["auto", "0", "1", "2", "3"])]
    opt: Option<String>,

    /// Do not use compiled cells of earlier sessions
    #[arg(long)]
    no_cache: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a notebook or script from its first cell to its last
    #[command(after_long_help = RUN_HELP)]
    Run(Run),
    /// Run a notebook or script, and turn what makes a variable into a versioned pipeline
    #[command(after_long_help = PROMOTE_HELP)]
    Promote(Promote),
    /// Turn a notebook into a script, or a script into a notebook
    #[command(after_long_help = CONVERT_HELP)]
    Convert(Convert),
    /// Make a project: directories, a first notebook, code with tests, CI
    #[command(after_long_help = new::HELP)]
    New(New),
    /// A session in the terminal; the same as without a command
    #[command(after_long_help = REPL_HELP)]
    Repl(Repl),
    /// List the sessions that run, attach to one, or end some
    Sessions(Sessions),
    /// Compile the standard library, once, and leave it ready
    #[command(after_long_help = SETUP_HELP)]
    Setup(Setup),
    /// Check compiler, linker, library, disk and GPU, and say what to do
    Doctor,
    /// Show and change the configuration of the terminal session
    #[command(after_long_help = config_command::HELP)]
    Config {
        #[command(subcommand)]
        command: Option<config_command::ConfigCommand>,
    },
    /// Let Jupyter know of Ironbook
    #[command(subcommand)]
    Kernel(KernelCommand),
    /// Pack Ironbook for machines without its sources: an archive to unpack anywhere, and a Python wheel
    #[command(after_long_help = package::HELP)]
    Package(Package),
    /// Help an editor with scripts and notebooks: a language server on standard input and output
    #[command(after_long_help = lsp::HELP)]
    Lsp(Lsp),
    /// Print the completions of a shell
    #[command(after_long_help = shell_files::COMPLETIONS_HELP)]
    Completions(Completions),
    /// Print the manual page, or write those of all commands
    #[command(after_long_help = shell_files::MAN_HELP)]
    Man(Man),
    /// Serve, show and move tracked runs: an MLflow-compatible server with a page of its own, import, export, sync
    Track(ironbook_tracking::cli::TrackArgs),
    /// Serve a model over HTTP: MLflow's scoring protocol, the Open Inference Protocol, a page to try it
    #[command(disable_help_flag = true)]
    Serve {
        /// The model and the options; `ironbook serve --help` explains them
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "MODEL|OPTIONS")]
        arguments: Vec<OsString>,
    },
    /// List, show, compare and export versions of pipelines
    #[command(after_long_help = pipeline::HELP)]
    Pipeline(Pipeline),
    /// Compare data, or what a server has logged, with a reference: which columns have drifted
    #[command(after_long_help = drift::HELP)]
    Drift(Box<Drift>),
}

const REPL_HELP: &str = "\
Examples:
  ironbook repl                                 a session that ends with the terminal
  ironbook repl --keep                          one that goes on when you leave
  ironbook repl --resume                        goes on with the last session of this directory that ended
  ironbook repl --existing                      the session that was started last, a notebook's for instance
  ironbook repl --existing 3fa9c1               the one with this identity in `ironbook sessions`
  ironbook repl --existing kernel-4d1c.json     the one of a connection file, here or in Jupyter's runtime directory";

/// `ironbook repl`.
#[derive(Args, Clone, Debug)]
pub struct Repl {
    /// Attach to a running session: its identity, its connection file, or the one that was started last
    #[arg(long, value_name = "FILE|ID", num_args = 0..=1, default_missing_value = "")]
    pub existing: Option<String>,

    /// Go on with a session that ended or was killed: this one, or the last of this directory
    #[arg(long, value_name = "ID", num_args = 0..=1, default_missing_value = "", conflicts_with = "existing")]
    pub resume: Option<String>,

    /// Let the session go on when the terminal is left
    #[arg(long, conflicts_with = "existing")]
    pub keep: bool,

    /// Do not use compiled cells of earlier sessions
    #[arg(long, conflicts_with = "existing")]
    pub no_cache: bool,

    /// How cells are optimised: auto, or a level of rustc
    #[arg(long, value_name = "LEVEL", value_parser = ["auto", "0", "1", "2", "3"], conflicts_with = "existing")]
    pub opt: Option<String>,
}

/// `ironbook lsp`.
#[derive(Args, Clone, Debug)]
pub struct Lsp {
    /// Know the variables of a running session, too: its identity, its connection file, or the one that was started last
    #[arg(long, value_name = "FILE|ID", num_args = 0..=1, default_missing_value = "")]
    pub existing: Option<String>,
    /// Hints that are not given; in a cell: // ironbook: allow(unwrap)
    #[arg(long, value_name = "HINT", value_delimiter = ',', value_parser = hints())]
    pub allow: Vec<String>,
}

/// The names of the notebook's own hints.
fn hints() -> Vec<&'static str> {
    let names = ironbook_session::check::lints::ALL.iter().filter_map(|lint| lint.strip_prefix("ironbook::"));
    names.chain(["all"]).collect()
}

const SETUP_HELP: &str = "\
Examples:
  ironbook setup                            the library for the CPU, and the language service
  ironbook setup --no-language              the library alone
  ironbook setup --cuda                     the library for NVIDIA GPUs, beside it; sessions use it where there is a driver
  ironbook setup --cuda --compute-cap 90    the same on a machine without the GPU that it is for
  ironbook setup --cpu                      back to the CPU";

/// `ironbook setup`.
#[derive(clap::Args, Debug)]
pub struct Setup {
    /// Build it for NVIDIA GPUs; a CUDA toolkit is fetched where none is installed
    #[arg(long)]
    pub cuda: bool,

    /// Compute capability of the GPU, 90 for an H100 [default: the GPU of this machine]
    #[arg(long, value_name = "NUMBER", requires = "cuda")]
    pub compute_cap: Option<u32>,

    /// Use the library for the CPU again
    #[arg(long, conflicts_with = "cuda")]
    pub cpu: bool,

    /// Leave out the language service, which completes and explains chains, closures and macros
    #[arg(long)]
    pub no_language: bool,
}

const RUN_HELP: &str = "\
Examples:
  ironbook run report.ipynb -o out.ipynb           execute, write the notebook with its outputs
  ironbook run train.rs -p depth=6 -p name=trees   a script with cells split at `// %%`
  ironbook run report.ipynb --keep-going           go on after a failing cell

Parameters replace the values of the cell tagged `parameters` (in a script: `// %% parameters`).

Exit status: 0 all cells ran; 1 a cell failed; 2 wrong use or unreadable file; 130 interrupted.";

/// What `ironbook run` is told.
#[derive(Clone, Debug, Args)]
pub struct Run {
    /// A notebook (.ipynb) or a script in percent format (.rs)
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Write the executed notebook here; without it, outputs are only shown
    #[arg(short, long, value_name = "OUT.ipynb")]
    pub output: Option<PathBuf>,

    /// Set a value of the cell tagged `parameters`; `-p NAME VALUE` works too
    #[arg(short = 'p', long = "param", visible_alias = "parameters", value_name = "NAME=VALUE")]
    pub parameters: Vec<String>,

    /// Run the remaining cells when one fails
    #[arg(short, long)]
    pub keep_going: bool,

    /// Run although the notebook is for another language
    #[arg(long)]
    pub force: bool,

    /// Do not use compiled cells of earlier runs
    #[arg(long)]
    pub no_cache: bool,

    /// How cells are optimised: auto, or a level of rustc
    #[arg(long, value_name = "LEVEL", default_value = "auto", value_parser = ["auto", "0", "1", "2", "3"])]
    pub opt: String,
}

const PROMOTE_HELP: &str = "\
Examples:
  ironbook promote flights.ipynb --name late-flights                  what the notebook registers, or else makes last
  ironbook promote flights.ipynb --name late-flights -t model -t report
  ironbook promote train.rs --name churn --allow clock

The version is written below `pipelines/` of the project, after it was run twice in clean processes and every value compared
with the notebook's. Exit status: 0 promoted; 1 refused, a cell failed, or a gate did not pass; 2 wrong usage.";

/// `ironbook promote`.
#[derive(Clone, Debug, Args)]
pub struct Promote {
    /// A notebook (.ipynb) or a script in percent format (.rs)
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Name of the pipeline: lower-case letters, digits, `-` and `_`
    #[arg(short, long)]
    pub name: String,

    /// A variable that it is for; may be repeated [default: what was registered or made last]
    #[arg(short, long, value_name = "VARIABLE")]
    pub target: Vec<String>,

    /// Set a value of the cell tagged `parameters`
    #[arg(short = 'p', long = "param", visible_alias = "parameters", value_name = "NAME=VALUE")]
    pub parameters: Vec<String>,

    /// Accept what may keep a run from giving the same
    #[arg(long, value_name = "REASON", value_parser = ["clock", "random", "environment", "file", "statics"])]
    pub allow: Vec<String>,

    /// Keep statements that only show something
    #[arg(long)]
    pub keep_display: bool,

    /// Do not run it before it is published: nothing is proved then
    #[arg(long)]
    pub no_verify: bool,

    /// Use the library's sources where they are, instead of a copy in the version
    #[arg(long, value_name = "DIRECTORY")]
    pub link: Option<PathBuf>,

    /// What it is for, in a sentence
    #[arg(short, long, default_value = "")]
    pub description: String,

    /// Do not show the outputs of the cells
    #[arg(short, long)]
    pub quiet: bool,
}

const CONVERT_HELP: &str = "\
Examples:
  ironbook convert report.ipynb report.rs    a script with cells split at `// %%`, as Jupytext writes them
  ironbook convert train.rs train.ipynb      a notebook to open in Jupyter

Cells, their titles, tags and other metadata stay, there and back again. Outputs and attachments stay in the notebook.";

/// `ironbook convert`.
#[derive(Clone, Debug, Args)]
pub struct Convert {
    /// A notebook (.ipynb) or a script in percent format (.rs)
    #[arg(value_name = "FROM")]
    pub from: PathBuf,

    /// The file to write; its ending says which of both it is
    #[arg(value_name = "TO")]
    pub to: PathBuf,

    /// Replace the file if it is there
    #[arg(short, long)]
    pub force: bool,
}

/// Exit status of wrong use.
pub const USAGE: u8 = 2;

/// The command line, for what is made from it.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    let cli = Cli::parse_from(pair_parameters(std::env::args_os()));
    let paths = Paths::from_env();
    let result = match cli.command {
        Some(Command::Run(run)) => headless::run(&run, &paths),
        Some(Command::Promote(options)) => promote::run(&options, &paths),
        Some(Command::Convert(options)) => convert::run(&options),
        Some(Command::New(options)) => new::run(&options),
        Some(Command::Repl(command)) => repl(&command, &paths),
        Some(Command::Sessions(command)) => sessions::run(command, &paths),
        Some(Command::Setup(setup)) => setup::run(&setup, &paths),
        Some(Command::Doctor) => doctor::run(&paths),
        Some(Command::Config { command }) => config_command::run(command.as_ref(), &paths),
        Some(Command::Kernel(command)) => kernel_command::run(command, &paths),
        Some(Command::Package(package)) => package::run(&package, &paths),
        Some(Command::Lsp(command)) => lsp::run(&command, &paths),
        Some(Command::Completions(wanted)) => Ok(shell_files::run_completions(&wanted, command())),
        Some(Command::Man(wanted)) => shell_files::run_man(&wanted, command()),
        Some(Command::Serve { arguments }) => tool::run("serve", &arguments, &paths),
        Some(Command::Pipeline(command)) => pipeline::run(&command, &paths),
        Some(Command::Drift(options)) => drift::run(&options, &paths),
        Some(Command::Track(track)) => return ironbook_tracking::cli::run(track),
        None => {
            let config = Config::load(&paths);
            let opt = cli.opt.unwrap_or_else(|| config.settings.opt.clone());
            let options = interactive::Options { opt, no_cache: cli.no_cache };
            match cli.evaluate {
                Some(code) => interactive::evaluate(&code, &options, &config, &paths),
                None => interactive::run(&options, &config, &paths, Target::New(Lifetime::Ours)),
            }
        }
    };
    match result {
        Ok(status) => ExitCode::from(status),
        // Whoever pressed Ctrl-C knows.
        Err(Error::Interrupted) => ExitCode::from(Error::Interrupted.status()),
        Err(error) => {
            terminal::complain(&error);
            ExitCode::from(error.status())
        }
    }
}

fn repl(command: &Repl, paths: &Paths) -> Result<u8, Error> {
    let target = match &command.existing {
        Some(named) => Target::Existing(existing::find(named, paths)?),
        None => {
            let lifetime = if command.keep { Lifetime::Kept } else { Lifetime::Ours };
            match &command.resume {
                Some(id) => Target::Resumed((!id.is_empty()).then(|| id.clone()), lifetime),
                None => Target::New(lifetime),
            }
        }
    };
    let config = Config::load(paths);
    let opt = command.opt.clone().unwrap_or_else(|| config.settings.opt.clone());
    let options = interactive::Options { opt, no_cache: command.no_cache };
    interactive::run(&options, &config, paths, target)
}

/// Rewrites papermill's `-p NAME VALUE` as `-p NAME=VALUE`, for the commands that take parameters.
fn pair_parameters(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut rest = arguments;
    let mut out: Vec<OsString> = rest.by_ref().take(2).collect();
    if !out.last().is_some_and(|command| command == "run" || command == "promote") {
        out.extend(rest);
        return out;
    }
    while let Some(argument) = rest.next() {
        let is_parameter = ["-p", "--param", "--parameters"].iter().any(|flag| argument == *flag);
        out.push(argument);
        let lone = |value: &OsString| !value.to_string_lossy().contains('=');
        if is_parameter && let Some(mut name) = rest.next() {
            if lone(&name)
                && let Some(value) = rest.next()
            {
                name.push("=");
                name.push(value);
            }
            out.push(name);
        }
    }
    out
}

impl Error {
    /// The exit status that tells this error.
    fn status(&self) -> u8 {
        match self {
            Error::Environment(_) | Error::Build(_) | Error::Missing(_) | Error::Kernel(_) | Error::Pack { .. } => 1,
            Error::Write { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => 1,
            Error::Interrupted => 130,
            _ => USAGE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn papermills_pairs_are_read() {
        let arguments = ["ironbook", "run", "-p", "a", "1", "-p", "b=2", "-p", "s", "x=y", "f.ipynb"];
        let joined = pair_parameters(arguments.iter().map(OsString::from));
        assert_eq!(joined, ["ironbook", "run", "-p", "a=1", "-p", "b=2", "-p", "s=x=y", "f.ipynb"]);
        let port = ["ironbook", "serve", "-p", "8080", "--log", "requests"];
        assert_eq!(pair_parameters(port.iter().map(OsString::from)), port, "of another command it is something else");
    }
}
