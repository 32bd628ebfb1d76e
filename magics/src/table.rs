//! Small tables, as text and as HTML.

use ironbook_core::Bundle;
use ironbook_core::bundle::escape_html;
use unicode_width::UnicodeWidthStr;

/// A column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub(crate) title: &'static str,
    /// Numbers stand at the right.
    pub(crate) right: bool,
}

/// A column of text.
pub(crate) const fn left(title: &'static str) -> Column {
    Column { title, right: false }
}

/// A column of numbers.
pub(crate) const fn right(title: &'static str) -> Column {
    Column { title, right: true }
}

/// The table in both forms.
pub(crate) fn table(columns: &[Column], rows: &[Vec<String>]) -> Bundle {
    Bundle::text(plain(columns, rows)).html(html(columns, rows))
}

fn plain(columns: &[Column], rows: &[Vec<String>]) -> String {
    let width = |i: usize| {
        let cells = rows.iter().filter_map(|row| row.get(i)).map(|cell| cell.width());
        cells.chain([columns[i].title.width()]).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..columns.len()).map(width).collect();
    let line = |cells: &[&str]| {
        let padded = cells.iter().zip(columns).zip(&widths).map(|((cell, column), width)| {
            let space = " ".repeat(width - cell.width());
            if column.right { space + cell } else { (*cell).to_owned() + &space }
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let titles: Vec<_> = columns.iter().map(|column| column.title).collect();
    let rule: Vec<_> = widths.iter().map(|width| "─".repeat(*width)).collect();
    let mut lines = vec![line(&titles), rule.join("──")];
    lines.extend(rows.iter().map(|row| line(&row.iter().map(String::as_str).collect::<Vec<_>>())));
    lines.join("\n")
}

fn html(columns: &[Column], rows: &[Vec<String>]) -> String {
    let style =
        |column: &Column| if column.right { " style=\"text-align:right\"" } else { " style=\"text-align:left\"" };
    let head = columns.iter().map(|c| format!("<th{}>{}</th>", style(c), escape_html(c.title))).collect::<String>();
    let cell = |(cell, column): (&String, &Column)| format!("<td{}>{}</td>", style(column), escape_html(cell));
    let row = |row: &Vec<String>| format!("<tr>{}</tr>", row.iter().zip(columns).map(cell).collect::<String>());
    let body = rows.iter().map(row).collect::<String>();
    format!("<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
}

/// Bytes in words: `320 B`, `1.5 kB`, `61 MB` (powers of 1000).
pub(crate) fn bytes(count: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"];
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 || value >= 99.5 {
        format!("{value:.0} {}", units[unit])
    } else {
        format!("{value:.1} {}", units[unit])
    }
}

/// Seconds in words, three digits: `1.23 s`, `45.1 ms`, `987 ns`.
pub(crate) fn seconds(value: f64) -> String {
    if value >= 60.0 {
        return format!("{} min {:.0} s", (value / 60.0).floor(), value % 60.0);
    }
    let (scaled, unit) = match value {
        v if v >= 1.0 => (v, "s"),
        v if v >= 1e-3 => (v * 1e3, "ms"),
        v if v >= 1e-6 => (v * 1e6, "µs"),
        v => (v * 1e9, "ns"),
    };
    let digits = if scaled >= 99.95 {
        0
    } else if scaled >= 9.995 {
        1
    } else {
        2
    };
    format!("{scaled:.digits$} {unit}")
}
