//! What an exported program tells of itself.

use super::arguments::Inputs;
use crate::definition::{Definition, Kind};
use crate::program::{self, Functions};
use crate::run::cache::Cache;
use crate::run::data;
use crate::run::error::Result;
use crate::run::{graph as needs, params};
use std::fmt::Write;

/// A table of the stages.
pub(super) fn stages(definition: &Definition, json: bool) -> String {
    if json {
        // A list of plain structs has no reason to fail.
        return serde_json::to_string_pretty(&definition.stages).unwrap_or_default() + "\n";
    }
    let head = ["stage", "takes", "makes", "parameters", "files"].map(str::to_owned);
    let rows = definition.stages.iter().map(|stage| {
        let takes: Vec<String> = stage.inputs.iter().map(|input| format!("{}.{}", input.from, input.name)).collect();
        let makes: Vec<String> =
            stage.outputs.iter().map(|made| format!("{}: {}", made.name, made.type_name)).collect();
        let gate = if stage.kind == Kind::Gate { " (gate)" } else { "" };
        let name = format!("{}{gate}", stage.name);
        [name, takes.join(", "), makes.join(", "), stage.params.join(", "), stage.data.join(", ")]
    });
    table(std::iter::once(head).chain(rows).collect())
}

fn table<const N: usize>(rows: Vec<[String; N]>) -> String {
    let mut widths = [0; N];
    for row in &rows {
        widths.iter_mut().zip(row).for_each(|(width, cell)| *width = (*width).max(cell.chars().count()));
    }
    let line = |row: [String; N]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.into_iter().map(line).collect()
}

/// The graph of the stages: a tree, or a language for drawings.
pub(super) fn graph(definition: &Definition, dot: bool, mermaid: bool) -> Result<String> {
    let needs = needs::needs(definition)?;
    Ok(if dot {
        as_dot(definition)
    } else if mermaid {
        as_mermaid(definition)
    } else {
        as_tree(definition, &needs)
    })
}

/// The maker, the value's name and the taker of each edge.
fn edges(definition: &Definition) -> impl Iterator<Item = (&str, &str, &str)> {
    definition.stages.iter().flat_map(|stage| {
        stage.inputs.iter().map(|input| (input.from.as_str(), input.name.as_str(), stage.name.as_str()))
    })
}

fn as_dot(definition: &Definition) -> String {
    let mut text = format!("digraph \"{}\" {{\n  rankdir=LR;\n  node [shape=box];\n", definition.name);
    for stage in &definition.stages {
        let shape = if stage.kind == Kind::Gate { " [shape=diamond]" } else { "" };
        let _ = writeln!(text, "  \"{}\"{shape};", stage.name);
    }
    for (from, name, to) in edges(definition) {
        let _ = writeln!(text, "  \"{from}\" -> \"{to}\" [label=\"{name}\"];");
    }
    text + "}\n"
}

fn as_mermaid(definition: &Definition) -> String {
    let mut text = "flowchart LR\n".to_owned();
    let id = |name: &str| definition.stages.iter().position(|stage| stage.name == name).unwrap_or_default();
    for (at, stage) in definition.stages.iter().enumerate() {
        let (open, close) = if stage.kind == Kind::Gate { ("{", "}") } else { ("[", "]") };
        let _ = writeln!(text, "  s{at}{open}\"{}\"{close}", stage.name);
    }
    for (from, name, to) in edges(definition) {
        let _ = writeln!(text, "  s{} -->|{name}| s{}", id(from), id(to));
    }
    text
}

/// Each stage below the last of those that it needs.
fn as_tree(definition: &Definition, needs: &[Vec<usize>]) -> String {
    let mut text = format!("{} {}\n", definition.name, definition.version);
    let parent: Vec<Option<usize>> = needs.iter().map(|makers| makers.iter().max().copied()).collect();
    draw(definition, needs, &parent, None, "", &mut text);
    text
}

fn draw(
    definition: &Definition,
    needs: &[Vec<usize>],
    parent: &[Option<usize>],
    of: Option<usize>,
    indent: &str,
    text: &mut String,
) {
    let children: Vec<usize> = (0..parent.len()).filter(|at| parent[*at] == of).collect();
    for (number, at) in children.iter().enumerate() {
        let last = number + 1 == children.len();
        let stage = &definition.stages[*at];
        let gate = if stage.kind == Kind::Gate { " (gate)" } else { "" };
        let others =
            needs[*at].iter().filter(|maker| Some(**maker) != of).map(|at| definition.stages[*at].name.as_str());
        let others: Vec<&str> = others.collect();
        let others = if others.is_empty() { String::new() } else { format!("  <- {}", others.join(", ")) };
        let makes: Vec<&str> = stage.outputs.iter().map(|made| made.name.as_str()).collect();
        let makes = if makes.is_empty() { String::new() } else { format!(": {}", makes.join(", ")) };
        let _ = writeln!(text, "{indent}{}{}{gate}{makes}{others}", if last { "└── " } else { "├── " }, stage.name);
        let deeper = format!("{indent}{}", if last { "    " } else { "│   " });
        draw(definition, needs, parent, Some(*at), &deeper, text);
    }
}

/// Looks at everything that a run needs; what was found, and the exit code.
pub(super) fn validate(functions: &Functions, definition: &Definition, inputs: &Inputs) -> Result<(String, u8)> {
    let mut problems = functions.misfits(definition);
    if let Err(error) = needs::needs(definition) {
        problems.push(error.to_string());
    }
    for target in definition.targets.iter().chain(definition.register.as_ref().map(|register| &register.model)) {
        if let Err(error) = needs::value(definition, target) {
            problems.push(error.to_string());
        }
    }
    let options = inputs.options(definition)?;
    if let Err(error) = params::resolve(definition, &options.sources) {
        problems.push(error.to_string());
    }
    let cache = Cache::open(&options.cache)?;
    let work = cache.work()?;
    for file in &definition.data {
        if let Err(error) = data::resolve([file], &options.data, &options.project, (&cache, work.path())) {
            problems.push(error.to_string());
        }
    }
    if program::edited(functions.source, definition).is_some() {
        problems.push(
            "src/stages.rs was edited after the version was made; promote again for a version of its own".to_owned(),
        );
    }
    Ok(if problems.is_empty() {
        let (stages, params, files) = (definition.stages.len(), definition.params.len(), definition.data.len());
        (
            format!(
                "{} {} is ready: {stages} stages, {params} parameters, {files} files\n",
                definition.name, definition.version
            ),
            0,
        )
    } else {
        (format!("{} problems:\n- {}\n", problems.len(), problems.join("\n- ")), 1)
    })
}
