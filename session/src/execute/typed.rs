//! Paths of the types of older variables, which the compiler is asked for.

use crate::codegen::{self, Generated};
use crate::compile::Goal;
use crate::diagnostics;
use crate::event::{Failure, FailureKind};
use crate::session::{Probe, Session};
use crate::types;
use std::collections::BTreeMap;

impl Session {
    pub(crate) fn path_of(&mut self, name: &str, type_name: &str) -> Result<String, Failure> {
        if self.types.path(type_name).is_none() {
            self.finish_probe();
        }
        if self.types.path(type_name).is_none() && types::unnameable(type_name).is_none() {
            let made_here = self.live.get(name).is_none_or(|live| live.maker.is_some());
            match types::by_last_names(type_name).filter(|_| !made_here) {
                // Another process made it and found no time to ask; a wrong guess is refused, and costs a compile.
                Some(guess) => self.types.suppose(type_name, guess),
                None => self.retype(name)?,
            }
        }
        self.types.path(type_name).ok_or_else(|| self.unusable(name, type_name))
    }

    fn unusable(&self, name: &str, type_name: &str) -> Failure {
        let why = types::unnameable(type_name).unwrap_or(types::Unnameable::Other);
        let cell = self.live.get(name).map_or(0, |live| self.shown(live.execution));
        let words = format!(
            "`{name}` (cell {cell}) cannot be used in another cell: its type `{}` cannot be written down",
            diagnostics::shorten_type(type_name)
        );
        Failure::new(FailureKind::Compile, "unnameable type", words).hint(why.remedy())
    }

    /// Asks the compiler for the path of a variable's type, now.
    pub(crate) fn retype(&mut self, name: &str) -> Result<(), Failure> {
        let Some(live) = self.live.get(name).cloned() else { return Ok(()) };
        let before = self.types.path(&live.type_name);
        self.types.distrust(&live.type_name);
        let Some(maker) = &live.maker else { return Err(self.unusable(name, &live.type_name)) };
        let asked = BTreeMap::from([(name.to_owned(), live.type_name.clone())]);
        self.start_probe(maker, asked);
        self.finish_probe();
        match self.types.path(&live.type_name) {
            path if path.is_some() && path != before => Ok(()),
            _ => Err(self.unusable(name, &live.type_name)),
        }
    }

    /// Lets the compiler print the types of `asked` in the background.
    pub(crate) fn start_probe(&mut self, maker: &Generated, asked: BTreeMap<String, String>) {
        self.finish_probe();
        let (mut text, map) = codegen::probe(maker, &|(name, _)| asked.contains_key(name));
        text.push_str(&types::shadows(&asked.values().cloned().collect()));
        let compiler = self.compiler.clone();
        let thread = std::thread::spawn(move || match compiler.compile(&text, Goal::Check) {
            Ok(compiled) => types::printed(&compiled.messages, &map),
            Err(_) => BTreeMap::new(),
        });
        self.probe = Some(Probe { thread, asked });
    }

    /// Waits for a check in the background and notes the paths it found.
    pub(crate) fn finish_probe(&mut self) {
        let Some(probe) = self.probe.take() else { return };
        let printed = probe.thread.join().unwrap_or_default();
        for (name, path) in printed {
            if let Some(type_name) = probe.asked.get(&name)
                && syn::parse_str::<syn::Type>(&path).is_ok()
            {
                self.types.learn(type_name, path);
            }
        }
    }
}
