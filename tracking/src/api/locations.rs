//! Which places clients may name for artifacts: none of this machine's own, but those that the server was given.

use super::artifacts::fully_decoded;
use super::{Call, Refusal};
use std::path::{Path, PathBuf};
use url::Url;

/// Refuses a location that leads out of where it begins, or names a directory of this machine that the server does not
/// serve: whoever may log could otherwise read and write any file.
pub(super) fn check(call: &Call<'_>, location: &str) -> Result<(), Refusal> {
    permitted(location, &call.state.roots).map_err(Refusal::invalid)
}

fn permitted(location: &str, roots: &[PathBuf]) -> Result<(), String> {
    let plain = fully_decoded(location).unwrap_or_else(|| "..".to_owned());
    if [location, &plain].iter().any(|text| text.split(['/', '\\']).any(|part| part == "..")) {
        return Err(format!("Invalid artifact location: '{location}'. It must not lead out of its place."));
    }
    match local(location) {
        Some(path) if !roots.iter().any(|root| path.starts_with(root)) => Err(format!(
            "Invalid artifact location: '{location}'. It names a directory of the server's machine; only those below its `--default-artifact-root` and `--artifacts-destination` may be named."
        )),
        _ => Ok(()),
    }
}

/// The absolute path that a location is on this machine, if it is one.
pub(crate) fn local(location: &str) -> Option<PathBuf> {
    let path = match location.split_once(':') {
        // A single letter is a drive of Windows.
        Some((scheme, _)) if scheme.len() > 1 && !scheme.contains(['/', '\\']) => {
            if !scheme.eq_ignore_ascii_case("file") {
                return None;
            }
            // What cannot be understood is nowhere, and so below no root.
            Url::parse(location).ok().and_then(|url| url.to_file_path().ok()).unwrap_or_default()
        }
        _ => std::path::absolute(Path::new(location)).unwrap_or_default(),
    };
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_served_places_may_be_named() {
        let roots = [PathBuf::from("/srv/artifacts")];
        for good in ["/srv/artifacts", "/srv/artifacts/x", "file:///srv/artifacts/x", "s3://b/x", "mlflow-artifacts:/x"]
        {
            assert_eq!(permitted(good, &roots), Ok(()), "{good}");
        }
        for bad in [
            "/etc",
            "etc",
            "./x",
            "/srv/artifacts-not",
            "/srv/artifacts/../x",
            "file:///etc",
            "FILE:/etc",
            "file://host/etc",
            "file:etc",
            "file:///srv/artifacts/%2e%2e/x",
            "mlflow-artifacts:/.%2e/.%2e/x",
            "mlflow-artifacts:/%252e%252e/x",
            "s3://b/../x",
        ] {
            assert!(permitted(bad, &roots).is_err(), "{bad}");
        }
        assert!(permitted("/srv/artifacts", &[]).is_err());
    }
}
