//! Tables as text in a box and as HTML in the colours of the notebook.

use crate::format::short;
use ironbook_core::bundle::escape_html;
use std::fmt::Write;
use unicode_width::UnicodeWidthStr;

/// Longest text in a cell of a text table.
const TEXT_CELL: usize = 36;
/// Longest text in a cell of an HTML table (the whole is in its title).
const HTML_CELL: usize = 60;

/// On which side a column's texts stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// A column: its title, and the group of columns to which it belongs (`""`: none).
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub title: String,
    pub group: &'static str,
    pub align: Align,
}

impl Column {
    pub fn new(title: impl Into<String>, group: &'static str, align: Align) -> Column {
        Column { title: title.into(), group, align }
    }
}

/// One cell: its text, and HTML of its own where text alone does not do (escaped by its maker).
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    pub text: String,
    pub html: Option<String>,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Cell { text, html: None }
    }
}

/// Columns and rows of equal length.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// In a box of line characters.
    pub fn text(&self) -> String {
        let titles: Vec<_> = self.columns.iter().map(|c| short(&c.title, TEXT_CELL)).collect();
        let rows: Vec<Vec<_>> =
            self.rows.iter().map(|row| row.iter().map(|cell| short(&cell.text, TEXT_CELL)).collect()).collect();
        let width = |i: usize| {
            let cells = rows.iter().map(|row: &Vec<String>| row[i].width());
            cells.chain([titles[i].width()]).max().unwrap_or(0)
        };
        let widths: Vec<_> = (0..titles.len()).map(width).collect();
        let rule = |left: char, middle: &str, right: char| {
            let bars: Vec<_> = widths.iter().map(|w| "─".repeat(w + 2)).collect();
            format!("{left}{}{right}\n", bars.join(middle))
        };
        let line = |cells: &[String]| {
            let padded = cells.iter().zip(&widths).zip(&self.columns).map(|((cell, width), column)| {
                let pad = " ".repeat(width - cell.width());
                match column.align {
                    Align::Left => format!(" {cell}{pad} "),
                    Align::Right => format!(" {pad}{cell} "),
                }
            });
            format!("│{}│\n", padded.collect::<Vec<_>>().join("│"))
        };
        let body: String = rows.iter().map(|row| line(row)).collect();
        [rule('┌', "┬", '┐'), line(&titles), rule('├', "┼", '┤'), body, rule('└', "┴", '┘').trim_end().to_owned()]
            .concat()
    }

    /// As an HTML table, for inside of [`page`].
    pub fn html(&self) -> String {
        let mut out = String::from("<table><thead>");
        if self.columns.iter().any(|c| !c.group.is_empty()) {
            out.push_str("<tr>");
            for group in self.columns.chunk_by(|a, b| a.group == b.group) {
                // Writing to a string cannot fail.
                let _ =
                    write!(out, "<th class=\"group\" colspan=\"{}\">{}</th>", group.len(), escape_html(group[0].group));
            }
            out.push_str("</tr>");
        }
        out.push_str("<tr>");
        for column in &self.columns {
            let title = short(&column.title, HTML_CELL);
            let _ = write!(out, "<th{}>{}</th>", class(column.align), escape_html(&title));
        }
        out.push_str("</tr></thead><tbody>");
        for row in &self.rows {
            out.push_str("<tr>");
            for (cell, column) in row.iter().zip(&self.columns) {
                let _ = write!(out, "<td{}>{}</td>", class(column.align), cell_html(cell));
            }
            out.push_str("</tr>");
        }
        out.push_str("</tbody></table>");
        out
    }
}

fn class(align: Align) -> &'static str {
    match align {
        Align::Left => "",
        Align::Right => " class=\"number\"",
    }
}

fn cell_html(cell: &Cell) -> String {
    if let Some(html) = &cell.html {
        return html.clone();
    }
    let shown = short(&cell.text, HTML_CELL);
    if shown == cell.text {
        return escape_html(&shown);
    }
    format!("<span title=\"{}\">{}</span>", escape_html(&short(&cell.text, 500)), escape_html(&shown))
}

/// Wraps HTML with the style that all views of tracking share.
///
/// The colours are JupyterLab's, so that its dark theme works; the fallbacks suit a white page.
pub(crate) fn page(body: &str) -> String {
    format!("<div class=\"ib-track\"><style>{STYLE}</style>{body}</div>")
}

const STYLE: &str = "
.ib-track{font:13px/1.45 var(--jp-ui-font-family,system-ui,sans-serif);color:var(--jp-ui-font-color1,#212121);overflow-x:auto}
.ib-track h4{margin:0 0 6px;font-size:15px;font-weight:600}
.ib-track h5{margin:12px 0 4px;font-size:12px;font-weight:600;color:var(--jp-ui-font-color2,#616161)}
.ib-track table{color:inherit;border-collapse:collapse;border:0;margin:0;font-size:13px;font-variant-numeric:tabular-nums}
.ib-track th,.ib-track td{padding:4px 12px 4px 0;text-align:left;border:0;background:none;white-space:nowrap;vertical-align:middle}
.ib-track thead tr:last-child th{font-weight:600;border-bottom:1px solid var(--jp-border-color1,#bdbdbd)}
.ib-track th.group{font-size:11px;font-weight:400;color:var(--jp-ui-font-color2,#757575);padding-bottom:0}
.ib-track tbody tr+tr td{border-top:1px solid var(--jp-border-color3,#eee)}
.ib-track tbody tr:hover td{background:var(--jp-layout-color2,#f5f5f5)}
.ib-track .number{text-align:right}
.ib-track .soft{color:var(--jp-ui-font-color2,#757575)}
.ib-track code{font-family:var(--jp-code-font-family,monospace);font-size:12px;background:none}
.ib-track .columns{display:flex;flex-wrap:wrap;gap:0 40px;align-items:flex-start}
.ib-track .status::before{content:'';display:inline-block;width:8px;height:8px;border-radius:50%;margin-right:6px;background:currentColor}
.ib-track .finished{color:var(--jp-success-color1,#388e3c)}
.ib-track .running{color:var(--jp-info-color1,#1976d2)}
.ib-track .failed{color:var(--jp-error-color1,#d32f2f)}
.ib-track .killed{color:var(--jp-warn-color1,#f57c00)}
.ib-track svg{display:block;color:var(--jp-brand-color1,#1976d2)}
.ib-track summary{cursor:pointer;color:var(--jp-ui-font-color2,#616161);margin-top:10px}
";
