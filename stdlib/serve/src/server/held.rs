//! Memory that requests hold, counted from the first byte of a body to the last byte of its answer.

use super::refusal::Refusal;
use axum::body::HttpBody;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

/// Bytes that all requests together hold.
#[derive(Debug, Default)]
pub(crate) struct Held(AtomicUsize);

/// Bytes that count as held until this goes.
#[derive(Debug)]
pub(crate) struct Share {
    held: Arc<Held>,
    bytes: usize,
}

impl Held {
    /// Nothing yet.
    pub(crate) fn share(self: &Arc<Self>) -> Share {
        Share { held: Arc::clone(self), bytes: 0 }
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Share {
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Counts more, unless that would be more than `all` for all requests together.
    pub(crate) fn grow(&mut self, by: usize, all: usize) -> Result<(), Refusal> {
        self.bytes += by;
        let before = self.held.0.fetch_add(by, Ordering::Relaxed);
        if before + by > all { Err(Refusal::Full) } else { Ok(()) }
    }

    /// Counts other bytes instead: what was read from a body, for the body.
    pub(crate) fn change(&mut self, to: usize, all: usize) -> Result<(), Refusal> {
        if to > self.bytes {
            return self.grow(to - self.bytes, all);
        }
        self.held.0.fetch_sub(self.bytes - to, Ordering::Relaxed);
        self.bytes = to;
        Ok(())
    }

    /// Counts other bytes instead, without a bound: an answer that is there is sent.
    pub(crate) fn settle(&mut self, to: usize) {
        let _ = self.change(to, usize::MAX);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.held.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// The body of an answer, which counts as held until it is sent.
pub(crate) struct Counted {
    bytes: Option<Bytes>,
    _share: Share,
}

impl Counted {
    pub(crate) fn new(bytes: Vec<u8>, mut share: Share) -> Counted {
        share.settle(bytes.len());
        Counted { bytes: (!bytes.is_empty()).then(|| bytes.into()), _share: share }
    }
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.bytes.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, Bytes::len) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_counted_and_bounded() {
        let held = Arc::new(Held::default());
        let mut one = held.share();
        one.grow(60, 100).unwrap();
        let mut other = held.share();
        assert!(matches!(other.grow(50, 100), Err(Refusal::Full)));
        drop(other);
        assert_eq!(held.bytes(), 60);
        assert!(matches!(one.change(101, 100), Err(Refusal::Full)));
        one.change(10, 100).unwrap();
        assert_eq!((one.bytes(), held.bytes()), (10, 10));
        let body = Counted::new(vec![0; 70], one);
        assert_eq!((held.bytes(), body.size_hint().exact()), (70, Some(70)));
        drop(body);
        assert_eq!(held.bytes(), 0);
    }
}
