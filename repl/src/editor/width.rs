//! Columns that text takes on a terminal.

use std::ops::Range;
use unicode_width::UnicodeWidthChar as _;

/// Joins the characters around it to one picture.
const JOINER: char = '\u{200d}';

/// Columns of a character; one that controls is shown as two: `^A`.
pub fn of_char(c: char) -> usize {
    match c {
        '\t' => 4,
        c if c.is_control() => 2,
        c => c.width().unwrap_or(0),
    }
}

/// Columns of a line of text.
///
/// What terminals do with joined pictures differs; most count each, and so does this.
pub fn of(text: &str) -> usize {
    text.chars().map(of_char).sum()
}

/// The bytes of what the cursor moves over in one step: characters with the marks that belong to them.
pub fn clusters(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut rest = text.char_indices().peekable();
    let end = text.len();
    std::iter::from_fn(move || {
        let (start, mut last) = rest.next()?;
        while let Some((_, c)) = rest.next_if(|(_, c)| belongs(last, *c)) {
            last = c;
        }
        Some(start..rest.peek().map_or(end, |(at, _)| *at))
    })
}

fn belongs(last: char, c: char) -> bool {
    let joins = last == JOINER || (!c.is_control() && of_char(c) == 0);
    joins && last != '\n' && c != '\n'
}

/// The lines of a text, cut where the columns end.
pub fn lines(text: &str, columns: usize) -> impl Iterator<Item = &str> {
    text.lines().flat_map(move |line| {
        let mut rest = line;
        std::iter::from_fn(move || {
            let mut used = 0;
            let over = rest.char_indices().find(|(at, c)| {
                used += of_char(*c);
                used > columns && *at > 0
            });
            let (first, after) = rest.split_at(over.map_or(rest.len(), |(at, _)| at));
            rest = after;
            (!first.is_empty()).then_some(first)
        })
    })
}

/// The beginning of a text that fits the columns; `…` tells of the rest.
pub fn fitted(text: &str, columns: usize) -> String {
    if of(text) <= columns {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for cluster in clusters(text) {
        let piece = &text[cluster];
        used += of(piece);
        if used + 1 > columns {
            break;
        }
        out.push_str(piece);
    }
    if columns > 0 {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(of("日本x"), 5);
        assert_eq!(fitted("日本語", 4), "日…");
        assert_eq!(fitted("日本語", 5), "日本…");
        assert_eq!(fitted("abc", 3), "abc");
        assert_eq!(fitted("abc", 0), "");
        assert_eq!(lines("日本x\nab", 4).collect::<Vec<_>>(), ["日本", "x", "ab"]);
    }
}
