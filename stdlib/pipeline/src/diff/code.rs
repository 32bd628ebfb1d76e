//! The code of stages, one version with another.

use super::lines::starts_outside;
use super::text::unified;
use crate::definition::Definition;
use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

/// Files with the functions of stages and with what those use.
const STAGES: &str = "src/stages.rs";
const ITEMS: &str = "src/items.rs";

/// How the code of a stage is different.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct CodeDifference {
    /// The stage; `src/items.rs` for what stages use.
    pub name: String,
    /// The unified difference.
    pub diff: String,
}

/// The code that is different, by stage in the order of the newer version, then what stages use. Stages whose code is the
/// same are left out.
///
/// # Errors
/// When the code of a version cannot be read.
pub fn code_diff(old: (&Definition, &Path), new: (&Definition, &Path)) -> io::Result<Vec<CodeDifference>> {
    let (before, after) = (functions(&read(old.1, STAGES)?), functions(&read(new.1, STAGES)?));
    let gone = old.0.stages.iter().filter(|stage| new.0.stage(&stage.name).is_none());
    let mut out = Vec::new();
    for stage in new.0.stages.iter().chain(gone) {
        let text = |functions: &BTreeMap<String, String>| functions.get(&stage.name).cloned().unwrap_or_default();
        let diff = unified(&text(&before), &text(&after));
        out.push(CodeDifference { name: stage.name.clone(), diff });
    }
    let diff = unified(&read(old.1, ITEMS)?, &read(new.1, ITEMS)?);
    out.push(CodeDifference { name: ITEMS.to_owned(), diff });
    out.retain(|code| !code.diff.is_empty());
    Ok(out)
}

fn read(directory: &Path, file: &str) -> io::Result<String> {
    match fs::read_to_string(directory.join(file)) {
        Ok(text) => Ok(text),
        // A pipeline without items has no file of them.
        Err(error) if error.kind() == io::ErrorKind::NotFound && file == ITEMS => Ok(String::new()),
        Err(error) => {
            Err(io::Error::new(error.kind(), format!("cannot read {}: {error}", directory.join(file).display())))
        }
    }
}

/// The functions at the top of a formatted Rust file by their names, each with the comments and attributes above it.
pub fn functions(text: &str) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    let mut above = String::new();
    let mut open: Option<(String, String)> = None;
    for (line, outside) in text.split_inclusive('\n').zip(starts_outside(text)) {
        if let Some((name, body)) = &mut open {
            body.push_str(line);
            if outside && line.trim_end() == "}" {
                out.insert(std::mem::take(name), std::mem::take(body));
                open = None;
            }
        } else if let Some(name) = function_name(line) {
            let whole = std::mem::take(&mut above) + line;
            if line.trim_end().ends_with('}') {
                out.insert(name, whole);
            } else {
                open = Some((name, whole));
            }
        } else if line.starts_with("//") && !line.starts_with("//!") || line.starts_with('#') && !line.starts_with("#!")
        {
            above.push_str(line);
        } else {
            above.clear();
        }
    }
    out
}

/// The name of the function that begins on this line, at its very start.
fn function_name(line: &str) -> Option<String> {
    let mut words = line.split(' ');
    loop {
        match words.next()? {
            "pub" | "async" | "unsafe" | "const" | "pub(crate)" | "pub(super)" => {}
            "fn" => break,
            _ => return None,
        }
    }
    let rest = words.next()?.trim_start_matches("r#");
    let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_found_by_name() {
        let text = "//! Stages.\n\nuse a::b;\n\n/// Reads.\n#[inline]\npub fn read(path: &str) -> Result<String> {\n    if x {\n    }\n}\n\n\
                    pub(crate) async fn train<T>(\n    a: T,\n) {\n    let text = r#\"\n}\n\"#;\n}\n\nstruct A;\n\nfn tiny() {}\n\nfn last() {\n    put(\"number\")\n}\n";
        let found = functions(text);
        assert_eq!(found.keys().map(String::as_str).collect::<Vec<_>>(), ["last", "read", "tiny", "train"]);
        assert!(
            found["read"].starts_with("/// Reads.\n#[inline]\npub fn read") && found["read"].ends_with("    }\n}\n")
        );
        assert!(found["train"].ends_with("\"#;\n}\n"), "{}", found["train"]);
        assert_eq!(found["tiny"], "fn tiny() {}\n");
    }
}
