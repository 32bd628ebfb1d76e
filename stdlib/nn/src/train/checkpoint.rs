//! The whole state of a training as one safetensors file.

use super::trainer::{Settings, State, Trainer};
use crate::error::NnError;
use crate::loss::Loss;
use crate::module::{Module, load_named, state_dict, variables};
use crate::weights;
use candle_core::Tensor;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// Version of the files written; raised when their fields change their meaning.
const VERSION: u32 = 1;
const FORMAT: &str = "ironbook/checkpoint";

/// What is said of the tensors.
#[derive(Serialize, Deserialize)]
struct About {
    format: String,
    version: u32,
    settings: Settings,
    optimizer: Value,
    optimizer_steps: usize,
    state: State,
}

impl<M: Module, L: Loss> Trainer<M, L> {
    /// Writes weights, optimiser, schedule, position and history; an existing file is replaced only once the new one
    /// is complete.
    ///
    /// # Errors
    /// [`NnError::Write`], [`NnError::Candle`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), NnError> {
        let about = About {
            format: FORMAT.to_owned(),
            version: VERSION,
            settings: self.settings.clone(),
            optimizer: self.optimizer.settings(),
            optimizer_steps: self.optimizer.steps(),
            state: self.state.clone(),
        };
        let mut tensors = BTreeMap::new();
        let mut put = |prefix: &str, all: BTreeMap<String, Tensor>| {
            tensors.extend(all.into_iter().map(|(name, t)| (format!("{prefix}/{name}"), t)));
        };
        put("model", state_dict(&self.model)?);
        put("optimizer", self.optimizer.state()?);
        put("best", self.best.clone().unwrap_or_default());
        put("last", self.last.clone().unwrap_or_default());
        let path = path.as_ref();
        let text = serde_json::to_string(&about)
            .map_err(|e| NnError::Write { path: path.to_owned(), source: std::io::Error::other(e) })?;
        weights::write(&tensors, Some(text), path)
    }

    /// Goes on from a checkpoint: the trainer must have been set up as the one that wrote it, but for `epochs`.
    ///
    /// The training that follows is, bit for bit on the CPU, the one that was left.
    ///
    /// # Errors
    /// [`NnError::Read`], [`NnError::Corrupt`]; [`NnError::OtherNetwork`] and [`NnError::OtherTrainer`] for another
    /// network or other settings. Nothing is changed then.
    pub fn resume(mut self, path: impl AsRef<Path>) -> Result<Self, NnError> {
        let path = path.as_ref();
        let (tensors, text) = weights::read(path, "checkpoint")?;
        let about = about(path, text)?;
        self.same(path, &about)?;
        let part = |prefix: &str| {
            let named = |(name, t): (&String, &Tensor)| {
                name.strip_prefix(prefix)?.strip_prefix('/').map(|rest| (rest.to_owned(), t.clone()))
            };
            tensors.iter().filter_map(named).collect::<BTreeMap<String, Tensor>>()
        };
        let trained = self.trained();
        // The optimiser's state is checked before the weights are set, so that an error changes nothing.
        let all = variables(&self.model);
        let before = state_dict(&self.model)?;
        load_named(&all, &part("model"), &format!("\"{}\"", path.display()))?;
        if let Err(error) = self.optimizer.load(&trained, &part("optimizer"), about.optimizer_steps) {
            load_named(&all, &before, "the network")?;
            return Err(error);
        }
        let saved = |prefix| Some(part(prefix)).filter(|tensors| !tensors.is_empty());
        (self.best, self.last) = (saved("best"), saved("last"));
        self.state = about.state;
        Ok(self)
    }

    fn same(&self, path: &Path, about: &About) -> Result<(), NnError> {
        let differ = |what, found: String, expected: String| {
            Err(NnError::OtherTrainer { path: path.to_owned(), what, found, expected })
        };
        let found = self.optimizer.settings();
        if about.optimizer != found {
            return differ("the optimiser", about.optimizer.to_string(), found.to_string());
        }
        let mut settings = about.settings.clone();
        settings.epochs = self.settings.epochs;
        if settings != self.settings {
            return differ("the settings", words(&settings), words(&self.settings));
        }
        Ok(())
    }
}

fn words(settings: &Settings) -> String {
    serde_json::to_string(settings).unwrap_or_default()
}

fn about(path: &Path, text: Option<String>) -> Result<About, NnError> {
    let corrupt = |why: String| NnError::Corrupt { path: path.to_owned(), what: "checkpoint", why };
    let text = text.ok_or_else(|| corrupt("it holds weights, but no state of a training".to_owned()))?;
    let about: About = serde_json::from_str(&text).map_err(|e| corrupt(e.to_string()))?;
    if about.format != FORMAT || about.version > VERSION {
        return Err(corrupt(format!("it is {} version {}", about.format, about.version)));
    }
    Ok(about)
}
