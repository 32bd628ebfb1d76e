//! The registry of a store.

use crate::error::Result;
use crate::model::{ModelVersion, NewVersion, Page, RegisteredModel, Search, Stage, Tag};

/// The part of a [`crate::Store`] that has to do with registered models. Errors are as there.
pub trait Registry: Send + Sync {
    /// Creates a registered model. Names are unique.
    fn create_registered(&self, name: &str, description: Option<&str>, tags: &[Tag]) -> Result<RegisteredModel>;

    /// The registered model with this name.
    fn registered(&self, name: &str) -> Result<RegisteredModel>;

    /// Gives it another name.
    fn rename_registered(&self, name: &str, new: &str) -> Result<RegisteredModel>;

    /// Describes it.
    fn describe_registered(&self, name: &str, description: &str) -> Result<RegisteredModel>;

    /// Deletes it with all of its versions.
    fn delete_registered(&self, name: &str) -> Result<()>;

    /// Registered models by `name` and `tags.KEY`; by name unless ordered otherwise (`name`, `timestamp`).
    fn search_registered(&self, search: &Search) -> Result<Page<RegisteredModel>>;

    /// Sets a tag.
    fn set_registered_tag(&self, name: &str, tag: &Tag) -> Result<()>;

    /// Removes a tag; one that is not there is no error.
    fn delete_registered_tag(&self, name: &str, key: &str) -> Result<()>;

    /// Names a version; a name that was another version's moves. Not allowed: `latest`, `v1`, `v2`, ...
    fn set_alias(&self, name: &str, alias: &str, version: &str) -> Result<()>;

    /// Removes a name of a version; one that is not there is no error.
    fn delete_alias(&self, name: &str, alias: &str) -> Result<()>;

    /// The version with this alias.
    fn version_by_alias(&self, name: &str, alias: &str) -> Result<ModelVersion>;

    /// The newest version of each of these stages that has one (empty: of all stages).
    fn latest_versions(&self, name: &str, stages: &[Stage]) -> Result<Vec<ModelVersion>>;

    /// Creates the next version.
    fn create_version(&self, new: &NewVersion) -> Result<ModelVersion>;

    /// A version.
    fn version(&self, name: &str, version: &str) -> Result<ModelVersion>;

    /// Describes a version.
    fn describe_version(&self, name: &str, version: &str, description: &str) -> Result<ModelVersion>;

    /// Moves a version to a stage; `archive` puts the versions away that are in it (Staging and Production only).
    fn stage_version(&self, name: &str, version: &str, stage: Stage, archive: bool) -> Result<ModelVersion>;

    /// Deletes a version.
    fn delete_version(&self, name: &str, version: &str) -> Result<()>;

    /// Versions by `name`, `run_id`, `source_path`, `version_number`, `tags.KEY`; newest first unless ordered otherwise.
    fn search_versions(&self, search: &Search) -> Result<Page<ModelVersion>>;

    /// Where the files of a version lie: a URI.
    fn version_uri(&self, name: &str, version: &str) -> Result<String>;

    /// Sets a tag of a version.
    fn set_version_tag(&self, name: &str, version: &str, tag: &Tag) -> Result<()>;

    /// Removes a tag of a version; one that is not there is no error.
    fn delete_version_tag(&self, name: &str, version: &str, key: &str) -> Result<()>;
}
