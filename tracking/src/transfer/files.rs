//! Files of runs and models from one place to another.

use super::error::{Error, Result};
use super::report::{Kind, Report};
use ironbook_store::Error as StoreError;
use ironbook_store::artifacts::Repo;

/// Whether both sides of a copy reach the place of a URI by themselves, so that files stay there: a bucket.
pub(super) fn is_shared(uri: &str) -> bool {
    let scheme = uri.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    scheme.is_some_and(|scheme| !matches!(scheme.as_str(), "file" | "mlflow-artifacts" | "http" | "https"))
}

/// Copies all files that the target does not have with the same size. What cannot be read is reported and left out.
pub(super) fn copy(from: &dyn Repo, to: &dyn Repo, whose: &str, report: &Report) -> Result<()> {
    let mut waiting = vec![String::new()];
    while let Some(directory) = waiting.pop() {
        let found = match from.list(&directory) {
            Ok(found) => found,
            Err(e) => {
                report.skip(format!("artifacts of {whose}: {}", Error::from(e).line()));
                continue;
            }
        };
        let there = to.list(&directory)?;
        for entry in found {
            let Some(size) = entry.size else {
                waiting.push(entry.path);
                continue;
            };
            let is_there = there.iter().any(|other| other.path == entry.path && other.size == Some(size));
            if !is_there && let Err(e) = one(from, to, &entry.path) {
                if !e.is_of_one_thing() {
                    return Err(e);
                }
                report.skip(format!("artifact {} of {whose}: {}", entry.path, e.line()));
                continue;
            }
            report.count_many(Kind::File, usize::from(!is_there), 1);
        }
    }
    Ok(())
}

fn one(from: &dyn Repo, to: &dyn Repo, path: &str) -> Result<()> {
    let mut bytes = match from.read(path) {
        // Only this file is out of reach.
        Err(StoreError::Io { path: file, source, .. }) => {
            return Err(Error::Content { path: file, reason: source.to_string() });
        }
        other => other?,
    };
    Ok(to.write(path, &mut bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_in_buckets_stay_there() {
        for uri in ["s3://b/p", "gs://b", "dbfs://x"] {
            assert!(is_shared(uri), "{uri}");
        }
        for uri in ["/a/b", "./mlruns/0", "file:///a", "mlflow-artifacts:/0/x", "mlflow-artifacts://host/0", "C:\\a"] {
            assert!(!is_shared(uri), "{uri}");
        }
    }
}
