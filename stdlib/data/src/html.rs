//! Frames as HTML tables for notebooks, on light and dark pages.

use crate::cells::{Cell, Shown, extent, grouped, rows_of, shown};
use ironbook_core::bundle::escape_html;
use polars::prelude::DataFrame;
use std::fmt::Write as _;

/// Rows shown from either end of a frame of more than [`WHOLE`] rows.
const ENDS: usize = 10;
/// Frames of up to this many rows are shown whole; the table scrolls.
const WHOLE: usize = 60;
/// Columns shown of a frame that has more: so many first ones, so many last ones.
const COLUMNS: (usize, usize) = (12, 8);
/// Characters of a value at most, and of its tooltip.
const CHARACTERS: (usize, usize) = (120, 1000);
/// Texts from this length on may be cut by the width of the page, so they have a tooltip.
const LONG: usize = 40;

/// Colours come from JupyterLab's or VS Code's variables; elsewhere from the page, with greys that suit light and dark.
/// The class stands twice, to count for more than the rules of notebooks for all tables. The head stays in sight; what scrolls beneath it is blurred, as the page's colour is not known everywhere.
const STYLE: &str = "<style>\
.ironbook-frame{max-width:100%;color:var(--jp-content-font-color1,var(--vscode-editor-foreground,inherit))}\
.ironbook-frame .s{overflow:auto;overflow-x:auto;max-height:40em;max-width:100%;scrollbar-color:rgba(128,128,128,.5) transparent}\
.ironbook-frame table{border-collapse:separate;border-spacing:0;border:none;margin:0;font-size:var(--jp-code-font-size,13px);color:inherit;width:auto;table-layout:auto}\
.ironbook-frame.ironbook-frame th,.ironbook-frame.ironbook-frame td{padding:3px 10px;border:none;text-align:left;white-space:pre;max-width:32em;overflow:hidden;text-overflow:ellipsis;font-variant-numeric:tabular-nums;unicode-bidi:isolate}\
.ironbook-frame.ironbook-frame .r{text-align:right}\
.ironbook-frame.ironbook-frame thead th{position:sticky;top:0;z-index:1;font-weight:600;vertical-align:bottom;border-bottom:1px solid var(--jp-border-color1,rgba(128,128,128,.6));background:var(--jp-layout-color0,var(--vscode-editor-background,rgba(128,128,128,.1)));backdrop-filter:blur(12px)}\
.ironbook-frame .t{display:block;font-weight:400;font-size:85%;color:var(--jp-content-font-color2,inherit);opacity:.7}\
.ironbook-frame .u{display:block;height:3px;margin-top:3px;min-width:2em;background:rgba(128,128,128,.2)}\
.ironbook-frame .u i{display:block;height:100%;background:#d9822b}\
.ironbook-frame tbody tr{background:transparent}\
.ironbook-frame.ironbook-frame tbody td{border-bottom:1px solid var(--jp-border-color3,rgba(128,128,128,.2))}\
.ironbook-frame tbody tr:hover{background:var(--jp-rendermime-table-row-hover-background,rgba(128,128,128,.15))}\
.ironbook-frame .n{font-style:italic;opacity:.5}\
.ironbook-frame.ironbook-frame .g{text-align:center;opacity:.6}\
.ironbook-frame .c{margin:4px 0 0;font-size:85%;color:var(--jp-content-font-color2,inherit);opacity:.8}\
</style>";

/// A column as shown, or those between that are not.
enum Place {
    Column(Shown, usize),
    Gap,
}

/// The table, with `caption` in place of rows x columns if there is one.
pub(crate) fn table(df: &DataFrame, caption: Option<&str>) -> String {
    let (rows, gap) = if df.height() <= WHOLE { rows_of(df.height(), WHOLE) } else { rows_of(df.height(), ENDS) };
    let places = places(df, &rows);
    let mut out = format!("<div class=\"ironbook-frame\">{STYLE}<div class=\"s\"><table><thead><tr>");
    // Writing to a String cannot fail.
    let _ = write_head(&mut out, &places, df.height());
    out.push_str("</tr></thead><tbody>");
    let _ = write_rows(&mut out, &places, rows.len(), gap);
    let mut caption = caption.map_or_else(|| extent(df.height(), df.width()), ToOwned::to_owned);
    let hidden = df.width() - places.iter().filter(|place| matches!(place, Place::Column(..))).count();
    if hidden > 0 {
        let _ = write!(caption, "; {hidden} column{} in the middle not shown", if hidden == 1 { "" } else { "s" });
    }
    out + "</tbody></table></div><p class=\"c\">" + &escape_html(&caption) + "</p></div>"
}

fn places(df: &DataFrame, rows: &[usize]) -> Vec<Place> {
    let place = |i: usize| Place::Column(shown(&df.columns()[i], rows), df.columns()[i].null_count());
    let (first, last) = COLUMNS;
    if df.width() <= first + last {
        return (0..df.width()).map(place).collect();
    }
    (0..first).map(place).chain([Place::Gap]).chain((df.width() - last..df.width()).map(place)).collect()
}

fn write_head(out: &mut String, places: &[Place], height: usize) -> std::fmt::Result {
    let any_null = places.iter().any(|place| matches!(place, Place::Column(_, nulls) if *nulls > 0));
    for place in places {
        let Place::Column(column, nulls) = place else {
            out.push_str("<th class=\"g\">…</th>");
            continue;
        };
        let class = if column.right { " class=\"r\"" } else { "" };
        write!(
            out,
            "<th{class}{}>{}<span class=\"t\">{}</span>",
            tip(&column.name),
            escape_html(&clip(&column.name)),
            escape_html(&clip(&column.dtype))
        )?;
        if any_null {
            write_nulls(out, *nulls, height)?;
        }
        out.push_str("</th>");
    }
    Ok(())
}

/// A thin bar, filled by the share of nulls.
fn write_nulls(out: &mut String, nulls: usize, height: usize) -> std::fmt::Result {
    let percent = 100.0 * nulls as f64 / height.max(1) as f64;
    if nulls == 0 {
        out.push_str("<span class=\"u\" title=\"no nulls\"></span>");
        return Ok(());
    }
    // A single null of many is seen as well.
    let (width, words) = (percent.max(3.0), grouped(nulls));
    write!(out, "<span class=\"u\" title=\"{words} null ({percent:.1}%)\"><i style=\"width:{width:.1}%\"></i></span>")
}

fn write_rows(out: &mut String, places: &[Place], rows: usize, gap: Option<usize>) -> std::fmt::Result {
    for row in 0..rows {
        if gap == Some(row) {
            out.push_str("<tr>");
            out.push_str(&"<td class=\"g\">⋮</td>".repeat(places.len()));
            out.push_str("</tr>");
        }
        out.push_str("<tr>");
        for place in places {
            match place {
                Place::Column(column, _) => write_cell(out, &column.cells[row], column.right)?,
                Place::Gap => out.push_str("<td class=\"g\">…</td>"),
            }
        }
        out.push_str("</tr>");
    }
    Ok(())
}

fn write_cell(out: &mut String, cell: &Cell, right: bool) -> std::fmt::Result {
    let class = if right { "r" } else { "" };
    match cell {
        Cell::Null => write!(out, "<td class=\"{class} n\">null</td>"),
        Cell::Text(text) if right => write!(out, "<td class=\"r\">{}</td>", escape_html(text)),
        Cell::Text(text) => write!(out, "<td{}>{}</td>", tip(text), escape_html(&clip(text))),
    }
}

/// Long texts cut, control characters made visible.
fn clip(text: &str) -> String {
    let mut out: String = text.chars().take(CHARACTERS.0).map(|c| if c.is_control() { '␣' } else { c }).collect();
    if text.chars().nth(CHARACTERS.0).is_some() {
        out.push('…');
    }
    out
}

/// The tooltip of a text that may be cut.
fn tip(text: &str) -> String {
    if text.chars().nth(LONG).is_none() {
        return String::new();
    }
    let mut whole: String = text.chars().take(CHARACTERS.1).collect();
    if text.chars().nth(CHARACTERS.1).is_some() {
        whole.push('…');
    }
    format!(" title=\"{}\"", escape_html(&whole))
}
