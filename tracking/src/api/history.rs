//! Histories of metrics.

use super::{Answer, Call, Fields, Refusal, Reply, reply, wire};
use ironbook_store::{Code, Metric, Page};
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// Most points of a page, and of an answer about many runs.
const MAX_POINTS: usize = 25_000;
/// Most runs of one question.
const MAX_RUNS: usize = 100;
/// Points of each curve, unless fewer are asked for; the most that may be.
const MAX_CURVE: i64 = 2500;

pub(super) fn get(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let (run, key) = (fields.run_id()?, fields.need("metric_key")?);
    let page = fields.some_text("page_token")?;
    let found = match fields.int("max_results")? {
        None if page.is_none() => return whole(call, &run, &key),
        None => call.store().metric_history_page(&run, &key, MAX_POINTS, page.as_deref())?,
        Some(asked) => {
            let wanted = usize::try_from(asked).ok().filter(|n| *n > 0).ok_or_else(|| {
                Refusal::invalid(format!(
                    "Invalid value {asked} for parameter 'max_results' supplied. It must be a positive integer."
                ))
            })?;
            call.store().metric_history_page(&run, &key, wanted.min(MAX_POINTS), page.as_deref())?
        }
    };
    Ok(reply::page("metrics", &found, wire::metric))
}

/// All points of a metric. They are written page by page, so that a long history is never held but as its JSON.
fn whole(call: &Call<'_>, run: &str, key: &str) -> Answer {
    let mut body = b"{\"metrics\":[".to_vec();
    let (mut first, mut next) = (true, None);
    loop {
        let page: Page<Metric> = call.store().metric_history_page(run, key, MAX_POINTS, next.as_deref())?;
        for point in &page.items {
            if !std::mem::take(&mut first) {
                body.push(b',');
            }
            let written = serde_json::to_writer(&mut body, &wire::metric(point));
            written.map_err(|e| Refusal::new(Code::InternalError, format!("A point could not be written: {e}.")))?;
        }
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    if first {
        return Ok(Reply::empty());
    }
    body.extend_from_slice(b"]}");
    Ok(Reply::raw("application/json", body))
}

/// Points of many runs, each written with its run.
struct Curves<'a>(&'a [(String, Vec<Metric>)], usize);

impl Serialize for Curves<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let points = self.0.iter().flat_map(|(run, points)| points.iter().map(move |m| wire::run_metric(run, m)));
        to.collect_seq(points.take(self.1))
    }
}

fn too_many(name: &str, count: usize) -> Refusal {
    Refusal::invalid(format!("{name} request must specify at most {MAX_RUNS} runs. Received {count} runs."))
}

pub(super) fn bulk(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let mut runs = fields.texts("run_id")?;
    if runs.is_empty() {
        return Err(Refusal::invalid("GetMetricHistoryBulk request must specify at least one run_id."));
    }
    if runs.len() > MAX_RUNS {
        return Err(too_many("GetMetricHistoryBulk", runs.len()));
    }
    let key = fields.text("metric_key")?;
    let key = key.ok_or_else(|| Refusal::invalid("GetMetricHistoryBulk request must specify a metric_key."))?;
    let asked = fields.int("max_results")?.map_or(MAX_POINTS, |n| usize::try_from(n).unwrap_or(0).min(MAX_POINTS));
    runs.sort();
    let mut left = asked;
    let mut curves = Vec::new();
    for run in runs {
        if left == 0 {
            break;
        }
        let mut points = call.store().metric_history_page(&run, &key, left, None)?.items;
        points.sort_by(|a, b| (a.timestamp, a.step).cmp(&(b.timestamp, b.step)).then(a.value.total_cmp(&b.value)));
        left = left.saturating_sub(points.len());
        curves.push((run, points));
    }
    Ok(Reply::json(&BTreeMap::from([("metrics", Curves(&curves, asked))])))
}

pub(super) fn interval(call: &Call<'_>) -> Answer {
    let curves = find_curves(call, &call.fields()?)?;
    if curves.iter().all(|(_, points)| points.is_empty()) {
        return Ok(Reply::empty());
    }
    Ok(Reply::json(&BTreeMap::from([("metrics", Curves(&curves, usize::MAX))])))
}

/// Thinned curves as a request asks for them.
pub(crate) fn find_curves(call: &Call<'_>, fields: &Fields<'_>) -> Result<Vec<(String, Vec<Metric>)>, Refusal> {
    let runs = fields.need_texts("run_ids")?;
    if runs.len() > MAX_RUNS {
        return Err(too_many("GetMetricHistoryBulkInterval", runs.len()));
    }
    let key = fields.need("metric_key")?;
    let steps = (fields.int("start_step")?, fields.int("end_step")?);
    match steps {
        (Some(first), Some(last)) if first > last => {
            return Err(Refusal::invalid(format!(
                "end_step must be greater than start_step. Found start_step={first} and end_step={last}."
            )));
        }
        (Some(_), None) | (None, Some(_)) => {
            return Err(Refusal::invalid("If either start step or end step are specified, both must be specified."));
        }
        _ => {}
    }
    let points = fields.int("max_results")?.unwrap_or(MAX_CURVE);
    if !(1..=MAX_CURVE).contains(&points) {
        return Err(Refusal::invalid(format!("max_results must be between 1 and {MAX_CURVE}.")));
    }
    let points = usize::try_from(points).unwrap_or(1);
    Ok(call.store().metric_curves(&runs, &key, steps, points)?)
}
