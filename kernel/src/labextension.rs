//! The extension of JupyterLab: what it underlines and completes in notebooks of Ironbook. Prebuilt: `jupyter lab` finds it
//! in a directory of its own beside the kernelspecs, and nothing has to be built.

use crate::kernelspec::{SpecError, installed, replace};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::fs;
use std::path::{Path, PathBuf};

/// Its name, and that of its directory.
pub const NAME: &str = "ironbook-lab";
/// Its source: pieces of one script.
const PIECES: [&str; 7] = [
    include_str!("../lab/container.js"),
    include_str!("../lab/ours.js"),
    include_str!("../lab/marks.js"),
    include_str!("../lab/pages.js"),
    include_str!("../lab/completion.js"),
    include_str!("../lab/definition.js"),
    include_str!("../lab/source.js"),
];
const STYLE: &str = include_str!("../lab/style.css");

/// The script that JupyterLab loads.
fn script() -> String {
    let style = json!(STYLE);
    let add_style = format!("function addStyle() {{\n  element('style', '', document.head, {style});\n}}\n");
    format!("(() => {{\n'use strict';\n\n{}\n{add_style}}})();\n", PIECES.join("\n"))
}

/// The files of its directory, by name; `package.json` last, so that a directory with it is complete.
pub fn files() -> Vec<(String, Vec<u8>)> {
    let script = script();
    // Browsers keep a script for long: another one has another name.
    let digest: String = Sha256::digest(&script).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let entry = format!("static/remoteEntry.{digest}.js");
    let package = json!({
        "name": NAME,
        "version": env!("CARGO_PKG_VERSION"),
        "description": "Mistakes, their fixes, types and imports while typing, for notebooks of Ironbook",
        "license": "MIT OR Apache-2.0",
        "jupyterlab": {"extension": true, "_build": {"load": entry, "extension": "./extension"}},
    });
    let install = json!({
        "packageManager": "ironbook",
        "packageName": "ironbook",
        "uninstallInstructions": "ironbook kernel install --no-lab takes it away, ironbook kernel uninstall all of Ironbook",
    });
    vec![
        (entry, script.into_bytes()),
        ("install.json".to_owned(), format!("{install:#}\n").into_bytes()),
        ("package.json".to_owned(), format!("{package:#}\n").into_bytes()),
    ]
}

/// Where it lies beside a directory of kernelspecs.
pub fn folder(kernels: &Path) -> PathBuf {
    kernels.with_file_name("labextensions").join(NAME)
}

/// Writes it beside a directory of kernelspecs, over an earlier one; gives its directory.
///
/// # Errors
/// When the directory cannot be written.
pub fn install(kernels: &Path) -> Result<PathBuf, SpecError> {
    let folder = folder(kernels);
    let scripts = folder.join("static");
    let failed = |action, path: &Path| {
        let path = path.to_owned();
        move |source| SpecError::Io { action, path, source }
    };
    fs::create_dir_all(&scripts).map_err(failed("create", &scripts))?;
    let files = files();
    for (name, bytes) in &files {
        let path = folder.join(name);
        replace(&path, bytes).map_err(failed("write", &path))?;
    }
    // Scripts of earlier versions; one that stays does no harm.
    for entry in fs::read_dir(&scripts).into_iter().flatten().flatten() {
        if files.iter().all(|(name, _)| folder.join(name) != entry.path()) {
            drop(fs::remove_file(entry.path()));
        }
    }
    Ok(folder)
}

/// Removes it, if it is there and no kernelspec of Ironbook's is left beside it; gives its directory.
///
/// # Errors
/// When the directory cannot be removed.
pub fn uninstall_unused(kernels: &Path) -> Result<Option<PathBuf>, SpecError> {
    if installed(&[kernels.to_owned()]).is_empty() { remove(kernels) } else { Ok(None) }
}

/// Removes it, if it is there; gives its directory.
///
/// # Errors
/// When the directory cannot be removed.
pub fn remove(kernels: &Path) -> Result<Option<PathBuf>, SpecError> {
    let folder = folder(kernels);
    if !folder.is_dir() {
        return Ok(None);
    }
    match fs::remove_dir_all(&folder) {
        Ok(()) => Ok(Some(folder)),
        Err(source) => Err(SpecError::Io { action: "remove", path: folder, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    /// The pieces share one scope, in which the last function of a name would silently be the only one.
    #[test]
    fn no_two_pieces_have_a_function_of_one_name() {
        let script = script();
        let names = script.lines().filter_map(|line| {
            let begun = line.strip_prefix("async ").unwrap_or(line);
            ["function ", "class "].iter().find_map(|word| begun.strip_prefix(word))?.split(['(', ' ']).next()
        });
        let mut names: Vec<&str> = names.collect();
        assert!(names.len() > 20, "{names:?}");
        names.sort_unstable();
        let twice = names.windows(2).find(|pair| pair[0] == pair[1]);
        assert_eq!(twice, None);
    }

    /// In JavaScript, where there is a program for it.
    #[test]
    fn a_kernel_that_did_not_say_what_it_is_is_asked_again() {
        const TEST: &str = r"
const wait = [];
globalThis.setTimeout = (act, time) => wait.push([act, time]);
const assert = require('assert');
let asked = 0;
const slow = {
  info: Promise.reject(new Error('no answer')),
  requestKernelInfo: async () => ({ content: ++asked > 1 ? { implementation: 'ironbook' } : null }),
};
const other = { info: Promise.resolve({ implementation: 'ipython' }), requestKernelInfo: () => assert.fail() };
(async () => {
  assert.deepStrictEqual([await isOurs(slow), await isOurs(slow), asked], [false, false, 0]);
  wait.shift()[0]();
  assert.deepStrictEqual([await isOurs(slow), await isOurs(slow), asked], [false, false, 1]);
  wait.shift()[0]();
  assert.deepStrictEqual([await isOurs(slow), isKnownAsOurs(slow), asked], [true, true, 2]);
  assert.deepStrictEqual([await isOurs(other), await isOurs(other), isKnownAsOurs(other)], [false, false, false]);
  assert.strictEqual(wait.length, 0);
  console.log('as it should be');
})();
";
        let program = format!("{}{TEST}", include_str!("../lab/ours.js"));
        let Ok(ended) = std::process::Command::new("node").arg("-e").arg(program).output() else {
            return eprintln!("SKIPPED: there is no node");
        };
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success() && ended.stdout.starts_with(b"as it should be"), "{said}");
    }

    #[test]
    fn jupyterlab_finds_the_script_that_the_package_names() {
        let folder = tempfile::tempdir().unwrap();
        let kernels = folder.path().join("share/jupyter/kernels");
        let place = install(&kernels).unwrap();
        assert_eq!(place, folder.path().join("share/jupyter/labextensions/ironbook-lab"));
        fs::write(place.join("static/remoteEntry.old.js"), "").unwrap();
        install(&kernels).unwrap();
        let package: Value = serde_json::from_slice(&fs::read(place.join("package.json")).unwrap()).unwrap();
        let build = &package["jupyterlab"]["_build"];
        let script = fs::read_to_string(place.join(build["load"].as_str().unwrap())).unwrap();
        assert!(script.contains(&format!("window._JUPYTERLAB['{}']", package["name"].as_str().unwrap())));
        assert!(script.contains(build["extension"].as_str().unwrap()));
        assert_eq!(fs::read_dir(place.join("static")).unwrap().count(), 1, "the old one is gone");
        assert_eq!(uninstall_unused(&kernels).unwrap(), Some(place));
        assert_eq!(uninstall_unused(&kernels).unwrap(), None);
    }
}
