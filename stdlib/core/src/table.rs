//! Small tables as HTML and as text, for the displays of models and reports: a title, facts, rows, bars, notes.

use crate::bundle::{Bundle, escape_html};

/// Characters of a cell that HTML shows; the rest is in its tooltip.
const CHARACTERS: usize = 60;

/// Colours are the page's own, or JupyterLab's, so that light and dark pages are served alike.
const STYLE: &str = "<style>\
.ironbook-card{color:var(--jp-content-font-color1,inherit);font-size:var(--jp-content-font-size1,13px)}\
.ironbook-card table{border-collapse:collapse;border:none;margin:2px 0 6px;width:auto;table-layout:auto;color:inherit;font-size:inherit}\
.ironbook-card th,.ironbook-card td{padding:2px 10px;border:none;text-align:right;white-space:nowrap;vertical-align:baseline;font-variant-numeric:tabular-nums}\
.ironbook-card th:first-child,.ironbook-card td:first-child{text-align:left}\
.ironbook-card thead th{font-weight:600;border-bottom:1px solid var(--jp-border-color1,rgba(128,128,128,.6))}\
.ironbook-card tbody tr{background:transparent;border:none}\
.ironbook-card tbody tr:hover{background:rgba(128,128,128,.12)}\
.ironbook-card p{margin:0 0 4px;white-space:pre-line}\
.ironbook-card .h{font-weight:600}\
.ironbook-card .f tbody tr:nth-child(n){background:transparent}\
.ironbook-card.ironbook-card .f td{text-align:left;white-space:pre-wrap;max-width:60em}\
.ironbook-card .f td:first-child,.ironbook-card .n{opacity:.75;white-space:pre-line}\
.ironbook-card .w{border-left:3px solid var(--jp-warn-color1,#e69f00);padding-left:8px}\
.ironbook-card .b{display:inline-block;width:120px;height:.7em;background:rgba(128,128,128,.15)}\
.ironbook-card .b i{display:block;height:100%;background:#0f82c8}\
.ironbook-card .b .m{background:#dc6e1e}\
</style>";

/// A titled table: the first column is text, the others are numbers.
///
/// ```
/// use ironbook_core::table::Table;
/// let mut table = Table::new("Model for \"late\"", &["feature", "coef"]);
/// table.field("task", "regression");
/// table.bar(["distance".to_owned(), "0.5".to_owned()], 1.0);
/// table.bar(["hour".to_owned(), "-0.25".to_owned()], -0.5);
/// table.note("explains 0.4 of the variance");
/// assert_eq!(table.bundle().plain(), "\
/// Model for \"late\"
/// task  regression
/// feature    coef
/// distance    0.5  ██████████
/// hour      -0.25  █████
/// explains 0.4 of the variance");
/// ```
#[derive(Clone, Debug)]
pub struct Table {
    title: String,
    fields: Vec<(String, String)>,
    header: Vec<String>,
    rows: Vec<Row>,
    notes: Vec<String>,
    links: Vec<String>,
}

#[derive(Clone, Debug)]
struct Row {
    cells: Vec<String>,
    /// From -1 to 1.
    bar: Option<f64>,
}

impl Table {
    /// An empty table with this title and header.
    pub fn new(title: impl Into<String>, header: &[&str]) -> Self {
        let header = header.iter().map(|&h| h.to_owned()).collect();
        Table {
            title: title.into(),
            fields: Vec::new(),
            header,
            rows: Vec::new(),
            notes: Vec::new(),
            links: Vec::new(),
        }
    }

    /// A title with facts below it, without columns.
    pub fn card(title: impl Into<String>) -> Self {
        Table::new(title, &[])
    }

    /// Adds a fact above the rows.
    pub fn field(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.fields.push((name.into(), value.into()));
    }

    /// Adds a row, one cell per column.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(Row { cells: cells.into_iter().collect(), bar: None });
    }

    /// Adds a row with a bar, which is full at 1 and points the other way below 0.
    pub fn bar(&mut self, cells: impl IntoIterator<Item = String>, share: f64) {
        self.rows.push(Row { cells: cells.into_iter().collect(), bar: Some(share) });
    }

    /// Adds a line below the table; one that begins with `warning:` stands out.
    pub fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// Makes an address of the web a link in HTML, wherever it is the whole of a fact or cell. Texts from data stay texts.
    pub fn link(&mut self, address: impl Into<String>) {
        self.links.push(address.into());
    }

    /// The table as HTML and text.
    pub fn bundle(&self) -> Bundle {
        Bundle::text(self.text()).html(self.html())
    }

    fn text(&self) -> String {
        let mut lines = vec![visible(&self.title)];
        let widest = self.fields.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        lines.extend(self.fields.iter().map(|(name, value)| visible(&format!("{name:<widest$}  {value}"))));
        let widths: Vec<usize> = (0..self.header.len()).map(|c| self.width(c)).collect();
        let line = |cells: &[String], bar: &str| {
            let mut out = String::new();
            for (c, (cell, &w)) in cells.iter().zip(&widths).enumerate() {
                let cell = visible(cell);
                out += &if c == 0 { format!("{cell:<w$}") } else { format!("  {cell:>w$}") };
            }
            format!("{out}  {bar}").trim_end().to_owned()
        };
        lines.push(line(&self.header, ""));
        lines.extend(self.rows.iter().map(|row| line(&row.cells, &row.bar.map_or_else(String::new, blocks))));
        lines.extend(self.notes.iter().map(|note| note.lines().map(visible).collect::<Vec<_>>().join("\n")));
        lines.retain(|l| !l.is_empty());
        lines.join("\n")
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.cells.get(column));
        cells.chain([&self.header[column]]).map(|cell| visible(cell).chars().count()).max().unwrap_or(0)
    }

    fn html(&self) -> String {
        let fields: String = self
            .fields
            .iter()
            .map(|(name, value)| format!("<tr><td>{}</td><td>{}</td></tr>", escape_html(name), self.linked(value)))
            .collect();
        let fields =
            if fields.is_empty() { fields } else { format!("<table class=\"f\"><tbody>{fields}</tbody></table>") };
        format!(
            "<div class=\"ironbook-card\">{STYLE}<p class=\"h\">{}</p>{fields}{}{}</div>",
            escape_html(&self.title),
            self.body(),
            self.notes.iter().map(|note| paragraph(note)).collect::<String>(),
        )
    }

    fn body(&self) -> String {
        if self.header.is_empty() {
            return String::new();
        }
        let bars = self.rows.iter().any(|row| row.bar.is_some());
        let signed = self.rows.iter().any(|row| row.bar.is_some_and(|share| share < 0.0));
        let head: String = self.header.iter().map(|h| format!("<th>{}</th>", escape_html(h))).collect();
        let row = |row: &Row| {
            let cells: String = row.cells.iter().map(|text| self.cell(text)).collect();
            let bar = row.bar.map_or_else(String::new, |share| stripe(share, signed));
            let bar = if bars { format!("<td>{bar}</td>") } else { bar };
            format!("<tr>{cells}{bar}</tr>")
        };
        format!(
            "<table><thead><tr>{head}{}</tr></thead><tbody>{}</tbody></table>",
            if bars { "<th></th>" } else { "" },
            self.rows.iter().map(row).collect::<String>()
        )
    }

    fn cell(&self, text: &str) -> String {
        match text.char_indices().nth(CHARACTERS) {
            Some((at, _)) => format!("<td title=\"{}\">{}…</td>", escape_html(text), escape_html(&text[..at])),
            None => format!("<td>{}</td>", self.linked(text)),
        }
    }

    /// A text as HTML, a link if it is one of the links.
    fn linked(&self, text: &str) -> String {
        let escaped = escape_html(text);
        if !self.links.iter().any(|link| link == text) {
            return escaped;
        }
        format!("<a href=\"{escaped}\" target=\"_blank\" rel=\"noopener noreferrer\">{escaped}</a>")
    }
}

fn paragraph(note: &str) -> String {
    let class = if note.starts_with("warning:") { "w" } else { "n" };
    format!("<p class=\"{class}\">{}</p>", escape_html(note))
}

/// A bar; one of a signed set begins in the middle.
fn stripe(share: f64, signed: bool) -> String {
    let share = if share.is_finite() { share.clamp(-1.0, 1.0) } else { 0.0 };
    let whole = if signed { 50.0 } else { 100.0 };
    let width = share.abs() * whole;
    let (class, from) = match share < 0.0 {
        true => (" class=\"m\"", 50.0 - width),
        false => ("", if signed { 50.0 } else { 0.0 }),
    };
    let from = if signed { format!("margin-left:{from:.1}%;") } else { String::new() };
    format!("<span class=\"b\"><i{class} style=\"{from}width:{width:.1}%\"></i></span>")
}

/// A bar of at most ten characters.
fn blocks(share: f64) -> String {
    let eighths = (share.abs().min(1.0) * 80.0).round() as usize;
    let rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8];
    "█".repeat(eighths / 8) + rest
}

/// Text from data for terminals: control characters as Rust writes them.
pub fn visible(text: &str) -> String {
    if !text.contains(|c: char| c.is_control()) {
        return text.to_owned();
    }
    text.chars().map(|c| if c.is_control() { c.escape_default().to_string() } else { c.to_string() }).collect()
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
        let html = bundle.get("text/html").unwrap();
        assert!(html.contains("A &lt;b&gt;") && html.contains("x&amp;y"), "{html}");
    }

    #[test]
    fn addresses_that_were_named_are_links_and_others_are_not() {
        let mut table = Table::new("t", &["url"]);
        table.link("http://here/\"><b>");
        table.row(["http://here/\"><b>".to_owned()]);
        table.row(["http://there".to_owned()]);
        table.field("page", "http://here/\"><b>");
        let bundle = table.bundle();
        let html = bundle.get("text/html").unwrap();
        let link = "<a href=\"http://here/&quot;&gt;&lt;b&gt;\" target=\"_blank\" rel=\"noopener noreferrer\">";
        assert_eq!(html.matches(link).count(), 2, "{html}");
        assert!(html.contains("<td>http://there</td>"), "{html}");
    }

    #[test]
    fn bars_point_both_ways_and_stay_within_their_place() {
        assert_eq!(stripe(0.5, false), "<span class=\"b\"><i style=\"width:50.0%\"></i></span>");
        assert!(stripe(-0.5, true).contains("class=\"m\" style=\"margin-left:25.0%;width:25.0%\""));
        assert!(stripe(7.0, true).contains("margin-left:50.0%;width:50.0%"));
        assert!(stripe(f64::NAN, false).contains("width:0.0%"));
        assert_eq!((blocks(1.0), blocks(0.55), blocks(0.001)), ("█".repeat(10), "█████▌".to_owned(), String::new()));
    }

    #[test]
    fn hostile_texts_stay_text() {
        let evil = "</table><script>\"'\u{1b}[2J\u{202e}";
        let mut table = Table::new(evil, &[evil, evil]);
        table.field(evil, evil);
        table.row([evil.to_owned(), evil.repeat(9)]);
        table.note(evil);
        let bundle = table.bundle();
        let html = bundle.get("text/html").unwrap();
        assert!(!html.contains("<script") && html.matches("</table>").count() == 2, "{html}");
        assert!(!html.contains('\u{1b}') && !html.contains('\u{202e}') && !bundle.plain().contains('\u{1b}'));
    }
}
