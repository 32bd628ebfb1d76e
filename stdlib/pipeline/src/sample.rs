//! Definitions for tests.

use crate::definition::Definition;

/// A definition with these params, data or stages, as they stand in `pipeline.toml`.
pub(crate) fn definition(parts: &str) -> Definition {
    let stages = if parts.contains("[[stages]]") { "" } else { "[[stages]]\nname = \"one\"\ncode = \"0\"\n" };
    let text = format!(
        "schema = 1\nname = \"sample\"\nversion = \"1.0.0\"\ncontent = \"\"\ntargets = []\n\
         [origin]\npromoted = \"2026-01-01T00:00:00Z\"\ncells = []\n\
         [toolchain]\nrustc = \"\"\nironbook = \"\"\nlibrary = \"\"\nlock = \"\"\ntarget = \"\"\ncpu_features = []\nthreads = 0\n\
         {parts}\n{stages}"
    );
    toml::from_str(&text).unwrap()
}
