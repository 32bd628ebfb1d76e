//! Crates that tell the runtime how values of a type are kept, compiled once for each type.
//!
//! In the cell itself serde's code would be compiled again with every cell that touches the variable.

use crate::codegen;
use crate::compile::Goal;
use crate::event::Event;
use crate::flow::is_shared;
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
    } else if has("dyn ") || has("fn(") {
        Some("it holds code")
    } else if type_name.starts_with('&') || has("*const ") || has("*mut ") {
        Some("it borrows")
    } else {
        None
    }
}

/// Words of definitions whose values may share state with others.
const COUNTED: [&str; 3] = ["Rc", "Arc", "Weak"];
const MUTABLE: [&str; 5] = ["Cell", "RefCell", "Mutex", "RwLock", "OnceCell"];

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

    fn tell_type(
        &mut self,
        name: &str,
        type_name: &str,
        out: &mut dyn FnMut(Event),
    ) -> Result<(), &'static str> {
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
        let mentions = |words: &[&str]| reached.iter().any(|d| words.iter().any(|word| d.idents.contains(*word)));
        if mentions(&COUNTED) && (mentions(&MUTABLE) || reached.iter().any(|d| d.idents.iter().any(|i| i.starts_with("Atomic"))))
        {
            return Err("it may share its state with others");
        }
        let extra = !self.compiler.extras.externs.is_empty();
        let (text, entry) = codegen::keeper(&self.items, &reached, extra, path);
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
