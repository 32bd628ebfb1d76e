//! Values kept as JSON files, such as fitted models, bit for bit.

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Version of the files written; raised when the fields of a format change their meaning.
const VERSION: u32 = 1;

/// A value that is kept as a JSON file: `{"format": .., "version": .., "model": ..}`.
///
/// Numbers are written so that reading gives back the same bits; infinities and NaN, which JSON does not have, are for
/// the type's own serde attributes.
pub trait Persist: Serialize + DeserializeOwned {
    /// Name of the format in the file, for instance `ironbook/mean_baseline`.
    const FORMAT: &'static str;

    /// What makes a value from a file one that cannot be worked with (lists that do not belong together, numbers of
    /// things that are not there), in words; `load` refuses it. `None` for what is sound.
    fn flaw(&self) -> Option<String> {
        None
    }

    /// Writes the value; an existing file is replaced only once the new one is complete.
    ///
    /// # Errors
    /// [`PersistError::Write`].
    fn save(&self, path: impl AsRef<Path>) -> Result<(), PersistError> {
        self.save_to(path.as_ref())
    }

    /// Reads a value.
    ///
    /// # Errors
    /// [`PersistError::Read`] for a file that cannot be read, [`PersistError::NotAModel`] for one that `save` did not
    /// write or that has a [`flaw`](Self::flaw), [`PersistError::OtherModel`] for one that holds another format or a newer version.
    fn load(path: impl AsRef<Path>) -> Result<Self, PersistError> {
        Self::load_from(path.as_ref())
    }

    /// [`save`](Self::save); [`persist_here!`](crate::persist_here) writes it into an `impl`.
    #[doc(hidden)]
    fn save_to(&self, path: &Path) -> Result<(), PersistError> {
        save(Self::FORMAT, self, path)
    }

    /// [`load`](Self::load), as `save_to`.
    #[doc(hidden)]
    fn load_from(path: &Path) -> Result<Self, PersistError> {
        load(Self::FORMAT, path)
    }
}

/// In an `impl Persist` for one type: reading and writing it is compiled once, with its crate. A macro because a provided
/// method is compiled (unoptimised, by serde's many parts) into each cell that calls it.
#[macro_export]
macro_rules! persist_here {
    () => {
        #[inline(never)]
        fn save_to(&self, path: &::std::path::Path) -> ::std::result::Result<(), $crate::persist::PersistError> {
            $crate::persist::save(<Self as $crate::Persist>::FORMAT, self, path)
        }

        #[inline(never)]
        fn load_from(path: &::std::path::Path) -> ::std::result::Result<Self, $crate::persist::PersistError> {
            $crate::persist::load(<Self as $crate::Persist>::FORMAT, path)
        }
    };
}

/// Why a value could not be saved or loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PersistError {
    /// The file could not be read.
    #[error("cannot read \"{}\"\ncheck that the file exists and may be read", path.display())]
    Read {
        /// The path as given.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file could not be written.
    #[error("cannot write \"{}\"\ncheck that its directory exists, may be written and has space left", path.display())]
    Write {
        /// The path as given.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not a saved model.
    #[error("\"{}\" is not a saved model\ngive the path of a file that save() wrote", path.display())]
    NotAModel {
        /// The path as given.
        path: PathBuf,
        /// What the reader said.
        source: serde_json::Error,
    },
    /// The file holds another kind of model, or a version that this library does not know.
    #[error("\"{}\" holds {found}, not {expected}\nload it with that type, or with the version of Ironbook that saved it", path.display())]
    OtherModel {
        /// The path as given.
        path: PathBuf,
        /// Format and version in the file.
        found: String,
        /// Format and version that were asked for.
        expected: String,
    },
}

#[derive(Serialize)]
struct Written<'a, T> {
    format: &'a str,
    version: u32,
    model: &'a T,
}

#[derive(Deserialize)]
struct Read {
    format: String,
    version: u32,
    model: Value,
}

/// Writes beside the file and renames, so that a full disk or a crash never leaves half a model.
#[doc(hidden)]
pub fn save<T: Serialize>(format: &str, model: &T, path: &Path) -> Result<(), PersistError> {
    let failed = |source| PersistError::Write { path: path.to_owned(), source };
    let file = Written { format, version: VERSION, model };
    let json = serde_json::to_vec_pretty(&file).map_err(|e| failed(e.into()))?;
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = Path::new(&name);
    let written = fs::File::create(temporary)
        .and_then(|mut file| file.write_all(&json).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(temporary, path));
    if written.is_err() {
        // The first error is the one to report, whether or not there is something to clean up.
        let _ = fs::remove_file(temporary);
    }
    written.map_err(failed)
}

#[doc(hidden)]
pub fn load<T: Persist>(format: &str, path: &Path) -> Result<T, PersistError> {
    let bytes = fs::read(path).map_err(|source| PersistError::Read { path: path.to_owned(), source })?;
    let broken = |source| PersistError::NotAModel { path: path.to_owned(), source };
    let file: Read = serde_json::from_slice(&bytes).map_err(broken)?;
    if file.format != format || file.version > VERSION {
        return Err(PersistError::OtherModel {
            path: path.to_owned(),
            found: format!("{} version {}", file.format, file.version),
            expected: format!("{format} version {VERSION}"),
        });
    }
    let model: T = serde_json::from_value(file.model).map_err(broken)?;
    model.flaw().map_or(Ok(model), |flaw| Err(broken(serde_json::Error::custom(flaw))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Weights(Vec<f64>);

    impl Persist for Weights {
        const FORMAT: &'static str = "test/weights";
    }

    #[test]
    fn floats_keep_their_bits() {
        let path = std::env::temp_dir().join(format!("weights-{}.json", std::process::id()));
        // A walk over all exponents, subnormal ones among them, with mantissas that are hard to print.
        let bits =
            (0..2047_u64).map(|exponent| (exponent << 52) | (exponent.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 12));
        let values: Vec<f64> = bits.map(f64::from_bits).chain([-0.0, f64::MAX, f64::MIN_POSITIVE, 0.1]).collect();
        let weights = Weights(values);
        let saved = weights.save(&path);
        let loaded = Weights::load(&path);
        fs::remove_file(&path).unwrap();
        saved.unwrap();
        let bits = |weights: &Weights| weights.0.iter().map(|value| value.to_bits()).collect::<Vec<u64>>();
        assert_eq!(bits(&loaded.unwrap()), bits(&weights));
    }
}
