//! `README.md` of a version.

use crate::plan::Plan;
use ironbook_pipeline::definition::{Definition, Kind};
use std::fmt::Write as _;

/// The text.
pub(crate) fn readme(plan: &Plan, definition: &Definition) -> String {
    let name = &definition.name;
    let mut out = format!("# {name}\n\n");
    if !definition.description.is_empty() {
        let _ = writeln!(out, "{}\n", definition.description);
    }
    let cells: Vec<String> = plan.cells.iter().map(u64::to_string).collect();
    let _ = write!(
        out,
        "A pipeline made of cells {} of a session{}. It runs without the session, and without Ironbook installed:\n\n\
         ```sh\ncargo run -- run            # everything, or nothing if nothing has changed\n\
         cargo run -- stages         # what it is made of\n\
         cargo run -- graph\n\
         cargo run -- --help\n```\n\n",
        cells.join(", "),
        if definition.origin.notebook.is_empty() {
            String::new()
        } else {
            format!(" (`{}`)", definition.origin.notebook)
        },
    );
    out.push_str("You need Rust 1.95 and a C compiler. After `cargo fetch`, no network is needed.\n\n## Stages\n\n");
    out.push_str("| stage | makes | of | cells |\n|---|---|---|---|\n");
    for stage in &definition.stages {
        let ticked = |names: Vec<String>| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let inputs = stage.inputs.iter().map(|input| input.name.clone());
        let of: Vec<String> = inputs.chain(stage.params.iter().cloned()).chain(stage.data.iter().cloned()).collect();
        let makes = match stage.kind {
            Kind::Gate => "a decision".to_owned(),
            Kind::Stage => ticked(stage.outputs.iter().map(|output| output.name.clone()).collect()),
        };
        let cells: Vec<String> = stage.cells.iter().map(u64::to_string).collect();
        let _ = writeln!(out, "| `{}` | {makes} | {} | {} |", stage.name, ticked(of), cells.join(", "));
    }
    if !definition.params.is_empty() {
        out.push_str("\n## Parameters\n\nFrom `params.yaml`, `IRONBOOK_PARAM_<NAME>`, or `-p name=value`, the later before the earlier.\n\n");
        out.push_str("| name | type | default | |\n|---|---|---|---|\n");
        for param in &definition.params {
            let _ = writeln!(out, "| `{}` | `{}` | `{}` | {} |", param.name, param.type_name, param.default, param.doc);
        }
    }
    if !definition.data.is_empty() {
        out.push_str(
            "\n## Data\n\nOther files are given with `--data name=path`.\n\n| name | path | bytes |\n|---|---|---|\n",
        );
        for data in &definition.data {
            let _ = writeln!(out, "| `{}` | `{}` | {} |", data.name, data.path, data.bytes);
        }
    }
    out
}
