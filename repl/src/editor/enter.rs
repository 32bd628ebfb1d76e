//! What Enter does with a text, and the blanks that come and go by themselves.

use super::indent::{self, LEVEL};
use super::lex::{Kind, Span, lex};

/// What Enter does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Enter {
    /// The cell is entered.
    Run,
    /// This is put in at the cursor.
    Newline(String),
}

/// What Enter does at a byte of a text; `whole` tells whether the text is a whole cell.
pub fn enter(text: &str, at: usize, whole: impl FnOnce(&str) -> bool) -> Enter {
    if text.trim().is_empty() {
        return Enter::Run;
    }
    let in_the_middle = text[at..].trim_end().contains('\n');
    if !in_the_middle && whole(text) { Enter::Run } else { Enter::Newline(newline(text, at)) }
}

/// A new line at the cursor, as far in as the brackets say.
pub fn newline(text: &str, at: usize) -> String {
    let before = format!("{}\n", &text[..at]);
    let spans = lex(&before, usize::MAX);
    let opens_here = text[..at].trim_end().ends_with(['(', '[', '{']);
    let closes_next = text[at..].starts_with([')', ']', '}']) && !opens_here;
    let blanks = match spans.last() {
        // In a string, blanks would be part of it.
        Some(span) if span.range.end == before.len() && !matches!(span.kind, Kind::Open(_)) => 0,
        _ if is_foreign(&before, &spans) => leading(line(text, at)),
        _ if closes_next => indent::closing(&before, &spans).unwrap_or(0),
        _ => indent::after(&before, &spans),
    };
    // Blanks behind the cursor are there already.
    let there = text[at..].len() - text[at..].trim_start_matches(' ').len();
    format!("\n{}", " ".repeat(blanks.saturating_sub(there)))
}

/// A bracket that closes, as the first of its line, begins where the line of its partner begins: how many blanks before the
/// cursor go, and what comes instead.
pub fn closing(text: &str, at: usize, bracket: char) -> Option<(usize, String)> {
    let start = at - line(text, at).len();
    let blank = line(text, at);
    if start == 0 || blank.is_empty() || !blank.bytes().all(|byte| byte == b' ') {
        return None;
    }
    let before = &text[..start];
    let wanted = indent::closing(before, &lex(before, usize::MAX))?;
    (wanted != blank.len()).then(|| (blank.len(), format!("{}{bracket}", " ".repeat(wanted))))
}

/// How many characters Backspace deletes: blanks go back to a level of indentation.
pub fn backspace(text: &str, at: usize) -> usize {
    let blank = line(text, at);
    let only_blanks = !blank.is_empty() && blank.bytes().all(|byte| byte == b' ');
    if only_blanks { blank.len() - (blank.len() - 1) / LEVEL * LEVEL } else { 1 }
}

/// The blanks that Tab puts in, where there is nothing to complete before the cursor.
pub fn tab(text: &str, at: usize) -> Option<String> {
    let blank = line(text, at);
    blank.bytes().all(|byte| byte == b' ').then(|| " ".repeat(LEVEL - blank.len() % LEVEL))
}

/// The cursor's line, up to the cursor.
fn line(text: &str, at: usize) -> &str {
    text[..at].rsplit('\n').next().unwrap_or("")
}

fn leading(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// Whether the text is the body of a magic that is no Rust.
fn is_foreign(text: &str, spans: &[Span]) -> bool {
    text.trim_start().starts_with("%%") && spans.len() == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Enter does where `|` stands, in a text that is no whole cell.
    fn at_enter(text: &str) -> String {
        let at = text.find('|').expect("a cursor");
        match enter(&text.replace('|', ""), at, |_| false) {
            Enter::Run => "run".to_owned(),
            Enter::Newline(text) => text,
        }
    }

    #[test]
    fn a_whole_cell_runs_and_half_of_one_goes_on() {
        assert_eq!(enter("1 + 1", 2, |_| true), Enter::Run);
        assert_eq!(enter("fn f() {", 8, |_| false), Enter::Newline("\n    ".to_owned()));
        assert_eq!(enter(" \n", 0, |_| false), Enter::Run);
    }

    #[test]
    fn in_the_middle_of_a_whole_cell_enter_begins_a_line() {
        assert_eq!(enter("fn f() {\n}", 8, |_| true), Enter::Newline("\n    ".to_owned()));
        assert_eq!(enter("fn f() {\n}", 10, |_| true), Enter::Run);
    }

    #[test]
    fn lines_begin_where_they_belong() {
        assert_eq!(at_enter("fn f() {|}"), "\n    ");
        assert_eq!(at_enter("fn f() {\n    x|}"), "\n");
        assert_eq!(at_enter("for i in x {\n    if i {|"), "\n        ");
        assert_eq!(at_enter("let s = \"two|"), "\n", "blanks would be part of the string");
        assert_eq!(at_enter("%%bash\n  ls|"), "\n  ");
        assert_eq!(at_enter("f(|    x"), "\n", "the blanks are there");
    }

    #[test]
    fn a_closing_bracket_goes_back() {
        assert_eq!(closing("fn f() {\n    ", 13, '}'), Some((4, "}".to_owned())));
        assert_eq!(closing("fn f() {\n    g(\n        ", 24, ')'), Some((8, "    )".to_owned())));
        assert_eq!(closing("fn f() {\n    x", 14, '}'), None);
        assert_eq!(closing("    ", 4, '}'), None);
    }

    #[test]
    fn tab_and_backspace_go_by_levels() {
        assert_eq!(tab("", 0).as_deref(), Some("    "));
        assert_eq!(tab("x {\n  ", 6).as_deref(), Some("  "));
        assert_eq!(tab("x", 1), None);
        assert_eq!(
            (backspace("        ", 8), backspace("      ", 6), backspace("  x", 3), backspace("x\n", 2)),
            (4, 2, 1, 1)
        );
    }
}
