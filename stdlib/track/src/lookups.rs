//! Names of the registry that may lead elsewhere tomorrow, and where they led: what depends on who is champion is of no use
//! any more once somebody else is.

use crate::{models, place};
use ironbook_store::{Code, Error, Result};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// A name that was looked up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lookup {
    /// `models:/late-flights@champion`, `models:/late-flights/Production`, `models:/late-flights/latest`.
    pub uri: String,
    /// The version that it led to; none when nobody had the name.
    pub version: Option<String>,
}

static LOOKUPS: Mutex<Vec<Lookup>> = Mutex::new(Vec::new());

/// Notes where a name has led to; versions by their number, runs and files lead to the same for ever.
pub(crate) fn note(uri: &str, version: Option<&str>) {
    let lookup = Lookup { uri: uri.to_owned(), version: version.map(str::to_owned) };
    let mut lookups = LOOKUPS.lock().unwrap_or_else(PoisonError::into_inner);
    if may_move(uri) && !lookups.contains(&lookup) {
        lookups.push(lookup);
    }
}

fn may_move(uri: &str) -> bool {
    let Some(name) = uri.strip_prefix("models:/") else { return false };
    let is_number = |version: &str| version.bytes().all(|byte| byte.is_ascii_digit());
    name.contains('@') || name.rsplit_once('/').is_some_and(|(_, version)| !is_number(version))
}

/// The names that were looked up in this process since the last call.
#[must_use]
pub fn take_lookups() -> Vec<Lookup> {
    std::mem::take(&mut *LOOKUPS.lock().unwrap_or_else(PoisonError::into_inner))
}

/// The version that a name leads to now, in the store of a directory; none when nobody has it.
///
/// # Errors
/// When the store cannot be asked.
pub fn look_up(uri: &str, directory: &Path) -> Result<Option<String>> {
    let Some(store) = place::open_existing(directory)? else { return Ok(None) };
    match models::version_of(&*store, uri) {
        Ok(version) => Ok(version.map(|version| version.version)),
        Err(error) if is_vacant(&error, uri.trim_start_matches("models:/")) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether an error says that nobody has this alias or stage: a registered model's version, a file or a server that is
/// missing is something else.
#[must_use]
pub fn is_vacant(error: &Error, name: &str) -> bool {
    let Some((_, alias)) = name.split_once('@') else {
        let Some((_, version)) = name.rsplit_once('/').filter(|_| !name.contains(":/")) else { return false };
        let missing = matches!(error, Error::NotFound { what, .. } if !matches!(*what, "model" | "artifact"));
        return missing && !version.bytes().all(|byte| byte.is_ascii_digit());
    };
    match error {
        Error::NotFound { what, .. } => !matches!(*what, "model" | "artifact"),
        Error::InvalidValue { what, value, expected } => {
            *what == "alias" && value == alias && expected.starts_with("no version has it")
        }
        // A server, MLflow's or ours: a model that is not registered, and an alias that is not set.
        Error::Remote { code, message, .. } => match code {
            Code::ResourceDoesNotExist => message.to_lowercase().contains("registered model"),
            Code::InvalidParameterValue => {
                message.contains("alias") && message.contains("not found") || message.contains("no version has it")
            }
            _ => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_may_move_are_noted() {
        for uri in ["models:/late@champion", "models:/late/latest", "models:/late/Production"] {
            assert!(may_move(uri), "{uri}");
        }
        for uri in ["models:/late/3", "models:/m-123", "runs:/1/model"] {
            assert!(!may_move(uri), "{uri}");
        }
    }

    #[test]
    fn only_a_name_that_nobody_has_is_vacant() {
        let missing = |what: &'static str| Error::NotFound { what, name: "late".to_owned() };
        let remote = |code: Code, message: &str| Error::Remote {
            uri: "http://127.0.0.1:5000".to_owned(),
            status: 404,
            code,
            message: message.to_owned(),
        };
        let unset = |value: &str| Error::InvalidValue {
            what: "alias",
            value: value.to_owned(),
            expected: "no version has it: give one that was set",
        };
        // The words of MLflow 3's server, and those of ours.
        let nobody = remote(Code::ResourceDoesNotExist, "Registered Model with name=late not found");
        let ours = remote(Code::ResourceDoesNotExist, "there is no registered model `late` in the tracking store");
        let alias = remote(Code::InvalidParameterValue, "Registered model alias champion not found.");
        for error in [missing("registered model"), missing("run in"), unset("champion"), nobody, ours, alias] {
            assert!(is_vacant(&error, "late@champion"), "{error}");
        }
        let file = remote(Code::ResourceDoesNotExist, "No such artifact: 'model.json'");
        let refused = remote(Code::InvalidParameterValue, "Invalid alias name: 'v1'");
        let away = Error::Io { doing: "read", path: "x".into(), source: std::io::ErrorKind::NotFound.into() };
        for error in [missing("model"), missing("artifact"), unset("other"), file, refused, away] {
            assert!(!is_vacant(&error, "late@champion"), "{error}");
        }
        let version = missing("version of a model");
        assert!(is_vacant(&version, "late/Production") && !is_vacant(&version, "late/3"));
        for name in ["runs:/3/model", "m-123", "late"] {
            assert!(!is_vacant(&missing("run"), name), "{name}");
        }
    }
}
