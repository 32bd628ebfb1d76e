//! Tables read from what frames show of themselves.

use super::{Column, Grid};

/// A frame's HTML, which holds more of it than its text.
pub fn html(html: &str) -> Option<Grid> {
    if !html.starts_with("<div class=\"ironbook-frame\">") {
        return None;
    }
    let head = between(html, "<thead><tr>", "</tr></thead>")?;
    let body = between(html, "<tbody>", "</tbody>")?;
    let mut columns: Vec<Column> = elements(head, "th").map(|head| column(&head)).collect();
    let mut gap = None;
    for (at, row) in elements(body, "tr").enumerate() {
        if row.inside.starts_with("<td class=\"g\">⋮") {
            gap = Some(at);
            continue;
        }
        for (column, cell) in columns.iter_mut().zip(elements(row.inside, "td")) {
            column.cells.push(text_of(&cell));
        }
    }
    let caption = between(html, "<p class=\"c\">", "</p>").map(unescaped).unwrap_or_default();
    (!columns.is_empty()).then_some(Grid { columns, gap, caption })
}

/// An element: its attributes, and what is in it.
struct Element<'a> {
    attributes: &'a str,
    inside: &'a str,
}

impl Element<'_> {
    fn has(&self, class: &str) -> bool {
        between(self.attributes, "class=\"", "\"").is_some_and(|classes| classes.split(' ').any(|known| known == class))
    }
}

/// The elements of a name; none of them holds another of its kind.
fn elements<'a>(html: &'a str, name: &'static str) -> impl Iterator<Item = Element<'a>> {
    let (begin, end) = (format!("<{name}"), format!("</{name}>"));
    let mut rest = html;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once(&begin)?;
        let (attributes, after) = after.split_once('>')?;
        let (inside, after) = after.split_once(&end)?;
        rest = after;
        Some(Element { attributes, inside })
    })
}

fn column(head: &Element<'_>) -> Column {
    let name = head.inside.split('<').next().unwrap_or("");
    let kind = between(head.inside, "<span class=\"t\">", "</span>").unwrap_or("");
    Column { head: vec![unescaped(name), unescaped(kind)], right: head.has("r"), ..Column::default() }
}

/// A cell's text; one that looks like a null, or like nothing, stands in quotes.
fn text_of(cell: &Element<'_>) -> String {
    let text = unescaped(cell.inside);
    let plain = cell.has("n") || cell.has("r") || cell.has("g");
    if !plain && (text.is_empty() || text == "null") { format!("\"{text}\"") } else { text }
}

fn between<'a>(text: &'a str, begin: &str, end: &str) -> Option<&'a str> {
    let (_, after) = text.split_once(begin)?;
    after.split_once(end).map(|(inside, _)| inside)
}

fn unescaped(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
    text.replace("&amp;", "&").chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A table drawn with lines.
pub fn boxes(text: &str) -> Option<Grid> {
    let mut lines = text.lines();
    if !lines.next()?.starts_with('┌') {
        return None;
    }
    let mut columns: Vec<Column> = Vec::new();
    let mut gap = None;
    let (mut in_head, mut rows) = (true, 0);
    for line in lines.by_ref() {
        if line.starts_with('└') {
            break;
        }
        if line.starts_with('├') {
            in_head = false;
            continue;
        }
        let inside = line.strip_prefix("│ ")?.strip_suffix(" │")?;
        let cells: Vec<&str> = inside.split(" │ ").collect();
        if columns.is_empty() {
            columns = vec![Column::default(); cells.len()];
        }
        if cells.len() != columns.len() {
            return None;
        }
        if cells.iter().all(|cell| cell.trim() == "⋮") {
            gap = Some(rows);
            continue;
        }
        rows += usize::from(!in_head);
        for (column, cell) in columns.iter_mut().zip(cells) {
            // What has blanks before it stands to the right.
            column.right |= cell.starts_with(' ') && !cell.ends_with(' ');
            let texts = if in_head { &mut column.head } else { &mut column.cells };
            texts.push(cell.trim().to_owned());
        }
    }
    let caption = lines.collect::<Vec<_>>().join("\n");
    (!columns.is_empty()).then_some(Grid { columns, gap, caption })
}
