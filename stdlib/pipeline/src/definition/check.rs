//! Whether the parts of a definition fit together.

use super::spans::{Step, line, written};
use super::{Definition, Problem, Stage};
use crate::version::Version;
use Step::{At, Key};
use std::collections::BTreeSet;

/// All that does not fit, in the order of the file.
pub(super) fn check(definition: &Definition, text: &str) -> Vec<Problem> {
    let mut found = Found { text, problems: Vec::new() };
    head(definition, &mut found);
    params(definition, &mut found);
    data(definition, &mut found);
    for (at, stage) in definition.stages.iter().enumerate() {
        check_stage(definition, at, stage, &mut found);
    }
    targets(definition, &mut found);
    found.problems
}

struct Found<'a> {
    text: &'a str,
    problems: Vec<Problem>,
}

impl Found<'_> {
    fn add(&mut self, way: &[Step<'_>], message: impl Into<String>, remedy: impl Into<String>) {
        let line = line(self.text, way);
        self.problems.push(Problem { field: written(way), line, message: message.into(), remedy: remedy.into() });
    }

    /// Names are unique.
    fn unique<'n>(&mut self, list: &'n str, names: impl Iterator<Item = &'n str>, parent: &[Step<'n>]) {
        let mut seen = BTreeSet::new();
        for (at, name) in names.enumerate() {
            if !seen.insert(name) {
                let way = [parent, &[Key(list), At(at), Key("name")]].concat();
                self.add(&way, format!("`{name}` is there twice"), "give each its own name");
            }
        }
    }

    fn hash(&mut self, way: &[Step<'_>], text: &str) {
        if !is_hash(text) {
            let message = format!("`{text}` is no BLAKE3 hash");
            self.add(way, message, "it has 64 hexadecimal digits, in lower case");
        }
    }
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// Whether a text is the name of a variable or function.
fn is_identifier(text: &str) -> bool {
    let mut chars = text.chars();
    let first = chars.next().is_some_and(|c| c == '_' || c.is_alphabetic());
    first && chars.all(|c| c == '_' || c.is_alphanumeric())
}

/// Whether a pipeline may have this name: lower-case letters, digits, `-` and `_`, a letter first.
pub(crate) fn is_pipeline_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte))
}

fn head(definition: &Definition, found: &mut Found<'_>) {
    if definition.schema == 0 {
        found.add(&[Key("schema")], "there is no schema 0", "the first is 1");
    }
    if !is_pipeline_name(&definition.name) {
        let message = format!("`{}` cannot be the name of a pipeline", definition.name);
        found.add(&[Key("name")], message, "use lower-case letters, digits, `-` and `_`, a letter first");
    }
    if let Err(error) = definition.version.parse::<Version>() {
        found.add(&[Key("version")], error.to_string(), "write it as 1.3.0");
    }
    found.hash(&[Key("content")], &definition.content);
    if definition.stages.is_empty() {
        found.add(&[Key("stages")], "there is no stage", "a pipeline has at least one");
    }
}

fn params(definition: &Definition, found: &mut Found<'_>) {
    found.unique("params", definition.params.iter().map(|param| param.name.as_str()), &[]);
    for (at, param) in definition.params.iter().enumerate() {
        let way = |field| [Key("params"), At(at), Key(field)];
        if !is_identifier(&param.name) {
            found.add(&way("name"), format!("`{}` is no name of a variable", param.name), "as in Rust: `n_estimators`");
        }
        if param.kind().is_none() {
            let message = format!("a parameter cannot be of type `{}`", param.type_name);
            found.add(&way("type"), message, "use a number, `bool`, `char`, `String` or `&str`");
        } else if !param.takes(&param.default) {
            let message = format!("{} is not of type `{}`, which `{}` has", param.default, param.type_name, param.name);
            found.add(&way("default"), message, "correct the default or the type");
        }
    }
}

fn data(definition: &Definition, found: &mut Found<'_>) {
    found.unique("data", definition.data.iter().map(|data| data.name.as_str()), &[]);
    for (at, data) in definition.data.iter().enumerate() {
        let way = |field| [Key("data"), At(at), Key(field)];
        if !is_identifier(&data.name) {
            found.add(&way("name"), format!("`{}` is no name for data", data.name), "as a variable's: `flights`");
        }
        if data.path.is_empty() {
            found.add(&way("path"), "the path is empty", "name the file, relative to the project");
        }
        if !data.fingerprint.strip_prefix("blake3:").is_some_and(is_hash) {
            let message = format!("`{}` is no fingerprint", data.fingerprint);
            found.add(&way("fingerprint"), message, "it is `blake3:` and 64 hexadecimal digits, in lower case");
        }
    }
}

fn check_stage(definition: &Definition, at: usize, stage: &Stage, found: &mut Found<'_>) {
    let own = [Key("stages"), At(at)];
    let way = |field| [Key("stages"), At(at), Key(field)];
    let earlier = &definition.stages[..at];
    if !is_identifier(&stage.name) {
        found.add(&way("name"), format!("`{}` is no name of a function", stage.name), "as in Rust: `train`");
    }
    if earlier.iter().any(|other| other.name == stage.name) {
        found.add(&way("name"), format!("there are two stages `{}`", stage.name), "give each its own name");
    }
    found.hash(&way("code"), &stage.code);
    found.unique("inputs", stage.inputs.iter().map(|input| input.name.as_str()), &own);
    found.unique("outputs", stage.outputs.iter().map(|output| output.name.as_str()), &own);
    uses(definition, at, stage, found);
    limits(at, stage, found);
    for number in 0..stage.inputs.len() {
        input(definition, at, number, found);
    }
    for (number, output) in stage.outputs.iter().enumerate() {
        let way = |field| [Key("stages"), At(at), Key("outputs"), At(number), Key(field)];
        if output.name.is_empty() || output.name.contains('.') {
            found.add(&way("name"), format!("`{}` is no name of a value", output.name), "as a variable's: `model`");
        }
        if output.codec.is_empty() {
            found.add(&way("codec"), "there is no codec", "arrow, safetensors, model, plain or serde");
        }
    }
}

/// The parameters and data that a stage reads are declared.
fn uses(definition: &Definition, at: usize, stage: &Stage, found: &mut Found<'_>) {
    for (number, name) in stage.params.iter().enumerate() {
        if definition.param(name).is_none() {
            let way = [Key("stages"), At(at), Key("params"), At(number)];
            let known = list(definition.params.iter().map(|param| param.name.as_str()));
            found.add(&way, format!("there is no parameter `{name}`"), format!("declared are {known}"));
        }
    }
    for (number, name) in stage.data.iter().enumerate() {
        if definition.data_named(name).is_none() {
            let way = [Key("stages"), At(at), Key("data"), At(number)];
            let known = list(definition.data.iter().map(|data| data.name.as_str()));
            found.add(&way, format!("there is no data `{name}`"), format!("declared are {known}"));
        }
    }
}

fn limits(at: usize, stage: &Stage, found: &mut Found<'_>) {
    let way = |field| [Key("stages"), At(at), Key(field)];
    if stage.timeout_s.is_some_and(|seconds| !(seconds > 0.0 && seconds.is_finite())) {
        found.add(&way("timeout_s"), "the time is not above 0", "give seconds, or leave it out for no limit");
    }
    if stage.memory_mb == Some(0) {
        found.add(&way("memory_mb"), "no stage runs in 0 MiB", "give MiB, or leave it out for no limit");
    }
}

/// The value that a stage takes is made by an earlier one, and of the same type.
fn input(definition: &Definition, at: usize, number: usize, found: &mut Found<'_>) {
    let stage = &definition.stages[at];
    let input = &stage.inputs[number];
    let way = |field| [Key("stages"), At(at), Key("inputs"), At(number), Key(field)];
    let Some(place) = definition.stages.iter().position(|other| other.name == input.from) else {
        let known = list(definition.stages.iter().map(|stage| stage.name.as_str()));
        found.add(&way("from"), format!("there is no stage `{}`", input.from), format!("the stages are {known}"));
        return;
    };
    if place >= at {
        let message = match place == at {
            true => format!("`{}` takes `{}` from itself", stage.name, input.name),
            false => format!("`{}` takes `{}` from `{}`, which comes later", stage.name, input.name, input.from),
        };
        found.add(&way("from"), message, "stages stand after those that they need, and none needs itself");
        return;
    }
    let outputs = &definition.stages[place].outputs;
    match outputs.iter().find(|output| output.name == input.name) {
        None => {
            let known = list(outputs.iter().map(|output| output.name.as_str()));
            let message = format!("stage `{}` makes no `{}`", input.from, input.name);
            found.add(&way("name"), message, format!("it makes {known}"));
        }
        Some(output) if output.type_name != input.type_name => {
            let message = format!(
                "`{}` is of type `{}` here and `{}` in `{}`",
                input.name, input.type_name, output.type_name, input.from
            );
            found.add(&way("type"), message, "both have to be the same");
        }
        Some(_) => {}
    }
}

fn targets(definition: &Definition, found: &mut Found<'_>) {
    if definition.targets.is_empty() {
        found.add(&[Key("targets")], "there is no target", "name at least one value, as `train.model`");
    }
    for (at, target) in definition.targets.iter().enumerate() {
        if definition.output(target).is_none() {
            let remedy = format!("values are {}", list(values(definition).iter().map(String::as_str)));
            found.add(&[Key("targets"), At(at)], format!("no stage makes `{target}`"), remedy);
        } else if definition.targets[..at].contains(target) {
            found.add(&[Key("targets"), At(at)], format!("`{target}` is there twice"), "remove one");
        }
    }
    let Some(register) = &definition.register else { return };
    if definition.output(&register.model).is_none() {
        let remedy = format!("values are {}", list(values(definition).iter().map(String::as_str)));
        found.add(&[Key("register"), Key("model")], format!("no stage makes `{}`", register.model), remedy);
    }
    if register.name.is_empty() {
        found.add(&[Key("register"), Key("as")], "the name is empty", "give the name of the registered model");
    }
}

fn values(definition: &Definition) -> Vec<String> {
    let of = |stage: &Stage| -> Vec<String> {
        stage.outputs.iter().map(|output| format!("{}.{}", stage.name, output.name)).collect()
    };
    definition.stages.iter().flat_map(of).collect()
}

/// `a`, `b` and `c` as text.
fn list<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
