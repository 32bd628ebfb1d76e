//! `ironbook kernel`: tells Jupyter of Ironbook, and starts a kernel when Jupyter asks for one.

use crate::Error;
use crate::kernel::{Cache, history_path};
use crate::language;
use crate::terminal::{Style, Terminal};
use clap::{Args, Subcommand};
use ironbook_kernel::Life;
use ironbook_kernel::kernelspec::{self, DISPLAY_NAME, Installed, Kernelspec, NAME};
use ironbook_kernel::labextension;
use ironbook_kernel::running::StartedBy;
use ironbook_session::Tier;
use ironbook_session::library::{Library, Paths, find_program};
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// `ironbook kernel`.
#[derive(Debug, Subcommand)]
pub enum KernelCommand {
    /// Tell Jupyter of Ironbook, so that its notebooks can choose it
    #[command(after_long_help = INSTALL_HELP)]
    Install(Install),
    /// Take Ironbook out of Jupyter's list
    Uninstall(Uninstall),
    /// List Ironbook's entries in Jupyter's directories
    List,
    /// Run a kernel; Jupyter calls this
    Start(Start),
}

const INSTALL_HELP: &str = "\
Examples:
  ironbook kernel install                                for your own Jupyter
  ironbook kernel install --sys-prefix                   for the virtual or conda environment that is active
  ironbook kernel install --prefix /opt/jupyter          for the Jupyter of that prefix
  ironbook kernel install --name ironbook-gpu --display-name 'Ironbook (GPU)' --env IRONBOOK_CUDA=1";

/// Where a kernelspec lies; for yourself unless told otherwise.
#[derive(Args, Debug)]
#[group(multiple = false)]
pub struct Place {
    /// Your own Jupyter directory (the default)
    #[arg(long)]
    pub user: bool,

    /// DIR/share/jupyter/kernels
    #[arg(long, value_name = "DIR")]
    pub prefix: Option<PathBuf>,

    /// The prefix of the active virtual or conda environment, or else of `python3`
    #[arg(long)]
    pub sys_prefix: bool,
}

/// `ironbook kernel install`.
#[derive(Args, Debug)]
pub struct Install {
    /// Where.
    #[command(flatten)]
    pub place: Place,

    /// The name by which Jupyter knows it
    #[arg(long, default_value = NAME)]
    pub name: String,

    /// The name that Jupyter shows
    #[arg(long, value_name = "TEXT", default_value = DISPLAY_NAME)]
    pub display_name: String,

    /// An environment variable for the kernel; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable)]
    pub env: Vec<(String, String)>,

    /// Leave JupyterLab without Ironbook's extension, which underlines mistakes while you type
    #[arg(long)]
    pub no_lab: bool,
}

/// `ironbook kernel uninstall`.
#[derive(Args, Debug)]
pub struct Uninstall {
    /// Where.
    #[command(flatten)]
    pub place: Place,

    /// The name by which Jupyter knows it
    #[arg(long, default_value = NAME)]
    pub name: String,
}

/// `ironbook kernel start`.
#[derive(Args, Debug)]
pub struct Start {
    /// Jupyter's connection file
    #[arg(short = 'f', value_name = "FILE")]
    pub connection_file: PathBuf,

    /// How cells are optimised: auto, or a level of rustc
    #[arg(long, value_name = "LEVEL", default_value = "auto", value_parser = ["auto", "0", "1", "2", "3"], hide = true)]
    pub opt: String,

    /// Do not use compiled cells of earlier sessions
    #[arg(long, hide = true)]
    pub no_cache: bool,

    /// A terminal starts it: the connection file's folder is its own
    #[arg(long, hide = true)]
    pub terminal: bool,

    /// End when standard input closes
    #[arg(long, hide = true)]
    pub until_stdin_closes: bool,
}

/// Does what the command says.
///
/// # Errors
/// When a directory cannot be found, read or written, or the kernel cannot start.
pub fn run(command: KernelCommand, paths: &Paths) -> Result<u8, Error> {
    let terminal = Terminal::detect();
    match command {
        KernelCommand::Install(install) => self::install(install, paths, &terminal),
        KernelCommand::Uninstall(uninstall) => {
            let kernels = uninstall.place.kernels()?;
            let folder = kernelspec::uninstall(&kernels, &uninstall.name)?;
            for gone in [Some(folder), labextension::uninstall_unused(&kernels)?].into_iter().flatten() {
                terminal.say(&format!("{} removed {}", terminal.paint(Style::Green, "ok:"), gone.display()));
            }
            Ok(0)
        }
        KernelCommand::List => Ok(list(&terminal)),
        KernelCommand::Start(start) => {
            kernel(start, paths)?;
            Ok(0)
        }
    }
}

/// Runs a kernel in the current directory, which Jupyter sets to the notebook's.
fn kernel(start: Start, paths: &Paths) -> Result<(), Error> {
    let here = Path::new(".");
    let directory = here.canonicalize().map_err(|source| Error::Read { path: here.to_owned(), source })?;
    let variable = |name: &str| env::var(name).ok();
    let cache = Cache::from_flag(start.no_cache);
    let own_cache = cache.folder()?;
    let options = ironbook_kernel::Options {
        connection_file: start.connection_file,
        directory,
        paths: paths.clone(),
        history: history_path(paths),
        log: variable("IRONBOOK_LOG"),
        language: language::program(paths).filter(|program| program.is_file()),
        output_mb: variable("IRONBOOK_OUTPUT_MB").and_then(|text| text.parse().ok()),
        cells: own_cache.as_ref().map(|folder| folder.path().to_owned()),
        tier: start.opt.parse().map_or(Tier::Auto, Tier::Fixed),
        started_by: if start.terminal { StartedBy::Terminal } else { StartedBy::Jupyter },
        // Jupyter's server names the notebook so.
        notebook: variable("JPY_SESSION_NAME").filter(|name| !name.is_empty() && !start.terminal),
        life: if start.until_stdin_closes { Life::Stdin } else { Life::Parent },
    };
    Ok(ironbook_kernel::start(options)?)
}

fn install(install: Install, paths: &Paths, terminal: &Terminal) -> Result<u8, Error> {
    let program = env::current_exe().map_err(|source| Error::Read { path: "ironbook".into(), source })?;
    let spec = Kernelspec {
        program: program.to_string_lossy().into_owned(),
        display_name: install.display_name,
        env: install.env,
    };
    let kernels = install.place.kernels()?;
    let folder = spec.install(&kernels, &install.name)?;
    let name = &spec.display_name;
    terminal.say(&format!("{} {name} is installed in {}", terminal.paint(Style::Green, "ok:"), folder.display()));
    if install.no_lab {
        labextension::remove(&kernels)?;
    } else {
        let folder = labextension::install(&kernels)?;
        terminal.say(&format!("    JupyterLab underlines mistakes while you type, with {}", folder.display()));
    }
    if !searched().contains(&kernels) {
        let data = kernels.parent().unwrap_or(&kernels);
        terminal.say(&format!(
            "    The Jupyter of that prefix finds it there, and others with JUPYTER_PATH={}",
            data.display()
        ));
    }
    if Library::locate(paths).is_err() {
        terminal.say("    The standard library is not ready: run `ironbook setup` before the first notebook.");
    }
    let place = language::Place::find(paths);
    if place.program().is_some_and(|service| !service.is_file()) {
        let words = "The language service, which completes and explains chains, closures and macros, is not there";
        terminal.say(&format!("    {words}: {}.", place.advice()));
    }
    let jupyter = match find_program("jupyter") {
        Some(_) => "start `jupyter lab`",
        None => "install JupyterLab (`pip install jupyterlab`), start `jupyter lab`",
    };
    terminal.say(&format!("    Next: {jupyter} and choose \"{name}\"."));
    Ok(0)
}

/// Lists what Jupyter would find; a program that is gone is marked.
fn list(terminal: &Terminal) -> u8 {
    let found = kernelspec::installed(&searched());
    if found.is_empty() {
        terminal.say("Jupyter does not know Ironbook yet: `ironbook kernel install`");
    }
    for Installed { name, display_name, folder, program } in found {
        let gone = match program.is_file() {
            true => String::new(),
            false => {
                format!("  {} {} is gone; install it again", terminal.paint(Style::Red, "broken:"), program.display())
            }
        };
        terminal.out(&format!("{name}  {display_name}  {}{gone}\n", folder.display()));
    }
    0
}

impl Place {
    /// The directory of kernelspecs.
    fn kernels(&self) -> Result<PathBuf, Error> {
        if let Some(prefix) = &self.prefix {
            // Jupyter may run in another directory.
            let prefix = std::path::absolute(prefix).map_err(|source| Error::Read { path: prefix.clone(), source })?;
            return Ok(kernelspec::prefix_kernels(&prefix));
        }
        if self.sys_prefix {
            let prefix = sys_prefix().ok_or(Error::NoPython)?;
            return Ok(kernelspec::prefix_kernels(&prefix));
        }
        kernelspec::user_kernels(&read).ok_or(Error::NoHome)
    }
}

/// Where Jupyter looks, as far as can be told without it.
fn searched() -> Vec<PathBuf> {
    kernelspec::search_path(&read, sys_prefix().as_deref())
}

/// The prefix of the active environment, or else of the Python in PATH.
fn sys_prefix() -> Option<PathBuf> {
    let active = ["VIRTUAL_ENV", "CONDA_PREFIX"].into_iter().find_map(read);
    active.map(PathBuf::from).or_else(|| {
        let python = find_program("python3").or_else(|| find_program("python"))?;
        prefix_of(&python)
    })
}

fn prefix_of(python: &Path) -> Option<PathBuf> {
    let asked =
        Command::new(python).args(["-c", "import sys; print(sys.prefix)"]).stdin(Stdio::null()).output().ok()?;
    let prefix = String::from_utf8_lossy(&asked.stdout).trim().to_owned();
    (asked.status.success() && !prefix.is_empty()).then(|| prefix.into())
}

/// An environment variable that says something.
fn read(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// Reads `NAME=VALUE`.
fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("it has to be NAME=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_read() {
        assert_eq!(variable("A=b=c"), Ok(("A".into(), "b=c".into())));
        assert_eq!(variable("A="), Ok(("A".into(), String::new())));
        assert!(variable("A").is_err() && variable("=b").is_err());
    }
}
