//! What a stage's process takes and leaves.

use crate::failure::Result;
use crate::param::ParamValue;
use crate::run::cache::{Cache, Made};
use crate::run::error::is_full;
use crate::run::held::{Held, Later};
use crate::run::task::{Failed, FailedKind, Finished, Outcome, Role, Taken, Task};
use ironbook_core::keep::{self, Keeper, Known};
use std::any::{Any, TypeId, type_name};
use std::io;
use std::rc::Rc;

/// Inputs, parameters, data and outputs of the stage that runs in this process.
pub struct Io {
    task: Task,
    cache: Cache,
    made: Vec<Made>,
    passed: Option<bool>,
    registered: Option<String>,
    /// What went wrong in a way that the run has to know of.
    special: Option<Outcome>,
    /// Values in the memory of this process, if it performs several stages.
    held: Option<Rc<Held>>,
}

impl Io {
    pub(crate) fn new(task: Task) -> Io {
        let cache = Cache::at(task.cache.clone());
        Io { task, cache, made: Vec::new(), passed: None, registered: None, special: None, held: None }
    }

    pub(crate) fn with_held(self, held: Option<&Rc<Held>>) -> Io {
        Io { held: held.cloned(), ..self }
    }

    /// Takes a value that another stage made.
    ///
    /// # Errors
    /// When it cannot be read, or is of another type.
    pub fn take<T: Any>(&mut self, name: &str) -> Result<T> {
        let stage = &self.task.stage;
        let taken = self.task.inputs.iter().find(|input| input.name == name).cloned();
        let taken = taken.ok_or_else(|| format!("the stage `{stage}` has no input `{name}`"))?;
        let from = format!("the value `{}.{name}`", taken.from);
        let keeper = self.keeper::<T>(&from)?;
        if let Some(value) = self.held.as_ref().and_then(|held| held.get(&taken.from, name)) {
            let other = |_| self.fail(format!("{from} is no {}", type_name::<T>()));
            return value.downcast::<T>().map(|value| *value).map_err(other);
        }
        let bytes = match self.cache.read(&taken.digest) {
            Ok(bytes) => bytes,
            Err(error) => return Err(self.damaged(taken, &from, &error)),
        };
        let value = keeper.read(&bytes).and_then(|value| {
            value.downcast::<T>().map_err(|_| io::Error::other("its keeper made a value of another type"))
        });
        match value {
            Ok(value) => Ok(*value),
            Err(error) => Err(self.fail(format!("{from} cannot be read as a {}: {error}", type_name::<T>()))),
        }
    }

    /// Leaves a value for other stages.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put<T: Any>(&mut self, name: &str, value: T) -> Result<()> {
        let stage = self.task.stage.clone();
        if !self.task.outputs.iter().any(|output| output == name) {
            return Err(self.fail(format!("the stage `{stage}` has no output `{name}`")));
        }
        let what = format!("the value `{stage}.{name}`");
        let keeper = self.keeper::<T>(&what)?;
        let any: &dyn Any = &value;
        if name == stage {
            self.passed = any.downcast_ref::<bool>().copied();
        }
        self.made.retain(|made| made.name != name);
        let mut made =
            Made { name: name.to_owned(), digest: String::new(), bytes: 0, type_name: type_name::<T>().to_owned() };
        let refuse = refusal(what, type_name::<T>(), &self.cache);
        if let Some(held) = &self.held
            && let Some(copy) = keeper.share(any)
            && let Some(write) = keeper.detach(&*copy)
        {
            let (cache, work) = (self.cache.clone(), self.task.work.clone());
            let later = Later { stage, name: name.to_owned(), write, cache, work, refuse: Box::new(refuse) };
            held.put(keeper, copy, later);
            self.made.push(made);
            return Ok(());
        }
        match self.cache.write(&self.task.work, |to| keeper.write(any, to)) {
            Ok((digest, bytes)) => {
                made = Made { digest, bytes, ..made };
                self.made.push(made);
                Ok(())
            }
            Err(error) => {
                let failed = refuse(&error);
                let text = failed.line();
                self.special = Some(Outcome::Failed(failed));
                Err(text.into())
            }
        }
    }

    /// The value of a parameter.
    ///
    /// # Errors
    /// When it is of another type.
    pub fn param<T: ParamValue>(&self, name: &str) -> Result<T> {
        let stage = &self.task.stage;
        let setting = self.task.params.get(name);
        let setting = setting.ok_or_else(|| format!("the stage `{stage}` has no parameter `{name}`"))?;
        let value = T::parse(&setting.value);
        let other =
            || format!("the parameter `{name}` of type `{}` was asked for as {}", setting.type_name, type_name::<T>());
        Ok(value.ok_or_else(other)?)
    }

    /// The path of a file that the pipeline reads: absolute, or relative to the project, which is the working directory.
    ///
    /// # Panics
    /// For a name that the definition does not give the stage: the program does not fit it then.
    pub fn data(&self, name: &str) -> &'static str {
        match self.task.data.get(name) {
            Some(path) => path.clone().leak(),
            None => panic!("the definition gives the stage `{}` no file `{name}`", self.task.stage),
        }
    }

    /// The name under which the model is to be registered.
    pub fn register_name(&self) -> &str {
        match &self.task.role {
            Role::Register(register) => &register.name,
            _ => "",
        }
    }

    /// The alias that the new version gets, if one.
    pub fn register_alias(&self) -> Option<&str> {
        match &self.task.role {
            Role::Register(register) => Some(register.alias.as_str()).filter(|alias| !alias.is_empty()),
            _ => None,
        }
    }

    /// Says what was registered.
    ///
    /// # Errors
    /// Never; so that it can end a closure.
    pub fn registered(&mut self, version: &ironbook_track::Registered) -> Result<()> {
        self.registered = Some(format!("{} version {}", version.0.name, version.0.version));
        Ok(())
    }

    fn keeper<T: Any>(&mut self, what: &str) -> Result<Keeper> {
        let why = match keep::known(TypeId::of::<T>()) {
            Some(Known::Kept(keeper)) => return Ok(keeper),
            Some(Known::Never(why)) => why,
            None => "derive Serialize, Deserialize and PartialEq for it, and name it in `.value(keep!(..))`",
        };
        Err(self.fail(format!("{what} is of type {}, which cannot be kept: {why}", type_name::<T>())))
    }

    fn fail(&mut self, text: String) -> crate::Failure {
        self.special = Some(Outcome::Failed(Failed::new(FailedKind::Value, text.clone())));
        text.into()
    }

    fn damaged(&mut self, taken: Taken, what: &str, error: &io::Error) -> crate::Failure {
        self.special = Some(Outcome::Damaged { taken, why: error.to_string() });
        format!("{what} in the cache is damaged: {error}").into()
    }

    /// What the stage has come to.
    pub(crate) fn end(self, result: Result<()>) -> Outcome {
        if let Some(special) = self.special {
            return special;
        }
        if let Err(failure) = result {
            return Outcome::Failed(Failed { kind: FailedKind::Error, chain: failure.0.chain });
        }
        let left = |name: &&String| !self.made.iter().any(|made| made.name == **name);
        if let Some(name) = self.task.outputs.iter().find(left) {
            let text = format!("the stage `{}` has ended without its output `{name}`", self.task.stage);
            return Outcome::Failed(Failed::new(FailedKind::Value, text));
        }
        let lookups = ironbook_track::take_lookups();
        Outcome::Done(Finished { outputs: self.made, passed: self.passed, registered: self.registered, lookups })
    }

    /// File of rows, and file for their predictions.
    pub(crate) fn files(&self) -> Option<(std::path::PathBuf, std::path::PathBuf)> {
        match &self.task.role {
            Role::Predict { input, output } => Some((input.clone(), output.clone())),
            _ => None,
        }
    }
}

/// What is said of a value that cannot be written.
fn refusal(what: String, type_name: &'static str, cache: &Cache) -> impl FnOnce(&io::Error) -> Failed + Send + 'static {
    let at = cache.root().to_owned();
    move |error| {
        if !is_full(error) {
            return Failed::new(FailedKind::Value, format!("{what} of type {type_name} cannot be written: {error}"));
        }
        let text = format!(
            "there is no room for {what} in {}: {error}; free some, or give another directory with --cache",
            at.display()
        );
        Failed::new(FailedKind::NoRoom, text)
    }
}
