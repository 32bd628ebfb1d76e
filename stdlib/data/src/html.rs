//! Frames as HTML tables for notebooks, on light and dark pages.

use crate::cells::{Cell, Shown, extent, rows_of, shown};
use ironbook_core::bundle::escape_html;
use polars::prelude::DataFrame;
use std::fmt::Write as _;

/// Rows shown from either end.
const ENDS: usize = 10;
/// Columns shown at most.
const COLUMNS: usize = 20;
/// Characters of a value at most.
const CHARACTERS: usize = 120;

/// Colours come from JupyterLab's variables; elsewhere from the page itself, with greys that suit both.
const STYLE: &str = "<style>\
.ironbook-frame{overflow-x:auto;max-width:100%;scrollbar-color:rgba(128,128,128,.5) transparent}\
.ironbook-frame table{border-collapse:collapse;border:none;margin:0;font-size:var(--jp-code-font-size,13px);color:var(--jp-content-font-color1,inherit);width:auto}\
.ironbook-frame th,.ironbook-frame td{padding:3px 10px;border:none;text-align:left;white-space:pre;max-width:32em;overflow:hidden;text-overflow:ellipsis;font-variant-numeric:tabular-nums}\
.ironbook-frame .r{text-align:right}\
.ironbook-frame thead th{font-weight:600;vertical-align:bottom;border-bottom:1px solid var(--jp-border-color1,rgba(128,128,128,.6))}\
.ironbook-frame .t{display:block;font-weight:400;font-size:85%;color:var(--jp-content-font-color2,inherit);opacity:.7}\
.ironbook-frame tbody tr{background:transparent}\
.ironbook-frame tbody td{border-bottom:1px solid var(--jp-border-color3,rgba(128,128,128,.2))}\
.ironbook-frame tbody tr:hover{background:var(--jp-rendermime-table-row-hover-background,rgba(128,128,128,.15))}\
.ironbook-frame .n{font-style:italic;opacity:.5}\
.ironbook-frame .g{text-align:center;opacity:.6}\
.ironbook-frame .c{margin:4px 0 0;font-size:85%;color:var(--jp-content-font-color2,inherit);opacity:.8}\
</style>";

/// The table, with `caption` in place of rows x columns if there is one.
pub(crate) fn table(df: &DataFrame, caption: Option<&str>) -> String {
    let (rows, gap) = rows_of(df.height(), ENDS);
    let columns: Vec<Shown> = df.columns().iter().take(COLUMNS).map(|c| shown(c, &rows)).collect();
    let hidden = df.width() - columns.len();
    let mut out = format!("<div class=\"ironbook-frame\">{STYLE}<table><thead><tr>");
    // Writing to a String cannot fail.
    let _ = write_rows(&mut out, &columns, rows.len(), gap, hidden);
    let mut caption = caption.map_or_else(|| extent(df.height(), df.width()), ToOwned::to_owned);
    if hidden > 0 {
        let _ = write!(caption, "; {hidden} more column{} not shown", if hidden == 1 { "" } else { "s" });
    }
    out + "</tbody></table><p class=\"c\">" + &escape_html(&caption) + "</p></div>"
}

fn write_rows(out: &mut String, columns: &[Shown], rows: usize, gap: Option<usize>, hidden: usize) -> std::fmt::Result {
    for column in columns {
        let class = if column.right { " class=\"r\"" } else { "" };
        write!(
            out,
            "<th{class}>{}<span class=\"t\">{}</span></th>",
            escape_html(&clip(&column.name)),
            escape_html(&column.dtype)
        )?;
    }
    if hidden > 0 {
        out.push_str("<th class=\"g\">…</th>");
    }
    out.push_str("</tr></thead><tbody>");
    for row in 0..rows {
        if gap == Some(row) {
            out.push_str("<tr>");
            for _ in 0..columns.len() + usize::from(hidden > 0) {
                out.push_str("<td class=\"g\">⋮</td>");
            }
            out.push_str("</tr>");
        }
        out.push_str("<tr>");
        for column in columns {
            let right = if column.right { "r" } else { "" };
            match &column.cells[row] {
                Cell::Null => write!(out, "<td class=\"{right} n\">null</td>")?,
                Cell::Text(text) if column.right => write!(out, "<td class=\"r\">{}</td>", escape_html(text))?,
                Cell::Text(text) => write!(out, "<td>{}</td>", escape_html(&clip(text)))?,
            }
        }
        if hidden > 0 {
            out.push_str("<td class=\"g\">…</td>");
        }
        out.push_str("</tr>");
    }
    Ok(())
}

/// Long texts cut, control characters made visible.
fn clip(text: &str) -> String {
    let mut out: String = text.chars().take(CHARACTERS).map(|c| if c.is_control() { '␣' } else { c }).collect();
    if text.chars().nth(CHARACTERS).is_some() {
        out.push('…');
    }
    out
}
