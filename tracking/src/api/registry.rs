//! Registered models; their versions are in [`super::versions`].

use super::experiments::{limit, tag, tags};
use super::{Answer, Call, Refusal, Reply, reply, wire};
use ironbook_store::{Search, Stage};
use serde_json::json;

pub(super) fn create(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let description = fields.text("description")?;
    let made =
        call.store().create_registered(&fields.need("name")?, description.as_deref(), &tags(&fields, "tags")?)?;
    Ok(Reply::json(&json!({ "registered_model": wire::registered(&made) })))
}

pub(super) fn get(call: &Call<'_>) -> Answer {
    let found = call.store().registered(&call.fields()?.need("name")?)?;
    Ok(Reply::json(&json!({ "registered_model": wire::registered(&found) })))
}

pub(super) fn rename(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let renamed = call.store().rename_registered(&fields.need("name")?, &fields.need("new_name")?)?;
    Ok(Reply::json(&json!({ "registered_model": wire::registered(&renamed) })))
}

pub(super) fn update(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let description = fields.text("description")?.unwrap_or_default();
    let changed = call.store().describe_registered(&fields.need("name")?, &description)?;
    Ok(Reply::json(&json!({ "registered_model": wire::registered(&changed) })))
}

pub(super) fn delete(call: &Call<'_>) -> Answer {
    call.store().delete_registered(&call.fields()?.need("name")?)?;
    Ok(Reply::empty())
}

pub(super) fn search(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let search = Search {
        filter: fields.text("filter")?.unwrap_or_default(),
        order_by: fields.texts("order_by")?,
        limit: limit(&fields, 100, 1000)?,
        page: fields.some_text("page_token")?,
        ..Search::all()
    };
    let page = call.store().search_registered(&search)?;
    Ok(reply::page("registered_models", &page, wire::registered))
}

/// A stage by its name.
pub(super) fn stage(text: &str) -> Result<Stage, Refusal> {
    Stage::parse(text).ok_or_else(|| {
        let names = Stage::ALL.map(Stage::as_str).join(", ");
        Refusal::invalid(format!("Invalid Model Version stage: {text}. Value must be one of {names}."))
    })
}

pub(super) fn latest(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let stages = fields.texts("stages")?;
    let stages = stages.iter().map(|text| stage(text)).collect::<Result<Vec<_>, _>>()?;
    let found = call.store().latest_versions(&fields.need("name")?, &stages)?;
    Ok(reply::list("model_versions", &found, wire::version))
}

pub(super) fn set_tag(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    call.store().set_registered_tag(&fields.need("name")?, &tag(&fields)?)?;
    Ok(Reply::empty())
}

pub(super) fn delete_tag(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    call.store().delete_registered_tag(&fields.need("name")?, &fields.need("key")?)?;
    Ok(Reply::empty())
}

pub(super) fn set_alias(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    call.store().set_alias(&fields.need("name")?, &fields.need("alias")?, &fields.need("version")?)?;
    Ok(Reply::empty())
}

pub(super) fn delete_alias(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    call.store().delete_alias(&fields.need("name")?, &fields.need("alias")?)?;
    Ok(Reply::empty())
}

pub(super) fn by_alias(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let found = call.store().version_by_alias(&fields.need("name")?, &fields.need("alias")?)?;
    Ok(Reply::json(&json!({ "model_version": wire::version(&found) })))
}
