//! `ironbook run`: a notebook or script from its first cell to its last, and the executed notebook written.

use crate::cli::Run;
use crate::interrupt::{Interrupts, Press};
use crate::kernel::{Cache, Kernel, Start};
use crate::notebook::{self, Cell, Kind, Notebook};
use crate::screen::Screen;
use crate::terminal::{Style, Terminal, seconds, shortened, took};
use crate::{Error, parameters, script, setup};
use ironbook_magics::files::beside;
use ironbook_magics::outputs::Recorder;
use ironbook_magics::{CellOutcome, ShellHandle};
use ironbook_session::library::Paths;
use ironbook_session::{FailureKind, Status};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Exit status when a cell failed.
const FAILED: u8 = 1;
/// Exit status after Ctrl-C, as shells have it.
const INTERRUPTED: u8 = 130;
/// Exit status when the system asked for the end.
const TERMINATED: u8 = 143;
/// While it runs, the notebook is written this often at most.
const WRITE_PERIOD: Duration = Duration::from_secs(5);
/// The tag of a cell that is meant to fail, as Jupyter's tools know it.
const RAISES: &str = "raises-exception";

/// Runs the file; the status that the command exits with.
///
/// # Errors
/// When the file cannot be read, the output not be written, or the session not be started.
pub fn run(options: &Run, paths: &Paths) -> Result<u8, Error> {
    let terminal = Terminal::detect();
    let mut notebook = read(&options.file, options.force)?;
    parameters::inject(&mut notebook, &options.parameters)?;
    if let Some(output) = &options.output {
        check_output(output)?;
    }
    let library = setup::ready(paths, &terminal)?;
    let start = Start {
        paths,
        library,
        directory: directory_of(&options.file)?,
        opt: &options.opt,
        cache: Cache::from_flag(options.no_cache),
    };
    let interrupts = Interrupts::listen();
    let mut job = Job {
        kernel: Kernel::start(start)?,
        interrupts,
        screen: Screen::new(terminal),
        recorder: Recorder::default(),
        notebook,
        executed: Vec::new(),
        output: options.output.as_deref(),
        written: Instant::now(),
        compile_s: 0.0,
    };
    connect(&job.interrupts, job.kernel.handle(), &job.screen.terminal);
    let began = Instant::now();
    let failed = job.cells(options.keep_going);
    let written = job.write();
    let status = job.conclude(&failed, began.elapsed().as_secs_f64());
    match written {
        Ok(()) => {
            if let Some(path) = &options.output {
                job.screen.say(&format!("written: {}", path.display()));
            }
            Ok(status)
        }
        Err(error) => {
            job.rescue();
            Err(error)
        }
    }
}

/// The first press interrupts the cell, the second ends its process.
pub(crate) fn connect(interrupts: &Interrupts, handle: ShellHandle, terminal: &Terminal) {
    let terminal = terminal.clone();
    interrupts.on_press(move |press| {
        if terminal.live && press != Press::Terminate {
            // The terminal has echoed `^C` where the cursor stood.
            terminal.err("\n");
        }
        match press {
            Press::First => handle.interrupt(),
            Press::Again | Press::Terminate => handle.kill(),
        }
    });
}

/// Whether notebooks of other languages are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OtherLanguages {
    /// They are not.
    Refused,
    /// They are, as the user said.
    Read,
}

/// Reads a notebook or a script.
fn read(path: &Path, force: bool) -> Result<Notebook, Error> {
    let others = if force { OtherLanguages::Read } else { OtherLanguages::Refused };
    notebook_of(&text_of(path)?, path, others)
}

/// The text of a notebook or a script.
pub(crate) fn text_of(path: &Path) -> Result<String, Error> {
    let bytes = std::fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    String::from_utf8(bytes)
        .map_err(|_| Error::NotNotebook { path: path.to_owned(), lacks: "it is not UTF-8 text".into() })
}

/// The notebook that a file's text is; `path` decides by its ending.
pub(crate) fn notebook_of(text: &str, path: &Path, others: OtherLanguages) -> Result<Notebook, Error> {
    match path.extension().and_then(|extension| extension.to_str()).unwrap_or("") {
        "rs" => return Ok(script::parse(text)),
        "ipynb" => {}
        _ if text.trim_start().starts_with('{') => {}
        _ => return Err(Error::FileKind { path: path.to_owned() }),
    }
    let notebook = notebook::parse(text, path)?;
    match notebook.language() {
        Some(language) if language != "rust" && language != "ironbook" && others == OtherLanguages::Refused => {
            Err(Error::OtherLanguage { path: path.to_owned(), language })
        }
        _ => Ok(notebook),
    }
}

/// Refuses an output that could not be written, before anything runs.
fn check_output(path: &Path) -> Result<(), Error> {
    if path.extension().is_none_or(|extension| extension != "ipynb") {
        return Err(Error::OutputKind { path: path.to_owned() });
    }
    let failed = |source| Error::Write { path: path.to_owned(), source };
    if path.is_dir() {
        return Err(failed(std::io::ErrorKind::IsADirectory.into()));
    }
    beside(path).map_err(failed).map(drop)
}

/// The directory of the file: its cells name their data relative to it, as in Jupyter.
pub(crate) fn directory_of(file: &Path) -> Result<PathBuf, Error> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    folder.canonicalize().map_err(|source| Error::Read { path: folder.to_owned(), source })
}

struct Job<'a> {
    kernel: Kernel,
    interrupts: Interrupts,
    screen: Screen,
    recorder: Recorder,
    notebook: Notebook,
    /// For each recorded cell its place in the notebook and its execution count.
    executed: Vec<(usize, u64)>,
    output: Option<&'a Path>,
    written: Instant,
    compile_s: f64,
}

impl Job<'_> {
    /// Runs the cells; the numbers of those that failed.
    fn cells(&mut self, keep_going: bool) -> Vec<usize> {
        for cell in &mut self.notebook.cells {
            if cell.kind() == Kind::Code {
                cell.set_outputs(Vec::new(), None);
            }
        }
        let has_code = |cell: &Cell| cell.kind() == Kind::Code && !cell.source().trim().is_empty();
        let code: Vec<usize> =
            (0..self.notebook.cells.len()).filter(|at| has_code(&self.notebook.cells[*at])).collect();
        let mut failed = Vec::new();
        for (index, at) in code.iter().enumerate() {
            if self.interrupts.any() {
                break;
            }
            self.heading(index + 1, code.len(), *at);
            let outcome = self.cell(*at);
            let expected = self.notebook.cells[*at].has_tag(RAISES);
            if let Status::Failed(failure) = &outcome.status
                && !expected
            {
                failed.push(index + 1);
                if !keep_going || failure.kind == FailureKind::Environment {
                    break;
                }
            }
            if self.written.elapsed() >= WRITE_PERIOD {
                // At the end it is written once more, and what is wrong then is told.
                drop(self.write());
            }
        }
        failed
    }

    /// Runs one cell, showing and recording what it puts out.
    fn cell(&mut self, at: usize) -> CellOutcome {
        let count = self.executed.len() as u64 + 1;
        self.executed.push((at, count));
        self.recorder.begin();
        let (source, id) = (self.notebook.cells[at].source(), self.notebook.cells[at].id().to_owned());
        let Job { kernel, screen, recorder, .. } = self;
        let outcome = kernel.run(&source, Some(&id), &mut |event| {
            screen.event(&event);
            recorder.event(&event, count);
        });
        screen.end();
        if let Status::Failed(failure) = &outcome.status {
            screen.failure(failure);
            recorder.failure(failure);
        }
        let compile_s: f64 = outcome.executions.iter().map(|execution| execution.timing.compile_s).sum();
        self.compile_s += compile_s;
        let times = format!("  {}", took(outcome.seconds, compile_s));
        let times = self.screen.terminal.paint(Style::Dim, &times);
        self.screen.say(&times);
        outcome
    }

    /// `[3/12] let flights = read_csv("flights.csv")?;`
    fn heading(&mut self, number: usize, total: usize, at: usize) {
        let terminal = &self.screen.terminal;
        let cell = &self.notebook.cells[at];
        let source = cell.source();
        let first = source.lines().find(|line| !line.trim().is_empty()).unwrap_or("");
        let first = shortened(first.trim_end(), terminal.width.saturating_sub(12).max(20));
        let line = format!("{} {first}", terminal.paint(Style::Bold, &format!("[{number}/{total}]")));
        self.screen.say(&line);
    }

    /// Writes the notebook with the outputs so far.
    fn write(&mut self) -> Result<(), Error> {
        let Some(path) = self.output else { return Ok(()) };
        for (recorded, (at, count)) in self.executed.iter().enumerate() {
            self.notebook.cells[*at].set_outputs(self.recorder.outputs(recorded), Some(*count));
        }
        self.written = Instant::now();
        notebook::write(&self.notebook, path)
    }

    /// Keeps the executed notebook elsewhere, where its place refuses it: hours of work may be in it.
    fn rescue(&mut self) {
        let name = self.output.and_then(Path::file_stem).unwrap_or_default().to_string_lossy();
        let kept = std::env::temp_dir().join(format!("{name}-{}.ipynb", std::process::id()));
        match notebook::write(&self.notebook, &kept) {
            Ok(()) => self.screen.say(&format!("The executed notebook is kept in {}", kept.display())),
            Err(error) => self.screen.say(&format!("It cannot be kept elsewhere either: {error}")),
        }
    }

    /// Says how it went.
    fn conclude(&mut self, failed: &[usize], took: f64) -> u8 {
        let terminal = self.screen.terminal.clone();
        let cells = match self.executed.len() {
            1 => "1 cell".to_owned(),
            count => format!("{count} cells"),
        };
        let times = format!("{cells} in {}, of which compiling {}", seconds(took), seconds(self.compile_s));
        let (mark, status) = if self.interrupts.any() {
            let status = if self.interrupts.terminated() { TERMINATED } else { INTERRUPTED };
            (terminal.paint(Style::Yellow, "interrupted:"), status)
        } else if failed.is_empty() {
            (terminal.paint(Style::Green, "ok:"), 0)
        } else {
            let list: Vec<String> = failed.iter().map(|number| self.place(*number)).collect();
            (terminal.paint(Style::Red, &format!("failed: {};", list.join(", "))), FAILED)
        };
        self.screen.say(&format!("{mark} {times}"));
        if self.output.is_none() {
            self.screen.say("The outputs are not kept; `-o OUT.ipynb` writes the executed notebook.");
        }
        status
    }

    /// `cell 3`, with its line in a script.
    fn place(&self, number: usize) -> String {
        let line = self.executed.get(number - 1).and_then(|(at, _)| self.notebook.cells[*at].line);
        match line {
            Some(line) => format!("cell {number} (line {line})"),
            None => format!("cell {number}"),
        }
    }
}
