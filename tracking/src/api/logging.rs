//! What is logged to runs. Metrics are read straight into what the store takes: these calls are the many.

use super::call::depth;
use super::experiments::tag;
use super::fields::{Fields, float_text, whole_float};
use super::{Answer, Call, Refusal, Reply};
use ironbook_store::{Batch, Metric, MetricOf, Param, Tag};
use serde::{Deserialize, Deserializer, de};
use std::fmt;

/// MLflow's limits of one batch.
const MAX_METRICS: usize = 1000;
const MAX_PARAMS: usize = 100;
const MAX_TAGS: usize = 100;
const MAX_TOTAL: usize = 1000;

/// A point in a request. What is not quite like this is read again, slowly, to say what is wrong.
#[derive(Deserialize)]
struct Point {
    /// Only where the point is the whole request.
    #[serde(default)]
    run_id: Option<String>,
    key: String,
    #[serde(deserialize_with = "number")]
    value: f64,
    #[serde(deserialize_with = "integer")]
    timestamp: i64,
    #[serde(default, deserialize_with = "integer")]
    step: i64,
    #[serde(default)]
    model_id: Option<String>,
    #[serde(default)]
    dataset_name: Option<String>,
    #[serde(default)]
    dataset_digest: Option<String>,
}

#[derive(Deserialize)]
struct KeyValue {
    key: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
struct Many {
    run_id: String,
    #[serde(default)]
    metrics: Vec<Point>,
    #[serde(default)]
    params: Vec<KeyValue>,
    #[serde(default)]
    tags: Vec<KeyValue>,
}

impl Point {
    fn whole(&self) -> bool {
        !self.key.is_empty()
    }

    fn metric(self) -> Metric {
        let some = |text: Option<String>| text.filter(|t| !t.is_empty());
        let (model_id, dataset_name) = (some(self.model_id), some(self.dataset_name));
        let dataset_digest = some(self.dataset_digest);
        let named = model_id.is_some() || dataset_name.is_some() || dataset_digest.is_some();
        let of = named.then(|| Box::new(MetricOf { model_id, dataset_name, dataset_digest, run_id: None }));
        Metric { key: self.key, value: self.value, timestamp: self.timestamp, step: self.step, of }
    }

    /// The careful reading.
    fn read(fields: &Fields<'_>) -> Result<Point, Refusal> {
        Ok(Point {
            run_id: None,
            key: fields.need("key")?,
            value: fields.need_float("value")?,
            timestamp: fields.need_int("timestamp")?,
            step: fields.int("step")?.unwrap_or_default(),
            model_id: fields.some_text("model_id")?,
            dataset_name: fields.some_text("dataset_name")?,
            dataset_digest: fields.some_text("dataset_digest")?,
        })
    }
}

pub(super) fn metric(call: &Call<'_>) -> Answer {
    call.must_be_json()?;
    let quick = if depth(call.body) <= 4 { serde_json::from_slice::<Point>(call.body).ok() } else { None };
    let named = quick.filter(Point::whole).and_then(|mut point| Some((point.run_id.take()?, point)));
    let (run, point) = match named.filter(|(run, _)| !run.is_empty()) {
        Some(named) => named,
        None => careful(call)?,
    };
    let metrics = [point.metric()];
    call.store().log_batch(&run, Batch { metrics: &metrics, ..Batch::default() })?;
    Ok(Reply::empty())
}

fn careful(call: &Call<'_>) -> Result<(String, Point), Refusal> {
    let fields = call.fields()?;
    Ok((fields.run_id()?, Point::read(&fields)?))
}

pub(super) fn batch(call: &Call<'_>) -> Answer {
    call.must_be_json()?;
    // A type that ignores unknown values still recurses through them.
    let quick = if depth(call.body) <= 4 { serde_json::from_slice::<Many>(call.body).ok() } else { None };
    let whole = |many: &Many| {
        let named = |pairs: &[KeyValue]| pairs.iter().all(|pair| !pair.key.is_empty());
        !many.run_id.is_empty() && many.metrics.iter().all(Point::whole) && named(&many.params) && named(&many.tags)
    };
    let many = match quick.filter(whole) {
        Some(many) => many,
        None => read_batch(&call.fields()?)?,
    };
    check_sizes(&many)?;
    let metrics: Vec<Metric> = many.metrics.into_iter().map(Point::metric).collect();
    let params: Vec<Param> = many.params.into_iter().map(|p| Param { key: p.key, value: p.value }).collect();
    let tags: Vec<Tag> = many.tags.into_iter().map(|t| Tag { key: t.key, value: t.value }).collect();
    call.store().log_batch(&many.run_id, Batch { metrics: &metrics, params: &params, tags: &tags })?;
    Ok(Reply::empty())
}

fn read_batch(fields: &Fields<'_>) -> Result<Many, Refusal> {
    let pairs = |name| -> Result<Vec<KeyValue>, Refusal> {
        Ok(fields.pairs(name)?.into_iter().map(|(key, value)| KeyValue { key, value }).collect())
    };
    Ok(Many {
        run_id: fields.run_id()?,
        metrics: fields.objects("metrics")?.iter().map(Point::read).collect::<Result<_, _>>()?,
        params: pairs("params")?,
        tags: pairs("tags")?,
    })
}

fn check_sizes(many: &Many) -> Result<(), Refusal> {
    let (metrics, params, tags) = (many.metrics.len(), many.params.len(), many.tags.len());
    let too_many = [
        ("metrics", metrics, MAX_METRICS),
        ("params", params, MAX_PARAMS),
        ("tags", tags, MAX_TAGS),
        ("metrics, params and tags", metrics + params + tags, MAX_TOTAL),
    ];
    match too_many.into_iter().find(|(_, count, most)| count > most) {
        None => Ok(()),
        Some((what, count, most)) => Err(Refusal::invalid(format!(
            "A batch logging request can contain at most {most} {what}. Got {count} {what}. Please split up {what} across multiple requests and try again."
        ))),
    }
}

pub(super) fn param(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let params = [Param { key: fields.need("key")?, value: fields.text("value")?.unwrap_or_default() }];
    call.store().log_batch(&fields.run_id()?, Batch { params: &params, ..Batch::default() })?;
    Ok(Reply::empty())
}

pub(super) fn set_tag(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let tags = [tag(&fields)?];
    call.store().log_batch(&fields.run_id()?, Batch { tags: &tags, ..Batch::default() })?;
    Ok(Reply::empty())
}

pub(super) fn delete_tag(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    call.store().delete_tag(&fields.run_id()?, &fields.need("key")?)?;
    Ok(Reply::empty())
}

/// Reads a whole number in the forms of protobuf's JSON.
fn integer<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    struct Whole;
    impl de::Visitor<'_> for Whole {
        type Value = i64;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a whole number")
        }
        fn visit_i64<E: de::Error>(self, value: i64) -> Result<i64, E> {
            Ok(value)
        }
        fn visit_u64<E: de::Error>(self, value: u64) -> Result<i64, E> {
            i64::try_from(value).map_err(E::custom)
        }
        fn visit_f64<E: de::Error>(self, value: f64) -> Result<i64, E> {
            whole_float(value).ok_or_else(|| E::custom("it has a fraction"))
        }
        fn visit_str<E: de::Error>(self, value: &str) -> Result<i64, E> {
            value.trim().parse().map_err(E::custom)
        }
        fn visit_unit<E: de::Error>(self) -> Result<i64, E> {
            Err(E::custom("it is null"))
        }
    }
    from.deserialize_any(Whole)
}

/// Reads a number in the forms of protobuf's JSON.
fn number<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    struct Float;
    impl de::Visitor<'_> for Float {
        type Value = f64;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a number")
        }
        fn visit_f64<E: de::Error>(self, value: f64) -> Result<f64, E> {
            Ok(value)
        }
        fn visit_i64<E: de::Error>(self, value: i64) -> Result<f64, E> {
            Ok(value as f64)
        }
        fn visit_u64<E: de::Error>(self, value: u64) -> Result<f64, E> {
            Ok(value as f64)
        }
        fn visit_str<E: de::Error>(self, value: &str) -> Result<f64, E> {
            float_text(value).ok_or_else(|| E::custom("it is no number"))
        }
    }
    from.deserialize_any(Float)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quick_and_the_careful_reading_agree() {
        let bodies = [
            r#"{"key": "m", "value": 1.5, "timestamp": 3, "step": 4}"#,
            r#"{"key": "m", "value": "NaN", "timestamp": "3"}"#,
            r#"{"key": "m", "value": 7, "timestamp": 3.0, "model_id": "m-1", "other": [1]}"#,
            r#"{"key": "m", "value": "-Infinity", "timestamp": 3, "model_id": "", "dataset_name": null}"#,
        ];
        for body in bodies {
            let quick: Point = serde_json::from_str(body).unwrap();
            let careful = Point::read(&Fields::of_json(serde_json::from_str(body).unwrap())).unwrap();
            let (quick, careful) = (quick.metric(), careful.metric());
            assert_eq!(quick.value.to_bits(), careful.value.to_bits(), "{body}");
            let rest = |m: &Metric| (m.key.clone(), m.timestamp, m.step, m.of.clone());
            assert_eq!(rest(&quick), rest(&careful), "{body}");
        }
    }

    #[test]
    fn a_wrong_value_is_named() {
        let body = r#"{"run_id": "r", "metrics": [{"key": "m", "value": "x", "timestamp": 1}]}"#;
        assert!(serde_json::from_str::<Many>(body).is_err());
        let refusal = read_batch(&Fields::of_json(serde_json::from_str(body).unwrap())).err().unwrap();
        assert!(refusal.message.contains("metrics[0].value"), "{}", refusal.message);
    }
}
