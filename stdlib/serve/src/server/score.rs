//! Requests for predictions, in each protocol.

use super::body::{Whole, whole};
use super::held::{Counted, Share};
use super::queue::{Done, Fault};
use super::refusal::{Refusal, Words};
use super::state::{Shared, State};
use crate::contract::Rows;
use crate::log::Entry;
use crate::metrics::Stage;
use crate::model::Answers;
use crate::served::Served;
use crate::wire::write::Who;
use crate::wire::{Asked, Method, mlflow, oip, own, read_csv, write};
use axum::body::Body;
use axum::extract::{Request, State as Has};
use axum::http::{HeaderMap, HeaderValue, Response, header};
use bytes::Bytes;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The header with the id of a request, taken from the client or made here.
pub(crate) const REQUEST_ID: &str = "x-request-id";
/// The header with the length of the JSON before tensors in bytes.
const JSON_LENGTH: &str = "inference-header-content-length";
/// Characters of a client's id at most.
const LONGEST_ID: usize = 128;

/// What a content type says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Json,
    Csv,
    Bytes,
}

/// When a request came.
struct Came {
    at: Instant,
    time: SystemTime,
}

type Answer = Result<Response<Body>, Refusal>;

fn respond(answer: Answer, words: Words) -> Response<Body> {
    answer.unwrap_or_else(|refusal| refusal.response(words))
}

/// `POST /invocations`.
pub(crate) async fn invocations(Has(shared): Has<Shared>, request: Request) -> Response<Body> {
    respond(score_mlflow(&shared, request).await, Words::Mlflow)
}

/// `POST /predict`.
pub(crate) async fn predict(Has(shared): Has<Shared>, request: Request) -> Response<Body> {
    respond(score_own(&shared, request).await, Words::Mlflow)
}

/// `POST /v2/models/NAME/infer`, for the model that was named.
pub(crate) async fn infer(shared: &Shared, served: &Arc<Served>, request: Request) -> Response<Body> {
    respond(score_oip(shared, served, request).await, Words::Oip)
}

async fn score_mlflow(shared: &Shared, request: Request) -> Answer {
    let came = Came { at: Instant::now(), time: SystemTime::now() };
    let format = format(request.headers(), &[Format::Json, Format::Csv])?;
    let id = id_of(shared, request.headers());
    let bytes = take_body(shared, request).await?;
    let served = shared.slot.get();
    let asked = reading(shared, || {
        let text = utf8(&bytes.bytes)?;
        let asked = match format {
            Format::Csv => read_csv(text, &served.contract).map(|rows| Asked { rows, method: Method::Predict }),
            _ => mlflow::read(text, &served.contract),
        };
        asked.map_err(|wrong| Refusal::of(wrong, &bytes.bytes))
    })?;
    let share = read_into(bytes, &asked.rows, shared)?;
    let done = compute(shared, &served, asked.rows, share).await?;
    Ok(finish(shared, &served, &came, id, done, |out, answers, _| {
        write::mlflow(out, served.labels.as_deref(), answers, asked.method);
        None
    }))
}

async fn score_own(shared: &Shared, request: Request) -> Answer {
    let came = Came { at: Instant::now(), time: SystemTime::now() };
    let format = format(request.headers(), &[Format::Json, Format::Csv])?;
    let id = id_of(shared, request.headers());
    let bytes = take_body(shared, request).await?;
    let served = shared.slot.get();
    let rows = reading(shared, || {
        let text = utf8(&bytes.bytes)?;
        let read = if format == Format::Csv { read_csv } else { own::read };
        read(text, &served.contract).map_err(|wrong| Refusal::of(wrong, &bytes.bytes))
    })?;
    let share = read_into(bytes, &rows, shared)?;
    let done = compute(shared, &served, rows, share).await?;
    Ok(finish(shared, &served, &came, id, done, |out, answers, id| {
        let who = Who { model: &served.name, version: &served.version, request: id };
        write::own(out, served.labels.as_deref(), answers, &who);
        None
    }))
}

async fn score_oip(shared: &Shared, served: &Arc<Served>, request: Request) -> Answer {
    let came = Came { at: Instant::now(), time: SystemTime::now() };
    if request.headers().contains_key(header::CONTENT_TYPE) {
        format(request.headers(), &[Format::Json, Format::Bytes])?;
    }
    let id = id_of(shared, request.headers());
    let length = request.headers().get(JSON_LENGTH).cloned();
    let bytes = take_body(shared, request).await?;
    let asked = reading(shared, || {
        let (json, binary) = parts(&bytes.bytes, length.as_ref())?;
        let text = utf8(json)?;
        oip::read(text, binary, &served.contract).map_err(|wrong| Refusal::of(wrong, json))
    })?;
    let share = read_into(bytes, &asked.rows, shared)?;
    let done = compute(shared, served, asked.rows, share).await?;
    Ok(finish(shared, served, &came, id, done, |out, answers, id| {
        let who = Who { model: &served.name, version: &served.version, request: id };
        write::oip(out, served.labels.as_deref(), answers, &who, asked.id.as_deref(), &asked.outputs)
    }))
}

/// The JSON of a body, and what stands behind it.
fn parts<'a>(bytes: &'a Bytes, length: Option<&HeaderValue>) -> Result<(&'a [u8], &'a [u8]), Refusal> {
    let Some(length) = length else { return Ok((bytes, &[])) };
    let said = length.to_str().ok().and_then(|text| text.trim().parse::<usize>().ok());
    let split = said.and_then(|said| bytes.split_at_checked(said));
    split.ok_or_else(|| Refusal::Form(format!("the header {JSON_LENGTH} is no length within the body")))
}

fn utf8(bytes: &[u8]) -> Result<&str, Refusal> {
    str::from_utf8(bytes).map_err(|error| {
        let (line, column) = crate::wire::scan::position(bytes, error.valid_up_to());
        Refusal::Malformed { at: error.valid_up_to(), line, column, expected: "UTF-8" }
    })
}

/// Reads a request, timed.
fn reading<T>(shared: &State, read: impl FnOnce() -> Result<T, Refusal>) -> Result<T, Refusal> {
    let begun = Instant::now();
    let read = read();
    shared.metrics.time(Stage::Parse, begun.elapsed());
    read
}

async fn take_body(shared: &State, request: Request) -> Result<Whole, Refusal> {
    let (parts, body) = request.into_parts();
    whole(&parts.headers, body, &shared.held, shared.limits).await
}

/// Lets a body go, and counts what was read from it instead.
fn read_into(body: Whole, rows: &Rows, shared: &State) -> Result<Share, Refusal> {
    let Whole { mut share, .. } = body;
    share.change(rows.bytes(), shared.limits.all)?;
    Ok(share)
}

/// What the content type says, if it is one of these.
fn format(headers: &HeaderMap, known: &[Format]) -> Result<Format, Refusal> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let encoding = headers.get(header::CONTENT_ENCODING).map_or(b"identity".as_slice(), HeaderValue::as_bytes);
    if !encoding.eq_ignore_ascii_case(b"identity") {
        return Err(Refusal::Type("Compressed bodies are not read; send the body as it is.".to_owned()));
    }
    let mut parts = given.split(';').map(str::trim);
    let mime = parts.next().unwrap_or("");
    let found = match mime {
        _ if mime.eq_ignore_ascii_case("application/json") => Some(Format::Json),
        _ if mime.eq_ignore_ascii_case("text/csv") => Some(Format::Csv),
        _ if mime.eq_ignore_ascii_case("application/octet-stream") => Some(Format::Bytes),
        _ => None,
    };
    let Some(found) = found.filter(|found| known.contains(found)) else {
        let types = known.iter().map(|format| match format {
            Format::Json => "'application/json'",
            Format::Csv => "'text/csv'",
            Format::Bytes => "'application/octet-stream'",
        });
        let types = types.collect::<Vec<_>>().join(", ");
        let told =
            format!("This predictor only supports the following content types: Types: [{types}]. Got '{given}'.");
        return Err(Refusal::Type(told));
    };
    for part in parts {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        if !name.trim().eq_ignore_ascii_case("charset") {
            return Err(Refusal::Type(format!("Unrecognized content type parameters: {name}.")));
        }
        if !value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8") {
            return Err(Refusal::Type("The scoring server only supports UTF-8".to_owned()));
        }
    }
    Ok(found)
}

/// The id that the client gave, if it is one that can be repeated; else a new one.
fn id_of(shared: &State, headers: &HeaderMap) -> String {
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let fits = |id: &&str| !id.is_empty() && id.len() <= LONGEST_ID && id.bytes().all(|byte| byte.is_ascii_graphic());
    given.filter(fits).map_or_else(|| shared.ids.next(), str::to_owned)
}

/// Has rows answered by the model, in time.
async fn compute(shared: &Shared, served: &Arc<Served>, rows: Rows, share: Share) -> Result<Done, Refusal> {
    let told = shared.queue.enter(Arc::clone(served), rows, share).map_err(|_| Refusal::Full)?;
    let done = match tokio::time::timeout(shared.deadline, told).await {
        Err(_) => return Err(Refusal::Late),
        // The runner is gone only if the server made a mistake.
        Ok(Err(_)) => return Err(Refusal::Mistake),
        Ok(Ok(Err(fault))) => {
            return Err(match fault {
                Fault::Refused(offences) => Refusal::Fields(offences),
                Fault::Failed(told) => Refusal::Failed(told),
                Fault::Panicked(told) => Refusal::Panicked(told),
            });
        }
        Ok(Ok(Ok(done))) => done,
    };
    shared.metrics.time(Stage::Queue, done.waited);
    if !done.answers.features.is_zero() {
        shared.metrics.time(Stage::Features, done.answers.features);
    }
    shared.metrics.time(Stage::Predict, done.computed.saturating_sub(done.answers.features));
    Ok(done)
}

/// Logs and writes an answer; `write` returns the length of the JSON if bytes stand behind it.
fn finish(
    shared: &State,
    served: &Served,
    came: &Came,
    id: String,
    done: Done,
    write: impl FnOnce(&mut Vec<u8>, &Answers, &str) -> Option<usize>,
) -> Response<Body> {
    let begun = Instant::now();
    let mut out = Vec::with_capacity(64 + 48 * done.answers.predictions.len());
    let json = write(&mut out, &done.answers, &id);
    if let (Some(log), Some(schema)) = (&shared.log, &served.schema)
        && log.wants(&id)
        && !done.rows.is_empty()
    {
        let time = came.time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as i64);
        let latency_ms = came.at.elapsed().as_secs_f64() * 1e3;
        log.add(schema, &Entry { id: &id, time, latency_ms, rows: &done.rows, answers: &done.answers });
    }
    let mut response = Response::new(Body::new(Counted::new(out, done.share)));
    let headers = response.headers_mut();
    let kind = if json.is_some() { "application/octet-stream" } else { "application/json" };
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Some(length) = json {
        headers.insert(JSON_LENGTH, HeaderValue::from(length));
    }
    if let Ok(id) = HeaderValue::try_from(id) {
        headers.insert(REQUEST_ID, id);
    }
    let now = Instant::now();
    shared.metrics.time(Stage::Write, now - begun);
    shared.metrics.time(Stage::Total, now - came.at);
    response
}
