//! `ironbook` without a command: a session in the terminal; and `ironbook -e`, one cell.

use crate::headless::connect;
use crate::interrupt::Interrupts;
use crate::kernel::{Cache, Kernel, Start, history_path};
use crate::notebook::Kind;
use crate::screen::Screen;
use crate::terminal::{Style, Terminal, shortened, took};
use crate::{Error, script, setup};
use ironbook_assist::{Candidate, Completeness, View, complete, completeness};
use ironbook_magics::CellOutcome;
use ironbook_session::Status;
use ironbook_session::library::Paths;
use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Editor, Helper};
use std::io::{self, IsTerminal};

/// Cells that take longer than this tell their time.
const SLOW: f64 = 1.0;

/// Characters of a candidate in the list.
const WIDTH: usize = 76;

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
pub fn evaluate(code: &str, options: &Options, paths: &Paths) -> Result<u8, Error> {
    let mut screen = Screen::new(Terminal::detect());
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

/// Reads cells and runs them until Ctrl-D; from a pipe, runs what comes as a script in percent format.
///
/// # Errors
/// When no session can be started, or the terminal cannot be used.
pub fn run(options: &Options, paths: &Paths) -> Result<u8, Error> {
    let mut screen = Screen::new(Terminal::detect());
    let mut kernel = start(options, paths, &screen.terminal)?;
    if !io::stdin().is_terminal() {
        return piped(&mut kernel, &mut screen);
    }
    kernel.ask_user();
    kernel.set_history_file(&history_path(paths));
    let interrupts = Interrupts::listen();
    connect(&interrupts, kernel.handle(), &screen.terminal);
    let mut editor = editor(kernel.first_view()).map_err(terminal_error)?;
    let lines = paths.data.join("lines.txt");
    // There is none before the first session.
    drop(editor.load_history(&lines));
    screen.say(&format!("Ironbook {}. %help for magics, Ctrl-D to quit.", env!("CARGO_PKG_VERSION")));
    let mut number = 1;
    let mut prefill = String::new();
    loop {
        let prompt = format!("[{number}]: ");
        match editor.readline_with_initial(&prompt, (&std::mem::take(&mut prefill), "")) {
            Ok(text) if text.trim().is_empty() => {}
            Ok(text) => {
                drop(editor.add_history_entry(text.trim_end()));
                interrupts.reset();
                let outcome = cell(&mut kernel, &mut screen, &text);
                if let Some(input) = editor.helper_mut() {
                    input.view = kernel.view();
                }
                number = outcome.number + 1;
                if let Some(next) = outcome.next_input {
                    prefill = next.text;
                }
                if interrupts.terminated() {
                    break;
                }
            }
            Err(ReadlineError::Interrupted) => screen.say("Ctrl-D quits."),
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(terminal_error(error)),
        }
    }
    // The history is a comfort; a session ends well without it.
    drop(editor.save_history(&lines));
    Ok(0)
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

fn editor(view: View) -> rustyline::Result<Editor<Input, DefaultHistory>> {
    let builder = Config::builder().max_history_size(5000)?.history_ignore_dups(true)?;
    let config = builder.completion_type(CompletionType::List).build();
    let mut editor = Editor::with_config(config)?;
    editor.set_helper(Some(Input { view }));
    Ok(editor)
}

fn terminal_error(error: ReadlineError) -> Error {
    Error::Terminal(match error {
        ReadlineError::Io(error) => error,
        other => io::Error::other(other),
    })
}

/// Tells the editor whether Enter ends the cell, and what could stand at the cursor.
struct Input {
    view: View,
}

impl Validator for Input {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        // What can never be right is run all the same, for the compiler's words on it.
        Ok(match completeness(&self.view, context.input()) {
            Completeness::Incomplete { .. } => ValidationResult::Incomplete,
            _ => ValidationResult::Valid(None),
        })
    }
}

impl Completer for Input {
    type Candidate = Pair;

    fn complete(&self, line: &str, at: usize, _: &rustyline::Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let found = complete(&self.view, line, at);
        let pair = |candidate: Candidate| {
            let about = if candidate.summary.is_empty() { &candidate.signature } else { &candidate.summary };
            let display = shortened(&format!("{}  {about}", candidate.text), WIDTH);
            Pair { display: display.trim_end().to_owned(), replacement: candidate.text }
        };
        Ok((found.range.start, found.candidates.into_iter().map(pair).collect()))
    }
}

impl rustyline::highlight::Highlighter for Input {}

impl rustyline::hint::Hinter for Input {
    type Hint = String;
}

impl Helper for Input {}
