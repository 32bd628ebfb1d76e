//! Artifacts behind a tracking server, which passes them on to where they lie: `mlflow-artifacts:/PATH`.

use super::pipe::Pipe;
use super::scratch::Scratch;
use super::{Repo, check};
use crate::client::{Call, Failure, Http, Repeat, escape, rt};
use crate::error::{Code, Error, Result};
use crate::model::ArtifactInfo;
use bytes::Bytes;
use futures_util::stream;
use reqwest::{Body, Method};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use tokio::io::AsyncReadExt;

/// Where the proxy's routes begin.
const ROUTE: &str = "/api/2.0/mlflow-artifacts/artifacts";
/// A file is sent in such pieces.
const PIECE: usize = 256 << 10;

/// A directory behind a server.
pub(super) struct Proxied {
    http: Http,
    /// The directory, without slashes at its ends; may be empty.
    root: String,
}

impl Proxied {
    pub(super) fn new(http: Http, root: &str) -> Result<Proxied> {
        let root = root.trim_matches('/').to_owned();
        if !root.is_empty() {
            check(&root)?;
        }
        Ok(Proxied { http, root })
    }

    fn full(&self, path: &str) -> String {
        match (self.root.as_str(), path) {
            (root, "") => root.to_owned(),
            ("", path) => path.to_owned(),
            (root, path) => format!("{root}/{path}"),
        }
    }

    fn route(&self, path: &str) -> Result<String> {
        check(path)?;
        Ok(format!("{ROUTE}/{}", escape(&self.full(path), true)))
    }
}

impl Repo for Proxied {
    fn write(&self, path: &str, bytes: &mut dyn Read) -> Result<()> {
        let route = self.route(path)?;
        let content = Arc::new(Scratch::fill(bytes)?);
        let http = self.http.clone();
        rt::wait(async move {
            let mut attempt = 0;
            loop {
                match put(&http, &route, &content).await {
                    Ok(()) => return Ok(()),
                    Err(failure) => http.pause_or(failure, Repeat::Safe, &mut attempt).await?,
                }
            }
        })?
    }

    fn read(&self, path: &str) -> Result<Box<dyn Read + Send>> {
        let call = Call::new(Method::GET, self.route(path)?);
        let http = self.http.clone();
        let opened = rt::wait(async move { http.open(&call).await })?;
        let response = opened.map_err(|e| missing(e, path))?;
        Ok(Box::new(Pipe::new(response.bytes_stream())))
    }

    fn list(&self, directory: &str) -> Result<Vec<ArtifactInfo>> {
        if !directory.is_empty() {
            check(directory)?;
        }
        let call = Call::get(ROUTE, vec![("path", self.full(directory))]);
        let answer = match self.http.json(call) {
            Err(e) if e.code() == Code::ResourceDoesNotExist => return Ok(Vec::new()),
            other => other?,
        };
        let files = answer.get("files").and_then(|files| files.as_array()).into_iter().flatten();
        let mut found = Vec::new();
        for file in files {
            let name = file.get("path").and_then(|p| p.as_str()).unwrap_or_default();
            // Whatever a server says must not lead out of the directory that the files are copied to.
            let name = name.rsplit('/').next().unwrap_or_default();
            let path = if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") };
            check(&path)?;
            let is_directory = file.get("is_dir").and_then(|d| d.as_bool()).unwrap_or(false);
            let size = file.get("file_size").and_then(|s| s.as_u64().or_else(|| s.as_str()?.parse().ok()));
            found.push(ArtifactInfo { path, size: if is_directory { None } else { Some(size.unwrap_or(0)) } });
        }
        // Some storages list a file as the one thing that lies in it.
        let itself = directory.rsplit('/').next().map(|name| format!("{directory}/{name}"));
        if found.len() == 1 && !found[0].is_directory() && Some(&found[0].path) == itself.as_ref() {
            return Ok(Vec::new());
        }
        found.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(found)
    }

    fn delete(&self, path: &str) -> Result<()> {
        let route = self.route(path)?;
        // MLflow says nothing when there was nothing.
        let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        if !self.list(parent)?.iter().any(|entry| entry.path == path) {
            return Err(Error::NotFound { what: "artifact", name: path.to_owned() });
        }
        self.http.json(Call::new(Method::DELETE, route)).map(drop).map_err(|e| missing(e, path))
    }
}

/// What a server says of a file that is not there, in our words.
fn missing(error: Error, path: &str) -> Error {
    match &error {
        Error::Remote { status: 404, code, .. } if *code != Code::EndpointNotFound => {
            Error::NotFound { what: "artifact", name: path.to_owned() }
        }
        _ => error,
    }
}

async fn put(http: &Http, route: &str, content: &Scratch) -> std::result::Result<(), Failure> {
    let request = http.request(Method::PUT, route).header("content-type", "application/octet-stream");
    let request = match content {
        Scratch::Memory(bytes) => request.body(bytes.clone()),
        Scratch::File(file, length) => {
            let unreadable = |e| Failure {
                error: Error::io("read", "the copy of an artifact", e),
                status: Some(400),
                unsent: true,
                wait: None,
            };
            let again = again(file).map_err(unreadable)?;
            request.header("content-length", *length).body(Body::wrap_stream(pieces(again)))
        }
    };
    http.judge(request.send().await, None).await.map(drop)
}

/// The file from its start. The copies of a handle share their place, but there is one attempt at a time.
fn again(file: &File) -> io::Result<tokio::fs::File> {
    let mut copy = file.try_clone()?;
    copy.seek(SeekFrom::Start(0))?;
    Ok(tokio::fs::File::from_std(copy))
}

fn pieces(file: tokio::fs::File) -> impl futures_util::Stream<Item = io::Result<Bytes>> {
    stream::try_unfold(file, |mut file| async move {
        let mut piece = vec![0; PIECE];
        let count = file.read(&mut piece).await?;
        piece.truncate(count);
        Ok((count > 0).then(|| (Bytes::from(piece), file)))
    })
}
