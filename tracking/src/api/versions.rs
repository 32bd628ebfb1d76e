//! Versions of registered models.

use super::artifacts::safe_path;
use super::experiments::{limit, tag, tags};
use super::registry::stage as stage_of;
use super::{Answer, Call, Fields, Refusal, Reply, reply, wire};
use ironbook_store::{ModelVersion, NewVersion, Page, Search};
use serde_json::json;

/// Tag of a version that is a prompt, which has no files.
const PROMPT: &str = "mlflow.prompt.is_prompt";

/// Refuses a source that names files of the server itself, or leads out of where it begins: whoever may read the version
/// could read them. Sources that name a run or a model, or lie on a server of their own, pass.
fn check_source(source: &str, of_run: Option<&str>, of_model: Option<&str>) -> Result<(), Refusal> {
    let refused = |why: &str| Refusal::invalid(format!("Invalid model version source: '{source}'. {why}"));
    let scheme = source.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    let rest = source.split_once(':').map_or(source, |(_, rest)| rest);
    if safe_path(rest.trim_start_matches('/')).is_err()
        && scheme.as_deref() != Some("http")
        && scheme.as_deref() != Some("https")
    {
        return Err(refused("It must not lead out of its place."));
    }
    let local = match scheme.as_deref() {
        None | Some("file") => true,
        // A drive of Windows.
        Some(scheme) => scheme.len() == 1,
    };
    if local && of_run.is_none() && of_model.is_none() {
        return Err(refused(
            "To use a local path as a model version source, name the run or model that it belongs to.",
        ));
    }
    Ok(())
}

/// Refuses a local source that is not below the artifacts of its run or model.
fn check_place(call: &Call<'_>, new: &NewVersion) -> Result<(), Refusal> {
    let path = |uri: &str| uri.strip_prefix("file://").unwrap_or(uri).trim_end_matches('/').to_owned();
    let local = new.source.starts_with('/') || new.source.starts_with("file:");
    if !local {
        return Ok(());
    }
    let root = match (&new.model_id, &new.run) {
        (Some(model), _) => call.store().model(model)?.artifact_uri,
        (None, Some(run)) => call.store().run(run)?.info.artifact_uri,
        (None, None) => return Ok(()),
    };
    let (source, root) = (path(&new.source), path(&root));
    if source == root || source.strip_prefix(&root).is_some_and(|rest| rest.starts_with('/')) {
        return Ok(());
    }
    Err(Refusal::invalid(format!(
        "Invalid model version source: '{}'. A local source must lie below the artifacts of its run or model.",
        new.source
    )))
}

pub(super) fn create(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let mut new = NewVersion {
        name: fields.need("name")?,
        source: fields.need("source")?,
        run: fields.some_text("run_id")?,
        model_id: fields.some_text("model_id")?,
        run_link: fields.some_text("run_link")?,
        description: fields.some_text("description")?,
        tags: tags(&fields, "tags")?,
    };
    let prompt = new.tags.iter().any(|t| t.key == PROMPT && t.value.eq_ignore_ascii_case("true"));
    if !prompt {
        check_source(&new.source, new.run.as_deref(), new.model_id.as_deref())?;
        if new.model_id.is_none() {
            new.model_id = new.source.strip_prefix("models:/").filter(|id| id.starts_with("m-")).map(str::to_owned);
        }
        check_place(call, &new)?;
    }
    let made = call.store().create_version(&new)?;
    Ok(Reply::json(&json!({ "model_version": wire::version(&made) })))
}

fn named(fields: &Fields<'_>) -> Result<(String, String), Refusal> {
    Ok((fields.need("name")?, fields.need("version")?))
}

pub(super) fn get(call: &Call<'_>) -> Answer {
    let (name, version) = named(&call.fields()?)?;
    let found = call.store().version(&name, &version)?;
    Ok(Reply::json(&json!({ "model_version": wire::version(&found) })))
}

pub(super) fn update(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let (name, version) = named(&fields)?;
    let description = fields.text("description")?.unwrap_or_default();
    let changed = call.store().describe_version(&name, &version, &description)?;
    Ok(Reply::json(&json!({ "model_version": wire::version(&changed) })))
}

pub(super) fn delete(call: &Call<'_>) -> Answer {
    let (name, version) = named(&call.fields()?)?;
    call.store().delete_version(&name, &version)?;
    Ok(Reply::empty())
}

pub(super) fn search(call: &Call<'_>) -> Answer {
    Ok(reply::page("model_versions", &find(call, &call.fields()?)?, wire::version))
}

/// Versions as a request asks for them.
pub(crate) fn find(call: &Call<'_>, fields: &Fields<'_>) -> Result<Page<ModelVersion>, Refusal> {
    let search = Search {
        filter: fields.text("filter")?.unwrap_or_default(),
        order_by: fields.texts("order_by")?,
        limit: limit(fields, 10_000, 200_000)?,
        page: fields.some_text("page_token")?,
        ..Search::all()
    };
    Ok(call.store().search_versions(&search)?)
}

pub(super) fn uri(call: &Call<'_>) -> Answer {
    let (name, version) = named(&call.fields()?)?;
    let uri = call.store().version_uri(&name, &version)?;
    Ok(Reply::json(&json!({ "artifact_uri": uri })))
}

pub(super) fn stage(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let (name, version) = named(&fields)?;
    let stage = stage_of(&fields.need("stage")?)?;
    let archive = fields.flag("archive_existing_versions")?.unwrap_or_default();
    let moved = call.store().stage_version(&name, &version, stage, archive)?;
    Ok(Reply::json(&json!({ "model_version": wire::version(&moved) })))
}

pub(super) fn set_tag(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let (name, version) = named(&fields)?;
    call.store().set_version_tag(&name, &version, &tag(&fields)?)?;
    Ok(Reply::empty())
}

pub(super) fn delete_tag(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let (name, version) = named(&fields)?;
    call.store().delete_version_tag(&name, &version, &fields.need("key")?)?;
    Ok(Reply::empty())
}
