//! What an inspection found, as text, HTML and Markdown.

use ironbook_core::Bundle;
use ironbook_core::bundle::escape_html;
use std::fmt::Write as _;

/// Columns of a table that are listed.
const COLUMNS: usize = 60;

/// What an inspection found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sheet {
    /// A signature or declaration.
    pub title: String,
    /// Facts with their labels.
    pub facts: Vec<(&'static str, String)>,
    /// The variable that it is about.
    pub variable: Option<String>,
    /// A peek at its value.
    pub value: String,
    /// Columns of a table with their types.
    pub columns: Vec<(String, String)>,
    /// Documentation in Markdown.
    pub doc: String,
    /// Text that stays as it is.
    pub preformatted: String,
    /// Rust.
    pub source: Option<String>,
}

impl Sheet {
    /// In all representations.
    pub fn bundle(&self) -> Bundle {
        Bundle::text(self.plain()).html(self.html()).with("text/markdown", self.markdown().into())
    }

    fn plain(&self) -> String {
        let mut parts = vec![self.title.clone()];
        let width = self.facts.iter().map(|(label, _)| label.len()).max().unwrap_or(0);
        let facts: Vec<String> = self.facts.iter().map(|(label, value)| format!("{label:width$}  {value}")).collect();
        parts.push(facts.join("\n"));
        parts.push(self.value.clone());
        parts.push(self.doc.clone());
        let columns: Vec<String> = self.column_lines().iter().map(|line| format!("  {line}")).collect();
        parts.push(columns.join("\n"));
        parts.push(self.preformatted.clone());
        parts.extend(self.source.clone());
        parts.retain(|part| !part.trim().is_empty());
        parts.join("\n\n")
    }

    /// Columns with their types, aligned.
    fn column_lines(&self) -> Vec<String> {
        let width = self.columns.iter().take(COLUMNS).map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        let lines = self.columns.iter().take(COLUMNS).map(|(name, dtype)| format!("{name:width$}  {dtype}"));
        lines.chain(self.more()).collect()
    }

    fn more(&self) -> Option<String> {
        self.columns.len().checked_sub(COLUMNS).filter(|more| *more > 0).map(|more| format!("and {more} more"))
    }

    fn markdown(&self) -> String {
        let mut parts = vec![format!("```rust\n{}\n```", self.title)];
        let facts: Vec<String> = self.facts.iter().map(|(label, value)| format!("* {label}: {value}")).collect();
        parts.push(facts.join("\n"));
        if !self.value.is_empty() {
            parts.push(format!("```text\n{}\n```", self.value));
        }
        parts.push(self.doc.clone());
        if !self.columns.is_empty() {
            let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
            let rows =
                self.columns.iter().take(COLUMNS).map(|(name, dtype)| format!("| {} | {} |", cell(name), cell(dtype)));
            let rows: Vec<String> =
                ["| column | type |", "|---|---|"].map(str::to_owned).into_iter().chain(rows).collect();
            parts.push(rows.join("\n"));
            parts.extend(self.more());
        }
        if !self.preformatted.is_empty() {
            parts.push(format!("```text\n{}\n```", self.preformatted));
        }
        parts.extend(self.source.as_ref().map(|source| format!("```rust\n{source}\n```")));
        parts.retain(|part| !part.trim().is_empty());
        parts.join("\n\n")
    }

    fn html(&self) -> String {
        // Borders and shades of the current colour fit light and dark themes.
        let mut out = format!("<div><pre style=\"white-space:pre-wrap\"><b>{}</b></pre>", escape_html(&self.title));
        // Front ends draw tables in the middle and striped; facts are one quiet line.
        let facts: Vec<String> =
            self.facts.iter().map(|(label, value)| format!("{label} <b>{}</b>", escape_html(value))).collect();
        if !facts.is_empty() {
            let _ = write!(out, "<p style=\"opacity:.8\">{}</p>", facts.join(" &nbsp; "));
        }
        if !self.value.is_empty() {
            out.push_str(&block(&self.value));
        }
        out.push_str(&markdown_to_html(&self.doc));
        if !self.columns.is_empty() {
            out.push_str(&block(&self.column_lines().join("\n")));
        }
        for text in
            [Some(&self.preformatted), self.source.as_ref()].into_iter().flatten().filter(|text| !text.is_empty())
        {
            out.push_str(&block(text));
        }
        out.push_str("</div>");
        out
    }
}

/// Lines as they are: those of a table would not be one any more if they were wrapped.
fn block(text: &str) -> String {
    let style = "border-left:2px solid currentColor;padding-left:8px;white-space:pre";
    format!("<pre style=\"{style}\">{}</pre>", escape_html(text))
}

/// The Markdown that documentation uses; all text is escaped first.
fn markdown_to_html(markdown: &str) -> String {
    let mut out = String::new();
    let mut code: Option<Vec<&str>> = None;
    let mut paragraph: Vec<&str> = Vec::new();
    let mut list = false;
    for line in markdown.lines() {
        if line.trim_start().starts_with("```") {
            flush(&mut paragraph, &mut out);
            code = match code {
                Some(lines) => {
                    out.push_str(&block(&lines.join("\n")));
                    None
                }
                None => Some(Vec::new()),
            };
            continue;
        }
        if let Some(lines) = &mut code {
            // rustdoc hides lines that begin with `# `.
            lines.push(line);
            continue;
        }
        let item = line.trim_start().strip_prefix("* ").or_else(|| line.trim_start().strip_prefix("- "));
        if list != item.is_some() {
            flush(&mut paragraph, &mut out);
            out.push_str(if list { "</ul>" } else { "<ul>" });
            list = item.is_some();
        }
        if let Some(item) = item {
            let _ = write!(out, "<li>{}</li>", inline(item));
        } else if let Some(title) = line.strip_prefix('#') {
            flush(&mut paragraph, &mut out);
            let _ = write!(out, "<p><b>{}</b></p>", inline(title.trim_start_matches('#').trim()));
        } else if line.trim().is_empty() {
            flush(&mut paragraph, &mut out);
        } else {
            paragraph.push(line);
        }
    }
    flush(&mut paragraph, &mut out);
    if list {
        out.push_str("</ul>");
    }
    out.extend(code.map(|lines| block(&lines.join("\n"))));
    out
}

fn flush(paragraph: &mut Vec<&str>, out: &mut String) {
    if !paragraph.is_empty() {
        let _ = write!(out, "<p>{}</p>", inline(&paragraph.join("\n")));
        paragraph.clear();
    }
}

/// Code and emphasis inside a line.
fn inline(text: &str) -> String {
    let mut out = String::new();
    for (number, piece) in text.split('`').enumerate() {
        let escaped = escape_html(piece);
        if number % 2 == 1 {
            let _ = write!(out, "<code>{escaped}</code>");
            continue;
        }
        for (number, piece) in escaped.split("**").enumerate() {
            let _ = if number % 2 == 1 { write!(out, "<b>{piece}</b>") } else { write!(out, "{piece}") };
        }
    }
    out
}

/// What a language service says in Markdown, in all representations.
pub fn of_markdown(markdown: &str) -> Bundle {
    let plain: Vec<&str> = markdown.lines().filter(|line| !line.starts_with("```") && *line != "---").collect();
    let html = format!("<div>{}</div>", markdown_to_html(markdown));
    Bundle::text(plain.join("\n").trim()).html(html).with("text/markdown", markdown.into())
}

/// Bytes for people.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if value < 10.0 { format!("{value:.1} {}", UNITS[unit]) } else { format!("{value:.0} {}", UNITS[unit]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documentation_is_escaped() {
        let html = markdown_to_html("A <b> `x < y` **bold**.\n\n* one\n* two\n\n### Head\n\n```rust\nlet a = &b;\n```");
        assert_eq!(
            html,
            "<p>A &lt;b&gt; <code>x &lt; y</code> <b>bold</b>.</p><ul><li>one</li><li>two</li></ul><p><b>Head</b></p>\
             <pre style=\"border-left:2px solid currentColor;padding-left:8px;white-space:pre\">let a = &amp;b;</pre>"
        );
    }

    #[test]
    fn sizes_are_short() {
        assert_eq!([0, 999, 1000, 61_200_000, 1 << 40].map(size), ["0 B", "999 B", "1.0 kB", "61 MB", "1.1 TB"]);
    }
}
