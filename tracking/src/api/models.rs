//! Logged models.

use super::artifacts::{listing, safe_path};
use super::experiments::{limit, tags};
use super::{Answer, Call, Fields, Refusal, Reply, reply, wire};
use ironbook_store::{ArtifactsOf, Batch, ModelOrder, ModelStatus, NewModel, Param, Search, Tag};
use serde_json::{Value, json};

const STATES: [(&str, i64, ModelStatus); 3] = [
    ("LOGGED_MODEL_PENDING", 1, ModelStatus::Pending),
    ("LOGGED_MODEL_READY", 2, ModelStatus::Ready),
    ("LOGGED_MODEL_UPLOAD_FAILED", 3, ModelStatus::Failed),
];

fn params(fields: &Fields<'_>) -> Result<Vec<Param>, Refusal> {
    Ok(fields.pairs("params")?.into_iter().map(|(key, value)| Param { key, value }).collect())
}

pub(super) fn create(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let new = NewModel {
        experiment: fields.need("experiment_id")?,
        name: fields.some_text("name")?,
        model_type: fields.some_text("model_type")?,
        source_run: fields.some_text("source_run_id")?,
        params: params(&fields)?,
        tags: tags(&fields, "tags")?,
    };
    let model = call.store().create_model(&new)?;
    Ok(Reply::json(&json!({ "model": wire::logged_model(&model) })))
}

pub(super) fn get(call: &Call<'_>) -> Answer {
    let model = call.store().model(call.part("model_id")?)?;
    Ok(Reply::json(&json!({ "model": wire::logged_model(&model) })))
}

pub(super) fn finish(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let status = fields.choice("status", &STATES)?;
    let status = status.ok_or_else(|| Refusal::invalid("Missing value for required parameter 'status'."))?;
    let model = call.store().finish_model(call.part("model_id")?, status, None)?;
    Ok(Reply::json(&json!({ "model": wire::logged_model(&model) })))
}

pub(super) fn delete(call: &Call<'_>) -> Answer {
    call.store().delete_model(call.part("model_id")?)?;
    Ok(Reply::empty())
}

pub(super) fn search(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let search = Search {
        experiments: fields.need_texts("experiment_ids")?,
        filter: fields.text("filter")?.unwrap_or_default(),
        limit: limit(&fields, 50, 1000)?,
        page: fields.some_text("page_token")?,
        ..Search::all()
    };
    let dataset = |d: &Fields<'_>| Ok((d.need("dataset_name")?, d.some_text("dataset_digest")?));
    let datasets = fields.objects("datasets")?.iter().map(dataset).collect::<Result<Vec<_>, Refusal>>()?;
    let order = |o: &Fields<'_>| {
        Ok(ModelOrder {
            field: o.need("field_name")?,
            ascending: o.flag("ascending")?.unwrap_or(true),
            dataset_name: o.some_text("dataset_name")?,
            dataset_digest: o.some_text("dataset_digest")?,
        })
    };
    let order = fields.objects("order_by")?.iter().map(order).collect::<Result<Vec<_>, Refusal>>()?;
    let page = call.store().search_models(&search, &datasets, &order)?;
    Ok(reply::page("models", &page, wire::logged_model))
}

pub(super) fn log_params(call: &Call<'_>) -> Answer {
    call.store().log_model_params(call.part("model_id")?, &params(&call.fields()?)?)?;
    Ok(Reply::empty())
}

pub(super) fn set_tags(call: &Call<'_>) -> Answer {
    call.store().set_model_tags(call.part("model_id")?, &tags(&call.fields()?, "tags")?)?;
    Ok(Reply::empty())
}

pub(super) fn delete_tag(call: &Call<'_>) -> Answer {
    call.store().delete_model_tag(call.part("model_id")?, call.part("tag_key")?)?;
    Ok(Reply::empty())
}

pub(super) fn list_artifacts(call: &Call<'_>) -> Answer {
    let model = call.store().model(call.part("model_id")?)?;
    let path = safe_path(&call.fields()?.text("artifact_directory_path")?.unwrap_or_default())?;
    let files = call.store().list_artifacts(ArtifactsOf::Model(&model.id), &path)?;
    Ok(listing(&model.artifact_uri, &files))
}

/// Name of the tag in which old clients record the models of a run.
const HISTORY: &str = "mlflow.log-model.history";
/// Most characters of a tag that the store keeps.
const MAX_HISTORY: usize = 8000;

/// Records a model as clients before logged models did: as one more entry of a tag of its run.
pub(super) fn log_legacy(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let (run, text) = (fields.run_id()?, fields.need("model_json")?);
    let parsed = if super::call::depth(text.as_bytes()) <= super::call::MAX_DEPTH {
        serde_json::from_str(&text).ok()
    } else {
        None
    };
    let Some(Value::Object(model)) = parsed else {
        return Err(Refusal::invalid(format!("Malformed model info: {text} is not a valid JSON object.")));
    };
    let missing: Vec<&str> = ["artifact_path", "flavors", "utc_time_created", "run_id"]
        .into_iter()
        .filter(|name| !model.contains_key(*name))
        .collect();
    if !missing.is_empty() {
        return Err(Refusal::invalid(format!("Model json is missing mandatory fields: {}", missing.join(", "))));
    }
    let store = call.store();
    let before = store.run(&run)?;
    let mut history = match before.tag(HISTORY).map(serde_json::from_str::<Vec<Value>>) {
        None => Vec::new(),
        Some(Ok(history)) => history,
        // It may be all that is left of what was logged: it is never replaced.
        Some(Err(_)) => {
            return Err(Refusal::invalid(format!(
                "The tag '{HISTORY}' of run '{run}' is not a JSON list; it is left as it is."
            )));
        }
    };
    history.push(Value::Object(model));
    let written = Value::Array(history).to_string();
    // A longer value would be cut, and then be no JSON any more.
    if written.chars().count() > MAX_HISTORY {
        return Err(Refusal::invalid(format!(
            "The models of run '{run}' have no room in its tag '{HISTORY}', which holds {MAX_HISTORY} characters; those recorded before are kept."
        )));
    }
    let tags = [Tag::new(HISTORY, written)];
    store.log_batch(&run, Batch { tags: &tags, ..Batch::default() })?;
    Ok(Reply::empty())
}
