//! Whether what a slice takes is what the session shows: no hidden state.

use crate::data;
use crate::history::History;
use crate::refusal::{Reason, Refusal};
use crate::slice::{From, Slice};
use crate::unit::Unit;
use crate::watch::{self, Sighting};
use ironbook_session::explored::Past;
use ironbook_session::items::{Definition, Key, Kind};
use ironbook_session::{ExecutionId, Part};
use std::collections::{BTreeMap, BTreeSet};

/// Looks at everything that a slice takes; finds the items that it needs.
pub(crate) fn check(history: &History<'_>, slice: &mut Slice) -> Vec<Refusal> {
    let mut checks = Checks { history, refusals: Vec::new(), same: BTreeMap::new() };
    let readers = readers(history, slice);
    let params: Vec<ExecutionId> = slice.params.values().map(|(id, _)| *id).collect();
    let all: BTreeSet<ExecutionId> =
        slice.taken.keys().copied().chain(params).chain(slice.seeds.iter().copied()).collect();
    for id in &all {
        checks.newest(slice, *id, readers.get(id));
    }
    if checks.refusals.is_empty() {
        checks.join_repeats(slice);
    }
    checks.replaced(slice);
    let items = checks.items(slice);
    checks.files_of_items(slice, &items);
    checks.surroundings(slice);
    checks.watched(slice, &items);
    slice.items = items;
    checks.refusals
}

/// Of each execution, one that reads what it made.
fn readers(history: &History<'_>, slice: &Slice) -> BTreeMap<ExecutionId, (ExecutionId, String)> {
    let mut out = BTreeMap::new();
    for (id, taken) in &slice.taken {
        if let Some((setter, _)) = history.seed_at(*id) {
            // The last of them is the likeliest to draw from it.
            out.insert(setter, (*id, "seed".to_owned()));
        }
        for (name, from) in &taken.inputs {
            let maker = match from {
                From::Made(maker) => *maker,
                From::Param => match slice.params.get(name) {
                    Some((maker, _)) => *maker,
                    None => continue,
                },
            };
            out.entry(maker).or_insert((*id, name.clone()));
        }
    }
    out
}

struct Checks<'h, 'a> {
    history: &'h History<'a>,
    refusals: Vec<Refusal>,
    same: BTreeMap<(ExecutionId, ExecutionId), bool>,
}

impl Checks<'_, '_> {
    /// An execution has to be the newest of its cell, or one that the newest has only repeated.
    fn newest(&mut self, slice: &Slice, id: ExecutionId, reader: Option<&(ExecutionId, String)>) {
        let history = self.history;
        let (Some(unit), Some(cell)) = (history.unit(id), history.past(id).and_then(|past| past.cell.as_deref()))
        else {
            return;
        };
        if let Some(refusal) = self.on_page(slice, unit, cell, reader) {
            self.refusals.push(refusal);
            return;
        }
        let newest = history.newest_run(cell);
        let number = unit.past.number;
        if let Some(first) = newest.first().filter(|newest| newest.number > number) {
            let at = history.run_of(id).iter().position(|past| past.id == id).unwrap_or(0);
            let twin = newest.get(at).map(|past| past.id);
            let unchanged = first.source.text == unit.past.source.text;
            if unchanged && twin.is_some_and(|twin| self.repeats(slice, id, twin)) {
                return;
            }
            let refusal = self.outdated(slice, unit, cell, (first.number, unchanged), reader);
            self.refusals.push(refusal);
            return;
        }
        // It was edited, run, and failed.
        if let Some(last) = history.last_run(cell).filter(|last| last.number > number && !last.ok)
            && last.source.text != unit.past.source.text
        {
            self.refusals.push(
                Refusal::new(
                    Reason::Edited,
                    format!("cell {number} was edited since, and its newest run ({}) failed", last.number),
                    "mend the cell and run it again, then what depends on it",
                )
                .at(unit.place(0)),
            );
        }
    }

    /// Whether a later run of a cell left the same values, in everything that is needed of either.
    fn repeats(&mut self, slice: &Slice, id: ExecutionId, twin: ExecutionId) -> bool {
        let wanted = |id: &ExecutionId| slice.taken.get(id).map(|taken| &taken.outputs);
        let param = |name: &&String| slice.params.get(*name).is_none_or(|(of, _)| *of != id);
        let names: BTreeSet<String> = [id, twin].iter().filter_map(wanted).flatten().filter(param).cloned().collect();
        let digest = |id: ExecutionId, name: &String| self.history.past(id).and_then(|past| past.digests.get(name));
        let equal = |name: &String| digest(id, name).is_some() && digest(id, name) == digest(twin, name);
        names.iter().all(equal) || self.same(slice, id, twin)
    }

    fn outdated(
        &self,
        slice: &Slice,
        unit: &Unit<'_>,
        cell: &str,
        (newest, unchanged): (u64, bool),
        reader: Option<&(ExecutionId, String)>,
    ) -> Refusal {
        let number = unit.past.number;
        let of_cell =
            |id: &&ExecutionId| self.history.past(**id).is_some_and(|past| past.cell.as_deref() == Some(cell));
        let later: Vec<ExecutionId> =
            slice.taken.keys().filter(|id| **id > unit.id()).filter(of_cell).copied().collect();
        let direct = later.iter().find_map(|id| {
            let from = |(_, from): &(&String, &From)| **from == From::Made(unit.id());
            slice.taken.get(id)?.inputs.iter().find(from).map(|(name, _)| (*id, name.clone()))
        });
        if let Some((id, name)) = direct {
            let refusal = Refusal::new(
                Reason::RanTwice,
                format!(
                    "the cell of run {number} ran again as {}, and each run changed `{name}`",
                    self.history.number(id)
                ),
                match self.maker(&name, unit.id()) {
                    Some(maker) => format!(
                        "run cell {} again, which makes `{name}`, then this one once",
                        self.history.number(maker)
                    ),
                    None => format!("make `{name}` in another cell than the one that reads it"),
                },
            );
            return match self.history.unit(id) {
                Some(again) => refusal.at(self.mention(slice, again, &name)),
                None => refusal,
            };
        }
        let (place, what) = match reader.and_then(|(id, name)| Some((self.history.unit(*id)?, name))) {
            Some((reader, name)) => (
                self.mention(slice, reader, name),
                format!("cell {} was run with an older `{name}`", reader.past.number),
            ),
            None => (unit.place(0), format!("the target is from run {number} of a cell")),
        };
        if later.iter().any(|id| self.comes_from(slice, *id, unit.id())) {
            return Refusal::new(
                Reason::Order,
                format!("{what}; the cell of run {number} ran again as {newest} on what had been made of that: no order of the cells gives this"),
                "put what is made in turns into one cell, or give each step a name of its own",
            )
            .at(place);
        }
        let how = if unchanged { "on other values" } else { "with another text" };
        Refusal::new(
            Reason::StaleRead,
            format!("{what}: the cell that made it as run {number} has run again since as {newest}, {how}"),
            match reader {
                Some((_, name)) => {
                    format!(
                        "run cell {} again with the new `{name}`, then what depends on it (`%rerun --stale`)",
                        place.cell
                    )
                }
                None => format!("run cell {} and what depends on it again (`%rerun --stale`)", place.cell),
            },
        )
        .at(place)
    }

    /// The execution that made a variable from other things alone, before another one.
    fn maker(&self, name: &str, before: ExecutionId) -> Option<ExecutionId> {
        let mut found = self.history.writer(name, before)?;
        while self.history.past(found).is_some_and(|past| past.flow.read.contains_key(name)) {
            found = self.history.writer(name, found)?;
        }
        Some(found)
    }

    /// Whether an execution needs another one, directly or through others.
    fn comes_from(&self, slice: &Slice, id: ExecutionId, other: ExecutionId) -> bool {
        let (mut seen, mut open) = (BTreeSet::new(), vec![id]);
        while let Some(next) = open.pop() {
            for from in slice.taken.get(&next).into_iter().flat_map(|taken| taken.inputs.values()) {
                if let From::Made(maker) = from
                    && seen.insert(*maker)
                {
                    open.push(*maker);
                }
            }
        }
        seen.contains(&other)
    }

    /// The place where a name is read.
    fn mention(&self, slice: &Slice, reader: &Unit<'_>, name: &str) -> crate::refusal::Place {
        let kept = slice.taken.get(&reader.id()).map(|taken| taken.kept.as_slice()).unwrap_or_default();
        let statement = kept.iter().map(|at| &reader.statements[*at]).find(|s| s.mentions.contains(name));
        let first = kept.first().map_or(0, |at| reader.statements[*at].range.start);
        let at = statement.map_or(first, |statement| {
            let own = &reader.text.text[statement.range.clone()];
            let word = |c: char| c.is_alphanumeric() || c == '_';
            let alone = |at: &usize| !own[..*at].ends_with(word) && !own[at + name.len()..].starts_with(word);
            let found = own.match_indices(name).map(|(at, _)| at).find(alone).unwrap_or(0);
            statement.range.start + found
        });
        reader.place(at)
    }

    /// Whether the page still has the cell as it ran.
    fn on_page(
        &self,
        slice: &Slice,
        unit: &Unit<'_>,
        cell: &str,
        reader: Option<&(ExecutionId, String)>,
    ) -> Option<Refusal> {
        let page = self.history.page?;
        let number = unit.past.number;
        let words = match page.cell(cell) {
            None => {
                let made = unit.past.flow.wrote.keys().map(|name| format!("`{name}`"));
                let names: Vec<String> = match reader {
                    Some((_, name)) => vec![format!("`{name}`")],
                    None => made.collect(),
                };
                let names = names.join(", ");
                let place = match reader.and_then(|(id, name)| Some((self.history.unit(*id)?, name))) {
                    Some((reader, name)) => self.mention(slice, reader, name),
                    None => unit.place(0),
                };
                return Some(
                    Refusal::new(
                        Reason::MakerGone,
                        format!("the cell that made {names} (run {number}) is no longer on the page"),
                        format!(
                            "put the cell that makes {names} back, or make it in another one and run what depends on it"
                        ),
                    )
                    .at(place),
                );
            }
            // A run with this text may be a newer one.
            Some(on_page) if on_page.text.trim_end() == unit.past.source.text.trim_end() => return None,
            Some(on_page) => {
                let ran = self.history.newest_run(cell);
                if ran.first().is_some_and(|past| past.source.text.trim_end() == on_page.text.trim_end()) {
                    return None;
                }
                format!("cell {number} has been edited since it ran")
            }
        };
        let remedy = format!("run cell {number} and what depends on it again, or undo the edit");
        Some(Refusal::new(Reason::Edited, words, remedy).at(unit.place(0)))
    }

    /// Whether one execution has only repeated another: the same text on the same values.
    fn same(&mut self, slice: &Slice, one: ExecutionId, other: ExecutionId) -> bool {
        if one == other {
            return true;
        }
        if let Some(known) = self.same.get(&(one, other)) {
            return *known;
        }
        // Until it is known; a cycle is none that repeats.
        self.same.insert((one, other), false);
        let history = self.history;
        let found = match (history.unit(one), history.unit(other)) {
            (Some(a), Some(b)) => {
                let inputs: BTreeSet<&String> = a.past.flow.read.keys().collect();
                let needed: Vec<_> =
                    [one, other].iter().filter_map(|id| slice.taken.get(id)).map(|taken| &taken.inputs).collect();
                let needs = |name: &String| needed.is_empty() || needed.iter().any(|inputs| inputs.contains_key(name));
                a.text.text == b.text.text
                    && inputs.into_iter().filter(|name| needs(name)).all(|name| {
                        match (history.writer(name, one), history.writer(name, other)) {
                            (Some(one), Some(other)) => self.same(slice, one, other),
                            (one, other) => one == other,
                        }
                    })
                    && self.same_items(slice, one, other)
            }
            _ => false,
        };
        self.same.insert((one, other), found);
        found
    }

    fn same_items(&self, slice: &Slice, one: ExecutionId, other: ExecutionId) -> bool {
        let idents = self.idents(slice, one);
        let texts = |id: ExecutionId| -> BTreeSet<String> {
            let reached = self.history.items_at(id).map(|items| items.reach(&idents)).unwrap_or_default();
            reached.into_iter().filter(|d| d.key.kind != Kind::Use).map(|d| d.text.clone()).collect()
        };
        texts(one) == texts(other)
    }

    /// Of several runs of a cell that left the same, the oldest stands for all.
    fn join_repeats(&mut self, slice: &mut Slice) {
        let mut first: BTreeMap<(String, usize), ExecutionId> = BTreeMap::new();
        let ids: Vec<ExecutionId> = slice.taken.keys().copied().collect();
        for id in ids {
            let Some(cell) = self.history.past(id).and_then(|past| past.cell.clone()) else { continue };
            let at = self.history.run_of(id).iter().position(|past| past.id == id).unwrap_or(0);
            let oldest = *first.entry((cell, at)).or_insert(id);
            if oldest == id {
                continue;
            }
            self.refusals.extend(self.shared_between(slice, oldest, id));
            let Some(gone) = slice.taken.remove(&id) else { continue };
            if let Some(stays) = slice.taken.get_mut(&oldest) {
                stays.outputs.extend(gone.outputs);
                let kept: BTreeSet<usize> = stays.kept.iter().copied().chain(gone.kept).collect();
                stays.kept = kept.into_iter().collect();
                for (name, from) in gone.inputs {
                    stays.inputs.entry(name).or_insert(from);
                }
            }
            for taken in slice.taken.values_mut() {
                for from in taken.inputs.values_mut().filter(|from| **from == From::Made(id)) {
                    *from = From::Made(oldest);
                }
            }
            slice.targets.values_mut().filter(|maker| **maker == id).for_each(|maker| *maker = oldest);
        }
    }

    /// Whether what two runs made shares its state, and was changed between them.
    fn shared_between(&self, slice: &Slice, one: ExecutionId, other: ExecutionId) -> Option<Refusal> {
        let past = self.history.past(one)?;
        let shared = |id: &ExecutionId| {
            slice
                .taken
                .get(id)
                .into_iter()
                .flat_map(|taken| taken.outputs.clone())
                .find(|name| past.flow.wrote.get(name).is_some_and(|of| ironbook_session::flow::is_shared(of)))
        };
        let name = shared(&one).or_else(|| shared(&other))?;
        let between = slice
            .taken
            .range(one + 1..other)
            .find(|(id, _)| self.history.past(**id).is_some_and(|past| past.flow.wrote.contains_key(&name)))?;
        let unit = self.history.unit(*between.0)?;
        Some(
            Refusal::new(
                Reason::Alias,
                format!("`{name}` was made twice by one cell and changed between, and its state is shared"),
                "make the second one in a cell of its own, under a name of its own",
            )
            .at(self.mention(slice, unit, &name)),
        )
    }

    /// In a session without pages the record is the page; a word tells that a value was replaced afterwards.
    fn replaced(&self, slice: &mut Slice) {
        let mut notes = Vec::new();
        for (id, taken) in &slice.taken {
            let Some(past) = self.history.past(*id).filter(|past| past.cell.is_none()) else { continue };
            for name in taken.inputs.keys() {
                let Some(writer) = self.history.writer(name, *id) else { continue };
                let later = self.history.writer(name, ExecutionId::MAX).filter(|last| *last > *id);
                let Some(last) = later.and_then(|last| self.history.past(last)) else { continue };
                if !last.flow.read.contains_key(name) && !slice.taken.contains_key(&last.id) {
                    notes.push(format!(
                        "cell {} used `{name}` of cell {}; cell {} replaced it later",
                        past.number,
                        self.history.number(writer),
                        last.number
                    ));
                }
            }
        }
        slice.notes.extend(notes);
    }

    fn idents(&self, slice: &Slice, id: ExecutionId) -> BTreeSet<String> {
        let (Some(unit), Some(taken)) = (self.history.unit(id), slice.taken.get(&id)) else { return BTreeSet::new() };
        let mut idents: BTreeSet<String> =
            taken.kept.iter().flat_map(|at| unit.statements[*at].idents.iter().cloned()).collect();
        // The types of what goes in and out stand in the stage's signature.
        let types = unit.past.flow.read.iter().filter(|(name, _)| taken.inputs.contains_key(*name));
        let types = types.chain(unit.past.flow.wrote.iter().filter(|(name, _)| taken.outputs.contains(*name)));
        for (_, type_name) in types {
            idents.extend(type_name.split(|c: char| !(c.is_alphanumeric() || c == '_')).map(str::to_owned));
        }
        idents
    }

    /// The items that the slice needs; each has to be today's, but in a terminal, where the record is the page.
    fn items(&mut self, slice: &mut Slice) -> BTreeMap<Key, ExecutionId> {
        let mut out: BTreeMap<Key, ExecutionId> = BTreeMap::new();
        let mut texts: BTreeMap<Key, String> = BTreeMap::new();
        let (mut told, mut notes) = (BTreeSet::new(), BTreeSet::new());
        for id in slice.taken.keys() {
            let idents = self.idents(slice, *id);
            let terminal = self.history.past(*id).is_some_and(|past| past.cell.is_none());
            for (key, at) in self.history.reached(*id, &idents) {
                let now = self.history.explored.items.iter().find(|d| d.key == key);
                let then = self.history.items_at(*id).and_then(|items| items.iter().find(|d| d.key == key));
                let Some(then) = then else { continue };
                let same = now.is_some_and(|now| now.text == then.text);
                let other = texts.get(&key).is_some_and(|text| *text != then.text);
                if key.kind == Kind::Use || same || terminal && !other {
                    if !same && key.kind != Kind::Use {
                        notes.insert(format!(
                            "cell {} used `{}` as it was then; it was defined anew later",
                            self.history.number(*id),
                            key.name
                        ));
                    }
                    let newest = if same { now.map_or(at, |d| d.execution) } else { at };
                    texts.insert(key.clone(), then.text.clone());
                    if key.kind != Kind::Use && told.insert(key.clone()) {
                        self.refusals.extend(self.item_on_page(slice, *id, &key, newest));
                    }
                    out.insert(key, newest);
                } else if told.insert(key.clone()) {
                    self.refusals.push(self.outdated_item(slice, *id, &key, now));
                }
            }
        }
        slice.notes.extend(notes);
        out
    }

    /// Whether the cell of an item is on the page as it ran.
    fn item_on_page(&self, slice: &Slice, reader: ExecutionId, key: &Key, id: ExecutionId) -> Option<Refusal> {
        let unit = self.history.unit(id)?;
        let cell = unit.past.cell.as_deref()?;
        self.on_page(slice, unit, cell, Some(&(reader, key.name.clone())))
    }

    fn outdated_item(&self, slice: &Slice, id: ExecutionId, key: &Key, now: Option<&Definition>) -> Refusal {
        let (number, word) = (self.history.number(id), key.kind.word());
        let name = key.name.as_str();
        let (words, remedy) = match now {
            Some(now) => (
                format!(
                    "cell {number} ran with an older `{word} {name}`; cell {} has defined it anew since",
                    self.history.number(now.execution)
                ),
                format!("run cell {number} again with the new `{name}`, then what depends on it (`%rerun --stale`)"),
            ),
            None => (
                format!("cell {number} uses `{word} {name}`, which is gone"),
                format!("define `{name}` again, and run cell {number} again"),
            ),
        };
        let refusal = Refusal::new(Reason::StaleRead, words, remedy);
        match self.history.unit(id) {
            Some(unit) => refusal.at(self.mention(slice, unit, name)),
            None => refusal,
        }
    }

    /// Files that the session's functions read.
    fn files_of_items(&mut self, slice: &mut Slice, items: &BTreeMap<Key, ExecutionId>) {
        let declared = |id: &ExecutionId| self.history.unit(*id).is_some_and(|unit| !unit.marks.data.is_empty());
        for (key, of) in items.iter().filter(|(key, _)| matches!(key.kind, Kind::Function | Kind::Impl | Kind::Module))
        {
            let Some(unit) = self.history.unit(*of) else { continue };
            let Some((_, range)) = unit.items.iter().find(|(item, range)| {
                let own = ironbook_session::items::definitions(item, range.clone(), &unit.text, *of, &[]);
                own.iter().any(|definition| definition.key == *key)
            }) else {
                continue;
            };
            let (literals, opaque) = data::literals(&unit.text.text, range.clone());
            for call in opaque {
                if slice.taken.keys().any(declared) || declared(of) {
                    continue;
                }
                self.refusals.push(
                    Refusal::new(
                        Reason::File,
                        format!("`{}` in `{}` reads a file whose path is computed", call.reader, key.name),
                        "read it in a cell, by a path in quotes, or declare it (`// data: NAME=PATH` above the statement)",
                    )
                    .at(unit.place(call.range.start)),
                );
            }
            for literal in literals.into_iter().filter(|literal| literal.read) {
                let known = slice.data.iter().find(|file| file.written == literal.path).map(|file| file.name.clone());
                let taken = |name: &str| slice.data.iter().any(|file| file.name == name);
                let name = known.clone().unwrap_or_else(|| data::name_for(&literal.path, &taken));
                if known.is_none() {
                    let directory = &self.history.explored.directory;
                    match data::file(name.clone(), &literal.path, directory, unit, literal.range.start) {
                        Ok(file) => slice.data.push(file),
                        Err(refusal) => {
                            self.refusals.push(refusal);
                            continue;
                        }
                    }
                }
                let reach: Vec<ExecutionId> = slice
                    .taken
                    .keys()
                    .filter(|id| self.history.reached(**id, &self.idents(slice, **id)).iter().any(|(k, _)| k == key))
                    .copied()
                    .collect();
                for id in reach {
                    if let Some(taken) = slice.taken.get_mut(&id) {
                        taken.declared_files.insert(name.clone());
                    }
                }
            }
        }
    }

    /// Lines of needed cells that change what is around the session.
    fn surroundings(&mut self, slice: &Slice) {
        let mut seen = BTreeSet::new();
        for id in slice.taken.keys() {
            let Some(unit) = self.history.unit(*id) else { continue };
            if !seen.insert(unit.past.number) {
                continue;
            }
            for (line, text) in unit.past.source.text.lines().enumerate() {
                let trimmed = text.trim_start();
                let word = trimmed.split_whitespace().next().unwrap_or("");
                let (what, remedy) = match word {
                    "%cd" => ("changes the working directory", "write the whole path in quotes instead"),
                    "%env" | "%set_env" => {
                        ("sets an environment variable", "make it a parameter (`let name = \"..\"; // param`)")
                    }
                    "%sh" | "%bash" | "%%sh" | "%%bash" | "%system" => {
                        ("runs a shell", "put it into a cell of its own")
                    }
                    _ if trimmed.starts_with('!') && self.is_shell(*id, line) => {
                        ("runs a shell", "put it into a cell of its own")
                    }
                    _ => continue,
                };
                let place = crate::refusal::Place { cell: unit.past.number, line: line + 1, text: text.to_owned() };
                let words = format!("cell {} {what}, which no stage does", unit.past.number);
                let remedy = format!("{remedy}, or --allow environment");
                self.refusals.push(Refusal::new(Reason::Environment, words, remedy).at(place));
            }
        }
    }

    /// Whether a line of a cell that begins with `!` is one for the shell, and no Rust.
    fn is_shell(&self, id: ExecutionId, line: usize) -> bool {
        let in_rust = |past: &Past| {
            past.source.parts.iter().any(|part| match part {
                Part::User(range) => {
                    let own = &past.source.text[range.clone()];
                    let start = range.start + own.len() - own.trim_start().len();
                    let first = past.source.text[..start].matches('\n').count();
                    let last = past.source.text[..range.end].trim_end().matches('\n').count();
                    (first..=last).contains(&line)
                }
                Part::Lowered { .. } => false,
            })
        };
        !self.history.run_of(id).into_iter().any(in_rust)
    }

    /// What a run may not give again.
    fn watched(&mut self, slice: &Slice, items: &BTreeMap<Key, ExecutionId>) {
        let imported: BTreeSet<String> =
            items.keys().filter(|key| key.kind == Kind::Use).map(|key| key.name.clone()).collect();
        for (id, taken) in &slice.taken {
            let Some(unit) = self.history.unit(*id) else { continue };
            for at in &taken.kept {
                let range = unit.statements[*at].range.clone();
                for seen in watch::sightings(&unit.text.text[range.clone()], range.start, &imported) {
                    self.sighted(unit, &seen);
                }
            }
            self.thread_locals(slice, unit, *id);
        }
        for (key, id) in items {
            let Some(unit) = self.history.unit(*id) else { continue };
            self.item(slice, unit, key, &imported);
        }
    }

    fn item(&mut self, slice: &Slice, unit: &Unit<'_>, key: &Key, imported: &BTreeSet<String>) {
        let definitions = unit.definitions();
        let Some(definition) = definitions.iter().find(|d| d.key == *key) else { return };
        if let Some((of, mutable)) = &definition.static_type
            && (*mutable || holds_state(of))
        {
            let refusal = Refusal::new(
                Reason::Statics,
                format!("the value depends on the static `{}`, which cells change behind the data flow", key.name),
                format!("make `{}` a variable and pass it as an argument, or --allow statics", key.name),
            );
            let own = || unit.place(self.start_of(unit, definition));
            let place = self.reaching(slice, key).filter(|_| !mutable).unwrap_or_else(own);
            self.refusals.push(refusal.at(place));
        }
        if matches!(key.kind, Kind::Function | Kind::Impl | Kind::Trait | Kind::Module | Kind::Const | Kind::Static) {
            let start = self.start_of(unit, definition);
            for seen in watch::sightings(&definition.text, 0, imported) {
                let what = definition.text.get(seen.range.clone()).unwrap_or("");
                let found = unit.text.text[start..].find(what).map_or(start, |at| start + at);
                self.sighted(unit, &Sighting { range: found..found + what.len(), ..seen });
            }
        }
    }

    /// The first statement that reaches an item.
    fn reaching(&self, slice: &Slice, key: &Key) -> Option<crate::refusal::Place> {
        for (id, taken) in &slice.taken {
            let unit = self.history.unit(*id)?;
            for at in &taken.kept {
                let statement = &unit.statements[*at];
                if self.history.reached(*id, &statement.idents).iter().any(|(other, _)| other == key) {
                    return Some(unit.place(statement.range.start));
                }
            }
        }
        None
    }

    fn start_of(&self, unit: &Unit<'_>, definition: &Definition) -> usize {
        let name = definition.key.name.rsplit("::").next().unwrap_or("");
        let own = unit.items.iter().find(|(_, range)| {
            let text = &unit.text.text[range.clone()];
            text.contains(&definition.text) || text.contains(name)
        });
        own.map_or(0, |(_, range)| range.start)
    }

    /// `thread_local!`s that a cell names.
    fn thread_locals(&mut self, slice: &Slice, unit: &Unit<'_>, id: ExecutionId) {
        let idents = self.idents(slice, id);
        let Some(items) = self.history.items_at(id) else { return };
        let reached = items.reach(&idents);
        let mut known = idents.clone();
        known.extend(reached.iter().filter(|d| d.key.kind != Kind::Other).flat_map(|d| d.idents.iter().cloned()));
        for definition in reached.iter().filter(|d| d.text.starts_with("thread_local")) {
            let names = definition.text.split("static ").skip(1).filter_map(|rest| rest.split([':', ' ']).next());
            if let Some(name) = names.into_iter().find(|name| known.contains(*name)) {
                self.refusals.push(
                    Refusal::new(
                        Reason::Statics,
                        format!("the value depends on the thread-local `{name}`"),
                        format!("make `{name}` a variable and pass it as an argument, or --allow statics"),
                    )
                    .at(self.mention(slice, unit, name)),
                );
            }
        }
    }

    fn sighted(&mut self, unit: &Unit<'_>, seen: &Sighting) {
        if seen.reason == Reason::File && !unit.marks.data.is_empty() {
            return;
        }
        let name = unit.past.flow.wrote.keys().next().map_or("value", String::as_str);
        let words = match seen.reason {
            Reason::Clock => format!("`{}` gives another time at each run", seen.what),
            Reason::Random => format!("`{}` draws without a seed", seen.what),
            Reason::Environment => format!("`{}` depends on where the pipeline runs", seen.what),
            _ => format!("`{}` reads a file that is not declared", seen.what),
        };
        let place = unit.place(seen.range.start);
        let remedy = match place.text.contains("seed") {
            true => format!("give a number as the seed (`let seed = 42;`), or --allow {}", seen.reason.name()),
            false => watch::remedy(seen, name),
        };
        let refusal = Refusal::new(seen.reason, words, remedy).at(place);
        if !self.refusals.contains(&refusal) {
            self.refusals.push(refusal);
        }
    }
}

/// Whether a static of a type can hold what cells have put there.
fn holds_state(type_name: &str) -> bool {
    let words = ["Atomic", "Mutex", "RwLock", "RefCell", "Cell", "OnceLock", "OnceCell", "DashMap"];
    type_name.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| {
        word != "LazyCell" && words.iter().any(|state| word == *state || *state == "Atomic" && word.starts_with(state))
    })
}
