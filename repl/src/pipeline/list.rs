//! `ironbook pipeline list`.

use super::show::{day, verified_briefly};
use super::table::table;
use crate::Error;
use crate::terminal::Terminal;
use clap::Args;
use ironbook_pipeline::Definition;
use ironbook_pipeline::folder::Folder;
use ironbook_pipeline::version::Version;
use serde_json::{Value, json};

/// `ironbook pipeline list`.
#[derive(Args, Debug)]
pub(super) struct List {
    /// As JSON, for scripts
    #[arg(long)]
    json: bool,
}

/// A pipeline: its versions, and the definition of the last one or what is wrong with it.
struct Row {
    name: String,
    versions: Vec<Version>,
    latest: Result<Definition, String>,
}

pub(super) fn run(list: &List, folder: &Folder, terminal: &Terminal) -> Result<u8, Error> {
    let mut rows = Vec::new();
    for name in folder.names()? {
        let versions = folder.versions(&name)?;
        let latest = folder.resolve(&name).map(|found| found.definition).map_err(|error| error.to_string());
        rows.push(Row { name, versions, latest });
    }
    if list.json {
        terminal.out(&format!("{:#}\n", Value::from(rows.iter().map(as_json).collect::<Vec<_>>())));
    } else if rows.is_empty() {
        terminal.say(&format!("No pipelines in {}. `ironbook promote` makes the first.", folder.root().display()));
    } else {
        let cells: Vec<Vec<String>> = rows.iter().map(cells).collect();
        terminal.out(&table(&["name", "versions", "latest", "promoted", "verified"], &cells, terminal));
    }
    Ok(0)
}

fn cells(row: &Row) -> Vec<String> {
    let (promoted, verified) = match &row.latest {
        Ok(definition) => (day(&definition.origin.promoted), verified_briefly(definition)),
        Err(error) => ("-".to_owned(), format!("not readable: {}", error.lines().next().unwrap_or_default())),
    };
    let latest = row.versions.last().map(Version::to_string).unwrap_or_default();
    vec![row.name.clone(), row.versions.len().to_string(), latest, promoted, verified]
}

fn as_json(row: &Row) -> Value {
    json!({
        "name": row.name,
        "versions": row.versions,
        "latest": row.versions.last(),
        "description": row.latest.as_ref().ok().map(|definition| &definition.description),
        "promoted": row.latest.as_ref().ok().map(|definition| &definition.origin.promoted),
        "verified": row.latest.as_ref().ok().map(|definition| &definition.verified),
        "error": row.latest.as_ref().err(),
    })
}
