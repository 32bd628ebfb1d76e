//! `%promote`: what was explored becomes a version of a pipeline.

use crate::context::Context;
use crate::error::Error;
use crate::magic::{Call, Example, Expect, Lowered, Magic};
use crate::notebook::{Cell, Notebook};
use crate::script::CellKind;
use ironbook_promotion as promotion;
use ironbook_promotion::{Options, Page, PageCell, PromoteError, Request, Writing};
use ironbook_session::FailureKind;
use ironbook_session::library::Paths;
use std::path::{Path, PathBuf};

/// `%promote`.
pub struct Promote;

#[derive(clap::Args)]
struct Arguments {
    /// Name of the pipeline: lower-case letters, digits, `-` and `_`
    name: String,
    /// A variable that it is for; may be repeated [default: what was registered or made last]
    #[arg(short, long, value_name = "VARIABLE", value_hint = crate::magic::VARIABLE)]
    target: Vec<String>,
    /// Accept what may keep a run from giving the same: clock, random, environment, file, statics
    #[arg(long, value_name = "REASON", value_parser = ["clock", "random", "environment", "file", "statics"])]
    allow: Vec<String>,
    /// Keep statements that only show something
    #[arg(long)]
    keep_display: bool,
    /// Do not run it before it is published: nothing is proved then
    #[arg(long)]
    no_verify: bool,
    /// Use the library's sources where they are, instead of a copy in the version
    #[arg(long, value_name = "DIRECTORY")]
    link: Option<PathBuf>,
    /// The notebook, as it was saved: cells that were edited and not run again are noticed, too
    #[arg(long, value_name = "FILE")]
    notebook: Option<PathBuf>,
    /// What it is for, in a sentence
    #[arg(short, long, default_value = "")]
    description: String,
}

impl Magic for Promote {
    fn name(&self) -> &'static str {
        "promote"
    }

    fn summary(&self) -> &'static str {
        "Turn what makes a variable into a versioned pipeline, run it apart, and compare"
    }

    fn arguments(&self, command: clap::Command) -> clap::Command {
        <Arguments as clap::Args>::augment_args(command)
    }

    fn examples(&self) -> &'static [Example] {
        &[
            Example { code: "%promote late-flights --target model", expect: Expect::Failed(FailureKind::Magic) },
            Example { code: "%promote Not/AName", expect: Expect::Failed(FailureKind::Magic) },
        ]
    }

    fn lower(&self, call: &Call<'_>) -> Result<Lowered, Error> {
        let arguments: Arguments = call.args()?;
        Ok(Lowered::action(move |cx| promote(cx, arguments)))
    }
}

fn promote(cx: &mut Context<'_>, arguments: Arguments) -> Result<(), Error> {
    let Some(library) = cx.engine.library() else {
        return Err(refused("this session has no library to build a pipeline with".to_owned(), ""));
    };
    let saved = arguments.notebook.as_deref().map(|path| page(&cx.engine.directory().join(path))).transpose()?;
    let explored = cx.engine.explored(cx.out)?;
    if explored.session.is_none() {
        let advice = "`ironbook promote FILE --name NAME` runs a notebook or script and promotes it";
        return Err(refused(
            "the values of this session are not kept on disk, so nothing can be compared".to_owned(),
            advice,
        ));
    }
    let notebook = arguments.notebook.as_deref().and_then(Path::file_name);
    let request = Request {
        options: Options {
            name: arguments.name,
            targets: arguments.target,
            allow: arguments.allow.into_iter().collect(),
            keep_display: arguments.keep_display,
        },
        writing: Writing {
            notebook: notebook.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            description: arguments.description,
            link: arguments.link,
        },
        verify: !arguments.no_verify,
    };
    let paths = Paths::from_env();
    let ran = || explored.executions.iter().filter_map(|past| past.cell.as_deref());
    if let Some(saved) =
        saved.as_ref().filter(|saved| ran().next().is_some() && !ran().any(|id| saved.cell(id).is_some()))
    {
        let words = format!("none of the {} cells of the notebook has run in this session", saved.cells.len());
        let advice = "some front ends tell other names of cells than they save: promote without `--notebook`, or run \
                      `ironbook promote FILE --name NAME`";
        return Err(refused(words, advice));
    }
    let page = saved.unwrap_or_else(|| cx.state.page.page(&explored));
    let promoted = promotion::promote(&explored, Some(&page), &request, (&paths, &library), &mut |_| {});
    match promoted {
        Ok(promoted) => {
            cx.show(promotion::report(&promoted));
            Ok(())
        }
        Err(error) => Err(failed(&error)),
    }
}

/// The cells of code of a notebook.
fn page(path: &Path) -> Result<Page, Error> {
    let unread = |why: String| {
        refused(format!("{} cannot be read: {why}", path.display()), "save the notebook, and check the path")
    };
    let text = std::fs::read_to_string(path).map_err(|error| unread(error.to_string()))?;
    let notebook = Notebook::parse(&text).map_err(|error| unread(error.to_string()))?;
    let code = notebook.cells.iter().filter(|cell| cell.kind() == CellKind::Code);
    let cell = |cell: &Cell| PageCell { id: cell.id().to_owned(), text: cell.source(), tags: cell.tags() };
    Ok(Page { cells: code.map(cell).collect() })
}

fn failed(error: &PromoteError) -> Error {
    let advice = match error {
        PromoteError::Refused(_) => "mend it, run what depends on it again, and promote once more; nothing was written",
        PromoteError::NotReproduced(..) => {
            "nothing was published: look for what the code does not say (order of groups, parallel sums, files that changed)"
        }
        PromoteError::Build(_) | PromoteError::Verify(_) => {
            "nothing was published; please report the cells if they do run"
        }
        _ => "nothing was published",
    };
    refused(error.to_string(), advice)
}

fn refused(reason: String, advice: &str) -> Error {
    Error::Refused { reason, advice: advice.to_owned() }
}
