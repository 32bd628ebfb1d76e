//! The profile as HTML: one piece without anything from elsewhere, on light and dark pages.

use super::column::{ColumnProfile, Detail};
use super::target::TargetProfile;
use super::terminal::{headline, kind};
use super::warnings::{brief, measured, share, shortened};
use super::{Finding, Numbers, Profile, Texts, svg};
use crate::cells::grouped;
use ironbook_core::bundle::escape_html;
use std::fmt::Write as _;

/// Columns that get a card of their own at most; the others stand in the table only.
const CARDS: usize = 120;
/// Bytes of a page from which on there are no more cards, and no more rows of the table: it stays below a megabyte,
/// whatever the names and values are.
const BYTES: [usize; 2] = [600_000, 970_000];
/// Warnings behind the first ones that can be unfolded at most.
const MORE: usize = 200;
/// Columns of the heatmap at most.
const MAP: usize = 40;
/// Associations with the target shown at most.
const TELLING: usize = 30;

/// JupyterLab's variables where there are any, else the system's scheme.
const STYLE: &str = "<style>\
.ip{--ip-ink:var(--jp-content-font-color1,#22262b);--ip-soft:var(--jp-content-font-color2,#5a6169);--ip-page:var(--jp-layout-color1,#fff);\
--ip-card:var(--jp-layout-color2,#f6f7f8);--ip-line:var(--jp-border-color2,#d9dce0);--ip-bar:#0072b2;--ip-pos:#d55e00;--ip-warn:#b34700;\
color:var(--ip-ink);background:var(--ip-page);font:13px/1.45 system-ui,-apple-system,'Segoe UI',sans-serif;padding:4px 2px;max-width:1100px}\
@media (prefers-color-scheme:dark){.ip{--ip-ink:var(--jp-content-font-color1,#e3e6ea);--ip-soft:var(--jp-content-font-color2,#a0a7b0);\
--ip-page:var(--jp-layout-color1,#15181c);--ip-card:var(--jp-layout-color2,#1f2429);--ip-line:var(--jp-border-color2,#3a4148)}\
.ip{--ip-bar:#56b4e9;--ip-pos:#f08a3c;--ip-warn:#f0a35e}}\
body[data-jp-theme-light=true] .ip{--ip-bar:#0072b2;--ip-pos:#d55e00;--ip-warn:#b34700}\
body[data-jp-theme-light=false] .ip{--ip-bar:#56b4e9;--ip-pos:#f08a3c;--ip-warn:#f0a35e}\
.ip h2{font-size:15px;font-weight:600;margin:18px 0 6px;color:inherit}.ip h3{font-size:13px;font-weight:600;margin:0;color:inherit;overflow-wrap:anywhere}\
.ip p{margin:4px 0;color:inherit}.ip .ip-soft{color:var(--ip-soft)}\
.ip ul{margin:4px 0;padding-left:0;list-style:none}.ip li{padding:2px 0 2px 14px;border-left:3px solid var(--ip-line);margin:2px 0;overflow-wrap:anywhere}\
.ip li.ip-grave{border-left-color:var(--ip-warn)}.ip li b{font-weight:600}\
.ip table{border-collapse:collapse;border:none;margin:0;font-size:12px;color:inherit;font-variant-numeric:tabular-nums}\
.ip td,.ip th{padding:2px 10px 2px 0;border:none;text-align:left;color:inherit;background:none;font-weight:400;overflow-wrap:anywhere}\
.ip th{color:var(--ip-soft)}.ip td.r,.ip th.r{text-align:right;white-space:nowrap}.ip tbody tr{background:none!important}\
.ip .ip-cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(330px,1fr));gap:10px}\
.ip .ip-card{background:var(--ip-card);border:1px solid var(--ip-line);border-radius:6px;padding:10px 12px;min-width:0}\
.ip .ip-two{display:grid;grid-template-columns:1fr 1fr;gap:0 14px}\
.ip svg{display:block;max-width:100%;overflow:visible;margin:8px 0 4px}.ip svg text{fill:var(--ip-soft);font:11px system-ui,sans-serif}\
.ip .ip-h{width:100%}.ip .ip-map{height:auto}.ip .ip-scroll{overflow-x:auto;max-width:100%}\
.ip .ip-bar{fill:var(--ip-bar)}.ip .ip-axis{stroke:var(--ip-line);fill:none}.ip .ip-pos{fill:var(--ip-pos)}.ip .ip-neg{fill:var(--ip-bar)}.ip .ip-none{fill:var(--ip-line)}.ip .ip-map rect{stroke:var(--ip-line);stroke-width:.5}\
.ip .ip-track{background:var(--ip-line);border-radius:2px;height:9px;min-width:90px}.ip .ip-track i{display:block;height:9px;border-radius:2px;background:var(--ip-bar)}\
.ip .ip-v{max-width:160px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}\
.ip details>summary{cursor:pointer;color:var(--ip-soft);margin:4px 0}\
</style>";

/// A page of its own.
pub(super) fn page(profile: &Profile) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>Profile</title>\
         <style>body{{margin:0;background:#fff}}@media (prefers-color-scheme:dark){{body{{background:#15181c}}}}\
         .ip{{margin:0 auto;padding:14px 18px!important}}</style></head><body>{}</body></html>\n",
        fragment(profile)
    )
}

pub(super) fn fragment(profile: &Profile) -> String {
    let mut out = format!("<div class=\"ip\">{STYLE}<p><b>{}</b></p>", escape_html(&headline(profile)));
    for note in &profile.notes {
        let _ = write!(out, "<p class=\"ip-soft\">Note: {}</p>", escape_html(note));
    }
    warnings(profile, &mut out);
    if let Some(target) = &profile.target {
        of_target(target, &mut out);
    }
    out.push_str("<h2>Columns</h2><div class=\"ip-cards\">");
    let mut cards = 0;
    for column in profile.columns.iter().take(CARDS) {
        if out.len() > BYTES[0] {
            break;
        }
        card(profile, column, &mut out);
        cards += 1;
    }
    out.push_str("</div>");
    let mut map = String::new();
    correlations(profile, &mut map);
    if profile.columns.len() > cards {
        others(profile, cards, BYTES[1].saturating_sub(map.len()), &mut out);
    }
    out + &map + "</div>"
}

fn warnings(profile: &Profile, out: &mut String) {
    if profile.warnings.is_empty() {
        return;
    }
    let _ = write!(out, "<h2>Warnings ({})</h2>", profile.warnings.len());
    let line = |warning: &super::Warning| {
        let class = if warning.finding <= Finding::Infinite { " class=\"ip-grave\"" } else { "" };
        format!("<li{class}>{}</li>", escape_html(&warning.text))
    };
    let (first, rest) = profile.warnings.split_at(profile.warnings.len().min(15));
    let _ = write!(out, "<ul>{}</ul>", first.iter().map(line).collect::<String>());
    if !rest.is_empty() {
        let shown = rest.iter().take(MORE).map(line).collect::<String>();
        let _ = write!(out, "<details><summary>{} more</summary><ul>{shown}</ul>", grouped(rest.len()));
        if rest.len() > MORE {
            let _ = write!(out, "<p class=\"ip-soft\">and {} more, in .warnings</p>", grouped(rest.len() - MORE));
        }
        out.push_str("</details>");
    }
}

fn of_target(target: &TargetProfile, out: &mut String) {
    let _ = write!(
        out,
        "<h2>Target {}</h2><p>{}</p><table><thead><tr><th>column</th><th>how much it tells by itself</th><th>measure</th><th class=\"r\">value</th></tr></thead><tbody>",
        name(&target.name),
        escape_html(&kind(&target.kind))
    );
    for a in target.associations.iter().take(TELLING) {
        let _ = write!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td class=\"r\">{}</td></tr>",
            name(&a.column),
            track(a.strength),
            escape_html(&a.measure.to_string()),
            measured(a.value)
        );
    }
    out.push_str("</tbody></table>");
    if target.associations.len() > TELLING {
        let _ = write!(out, "<p class=\"ip-soft\">and {} more</p>", target.associations.len() - TELLING);
    }
}

fn track(share: f64) -> String {
    format!("<div class=\"ip-track\"><i style=\"width:{:.1}%\"></i></div>", 100.0 * share.clamp(0.0, 1.0))
}

fn name(text: &str) -> String {
    escape_html(&shortened(text))
}

fn card(profile: &Profile, column: &ColumnProfile, out: &mut String) {
    let _ = write!(
        out,
        "<div class=\"ip-card\"><h3>{} <span class=\"ip-soft\" style=\"font-weight:400\">{}</span></h3>",
        name(&column.name),
        escape_html(&shortened(&column.dtype))
    );
    let missing = match column.missing {
        0 => "none missing".to_owned(),
        n => format!("{} missing ({})", grouped(n), share(n, profile.rows)),
    };
    let _ = write!(out, "<p class=\"ip-soft\">{missing}, {} distinct</p>", grouped(column.distinct));
    match &column.detail {
        Detail::Number(numbers) => of_number(numbers, column, out),
        Detail::Time(times) => {
            out.push_str(&svg::histogram(&times.histogram, &times.min, &times.max));
            let _ = write!(out, "<p class=\"ip-soft\">median {}</p>", escape_html(&times.median));
        }
        Detail::Boolean { .. } => tops(column, out),
        Detail::Text(texts) => of_text(texts, column, out),
        Detail::Other => {}
    }
    out.push_str("</div>");
}

fn of_number(numbers: &Numbers, column: &ColumnProfile, out: &mut String) {
    let (Some(min), Some(max)) = (numbers.min, numbers.max) else { return };
    let (from, to) = svg::range(&numbers.histogram, min, max);
    out.push_str(&svg::histogram(&numbers.histogram, &from, &to));
    let (below, above) = (numbers.histogram.below, numbers.histogram.above);
    if below + above > 0 {
        let outside: Vec<String> = [(below, "lower"), (above, "higher")]
            .iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, what)| format!("{} {what}", grouped(*n)))
            .collect();
        let _ = write!(out, "<p class=\"ip-soft\">not drawn: {}</p>", outside.join(", "));
    }
    let some = |v: Option<f64>| v.map_or_else(|| "-".to_owned(), brief);
    let at = |i: usize| numbers.quantiles.get(i).copied();
    let left = [
        ("mean", some(numbers.mean)),
        ("deviation", some(numbers.std)),
        ("skewness", some(numbers.skew)),
        ("kurtosis", some(numbers.kurtosis)),
        ("zeros", share(numbers.zeros, column.present)),
        ("negative", share(numbers.negative, column.present)),
        ("infinite", grouped(numbers.infinite)),
    ];
    let right = [
        ("min", some(Some(min))),
        ("5%", some(at(1))),
        ("25%", some(at(2))),
        ("median", some(at(3))),
        ("75%", some(at(4))),
        ("95%", some(at(5))),
        ("max", some(Some(max))),
    ];
    out.push_str("<div class=\"ip-two\">");
    for side in [left, right] {
        let rows = side.iter().map(|(head, value)| format!("<tr><th>{head}</th><td class=\"r\">{value}</td></tr>"));
        let _ = write!(out, "<table><tbody>{}</tbody></table>", rows.collect::<String>());
    }
    out.push_str("</div>");
}

fn of_text(texts: &Texts, column: &ColumnProfile, out: &mut String) {
    if column.present == 0 {
        return;
    }
    tops(column, out);
    let lengths = match texts.shortest == texts.longest {
        true => format!("{} characters", texts.longest),
        false => format!("{} to {} characters, {} on average", texts.shortest, texts.longest, brief(texts.mean_length)),
    };
    let _ = write!(out, "<p class=\"ip-soft\">{lengths}</p>");
}

fn tops(column: &ColumnProfile, out: &mut String) {
    if column.top.is_empty() {
        out.push_str(if column.present > 0 { "<p class=\"ip-soft\">all different</p>" } else { "" });
        return;
    }
    out.push_str("<table style=\"width:100%;margin-top:6px\"><tbody>");
    let most = column.top.first().map_or(1, |(_, n)| *n).max(1) as f64;
    let shown = column.top.iter().take(8);
    let mut rest = column.present;
    for (value, count) in shown {
        rest -= count;
        let short = shortened(value);
        let text = if short.trim().is_empty() { format!("\"{short}\"") } else { short };
        let _ = write!(
            out,
            "<tr><td class=\"ip-v\">{}</td><td style=\"width:45%\">{}</td><td class=\"r\">{}</td></tr>",
            escape_html(&text),
            track(*count as f64 / most),
            share(*count, column.present)
        );
    }
    if rest > 0 {
        let _ = write!(out, "<tr><th>others</th><td></td><td class=\"r\">{}</td></tr>", share(rest, column.present));
    }
    out.push_str("</tbody></table>");
}

/// The columns without cards, in a table, until the page has so many bytes.
fn others(profile: &Profile, cards: usize, bytes: usize, out: &mut String) {
    let rest = &profile.columns[cards..];
    let _ = write!(
        out,
        "<details><summary>{} more column{}</summary><table><thead><tr><th>column</th><th>type</th><th class=\"r\">missing</th><th class=\"r\">distinct</th></tr></thead><tbody>",
        grouped(rest.len()),
        if rest.len() == 1 { "" } else { "s" }
    );
    let mut shown = 0;
    for column in rest {
        if out.len() > bytes {
            break;
        }
        let _ = write!(
            out,
            "<tr><td>{}</td><td>{}</td><td class=\"r\">{}</td><td class=\"r\">{}</td></tr>",
            name(&column.name),
            escape_html(&shortened(&column.dtype)),
            share(column.missing, profile.rows),
            grouped(column.distinct)
        );
        shown += 1;
    }
    out.push_str("</tbody></table>");
    if shown < rest.len() {
        let _ = write!(out, "<p class=\"ip-soft\">and {} more, in .columns</p>", grouped(rest.len() - shown));
    }
    out.push_str("</details>");
}

fn correlations(profile: &Profile, out: &mut String) {
    let Some(correlations) = &profile.correlations else { return };
    let n = correlations.names.len().min(MAP);
    let names = &correlations.names[..n];
    out.push_str("<h2>Correlations</h2>");
    if n < correlations.names.len() {
        let _ = write!(out, "<p class=\"ip-soft\">the first {n} of {} columns</p>", correlations.names.len());
    }
    out.push_str("<p class=\"ip-soft\">Spearman: orange rises together, blue runs against each other; point at a square for its value</p>");
    let _ = write!(out, "<div class=\"ip-scroll\">{}</div>", svg::heatmap(names, &correlations.spearman));
    out.push_str("<details><summary>Pearson</summary>");
    let _ = write!(out, "<div class=\"ip-scroll\">{}</div></details>", svg::heatmap(names, &correlations.pearson));
}
