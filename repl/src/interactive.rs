//! `ironbook` without a command: a session in the terminal; and `ironbook -e`, one cell.

use crate::config::Config;
use crate::editor::{Editor, Known, Prompt, Read, is_private};
use crate::headless::connect;
use crate::interrupt::Interrupts;
use crate::kernel::{Cache, Kernel, Start, history_path};
use crate::notebook::Kind;
use crate::screen::Screen;
use crate::terminal::{Style, Terminal, took};
use crate::{Error, script, setup};
use ironbook_magics::CellOutcome;
use ironbook_session::Status;
use ironbook_session::library::Paths;
use std::io::{self, IsTerminal};
use std::sync::Arc;

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
    let outcome = cell(&mut kernel, &mut screen, code, Trace::History);
    Ok(match outcome.status {
        Status::Ok => 0,
        Status::Failed(_) if interrupts.any() => 130,
        Status::Failed(_) => 1,
    })
}

/// Reads cells and runs them until Ctrl-D; from a pipe, runs what comes as a script in percent format.
///
/// # Errors
/// When no session can be started, or the terminal cannot be used.
pub fn run(options: &Options, config: &Config, paths: &Paths) -> Result<u8, Error> {
    let terminal = Terminal::detect().themed(config.settings.theme);
    let mut screen = Screen::new(terminal);
    let mut kernel = start(options, paths, &screen.terminal)?;
    if !io::stdin().is_terminal() {
        return piped(&mut kernel, &mut screen);
    }
    kernel.ask_user();
    kernel.set_history_file(&history_path(paths));
    let interrupts = Interrupts::listen();
    connect(&interrupts, kernel.handle(), &screen.terminal);
    let known = Arc::new(Known::new(kernel.first_view()));
    let mut editor = Editor::new(&config.settings, &screen.terminal, known.clone())?;
    screen.terminal = editor.informed(&screen.terminal, &config.settings);
    for words in config.complaints() {
        let warning = screen.terminal.paint(Style::Yellow, "warning:");
        screen.say(&format!("{warning} {words}"));
    }
    screen.say(&format!("Ironbook {}. %help for magics, Ctrl-D to quit.", env!("CARGO_PKG_VERSION")));
    let mut prompt = Prompt { number: 1, stale: 0 };
    let mut prefill = String::new();
    for (at, text) in config.settings.startup.iter().enumerate() {
        let outcome = cell(&mut kernel, &mut screen, text, Trace::None);
        if !outcome.status.is_ok() {
            let note = screen.terminal.paint(Style::Cyan, "note:");
            screen.say(&format!("{note} this was cell {} of `startup` in {}", at + 1, config.path.display()));
        }
        known.set(kernel.view());
    }
    while !interrupts.terminated() {
        let read = editor.read(&prompt, &std::mem::take(&mut prefill))?;
        // Answers of the terminal may have come late.
        screen.terminal = editor.informed(&screen.terminal, &config.settings);
        match read {
            Read::Cell(text) if text.trim().is_empty() => {}
            Read::Cell(text) => {
                interrupts.reset();
                let trace = if is_private(&text) { Trace::None } else { Trace::History };
                let outcome = cell(&mut kernel, &mut screen, &text, trace);
                known.set(kernel.view());
                prompt = Prompt { number: kernel.next_number(), stale: known.stale() };
                if let Some(next) = outcome.next_input {
                    prefill = next.text;
                }
            }
            Read::Interrupted => {}
            Read::End => break,
        }
    }
    Ok(0)
}

/// Runs the cells of standard input until one fails.
fn piped(kernel: &mut Kernel, screen: &mut Screen) -> Result<u8, Error> {
    let text = io::read_to_string(io::stdin()).map_err(Error::Terminal)?;
    let interrupts = Interrupts::listen();
    connect(&interrupts, kernel.handle(), &screen.terminal);
    let cells = script::parse(&text).cells;
    let code = cells.iter().filter(|cell| cell.kind() == Kind::Code).map(|cell| cell.source());
    let failed = code.into_iter().any(|source| !cell(kernel, screen, &source, Trace::History).status.is_ok());
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

/// Whether a cell gets a number and a place in the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trace {
    History,
    None,
}

/// Runs and shows one cell.
fn cell(kernel: &mut Kernel, screen: &mut Screen, text: &str, trace: Trace) -> CellOutcome {
    let mut out = |event| screen.event(&event);
    let outcome = match trace {
        Trace::History => kernel.run(text, None, &mut out),
        Trace::None => kernel.run_untraced(text, &mut out),
    };
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
