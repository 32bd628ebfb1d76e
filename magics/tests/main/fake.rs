//! A session that compiles nothing: it keeps what it was given, and `let name = ..` makes a variable.

use ironbook_magics::engine::{Dependency, Engine, ExecuteOptions, Interrupt, ItemInfo, Tier, Variable};
use ironbook_session::durable::{Change, Checkpoint, SessionInfo};
use ironbook_session::{
    CellLine, Event, Execution, ExecutionId, Failure, FailureKind, Flow, Restored, Slice, Source, Status, Timing,
};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub struct Fake {
    pub sources: Vec<Source>,
    pub tiers: Vec<Tier>,
    pub variables: Vec<Variable>,
    pub items: Vec<ItemInfo>,
    pub tier: Tier,
    pub directory: PathBuf,
    pub env: Vec<(String, Option<String>)>,
    pub dependencies: Vec<Dependency>,
    /// Sources with this text in them fail.
    pub fails: Option<&'static str>,
    /// Events that the next execution emits.
    pub events: Vec<Event>,
    pub checkpoints: BTreeMap<String, Vec<Variable>>,
    /// What is out of date, or lost.
    pub slice: Slice,
    pub cells: Vec<CellLine>,
}

impl Fake {
    pub fn new(directory: &Path) -> Self {
        Fake {
            sources: Vec::new(),
            tiers: Vec::new(),
            variables: Vec::new(),
            items: Vec::new(),
            tier: Tier::Auto,
            directory: directory.to_owned(),
            env: Vec::new(),
            dependencies: Vec::new(),
            fails: None,
            events: Vec::new(),
            checkpoints: BTreeMap::new(),
            slice: Slice::default(),
            cells: Vec::new(),
        }
    }

    /// The Rust of each execution.
    pub fn rust(&self) -> Vec<String> {
        self.sources.iter().map(Source::rust).collect()
    }
}

struct NoOne;

impl Interrupt for NoOne {
    fn interrupt(&self) {}
    fn kill(&self) {}
    fn answer(&self, _: Result<String, String>) {}
}

impl Engine for Fake {
    fn execute(&mut self, source: &Source, _: &ExecuteOptions, out: &mut dyn FnMut(Event)) -> Execution {
        let id = self.sources.len() as u64 + 1;
        let rust = source.rust();
        for statement in rust.split("let ").skip(1) {
            let name: String = statement.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if !name.starts_with("__") {
                self.variables.retain(|variable| variable.name != name);
                let type_name = if rust.contains("vec![42i32") { "Vec<i32>" } else { "i32 String" }.to_owned();
                self.variables.push(Variable { name, type_name, bytes: 4, cell: id, ..Variable::default() });
            }
        }
        self.sources.push(source.clone());
        self.tiers.push(self.tier);
        self.events.drain(..).for_each(out);
        let failed = self.fails.is_some_and(|text| rust.contains(text));
        let failure = Failure::new(FailureKind::Panic, "panic", "boom");
        Execution {
            id,
            status: if failed { Status::Failed(failure) } else { Status::Ok },
            timing: Timing { compiles: 1, compile_s: 0.125, opt_level: 2, ..Timing::default() },
            flow: Flow::default(),
        }
    }

    fn interrupter(&self) -> Arc<dyn Interrupt> {
        Arc::new(NoOne)
    }

    fn restart(&mut self) -> Vec<Variable> {
        std::mem::take(&mut self.variables)
    }

    fn reset(&mut self) {
        self.variables.clear();
        self.items.clear();
    }

    fn variables(&mut self) -> Vec<Variable> {
        self.variables.clone()
    }

    fn forget(&mut self, names: &[String]) -> Vec<String> {
        self.variables.retain(|variable| !names.contains(&variable.name));
        names.to_vec()
    }

    fn items(&self) -> Vec<ItemInfo> {
        self.items.clone()
    }

    fn expand(&mut self, source: &Source) -> Result<String, Failure> {
        Ok(format!("mod cell {{ {} }}", source.rust()))
    }

    fn tier(&self) -> Tier {
        self.tier
    }

    fn set_tier(&mut self, tier: Tier) {
        self.tier = tier;
    }

    fn directory(&self) -> &Path {
        &self.directory
    }

    fn set_directory(&mut self, path: &Path) -> Result<(), Failure> {
        self.directory = path.to_owned();
        Ok(())
    }

    fn set_env(&mut self, name: &str, value: Option<&str>) -> Result<(), Failure> {
        self.env.push((name.to_owned(), value.map(str::to_owned)));
        Ok(())
    }

    fn add_dependency(&mut self, spec: &Dependency, _: &mut dyn FnMut(Event)) -> Result<(), Failure> {
        self.dependencies.push(spec.clone());
        Ok(())
    }

    fn dependencies(&self) -> Vec<Dependency> {
        self.dependencies.clone()
    }

    fn source(&self, id: ExecutionId) -> Option<Source> {
        self.sources.get(usize::try_from(id).ok()?.checked_sub(1)?).cloned()
    }

    fn outdated_by(&self, _: Option<&BTreeSet<String>>) -> Slice {
        self.slice.clone()
    }

    fn lost_makers(&self) -> Slice {
        self.slice.clone()
    }

    fn checkpoint(&mut self, name: &str, _: &mut dyn FnMut(Event)) -> Result<Checkpoint, Failure> {
        self.checkpoints.insert(name.to_owned(), self.variables.clone());
        Ok(Checkpoint { name: name.to_owned(), at: 1, variables: self.variables.len(), missing: Vec::new() })
    }

    fn forget_checkpoint(&mut self, name: &str, _: &mut dyn FnMut(Event)) -> Result<bool, Failure> {
        Ok(self.checkpoints.remove(name).is_some())
    }

    fn checkpoints(&mut self) -> Result<Vec<Checkpoint>, Failure> {
        let listed = |(name, variables): (&String, &Vec<Variable>)| Checkpoint {
            name: name.clone(),
            at: 1,
            variables: variables.len(),
            missing: vec![("net".to_owned(), "code".to_owned())],
        };
        Ok(self.checkpoints.iter().map(listed).collect())
    }

    fn restore_checkpoint(&mut self, name: &str, _: &mut dyn FnMut(Event)) -> Result<Restored, Failure> {
        self.variables = self.checkpoints.get(name).cloned().ok_or_else(|| none(name))?;
        let back = self.variables.iter().map(|variable| variable.name.clone()).collect();
        Ok(Restored { back, ..Restored::default() })
    }

    fn diff(&mut self, name: &str, _: &mut dyn FnMut(Event)) -> Result<Vec<Change>, Failure> {
        let then = self.checkpoints.get(name).cloned().ok_or_else(|| none(name))?;
        let side = |all: &[Variable], name: &str| {
            let found = all.iter().find(|variable| variable.name == name);
            found.map(|variable| (variable.type_name.clone(), variable.shape.clone()))
        };
        let names: BTreeSet<&String> = then.iter().chain(&self.variables).map(|variable| &variable.name).collect();
        let change = |name: &String| {
            let (then, now) = (side(&then, name), side(&self.variables, name));
            Change { name: name.clone(), differs: Some(then != now), then, now, cell: None }
        };
        Ok(names.into_iter().map(change).collect())
    }

    fn note_cell(&mut self, cell: CellLine) {
        self.cells.push(cell);
    }

    fn resumable(&self) -> Vec<SessionInfo> {
        Vec::new()
    }

    fn become_session(
        &mut self,
        id: Option<&str>,
        _: &mut dyn FnMut(Event),
    ) -> Result<(Vec<CellLine>, Restored), Failure> {
        match id {
            Some("known") => Ok((
                vec![CellLine {
                    number: 7,
                    text: "let a = 1;".to_owned(),
                    ok: true,
                    executions: vec![3],
                    ..CellLine::default()
                }],
                Restored { back: vec!["a".to_owned()], ..Restored::default() },
            )),
            _ => Err(none("session")),
        }
    }
}

fn none(name: &str) -> Failure {
    Failure::new(FailureKind::Magic, "checkpoint", format!("there is no checkpoint `{name}`"))
}

/// The text of all outputs.
pub fn text(events: &[Event]) -> String {
    let text = |event: &Event| match event {
        Event::Stdout(text) | Event::Stderr(text) | Event::Note(text) | Event::Page(text) => text.clone(),
        Event::Display { bundle, .. } | Event::Result(bundle) => format!("{}\n", bundle.plain()),
        _ => String::new(),
    };
    events.iter().map(text).collect()
}
