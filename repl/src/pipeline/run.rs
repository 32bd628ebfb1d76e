//! `ironbook pipeline run`: the program of a version, with its own options.

use crate::terminal::Terminal;
use crate::{Error, setup};
use clap::Args;
use ironbook_pipeline::folder::{Folder, project};
use ironbook_promotion as promotion;
use ironbook_session::library::{Library, Paths};
use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

/// Examples below the help.
pub const HELP: &str = "\
Examples:
  ironbook pipeline run late-flights                                   the highest version; does nothing if nothing has changed
  ironbook pipeline run late-flights@1.3.0 -p n_estimators=400
  ironbook pipeline run late-flights --data flights=data/2024.parquet --promote
  ironbook pipeline run late-flights --help                            all options of the program

What follows the version is the program's: -p NAME=VALUE, --params FILE, --data NAME=PATH, --jobs N, --force, --only STAGE, ...
With --promote, the same code on the given data becomes the next version once the run has gone well.";

/// `ironbook pipeline run`.
#[derive(Args, Debug)]
pub struct Run {
    /// The version: NAME, NAME@1.3.0, NAME@1, NAME@latest
    #[arg(value_name = "NAME[@VERSION]", allow_hyphen_values = true)]
    version: String,

    /// Options of the program, and --promote
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTIONS")]
    rest: Vec<OsString>,
}

/// Runs it; the status that the command exits with.
///
/// # Errors
/// When there is no such version, or its program cannot be built.
pub fn run(run: &Run, folder: &Folder, paths: &Paths, terminal: &Terminal) -> Result<u8, Error> {
    if ["-h", "--help"].contains(&run.version.as_str()) {
        let mut command = crate::cli::command();
        let own = ["pipeline", "run"].iter().try_fold(&mut command, |command, name| command.find_subcommand_mut(name));
        let help = own.map(|own| own.render_long_help().to_string()).unwrap_or_default();
        terminal.out(&help);
        return Ok(0);
    }
    let found = folder.resolve(&run.version)?;
    let library = || -> Option<Library> { setup::ready(paths, terminal).ok() };
    let program = promotion::program(&found.definition, &found.directory, (paths, &library))
        .map_err(|error| not_built(&error))?;
    let promote = run.rest.iter().any(|word| word == "--promote");
    let mut command = Command::new(&program);
    // The program's file has the name of a hash, which would stand in its help.
    command.arg0(&found.definition.name).arg("run").args(run.rest.iter().filter(|word| *word != "--promote"));
    let failed = |source| Error::Pipeline {
        words: format!("{} cannot be started: {source}", program.display()),
        remedy: "run it again; if that does not help, remove the file".to_owned(),
    };
    if !promote {
        // The program takes this process over: signals and the terminal are its own.
        return Err(failed(command.exec()));
    }
    let data = data(&run.rest);
    if data.is_empty() {
        return Err(Error::Pipeline {
            words: "--promote makes the next version of other data, and none is given".to_owned(),
            remedy: "add --data NAME=PATH".to_owned(),
        });
    }
    let status = command.status().map_err(failed)?;
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    if code != 0 {
        return Ok(code);
    }
    let here = std::env::current_dir().map_err(|source| Error::Read { path: PathBuf::from("."), source })?;
    let (version, directory) =
        promotion::with_data(&found.definition, &found.directory, &data, &project(&here)).map_err(Error::from)?;
    terminal.out(&format!(
        "{} {version}: the same code on other data\n{}\n",
        found.definition.name,
        directory.display()
    ));
    Ok(0)
}

/// `--data NAME=PATH`, as often as it is there.
fn data(words: &[OsString]) -> Vec<(String, PathBuf)> {
    let texts: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let mut out = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        let given = match text.strip_prefix("--data") {
            Some("") => texts.get(at + 1).map(String::as_str),
            Some(rest) => rest.strip_prefix('='),
            None => None,
        };
        if let Some((name, path)) = given.and_then(|given| given.split_once('=')) {
            out.push((name.to_owned(), PathBuf::from(path)));
        }
    }
    out
}

fn not_built(error: &promotion::BuildError) -> Error {
    Error::Pipeline {
        words: error.to_string(),
        remedy: "`cargo run -- run` in the version's directory builds it from its own sources".to_owned(),
    }
}
