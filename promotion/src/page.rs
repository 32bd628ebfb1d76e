//! The page that cells stand on: a notebook's, where it is known.

use std::collections::BTreeSet;

/// A cell of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageCell {
    /// The front end's identity of it.
    pub id: String,
    /// Its text as it stands on the page now.
    pub text: String,
    /// Its tags.
    pub tags: BTreeSet<String>,
}

/// A page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Its cells of code, from top to bottom.
    pub cells: Vec<PageCell>,
}

impl Page {
    /// The cell with this identity.
    pub fn cell(&self, id: &str) -> Option<&PageCell> {
        self.cells.iter().find(|cell| cell.id == id)
    }
}

/// What comments of a cell say about it: `// stage: train`, `// skip`, `// parameters`, `// gate: better`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Marks {
    /// `// stage: NAME`
    pub stage: Option<String>,
    /// `// gate: NAME`
    pub gate: Option<String>,
    /// `// data: NAME=PATH`, with the line.
    pub data: Vec<(usize, String, String)>,
    /// Lines of `// param`.
    pub params: Vec<usize>,
    /// `// timeout: SECONDS`
    pub timeout_s: Option<f64>,
    /// `// retries: N`
    pub retries: u32,
    /// `// memory: MiB`
    pub memory_mb: Option<u64>,
    /// `// tags: a, b`, `// skip`, `// parameters`, and those of the page.
    pub tags: BTreeSet<String>,
}

/// Reads the marks of a cell's text.
pub(crate) fn marks(text: &str, tags: &BTreeSet<String>) -> Marks {
    let mut marks = Marks { tags: tags.clone(), ..Marks::default() };
    for (line, content) in text.lines().enumerate() {
        let Some((code, comment)) = content.split_once("//") else { continue };
        let comment = comment.trim_start_matches(['/', '!']).trim();
        let (word, rest) = comment.split_once([':', ' ']).unwrap_or((comment, ""));
        let rest = rest.trim();
        let alone = code.trim().is_empty();
        match word {
            "param" => marks.params.push(line),
            "stage" if alone && comment.contains(':') => marks.stage = Some(rest.to_owned()),
            "gate" if alone && comment.contains(':') => marks.gate = Some(rest.to_owned()),
            "timeout" if alone && comment.contains(':') => marks.timeout_s = rest.trim_end_matches(" s").parse().ok(),
            "retries" if alone && comment.contains(':') => marks.retries = rest.parse().unwrap_or(0),
            "memory" if alone && comment.contains(':') => marks.memory_mb = rest.trim_end_matches(" MiB").parse().ok(),
            "data" if comment.contains(':') => {
                if let Some((name, path)) = rest.split_once('=') {
                    marks.data.push((line, name.trim().to_owned(), path.trim().trim_matches('"').to_owned()));
                }
            }
            "tags" if alone && comment.contains(':') => {
                marks.tags.extend(rest.split(',').map(|tag| tag.trim().to_owned()));
            }
            "skip" | "parameters" if alone && rest.is_empty() => drop(marks.tags.insert(word.to_owned())),
            _ => {}
        }
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_mark_cells() {
        let text = "// stage: train\n// retries: 2\n// data: prices=data/prices.bin\nlet rate = 0.1; // param: how fast\n\
                    // skip this thought\n// tags: a, parameters\n";
        let marks = marks(text, &BTreeSet::new());
        assert_eq!(marks.stage.as_deref(), Some("train"));
        assert_eq!(marks.retries, 2);
        assert_eq!(marks.data, [(2, "prices".to_owned(), "data/prices.bin".to_owned())]);
        assert_eq!(marks.params, [3]);
        assert_eq!(marks.tags, BTreeSet::from(["a".to_owned(), "parameters".to_owned()]));
    }
}
