//! Runs.

use super::experiments::{VIEWS, limit, tags};
use super::{Answer, Call, Fields, Refusal, Reply, reply, wire};
use ironbook_store::{NewRun, Page, Run, RunUpdate, Search, Status};
use serde_json::json;

const STATES: [(&str, i64, Status); 5] = [
    ("RUNNING", 1, Status::Running),
    ("SCHEDULED", 2, Status::Scheduled),
    ("FINISHED", 3, Status::Finished),
    ("FAILED", 4, Status::Failed),
    ("KILLED", 5, Status::Killed),
];

pub(super) fn create(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let new = NewRun {
        experiment: fields.some_text("experiment_id")?.unwrap_or_else(|| "0".to_owned()),
        name: fields.some_text("run_name")?,
        user: fields.some_text("user_id")?,
        start: fields.int("start_time")?,
        tags: tags(&fields, "tags")?,
    };
    let store = call.store();
    let made = store.create_run(&new)?;
    let run = store.run(&made.id)?;
    Ok(Reply::json(&json!({ "run": wire::new_run(&run) })))
}

pub(super) fn get(call: &Call<'_>) -> Answer {
    let run = call.store().run(&call.fields()?.run_id()?)?;
    Ok(Reply::json(&json!({ "run": wire::run(&run) })))
}

pub(super) fn update(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let update = RunUpdate {
        name: fields.some_text("run_name")?,
        status: fields.choice("status", &STATES)?,
        end: fields.int("end_time")?,
    };
    let info = call.store().update_run(&fields.run_id()?, &update)?;
    Ok(Reply::json(&json!({ "run_info": wire::run_info(&info) })))
}

pub(super) fn delete(call: &Call<'_>) -> Answer {
    call.store().delete_run(&call.fields()?.run_id()?)?;
    Ok(Reply::empty())
}

pub(super) fn restore(call: &Call<'_>) -> Answer {
    call.store().restore_run(&call.fields()?.run_id()?)?;
    Ok(Reply::empty())
}

pub(super) fn search(call: &Call<'_>) -> Answer {
    Ok(reply::page("runs", &find(call, &call.fields()?)?, wire::run))
}

/// Runs as a request asks for them.
pub(crate) fn find(call: &Call<'_>, fields: &Fields<'_>) -> Result<Page<Run>, Refusal> {
    let experiments = fields.texts("experiment_ids")?;
    // MLflow searches the named experiments; none named are none, not all.
    if experiments.is_empty() {
        return Ok(Page::last(Vec::new()));
    }
    let search = Search {
        experiments,
        filter: fields.text("filter")?.unwrap_or_default(),
        order_by: fields.texts("order_by")?,
        view: fields.choice("run_view_type", &VIEWS)?.unwrap_or_default(),
        limit: limit(fields, 1000, Search::MAX_LIMIT)?,
        page: fields.some_text("page_token")?,
    };
    Ok(call.store().search_runs(&search)?)
}
