//! Bodies of requests: whole, in time, and within bounds, each by itself and all together.

use super::refusal::Refusal;
use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt as _, StreamExt as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Bytes of all bodies together that are in memory.
#[derive(Debug, Default)]
pub(crate) struct Held(AtomicUsize);

/// Bytes that count as held until this goes.
struct Share {
    held: Arc<Held>,
    bytes: usize,
}

/// A whole body.
pub(crate) struct Whole {
    pub(crate) bytes: Bytes,
    _share: Share,
}

/// How much a body may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Bytes of one body.
    pub(crate) one: usize,
    /// Bytes of all bodies that are in memory together.
    pub(crate) all: usize,
    /// How long a body may take to come.
    pub(crate) patience: Duration,
}

impl Share {
    fn grow(&mut self, by: usize, limits: Limits) -> Result<(), Refusal> {
        self.bytes += by;
        let before = self.held.0.fetch_add(by, Ordering::Relaxed);
        if self.bytes > limits.one {
            return Err(Refusal::TooLarge(limits.one));
        }
        if before + by > limits.all { Err(Refusal::Full) } else { Ok(()) }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.held.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Reads a whole body.
pub(crate) async fn whole(headers: &HeaderMap, body: Body, held: &Arc<Held>, limits: Limits) -> Result<Whole, Refusal> {
    let said = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if said.is_some_and(|bytes| bytes > limits.one) {
        return Err(Refusal::TooLarge(limits.one));
    }
    let mut share = Share { held: Arc::clone(held), bytes: 0 };
    let mut stream = body.into_data_stream();
    let mut reading = std::pin::pin!(async move {
        let broken = |_| Refusal::Form("The body ended before its end.".to_owned());
        let Some(first) = stream.next().await else { return Ok(Whole { bytes: Bytes::new(), _share: share }) };
        let first = first.map_err(broken)?;
        share.grow(first.len(), limits)?;
        // Most bodies are in one piece, which is not copied.
        let Some(mut next) = stream.next().await else { return Ok(Whole { bytes: first, _share: share }) };
        let mut all = BytesMut::with_capacity(said.unwrap_or(2 * first.len()).min(1 << 20));
        all.extend_from_slice(&first);
        loop {
            let piece = next.map_err(broken)?;
            share.grow(piece.len(), limits)?;
            all.extend_from_slice(&piece);
            match stream.next().await {
                Some(more) => next = more,
                None => return Ok(Whole { bytes: all.freeze(), _share: share }),
            }
        }
    });
    // No timer for what has come already.
    match reading.as_mut().now_or_never() {
        Some(read) => read,
        None => tokio::time::timeout(limits.patience, reading).await.map_err(|_| Refusal::Slow(limits.patience))?,
    }
}
