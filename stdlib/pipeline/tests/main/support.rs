//! A definition that uses every field, and versions of it on disk.

use ironbook_pipeline::definition::{Definition, seal};
use std::fs;
use std::path::Path;

/// The text of a definition that uses every field.
pub const FULL: &str = include_str!("full.toml");

/// That definition.
pub fn full() -> Definition {
    Definition::parse(FULL).unwrap()
}

/// Writes a version (other packages have 1.3.0) with a crate of a few lines, sealed, and returns its definition.
pub fn write_version(directory: &Path, definition: &Definition) -> Definition {
    let mut definition = definition.clone();
    let version = &definition.version;
    let manifest = format!(
        "[package]\nname = \"late-flights\"\nversion = \"{version}\"\n\n[dependencies.other]\nversion = \"1.3.0\"\n"
    );
    let lock = format!(
        "version = 4\n\n[[package]]\nname = \"aaa\"\nversion = \"1.3.0\"\n\n\
         [[package]]\nname = \"late-flights\"\nversion = \"{version}\"\n"
    );
    for (path, text) in [
        ("Cargo.toml", manifest.as_str()),
        ("Cargo.lock", &lock),
        ("params.yaml", "n_estimators: 300\n"),
        ("README.md", "# late-flights\n"),
        ("samples/read/expected.json", "{}\n"),
        ("src/main.rs", "fn main() {}\n"),
        ("src/stages.rs", "/// Reads.\npub fn read() {\n    one();\n}\n\npub fn train() {\n    fit();\n}\n"),
        ("vendor/core/src/lib.rs", "pub fn core() {}\n"),
    ] {
        fs::create_dir_all(directory.join(path).parent().unwrap()).unwrap();
        fs::write(directory.join(path), text).unwrap();
    }
    seal(&mut definition, directory).unwrap();
    definition
}
