//! Experiments.

use super::{Answer, Call, Fields, Refusal, Reply, locations, wire};
use ironbook_store::{NewExperiment, Search, Tag, View};
use serde_json::json;

/// Which of the deleted and the others, as MLflow names and numbers them.
pub(super) const VIEWS: [(&str, i64, View); 3] =
    [("ACTIVE_ONLY", 1, View::Active), ("DELETED_ONLY", 2, View::Deleted), ("ALL", 3, View::All)];

/// Tags of a request.
pub(super) fn tags(fields: &Fields<'_>, name: &str) -> Result<Vec<Tag>, Refusal> {
    Ok(fields.pairs(name)?.into_iter().map(|(key, value)| Tag { key, value }).collect())
}

/// One tag of a request.
pub(super) fn tag(fields: &Fields<'_>) -> Result<Tag, Refusal> {
    Ok(Tag { key: fields.need("key")?, value: fields.text("value")?.unwrap_or_default() })
}

/// How many to answer at most: what the request asks for, up to `most`.
pub(super) fn limit(fields: &Fields<'_>, default: usize, most: usize) -> Result<usize, Refusal> {
    let Some(asked) = fields.int("max_results")? else { return Ok(default) };
    match usize::try_from(asked) {
        Ok(asked) if (1..=most).contains(&asked) => Ok(asked),
        _ => Err(Refusal::invalid(format!(
            "Invalid value {asked} for parameter 'max_results' supplied: it must be from 1 to {most}."
        ))),
    }
}

pub(super) fn create(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let new = NewExperiment {
        name: fields.need("name")?,
        artifact_location: fields.some_text("artifact_location")?,
        tags: tags(&fields, "tags")?,
    };
    if let Some(location) = &new.artifact_location {
        locations::check(call, location)?;
    }
    let id = call.store().create_experiment(&new)?;
    Ok(Reply::json(&json!({ "experiment_id": id })))
}

pub(super) fn get(call: &Call<'_>) -> Answer {
    let id = call.fields()?.need("experiment_id")?;
    let found = call.store().experiment(&id)?;
    Ok(Reply::json(&json!({ "experiment": wire::experiment(&found) })))
}

pub(super) fn get_by_name(call: &Call<'_>) -> Answer {
    let name = call.fields()?.need("experiment_name")?;
    let found = call.store().experiment_by_name(&name)?;
    let found = found.ok_or_else(|| Refusal::absent("experiment with name", &name))?;
    Ok(Reply::json(&json!({ "experiment": wire::experiment(&found) })))
}

pub(super) fn search(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let search = Search {
        experiments: Vec::new(),
        filter: fields.text("filter")?.unwrap_or_default(),
        order_by: fields.texts("order_by")?,
        view: fields.choice("view_type", &VIEWS)?.unwrap_or_default(),
        limit: limit(&fields, 1000, Search::MAX_LIMIT)?,
        page: fields.some_text("page_token")?,
    };
    let page = call.store().search_experiments(&search)?;
    Ok(super::reply::page("experiments", &page, wire::experiment))
}

pub(super) fn update(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    call.store().rename_experiment(&fields.need("experiment_id")?, &fields.need("new_name")?)?;
    Ok(Reply::empty())
}

pub(super) fn delete(call: &Call<'_>) -> Answer {
    call.store().delete_experiment(&call.fields()?.need("experiment_id")?)?;
    Ok(Reply::empty())
}

pub(super) fn restore(call: &Call<'_>) -> Answer {
    call.store().restore_experiment(&call.fields()?.need("experiment_id")?)?;
    Ok(Reply::empty())
}

pub(super) fn set_tag(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    call.store().set_experiment_tag(&fields.need("experiment_id")?, &tag(&fields)?)?;
    Ok(Reply::empty())
}

pub(super) fn delete_tag(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    call.store().delete_experiment_tag(&fields.need("experiment_id")?, &fields.need("key")?)?;
    Ok(Reply::empty())
}
