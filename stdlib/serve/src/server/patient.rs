//! A connection that is ended when its client takes nothing of what is sent, and not before its client has heard why.

use std::future::Future;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// How long nothing may come from a client whose body is not read, before its connection is closed.
const QUIET: Duration = Duration::from_secs(1);

type Timer = Pin<Box<Sleep>>;

/// A stream whose writes fail when not a byte was taken for a while: else a client that asks and never reads would hold its
/// answers in memory for ever.
///
/// When a body was refused unread, what still comes of it is read and left until the client closes or pauses: the system
/// resets a connection that is closed with unread bytes, and the client would not see its answer.
pub(super) struct Patient<S> {
    stream: S,
    patience: Duration,
    /// Runs while a write waits.
    waits: Option<Timer>,
    /// Whether the last body was not read to its end.
    unread: Arc<AtomicBool>,
    /// Since when the rest of a body is read and left.
    leaving: Option<Instant>,
    /// Runs while nothing comes.
    quiet: Option<Timer>,
}

impl<S> Patient<S> {
    pub(super) fn new(stream: S, patience: Duration, unread: Arc<AtomicBool>) -> Patient<S> {
        Patient { stream, patience, waits: None, unread, leaving: None, quiet: None }
    }

    /// The same, unless it has waited too long.
    fn bounded<T>(&mut self, written: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waits = None;
            return written;
        }
        let patience = self.patience;
        let waits = self.waits.get_or_insert_with(|| Box::pin(sleep(patience)));
        match waits.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> Patient<S> {
    /// Ready when the client has closed, pauses, or has had its time.
    fn leave(&mut self, since: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let mut scrap = [MaybeUninit::uninit(); 8192];
        while since.elapsed() < self.patience {
            let mut into = ReadBuf::uninit(&mut scrap);
            match Pin::new(&mut self.stream).poll_read(cx, &mut into) {
                Poll::Ready(Ok(())) if !into.filled().is_empty() => self.quiet = None,
                Poll::Ready(_) => break,
                Poll::Pending => return self.quiet.get_or_insert_with(|| Box::pin(sleep(QUIET))).as_mut().poll(cx),
            }
        }
        Poll::Ready(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.bounded(written, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, pieces);
        self.bounded(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.bounded(flushed, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.leaving.is_none() {
            let ended = Pin::new(&mut self.stream).poll_shutdown(cx);
            ready!(self.bounded(ended, cx))?;
        }
        if !self.unread.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(()));
        }
        let since = *self.leaving.get_or_insert_with(Instant::now);
        self.leave(since, cx).map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    #[tokio::test]
    async fn a_client_that_reads_slowly_is_served_and_one_that_does_not_read_is_not() {
        let (server, mut client) = tokio::io::duplex(10);
        let mut server = Patient::new(server, Duration::from_secs(1), Arc::default());
        let reading = tokio::spawn(async move {
            for _ in 0..4 {
                sleep(Duration::from_millis(400)).await;
                client.read_exact(&mut [0; 10]).await.unwrap();
            }
            client
        });
        // It takes longer than the patience, but something is taken all the time; the last ten bytes stay on the way.
        server.write_all(&[7; 50]).await.unwrap();
        let _still_open = reading.await.unwrap();
        let failed = server.write_all(&[7; 100]).await.unwrap_err();
        assert_eq!(failed.kind(), io::ErrorKind::TimedOut);
    }
}
