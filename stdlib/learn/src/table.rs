//! Small tables as HTML and as text, for the displays of models and reports.

use ironbook_core::Bundle;
use ironbook_core::bundle::escape_html;

/// A titled table: the first column is text, the others are numbers.
#[derive(Clone, Debug)]
pub struct Table {
    title: String,
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    notes: Vec<String>,
}

impl Table {
    /// An empty table with this title and header.
    pub fn new(title: impl Into<String>, header: &[&str]) -> Self {
        let header = header.iter().map(|&h| h.to_owned()).collect();
        Table { title: title.into(), header, rows: Vec::new(), notes: Vec::new() }
    }

    /// Adds a row, one cell per column.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Adds a line below the table.
    pub fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// The table as HTML and text.
    pub fn bundle(&self) -> Bundle {
        Bundle::text(self.text()).html(self.html())
    }

    fn text(&self) -> String {
        let columns = self.header.len();
        let width = |c: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(c));
            cells.chain([&self.header[c]]).map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let line = |cells: &[String]| {
            let mut out = String::new();
            for (c, (cell, &w)) in cells.iter().zip(&widths).enumerate() {
                out += &if c == 0 { format!("{cell:<w$}") } else { format!("  {cell:>w$}") };
            }
            out.trim_end().to_owned()
        };
        let mut lines = vec![self.title.clone()];
        lines.push(line(&self.header));
        lines.extend(self.rows.iter().map(|row| line(row)));
        lines.extend(self.notes.iter().cloned());
        lines.retain(|l| !l.is_empty());
        lines.join("\n")
    }

    fn html(&self) -> String {
        let cells = |row: &[String], tag: &str| {
            let cell = |(c, text): (usize, &String)| {
                let side = if c == 0 { "left" } else { "right" };
                format!("<{tag} style=\"text-align:{side}\">{}</{tag}>", escape_html(text))
            };
            row.iter().enumerate().map(cell).collect::<String>()
        };
        let body: String = self.rows.iter().map(|row| format!("<tr>{}</tr>", cells(row, "td"))).collect();
        let notes: String = self.notes.iter().map(|n| format!("<p>{}</p>", escape_html(n))).collect();
        format!(
            "<div><p><b>{}</b></p><table><thead><tr>{}</tr></thead><tbody>{body}</tbody></table>{notes}</div>",
            escape_html(&self.title),
            cells(&self.header, "th"),
        )
    }
}

/// A number with six significant digits, without needless zeros.
pub fn number(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if !value.is_finite() {
        return value.to_string();
    }
    let magnitude = value.abs().log10().floor();
    if !(-4.0..6.0).contains(&magnitude) {
        return format!("{value:.5e}");
    }
    // Within -4..6, so the number of decimals is 0..=9.
    let decimals = (5.0 - magnitude) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        let cases = [
            (0.0, "0"),
            (1.0, "1"),
            (-0.25, "-0.25"),
            (1.0 / 3.0, "0.333333"),
            (123_456.7, "123457"),
            (1e9, "1.00000e9"),
            (0.000_012_345_678, "1.23457e-5"),
            (f64::NAN, "NaN"),
            (999.999_99, "1000"),
        ];
        for (value, expected) in cases {
            assert_eq!(number(value), expected);
        }
    }

    #[test]
    fn text_is_aligned_and_html_escaped() {
        let mut table = Table::new("A <b>", &["name", "n"]);
        table.row(["x&y".to_owned(), "12".to_owned()]);
        let bundle = table.bundle();
        assert_eq!(bundle.plain(), "A <b>\nname   n\nx&y   12");
        let html = bundle.data["text/html"].as_str().unwrap();
        assert!(html.contains("A &lt;b&gt;") && html.contains("x&amp;y"), "{html}");
    }
}
