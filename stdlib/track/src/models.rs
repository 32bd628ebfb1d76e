//! Models in a store: logged in MLflow's model format, registered under a name, loaded again.
//!
//! A logged model is a directory: `MLmodel` (what it is, in YAML), the model's own file, `code/` with a loader for Python,
//! an input example and the environment that the loader needs. `mlflow.pyfunc.load_model` predicts with it.

use crate::active;
use crate::auto;
use crate::handle::RunHandle;
use crate::lookups;
use crate::mlmodel;
use crate::place;
use ironbook_core::record::Mark;
use ironbook_core::{Bundle, Display};
use ironbook_store::model::{ModelOutput, Param};
use ironbook_store::{
    ArtifactsOf, Error, LoggedModel, ModelStatus, ModelVersion, NewExperiment, NewModel, NewVersion, Result, Search,
    Stage, Store, Tag,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A model on its way into a store.
pub struct ModelFiles<'a> {
    /// Kind of model: `Gbdt`.
    pub kind: &'a str,
    /// Name of its file format: `ironbook/gbdt`.
    pub format: &'a str,
    /// Path of its type, as a cell would write it.
    pub type_path: &'a str,
    /// Name and MLflow type (`any`, `string`, `datetime`) of each input.
    pub inputs: Vec<(String, &'static str)>,
    /// MLflow type of a prediction.
    pub output: &'static str,
    /// Which fit it comes from.
    pub mark: Mark,
    /// Whether it has probabilities of classes.
    pub proba: bool,
    /// Whether its file is XGBoost's too, with numbers as its only inputs.
    pub xgboost: bool,
    /// Text of the Python module that loads it; none for models that Python cannot load.
    pub loader: Option<&'a str>,
    /// Writes its file.
    pub write: &'a dyn Fn(&Path) -> std::result::Result<(), ironbook_core::PersistError>,
}

/// Name of the model's own file in its directory.
pub const FILE: &str = "model.json";

/// Logs a model to the run that it was fitted in (else the active one, else to none), under a name.
///
/// # Errors
/// Of the store; a model that could not be written whole is marked as failed.
pub fn log_model(files: &ModelFiles<'_>, name: Option<&str>) -> Result<LoggedModel> {
    let run = run_of(files);
    let store = run.as_ref().map_or_else(|| active::store_for_new(), |run| Ok(run.shared_store()))?;
    logged(&*store, run.as_ref(), files, name)
}

fn run_of(files: &ModelFiles<'_>) -> Option<RunHandle> {
    auto::run_of(files.mark).or_else(active)
}

fn logged(
    store: &dyn Store,
    run: Option<&RunHandle>,
    files: &ModelFiles<'_>,
    name: Option<&str>,
) -> Result<LoggedModel> {
    auto::flush();
    let (experiment, params) = match run {
        Some(run) => {
            let run = store.run(run.id())?;
            (run.info.experiment, run.params)
        }
        None => (default_experiment(store)?, Vec::<Param>::new()),
    };
    let new = NewModel {
        experiment,
        name: Some(name.unwrap_or(files.kind).to_owned()),
        model_type: Some(files.kind.to_owned()),
        source_run: run.map(|run| run.id().to_owned()),
        params,
        tags: vec![Tag::new("ironbook.format", files.format)],
    };
    let model = store.create_model(&new)?;
    let written = write(store, files, &model, run);
    let status = if written.is_ok() { ModelStatus::Ready } else { ModelStatus::Failed };
    let message = written.as_ref().err().map(Error::to_string);
    let finished = store.finish_model(&model.id, status, message.as_deref());
    written?;
    if let Some(run) = run {
        store.log_outputs(run.id(), &[ModelOutput { model_id: model.id.clone(), step: 0 }])?;
    }
    finished
}

fn default_experiment(store: &dyn Store) -> Result<String> {
    match store.experiment_by_name("Default")? {
        Some(found) => Ok(found.id),
        None => store.create_experiment(&NewExperiment::named("Default")),
    }
}

fn write(store: &dyn Store, files: &ModelFiles<'_>, model: &LoggedModel, run: Option<&RunHandle>) -> Result<()> {
    let directory = Scratch::new()?;
    let file = directory.0.join(FILE);
    (files.write)(&file).map_err(|error| Error::Model { name: model.name.clone(), source: error.into() })?;
    let example = auto::example_of(files.mark);
    mlmodel::write(&directory.0, files, model, run.map(RunHandle::id), example.as_ref())?;
    let entries = std::fs::read_dir(&directory.0).map_err(|e| Error::io("list", &directory.0, e))?;
    for entry in entries {
        let entry = entry.map_err(|e| Error::io("list", &directory.0, e))?;
        store.copy_artifact(ArtifactsOf::Model(&model.id), &entry.path(), None)?;
    }
    Ok(())
}

/// A directory that goes with its value.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Scratch> {
        use std::sync::atomic::{AtomicU64, Ordering};
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("ironbook-model-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        // A process of this number may have left one.
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).map_err(|e| Error::io("create the directory", &path, e))?;
        Ok(Scratch(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left in the directory for temporary files is no loss.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A version that was registered, staged or looked up.
#[derive(Clone, Debug, PartialEq)]
pub struct Registered(pub ModelVersion);

impl Display for Registered {
    fn bundle(&self) -> Bundle {
        let v = &self.0;
        let aliases = if v.aliases.is_empty() { String::new() } else { format!(", alias {}", v.aliases.join(", ")) };
        let stage = if v.stage == Stage::None { String::new() } else { format!(", stage {}", v.stage.as_str()) };
        Bundle::text(format!("{} version {}{aliases}{stage}", v.name, v.version))
    }
}

/// Logs a model and registers it as the next version of `name`, which is created if it is new.
///
/// # Errors
/// As [`log_model`]; a name or alias that is not allowed.
pub fn register_model(files: &ModelFiles<'_>, name: &str, alias: Option<&str>) -> Result<Registered> {
    let run = run_of(files);
    let store = run.as_ref().map_or_else(|| active::store_for_new(), |run| Ok(run.shared_store()))?;
    // Refused before anything is written.
    match store.create_registered(name, None, &[]) {
        Ok(_) => {}
        Err(error) if error.code() == ironbook_store::Code::ResourceAlreadyExists => {}
        Err(error) => return Err(error),
    }
    let model = logged(&*store, run.as_ref(), files, Some(name))?;
    let mut version = store.create_version(&NewVersion {
        name: name.to_owned(),
        source: format!("models:/{}", model.id),
        run: run.as_ref().map(|run| run.id().to_owned()),
        model_id: Some(model.id.clone()),
        ..NewVersion::default()
    })?;
    if let Some(alias) = alias {
        store.set_alias(name, alias, &version.version)?;
        // Asking would need a server that may be away.
        version.aliases.push(alias.to_owned());
    }
    Ok(Registered(version))
}

/// Moves a version to a stage; others that are in Staging or Production stay.
///
/// # Errors
/// [`Error::InvalidValue`] for a stage that there is not; of the store.
pub fn stage(name: &str, version: &str, stage: &str) -> Result<Registered> {
    let expected = "use None, Staging, Production or Archived";
    let stage =
        Stage::parse(stage).ok_or_else(|| Error::InvalidValue { what: "stage", value: stage.to_owned(), expected })?;
    active::store_to_show()?.stage_version(name, version, stage, false).map(Registered)
}

/// Names a version; a name that was another version's moves.
///
/// # Errors
/// Of the store.
pub fn alias(name: &str, version: &str, alias: &str) -> Result<Registered> {
    let store = active::store_to_show()?;
    store.set_alias(name, alias, version)?;
    store.version(name, version).map(Registered)
}

/// A model that was fetched: a directory with its files, and what it is.
pub struct Fetched {
    /// The directory; it goes with this value.
    directory: Scratch,
    /// Name of its file format.
    pub format: String,
    /// Path of its type, as a cell would write it.
    pub type_path: String,
}

impl Fetched {
    /// Its own file.
    pub fn file(&self) -> PathBuf {
        self.directory.0.join(FILE)
    }
}

/// Fetches a model: `models:/name@alias`, `models:/name/3`, `models:/name/Production`, `models:/name/latest`,
/// `models:/m-id`, `runs:/run id/path`.
///
/// # Errors
/// [`Error::Uri`] for other addresses; [`Error::NotFound`]; [`Error::Model`] for a model that Ironbook did not log.
pub fn fetch_model(uri: &str) -> Result<Fetched> {
    let store: Arc<dyn Store> = active::store_to_show()?;
    fetch_model_from(&*store, uri)
}

/// As [`fetch_model`], from this store.
///
/// # Errors
/// As [`fetch_model`].
pub fn fetch_model_from(store: &dyn Store, uri: &str) -> Result<Fetched> {
    let directory = Scratch::new()?;
    let fetched = fetch(store, uri, &directory.0, MOST_STEPS);
    if let Err(error) = fetched {
        if lookups::is_vacant(&error, uri.trim_start_matches("models:/")) {
            lookups::note(uri, None);
        }
        return Err(error);
    }
    let card = mlmodel::read(&directory.0, uri)?;
    Ok(Fetched { directory, format: card.format, type_path: card.type_path })
}

/// Names that may lead to names before the files are reached.
const MOST_STEPS: usize = 5;

fn fetch(store: &dyn Store, uri: &str, to: &Path, steps: usize) -> Result<()> {
    let refuse = |reason: &str| Error::Uri {
        uri: uri.to_owned(),
        reason: reason.to_owned(),
        todo: "give models:/NAME@ALIAS, models:/NAME/VERSION, models:/m-ID or runs:/RUN/PATH".to_owned(),
    };
    if let Some(rest) = uri.strip_prefix("runs:/") {
        let (run, path) = rest.split_once('/').ok_or_else(|| refuse("it has no path"))?;
        return some(store.fetch_artifact(ArtifactsOf::Run(run), path, to)?, uri);
    }
    let rest = uri.strip_prefix("models:/").ok_or_else(|| refuse("it names no model"))?;
    let source = match version_of(store, uri)? {
        Some(version) => {
            lookups::note(uri, Some(&version.version));
            version.source
        }
        None if rest.starts_with("m-") => {
            return some(store.fetch_artifact(ArtifactsOf::Model(rest), "", to)?, uri);
        }
        None => return Err(refuse("it says which model, not which version")),
    };
    if source.starts_with("models:/") || source.starts_with("runs:/") {
        let left = steps.checked_sub(1).ok_or_else(|| refuse("it leads to other names without end"))?;
        return fetch(store, &source, to, left);
    }
    // A place of files, as other programs register.
    let repo = ironbook_store::artifacts::open(&source, to)?;
    some(ironbook_store::artifacts::copy_repo(&*repo, "", to)?, uri)
}

/// Name of the file format of the model in a directory, as [`ModelFiles::format`]; its own file is [`FILE`] there.
///
/// # Errors
/// When its `MLmodel` cannot be read; [`Error::Foreign`] for a model that Ironbook did not log.
pub fn format_in(directory: &Path) -> Result<String> {
    mlmodel::read(directory, &directory.display().to_string()).map(|card| card.format)
}

/// The registered version that a name leads to in this store; none for a name of something else.
///
/// # Errors
/// [`Error::NotFound`]; of the store.
pub fn version_of(store: &dyn Store, uri: &str) -> Result<Option<ModelVersion>> {
    let rest = uri.strip_prefix("models:/").unwrap_or(uri);
    match (rest.split_once('@'), rest.split_once('/')) {
        (Some((name, alias)), _) => store.version_by_alias(name, alias).map(Some),
        (None, Some((name, which))) => version(store, name, which).map(Some),
        (None, None) => Ok(None),
    }
}

fn some(files: usize, uri: &str) -> Result<()> {
    if files > 0 { Ok(()) } else { Err(Error::NotFound { what: "model", name: uri.to_owned() }) }
}

fn version(store: &dyn Store, name: &str, which: &str) -> Result<ModelVersion> {
    if which.bytes().all(|b| b.is_ascii_digit()) && !which.is_empty() {
        return store.version(name, which);
    }
    let newest =
        |versions: Vec<ModelVersion>| versions.into_iter().max_by_key(|v| v.version.parse::<u64>().unwrap_or(0));
    let found = match Stage::parse(which) {
        Some(stage) => newest(store.latest_versions(name, &[stage])?),
        None if which == "latest" => {
            let all = Search::all().filter(format!("name = '{}'", name.replace('\'', "\\'")));
            newest(store.search_versions(&all)?.items)
        }
        None => None,
    };
    found.ok_or_else(|| Error::NotFound { what: "version of a model", name: format!("{name}/{which}") })
}

/// The address of the store in words, for messages.
#[must_use]
pub fn where_to() -> String {
    place::uri().unwrap_or_else(|| "the project's own store".to_owned())
}
