//! `%dep`: crates that cells use besides the standard library.

use crate::compile::Extras;
use crate::durable::Entry;
use crate::event::{Event, Failure};
use crate::library::Paths;
use crate::library::extra::{self, Dependency, Extra};
use crate::session::Session;
use ironbook_core::frame::Request;
use ironbook_core::progress::State;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::time::{Instant, UNIX_EPOCH};

/// Identity of the progress bar of a build.
const BAR: u64 = u64::MAX;

impl Session {
    /// Adds a crate, or changes one that was added before; all of them are built into one dylib.
    ///
    /// # Errors
    /// When cargo or the linker fails; the session is as before.
    pub fn add_dependency(&mut self, dependency: &Dependency, out: &mut dyn FnMut(Event)) -> Result<(), Failure> {
        let mut all = self.dependencies.clone();
        all.retain(|other| other.name != dependency.name);
        let mut added = dependency.clone();
        if let Some(path) = &dependency.path {
            added.path = Some(self.config.directory.join(path));
        }
        all.push(added);
        let extra = self.build_dependencies(&all, out)?;
        self.use_crates(&extra, out)?;
        if !extra.apart_because.is_empty() {
            out(Event::Note(format!(
                "`{}` asks for other features of crates that the library is built with ({}); it was built apart, and its \
                 types of those crates are not the library's",
                dependency.name,
                extra.apart_because.iter().take(4).cloned().collect::<Vec<_>>().join(", ")
            )));
        }
        self.dependencies = all;
        self.write_down(&Entry::Dependency { dependency: Box::new(dependency.clone()) }, &mut |_| {});
        self.local_state = self.local_state_now();
        Ok(())
    }

    /// The crates that were added.
    pub fn dependencies(&self) -> &[Dependency] {
        &self.dependencies
    }

    fn build_dependencies(&mut self, all: &[Dependency], out: &mut dyn FnMut(Event)) -> Result<Extra, Failure> {
        let paths = Paths::from_env();
        extra::can_build(&paths).map_err(|error| Failure::from(&error))?;
        let handle = self.handle();
        handle.begin();
        let started = Instant::now();
        let mut state = State {
            id: BAR,
            title: "building crates".to_owned(),
            done: 0,
            total: None,
            message: String::new(),
            elapsed_s: 0.0,
            finished: false,
        };
        let mut report = |crates: &str| {
            if !crates.is_empty() && state.message != crates {
                state.message = crates.to_owned();
                state.elapsed_s = started.elapsed().as_secs_f64();
                out(Event::Progress(state.clone()));
            }
            if handle.pressed() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let built = extra::build(&paths, &self.config.library, all, &mut report);
        state.finished = true;
        out(Event::Progress(state));
        built.map_err(|error| Failure::from(&error))
    }

    /// Cells see the crates from now on; variables of types that they change are dropped.
    fn use_crates(&mut self, extra: &Extra, out: &mut dyn FnMut(Event)) -> Result<(), Failure> {
        self.acknowledged(&Request::Preload { library: extra.dylib.clone() })?;
        let mut items = self.items.clone();
        let old = items.set_crates(extra.identities.clone());
        let changed =
            |name: &&String| old.get(*name).is_some_and(|identity| extra.identities.get(*name) != Some(identity));
        let changed: Vec<&String> = old.keys().filter(changed).collect();
        let mut outdated: BTreeSet<String> = self.outdated(&items);
        let of_changed = |type_name: &str| changed.iter().any(|name| mentions_crate(type_name, name));
        outdated.extend(self.live.iter().filter(|(_, live)| of_changed(&live.type_name)).map(|(name, _)| name.clone()));
        self.finish_probe();
        self.items = items;
        self.compiler.extras = Extras {
            id: extra.dylib.display().to_string(),
            externs: extra.externs.clone(),
            search: vec![extra.deps.clone()],
        };
        self.extra = Some(extra.clone());
        self.drop_old_types(&outdated, out);
        Ok(())
    }

    /// Builds local crates again that were edited since; a failure is a remark, and the earlier build stays in use.
    pub(crate) fn rebuild_edited(&mut self, out: &mut dyn FnMut(Event)) {
        if self.dependencies.iter().all(|d| d.path.is_none()) {
            return;
        }
        let now = self.local_state_now();
        if now == self.local_state {
            return;
        }
        self.local_state = now;
        let all = self.dependencies.clone();
        let rebuilt = self.build_dependencies(&all, out).and_then(|extra| self.use_crates(&extra, out));
        if let Err(failure) = rebuilt {
            let report = failure.report.join("\n");
            out(Event::Note(format!("an edited crate could not be built; its earlier form stays in use\n{report}")));
        }
    }

    /// Sizes and times of the files of local crates.
    fn local_state_now(&self) -> String {
        let mut state = String::new();
        for path in self.dependencies.iter().filter_map(|d| d.path.as_ref()) {
            for file in extra::source_files(path).unwrap_or_default() {
                let metadata = std::fs::metadata(path.join(&file)).ok();
                let modified = metadata.as_ref().and_then(|m| m.modified().ok()?.duration_since(UNIX_EPOCH).ok());
                state.push_str(&format!("{}:{:?}:{:?};", file.display(), metadata.map(|m| m.len()), modified));
            }
        }
        state
    }
}

fn mentions_crate(type_name: &str, name: &str) -> bool {
    let head = format!("{name}::");
    type_name
        .match_indices(&head)
        .any(|(at, _)| !type_name[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':'))
}
