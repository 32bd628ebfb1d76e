//! Traces, in the third version of MLflow's API.

use super::experiments::limit;
use super::{Answer, Call, Fields, Refusal, Reply, otlp_span, trace_json};
use ironbook_store::{Error, Search, TraceInfo};
use serde_json::{Map, Value, json};
use std::io::Read;

/// Where a trace's files lie.
const ARTIFACTS: &str = "mlflow.artifactLocation";
/// Where its spans are.
const SPANS: &str = "mlflow.trace.spansLocation";
/// Prompts that it used.
const PROMPTS: &str = "mlflow.linkedPrompts";
/// The place of spans that the store keeps.
const IN_STORE: &str = "TRACKING_STORE";
/// Most bytes of a file of spans that is read at once.
const MAX_SPANS: u64 = 256 << 20;
/// Most traces of one question or order.
const MAX_TRACES: usize = 500;

pub(super) fn start(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let trace = fields.need_object("trace")?;
    let mut info = trace_json::read(&trace.need_object("trace_info")?)?;
    place(call, &mut info)?;
    let stored = call.store().put_trace(&info)?;
    Ok(Reply::json(&json!({ "trace": { "trace_info": trace_json::info(&stored) } })))
}

/// Says in a trace's tags where its files go, and that its spans are here when they are: clients then do not send them again.
pub(super) fn place(call: &Call<'_>, info: &mut TraceInfo) -> Result<(), Refusal> {
    let experiment = call.store().experiment(&info.experiment)?;
    let root = experiment.artifact_location.trim_end_matches('/');
    set(&mut info.tags, ARTIFACTS, &format!("{root}/traces/{}/artifacts", info.trace_id));
    let spans = match call.store().spans(&info.trace_id) {
        Ok(spans) => spans,
        Err(Error::NotFound { .. }) => Vec::new(),
        Err(other) => return Err(other.into()),
    };
    if !spans.is_empty() {
        set(&mut info.tags, SPANS, IN_STORE);
    }
    Ok(())
}

/// Marks traces whose spans were stored.
pub(super) fn mark_stored(call: &Call<'_>, trace: &str) -> Result<(), Refusal> {
    let info = call.store().trace(trace)?;
    if info.tags.iter().any(|(key, value)| key == SPANS && value == IN_STORE) {
        return Ok(());
    }
    call.store().set_trace_tag(trace, SPANS, IN_STORE)?;
    if !info.tags.iter().any(|(key, _)| key == ARTIFACTS) {
        let root = call.store().experiment(&info.experiment)?.artifact_location;
        let uri = format!("{}/traces/{trace}/artifacts", root.trim_end_matches('/'));
        call.store().set_trace_tag(trace, ARTIFACTS, &uri)?;
    }
    Ok(())
}

fn set(tags: &mut Vec<(String, String)>, key: &str, value: &str) {
    tags.retain(|(k, _)| k != key);
    tags.push((key.to_owned(), value.to_owned()));
}

pub(super) fn get(call: &Call<'_>) -> Answer {
    let info = call.store().trace(call.part("trace_id")?)?;
    Ok(Reply::json(&json!({ "trace": { "trace_info": trace_json::info(&info) } })))
}

/// A trace with its spans.
fn whole(call: &Call<'_>, id: &str) -> Result<Value, Refusal> {
    let info = call.store().trace(id)?;
    let spans: Vec<Value> = call.store().spans(id)?.iter().map(|span| otlp_span::proto_json(&span.content)).collect();
    let mut trace = Map::new();
    trace.insert("trace_info".to_owned(), trace_json::info(&info));
    if !spans.is_empty() {
        trace.insert("spans".to_owned(), Value::Array(spans));
    }
    Ok(Value::Object(trace))
}

pub(super) fn get_whole(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    // The spans that are there are answered, whether or not more will come.
    fields.flag("allow_partial")?;
    let trace = whole(call, &fields.need("trace_id")?)?;
    Ok(Reply::json(&json!({ "trace": trace })))
}

fn some_ids(fields: &Fields<'_>) -> Result<Vec<String>, Refusal> {
    let ids = fields.need_texts("trace_ids")?;
    if ids.len() > MAX_TRACES {
        return Err(Refusal::invalid(format!(
            "At most {MAX_TRACES} trace_ids are answered at once, not {}.",
            ids.len()
        )));
    }
    Ok(ids)
}

/// The traces of a request that there are, in its experiments if it names some.
fn known(call: &Call<'_>, fields: &Fields<'_>) -> Result<Vec<TraceInfo>, Refusal> {
    let within = if fields.has("experiment_ids")? { Some(fields.texts("experiment_ids")?) } else { None };
    let mut found = Vec::new();
    for id in some_ids(fields)? {
        match call.store().trace(&id) {
            Ok(info) if within.as_ref().is_none_or(|ids| ids.contains(&info.experiment)) => found.push(info),
            Ok(_) | Err(Error::NotFound { .. }) => {}
            Err(other) => return Err(other.into()),
        }
    }
    Ok(found)
}

pub(super) fn batch(call: &Call<'_>) -> Answer {
    let traces = known(call, &call.fields()?)?;
    let traces = traces.iter().map(|info| whole(call, &info.trace_id)).collect::<Result<Vec<_>, _>>()?;
    Ok(if traces.is_empty() { Reply::empty() } else { Reply::json(&json!({ "traces": traces })) })
}

pub(super) fn batch_infos(call: &Call<'_>) -> Answer {
    let infos: Vec<Value> = known(call, &call.fields()?)?.iter().map(trace_json::info).collect();
    Ok(if infos.is_empty() { Reply::empty() } else { Reply::json(&json!({ "trace_infos": infos })) })
}

pub(super) fn search(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let mut experiments = Vec::new();
    for place in fields.objects("locations")? {
        if let Some(experiment) = place.object("mlflow_experiment")? {
            experiments.push(experiment.need("experiment_id")?);
        }
    }
    if !fields.has("locations")? {
        return Err(Refusal::invalid("Missing value for required parameter 'locations'."));
    }
    // No place is not every place.
    if experiments.is_empty() {
        return Ok(Reply::empty());
    }
    find(call, &fields, experiments, trace_json::info)
}

/// Searches traces and writes them in one of the versions.
pub(super) fn find(
    call: &Call<'_>,
    fields: &Fields<'_>,
    experiments: Vec<String>,
    view: fn(&TraceInfo) -> Value,
) -> Answer {
    let search = Search {
        experiments,
        filter: fields.text("filter")?.unwrap_or_default(),
        order_by: fields.texts("order_by")?,
        limit: limit(fields, 100, MAX_TRACES)?,
        page: fields.some_text("page_token")?,
        ..Search::all()
    };
    let page = call.store().search_traces(&search)?;
    Ok(super::reply::page("traces", &page, view))
}

pub(super) fn delete(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let experiment = fields.need("experiment_id")?;
    let (until, most) = (fields.int("max_timestamp_millis")?, fields.int("max_traces")?);
    let ids = fields.texts("request_ids")?;
    let wrong = match (until, ids.is_empty(), most) {
        (None, true, _) => "Either `max_timestamp_millis` or `request_ids` must be specified.",
        (Some(_), false, _) => "Only one of `max_timestamp_millis` and `request_ids` can be specified.",
        (_, false, Some(_)) => "`max_traces` can't be specified if `request_ids` is specified.",
        (_, _, Some(..=0)) => "`max_traces` must be a positive integer.",
        _ => "",
    };
    if !wrong.is_empty() {
        return Err(Refusal::invalid(wrong));
    }
    let most = most.map(|n| usize::try_from(n).unwrap_or(usize::MAX));
    let deleted = call.store().delete_traces(&experiment, &ids, until, most)?;
    Ok(Reply::json(&json!({ "traces_deleted": deleted })))
}

/// Tags that say where a trace is, which only the server sets.
fn may_change(key: &str) -> Result<(), Refusal> {
    if key == SPANS || key == "mlflow.trace.archiveLocation" {
        return Err(Refusal::invalid(format!("Tag '{key}' of a trace is set by the server alone.")));
    }
    Ok(())
}

pub(super) fn set_tag(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let key = fields.need("key")?;
    may_change(&key)?;
    call.store().set_trace_tag(call.part("trace_id")?, &key, &fields.text("value")?.unwrap_or_default())?;
    Ok(Reply::empty())
}

pub(super) fn delete_tag(call: &Call<'_>) -> Answer {
    let key = call.fields()?.need("key")?;
    may_change(&key)?;
    call.store().delete_trace_tag(call.part("trace_id")?, &key)?;
    Ok(Reply::empty())
}

pub(super) fn link(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    call.store().link_traces(&fields.need("run_id")?, &some_ids(&fields)?)?;
    Ok(Reply::empty())
}

/// Records prompts that a trace used, as MLflow's clients do: in a tag.
pub(super) fn link_prompts(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let id = fields.need("trace_id")?;
    let info = call.store().trace(&id)?;
    let before = info.tags.iter().find(|(key, _)| key == PROMPTS);
    let mut linked = match before.map(|(_, value)| serde_json::from_str::<Vec<Value>>(value)) {
        None => Vec::new(),
        Some(Ok(linked)) => linked,
        Some(Err(_)) => return Err(Refusal::invalid(format!("The tag '{PROMPTS}' of this trace is not a JSON list."))),
    };
    for prompt in fields.objects("prompt_versions")? {
        let entry = json!({ "name": prompt.need("name")?, "version": prompt.need("version")? });
        if !linked.contains(&entry) {
            linked.push(entry);
        }
    }
    call.store().set_trace_tag(&id, PROMPTS, &Value::Array(linked).to_string())?;
    Ok(Reply::empty())
}

/// The spans of a trace as a file, for MLflow's page: from the store, else from where the client put them.
pub(super) fn data(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let id = fields.need("request_id")?;
    let info = call.store().trace(&id)?;
    let path = fields.some_text("path")?;
    if path.is_none() {
        let spans = call.store().spans(&id)?;
        if !spans.is_empty() {
            let spans: Vec<&Value> = spans.iter().map(|span| &span.content).collect();
            return Ok(file("traces.json", serde_json::to_vec(&json!({ "spans": spans })).unwrap_or_default()));
        }
    }
    let name = match path {
        Some(path) => format!("attachments/{}", super::artifacts::safe_path(&path)?),
        None => "traces.json".to_owned(),
    };
    let absent = || Refusal::absent("data of trace", &id);
    let root = info.tags.iter().find(|(key, _)| key == ARTIFACTS).map(|(_, uri)| uri.as_str()).ok_or_else(absent)?;
    let root = super::proxy::path_of(root).ok_or_else(absent)?;
    let repo = call.state.proxied.as_ref().ok_or_else(absent)?;
    let mut bytes = Vec::new();
    let from = repo.read(&format!("{root}/{name}"))?;
    from.take(MAX_SPANS).read_to_end(&mut bytes).map_err(|e| Error::io("read the trace", name.as_str(), e))?;
    Ok(file(name.rsplit('/').next().unwrap_or(&name), bytes))
}

fn file(name: &str, bytes: Vec<u8>) -> Reply {
    use axum::http::header;
    Reply::raw("application/octet-stream", bytes)
        .header(header::CONTENT_DISPOSITION, &super::download::attachment(name))
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
}
