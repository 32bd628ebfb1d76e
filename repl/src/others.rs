//! What other clients' cells put out, as a terminal shows it between its own: marked, and within bounds.

use crate::terminal::{Style, Terminal, shortened, without_colors};
use ironbook_kernel::client::{Cell, Sender};
use ironbook_session::{Event, Failure};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Lines of one cell that are shown at most.
const MOST_LINES: usize = 100;

/// Characters of one of these.
const LONGEST_LINE: usize = 2000;

/// Shows cells of others.
pub struct Others {
    terminal: Terminal,
    cells: BTreeMap<String, Shown>,
}

/// A cell of another client.
#[derive(Default)]
struct Shown {
    number: u64,
    /// The first line of its code.
    line: String,
    /// Its heading has not been shown.
    unheard: bool,
    /// Text behind which no line has ended yet.
    open: String,
    lines: usize,
    hidden: usize,
    /// The last state of displays that are updated.
    updates: BTreeMap<String, String>,
}

impl Others {
    /// For this terminal.
    pub fn new(terminal: Terminal) -> Others {
        Others { terminal, cells: BTreeMap::new() }
    }

    /// Number and first line of a cell of others that runs.
    pub fn running(&self) -> Option<(u64, &str)> {
        self.cells.values().filter(|shown| shown.number > 0).map(|shown| (shown.number, shown.line.as_str())).max()
    }

    /// A cell that began before this terminal came; it has no heading yet.
    pub fn adopt(&mut self, request: &str, number: u64, line: &str) {
        let shown = Shown { number, line: line.to_owned(), unheard: true, ..Shown::default() };
        self.cells.entry(request.to_owned()).or_insert(shown);
    }

    /// Forgets all of them: their kernel is gone.
    pub fn clear(&mut self) {
        self.cells.clear();
    }

    /// A cell begins: its heading.
    pub fn begun(&mut self, cell: &Cell, number: u64, code: &str) -> String {
        // Cells run one after the other: whatever is still thought to run has ended unheard.
        self.cells.retain(|_, shown| shown.number == 0 || shown.number >= number);
        let first = code.lines().find(|line| !line.trim().is_empty()).unwrap_or("").trim();
        self.cells.insert(cell.id.clone(), Shown { number, line: first.to_owned(), ..Shown::default() });
        let more = if code.trim().lines().count() > 1 { " …" } else { "" };
        self.heading(cell, number, &format!("{first}{more}"))
    }

    fn heading(&self, cell: &Cell, number: u64, line: &str) -> String {
        let room = self.terminal.width.saturating_sub(24).max(20);
        let heading = format!("── {} [{number}]: {}", sender(cell), shortened(line, room));
        format!("{}\n", self.terminal.paint(Style::Dim, &heading))
    }

    /// An output: whole lines, each behind a bar.
    pub fn output(&mut self, cell: &Cell, event: &Event) -> String {
        let shown = self.shown(cell);
        let heading = match std::mem::take(&mut shown.unheard) {
            true => {
                let (number, line) = (shown.number, shown.line.clone());
                self.heading(cell, number, &line)
            }
            false => String::new(),
        };
        heading
            + &match event {
                Event::Stdout(text) | Event::Stderr(text) => self.text(cell, text),
                Event::Note(text) => self.whole(cell, &format!("note: {text}")),
                Event::Result(bundle) => self.whole(cell, bundle.plain()),
                Event::Display { bundle, id: Some(id), update: true } => {
                    self.shown(cell).updates.insert(id.clone(), bundle.plain().to_owned());
                    String::new()
                }
                Event::Display { bundle, .. } => self.whole(cell, bundle.plain()),
                // Above a prompt no bar can move; how far it came is told when it has ended.
                Event::Progress(state) if state.finished => {
                    let total = state.total.map(|total| format!("/{total}")).unwrap_or_default();
                    let line = format!("{}: {}{total} {}", state.title, state.done, state.message);
                    self.whole(cell, line.trim_end())
                }
                Event::Progress(_) | Event::Page(_) | Event::Clear { .. } | Event::Input { .. } => String::new(),
            }
    }

    /// A cell failed: the first lines of why.
    pub fn failed(&mut self, cell: &Cell, failure: &Failure) -> String {
        let report = failure.report.join("\n");
        self.whole(cell, &report)
    }

    /// A cell has ended: what is left of it.
    pub fn ended(&mut self, cell: &Cell) -> String {
        let Some(mut shown) = self.cells.remove(&cell.id) else { return String::new() };
        let mut rest = std::mem::take(&mut shown.open);
        for newest in std::mem::take(&mut shown.updates).into_values() {
            if !rest.is_empty() {
                rest.push('\n');
            }
            rest.push_str(&newest);
        }
        let mut out = if rest.is_empty() { String::new() } else { barred(&self.terminal, &mut shown, &rest) };
        if shown.hidden > 0 {
            let words =
                if shown.hidden == 1 { "1 more line".to_owned() } else { format!("{} more lines", shown.hidden) };
            out.push_str(&format!("{}\n", self.terminal.paint(Style::Dim, &format!("│ … {words}"))));
        }
        out
    }

    fn shown(&mut self, cell: &Cell) -> &mut Shown {
        self.cells.entry(cell.id.clone()).or_default()
    }

    /// Printed text: what its last line will be is not known yet.
    fn text(&mut self, cell: &Cell, text: &str) -> String {
        let shown = self.shown(cell);
        shown.open.push_str(text);
        let Some(end) = shown.open.rfind('\n') else { return String::new() };
        let rest = shown.open.split_off(end + 1);
        let lines = std::mem::replace(&mut shown.open, rest);
        let Others { terminal, cells } = self;
        cells.get_mut(&cell.id).map(|shown| barred(terminal, shown, lines.trim_end_matches('\n'))).unwrap_or_default()
    }

    /// A value, on lines of its own.
    fn whole(&mut self, cell: &Cell, text: &str) -> String {
        if text.is_empty() {
            return String::new();
        }
        let shown = self.shown(cell);
        let mut all = std::mem::take(&mut shown.open);
        if !all.is_empty() {
            all.push('\n');
        }
        all.push_str(text.trim_end_matches('\n'));
        let Others { terminal, cells } = self;
        cells.get_mut(&cell.id).map(|shown| barred(terminal, shown, &all)).unwrap_or_default()
    }
}

fn barred(terminal: &Terminal, shown: &mut Shown, text: &str) -> String {
    let bar = terminal.paint(Style::Dim, "│");
    let mut out = String::new();
    for line in text.split('\n') {
        if shown.lines >= MOST_LINES {
            shown.hidden += 1;
            continue;
        }
        shown.lines += 1;
        // A carriage return would write over the bar: what it would leave visible is the text behind the last one.
        let line = line.trim_end_matches('\r');
        let line = line.rsplit('\r').next().unwrap_or(line);
        let cut = if line.len() > LONGEST_LINE {
            shortened(&without_colors(line), LONGEST_LINE).into()
        } else {
            Cow::from(line)
        };
        out.push_str(&bar);
        out.push(' ');
        out.push_str(&cut);
        // A colour that a line leaves on must not reach the prompt.
        out.push_str(if line.contains('\x1b') { "\x1b[0m\n" } else { "\n" });
    }
    out
}

fn sender(cell: &Cell) -> &'static str {
    match cell.sender {
        Sender::Terminal => "terminal",
        Sender::Us | Sender::Notebook => "notebook",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::Way;
    use crate::theme::Theme;
    use ironbook_core::Bundle;

    fn others() -> Others {
        Others::new(Terminal {
            live: true,
            color: false,
            color_err: false,
            width: 80,
            theme: Theme::None,
            images: Way::Text,
            pager: false,
        })
    }

    fn cell() -> Cell {
        Cell { id: "a".into(), sender: Sender::Notebook }
    }

    #[test]
    fn a_cell_of_another_client_is_marked() {
        let mut others = others();
        let mut all = others.begun(&cell(), 7, "let x = 3;\nx");
        all += &others.output(&cell(), &Event::Stdout("one\ntw".into()));
        all += &others.output(&cell(), &Event::Stdout("o\r\nhalf".into()));
        all += &others.output(&cell(), &Event::Result(Bundle::text("3")));
        all += &others.ended(&cell());
        assert_eq!(all, "── notebook [7]: let x = 3; …\n│ one\n│ two\n│ half\n│ 3\n");
    }

    #[test]
    fn a_flood_is_cut_and_counted() {
        let mut others = others();
        others.begun(&cell(), 1, "flood()");
        let shown = others.output(&cell(), &Event::Stdout("x\n".repeat(MOST_LINES + 5)));
        assert_eq!(shown.lines().count(), MOST_LINES);
        assert_eq!(others.ended(&cell()), "│ … 5 more lines\n");
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let mut others = others();
        others.begun(&cell(), 1, "x");
        let shown = others.output(&cell(), &Event::Result(Bundle::text("x".repeat(20 << 20))));
        assert!(shown.ends_with("x…\n") && shown.len() < 3 * LONGEST_LINE, "{}", shown.len());
    }

    #[test]
    fn a_line_that_is_written_over_shows_its_last_state() {
        let mut others = others();
        others.begun(&cell(), 1, "x");
        assert_eq!(others.output(&cell(), &Event::Stdout("10 %\r20 %\n".into())), "│ 20 %\n");
    }

    #[test]
    fn displays_that_are_updated_show_their_last_state_at_the_end() {
        let mut others = others();
        others.begun(&cell(), 1, "x");
        let state = |text: &str| Event::Display { bundle: Bundle::text(text), id: Some("d".into()), update: true };
        assert_eq!(others.output(&cell(), &state("1")) + &others.output(&cell(), &state("2")), "");
        assert_eq!(others.ended(&cell()), "│ 2\n");
    }
}
