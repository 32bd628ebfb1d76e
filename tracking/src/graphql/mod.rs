//! The little GraphQL that MLflow's page speaks: queries over what the REST API answers too, with fields chosen by name.
//!
//! What is asked is parsed whole ([`parse`]) and answered field by field after a table of types ([`shape`]); a field that
//! is not in the table is an error, as it would be with a schema.

mod parse;
mod shape;

use crate::api::{Answer, Call, Fields, Refusal, Reply, wire};
use parse::{Field, Selection};
use serde_json::{Map, Value, json};
use shape::Type;

/// Most fields at the top of a query; MLflow has the same limit.
const MAX_ROOTS: usize = 10;

pub(crate) fn answer(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let text = fields.need("query")?;
    let variables = match fields.value("variables")? {
        Some(Value::Object(map)) => map.clone(),
        _ => Map::new(),
    };
    let name = fields.some_text("operationName")?;
    let (data, errors) = match parse::query(&text, name.as_deref(), &variables) {
        Ok(selection) => run(call, &selection),
        Err(error) => (Value::Null, vec![error]),
    };
    let errors = if errors.is_empty() { Value::Null } else { errors.into() };
    Ok(Reply::json(&json!({ "data": data, "errors": errors })))
}

/// Answers the fields at the top; one that fails is null, and the errors say why.
fn run(call: &Call<'_>, selection: &Selection) -> (Value, Vec<String>) {
    if selection.len() > MAX_ROOTS {
        return (
            Value::Null,
            vec![format!("at most {MAX_ROOTS} fields can be asked at once, not {}", selection.len())],
        );
    }
    let mut data = Map::new();
    let mut errors = Vec::new();
    for field in selection {
        let value = if field.name == "__typename" { Ok(Value::from("Query")) } else { root(call, field) };
        let value = value.unwrap_or_else(|error| {
            errors.push(error);
            Value::Null
        });
        data.insert(field.key.clone(), value);
    }
    (Value::Object(data), errors)
}

fn root(call: &Call<'_>, field: &Field) -> Result<Value, String> {
    let input = match field.arguments.get("input") {
        Some(Value::Object(map)) => Fields::of_json(map.clone()),
        _ => return Err(format!("`{}` needs an `input`", field.name)),
    };
    let (kind, found) = match field.name.as_str() {
        "mlflowGetRun" => (Type::GetRun, get_run(call, &input, field)),
        "mlflowSearchRuns" => (Type::SearchRuns, search_runs(call, &input, field)),
        "mlflowGetExperiment" => (Type::GetExperiment, get_experiment(call, &input)),
        "mlflowGetMetricHistoryBulkInterval" => (Type::Curves, curves(call, &input)),
        "mlflowSearchModelVersions" => (Type::SearchVersions, search_versions(call, &input)),
        other => return Err(format!("Cannot query field '{other}' on type 'Query'.")),
    };
    let found = found.map_err(|refusal| {
        // The answer as a whole is a good one: nobody else would report this.
        if let Some(problem) = refusal.told() {
            (call.state.report)(problem);
        }
        refusal.message
    })?;
    shape::shape(kind, &found, &field.selection)
}

type Found = Result<Value, Refusal>;

/// A thing as the REST API writes it.
fn value(of: &impl serde::Serialize) -> Value {
    serde_json::to_value(of).unwrap_or_default()
}

/// Whether a field is asked for below a path of fields.
fn asks(selection: &Selection, path: &[&str]) -> bool {
    match path.split_first() {
        None => true,
        Some((first, rest)) => selection.iter().any(|f| f.name == *first && asks(&f.selection, rest)),
    }
}

/// Adds to a run what GraphQL knows of it beyond the REST API, where that is asked for.
fn extend(call: &Call<'_>, run: &ironbook_store::Run, experiment: bool, versions: bool) -> Found {
    let mut out = value(&wire::run(run));
    if experiment {
        out["experiment"] = value(&wire::experiment(&call.store().experiment(&run.info.experiment)?));
    }
    if versions {
        let search = ironbook_store::Search::all().filter(format!("run_id='{}'", run.info.id));
        out["model_versions"] = value(&wire::Each(&call.store().search_versions(&search)?.items, wire::version));
    }
    Ok(out)
}

fn get_run(call: &Call<'_>, input: &Fields<'_>, field: &Field) -> Found {
    let run = call.store().run(&input.run_id()?)?;
    let experiment = asks(&field.selection, &["run", "experiment"]);
    let versions = asks(&field.selection, &["run", "modelVersions"]);
    Ok(json!({ "run": extend(call, &run, experiment, versions)? }))
}

fn search_runs(call: &Call<'_>, input: &Fields<'_>, field: &Field) -> Found {
    let page = crate::api::find_runs(call, input)?;
    let experiment = asks(&field.selection, &["runs", "experiment"]);
    let versions = asks(&field.selection, &["runs", "modelVersions"]);
    let runs = page.items.iter().map(|run| extend(call, run, experiment, versions)).collect::<Result<Vec<_>, _>>()?;
    Ok(json!({ "runs": runs, "next_page_token": page.next.unwrap_or_default() }))
}

fn get_experiment(call: &Call<'_>, input: &Fields<'_>) -> Found {
    let experiment = call.store().experiment(&input.need("experiment_id")?)?;
    Ok(json!({ "experiment": wire::experiment(&experiment) }))
}

fn curves(call: &Call<'_>, input: &Fields<'_>) -> Found {
    let curves = crate::api::find_curves(call, input)?;
    let points = curves.iter().flat_map(|(run, points)| points.iter().map(move |m| wire::run_metric(run, m)));
    Ok(json!({ "metrics": points.map(|point| value(&point)).collect::<Vec<_>>() }))
}

fn search_versions(call: &Call<'_>, input: &Fields<'_>) -> Found {
    let page = crate::api::find_versions(call, input)?;
    Ok(json!({
        "model_versions": wire::Each(&page.items, wire::version),
        "next_page_token": page.next.clone().unwrap_or_default(),
    }))
}
