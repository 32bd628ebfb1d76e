//! Crates that tell the runtime how values of a type are kept, compiled once for each type.
//!
//! In the cell itself serde's code would be compiled again with every cell that touches the variable.

use crate::codegen;
use crate::compile::Goal;
use crate::event::Event;
use crate::flow::is_shared;
use crate::items::Definition;
use crate::session::Session;
use crate::types::unnameable;
use ironbook_core::frame::{Kept, Reply, Request};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// serde's code is many small functions, which are slow unless they are put into each other.
const GOAL: Goal = Goal::Object { opt_level: 1, lines: false };

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Compiled {
    object: PathBuf,
    entry: String,
}

/// What makes values of a type nothing to keep, as far as its name tells.
fn objection(type_name: &str) -> Option<&'static str> {
    let has = |part: &str| type_name.contains(part);
    if unnameable(type_name).is_some() {
        Some("its type cannot be written down")
    } else if is_shared(type_name) {
        Some("it shares its state with others")
    } else if has("::Weak<") {
        Some("a weak reference leads to nothing once it is read")
    } else if has("dyn ") || has("fn(") {
        Some("it holds code")
    } else if type_name.starts_with('&') || has("*const ") || has("*mut ") {
        Some("it borrows")
    } else {
        None
    }
}

/// Words of definitions whose values may share state with others.
const COUNTED: [&str; 2] = ["Rc", "Arc"];
const MUTABLE: [&str; 9] =
    ["Cell", "RefCell", "Mutex", "RwLock", "OnceCell", "OnceLock", "LazyCell", "LazyLock", "UnsafeCell"];

/// What the names in a type and in the definitions that it reaches tell of its values.
struct Names<'a> {
    path: &'a BTreeSet<String>,
    reached: &'a [&'a Definition],
}

impl Names<'_> {
    fn any(&self, is: &dyn Fn(&str) -> bool) -> bool {
        self.path.iter().any(|name| is(name)) || self.reached.iter().any(|d| d.idents.iter().any(|name| is(name)))
    }

    /// Whether something in it can change through a shared reference.
    fn mutable(&self) -> bool {
        self.any(&|name| MUTABLE.contains(&name) || name.starts_with("Atomic"))
    }

    fn objection(&self) -> Option<&'static str> {
        if self.any(&|name| name == "Weak") {
            return Some("a weak reference leads to nothing once it is read");
        }
        if self.any(&|name| COUNTED.contains(&name)) && self.mutable() {
            return Some("it may share its state with others");
        }
        // What serde leaves out is noticed only by a comparison that looks at it.
        let leaves_out = |d: &Definition| d.text.contains("serde") && d.text.contains("skip");
        let blind = self.reached.iter().any(|d| leaves_out(d) && !derives(&d.text, "PartialEq"));
        blind.then_some("its serde skips fields, and no derived PartialEq would notice what is missing")
    }
}

/// Whether a definition derives a trait.
fn derives(text: &str, name: &str) -> bool {
    text.split("derive").skip(1).any(|rest| rest.split(')').next().is_some_and(|list| list.contains(name)))
}

impl Session {
    /// Lets the runtime learn of the types that it does not know, so that it keeps their values.
    pub(crate) fn teach_types(&mut self, out: &mut dyn FnMut(Event)) {
        let Some(durable) = &self.durable else { return };
        let waiting = self.live.iter().filter(|(_, live)| live.kept == Kept::Unknown);
        let of_type = waiting.filter(|(_, live)| !durable.taught.contains(&live.type_name));
        let types: BTreeMap<String, String> =
            of_type.map(|(name, live)| (live.type_name.clone(), name.clone())).collect();
        for (type_name, name) in types {
            self.teach(&name, &type_name, out);
        }
        let Some(durable) = &self.durable else { return };
        for live in self.live.values_mut().filter(|live| live.kept == Kept::Unknown) {
            if let Some(why) = durable.never.get(&live.type_name) {
                live.kept = Kept::Never((*why).to_owned());
            }
        }
    }

    /// Lets the runtime learn of the type of a variable.
    pub(crate) fn teach(&mut self, name: &str, type_name: &str, out: &mut dyn FnMut(Event)) {
        let told = self.tell_type(name, type_name, out);
        if let Some(durable) = &mut self.durable {
            durable.taught.insert(type_name.to_owned());
            if let Err(why) = told {
                durable.never.insert(type_name.to_owned(), why);
            }
        }
    }

    fn tell_type(&mut self, name: &str, type_name: &str, out: &mut dyn FnMut(Event)) -> Result<(), &'static str> {
        if let Some(why) = objection(type_name) {
            return Err(why);
        }
        let path = self.path_of(name, type_name).map_err(|_| "its type cannot be written down")?;
        let compiled = self.keeper(&path)?;
        let Ok(runtime) = self.runtime() else { return Ok(()) };
        // A runtime that died is told of by the next execution.
        if let Ok(Reply::Kept(keeping)) =
            runtime.call(&Request::Know { library: compiled.object, entry: compiled.entry })
        {
            self.note_keeping(keeping, out);
        }
        Ok(())
    }

    fn keeper(&self, path: &str) -> Result<Compiled, &'static str> {
        let words = path.split(|c: char| !(c.is_alphanumeric() || c == '_')).map(str::to_owned);
        let idents: BTreeSet<String> = words.filter(|word| !word.is_empty()).collect();
        let reached = self.items.reach(&idents);
        let names = Names { path: &idents, reached: &reached };
        if let Some(why) = names.objection() {
            return Err(why);
        }
        let frozen = !names.mutable();
        if let Ok(compiled) = self.compile_keeper(&reached, path, frozen) {
            return Ok(compiled);
        }
        // serde's attributes name items in strings, which are no names to anybody else.
        let all = self.items.reach(&self.items.iter().flat_map(|d| d.idents.iter().cloned()).chain(idents).collect());
        self.compile_keeper(&all, path, false)
    }

    fn compile_keeper(&self, reached: &[&Definition], path: &str, frozen: bool) -> Result<Compiled, &'static str> {
        let extra = !self.compiler.extras.externs.is_empty();
        let (text, entry) = codegen::keeper(&self.items, reached, extra, (path, frozen));
        let key = self.compiler.key(&text, GOAL);
        if let Some(known) = self.compiler.recall::<Compiled>(&key) {
            return Ok(known);
        }
        let compiled = self.compiler.compile(&text, GOAL).map_err(|_| "the compiler could not be called")?;
        let object = compiled.object.ok_or("how to keep it does not compile")?;
        let found = Compiled { object: object.clone(), entry };
        // Without it the next session compiles it again.
        drop(self.compiler.remember(&key, &object, &compiled.inputs, &found));
        Ok(found)
    }
}
