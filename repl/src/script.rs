//! Scripts in percent format, as notebooks.

use crate::notebook::{Cell, Notebook};
use ironbook_magics::script;
use serde_json::json;

/// Reads a script as a notebook.
pub fn parse(text: &str) -> Notebook {
    let cells = script::parse(text).into_iter().map(|read| {
        let mut cell = Cell::new(read.kind, &read.source);
        cell.line = Some(read.line);
        if let Some(title) = &read.title {
            cell.metadata().insert("title".into(), json!(title));
        }
        for tag in &read.tags {
            cell.tag(tag);
        }
        cell
    });
    Notebook::new(cells.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_tags_and_lines_are_kept() {
        let notebook = parse("// %% Fit tags=[\"slow\"] it\n\nlet a = 1;\n// %% parameters\nlet b = 1;");
        assert_eq!(notebook.cells[0].clone().metadata()["title"], "Fit it");
        assert!(notebook.cells[0].has_tag("slow") && notebook.cells[1].has_tag("parameters"));
        assert_eq!(notebook.cells.iter().map(|cell| cell.line).collect::<Vec<_>>(), [Some(3), Some(5)]);
    }
}
