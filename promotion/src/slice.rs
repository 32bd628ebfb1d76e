//! What makes the targets: backward over the recorded data flow, from the last execution to the first.

use crate::data::{self, DataFile, Literal};
use crate::history::History;
use crate::params::{self, Declared};
use crate::place;
use crate::refusal::{Reason, Refusal};
use crate::statements::{Shape, Statement, Surroundings, has_effect, needed};
use crate::unit::Unit;
use ironbook_session::ExecutionId;
use ironbook_session::flow::is_shared;
use ironbook_session::items::{Key, Kind};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;
use syn::visit::Visit as _;

/// Where an execution takes a value from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum From {
    /// Another execution made it.
    Made(ExecutionId),
    /// It is a parameter.
    Param,
}

/// A path in the text that stands for a file of the pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileUse {
    /// Name of the file.
    pub name: String,
    /// Bytes of the path in quotes.
    pub range: Range<usize>,
}

/// What is taken of an execution.
#[derive(Clone, Debug, Default)]
pub(crate) struct Taken {
    /// Positions of the statements.
    pub kept: Vec<usize>,
    /// Older variables that they read.
    pub inputs: BTreeMap<String, From>,
    /// Variables of it that others read, or that are targets.
    pub outputs: BTreeSet<String>,
    /// Paths in it that are files of the pipeline.
    pub files: Vec<FileUse>,
    /// Files that are declared and stand nowhere in quotes.
    pub declared_files: BTreeSet<String>,
    /// Executions that wrote files which it reads.
    pub after: BTreeSet<ExecutionId>,
    /// Parameters that it declares itself.
    pub own_params: Vec<Declared>,
}

/// What makes the targets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slice {
    /// What is taken of each execution.
    pub taken: BTreeMap<ExecutionId, Taken>,
    /// The execution that each target is from.
    pub targets: BTreeMap<String, ExecutionId>,
    /// Parameters, and the execution that declares each.
    pub params: BTreeMap<String, (ExecutionId, Declared)>,
    /// Executions that set the session's seed for what is taken.
    pub seeds: BTreeSet<ExecutionId>,
    /// Files that are read.
    pub data: Vec<DataFile>,
    /// Items that are needed, with the execution that defined each.
    pub items: BTreeMap<Key, ExecutionId>,
    /// What is worth a word although it refuses nothing.
    pub notes: Vec<String>,
}

/// Computes a slice; what refuses it is added to `refusals`.
pub(crate) struct Slicer<'h, 'a> {
    pub history: &'h History<'a>,
    pub keep_display: bool,
    pub slice: Slice,
    pub refusals: Vec<Refusal>,
    wants: BTreeMap<ExecutionId, BTreeSet<String>>,
    forced: BTreeMap<ExecutionId, BTreeSet<usize>>,
}

impl<'h, 'a> Slicer<'h, 'a> {
    pub fn new(history: &'h History<'a>, keep_display: bool) -> Self {
        Slicer {
            history,
            keep_display,
            slice: Slice::default(),
            refusals: Vec::new(),
            wants: BTreeMap::new(),
            forced: BTreeMap::new(),
        }
    }

    /// Adds a target.
    pub fn target(&mut self, name: &str) {
        let Some(held) = self.history.explored.variables.get(name) else {
            self.refusals.push(self.no_such_target(name));
            return;
        };
        self.slice.targets.insert(name.to_owned(), held.execution);
        match self.param_of(name, held.execution) {
            Some(declared) => {
                let refusal = Refusal::new(
                    Reason::ParameterTarget,
                    format!("`{name}` is a parameter: nothing is computed for it"),
                    "name a variable that is made from it",
                );
                let at = |unit: &Unit<'_>| unit.place(unit.statements[declared.statement].range.start);
                self.refusals.push(match self.history.unit(held.execution) {
                    Some(unit) => refusal.at(at(unit)),
                    None => refusal,
                });
            }
            None => self.want(name, held.execution, "the targets"),
        }
    }

    fn no_such_target(&self, name: &str) -> Refusal {
        if let Some((id, how)) = self.history.explored.lost.get(name) {
            let cell = self.history.number(*id);
            return Refusal::new(
                Reason::UnknownTarget,
                format!("`{name}` is lost: it {how}"),
                format!("run cell {cell} again, which makes it (`%rerun --lost`)"),
            );
        }
        let names: Vec<String> = self.history.explored.variables.keys().map(|name| format!("`{name}`")).collect();
        let there = if names.is_empty() { "there are none yet".to_owned() } else { names.join(", ") };
        Refusal::new(Reason::UnknownTarget, format!("there is no variable `{name}`"), format!("variables: {there}"))
    }

    /// Adds statements that decide.
    pub fn gate(&mut self, id: ExecutionId, statements: &BTreeSet<usize>) {
        self.forced.entry(id).or_default().extend(statements);
        self.wants.entry(id).or_default();
    }

    /// An execution's value is needed.
    fn want(&mut self, name: &str, id: ExecutionId, whom: &str) {
        if self.history.unit(id).is_none() || self.history.past(id).is_none_or(|past| past.void) {
            self.refusals.push(Refusal::new(
                Reason::MakerGone,
                format!("`{name}`, which {whom} need, was made by nothing that is in the history"),
                format!("run the cell again that makes `{name}`"),
            ));
            return;
        }
        self.wants.entry(id).or_default().insert(name.to_owned());
    }

    /// The parameter that a variable is as an execution left it.
    fn param_of(&self, name: &str, id: ExecutionId) -> Option<Declared> {
        let unit = self.history.unit(id)?;
        let found = params::declared(unit).into_iter().find(|declared| declared.parameter.name == name)?;
        let changed_later = unit.statements[found.statement + 1..]
            .iter()
            .any(|s| s.binds.contains(name) || s.assigns.contains(name) || found.mutable && s.mentions.contains(name));
        let free = self.slice.params.get(name).is_none_or(|(other, _)| *other == id);
        (!changed_later && free).then_some(found)
    }

    /// Works until nothing more is needed.
    pub fn run(&mut self) {
        let history = self.history;
        while let Some((id, wanted)) = self.wants.pop_last() {
            if let Some(unit) = history.unit(id) {
                self.take(unit, &wanted);
            }
        }
    }

    fn take(&mut self, unit: &Unit<'_>, wanted: &BTreeSet<String>) {
        let past = unit.past;
        if !past.ok {
            self.refusals.push(failed(unit, wanted));
        }
        if unit.marks.tags.contains("skip") {
            self.refusals.push(skipped(unit, wanted));
        }
        let type_of = |name: &str| past.flow.wrote.get(name).or_else(|| past.flow.read.get(name));
        let shares = |name: &str| type_of(name).is_some_and(|of| is_shared(of));
        let changed = past.flow.wrote.keys().chain(&past.flow.spent);
        let changes: BTreeSet<String> = changed.filter(|name| past.flow.read.contains_key(*name)).cloned().collect();
        // What is changed through an alias is changed by whatever touches the group.
        let bound = unit.bound();
        let through_alias =
            wanted.iter().any(|name| !bound.contains(name.as_str()) && !past.flow.read.contains_key(name));
        let mut live = wanted.clone();
        if through_alias {
            live.extend(past.flow.read.keys().chain(past.flow.wrote.keys()).filter(|name| shares(name)).cloned());
        }
        let none = BTreeSet::new();
        let forced = self.forced.get(&unit.id()).unwrap_or(&none);
        let acts = |statement: &Statement| self.acts(unit, statement);
        let around =
            Surroundings { changes: &changes, shares: &shares, acts: &acts, keep_display: self.keep_display, forced };
        let found = needed(&unit.statements, &live, &around);
        let own_params: Vec<Declared> = params::declared(unit)
            .into_iter()
            .filter(|declared| found.kept.contains(&declared.statement))
            .filter(|declared| self.param_of(&declared.parameter.name, unit.id()).is_some())
            .collect();
        for declared in &own_params {
            self.slice.params.insert(declared.parameter.name.clone(), (unit.id(), declared.clone()));
        }
        let mut taken = Taken { kept: found.kept, outputs: wanted.clone(), own_params, ..Taken::default() };
        let read = |name: &&String| past.flow.read.contains_key(*name) || through_alias && shares(name);
        for name in found.inputs.iter().filter(read) {
            self.input(unit, name, &mut taken);
        }
        self.files(unit, &mut taken);
        self.slice.seeds.extend(self.history.seed_at(unit.id()).map(|(id, _)| id));
        self.slice.taken.insert(unit.id(), taken);
    }

    fn input(&mut self, unit: &Unit<'_>, name: &str, taken: &mut Taken) {
        let Some(writer) = self.history.writer(name, unit.id()) else {
            self.refusals.push(Refusal::new(
                Reason::MakerGone,
                format!("cell {} reads `{name}`, which was made by nothing that is in the history", unit.past.number),
                format!("run the cell again that makes `{name}`, then cell {}", unit.past.number),
            ));
            return;
        };
        if let Some(declared) = self.param_of(name, writer) {
            self.slice.params.insert(name.to_owned(), (writer, declared));
            taken.inputs.insert(name.to_owned(), From::Param);
            return;
        }
        taken.inputs.insert(name.to_owned(), From::Made(writer));
        self.want(name, writer, &format!("cell {} and others", unit.past.number));
    }

    /// Whether a function of the session that a statement calls does something outside of the process.
    fn acts(&self, unit: &Unit<'_>, statement: &Statement) -> bool {
        let Some(items) = self.history.items_at(unit.id()) else { return false };
        let mut names = statement.calls.clone();
        names.extend(statement.methods.iter().cloned());
        let functions = items.iter().filter(|d| {
            let name = d.key.name.rsplit("::").next().unwrap_or(&d.key.name);
            matches!(d.key.kind, Kind::Function | Kind::Impl)
                && (names.contains(name) || !d.methods.is_disjoint(&names))
        });
        functions.into_iter().any(|d| {
            let mut shape = Shape::default();
            let text = if d.key.kind == Kind::Impl && d.of_trait.is_none() {
                format!("{} }}", d.text)
            } else {
                d.text.clone()
            };
            if let Ok(file) = syn::parse_file(&text) {
                shape.visit_file(&file);
            }
            has_effect(&shape.calls, &shape.methods)
        })
    }

    /// The files that the statements which are taken read.
    fn files(&mut self, unit: &Unit<'_>, taken: &mut Taken) {
        let text = &unit.text.text;
        let ranges: Vec<Range<usize>> = taken.kept.iter().map(|at| unit.statements[*at].range.clone()).collect();
        for (_, name, path) in &unit.marks.data {
            if let Some(name) = self.data_file(unit, Some(name.clone()), path, 0) {
                let quoted = format!("{path:?}");
                let places = ranges
                    .iter()
                    .flat_map(|range| text[range.clone()].match_indices(&quoted).map(move |(at, _)| range.start + at));
                let uses: Vec<FileUse> =
                    places.map(|at| FileUse { name: name.clone(), range: at..at + quoted.len() }).collect();
                if uses.is_empty() {
                    self.refusals.extend(self.elsewhere(unit, path));
                    taken.declared_files.insert(name);
                }
                taken.files.extend(uses);
            }
        }
        for range in ranges {
            let (literals, opaque) = data::literals(text, range);
            for literal in literals.into_iter().filter(|literal| literal.read) {
                if taken.files.iter().any(|file| file.range == literal.range) {
                    continue;
                }
                if self.written_before(unit, &literal, taken) {
                    continue;
                }
                if let Some(name) = self.data_file(unit, None, &literal.path, literal.range.start) {
                    taken.files.push(FileUse { name, range: literal.range });
                }
            }
            for call in opaque.into_iter().filter(|_| unit.marks.data.is_empty()) {
                self.refusals.push(
                    Refusal::new(
                        Reason::File,
                        format!("`{}` reads a file whose path is computed", call.reader),
                        "write the path in quotes, or declare the file (`// data: NAME=PATH` above the statement)",
                    )
                    .at(unit.place(call.range.start)),
                );
            }
        }
    }

    /// Stages run in the project: a path that stays in the code has to count from there.
    fn elsewhere(&self, unit: &Unit<'_>, path: &str) -> Option<Refusal> {
        let directory = &unit.past.directory;
        if Path::new(path).is_absolute() || place::is_same(directory, &self.history.project) {
            return None;
        }
        let refusal = Refusal::new(
            Reason::File,
            format!(
                "`{path}` counts from {}, and stages run in {}",
                directory.display(),
                self.history.project.display()
            ),
            "put the path in quotes where the file is read, or read it from the project's directory (`%cd`)",
        );
        Some(refusal.at(unit.place(unit.statements.first().map_or(0, |statement| statement.range.start))))
    }

    /// Whether an earlier cell wrote the file, so that it is no data but a value on its way.
    fn written_before(&mut self, unit: &Unit<'_>, literal: &Literal, taken: &mut Taken) -> bool {
        let mut found = None;
        let path = place::without_dots(&unit.past.directory.join(&literal.path));
        let same = |other: &Unit<'_>, written: &Literal| {
            place::without_dots(&other.past.directory.join(&written.path)) == path
        };
        for other in
            self.history.units().rev().filter(|other| other.id() < unit.id() && !other.past.void && other.past.ok)
        {
            for (index, statement) in other.statements.iter().enumerate() {
                let (literals, _) = data::literals(&other.text.text, statement.range.clone());
                if let Some(written) = literals.into_iter().find(|written| !written.read && same(other, written)) {
                    let moved = Path::new(&written.path).is_relative() && other.past.directory != unit.past.directory;
                    found = Some((other.id(), index, moved.then_some(written.path)));
                }
            }
            if found.is_some() {
                break;
            }
        }
        let Some((id, index, written)) = found else { return false };
        if let Some(written) = written {
            self.refusals.push(
                Refusal::new(
                    Reason::File,
                    format!(
                        "`{}` was written as `{written}` from another directory, which no stage changes to",
                        literal.path
                    ),
                    "write and read it from one directory, by one path in quotes, and run both cells again",
                )
                .at(unit.place(literal.range.start)),
            );
        }
        self.forced.entry(id).or_default().insert(index);
        self.wants.entry(id).or_default();
        taken.after.insert(id);
        true
    }

    fn data_file(&mut self, unit: &Unit<'_>, name: Option<String>, path: &str, at: usize) -> Option<String> {
        let full = unit.past.directory.join(path);
        if let Some(known) = self.slice.data.iter().find(|file| place::is_same(&file.path, &full)) {
            return Some(known.name.clone());
        }
        let taken = |name: &str| self.slice.data.iter().any(|file| file.name == name);
        let name = name.unwrap_or_else(|| data::name_for(path, &taken));
        match data::file(name, path, full, &|| unit.place(at)) {
            Ok(file) => {
                let name = file.name.clone();
                self.slice.data.push(file);
                Some(name)
            }
            Err(refusal) => {
                self.refusals.push(refusal);
                None
            }
        }
    }
}

fn names_of(wanted: &BTreeSet<String>) -> String {
    wanted.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn failed(unit: &Unit<'_>, wanted: &BTreeSet<String>) -> Refusal {
    let cell = unit.past.number;
    Refusal::new(
        Reason::Failed,
        format!("cell {cell}, which made {}, failed after that", names_of(wanted)),
        format!("mend cell {cell}, or put what makes {} into a cell of its own, and run it again", names_of(wanted)),
    )
    .at(unit.place(0))
}

fn skipped(unit: &Unit<'_>, wanted: &BTreeSet<String>) -> Refusal {
    let cell = unit.past.number;
    Refusal::new(
        Reason::Skipped,
        format!("cell {cell} is to be skipped, but makes {}", names_of(wanted)),
        "take the tag `skip` away, or make the target from other cells",
    )
    .at(unit.place(0))
}
