//! Tables fitted to the terminal: texts cut, and what still does not fit in groups of columns, one below the other.

mod read;
mod words;

pub use words::wrapped;

use crate::editor::{columns_of, fitted};
use ironbook_core::Bundle;

/// A column of text is cut to no less than this.
const NARROW: usize = 10;
/// Widest column of text.
const WIDE: usize = 60;
/// Tables of up to this many rows are shown whole.
const ALL: usize = 20;
/// Rows shown from either end of longer ones.
const ENDS: usize = 5;
/// Tables that are narrower than this are not made for any terminal.
const LEAST: usize = 20;

/// A table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Grid {
    columns: Vec<Column>,
    /// Whether a row stands for others that are not shown, in this place.
    gap: Option<usize>,
    caption: String,
}

/// A column of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Column {
    head: Vec<String>,
    cells: Vec<String>,
    /// Whether it stands to the right, as numbers do.
    right: bool,
    width: usize,
}

/// The table of a value in at most `width` columns; nothing if the value is none, or its own text fits as well.
pub fn table(bundle: &Bundle, width: usize) -> Option<String> {
    let width = width.max(LEAST);
    if words::has_rule(bundle.plain()) && bundle.get("text/html").is_none_or(|html| read::html(html).is_none()) {
        return Some(wrapped(bundle.plain(), width));
    }
    if let Some(grid) = bundle.get("text/html").and_then(read::html) {
        return Some(grid.shortened().fitted(width));
    }
    let text = bundle.plain();
    if text.lines().all(|line| columns_of(line) <= width) {
        return None;
    }
    match read::boxes(text) {
        Some(grid) => Some(grid.shortened().fitted(width)),
        None => among_lines(text, width),
    }
}

/// A text with tables between its lines, of which each is fitted by itself; nothing if there is none.
fn among_lines(text: &str, width: usize) -> Option<String> {
    let (mut out, mut drawn): (Vec<String>, Vec<&str>) = (Vec::new(), Vec::new());
    let mut found = false;
    for line in text.lines() {
        if !drawn.is_empty() || line.starts_with('┌') {
            drawn.push(line);
        } else {
            out.push(wrapped(line, width));
        }
        if line.starts_with('└') {
            let table = std::mem::take(&mut drawn).join("\n");
            let grid = read::boxes(&table);
            found |= grid.is_some();
            out.push(grid.map_or(table, |grid| grid.fitted(width)));
        }
    }
    out.extend(drawn.into_iter().map(str::to_owned));
    found.then(|| out.join("\n"))
}

impl Grid {
    /// The first and last rows of a long table.
    fn shortened(mut self) -> Grid {
        let rows = self.columns.first().map_or(0, |column| column.cells.len());
        if rows > ALL || (self.gap.is_some() && rows > 2 * ENDS) {
            for column in &mut self.columns {
                column.cells.drain(ENDS..rows - ENDS);
            }
            self.gap = Some(ENDS);
        }
        self
    }

    fn fitted(self, width: usize) -> String {
        let mut grid = self;
        for column in &mut grid.columns {
            let texts = column.head.iter().chain(&column.cells);
            let natural = texts.map(|text| columns_of(text)).max().unwrap_or(1).max(1);
            column.width = natural.min(WIDE).min(width - 4);
        }
        let mut narrowed = grid.columns.clone();
        narrow(&mut narrowed, width);
        // What does not fit anyhow is not cut in vain.
        if total(&narrowed) <= width {
            grid.columns = narrowed;
        }
        let mut out = Vec::new();
        for group in groups(&grid.columns, width) {
            draw(group, grid.gap, &mut out);
        }
        if !grid.caption.is_empty() {
            out.push(grid.caption);
        }
        out.join("\n")
    }
}

/// Takes from columns of text, the widest first, until all fit or no more can be taken.
fn narrow(columns: &mut [Column], width: usize) {
    while total(columns) > width {
        let cut = columns.iter_mut().filter(|column| !column.right && column.width > NARROW);
        match cut.max_by_key(|column| column.width) {
            Some(widest) => widest.width -= 1,
            None => return,
        }
    }
}

/// Columns of the terminal that columns of a table take.
fn total(columns: &[Column]) -> usize {
    columns.iter().map(|column| column.width + 3).sum::<usize>() + 1
}

/// The columns in groups that fit.
fn groups(columns: &[Column], width: usize) -> Vec<&[Column]> {
    let mut out = Vec::new();
    let mut rest = columns;
    while !rest.is_empty() {
        let fits = (1..=rest.len()).rev().find(|count| total(&rest[..*count]) <= width).unwrap_or(1);
        let (group, others) = rest.split_at(fits);
        out.push(group);
        rest = others;
    }
    out
}

fn draw(columns: &[Column], gap: Option<usize>, out: &mut Vec<String>) {
    let rule = |left: &str, cross: &str, right: &str| {
        let dashes: Vec<String> = columns.iter().map(|column| "─".repeat(column.width + 2)).collect();
        format!("{left}{}{right}", dashes.join(cross))
    };
    let line = |text: &dyn Fn(&Column) -> String| {
        let cells: Vec<String> = columns.iter().map(|column| padded(&text(column), column)).collect();
        format!("│ {} │", cells.join(" │ "))
    };
    let texts = |lines: &dyn Fn(&Column) -> &[String], at: usize| {
        line(&|column| lines(column).get(at).cloned().unwrap_or_default())
    };
    out.push(rule("┌", "┬", "┐"));
    for at in 0..columns.iter().map(|column| column.head.len()).max().unwrap_or(0) {
        out.push(texts(&|column| &column.head, at));
    }
    out.push(rule("├", "┼", "┤"));
    for at in 0..columns.iter().map(|column| column.cells.len()).max().unwrap_or(0) {
        if gap == Some(at) {
            out.push(line(&|_| "⋮".to_owned()));
        }
        out.push(texts(&|column| &column.cells, at));
    }
    out.push(rule("└", "┴", "┘"));
}

fn padded(text: &str, column: &Column) -> String {
    let text = fitted(text, column.width);
    let blanks = " ".repeat(column.width.saturating_sub(columns_of(&text)));
    if column.right { blanks + &text } else { text + &blanks }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOX: &str = "\
┌──────┬──────────┬───────┐
│ city │ 言葉     │  temp │
│ str  │ str      │   f64 │
├──────┼──────────┼───────┤
│ Kyiv │ 日本語で │  3.25 │
│ null │ b        │ -1.00 │
└──────┴──────────┴───────┘
2 rows x 3 columns";

    #[test]
    fn a_table_that_fits_stays() {
        assert_eq!(table(&Bundle::text(BOX), 30), None);
        assert_eq!(table(&Bundle::text("no table, but a long line of text"), 20), None);
    }

    #[test]
    fn columns_that_do_not_fit_stand_below_the_others() {
        assert_eq!(
            table(&Bundle::text(BOX), 20).expect("a table"),
            "\
┌──────┬──────────┐
│ city │ 言葉     │
│ str  │ str      │
├──────┼──────────┤
│ Kyiv │ 日本語で │
│ null │ b        │
└──────┴──────────┘
┌───────┐
│  temp │
│   f64 │
├───────┤
│  3.25 │
│ -1.00 │
└───────┘
2 rows x 3 columns"
        );
    }

    #[test]
    fn tables_between_lines_are_fitted_each() {
        let words = "some words above that are too long for a row";
        let text = table(&Bundle::text(format!("{words}\n{BOX}\nnot shown: 3 metrics\n{BOX}")), 20).expect("tables");
        assert!(text.lines().all(|line| columns_of(line) <= 20), "{text}");
        assert_eq!(text.matches('┌').count(), 4, "{text}");
        assert!(text.starts_with("some words above\n") && text.contains("\nnot shown: 3 metrics\n"), "{text}");
    }

    #[test]
    fn all_lines_of_a_box_are_equally_wide() {
        for width in 20..40 {
            let text = table(&Bundle::text(format!("{BOX} and a caption that is wider than the table")), width);
            let text = text.unwrap_or_else(|| BOX.to_owned());
            let boxes = text.lines().filter(|line| line.starts_with(['│', '┌', '├', '└']));
            let widths: Vec<usize> = boxes.map(columns_of).collect();
            assert!(widths.iter().all(|columns| *columns <= width), "{text}");
        }
    }

    #[test]
    fn the_whole_frame_is_read_where_it_is_known() {
        let cells: String = (0..30)
            .map(|i| format!("<tr><td>word number {i} &amp; more</td><td class=\"r n\">null</td></tr>"))
            .collect();
        let html = format!(
            "<div class=\"ironbook-frame\"><style>x</style><div class=\"s\"><table><thead><tr><th title=\"a\">word\
             <span class=\"t\">str</span><span class=\"u\"></span></th><th class=\"r\">n<span class=\"t\">i64</span></th>\
             </tr></thead><tbody>{cells}</tbody></table></div><p class=\"c\">30 rows x 2 columns</p></div>"
        );
        let text = table(&Bundle::text("short").html(html), 40).expect("a table");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], "│ word                  │    n │");
        assert_eq!(lines[4], "│ word number 0 & more  │ null │");
        assert_eq!(lines[9], "│ ⋮                     │    ⋮ │");
        assert_eq!((lines.len(), lines[16]), (17, "30 rows x 2 columns"));
    }
}
