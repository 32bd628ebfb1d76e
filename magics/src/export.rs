//! Which cells of a session go into a file, and what the session knows of their outputs.

use crate::context::{CellRecord, Context};
use crate::convert;
use crate::error::Error;
use crate::files;
use crate::notebook::Cell;
use crate::outputs::{Limits, Recorder};
use crate::script::{self, CellKind, ScriptCell};
use crate::split::is_magic_line;
use ironbook_session::{Event, FailureKind, Status};
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What is remembered of outputs: enough for a long session, and no burden on the machine.
const LIMITS: Limits = Limits { cell: 16 << 20, all: 64 << 20 };
/// The tag of a cell that is meant to fail, as Jupyter's tools know it: what runs a file goes on behind it.
const RAISES: &str = "raises-exception";
/// The magics that write cells to files: a cell of nothing else is no part of the work.
const SAVING: &[&str] = &["%save", "%notebook"];

/// The arguments that say which cells, and how to write.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The file
    #[arg(value_hint = clap::ValueHint::FilePath)]
    pub(crate) file: String,
    /// Cells: `3`, `3-7`, `3-` [default: all that ran to their end]
    cells: Vec<String>,
    /// Take failed cells, too
    #[arg(long)]
    all: bool,
    /// Replace the file
    #[arg(short, long)]
    force: bool,
    /// Add to the file
    #[arg(short, long, conflicts_with = "force")]
    pub(crate) append: bool,
}

/// The outputs of the cells that a shell has run.
#[derive(Debug)]
pub(crate) struct Outputs {
    recorder: Recorder,
    /// Where the recorder has each cell.
    places: BTreeMap<u64, usize>,
    /// Cells that did not end by themselves.
    stopped: BTreeSet<u64>,
}

impl Default for Outputs {
    fn default() -> Self {
        Outputs { recorder: Recorder::bounded(LIMITS), places: BTreeMap::new(), stopped: BTreeSet::new() }
    }
}

impl Outputs {
    pub(crate) fn begin(&mut self, number: u64) {
        self.places.insert(number, self.recorder.count());
        self.recorder.begin();
    }

    pub(crate) fn event(&mut self, event: &Event, number: u64) {
        self.recorder.event(event, number);
    }

    pub(crate) fn end(&mut self, number: u64, status: &Status) {
        if let Status::Failed(failure) = status {
            self.recorder.failure(failure);
            if matches!(failure.kind, FailureKind::Interrupted | FailureKind::Died) {
                self.stopped.insert(number);
            }
        }
    }

    /// Puts what is known of a cell's outputs into it; whether anything was forgotten.
    pub(crate) fn fill(&self, cell: &mut Cell, number: u64) -> bool {
        let place = self.places.get(&number).copied();
        let outputs = place.map(|place| self.recorder.outputs(place)).unwrap_or_default();
        cell.set_outputs(outputs, Some(number));
        place.is_some_and(|place| self.recorder.has_forgotten(place))
    }
}

/// A cell for a file.
pub(crate) struct Chosen {
    /// Its number in the session.
    pub(crate) number: u64,
    /// As a script has it.
    pub(crate) cell: ScriptCell,
}

/// The cells that the arguments name.
///
/// A failed cell that is taken is tagged, so that whatever runs the file goes on behind it; one that was stopped is
/// kept as text: it might never end.
pub(crate) fn chosen(cx: &Context<'_>, args: &Arguments) -> Result<Vec<Chosen>, Error> {
    let cells = &cx.state.cells;
    let mut records: Vec<&CellRecord> = Vec::new();
    if args.cells.is_empty() {
        records.extend(cells.iter().filter(|cell| (cell.ok || args.all) && !only_saves(&cell.text)));
    }
    for word in args.cells.iter().flat_map(|word| word.split(',')).filter(|word| !word.is_empty()) {
        let (first, last) = range(word).ok_or_else(|| wrong(format!("`{word}` is no cell and no range of cells")))?;
        let named = cells.iter().filter(|cell| (first..=last.unwrap_or(u64::MAX)).contains(&cell.number));
        let named: Vec<&CellRecord> = named.collect();
        if named.is_empty() {
            return Err(wrong(format!("there is no cell {word}; {}", so_far(cells))));
        }
        let alone = !word.contains('-');
        records.extend(named.into_iter().filter(|cell| alone || cell.ok || args.all));
    }
    if records.is_empty() {
        let advice = if cells.is_empty() { "nothing has run yet" } else { "`--all` takes cells that failed, too" };
        return Err(Error::Refused { reason: "there are no cells to write".to_owned(), advice: advice.to_owned() });
    }
    let outputs = cx.state.outputs();
    let chosen = records.into_iter().map(|record| {
        let mut cell = script::headed(&record.text);
        if !record.ok && outputs.stopped.contains(&record.number) {
            cell.kind = CellKind::Raw;
        } else if !record.ok && !cell.tags.iter().any(|tag| tag == RAISES) {
            cell.tags.push(RAISES.to_owned());
        }
        Chosen { number: record.number, cell }
    });
    Ok(chosen.collect())
}

fn wrong(message: String) -> Error {
    Error::Arguments {
        magic: "save".to_owned(),
        message,
        advice: vec!["cells are named like `3`, `3-7` or `3-`; `%history -n` shows them".to_owned()],
    }
}

fn so_far(cells: &[CellRecord]) -> String {
    match (cells.first(), cells.last()) {
        (Some(first), Some(last)) if first.number < last.number => {
            format!("the cells so far are {} to {}", first.number, last.number)
        }
        (Some(only), _) => format!("the only cell so far is {}", only.number),
        _ => "nothing has run yet".to_owned(),
    }
}

/// `3`, `3-7`, `3-`: the first and the last cell, if there is a last.
fn range(word: &str) -> Option<(u64, Option<u64>)> {
    let Some((first, last)) = word.split_once('-') else {
        let only = word.parse().ok()?;
        return Some((only, Some(only)));
    };
    let first = first.parse().ok()?;
    match last {
        "" => Some((first, None)),
        // A range of one cell is a range: what failed in it is left out.
        last => last.parse().ok().filter(|last| *last >= first).map(|last| (first, Some(last))),
    }
}

/// Whether a cell does nothing but write cells to files.
fn only_saves(text: &str) -> bool {
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let saves = |line: &str| SAVING.iter().any(|name| line.split_whitespace().next() == Some(name));
    lines().next().is_some() && lines().all(|line| is_magic_line(line) && saves(line))
}

/// The file as the session sees it, with the ending that it should have.
pub(crate) fn target(cx: &Context<'_>, args: &Arguments, ending: &str, other: &str) -> Result<PathBuf, Error> {
    let mut path = cx.path(&args.file);
    match path.extension() {
        None if path.file_name().is_some() && !args.file.ends_with('/') => drop(path.set_extension(ending)),
        Some(given) if given == ending => {}
        _ => {
            return Err(Error::Refused {
                reason: format!("`{}` does not end in .{ending}", args.file),
                advice: other.to_owned(),
            });
        }
    }
    Ok(path)
}

/// What is in the file that is added to.
pub(crate) fn before(path: &Path, args: &Arguments) -> Result<Option<String>, Error> {
    match std::fs::read_to_string(path) {
        _ if !args.append => Ok(None),
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::file("read", path, error)),
    }
}

/// Writes the file whole or not at all; an older one is replaced only if that was asked for.
pub(crate) fn write(path: &Path, args: &Arguments, text: &str) -> Result<(), Error> {
    let may_replace = args.force || args.append;
    let written =
        if may_replace { files::replace(path, text.as_bytes()) } else { files::create(path, text.as_bytes()) };
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Error::Refused {
            reason: format!("`{}` exists already", args.file),
            advice: "`-f` replaces it, `-a` adds to it".to_owned(),
        },
        _ => Error::file("write", path, error),
    })
}

/// `Wrote 5 cells to a.rs`.
pub(crate) fn said(path: &Path, args: &Arguments, count: usize) -> String {
    let shown = path.file_name().map(|name| Path::new(&args.file).with_file_name(name)).unwrap_or_default();
    let cells = if count == 1 { "1 cell".to_owned() } else { format!("{count} cells") };
    let verb = if args.append { "Added" } else { "Wrote" };
    format!("{verb} {cells} to {}", shown.display())
}

/// The notebook's cell of a chosen one, with its outputs; whether some of them were forgotten.
pub(crate) fn with_outputs(cx: &Context<'_>, chosen: &Chosen) -> (Cell, bool) {
    let mut cell = convert::cell(&chosen.cell);
    let forgotten = cell.kind() == CellKind::Code && cx.state.outputs().fill(&mut cell, chosen.number);
    (cell, forgotten)
}
