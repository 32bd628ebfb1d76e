//! The parts of two definitions, one with the other.

use super::{Difference, Part};
use crate::definition::{Data, Definition, Kind, Param, Register, Stage};
use crate::version::Level;
use std::collections::BTreeSet;

/// What was found so far.
#[derive(Default)]
pub(super) struct Found(pub(super) Vec<Difference>);

type Pair = (Option<String>, Option<String>);
/// A value and its type.
type Typed = (String, String);

impl Found {
    /// Adds a difference, if it is one.
    pub(super) fn add(&mut self, part: Part, name: &str, what: &str, (before, after): Pair, level: Level) {
        if before != after {
            self.0.push(Difference { part, name: name.to_owned(), what: what.to_owned(), before, after, level });
        }
    }

    fn field(&mut self, part: Part, name: &str, what: &str, pair: (&str, &str), level: Level) {
        self.add(part, name, what, (Some(pair.0.to_owned()), Some(pair.1.to_owned())), level);
    }

    /// Something that is there or not: what can be said of it.
    fn optional(&mut self, part: Part, name: &str, what: &str, pair: (&str, &str), level: Level) {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        self.add(part, name, what, (some(pair.0), some(pair.1)), level);
    }
}

/// Items of both lists by name: those of the old one first, then those that are new.
fn pairs<'a, T>(old: &'a [T], new: &'a [T], name: impl Fn(&T) -> &str) -> Vec<(Option<&'a T>, Option<&'a T>)> {
    let find = |list: &'a [T], wanted: &str| list.iter().find(|item| name(item) == wanted);
    let both = old.iter().map(|item| (Some(item), find(new, name(item))));
    let added = new.iter().filter(|item| find(old, name(item)).is_none()).map(|item| (None, Some(item)));
    both.chain(added).collect()
}

pub(super) fn targets(old: &Definition, new: &Definition, found: &mut Found) {
    let type_of = |definition: &Definition, target: &str| {
        definition.output(target).map_or_else(String::new, |output| output.type_name.clone())
    };
    for (before, after) in pairs(&old.targets, &new.targets, |target| target) {
        match (before, after) {
            (Some(target), Some(_)) => {
                let types = (type_of(old, target), type_of(new, target));
                found.field(Part::Target, target, "type", (&types.0, &types.1), Level::Major);
            }
            (Some(target), None) => {
                found.add(Part::Target, target, "", (Some(type_of(old, target)), None), Level::Major);
            }
            (None, Some(target)) => {
                found.add(Part::Target, target, "", (None, Some(type_of(new, target))), Level::Minor);
            }
            (None, None) => {}
        }
    }
}

pub(super) fn params(old: &Definition, new: &Definition, found: &mut Found) {
    let shown = |param: &Param| format!("{} = {}", param.type_name, param.literal());
    for (before, after) in pairs(&old.params, &new.params, |param| &param.name) {
        match (before, after) {
            (Some(a), Some(b)) => {
                let types = (a.type_name.as_str(), b.type_name.as_str());
                found.field(Part::Parameter, &a.name, "type", types, Level::Major);
                let defaults = (a.literal(), b.literal());
                found.field(Part::Parameter, &a.name, "default", (&defaults.0, &defaults.1), Level::Patch);
                found.optional(Part::Parameter, &a.name, "description", (&a.doc, &b.doc), Level::Patch);
            }
            (Some(a), None) => found.add(Part::Parameter, &a.name, "", (Some(shown(a)), None), Level::Major),
            (None, Some(b)) => found.add(Part::Parameter, &b.name, "", (None, Some(shown(b))), Level::Minor),
            (None, None) => {}
        }
    }
}

pub(super) fn data(old: &Definition, new: &Definition, found: &mut Found) {
    for (before, after) in pairs(&old.data, &new.data, |data| &data.name) {
        match (before, after) {
            (Some(a), Some(b)) => {
                found.field(Part::Data, &a.name, "path", (&a.path, &b.path), Level::Patch);
                let prints = (short(&a.fingerprint), short(&b.fingerprint));
                if a.fingerprint != b.fingerprint {
                    found.add(Part::Data, &a.name, "fingerprint", (Some(prints.0), Some(prints.1)), Level::Patch);
                }
                let sizes = (bytes(a.bytes), bytes(b.bytes));
                found.field(Part::Data, &a.name, "size", (&sizes.0, &sizes.1), Level::Patch);
            }
            (Some(a), None) => found.add(Part::Data, &a.name, "", (Some(a.path.clone()), None), Level::Major),
            (None, Some(b)) => found.add(Part::Data, &b.name, "", (None, Some(shown_data(b))), Level::Minor),
            (None, None) => {}
        }
    }
}

fn shown_data(data: &Data) -> String {
    format!("{}, {}", data.path, bytes(data.bytes))
}

/// The beginning of a fingerprint or hash.
pub(crate) fn short(hash: &str) -> String {
    hash.strip_prefix("blake3:").unwrap_or(hash).chars().take(12).collect()
}

/// Bytes with the unit that suits, and all digits where a rounded number would hide a change.
pub(crate) fn bytes(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out + " B"
}

fn part(stage: &Stage) -> Part {
    if stage.kind == Kind::Gate { Part::Gate } else { Part::Stage }
}

pub(super) fn stages(old: &Definition, new: &Definition, found: &mut Found) {
    for (before, after) in pairs(&old.stages, &new.stages, |stage| &stage.name) {
        match (before, after) {
            (Some(a), Some(b)) => stage(a, b, found),
            (Some(a), None) => found.add(part(a), &a.name, "", (Some(makes(a)), None), Level::Minor),
            (None, Some(b)) => found.add(part(b), &b.name, "", (None, Some(makes(b))), Level::Minor),
            (None, None) => {}
        }
    }
    let order = |definition: &Definition, other: &Definition| -> String {
        let names = definition.stages.iter().filter(|stage| other.stage(&stage.name).is_some());
        names.map(|stage| stage.name.as_str()).collect::<Vec<_>>().join(" ")
    };
    found.field(Part::Stage, "", "order", (&order(old, new), &order(new, old)), Level::Patch);
}

fn makes(stage: &Stage) -> String {
    let names: Vec<&str> = stage.outputs.iter().map(|output| output.name.as_str()).collect();
    if names.is_empty() { String::new() } else { format!("makes {}", names.join(", ")) }
}

fn stage(a: &Stage, b: &Stage, found: &mut Found) {
    let (part, name) = (part(b), b.name.as_str());
    let kind = |stage: &Stage| if stage.kind == Kind::Gate { "gate" } else { "stage" };
    found.field(part, name, "kind", (kind(a), kind(b)), Level::Minor);
    if a.code != b.code {
        found.add(part, name, "code", (Some(short(&a.code)), Some(short(&b.code))), Level::Minor);
    }
    let inputs = |stage: &Stage| -> Vec<Typed> {
        let named =
            |input: &crate::definition::Input| (format!("{}.{}", input.from, input.name), input.type_name.clone());
        stage.inputs.iter().map(named).collect()
    };
    values("input", (part, name), (&inputs(a), &inputs(b)), found);
    let outputs = |stage: &Stage| -> Vec<Typed> {
        let named = |output: &crate::definition::Output| (output.name.clone(), output.type_name.clone());
        stage.outputs.iter().map(named).collect()
    };
    values("output", (part, name), (&outputs(a), &outputs(b)), found);
    for (before, after) in pairs(&a.outputs, &b.outputs, |output| &output.name) {
        if let (Some(x), Some(y)) = (before, after) {
            found.field(part, name, &format!("codec of {}", x.name), (&x.codec, &y.codec), Level::Minor);
        }
    }
    let lists = |names: &[String]| names.join(", ");
    found.optional(part, name, "parameters", (&lists(&a.params), &lists(&b.params)), Level::Minor);
    found.optional(part, name, "data", (&lists(&a.data), &lists(&b.data)), Level::Minor);
    limits(a, b, found);
}

/// Inputs or outputs, each with its type.
fn values(word: &str, (part, name): (Part, &str), lists: (&[Typed], &[Typed]), found: &mut Found) {
    for (before, after) in pairs(lists.0, lists.1, |value| &value.0) {
        let what = |value: &Typed| format!("{word} {}", value.0);
        let type_of = |value: Option<&Typed>| value.map(|value| value.1.clone());
        if let Some(value) = before.or(after) {
            found.add(part, name, &what(value), (type_of(before), type_of(after)), Level::Minor);
        }
    }
}

fn limits(a: &Stage, b: &Stage, found: &mut Found) {
    let (part, name) = (part(b), b.name.as_str());
    let seconds = |stage: &Stage| stage.timeout_s.map(|seconds| format!("{seconds} s"));
    found.add(part, name, "time limit", (seconds(a), seconds(b)), Level::Patch);
    let memory = |stage: &Stage| stage.memory_mb.map(|memory| format!("{memory} MiB"));
    found.add(part, name, "memory limit", (memory(a), memory(b)), Level::Patch);
    let retries = (a.retries.to_string(), b.retries.to_string());
    found.field(part, name, "retries", (&retries.0, &retries.1), Level::Patch);
}

pub(super) fn register(old: &Definition, new: &Definition, found: &mut Found) {
    let shown = |register: &Register| format!("{} as {}", register.model, register.name);
    match (&old.register, &new.register) {
        (Some(a), Some(b)) => {
            found.field(Part::Register, "", "model", (&a.model, &b.model), Level::Minor);
            found.field(Part::Register, "", "name", (&a.name, &b.name), Level::Major);
            found.optional(Part::Register, "", "alias", (&a.alias, &b.alias), Level::Minor);
        }
        (before, after) => {
            let level = if before.is_some() { Level::Major } else { Level::Minor };
            let pair = (before.as_ref().map(shown), after.as_ref().map(shown));
            found.add(Part::Register, "", "", pair, level);
        }
    }
}

pub(super) fn rest(old: &Definition, new: &Definition, found: &mut Found) {
    for (before, after) in pairs(&old.allowed, &new.allowed, |allowed| &allowed.name) {
        let why = |allowed: Option<&crate::definition::Allowed>| allowed.map(|allowed| allowed.why.clone());
        if let Some(allowed) = before.or(after) {
            found.add(Part::Allowed, &allowed.name, "", (why(before), why(after)), Level::Minor);
        }
    }
    let (a, b) = (&old.toolchain, &new.toolchain);
    let mut tool = |what: &str, pair: (&str, &str)| found.optional(Part::Toolchain, "", what, pair, Level::Patch);
    tool("rustc", (&a.rustc, &b.rustc));
    tool("Ironbook", (&a.ironbook, &b.ironbook));
    tool("library", (&short(&a.library), &short(&b.library)));
    tool("Cargo.lock", (&short(&a.lock), &short(&b.lock)));
    tool("target", (&a.target, &b.target));
    tool("threads", (&a.threads.to_string(), &b.threads.to_string()));
    let features = (only(&a.cpu_features, &b.cpu_features), only(&b.cpu_features, &a.cpu_features));
    found.add(Part::Toolchain, "", "CPU features", features, Level::Patch);
    found.optional(Part::Description, "", "", (&old.description, &new.description), Level::Patch);
}

/// Those that only the first list has.
fn only(these: &[String], others: &[String]) -> Option<String> {
    let names: BTreeSet<&str> = these.iter().filter(|name| !others.contains(name)).map(String::as_str).collect();
    let names: Vec<&str> = names.into_iter().collect();
    if names.is_empty() { None } else { Some(names.join(", ")) }
}
