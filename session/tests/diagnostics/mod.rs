//! Compiler messages, panics and errors as the user sees them, with the real rustc on small generated files.

mod backtrace;
mod compile;
mod environment;
mod panic;

use ironbook_session::Failure;
use ironbook_session::diagnostics::{CellText, Cells, Context, Message, Style, parse_messages, report, warnings};
use ironbook_session::map::{Builder, ExecutionId, Glue, Origin, SourceMap};
use std::process::Command;

/// What the engine would put before a cell, without a library.
const HEAD: &str = "mod rt { pub enum Stop { Error(String) } \
impl<E: ::std::fmt::Display + 'static> From<E> for Stop { fn from(e: E) -> Self { Stop::Error(e.to_string()) } } \
pub type CellResult = Result<(), Stop>; pub fn run(f: impl FnOnce() -> CellResult) -> CellResult { f() } \
pub fn put<T: 'static>(_: &str, _: T) {} pub fn take<T>(_: &str) -> T { ::core::unimplemented!() } }\n";

/// A generated crate with its cells.
pub struct Crate {
    builder: Builder,
    cells: Vec<(ExecutionId, String)>,
}

impl Crate {
    /// A crate with the engine's part only.
    pub fn new() -> Self {
        let mut builder = Builder::default();
        builder.glue(HEAD);
        Crate { builder, cells: Vec::new() }
    }

    /// A crate of this text only.
    pub fn of(builder: Builder) -> Self {
        Crate { builder, cells: Vec::new() }
    }

    /// Makes a text known.
    pub fn text(mut self, id: ExecutionId, text: &str) -> Self {
        self.cells.push((id, text.to_owned()));
        self
    }

    /// Adds a cell's text at the root, as an item.
    pub fn items(mut self, id: ExecutionId, text: &str) -> Self {
        self.builder.push(text, Origin::Cell { execution: id, start: 0 });
        self.builder.glue("\n");
        self.cells.push((id, text.to_owned()));
        self
    }

    /// Adds a cell's text as statements, with variables taken before and put after.
    pub fn body(mut self, id: ExecutionId, text: &str, take: &[(&str, &str)], put: &[&str]) -> Self {
        self.builder.glue("pub fn __ironbook_entry() -> rt::CellResult {\n");
        for (name, ty) in take {
            self.builder
                .tagged(&format!("let mut {name} = rt::take::<{ty}>(\"{name}\");"), Glue::Take((*name).to_owned()));
        }
        self.builder.glue("rt::run(|| {\n");
        self.builder.push(text, Origin::Cell { execution: id, start: 0 });
        self.builder.glue("\n;");
        for name in put {
            self.builder.tagged(&format!("rt::put(\"{name}\", {name});"), Glue::Put((*name).to_owned()));
        }
        self.builder.glue("::core::result::Result::Ok(()) }) }\n");
        self.cells.push((id, text.to_owned()));
        self
    }

    /// Compiles it.
    pub fn compile(self) -> Compiled {
        let (generated, map) = self.builder.finish();
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("cell.rs");
        std::fs::write(&file, &generated).unwrap();
        let output = Command::new("rustc")
            .args(["--edition", "2024", "--crate-type", "lib", "--emit=metadata", "--error-format=json"])
            .arg("--out-dir")
            .arg(directory.path())
            .arg(&file)
            .output()
            .unwrap();
        let messages = parse_messages(&String::from_utf8_lossy(&output.stderr));
        Compiled { generated, map, messages, cells: self.cells }
    }
}

/// What the compiler said of it.
pub struct Compiled {
    generated: String,
    pub map: SourceMap,
    pub messages: Vec<Message>,
    cells: Vec<(ExecutionId, String)>,
}

impl Compiled {
    /// The report, without colours.
    pub fn failure(&self) -> Failure {
        self.failure_in(Style::Plain)
    }

    /// The report.
    pub fn failure_in(&self, style: Style) -> Failure {
        let cells = cells(&self.cells);
        report(&self.messages, &self.context(&*cells), style)
    }

    /// The first error.
    pub fn error(&self) -> &Message {
        self.messages.iter().find(|message| message.is_error()).unwrap()
    }

    /// The warnings, without colours.
    pub fn warnings(&self) -> Vec<String> {
        let cells = cells(&self.cells);
        warnings(&self.messages, &self.context(&*cells), Style::Plain)
    }

    fn context<'a>(&'a self, cells: &'a Cells<'a>) -> Context<'a> {
        Context { map: &self.map, generated: &self.generated, cells }
    }
}

/// Finds the texts of cells; the number shown is that of the execution.
pub fn cells(texts: &[(ExecutionId, String)]) -> Box<Cells<'_>> {
    Box::new(|id| {
        let found = texts.iter().find(|(execution, _)| *execution == id)?;
        Some(CellText { number: id, text: found.1.clone() })
    })
}

/// A cell of statements, compiled, as a report without colours.
pub fn cell(text: &str) -> Failure {
    Crate::new().body(3, text, &[], &[]).compile().failure()
}

/// The report's lines as one text.
pub fn drawn(failure: &Failure) -> String {
    failure.report.join("\n")
}

/// Compares a drawing with the expected one, which is indented as the code around it.
#[track_caller]
pub fn same(drawn: &str, expected: &str) {
    let expected = expected.trim_matches('\n').trim_end();
    let indent =
        expected.lines().filter(|line| !line.is_empty()).map(|line| line.len() - line.trim_start().len()).min();
    let cut = |line: &str| line.get(indent.unwrap_or(0)..).unwrap_or_default().to_owned();
    let expected = expected.lines().map(cut).collect::<Vec<_>>().join("\n");
    assert!(drawn == expected, "drawn:\n{drawn}\nexpected:\n{expected}");
}
