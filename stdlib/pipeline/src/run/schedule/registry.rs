//! What a run has to do with the registry of models: registering its own, and stages that have looked others up.

use super::{Schedule, State};
use crate::definition::Register;
use crate::run::cache::{Entry, Found};
use crate::run::job::{Ended, Job, Place};
use crate::run::task::Taken;
use crate::run::{graph, key};
use ironbook_track::Lookup;
use std::thread::Scope;

impl<'a> Schedule<'a> {
    /// Registers the model, once all stages are done and all gates have passed; whether something was begun or found.
    pub(super) fn register<'s>(&mut self, scope: &'s Scope<'s, '_>) -> bool
    where
        'a: 's,
    {
        let Some(register) = self.prepared.register.as_ref() else { return false };
        let all_done = self.wanted().all(|at| matches!(self.states[at], State::Done { .. }));
        if self.registered.is_some() || !all_done {
            return false;
        }
        let Some(taken) = self.model(register) else { return false };
        let key = register_key(register, &taken);
        self.keys[self.states.len()] = Some(key.clone());
        if let (false, Found::Entry(entry)) = (self.options.force, self.prepared.cache.find(&key)) {
            self.registered = Some(State::Done { entry, cached: true });
            return true;
        }
        self.begin_record();
        let run = self.tracked.id();
        let job = Job::of_register(self.prepared, register, key, taken, run);
        self.registered = Some(State::Running(None));
        let place = if self.options.in_process { Place::Here(self.functions) } else { Place::Alone };
        self.spawn(scope, self.states.len(), job, place);
        true
    }

    fn model(&self, register: &Register) -> Option<Taken> {
        let (at, name) = graph::value(&self.prepared.definition, &register.model).ok()?;
        let State::Done { entry, .. } = &self.states[at] else { return None };
        let made = entry.outputs.iter().find(|made| made.name == name)?;
        Some(Taken { name: name.to_owned(), from: entry.stage.clone(), digest: made.digest.clone() })
    }

    pub(super) fn take_registered(&mut self, ended: Ended) {
        self.registered = Some(match ended {
            Ended::Done { entry, cached } => {
                let words = entry.registered.clone().unwrap_or_else(|| "done".to_owned());
                self.console.ended(graph::REGISTER, &words);
                State::Done { entry, cached }
            }
            Ended::Failed(failed) => {
                self.console.failed(graph::REGISTER, &format!("failed: {}", failed.chain.join("\n  because ")));
                self.show_log(self.states.len());
                State::Failed(failed)
            }
            Ended::Damaged { taken, why } => {
                self.registered = None;
                let Ok(maker) = graph::index(&self.prepared.definition, &taken.from) else { return };
                return self.repair(maker, &taken, &why);
            }
            Ended::Stopped | Ended::Lost | Ended::Unkeyed(_) => State::Waiting,
        });
    }

    /// A name of the registry that a stage has looked up and that leads elsewhere now, and where to; not to the model that
    /// this pipeline has registered itself after that.
    pub(super) fn moved(&self, entry: &Entry) -> Option<(Lookup, Option<String>)> {
        for lookup in &entry.lookups {
            match ironbook_track::look_up(&lookup.uri, &self.prepared.project) {
                Ok(now) if now == lookup.version => {}
                Ok(Some(now)) if self.own_version(&lookup.uri).is_some_and(|own| own == now) => {}
                Ok(now) => return Some((lookup.clone(), now)),
                Err(error) => {
                    let (stage, uri) = (&entry.stage, &lookup.uri);
                    self.console
                        .say(&format!("warning: {stage}: whether {uri} is still who it was cannot be asked: {error}"));
                }
            }
        }
        None
    }

    /// The version that this pipeline's model was registered as, if the name is that of its registration.
    fn own_version(&self, uri: &str) -> Option<String> {
        let register = self.prepared.definition.register.as_ref()?;
        let name = uri.strip_prefix("models:/")?.split(['@', '/']).next()?;
        let taken = self.model(register).filter(|_| name == register.name)?;
        let Found::Entry(entry) = self.prepared.cache.find(&register_key(register, &taken)) else { return None };
        let registered = entry.registered?;
        registered.rsplit_once(' ').map(|(_, version)| version.to_owned())
    }
}

fn register_key(register: &Register, taken: &Taken) -> String {
    let mut keyed = key::Keyed::new("register");
    keyed.text(&taken.digest).text(&register.name).text(&register.alias).text(&ironbook_track::where_to());
    keyed.end()
}
