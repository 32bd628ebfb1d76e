//! Where lines begin, and which brackets belong together.

use super::lex::{Kind, Span};

/// Blanks of one level.
pub const LEVEL: usize = 4;

/// Blanks at the beginning of a line that follows this text.
pub fn after(text: &str, spans: &[Span]) -> usize {
    let begin = last_begin(spans);
    match open_brackets(spans).last() {
        // As far in as the line before, if that stands within the brackets.
        Some(bracket) if text.get(*bracket..begin).is_some_and(|between| between.contains('\n')) => {
            of_line(text, begin)
        }
        // Brackets that were opened in one line count once, as rustfmt has it.
        Some(bracket) => of_line(text, *bracket) + LEVEL,
        None => of_line(text, begin),
    }
}

/// Blanks of a line that begins with a bracket that closes the last open one of this text.
pub fn closing(text: &str, spans: &[Span]) -> Option<usize> {
    open_brackets(spans).last().map(|bracket| of_line(text, *bracket))
}

/// Where the last piece begins, brackets that are closed with what is in them.
fn last_begin(spans: &[Span]) -> usize {
    let begin = spans.iter().rev().find_map(|span| match span.kind {
        Kind::Close(_) => partner(spans, span.range.start),
        _ => Some(span.range.start),
    });
    begin.unwrap_or(0)
}

/// Blanks at the beginning of the line that holds a place.
fn of_line(text: &str, at: usize) -> usize {
    let line = text[..at].rsplit('\n').next().unwrap_or("");
    line.chars().take_while(|c| *c == ' ' || *c == '\t').map(|c| if c == '\t' { LEVEL } else { 1 }).sum()
}

/// Where the brackets stand that are open at the end.
fn open_brackets(spans: &[Span]) -> Vec<usize> {
    let mut open: Vec<(usize, char)> = Vec::new();
    for span in spans {
        match span.kind {
            Kind::Open(c) => open.push((span.range.start, c)),
            // One that closes another kind is a slip; what it should have closed stays open.
            Kind::Close(c) if open.last().is_some_and(|(_, o)| closes(*o) == c) => drop(open.pop()),
            _ => {}
        }
    }
    open.into_iter().map(|(at, _)| at).collect()
}

/// The bracket that closes another.
pub fn closes(open: char) -> char {
    match open {
        '(' => ')',
        '[' => ']',
        _ => '}',
    }
}

/// Where the partner of the bracket at a place stands.
pub fn partner(spans: &[Span], at: usize) -> Option<usize> {
    let here = spans.binary_search_by_key(&at, |span| span.range.start).ok()?;
    let mut depth = 0_usize;
    let mut walk = |span: &Span| {
        match span.kind {
            Kind::Open(_) => depth = depth.wrapping_add(1),
            Kind::Close(_) => depth = depth.wrapping_sub(1),
            _ => {}
        }
        depth == 0
    };
    let found = match spans[here].kind {
        Kind::Open(_) => spans[here..].iter().find(|span| walk(span))?,
        Kind::Close(_) => spans[..=here].iter().rev().find(|span| walk(span))?,
        _ => return None,
    };
    let pair = match (spans[here].kind, found.kind) {
        (Kind::Open(a), Kind::Close(b)) | (Kind::Close(b), Kind::Open(a)) => closes(a) == b,
        _ => false,
    };
    pair.then_some(found.range.start)
}

#[cfg(test)]
mod tests {
    use super::super::lex::lex;
    use super::*;

    fn next(text: &str) -> usize {
        after(text, &lex(text, text.len()))
    }

    #[test]
    fn each_line_that_opens_brackets_adds_a_level() {
        assert_eq!(next("for i in 0..3 {"), 4);
        assert_eq!(next("for i in 0..3 {\n    if x {"), 8);
        assert_eq!(next("spawn(move || {"), 4, "two brackets of one line are one level");
        assert_eq!(next("let a = \"{\";"), 0, "a bracket in a string is none");
    }

    #[test]
    fn what_is_closed_goes_back() {
        assert_eq!(next("for i in 0..3 {\n    f(\n        i,\n    );"), 4);
        assert_eq!(next("for i in 0..3 {\n    f(i);\n}"), 0);
        let text = "fn f() {\n    g(";
        assert_eq!(closing(text, &lex(text, text.len())), Some(4));
    }

    #[test]
    fn the_next_line_begins_where_the_statement_began() {
        assert_eq!(next("    let a = f(\n        1,\n    );"), 4);
        assert_eq!(next("x\n  .y()"), 2);
    }

    #[test]
    fn partners_find_each_other() {
        let text = "f(a, [1, \")\"])";
        let spans = lex(text, 0);
        assert_eq!(partner(&spans, 1), Some(13));
        assert_eq!(partner(&spans, 13), Some(1));
        assert_eq!(partner(&spans, 5), Some(12));
        assert_eq!(partner(&lex("(]", 0), 0), None);
        assert_eq!(partner(&lex("]", 0), 0), None);
    }
}
