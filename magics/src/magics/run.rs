//! `%run`: runs the cells of a file.

use crate::context::Context;
use crate::error::Error;
use crate::magic::{Call, Example, Expect, Lowered, Magic};
use crate::script::{self, CellKind};
use ironbook_session::FailureKind;
use serde_json::Value;
use std::path::Path;

/// `%run`.
pub struct Run;

#[derive(clap::Args)]
struct Arguments {
    /// A script (.rs, its cells split at `// %%`) or a notebook (.ipynb)
    #[arg(value_hint = clap::ValueHint::FilePath)]
    file: String,
}

impl Magic for Run {
    fn name(&self) -> &'static str {
        "run"
    }

    fn summary(&self) -> &'static str {
        "Run the cells of a script or a notebook in this session"
    }

    fn arguments(&self, command: clap::Command) -> clap::Command {
        <Arguments as clap::Args>::augment_args(command)
    }

    fn examples(&self) -> &'static [Example] {
        &[Example { code: "%run no_such_file.rs", expect: Expect::Failed(FailureKind::Magic) }]
    }

    fn lower(&self, call: &Call<'_>) -> Result<Lowered, Error> {
        let args: Arguments = call.args()?;
        Ok(Lowered::action(move |cx| run(cx, &args.file)))
    }
}

fn run(cx: &mut Context<'_>, file: &str) -> Result<(), Error> {
    let path = cx.path(file);
    let text = std::fs::read_to_string(&path).map_err(|source| Error::file("read", &path, source))?;
    let cells = cells(&path, &text)?;
    let identity = std::fs::canonicalize(&path).unwrap_or(path);
    if cx.state.running.contains(&identity) {
        return Err(Error::Refused {
            reason: format!("`{file}` runs itself"),
            advice: "take the `%run` out of it".to_owned(),
        });
    }
    cx.state.running.push(identity);
    let done = cells.iter().try_for_each(|cell| cx.run_cell(cell));
    cx.state.running.pop();
    done
}

/// The texts of the code cells of a file, in order; `path` decides by its ending.
fn cells(path: &Path, text: &str) -> Result<Vec<String>, Error> {
    if path.extension().is_some_and(|extension| extension == "ipynb") {
        return notebook(path, text);
    }
    let code = script::parse(text).into_iter().filter(|cell| cell.kind == CellKind::Code);
    Ok(code.map(|cell| cell.source).collect())
}

fn notebook(path: &Path, text: &str) -> Result<Vec<String>, Error> {
    let wrong = |reason: String| Error::Notebook { path: path.to_owned(), reason };
    let json: Value = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
    let cells = json.get("cells").and_then(Value::as_array).ok_or_else(|| wrong("it has no `cells`".to_owned()))?;
    let code = cells.iter().filter(|cell| cell.get("cell_type").and_then(Value::as_str) == Some("code"));
    code.map(|cell| match cell.get("source") {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Array(lines)) => Ok(lines.iter().filter_map(Value::as_str).collect()),
        _ => Err(wrong("a code cell has no `source`".to_owned())),
    })
    .collect()
}
