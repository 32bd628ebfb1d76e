//! The content hash of a version: what it depends on, what not, and what changed.

use crate::support::{full, write_version};
use ironbook_pipeline::definition::{Change, Definition, canonical, content_hash, verify};
use std::fs;
use std::path::Path;

fn written(at: &Path) -> Definition {
    write_version(at, &full())
}

#[test]
fn the_place_and_the_version_do_not_matter() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = written(one.path());
    let mut other = full();
    other.version = "2.0.0".into();
    other.origin.promoted = "2030-01-01T00:00:00Z".into();
    other.origin.cells = vec![9];
    other.verified = None;
    other.stages[0].cells = vec![9];
    let second = write_version(&two.path().join("deep/er"), &other);
    assert_eq!(first.content, second.content);
    assert_ne!(first.content, full().content);
    assert_eq!(Definition::read(one.path()).unwrap(), first);
}

#[test]
fn each_part_of_the_definition_counts() {
    let whole = canonical(&full());
    let edits: [fn(&mut Definition); 7] = [
        |d| d.description.push('.'),
        |d| d.targets.truncate(1),
        |d| d.params[0].default = 301.into(),
        |d| d.data[0].bytes += 1,
        |d| d.toolchain.threads += 1,
        |d| d.stages[1].retries += 1,
        |d| d.register = None,
    ];
    for (at, edit) in edits.iter().enumerate() {
        let mut changed = full();
        edit(&mut changed);
        assert_ne!(canonical(&changed), whole, "{at}");
    }
}

#[test]
fn each_file_that_is_read_counts() {
    let desk = tempfile::tempdir().unwrap();
    let definition = written(desk.path());
    let hash = || content_hash(&definition, desk.path()).unwrap();
    assert_eq!(hash(), definition.content);
    for path in [
        "Cargo.toml",
        "Cargo.lock",
        "params.yaml",
        "samples/read/expected.json",
        "src/main.rs",
        "vendor/core/src/lib.rs",
    ] {
        let whole = fs::read_to_string(desk.path().join(path)).unwrap();
        fs::write(desk.path().join(path), format!("{whole}# more\n")).unwrap();
        assert_ne!(hash(), definition.content, "{path}");
        fs::write(desk.path().join(path), whole).unwrap();
    }
    fs::write(desk.path().join("README.md"), "other").unwrap();
    fs::write(desk.path().join("dvc.yaml"), "new").unwrap();
    fs::create_dir(desk.path().join("target")).unwrap();
    fs::write(desk.path().join("target/x"), "new").unwrap();
    assert_eq!(hash(), definition.content);
}

/// Two files whose contents are swapped, or a piece that moved from one to the next, are a change.
#[test]
fn files_are_told_apart() {
    let desk = tempfile::tempdir().unwrap();
    let definition = written(desk.path());
    let at = |path: &str| desk.path().join(path);
    let (main, stages) = (fs::read(at("src/main.rs")).unwrap(), fs::read(at("src/stages.rs")).unwrap());
    fs::write(at("src/main.rs"), &stages).unwrap();
    fs::write(at("src/stages.rs"), &main).unwrap();
    assert_ne!(content_hash(&definition, desk.path()).unwrap(), definition.content);
}

#[test]
fn changes_are_named() {
    let desk = tempfile::tempdir().unwrap();
    let definition = written(desk.path());
    assert!(verify(&definition, desk.path()).unwrap().none());
    fs::write(desk.path().join("src/main.rs"), "fn main() { other() }\n").unwrap();
    fs::write(desk.path().join("src/more.rs"), "").unwrap();
    fs::remove_file(desk.path().join("params.yaml")).unwrap();
    let changes = verify(&definition, desk.path()).unwrap();
    let expected = [
        Change::Removed("params.yaml".into()),
        Change::Changed("src/main.rs".into()),
        Change::Added("src/more.rs".into()),
    ];
    assert_eq!(changes.files, expected);
    assert!(!changes.definition && !changes.none());
    assert_eq!(changes.to_string(), "removed params.yaml\nchanged src/main.rs\nadded src/more.rs");

    let mut edited = definition.clone();
    edited.params[0].default = 1.into();
    assert!(verify(&edited, desk.path()).unwrap().definition);
}

/// A list of hashes that was made to suit the changed files gives another content hash.
#[test]
fn a_changed_list_hides_nothing() {
    let desk = tempfile::tempdir().unwrap();
    let definition = written(desk.path());
    fs::write(desk.path().join("src/main.rs"), "fn main() { other() }\n").unwrap();
    let list = fs::read_to_string(desk.path().join("files.b3")).unwrap();
    let hash = |text: &[u8]| blake3::hash(text).to_hex().to_string();
    let forged = list.replace(&hash(b"fn main() {}\n"), &hash(b"fn main() { other() }\n"));
    assert_ne!(forged, list);
    fs::write(desk.path().join("files.b3"), forged).unwrap();
    assert!(verify(&definition, desk.path()).unwrap().definition);
}

#[test]
fn without_the_list_it_is_known_that_something_changed() {
    let desk = tempfile::tempdir().unwrap();
    let definition = written(desk.path());
    fs::remove_file(desk.path().join("files.b3")).unwrap();
    assert!(verify(&definition, desk.path()).unwrap().none());
    fs::write(desk.path().join("src/main.rs"), "").unwrap();
    assert!(!verify(&definition, desk.path()).unwrap().none());
}

#[cfg(unix)]
#[test]
fn links_are_refused() {
    let desk = tempfile::tempdir().unwrap();
    let definition = written(desk.path());
    std::os::unix::fs::symlink("/etc/hostname", desk.path().join("src/link.rs")).unwrap();
    let error = content_hash(&definition, desk.path()).unwrap_err().to_string();
    assert!(error.contains("src/link.rs is a link"), "{error}");
}

/// The crate's own version may say anything; those of its dependencies may not.
#[test]
fn the_version_of_the_crate_is_no_content() {
    let desk = tempfile::tempdir().unwrap();
    let definition = written(desk.path());
    for (file, own, other) in [
        ("Cargo.toml", "name = \"late-flights\"\nversion = \"1.3.0\"", "[dependencies.other]\nversion = \"1.3.0\""),
        ("Cargo.lock", "name = \"late-flights\"\nversion = \"1.3.0\"", "name = \"aaa\"\nversion = \"1.3.0\""),
    ] {
        let whole = fs::read_to_string(desk.path().join(file)).unwrap();
        let with = |part: &str| {
            assert!(whole.contains(part), "{part}");
            fs::write(desk.path().join(file), whole.replace(part, &part.replace("1.3.0", "1.0.0"))).unwrap();
            let hash = content_hash(&definition, desk.path()).unwrap();
            fs::write(desk.path().join(file), &whole).unwrap();
            hash
        };
        assert_eq!(with(own), definition.content, "{file}");
        assert_ne!(with(other), definition.content, "{file}");
    }
}
