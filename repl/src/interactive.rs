//! `ironbook` without a command: a session in the terminal; and `ironbook -e`, one cell.

use crate::attached::{self, Target};
use crate::config::Config;
use crate::headless::connect;
use crate::interrupt::Interrupts;
use crate::kernel::{Cache, Kernel, Start};
use crate::notebook::Kind;
use crate::screen::Screen;
use crate::terminal::{Style, Terminal, took};
use crate::{Error, script, setup};
use ironbook_magics::CellOutcome;
use ironbook_session::Status;
use ironbook_session::library::Paths;
use std::io::{self, IsTerminal};

/// Cells that take longer than this tell their time.
const SLOW: f64 = 1.0;

/// How the session is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// `auto`, or a level of rustc.
    pub opt: String,
    /// Whether compiled cells of earlier sessions stay unused.
    pub no_cache: bool,
}

/// Runs code as one cell.
///
/// # Errors
/// When no session can be started.
pub fn evaluate(code: &str, options: &Options, config: &Config, paths: &Paths) -> Result<u8, Error> {
    let mut screen = Screen::new(Terminal::detect().themed(config.settings.theme));
    let mut kernel = start(options, paths, &screen.terminal)?;
    let interrupts = Interrupts::listen();
    connect(&interrupts, kernel.handle(), &screen.terminal);
    let outcome = cell(&mut kernel, &mut screen, code);
    Ok(match outcome.status {
        Status::Ok => 0,
        Status::Failed(_) if interrupts.any() => 130,
        Status::Failed(_) => 1,
    })
}

/// A session in the terminal until Ctrl-D; from a pipe, runs what comes as a script in percent format.
///
/// # Errors
/// When no session can be started or found, or the terminal cannot be used.
pub fn run(options: &Options, config: &Config, paths: &Paths, target: Target) -> Result<u8, Error> {
    if io::stdin().is_terminal() || matches!(target, Target::Existing(_)) {
        return attached::run(options, config, paths, target);
    }
    let mut screen = Screen::new(Terminal::detect().themed(config.settings.theme));
    let mut kernel = start(options, paths, &screen.terminal)?;
    piped(&mut kernel, &mut screen)
}

/// Runs the cells of standard input until one fails.
fn piped(kernel: &mut Kernel, screen: &mut Screen) -> Result<u8, Error> {
    let text = io::read_to_string(io::stdin()).map_err(Error::Terminal)?;
    let interrupts = Interrupts::listen();
    connect(&interrupts, kernel.handle(), &screen.terminal);
    let cells = script::parse(&text).cells;
    let code = cells.iter().filter(|cell| cell.kind() == Kind::Code).map(|cell| cell.source());
    let failed = code.into_iter().any(|source| !cell(kernel, screen, &source).status.is_ok());
    Ok(match failed {
        true if interrupts.any() => 130,
        failed => u8::from(failed),
    })
}

fn start(options: &Options, paths: &Paths, terminal: &Terminal) -> Result<Kernel, Error> {
    let library = setup::ready(paths, terminal)?;
    let here = std::path::Path::new(".");
    let directory = here.canonicalize().map_err(|source| Error::Read { path: here.to_owned(), source })?;
    let cache = Cache::from_flag(options.no_cache);
    Kernel::start(Start { paths, library, directory, opt: &options.opt, cache })
}

/// Runs and shows one cell.
fn cell(kernel: &mut Kernel, screen: &mut Screen, text: &str) -> CellOutcome {
    let outcome = kernel.run(text, None, &mut |event| screen.event(&event));
    screen.end();
    if let Status::Failed(failure) = &outcome.status {
        screen.failure(failure);
    }
    if outcome.seconds >= SLOW && screen.terminal.live {
        let compile_s = outcome.executions.iter().map(|execution| execution.timing.compile_s).sum();
        let times = screen.terminal.paint(Style::Dim, &took(outcome.seconds, compile_s));
        screen.say(&times);
    }
    outcome
}
