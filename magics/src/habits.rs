//! What people type who come from elsewhere, and what the compiler cannot know of it.

use crate::context::CellRecord;
use crate::lexer::is_word;

/// Words that end a session elsewhere.
const LEAVING: &[&str] = &["exit", "quit", "exit()", "quit()", "q", "logout", "bye"];

/// A hint for a cell that did not compile; `message` is the compiler's.
pub(crate) fn hint(rust: &str, message: &str, cells: &[CellRecord]) -> Option<String> {
    if LEAVING.contains(&rust.trim().trim_end_matches(';').trim_end()) {
        return Some("Ctrl-D ends a session in the terminal; a notebook's is ended where it is shown".to_owned());
    }
    let unknown = message.strip_prefix("cannot find value `")?.split('`').next()?;
    result(unknown, cells)
}

/// `_3`, `__` and `___` are results of earlier cells, as in IPython, where they are kept: what a cell names (a variable, a
/// field) is no value of its own, what borrows ends with its cell, and types of the user's own are not known to the library.
fn result(name: &str, cells: &[CellRecord]) -> Option<String> {
    let cell = match name {
        "__" => cells.iter().rev().find(|cell| shows(cell)),
        "___" => cells.iter().rev().filter(|cell| shows(cell)).nth(1),
        _ => {
            let number: u64 = name.strip_prefix('_')?.parse().ok()?;
            match cells.iter().find(|cell| cell.number == number) {
                None => return Some(format!("there is no cell {number}")),
                found => found,
            }
        }
    }?;
    let shown = cell.text.trim();
    let number = cell.number;
    Some(match shown.chars().all(is_word) && !shown.is_empty() {
        true => format!("cell {number} showed the variable `{shown}`: use that"),
        false => format!(
            "the result of cell {number} was not kept: numbers, text, lists of them, frames, tensors and models are, the last 20; \
             `let result = ..;` keeps any value"
        ),
    })
}

/// Whether a cell may have had a result.
fn shows(cell: &CellRecord) -> bool {
    let text = cell.text.trim_end();
    cell.ok && !text.is_empty() && !text.ends_with([';', '}']) && !text.starts_with(['%', '!', ':', '?'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(number: u64, text: &str) -> CellRecord {
        CellRecord { number, text: text.to_owned(), ok: true, ..CellRecord::default() }
    }

    #[test]
    fn who_wants_to_leave_is_told_how() {
        for text in ["exit", " quit();\n", "exit()"] {
            assert!(hint(text, "cannot find value `exit` in this scope", &[]).unwrap().contains("Ctrl-D"), "{text}");
        }
        assert_eq!(hint("exit(3)", "cannot find function `exit` in this scope", &[]), None);
    }

    #[test]
    fn results_of_earlier_cells_say_what_to_write() {
        let cells = [cell(1, "df"), cell(2, "let a = 1;"), cell(4, "a + 1"), cell(5, "%who")];
        let hint = |name: &str| hint("x", &format!("cannot find value `{name}` in this scope"), &cells);
        assert_eq!(hint("_1").unwrap(), "cell 1 showed the variable `df`: use that");
        assert!(hint("__").unwrap().starts_with("the result of cell 4 was not kept"));
        assert_eq!(hint("___"), hint("_1"));
        assert_eq!(hint("_3").unwrap(), "there is no cell 3");
        assert_eq!((hint("_x"), hint("a")), (None, None));
    }
}
