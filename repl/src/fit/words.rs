//! Texts in columns without lines around them: what is too long goes on in the next row, below its own column.

use crate::editor::columns_of;

/// The text in at most `width` columns, as far as its words allow.
pub fn wrapped(text: &str, width: usize) -> String {
    let mut out = Vec::new();
    for line in text.lines() {
        if columns_of(line) <= width || line.contains('\x1b') {
            out.push(line.to_owned());
        } else if is_rule(line) {
            out.push("─".repeat(width));
        } else {
            wrap(line, width, &mut out);
        }
    }
    out.join("\n")
}

/// Whether the text is a table under a rule.
pub fn has_rule(text: &str) -> bool {
    text.lines().any(is_rule)
}

fn is_rule(line: &str) -> bool {
    line.starts_with('─') && line.chars().all(|c| matches!(c, '─' | ' '))
}

fn wrap(line: &str, width: usize, out: &mut Vec<String>) {
    let hang = hang(line, width);
    let mut row = String::new();
    for word in line.split_inclusive(' ') {
        let room = width.saturating_sub(columns_of(&row));
        if columns_of(word.trim_end()) > room && columns_of(row.trim()) > 0 && columns_of(&row) > hang {
            out.push(row.trim_end().to_owned());
            row = " ".repeat(hang);
        }
        row.push_str(word);
    }
    out.push(row.trim_end().to_owned());
}

/// Where the text of the last column begins; what goes on stands there.
fn hang(line: &str, width: usize) -> usize {
    let fits = |at: usize| columns_of(&line[..at]) <= width * 2 / 3;
    let mut begins = line.char_indices().filter(|(at, c)| *c != ' ' && line[..*at].ends_with("  ")).map(|(at, _)| at);
    let indent = line.len() - line.trim_start().len();
    let at = begins.rfind(|at| fits(*at)).unwrap_or(indent);
    columns_of(&line[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_words_of_a_column_stay_below_it() {
        let text = "magic    what it does\n──────────────────────────────────\n%gpu     List the GPUs with their memory and use\n日本語   a b c d e f g h i j k l";
        assert!(has_rule(text));
        assert_eq!(
            wrapped(text, 24),
            "magic    what it does\n────────────────────────\n%gpu     List the GPUs\n         with their\n         memory and use\n日本語   a b c d e f g h\n         i j k l"
        );
    }

    #[test]
    fn no_width_is_too_small_and_what_fits_stays() {
        assert_eq!(wrapped("a  b\n  c", 10), "a  b\n  c");
        for width in 0..30 {
            let text = wrapped("a word that is longerthanallothersandmore  and 日本語日本語日本語 here", width);
            assert_eq!(text.split_whitespace().count(), 8, "{text}");
        }
    }
}
