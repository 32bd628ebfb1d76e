//! Artifacts that this server keeps for clients: `mlflow-artifacts`. Both directions stream.

use super::artifacts::safe_path;
use super::{Fields, Refusal, Reply, download, reply, wire};
use crate::server::{Shared, blocking};
use axum::body::{Body, Bytes};
use axum::http::Response;
use futures_util::StreamExt;
use ironbook_store::artifacts::Repo;
use ironbook_store::{Code, Error};
use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Pieces that wait between the network and the disk.
const WAITING: usize = 4;
/// How long a client may send nothing.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long an upload waits until others are done.
const QUEUE: Duration = Duration::from_secs(15);
/// Bytes that must come in a second, on average, once an upload is older than [`PATIENCE`]: whoever sends drop by drop
/// would hold a place for ever.
const SLOWEST: u64 = 4 << 10;

/// Until when more must have come of an upload of which this much is there.
fn due(begun: Instant, received: u64) -> Instant {
    let pause = Instant::now() + PATIENCE;
    pause.min(begun + PATIENCE + Duration::from_secs(received / SLOWEST))
}

/// The path below the root of what this server keeps, of a place `mlflow-artifacts:/path` (or with this server's name).
pub(crate) fn path_of(uri: &str) -> Option<String> {
    let rest = uri.strip_prefix("mlflow-artifacts:")?;
    let path = match rest.strip_prefix("//") {
        Some(named) => named.split_once('/').map_or("", |(_, path)| path),
        None => rest,
    };
    Some(path.trim_matches('/').to_owned())
}

fn repo(shared: &Shared) -> Result<Arc<dyn Repo>, Refusal> {
    shared.proxied.clone().ok_or_else(|| {
        let message = "This server keeps no artifacts for others: it was started with --no-serve-artifacts.";
        Refusal { status: 503, ..Refusal::new(Code::NotImplemented, message) }
    })
}

fn named(path: &str) -> Result<String, Refusal> {
    let path = safe_path(path)?;
    if path.is_empty() { Err(Refusal::invalid("The path of an artifact is missing.")) } else { Ok(path) }
}

/// Sends a file.
pub(crate) async fn get(shared: Shared, path: String) -> Result<Response<Body>, Refusal> {
    let (repo, path) = (repo(&shared)?, named(&path)?);
    let opened = blocking(&shared, {
        let path = path.clone();
        move |_| Ok(repo.read(&path)?)
    });
    Ok(download::file(&path, opened.await?))
}

/// What lies in a directory, by name.
pub(crate) async fn list(shared: Shared, query: String) -> Result<Response<Body>, Refusal> {
    let repo = repo(&shared)?;
    let path = safe_path(&Fields::of_query(&query).text("path")?.unwrap_or_default())?;
    let files = blocking(&shared, move |_| Ok(repo.list(&path)?)).await?;
    Ok(reply::list("files", &files, wire::file_name).response())
}

/// Removes a file, or a directory with all in it; one that is not there is no error.
pub(crate) async fn delete(shared: Shared, path: String) -> Result<Response<Body>, Refusal> {
    let (repo, path) = (repo(&shared)?, named(&path)?);
    blocking(&shared, move |_| match repo.delete(&path) {
        Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
        Err(other) => Err(other.into()),
    })
    .await?;
    Ok(Reply::empty().response())
}

/// Keeps a file. It is there once all of it has come, not before.
pub(crate) async fn put(shared: Shared, path: String, body: Body) -> Result<Response<Body>, Refusal> {
    let (repo, path) = (repo(&shared)?, named(&path)?);
    let permit = tokio::time::timeout(QUEUE, shared.uploads.clone().acquire_owned()).await.map_err(|_| {
        Refusal::new(Code::TemporarilyUnavailable, "Too many files are being uploaded at once. Try again.")
    })?;
    let (to, from) = mpsc::channel(WAITING);
    let written = tokio::task::spawn_blocking(move || {
        let _held = permit;
        repo.write(&path, &mut Pieces { from, rest: Bytes::new(), ended: false })
    });
    let sent = send(body, &to).await;
    drop(to);
    match written.await {
        Ok(result) => result.map_err(|error| match sent {
            // Then the error is what the sender said, told once more by the store.
            Err(why) => Refusal::new(Code::BadRequest, why),
            Ok(()) => error.into(),
        })?,
        Err(_) => return Err(Refusal::new(Code::InternalError, "writing the artifact failed")),
    }
    Ok(Reply::empty().response())
}

/// Passes a body on, piece by piece; when it breaks off, so that the writer fails too.
async fn send(body: Body, to: &mpsc::Sender<io::Result<Bytes>>) -> Result<(), String> {
    let mut stream = body.into_data_stream();
    let (begun, mut received) = (Instant::now(), 0);
    loop {
        let why = match tokio::time::timeout_at(due(begun, received), stream.next()).await {
            Ok(None) => {
                // Says that this was all: a sender that is only dropped has broken off.
                let _ = to.send(Ok(Bytes::new())).await;
                return Ok(());
            }
            Ok(Some(Ok(piece))) if piece.is_empty() => continue,
            Ok(Some(Ok(piece))) => {
                received += piece.len() as u64;
                match to.send(Ok(piece)).await {
                    Ok(()) => continue,
                    // The writer has given up and says why.
                    Err(_) => return Ok(()),
                }
            }
            Ok(Some(Err(error))) => format!("The upload broke off: {error}"),
            Err(_) => format!(
                "The upload stood still for {} seconds, or sent less than {SLOWEST} bytes in a second.",
                PATIENCE.as_secs()
            ),
        };
        let _ = to.send(Err(io::Error::new(io::ErrorKind::ConnectionAborted, why.clone()))).await;
        return Err(why);
    }
}

/// The body as the writer reads it.
struct Pieces {
    from: mpsc::Receiver<io::Result<Bytes>>,
    rest: Bytes,
    ended: bool,
}

impl Read for Pieces {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() && !self.ended {
            match self.from.blocking_recv() {
                Some(Ok(piece)) => {
                    self.ended = piece.is_empty();
                    self.rest = piece;
                }
                Some(Err(error)) => return Err(error),
                None => return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the upload broke off")),
            }
        }
        let count = self.rest.len().min(into.len());
        into[..count].copy_from_slice(&self.rest.split_to(count));
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_do_not_hold_a_place() {
        let now = Instant::now();
        assert!(due(now, 0) <= Instant::now() + PATIENCE);
        let old = now.checked_sub(Duration::from_secs(600)).unwrap();
        assert!(due(old, 600) < now, "a byte in a second is too slow");
        assert!(due(old, 600 * SLOWEST) > now, "this is fast enough");
    }
}
