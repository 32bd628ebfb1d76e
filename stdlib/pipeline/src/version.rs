//! Versions of pipelines, and which one comes after a change.
//!
//! The first version is 1.0.0: what is promoted has been run and verified, and others call it by its parameters and
//! targets from then on. A 0.x would promise nothing about those, which is what the numbers are for.

mod bump;

pub use bump::{Bump, Level, Reason, bump};

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A semantic version without pre-release: `1.3.0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version {
    /// Rises when the interface changes: parameters and data that went, targets and their types.
    pub major: u64,
    /// Rises when code, stages or gates change, or a parameter is new.
    pub minor: u64,
    /// Rises when only data, defaults or the toolchain change.
    pub patch: u64,
}

/// A text that is no version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no version: three whole numbers with dots between them, as 1.3.0")]
pub struct NoVersion(String);

impl Version {
    /// The version of a pipeline that had none.
    pub const FIRST: Version = Version::new(1, 0, 0);

    /// A version of these numbers.
    pub const fn new(major: u64, minor: u64, patch: u64) -> Version {
        Version { major, minor, patch }
    }

    /// The next one after a change of this level.
    #[must_use]
    pub fn next(self, level: Level) -> Version {
        match level {
            Level::Major => Version::new(self.major + 1, 0, 0),
            Level::Minor => Version::new(self.major, self.minor + 1, 0),
            Level::Patch => Version::new(self.major, self.minor, self.patch + 1),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl FromStr for Version {
    type Err = NoVersion;

    fn from_str(text: &str) -> Result<Version, NoVersion> {
        let mut numbers = text.split('.').map(number);
        let mut next = || numbers.next().flatten();
        let version = match (next(), next(), next()) {
            (Some(major), Some(minor), Some(patch)) => Version { major, minor, patch },
            _ => return Err(NoVersion(text.to_owned())),
        };
        if numbers.next().is_some() { Err(NoVersion(text.to_owned())) } else { Ok(version) }
    }
}

/// A number as a version has it: digits only, no leading zero.
pub(crate) fn number(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = text == "0" || !text.starts_with('0');
    if plain && canonical { text.parse().ok() } else { None }
}

impl TryFrom<String> for Version {
    type Error = NoVersion;

    fn try_from(text: String) -> Result<Version, NoVersion> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> String {
        version.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_and_written() {
        for text in ["0.0.0", "1.3.0", "10.20.30"] {
            assert_eq!(text.parse::<Version>().unwrap().to_string(), text);
        }
        for text in ["", "1", "1.2", "1.2.3.4", "01.2.3", "1.2.3-rc1", "1.+2.3", "a.b.c", " 1.2.3", "1..2"] {
            assert!(text.parse::<Version>().is_err(), "{text}");
        }
    }

    #[test]
    fn versions_are_ordered_by_number() {
        let mut versions: Vec<Version> =
            ["1.10.0", "2.0.0", "1.9.9", "1.10.1"].iter().map(|v| v.parse().unwrap()).collect();
        versions.sort();
        assert_eq!(versions.iter().map(Version::to_string).collect::<Vec<_>>(), ["1.9.9", "1.10.0", "1.10.1", "2.0.0"]);
    }

    #[test]
    fn the_next_version_resets_what_is_below() {
        let version = Version::new(1, 2, 3);
        let next = [Level::Major, Level::Minor, Level::Patch].map(|level| version.next(level).to_string());
        assert_eq!(next, ["2.0.0", "1.3.0", "1.2.4"]);
    }
}
