//! `ironbook promote`: a notebook or script is run from its first cell to its last, and what makes the target becomes a
//! version of a pipeline.

use crate::cli::Promote;
use crate::headless::{OtherLanguages, connect, directory_of, notebook_of, text_of};
use crate::interrupt::Interrupts;
use crate::kernel::{Cache, Kernel, Start};
use crate::notebook::{Kind, Notebook};
use crate::screen::Screen;
use crate::terminal::Terminal;
use crate::{Error, parameters, setup};
use ironbook_promotion::{Options, Page, PageCell, PromoteError, Request, Writing, promote, report};
use ironbook_session::Status;
use ironbook_session::library::Paths;

/// Exit status when a cell failed, or nothing was promoted.
const FAILED: u8 = 1;
/// Exit status after Ctrl-C, as shells have it.
const INTERRUPTED: u8 = 130;

/// Promotes the file; the status that the command exits with.
///
/// # Errors
/// When the file cannot be read, or the session not be started.
pub fn run(options: &Promote, paths: &Paths) -> Result<u8, Error> {
    let terminal = Terminal::detect();
    let mut notebook = notebook_of(&text_of(&options.file)?, &options.file, OtherLanguages::Refused)?;
    parameters::inject(&mut notebook, &options.parameters)?;
    let library = setup::ready(paths, &terminal)?;
    let start = Start {
        paths,
        library: library.clone(),
        directory: directory_of(&options.file)?,
        opt: "auto",
        cache: Cache::Shared,
    };
    let interrupts = Interrupts::listen();
    let mut kernel = Kernel::start(start)?;
    let kept = tempfile::Builder::new().prefix("ironbook-promote-").tempdir();
    let kept = kept.map_err(|source| Error::Write { path: std::env::temp_dir(), source })?;
    let session = kernel.session();
    session.keep_in(kept.path()).map_err(|source| Error::Write { path: kept.path().to_owned(), source })?;
    let mut screen = Screen::new(terminal);
    connect(&interrupts, kernel.handle(), &screen.terminal);
    if !cells(&mut kernel, &notebook, &mut screen, options.quiet) {
        screen.say("nothing was promoted: a cell failed");
        return Ok(if interrupts.any() { INTERRUPTED } else { FAILED });
    }
    let explored = kernel.session().explored(&mut |event| screen.event(&event));
    let explored = explored.map_err(|failure| Error::Environment(Box::new(failure)))?;
    let page = page(&notebook);
    let request = Request {
        options: Options {
            name: options.name.clone(),
            targets: options.target.clone(),
            allow: options.allow.iter().cloned().collect(),
            keep_display: options.keep_display,
        },
        writing: Writing {
            notebook: options.file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            description: options.description.clone(),
            link: options.link.clone(),
        },
        verify: !options.no_verify,
    };
    let promoted = promote(&explored, Some(&page), &request, (paths, &library), &mut |_| {});
    match promoted {
        Ok(promoted) => {
            screen.say(report(&promoted).plain().trim_end());
            let gates = promoted.verdict.as_ref().is_some_and(|verdict| !verdict.gates.is_empty());
            Ok(if gates { FAILED } else { 0 })
        }
        Err(error) => {
            screen.say(&words(&error));
            Ok(FAILED)
        }
    }
}

fn words(error: &PromoteError) -> String {
    format!("not promoted\n\n{error}")
}

/// Runs all cells of code; whether all went well.
fn cells(kernel: &mut Kernel, notebook: &Notebook, screen: &mut Screen, quiet: bool) -> bool {
    for cell in notebook.cells.iter().filter(|cell| cell.kind() == Kind::Code && !cell.source().trim().is_empty()) {
        let outcome = kernel.run(&cell.source(), Some(cell.id()), &mut |event| {
            if !quiet {
                screen.event(&event);
            }
        });
        screen.end();
        if let Status::Failed(failure) = &outcome.status
            && !cell.has_tag("raises-exception")
        {
            screen.failure(failure);
            return false;
        }
    }
    true
}

fn page(notebook: &Notebook) -> Page {
    let code = notebook.cells.iter().filter(|cell| cell.kind() == Kind::Code);
    let cell =
        |cell: &crate::notebook::Cell| PageCell { id: cell.id().to_owned(), text: cell.source(), tags: cell.tags() };
    Page { cells: code.map(cell).collect() }
}
