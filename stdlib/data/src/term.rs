//! Frames as tables for the terminal, fitted to its width.

use crate::cells::{Cell, Shown, extent, rows_of, shown};
use polars::prelude::DataFrame;
use unicode_width::UnicodeWidthStr;

/// Rows shown from either end of a frame of more than [`ALL`] rows.
const ENDS: usize = 5;
/// Frames of up to this many rows are shown whole.
const ALL: usize = 20;
/// A column of text is cut to no less than this to make room for others.
const NARROW: usize = 10;
/// Widest column of text.
const WIDE: usize = 40;

/// A column of strings, head and body, all ready to print.
struct Printed {
    head: [String; 2],
    body: Vec<String>,
    right: bool,
    width: usize,
    /// The width that it keeps while other columns can be narrowed or left out.
    least: usize,
    /// Whether it stands for columns that are not shown.
    gap: bool,
}

/// The table in at most `width` columns of the terminal (but at least 20), with `caption` in place of rows x columns.
pub(crate) fn table(df: &DataFrame, width: usize, caption: Option<&str>) -> String {
    let (rows, gap) = if df.height() <= ALL { rows_of(df.height(), ALL) } else { rows_of(df.height(), ENDS) };
    let mut columns: Vec<Printed> = choose(df, width)
        .map(|i| i.map_or_else(|| dots(rows.len()), |i| print(&shown(&df.columns()[i], &rows))))
        .collect();
    fit(&mut columns, width.max(20));
    let caption = caption.map_or_else(|| extent(df.height(), df.width()), ToOwned::to_owned);
    if columns.is_empty() {
        return caption;
    }
    let rule = |left: &str, cross: &str, right: &str| {
        let dashes: Vec<String> = columns.iter().map(|c| "─".repeat(c.width + 2)).collect();
        format!("{left}{}{right}", dashes.join(cross))
    };
    let line = |cell: &dyn Fn(&Printed) -> String| {
        let cells: Vec<String> = columns.iter().map(|c| pad(&cell(c), c.width, c.right)).collect();
        format!("│ {} │", cells.join(" │ "))
    };
    let mut out =
        vec![rule("┌", "┬", "┐"), line(&|c| c.head[0].clone()), line(&|c| c.head[1].clone()), rule("├", "┼", "┤")];
    for row in 0..rows.len() {
        if gap == Some(row) {
            out.push(line(&|_| "⋮".to_owned()));
        }
        out.push(line(&|c| c.body[row].clone()));
    }
    out.push(rule("└", "┴", "┘"));
    out.push(caption);
    out.join("\n")
}

/// Numbers of the columns worth formatting for this width, `None` for those between: a frame can have thousands.
fn choose(df: &DataFrame, width: usize) -> impl Iterator<Item = Option<usize>> {
    let (all, most) = (df.width(), (width / 4).max(4)); // no column takes less than four
    let ends = if all > most { Some((most / 2, all - most / 2)) } else { None };
    let (head, tail) = ends.unwrap_or((all, all));
    (0..head).map(Some).chain(ends.map(|_| None)).chain((tail..all).map(Some))
}

fn dots(rows: usize) -> Printed {
    Printed {
        head: ["…".to_owned(), String::new()],
        body: vec!["…".to_owned(); rows],
        right: false,
        width: 1,
        least: 1,
        gap: true,
    }
}

fn print(column: &Shown) -> Printed {
    let body: Vec<String> = column.cells.iter().map(|cell| text_of(cell, column.right)).collect();
    let head = [escaped(&column.name), escaped(&column.dtype)];
    let width = head.iter().chain(&body).map(|t| t.width()).max().unwrap_or(1).min(WIDE);
    let values = body.iter().map(|t| t.width()).max().unwrap_or(1).min(WIDE);
    let least = if column.whole { values.max(NARROW) } else { NARROW };
    Printed { head, body, right: column.right, width, least, gap: false }
}

/// Strings that would look like a null, or like nothing, stand in quotes.
fn text_of(cell: &Cell, number: bool) -> String {
    match cell {
        Cell::Null => "null".to_owned(),
        Cell::Text(text) if number => text.clone(),
        Cell::Text(text) if text.is_empty() || text == "null" => format!("\"{text}\""),
        Cell::Text(text) => escaped(text),
    }
}

/// Control characters (escape sequences of terminals among them) as Rust writes them.
fn escaped(text: &str) -> String {
    if !text.contains(|c: char| c.is_control()) {
        return text.to_owned();
    }
    text.chars().map(|c| if c.is_control() { c.escape_default().to_string() } else { c.to_string() }).collect()
}

/// Narrows columns of text, widest first, then drops columns from the middle, then narrows whatever is left.
fn fit(columns: &mut Vec<Printed>, width: usize) {
    while columns.iter().map(|c| c.width + 3).sum::<usize>() + 1 > width {
        if let Some(at) = widest(columns, |c| !c.right && c.width > c.least) {
            columns[at].width -= 1;
        } else if columns.len() > 3 {
            drop_middle(columns);
        } else if let Some(at) = widest(columns, |c| c.width > 1) {
            columns[at].width -= 1;
        } else {
            return;
        }
    }
}

fn widest(columns: &[Printed], may: impl Fn(&Printed) -> bool) -> Option<usize> {
    (0..columns.len()).filter(|&i| may(&columns[i])).max_by_key(|&i| columns[i].width)
}

/// Turns the column in the middle into the gap, or widens the gap on its longer side.
fn drop_middle(columns: &mut Vec<Printed>) {
    match columns.iter().position(|c| c.gap) {
        Some(at) if at > columns.len() - at - 1 => drop(columns.remove(at - 1)),
        Some(at) => drop(columns.remove(at + 1)),
        None => {
            let (at, rows) = (columns.len() / 2, columns[0].body.len());
            columns[at] = dots(rows);
        }
    }
}

/// The text in exactly `width` columns, cut with an ellipsis if need be.
fn pad(text: &str, width: usize, right: bool) -> String {
    let text = cut_to(text, width);
    let space = " ".repeat(width - text.width());
    if right { space + &text } else { text + &space }
}

fn cut(text: &str, width: usize) -> String {
    let mut out = String::new();
    for c in text.chars() {
        let next = format!("{out}{c}");
        if next.width() + 1 > width {
            break;
        }
        out = next;
    }
    out + "…"
}

/// The text, cut with an ellipsis if it is wider than `width` columns.
pub(crate) fn cut_to(text: &str, width: usize) -> String {
    if text.width() > width { cut(text, width) } else { text.to_owned() }
}
