//! Artifacts in a bucket of S3 or Google Cloud Storage: `s3://BUCKET/PATH`, `gs://BUCKET/PATH`.

use super::pipe::Pipe;
use super::scratch::IN_MEMORY;
use super::{Repo, check};
use crate::client::rt;
use crate::error::{Error, Result};
use crate::model::ArtifactInfo;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use object_store::aws::AmazonS3Builder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, WriteMultipart};
use std::io::Read;
use std::sync::Arc;

/// Large files go in parts of this size, all the same, as some services want it; 10,000 parts are allowed.
const PART: usize = 16 << 20;
/// So many parts are on their way at once.
const AT_ONCE: usize = 2;

/// A place in a bucket.
pub(super) struct Objects {
    store: Arc<dyn ObjectStore>,
    /// For messages.
    uri: String,
    root: String,
}

/// A failure of the service in our words.
fn failed(uri: &str, error: object_store::Error) -> Error {
    use object_store::Error as E;
    match error {
        E::NotFound { path, .. } => Error::NotFound { what: "artifact", name: path },
        E::PermissionDenied { .. } | E::Unauthenticated { .. } => Error::Uri {
            uri: uri.to_owned(),
            reason: "it may not be used with these credentials".to_owned(),
            todo: "S3: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; Google: GOOGLE_APPLICATION_CREDENTIALS"
                .to_owned(),
        },
        other => Error::Unreachable { uri: uri.to_owned(), source: other.into() },
    }
}

impl Objects {
    /// A place in a bucket of S3, with what `AWS_*` and `MLFLOW_S3_*` say in `variable`.
    pub(super) fn s3(
        uri: &str,
        bucket: &str,
        root: &str,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Objects> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket);
        if let Some(endpoint) = set("MLFLOW_S3_ENDPOINT_URL") {
            builder = builder.with_allow_http(endpoint.starts_with("http://")).with_endpoint(endpoint);
        }
        if set("MLFLOW_S3_IGNORE_TLS").is_some_and(|v| v == "true" || v == "1") {
            builder =
                builder.with_client_options(object_store::ClientOptions::new().with_allow_invalid_certificates(true));
        }
        let store = builder.build().map_err(|e| failed(uri, e))?;
        Objects::new(Arc::new(store), uri, root)
    }

    /// A place in a bucket of Google's.
    pub(super) fn gcs(uri: &str, bucket: &str, root: &str) -> Result<Objects> {
        let store = GoogleCloudStorageBuilder::from_env().with_bucket_name(bucket).build();
        Objects::new(Arc::new(store.map_err(|e| failed(uri, e))?), uri, root)
    }

    pub(super) fn new(store: Arc<dyn ObjectStore>, uri: &str, root: &str) -> Result<Objects> {
        let root = root.trim_matches('/').to_owned();
        if !root.is_empty() {
            check(&root)?;
        }
        Ok(Objects { store, uri: uri.to_owned(), root })
    }

    fn at(&self, path: &str) -> Result<Path> {
        let joined = [self.root.as_str(), path].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
        Path::parse(joined.join("/"))
            .map_err(|_| Error::ArtifactPath { path: path.to_owned(), reason: "a bucket cannot have such a name" })
    }

    /// The path from the root on.
    fn inside(&self, full: &Path) -> Option<String> {
        let full = full.as_ref();
        let path = if self.root.is_empty() { full } else { full.strip_prefix(&self.root)?.strip_prefix('/')? };
        // Another program may have put anything there.
        check(path).is_ok().then(|| path.to_owned())
    }

    fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = object_store::Result<T>> + Send + 'static,
    ) -> Result<T> {
        rt::wait(work)?.map_err(|e| failed(&self.uri, e))
    }
}

impl Repo for Objects {
    fn write(&self, path: &str, bytes: &mut dyn Read) -> Result<()> {
        check(path)?;
        let at = self.at(path)?;
        let store = Arc::clone(&self.store);
        // What fits goes with one request; the rest follows in parts, so that nothing needs a copy on disk.
        let mut first = Vec::new();
        let reading = |e| Error::io("read the content of the artifact", path, e);
        bytes.take(IN_MEMORY as u64 + 1).read_to_end(&mut first).map_err(reading)?;
        if first.len() <= IN_MEMORY {
            return self.wait(async move { store.put(&at, PutPayload::from(first)).await.map(drop) });
        }
        let upload = self.wait(async move { store.put_multipart(&at).await })?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, PART);
        let mut piece = Bytes::from(first);
        loop {
            let (back, sent) = rt::wait(async move {
                upload.put(piece);
                let sent = upload.wait_for_capacity(AT_ONCE).await;
                (upload, sent)
            })?;
            upload = back;
            let next = match sent {
                Ok(()) => read_piece(bytes).map_err(reading),
                Err(e) => Err(failed(&self.uri, e)),
            };
            match next {
                Ok(next) if next.is_empty() => return self.wait(async move { upload.finish().await.map(drop) }),
                Ok(next) => piece = next,
                Err(error) => {
                    // Parts without an end cost money; whether they go does not change what is reported.
                    let _ = rt::wait(async move { upload.abort().await });
                    return Err(error);
                }
            }
        }
    }

    fn read(&self, path: &str) -> Result<Box<dyn Read + Send>> {
        check(path)?;
        let (at, store) = (self.at(path)?, Arc::clone(&self.store));
        let found = self.wait(async move { store.get(&at).await });
        let found = found.map_err(|e| match e {
            Error::NotFound { what, .. } => Error::NotFound { what, name: path.to_owned() },
            other => other,
        })?;
        Ok(Box::new(Pipe::new(found.into_stream())))
    }

    fn list(&self, directory: &str) -> Result<Vec<ArtifactInfo>> {
        if !directory.is_empty() {
            check(directory)?;
        }
        let (at, store) = (self.at(directory)?, Arc::clone(&self.store));
        let listed = self.wait(async move { store.list_with_delimiter(Some(&at)).await })?;
        let files = listed.objects.iter().map(|o| (&o.location, Some(o.size)));
        let directories = listed.common_prefixes.iter().map(|path| (path, None));
        let entry = |(path, size)| self.inside(path).map(|path| ArtifactInfo { path, size });
        let mut found: Vec<_> = files.chain(directories).filter_map(entry).collect();
        found.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(found)
    }

    fn delete(&self, path: &str) -> Result<()> {
        check(path)?;
        let (at, store) = (self.at(path)?, Arc::clone(&self.store));
        let count = self.wait(async move {
            let mut inside = store.list(Some(&at)).map_ok(|object| object.location).try_collect::<Vec<_>>().await?;
            if store.head(&at).await.is_ok() && !inside.contains(&at) {
                inside.push(at);
            }
            let count = inside.len();
            let locations = futures_util::stream::iter(inside).map(Ok).boxed();
            store.delete_stream(locations).try_collect::<Vec<_>>().await?;
            Ok(count)
        })?;
        if count == 0 { Err(Error::NotFound { what: "artifact", name: path.to_owned() }) } else { Ok(()) }
    }
}

/// The next megabytes of a reader; empty at its end.
fn read_piece(bytes: &mut dyn Read) -> std::io::Result<Bytes> {
    let mut piece = Vec::new();
    bytes.take(IN_MEMORY as u64).read_to_end(&mut piece)?;
    Ok(piece.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::memory::InMemory;

    fn repo(store: &Arc<InMemory>, root: &str) -> Objects {
        Objects::new(Arc::clone(store) as Arc<dyn ObjectStore>, "s3://bucket", root).unwrap()
    }

    fn text(repo: &Objects, path: &str) -> String {
        let mut text = String::new();
        repo.read(path).unwrap().read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn files_are_written_listed_and_deleted_below_the_root() {
        let store = Arc::new(InMemory::new());
        let (repo, beside) = (repo(&store, "/0/run/artifacts/"), repo(&store, "0/run/artifacts2"));
        for path in ["a/b%20ü #?.txt", "a/c/d", "e"] {
            repo.write(path, &mut path.as_bytes()).unwrap();
            assert_eq!(text(&repo, path), path);
        }
        beside.write("x", &mut &b"x"[..]).unwrap();
        let list = |directory: &str| {
            let found = repo.list(directory).unwrap();
            found.into_iter().map(|entry| (entry.path, entry.size)).collect::<Vec<_>>()
        };
        assert_eq!(list(""), [("a".to_owned(), None), ("e".to_owned(), Some(1))]);
        assert_eq!(list("a"), [("a/b%20ü #?.txt".to_owned(), Some(15)), ("a/c".to_owned(), None)]);
        assert_eq!((list("e"), list("nothing")), (Vec::new(), Vec::new()));
        repo.delete("a").unwrap();
        assert_eq!(list(""), [("e".to_owned(), Some(1))]);
        assert_eq!(text(&beside, "x"), "x");
        assert!(matches!(repo.delete("a"), Err(Error::NotFound { .. })));
        assert!(matches!(repo.read("a/c/d").map(drop), Err(Error::NotFound { .. })));
        for path in ["../x", "/x", "a/../../x", ""] {
            assert!(matches!(repo.write(path, &mut &b""[..]), Err(Error::ArtifactPath { .. })), "{path}");
        }
    }

    #[test]
    fn large_files_go_in_parts_and_broken_ones_leave_nothing() {
        let store = Arc::new(InMemory::new());
        let repo = repo(&store, "root");
        let size = (PART * 2 + 12_345) as u64;
        repo.write("large", &mut std::io::repeat(9).take(size)).unwrap();
        let mut back = Vec::new();
        repo.read("large").unwrap().read_to_end(&mut back).unwrap();
        assert!(back.len() as u64 == size && back.iter().all(|b| *b == 9));
        struct Broken(u64);
        impl Read for Broken {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                self.0 = self.0.checked_sub(buffer.len() as u64).ok_or(std::io::ErrorKind::BrokenPipe)?;
                Ok(buffer.len())
            }
        }
        assert!(repo.write("broken", &mut Broken(size)).is_err());
        assert!(matches!(repo.read("broken").map(drop), Err(Error::NotFound { .. })));
    }
}
