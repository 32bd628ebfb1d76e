//! The function that puts the stages together.

use super::names::Types;
use super::stage::paths;
use crate::history::History;
use crate::plan::Registration;
use crate::slice::Slice;
use crate::stages::Stage;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The function that puts the stages together.
pub(super) fn wiring(
    history: &History<'_>,
    slice: &Slice,
    stages: &[Stage],
    register: Option<&Registration>,
    types: &mut Types<'_>,
) -> String {
    let mut out = String::from(
        "/// The stages, each with what it takes and leaves.\n\
         pub fn pipeline() -> ironbook::pipeline::Pipeline {\n    \
         ironbook::pipeline::Pipeline::new(include_str!(\"../pipeline.toml\"))\n        .source(include_str!(\"stages.rs\"))\n",
    );
    let values: BTreeSet<&String> = stages
        .iter()
        .flat_map(|stage| stage.outputs.iter().map(|(_, of)| of))
        .filter(|of| history.explored.by_serde.contains(*of))
        .collect();
    for type_name in values {
        let _ = writeln!(out, "        .value(ironbook::pipeline::keep!({}))", types.name(type_name));
    }
    for stage in stages {
        let mut arguments: Vec<String> = stage.inputs.iter().map(|edge| format!("io.take({:?})?", edge.name)).collect();
        for name in &stage.params {
            let text = slice.params.get(name).is_some_and(|(_, declared)| declared.parameter.type_name == "&str");
            arguments.push(match text {
                true => format!("io.param::<String>({name:?})?.leak()"),
                false => format!("io.param({name:?})?"),
            });
        }
        arguments.extend(paths(slice, stage).map(|name| format!("io.data({name:?})")));
        let call = format!("{}({})", stage.name, arguments.join(", "));
        let names: Vec<&str> = stage.outputs.iter().map(|(name, _)| name.as_str()).collect();
        let _ = match names.as_slice() {
            [] => writeln!(out, "        .stage({:?}, |io| {call})", stage.name),
            [one] => {
                writeln!(
                    out,
                    "        .stage({:?}, |io| {{\n            let {one} = {call}?;\n            io.put({one:?}, {one})\n        }})",
                    stage.name
                )
            }
            several => {
                let _ = write!(
                    out,
                    "        .stage({:?}, |io| {{\n            let ({}) = {call}?;\n",
                    stage.name,
                    several.join(", ")
                );
                for (at, name) in several.iter().enumerate() {
                    let end = if at + 1 == several.len() { "" } else { "?;" };
                    let _ = writeln!(out, "            io.put({name:?}, {name}){end}");
                }
                writeln!(out, "        }})")
            }
        };
    }
    if let Some(register) = register {
        let model = &register.model;
        let of = stages.iter().flat_map(|stage| &stage.outputs).find(|(name, _)| name == model);
        let of = of.map_or_else(|| "_".to_owned(), |(_, of)| types.name(of));
        let _ = writeln!(
            out,
            "        .register(|io| {{\n            let {model}: {of} = io.take({model:?})?;\n            \
             let version = ironbook::models::register(&{model}, io.register_name(), io.register_alias())?;\n            \
             io.registered(&version)\n        }})\n        \
             .predict(|io, from, to| {{\n            let {model}: {of} = io.take({model:?})?;\n            \
             ironbook::models::predict_file(&{model}, from, to)?;\n            Ok(())\n        }})"
        );
    }
    out.push_str("}\n");
    out
}
