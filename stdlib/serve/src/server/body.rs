//! Bodies of requests: whole, in time, and within bounds, each by itself and all together.

use super::held::{Held, Share};
use super::refusal::Refusal;
use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt as _, StreamExt as _};
use std::sync::Arc;
use std::time::Duration;

/// A whole body.
pub(crate) struct Whole {
    pub(crate) bytes: Bytes,
    pub(crate) share: Share,
}

/// How much a body may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Bytes of one body.
    pub(crate) one: usize,
    /// Bytes of all bodies, the rows read from them and their answers that are in memory together.
    pub(crate) all: usize,
    /// How long a body may take to come.
    pub(crate) patience: Duration,
}

fn grow(share: &mut Share, by: usize, limits: Limits) -> Result<(), Refusal> {
    if share.bytes() + by > limits.one {
        return Err(Refusal::TooLarge(limits.one));
    }
    share.grow(by, limits.all)
}

/// Reads a whole body.
pub(crate) async fn whole(headers: &HeaderMap, body: Body, held: &Arc<Held>, limits: Limits) -> Result<Whole, Refusal> {
    let said = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if said.is_some_and(|bytes| bytes > limits.one) {
        return Err(Refusal::TooLarge(limits.one));
    }
    let mut share = held.share();
    let mut stream = body.into_data_stream();
    let mut reading = std::pin::pin!(async move {
        let broken = |_| Refusal::Form("The body ended before its end.".to_owned());
        let Some(first) = stream.next().await else { return Ok(Whole { bytes: Bytes::new(), share }) };
        let first = first.map_err(broken)?;
        grow(&mut share, first.len(), limits)?;
        // Most bodies are in one piece, which is not copied.
        let Some(mut next) = stream.next().await else { return Ok(Whole { bytes: first, share }) };
        let mut all = BytesMut::with_capacity(said.unwrap_or(2 * first.len()).min(1 << 20));
        all.extend_from_slice(&first);
        loop {
            let piece = next.map_err(broken)?;
            grow(&mut share, piece.len(), limits)?;
            all.extend_from_slice(&piece);
            match stream.next().await {
                Some(more) => next = more,
                None => return Ok(Whole { bytes: all.freeze(), share }),
            }
        }
    });
    // No timer for what has come already.
    match reading.as_mut().now_or_never() {
        Some(read) => read,
        None => tokio::time::timeout(limits.patience, reading).await.map_err(|_| Refusal::Slow(limits.patience))?,
    }
}
