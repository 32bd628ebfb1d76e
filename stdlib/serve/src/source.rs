//! Where models come from: a directory, or an address that a store knows.

use crate::contract::Extra;
use crate::error::ServeError;
use crate::model::Loaders;
use crate::served::Served;
use ironbook_store::Store;
use ironbook_track::MODEL_FILE;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

type OpenStore = Box<dyn Fn() -> ironbook_store::Result<Arc<dyn Store>> + Send + Sync>;

/// Where a model comes from, and how it is loaded.
pub struct Source {
    address: String,
    name: Option<String>,
    /// What the address, a directory, is called, and the version of what lies there.
    told: Option<String>,
    version: Option<String>,
    extra: Extra,
    loaders: Loaders,
    open: OpenStore,
    store: Mutex<Option<Arc<dyn Store>>>,
}

/// What an address leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    /// Where it is fetched from, which is the same for ever.
    uri: String,
    name: String,
    version: String,
}

impl Source {
    /// A model's address: `models:/name@alias`, `models:/name/3`, `models:/name/Production`, `models:/name/latest`,
    /// `models:/m-id`, `runs:/run/path`, or the directory of a logged model. `open` opens the store of the first kinds.
    #[must_use]
    pub fn new(
        address: &str,
        open: impl Fn() -> ironbook_store::Result<Arc<dyn Store>> + Send + Sync + 'static,
    ) -> Source {
        Source {
            address: address.to_owned(),
            name: None,
            told: None,
            version: None,
            extra: Extra::default(),
            loaders: Loaders::standard(),
            open: Box::new(open),
            store: Mutex::new(None),
        }
    }

    /// The same, under another name than the registry's or the directory's.
    #[must_use]
    pub fn named(mut self, name: Option<String>) -> Source {
        self.name = name;
        self
    }

    /// The same, for a directory: what it is called instead, and the version of what lies there.
    #[must_use]
    pub fn told_as(mut self, source: Option<String>, version: Option<String>) -> Source {
        (self.told, self.version) = (source, version);
        self
    }

    /// The same, with another treatment of columns that the model does not read.
    #[must_use]
    pub fn extra(mut self, extra: Extra) -> Source {
        self.extra = extra;
        self
    }

    /// The same, with other formats.
    #[must_use]
    pub fn loaders(mut self, loaders: Loaders) -> Source {
        self.loaders = loaders;
        self
    }

    /// Whether the address can lead to another version tomorrow.
    #[must_use]
    pub fn moves(&self) -> bool {
        let Some(name) = self.address.strip_prefix("models:/") else { return false };
        let fixed = |version: &str| version.bytes().all(|byte| byte.is_ascii_digit());
        name.contains('@') || name.rsplit_once('/').is_some_and(|(_, version)| !fixed(version))
    }

    /// Loads the model.
    ///
    /// # Errors
    /// [`ServeError::Fetch`], [`ServeError::Format`], [`ServeError::Model`], [`ServeError::Unfit`].
    pub fn load(&self) -> Result<Served, ServeError> {
        let directory = Path::new(&self.address);
        if !self.is_address() {
            return self.load_from(directory, &self.directory_name());
        }
        let place = self.place()?;
        self.fetch(&place)
    }

    /// Loads the model if the address leads to another version than this one.
    pub(crate) fn load_if_moved(&self, version: &str) -> Result<Option<Served>, ServeError> {
        let place = self.place()?;
        if place.version == version { Ok(None) } else { self.fetch(&place).map(Some) }
    }

    fn is_address(&self) -> bool {
        self.address.starts_with("models:/") || self.address.starts_with("runs:/")
    }

    fn directory_name(&self) -> String {
        let path = std::path::absolute(&self.address).unwrap_or_else(|_| PathBuf::from(&self.address));
        path.file_name().map_or_else(|| "model".to_owned(), |name| name.to_string_lossy().into_owned())
    }

    fn failed(&self, source: ironbook_store::Error) -> ServeError {
        ServeError::Fetch { uri: self.address.clone(), source }
    }

    fn store(&self) -> Result<Arc<dyn Store>, ServeError> {
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = &*store {
            return Ok(Arc::clone(store));
        }
        let opened = (self.open)().map_err(|error| self.failed(error))?;
        *store = Some(Arc::clone(&opened));
        Ok(opened)
    }

    fn place(&self) -> Result<Place, ServeError> {
        let store = self.store()?;
        let own = |name: &str| self.name.clone().unwrap_or_else(|| name.to_owned());
        if let Some(rest) = self.address.strip_prefix("runs:/") {
            let (run, path) = rest.split_once('/').unwrap_or((rest, "model"));
            let name = path.rsplit('/').find(|part| !part.is_empty()).unwrap_or("model");
            return Ok(Place { uri: self.address.clone(), name: own(name), version: run.to_owned() });
        }
        let found = ironbook_track::version_of(&*store, &self.address).map_err(|error| self.failed(error))?;
        Ok(match found {
            Some(version) => Place {
                uri: format!("models:/{}/{}", version.name, version.version),
                name: own(&version.name),
                version: version.version,
            },
            None => {
                let id = self.address.trim_start_matches("models:/");
                Place { uri: self.address.clone(), name: own("model"), version: id.to_owned() }
            }
        })
    }

    fn fetch(&self, place: &Place) -> Result<Served, ServeError> {
        let store = self.store()?;
        let fetched = ironbook_track::fetch_model_from(&*store, &place.uri).map_err(|error| self.failed(error))?;
        let model = self.loaders.load(&fetched.format, &fetched.file())?;
        Served::new(model, (&place.name, &place.version, &self.address), self.extra, true)
    }

    fn load_from(&self, directory: &Path, name: &str) -> Result<Served, ServeError> {
        let format = ironbook_track::format_in(directory).map_err(|error| self.failed(error))?;
        let model = self.loaders.load(&format, &directory.join(MODEL_FILE))?;
        let (name, version) = (self.name.as_deref().unwrap_or(name), self.version.as_deref().unwrap_or("1"));
        let source = self.told.as_deref().unwrap_or(&self.address);
        Served::new(model, (name, version, source), self.extra, true)
    }
}
