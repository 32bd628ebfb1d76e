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
}

impl Planned {
    /// Plans a cell for what the session knows at it.
    pub fn new(text: &str, view: &View) -> Planned {
        let session = Session { items: view.items.clone(), variables: view.variables.clone() };
        match plan::plan(text, &view.registry, &session) {
            Ok(steps) => {
                let sources = steps.into_iter().filter_map(|step| match step {
                    Step::Rust { source, .. } => Some(source),
                    Step::Action { .. } => None,
                });
                Planned { sources: sources.collect(), fault: None }
            }
            Err(fault) => {
                let failure = fault.error.failure("this magic");
                Planned { sources: Vec::new(), fault: Some((fault.range, failure)) }
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
