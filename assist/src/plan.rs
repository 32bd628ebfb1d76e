//! What is compiled of a cell: its magics lowered, as they are when it is run.

use crate::view::View;
use ironbook_magics::plan::{self, Session, Step};
use ironbook_session::{Failure, Part, Source};
use std::ops::Range;

/// A cell's pieces of Rust, and what is wrong with its magics.
#[derive(Debug, Default)]
pub struct Planned {
    /// What is compiled, one piece after another.
    pub sources: Vec<Source>,
    /// The first magic that is wrong: its bytes, and what is wrong.
    pub fault: Option<(Range<usize>, Failure)>,
    /// Names that its magics give something to when they run; nobody knows before of what type.
    pub makes: Vec<String>,
}

impl Planned {
    /// Plans a cell for what the session knows at it.
    pub fn new(text: &str, view: &View) -> Planned {
        let session = Session { items: view.items.clone(), variables: view.variables.clone() };
        match plan::plan(text, &view.registry, &session) {
            Ok(steps) => {
                let mut planned = Planned::default();
                for step in steps {
                    match step {
                        Step::Rust { source, .. } => planned.sources.push(source),
                        Step::Action { range, .. } => planned.makes.extend(made(&text[range], view)),
                    }
                }
                planned
            }
            Err(fault) => {
                let failure = fault.error.failure("this magic");
                Planned { fault: Some((fault.range, failure)), ..Planned::default() }
            }
        }
    }

    /// All pieces as one, for whoever reads and does not run; the text with magics blanked where they are wrong.
    pub fn whole(self, text: &str, view: &View) -> Source {
        if self.fault.is_some() {
            let blanked = view.rust_of(text);
            return Source { parts: vec![Part::User(0..blanked.len())], text: blanked };
        }
        let mut parts: Vec<Part> = Vec::new();
        for source in self.sources {
            parts.extend(source.parts);
            // Between two pieces stands a magic.
            parts.push(Part::Lowered { text: "\n;\n".to_owned(), range: text.len()..text.len() });
        }
        Source { text: text.to_owned(), parts }
    }
}

/// Scripts longer than this are not read.
const LONGEST: u64 = 256 << 10;

/// What a line of a magic makes: `%track load .. --into model`, and all that `%run script.rs` defines.
fn made(line: &str, view: &View) -> Vec<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let after = |flag: &str| words.iter().position(|word| *word == flag).and_then(|at| words.get(at + 1));
    match words.as_slice() {
        ["%track", "load", ..] => {
            let assigned = words.iter().find_map(|word| word.strip_prefix("--into="));
            after("--into").copied().or(assigned).map(|name| vec![name.to_owned()]).unwrap_or_default()
        }
        ["%run", rest @ ..] => {
            rest.iter().filter(|word| !word.starts_with('-')).take(1).flat_map(|path| defined(path, view)).collect()
        }
        _ => Vec::new(),
    }
}

/// The names that a script defines, as far as words tell.
fn defined(path: &str, view: &View) -> Vec<String> {
    const BEFORE: [&str; 11] =
        ["let", "mut", "fn", "struct", "enum", "union", "trait", "type", "mod", "const", "static"];
    let path = view.directory.join(path.trim_matches(['"', '\'']));
    if !path.metadata().is_ok_and(|found| found.is_file() && found.len() <= LONGEST) {
        return Vec::new();
    }
    let Ok(text) = std::fs::read_to_string(path) else { return Vec::new() };
    let words: Vec<&str> =
        text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty()).collect();
    let names = words.windows(2).filter(|pair| BEFORE.contains(&pair[0]) && !BEFORE.contains(&pair[1]));
    names.map(|pair| pair[1].to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_magics_make_is_told() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.rs"), "let mut rows = 1;\npub fn total() -> f64 { 0.0 }").unwrap();
        let view = View { directory: folder.path().to_owned(), ..View::default() };
        for (text, makes) in [
            ("let a = 1;\n%track load models:/late@champion --into model", &["model"][..]),
            ("%track load --into=model models:/late@champion", &["model"]),
            ("%run a.rs", &["rows", "total"]),
            ("%run missing.rs", &[]),
            ("%who", &[]),
        ] {
            assert_eq!(Planned::new(text, &view).makes, makes, "{text}");
        }
    }
}
