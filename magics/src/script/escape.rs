//! Lines of a cell that a reader of scripts would take for something else: one more `// ` before them says what they are.

/// Whether a line begins a cell: `// %%`, alone or with words behind it.
pub fn is_marker(line: &str) -> bool {
    after_marker(line).is_some()
}

/// What follows `// %%` in a line that begins a cell.
pub(super) fn after_marker(line: &str) -> Option<&str> {
    let rest = line.trim_end().strip_prefix("//")?.trim_start().strip_prefix("%%")?;
    // `// %%time` is a magic behind a comment.
    (rest.is_empty() || rest.starts_with(char::is_whitespace)).then_some(rest)
}

/// A line of a file that stands for this line of a cell, and begins no cell.
pub(super) fn hide_marker(line: &str) -> String {
    if looks_like_marker(line) { format!("// {line}") } else { line.to_owned() }
}

/// The line of a cell that a line of a file stands for.
pub(super) fn show_marker(line: &str) -> &str {
    line.strip_prefix("// ").filter(|rest| looks_like_marker(rest)).unwrap_or(line)
}

/// A marker, or one that was hidden.
fn looks_like_marker(line: &str) -> bool {
    let mut rest = line;
    loop {
        if is_marker(rest) {
            return true;
        }
        let Some(inner) = rest.strip_prefix("// ") else { return false };
        rest = inner;
    }
}

/// The same for magics: `// %time x` would be read as the magic `%time x`.
pub(super) fn hide_magic(line: &str) -> String {
    match commented_magic(line) {
        Some((indent, text)) => format!("{indent}// {text}"),
        None => line.to_owned(),
    }
}

/// A line of a cell: of what is written behind `// ` in a file, a magic.
pub(super) fn show_magic(line: &str) -> String {
    match commented_magic(line) {
        Some((indent, text)) => format!("{indent}{}", &text["// ".len()..]),
        None => line.to_owned(),
    }
}

/// Indent and text of a magic behind one `// ` or several.
fn commented_magic(line: &str) -> Option<(&str, &str)> {
    let (indent, text) = line.split_at(line.len() - line.trim_start().len());
    let mut rest = text.strip_prefix("// ")?;
    while let Some(inner) = rest.strip_prefix("// ") {
        rest = inner;
    }
    is_magic(rest).then_some((indent, text))
}

/// Whether a commented line reads as a magic: `%name`, `%%name`, `!command`, `:dep ..`.
pub(super) fn is_magic(rest: &str) -> bool {
    let name = |text: &str| text.starts_with(|c: char| c.is_ascii_lowercase());
    match rest.chars().next() {
        Some('%') => name(rest.trim_start_matches('%')),
        Some('!') => rest[1..].starts_with(|c: char| c.is_ascii_lowercase() || c == '.' || c == '/'),
        Some(':') => rest.starts_with(":dep "),
        _ => false,
    }
}
