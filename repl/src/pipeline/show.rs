//! `ironbook pipeline show`.

use super::table::table;
use super::tree::tree;
use super::with_files;
use crate::Error;
use crate::terminal::{Style, Terminal};
use clap::Args;
use ironbook_pipeline::Definition;
use ironbook_pipeline::definition::{Changes, Kind, Stage, verify};
use ironbook_pipeline::folder::{Folder, Found};
use serde_json::json;

/// `ironbook pipeline show`.
#[derive(Args, Debug)]
pub(super) struct Show {
    /// The version: NAME, NAME@1.3.0, NAME@1, NAME@latest, or its directory
    #[arg(value_name = "NAME[@VERSION]")]
    version: String,

    /// As JSON, for scripts
    #[arg(long)]
    json: bool,
}

pub(super) fn run(show: &Show, folder: &Folder, terminal: &Terminal) -> Result<u8, Error> {
    let found = folder.resolve(&show.version)?;
    let changes = verify(&found.definition, &found.directory).map_err(|error| with_files(&error))?;
    if show.json {
        let value = json!({
            "definition": found.definition, "directory": found.directory, "changes": changes, "intact": changes.none(),
        });
        terminal.out(&format!("{value:#}\n"));
    } else {
        terminal.out(&text(&found, &changes, terminal));
    }
    Ok(0)
}

fn text(found: &Found, changes: &Changes, terminal: &Terminal) -> String {
    let definition = &found.definition;
    let mut out = terminal.paint_out(Style::Bold, &format!("{} {}", definition.name, definition.version)) + "\n";
    if !definition.description.is_empty() {
        out.push_str(&format!("{}\n", definition.description));
    }
    out.push('\n');
    for (name, words) in facts(found, changes) {
        out.push_str(&format!("{}  {words}\n", terminal.paint_out(Style::Dim, &format!("{name:<9}"))));
    }
    let heading = |words: &str| format!("\n{}\n", terminal.paint_out(Style::Bold, words));
    out.push_str(&heading("Graph"));
    out.push_str(&tree(definition));
    out.push_str(&heading("Stages"));
    let rows: Vec<Vec<String>> = definition.stages.iter().map(stage).collect();
    out.push_str(&table(&["stage", "takes", "makes", "parameters", "data", "limits"], &rows, terminal));
    if !definition.params.is_empty() {
        out.push_str(&heading("Parameters"));
        let cells = |param: &ironbook_pipeline::definition::Param| {
            vec![param.name.clone(), param.type_name.clone(), param.literal(), param.doc.clone()]
        };
        let rows: Vec<Vec<String>> = definition.params.iter().map(cells).collect();
        out.push_str(&table(&["name", "type", "default", "description"], &rows, terminal));
    }
    if !definition.data.is_empty() {
        out.push_str(&heading("Data"));
        let cells = |data: &ironbook_pipeline::definition::Data| {
            vec![data.name.clone(), data.path.clone(), format!("{} B", data.bytes), short(&data.fingerprint)]
        };
        let rows: Vec<Vec<String>> = definition.data.iter().map(cells).collect();
        out.push_str(&table(&["name", "path", "size", "blake3"], &rows, terminal));
    }
    out
}

fn facts(found: &Found, changes: &Changes) -> Vec<(&'static str, String)> {
    let definition = &found.definition;
    let mut out = vec![
        ("directory", found.directory.display().to_string()),
        ("targets", definition.targets.join(", ")),
        ("verified", verified(definition)),
        ("content", content(definition, changes)),
        ("promoted", origin(definition)),
        ("made with", toolchain(definition)),
    ];
    if let Some(register) = &definition.register {
        let alias = if register.alias.is_empty() { String::new() } else { format!(", alias {}", register.alias) };
        out.push(("registers", format!("{} as {}{alias}", register.model, register.name)));
    }
    for allowed in &definition.allowed {
        out.push(("allowed", format!("{}: {}", allowed.name, allowed.why)));
    }
    out
}

/// What the runs in clean processes showed: `yes: 3 of 3 values bit for bit in 2 runs`.
pub(super) fn verified(definition: &Definition) -> String {
    let Some(verified) = &definition.verified else { return "no".to_owned() };
    let mut out = format!("{} in {} runs", verified_briefly(definition), verified.runs);
    if !verified.not_compared.is_empty() {
        out.push_str(&format!("; not compared: {}", verified.not_compared.join(", ")));
    }
    out
}

/// The same without the rest: `yes: 3 of 3 values bit for bit`.
pub(super) fn verified_briefly(definition: &Definition) -> String {
    let Some(verified) = &definition.verified else { return "no".to_owned() };
    let word = if verified.equal == verified.compared { "yes" } else { "no" };
    format!("{word}: {} of {} values bit for bit", verified.equal, verified.compared)
}

fn content(definition: &Definition, changes: &Changes) -> String {
    let hash = short(&definition.content);
    if changes.none() {
        return format!("{hash}, as it was written");
    }
    let mut what: Vec<String> = changes.files.iter().map(ToString::to_string).collect();
    if changes.definition {
        what.push("changed pipeline.toml".to_owned());
    }
    format!("{hash}, NOT as it was written: {}", what.join(", "))
}

fn origin(definition: &Definition) -> String {
    let origin = &definition.origin;
    let mut out = day(&origin.promoted);
    if !origin.notebook.is_empty() {
        out.push_str(&format!(" from {}", origin.notebook));
    }
    if !origin.session.is_empty() {
        out.push_str(&format!(", session {}", origin.session));
    }
    let cells: Vec<String> = origin.cells.iter().map(u64::to_string).collect();
    out.push_str(&format!(", cells {}", cells.join(" ")));
    if !origin.git_commit.is_empty() {
        let changed = if origin.git_dirty { " with changes" } else { "" };
        out.push_str(&format!(", commit {}{changed}", short(&origin.git_commit)));
    }
    out
}

fn toolchain(definition: &Definition) -> String {
    let toolchain = &definition.toolchain;
    format!(
        "{}, Ironbook {}, {}, {} threads, CPU features {}",
        toolchain.rustc,
        toolchain.ironbook,
        toolchain.target,
        toolchain.threads,
        or_none(&toolchain.cpu_features)
    )
}

/// The day and the minute of a time in RFC 3339.
pub(super) fn day(time: &str) -> String {
    match (time.get(..10), time.get(11..16)) {
        (Some(day), Some(minute)) => format!("{day} {minute}"),
        _ => time.to_owned(),
    }
}

/// The beginning of a hash.
fn short(hash: &str) -> String {
    hash.strip_prefix("blake3:").unwrap_or(hash).chars().take(12).collect()
}

fn or_none(names: &[String]) -> String {
    if names.is_empty() { "-".to_owned() } else { names.join(", ") }
}

fn stage(stage: &Stage) -> Vec<String> {
    let kind = if stage.kind == Kind::Gate { " (gate)" } else { "" };
    let takes: Vec<String> = stage.inputs.iter().map(|input| format!("{}.{}", input.from, input.name)).collect();
    let makes: Vec<String> =
        stage.outputs.iter().map(|output| format!("{}: {}", output.name, last(&output.type_name))).collect();
    let seconds = stage.timeout_s.map(|seconds| format!("{seconds} s"));
    let memory = stage.memory_mb.map(|memory| format!("{memory} MiB"));
    let retries = (stage.retries > 0).then(|| format!("{} retries", stage.retries));
    let limits: Vec<String> = [seconds, memory, retries].into_iter().flatten().collect();
    vec![
        format!("{}{kind}", stage.name),
        or_none(&takes),
        or_none(&makes),
        or_none(&stage.params),
        or_none(&stage.data),
        or_none(&limits),
    ]
}

/// A type without the modules that it is in, as long as it has no parameters.
fn last(type_name: &str) -> &str {
    if type_name.contains('<') { type_name } else { type_name.rsplit("::").next().unwrap_or(type_name) }
}
