//! Counts and durations of traces over time, which MLflow's page shows above its lists.
//!
//! Of MLflow's many metrics these are the two that need nothing but what a trace is; the others are refused as not
//! implemented.

use super::{Answer, Call, Fields, Refusal, Reply, clock};
use ironbook_store::{Code, Search, TraceInfo};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Most traces that are looked at for one answer.
const MAX_TRACES: usize = 200_000;

#[derive(Clone, Copy, PartialEq)]
enum Aggregation {
    Count,
    Sum,
    Average,
    Percentile(f64),
    Least,
    Most,
}

const AGGREGATIONS: [(&str, i64, Aggregation); 6] = [
    ("COUNT", 1, Aggregation::Count),
    ("SUM", 2, Aggregation::Sum),
    ("AVG", 3, Aggregation::Average),
    ("PERCENTILE", 4, Aggregation::Percentile(0.0)),
    ("MIN", 5, Aggregation::Least),
    ("MAX", 6, Aggregation::Most),
];

fn unknown(what: &str) -> Refusal {
    Refusal::new(Code::NotImplemented, format!("This server does not compute {what} of traces."))
}

fn aggregation(fields: &Fields<'_>) -> Result<Aggregation, Refusal> {
    match fields.choice("aggregation_type", &AGGREGATIONS)? {
        None => Err(Refusal::invalid("Missing value for required parameter 'aggregation_type'.")),
        Some(Aggregation::Percentile(_)) => {
            let at = fields.need_float("percentile_value")?;
            if (0.0..=100.0).contains(&at) {
                Ok(Aggregation::Percentile(at))
            } else {
                Err(Refusal::invalid(format!("A percentile is from 0 to 100, not {at}.")))
            }
        }
        Some(other) => Ok(other),
    }
}

impl Aggregation {
    fn name(self) -> String {
        match self {
            Aggregation::Percentile(at) => format!("P{at:?}"),
            other => AGGREGATIONS.iter().find(|(_, _, a)| *a == other).map_or("", |(name, _, _)| name).to_owned(),
        }
    }

    /// Of sorted values; `None` where there are none to speak of.
    fn of(self, values: &[f64]) -> Option<f64> {
        let sum = || values.iter().sum::<f64>();
        match self {
            Aggregation::Count => Some(values.len() as f64),
            Aggregation::Sum => Some(sum()),
            Aggregation::Average => (!values.is_empty()).then(|| sum() / values.len() as f64),
            Aggregation::Least => values.first().copied(),
            Aggregation::Most => values.last().copied(),
            Aggregation::Percentile(at) => {
                let last = values.len().checked_sub(1)?;
                let place = at / 100.0 * last as f64;
                let (low, high) = (values[place.floor() as usize], values[place.ceil() as usize]);
                Some(low + (high - low) * place.fract())
            }
        }
    }
}

pub(super) fn query(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let metric = fields.need("metric_name")?;
    let view = fields
        .choice("view_type", &[("TRACES", 1, "traces"), ("SPANS", 2, "spans"), ("ASSESSMENTS", 3, "assessments")])?;
    let value: fn(&TraceInfo) -> Option<f64> = match (view, metric.as_str()) {
        (Some("traces"), "trace_count") => |_| Some(1.0),
        (Some("traces"), "latency") => |trace| trace.execution_duration.map(|ms| ms as f64),
        (None, _) => return Err(Refusal::invalid("Missing value for required parameter 'view_type'.")),
        (Some(view), _) => return Err(unknown(&format!("`{metric}` of {view}"))),
    };
    let aggregations = fields.objects("aggregations")?.iter().map(aggregation).collect::<Result<Vec<_>, _>>()?;
    if !fields.texts("filters")?.is_empty() {
        return Err(unknown("metrics with filters"));
    }
    let dimensions = fields.texts("dimensions")?;
    if let Some(other) = dimensions.iter().find(|d| !matches!(d.as_str(), "trace_name" | "trace_status")) {
        return Err(unknown(&format!("metrics by `{other}`")));
    }
    let every = fields.int("time_interval_seconds")?.filter(|seconds| *seconds > 0);
    let mut groups: BTreeMap<Vec<(String, String)>, Vec<f64>> = BTreeMap::new();
    for trace in find(call, &fields)? {
        let Some(value) = value(&trace) else { continue };
        let mut group = Vec::new();
        if let Some(seconds) = every {
            let bucket = trace.request_time.div_euclid(seconds * 1000) * seconds;
            group.push(("time_bucket".to_owned(), clock::timestamp(bucket * 1000).replace('Z', "+00:00")));
        }
        for dimension in &dimensions {
            let text = match dimension.as_str() {
                "trace_status" => trace.state.clone(),
                _ => {
                    trace.tags.iter().find(|(k, _)| k == "mlflow.traceName").map(|(_, v)| v.clone()).unwrap_or_default()
                }
            };
            group.push((dimension.clone(), text));
        }
        groups.entry(group).or_default().push(value);
    }
    let points: Vec<Value> =
        groups.into_iter().map(|(group, values)| point(&metric, group, values, &aggregations)).collect();
    Ok(if points.is_empty() { Reply::empty() } else { Reply::json(&json!({ "data_points": points })) })
}

fn point(metric: &str, group: Vec<(String, String)>, mut values: Vec<f64>, aggregations: &[Aggregation]) -> Value {
    values.sort_by(f64::total_cmp);
    let found = aggregations.iter().filter_map(|a| Some((a.name(), Value::from(a.of(&values)?))));
    let mut point = Map::new();
    point.insert("metric_name".to_owned(), metric.into());
    if !group.is_empty() {
        point.insert("dimensions".to_owned(), Value::Object(group.into_iter().map(|(k, v)| (k, v.into())).collect()));
    }
    point.insert("values".to_owned(), Value::Object(found.collect()));
    Value::Object(point)
}

/// The traces of the experiments and the time that are asked for.
fn find(call: &Call<'_>, fields: &Fields<'_>) -> Result<Vec<TraceInfo>, Refusal> {
    let bounds = [("start_time_ms", ">="), ("end_time_ms", "<=")];
    let mut conditions = Vec::new();
    for (name, sign) in bounds {
        if let Some(ms) = fields.int(name)? {
            conditions.push(format!("attributes.timestamp_ms {sign} {ms}"));
        }
    }
    let mut search = Search {
        experiments: fields.need_texts("experiment_ids")?,
        filter: conditions.join(" AND "),
        limit: 500,
        ..Search::all()
    };
    let mut found = Vec::new();
    loop {
        let page = call.store().search_traces(&search)?;
        found.extend(page.items);
        if page.next.is_none() {
            return Ok(found);
        }
        if found.len() >= MAX_TRACES {
            return Err(Refusal::invalid(format!(
                "There are more than {MAX_TRACES} traces in this time: ask for less of it."
            )));
        }
        search.page = page.next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aggregations_are_the_usual_ones() {
        let values = [1.0, 2.0, 4.0, 8.0];
        for (aggregation, name, is) in [
            (Aggregation::Count, "COUNT", 4.0),
            (Aggregation::Sum, "SUM", 15.0),
            (Aggregation::Average, "AVG", 3.75),
            (Aggregation::Percentile(50.0), "P50.0", 3.0),
            (Aggregation::Percentile(100.0), "P100.0", 8.0),
            (Aggregation::Least, "MIN", 1.0),
            (Aggregation::Most, "MAX", 8.0),
        ] {
            assert_eq!((aggregation.name().as_str(), aggregation.of(&values)), (name, Some(is)));
        }
        assert_eq!(Aggregation::Average.of(&[]), None);
    }
}
