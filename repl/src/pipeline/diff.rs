//! `ironbook pipeline diff`.

use super::table::table;
use super::with_files;
use crate::Error;
use crate::terminal::{Style, Terminal};
use clap::Args;
use ironbook_pipeline::diff::{CodeDifference, Difference, code_diff, diff};
use ironbook_pipeline::folder::{Folder, Found};
use ironbook_pipeline::version::Level;
use serde_json::json;

pub(super) const HELP: &str = "\
Examples:
  ironbook pipeline diff late-flights                                 the last two versions
  ironbook pipeline diff late-flights@1.2.0 late-flights@1.3.0
  ironbook pipeline diff late-flights@1.2.0 late-flights --code       with the code of changed stages

Exit status: 0 also when they differ.";

/// `ironbook pipeline diff`.
#[derive(Args, Debug)]
pub(super) struct Diff {
    /// The older version; alone and without @VERSION, the last two versions are compared
    #[arg(value_name = "OLD")]
    old: String,

    /// The newer version
    #[arg(value_name = "NEW")]
    new: Option<String>,

    /// Show what changed in the code of stages
    #[arg(long)]
    code: bool,

    /// As JSON, for scripts
    #[arg(long)]
    json: bool,
}

pub(super) fn run(options: &Diff, folder: &Folder, terminal: &Terminal) -> Result<u8, Error> {
    let (old, new) = versions(options, folder)?;
    let differences = diff(&old.definition, &new.definition);
    let level = differences.iter().map(|difference| difference.level).max();
    let code = if options.code {
        let sides = ((&old.definition, old.directory.as_path()), (&new.definition, new.directory.as_path()));
        code_diff(sides.0, sides.1).map_err(|error| with_files(&error))?
    } else {
        Vec::new()
    };
    if options.json {
        let words: Vec<String> = differences.iter().map(ToString::to_string).collect();
        let mut value = json!({
            "old": title(&old), "new": title(&new), "level": level, "differences": differences, "words": words,
        });
        if options.code {
            value["code"] = json!(code);
        }
        terminal.out(&format!("{value:#}\n"));
        return Ok(0);
    }
    let reach = match level {
        None => "nothing has changed".to_owned(),
        Some(level) => format!("a {} change", word(level)),
    };
    let head = format!("{} → {}: {reach}", title(&old), title(&new));
    terminal.out(&format!("{}\n", terminal.paint_out(Style::Bold, &head)));
    if !differences.is_empty() {
        terminal.out(&text(&differences, terminal));
    }
    code.iter().for_each(|code| terminal.out(&painted(code, terminal)));
    Ok(0)
}

fn versions(options: &Diff, folder: &Folder) -> Result<(Found, Found), Error> {
    if let Some(new) = &options.new {
        return Ok((folder.resolve(&options.old)?, folder.resolve(new)?));
    }
    let new = folder.resolve(&options.old)?;
    let name = &new.definition.name;
    let known = folder.versions(name)?;
    match known.iter().rev().find(|version| **version < new.version) {
        Some(before) => Ok((folder.resolve(&format!("{name}@{before}"))?, new)),
        None => Err(Error::Pipeline {
            words: format!("{} is the first version of its pipeline", title(&new)),
            remedy: "name two versions: ironbook pipeline diff OLD NEW".to_owned(),
        }),
    }
}

fn title(found: &Found) -> String {
    format!("{}@{}", found.definition.name, found.version)
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Major => "major",
        Level::Minor => "minor",
        Level::Patch => "patch",
    }
}

/// In words, then as a table.
fn text(differences: &[Difference], terminal: &Terminal) -> String {
    let mut out = String::new();
    for difference in differences {
        out.push_str(&format!("- {difference}\n"));
    }
    let dash = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    let value = |value: &Option<String>, there: &str| match value.as_deref() {
        None => "-".to_owned(),
        Some("") => there.to_owned(),
        Some(text) => text.to_owned(),
    };
    let rows: Vec<Vec<String>> = differences
        .iter()
        .map(|one| {
            let values = [value(&one.before, "there"), value(&one.after, "there")];
            let [before, after] = values;
            vec![one.part.to_string(), dash(&one.name), dash(&one.what), before, after, word(one.level).to_owned()]
        })
        .collect();
    out.push('\n');
    out + &table(&["part", "name", "what", "before", "after", "level"], &rows, terminal)
}

fn painted(code: &CodeDifference, terminal: &Terminal) -> String {
    let mut out = format!("\n{}\n", terminal.paint_out(Style::Bold, &code.name));
    for line in code.diff.lines() {
        let style = match line.as_bytes().first() {
            Some(b'+') => Some(Style::Green),
            Some(b'-') => Some(Style::Red),
            Some(b'@') => Some(Style::Cyan),
            _ => None,
        };
        out.push_str(&style.map_or_else(|| line.to_owned(), |style| terminal.paint_out(style, line)));
        out.push('\n');
    }
    out
}
