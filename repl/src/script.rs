//! Scripts in percent format, as notebooks.

use crate::notebook::Notebook;
use ironbook_magics::{convert, script};

/// Reads a script as a notebook.
pub fn parse(text: &str) -> Notebook {
    convert::notebook(&script::read(text))
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
