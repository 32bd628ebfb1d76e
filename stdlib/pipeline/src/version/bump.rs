//! Which version comes after a change.

use super::Version;
use crate::definition::Definition;
use crate::diff::{Difference, diff};
use serde::Serialize;

/// How far a change reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Only data, defaults, limits, descriptions or the toolchain.
    Patch,
    /// Code, stages, gates; what is new and can be left alone.
    Minor,
    /// The interface: whoever calls it or reads its targets has to change something.
    Major,
}

/// Why a version rises.
pub type Reason = Difference;

/// The version that a change makes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bump {
    /// The version of the changed pipeline; that of the old one when nothing changed.
    pub version: Version,
    /// How far the change reaches; none when nothing changed.
    pub level: Option<Level>,
    /// What reaches that far. [`diff`] tells of the rest.
    pub reasons: Vec<Reason>,
}

/// The version that comes after `old` when the pipeline has become `new`; the `version` of `new` is not looked at.
///
/// | change | level |
/// |---|---|
/// | parameter or data removed, parameter retyped, target removed or retyped, registered under another name | major |
/// | stage or gate added, removed or changed; parameter, data or target added; alias; what is allowed | minor |
/// | data, defaults, descriptions, limits, toolchain, other files | patch |
///
/// # Panics
/// When the version of `old` is none; a definition that was read has a version.
pub fn bump(old: &Definition, new: &Definition) -> Bump {
    let differences = diff(old, new);
    let level = differences.iter().map(|difference| difference.level).max();
    let version = level.map_or(old.semver(), |level| old.semver().next(level));
    let reasons = differences.into_iter().filter(|difference| Some(difference.level) == level).collect();
    Bump { version, level, reasons }
}
